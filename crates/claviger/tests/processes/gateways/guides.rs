//! What the guides show is what the tests start.

use super::program::{Program, document};

/// The headers that say who comes, as the guide for all gateways names them.
pub(crate) fn identity_headers() -> Vec<String> {
    let guide = document("README.md");
    let table = guide.split("| header of a 200 | what |").nth(1).expect("the table of headers");
    let rows = table.lines().skip(2).take_while(|line| line.starts_with("| `"));
    rows.map(|row| row.split('`').nth(1).expect("a name").to_owned()).collect()
}

/// The fenced blocks of a guide in one language.
fn blocks(guide: &str, language: &str) -> Vec<String> {
    let begin = format!("\n```{language}\n");
    guide.split(&begin).skip(1).map(|rest| rest.split("```").next().expect("an end").to_owned()).collect()
}

/// A line that goes, and the one that comes in its place.
pub(crate) type Change = (String, String);

/// The lines that a guide says are others where the credential comes in another header: its block in the form of a
/// difference.
pub(crate) fn changes(guide: &str) -> Vec<Change> {
    let blocks = blocks(guide, "diff");
    assert_eq!(blocks.len(), 1, "a guide has one difference");
    let lines: Vec<&str> = blocks[0].lines().collect();
    assert!(!lines.is_empty() && lines.len().is_multiple_of(2), "{lines:?}");
    let change = |pair: &[&str]| {
        let line = |at: usize, sign: char| {
            let text = pair[at].strip_prefix(sign).unwrap_or_else(|| panic!("no {sign} before {}", pair[at]));
            text.trim().to_owned()
        };
        (line(0, '-'), line(1, '+'))
    };
    lines.chunks(2).map(change).collect()
}

/// The configuration with other lines. Each must be there once.
pub(crate) fn changed(configuration: &str, changes: &[Change]) -> String {
    let mut lines: Vec<String> = configuration.lines().map(str::to_owned).collect();
    for (goes, comes) in changes {
        let mut found: Vec<&mut String> = lines.iter_mut().filter(|line| line.trim() == goes).collect();
        assert_eq!(found.len(), 1, "{goes:?} is there {} times", found.len());
        found[0].clone_from(comes);
    }
    lines.join("\n") + "\n"
}

#[test]
fn a_guide_quotes_its_configuration_word_for_word() {
    for (program, language, files) in
        [(Program::Nginx, "nginx", &["nginx/claviger.conf"][..]), (Program::Caddy, "caddyfile", &["caddy/Caddyfile"])]
    {
        let guide = document(program.guide());
        let plain = |text: &str| text.lines().map(|line| format!("{}\n", line.trim())).collect::<String>();
        let files: Vec<String> = files.iter().map(|file| plain(&document(file))).collect();
        let quoted = blocks(&guide, language);
        assert!(!quoted.is_empty(), "{program:?} quotes nothing");
        for block in quoted {
            assert!(files.iter().any(|file| file.contains(&plain(&block))), "{program:?} has nothing like\n{block}");
        }
    }
}

/// A header that an answer has one day, and a configuration does not know, would be the caller's own.
#[test]
fn every_identity_header_is_set_by_every_configuration() {
    let identity = include_str!("../../../src/gateway/identity.rs");
    let mut sent: Vec<&str> =
        identity.split("from_static(\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    let mut told: Vec<String> = identity_headers().iter().map(|name| name.to_lowercase()).collect();
    sent.sort_unstable();
    told.sort();
    assert_eq!(sent, told, "the guide names other headers than are sent");
    for file in ["nginx/claviger.conf", "caddy/Caddyfile"] {
        let text = document(file).to_lowercase();
        for name in &told {
            assert!(text.contains(name), "{file} does not set {name}");
        }
    }
}
