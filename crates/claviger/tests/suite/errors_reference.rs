//! `docs/reference/errors.md` lists every code that the server answers, and no other.

use std::collections::BTreeSet;
use std::path::Path;

/// Codes stand in the refusals and in the files of `api/`, not in its folders, as literals beside the word that makes a failure of them.
fn codes_in_the_sources() -> BTreeSet<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = vec![root.join("../claviger-access/src/refusal.rs"), root.join("../claviger-proxy/src/failure.rs")];
    let mut folders = vec![root.join("src/api"), root.join("src/gateway")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { folders.push(path) } else { files.push(path) }
        }
    }
    let mut codes = BTreeSet::new();
    for file in files {
        let text = std::fs::read_to_string(&file).unwrap();
        let text = text.split("#[cfg(test)]").next().unwrap();
        for (at, marker) in text
            .match_indices("=> \"")
            .chain(text.match_indices("bad_request(\""))
            .chain(text.match_indices("SERVICE_UNAVAILABLE, \""))
            .chain(text.match_indices("_TYPE, \""))
            .chain(text.match_indices("_LARGE, \""))
            .chain(text.match_indices("NOT_FOUND, \""))
            .chain(text.match_indices("CONFLICT, \""))
            .chain(text.match_indices("_ALLOWED, \""))
            .chain(text.match_indices("SERVER_ERROR, \""))
            .chain(text.match_indices("TIMEOUT, \""))
            .chain(text.match_indices("BAD_GATEWAY, \""))
            .chain(text.match_indices("TOO_MANY_REQUESTS, \""))
            .chain(text.match_indices("FORBIDDEN, \""))
            .chain(text.match_indices("forbidden(\""))
        {
            let code: String = text[at + marker.len()..].chars().take_while(|c| *c != '"').collect();
            if code.contains('_') || ["unavailable", "internal", "exhausted", "protected"].contains(&code.as_str()) {
                codes.insert(code);
            }
        }
    }
    codes
}

#[test]
fn every_code_has_its_entry() {
    let reference = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference/errors.md");
    let text = std::fs::read_to_string(reference).expect("docs/reference/errors.md");
    let entries: BTreeSet<String> =
        text.lines().filter_map(|line| line.strip_prefix("### `")?.strip_suffix('`')).map(str::to_owned).collect();
    let codes = codes_in_the_sources();
    assert!(codes.len() > 30, "{codes:?}");
    assert_eq!(entries, codes);
}
