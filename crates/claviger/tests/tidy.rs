//! The tree's own rules, read from the tree: which way dependencies point, what no file may hold.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// Functions fit a screen.
const FUNCTION_LINES_MAX: usize = 70;

/// A file does one thing.
const FILE_LINES_MAX: usize = 600;

fn crates() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize().expect("the crates")
}

/// Every Rust file below a folder: its path from there, and its text.
fn sources(folder: &Path) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in std::fs::read_dir(&next).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let name = path.strip_prefix(folder).unwrap().to_str().unwrap().to_owned();
                found.push((name, std::fs::read_to_string(&path).expect("text")));
            }
        }
    }
    found.sort();
    found
}

/// The sources of all crates that ship, without their tests.
fn shipped() -> Vec<(String, String)> {
    let all = sources(&crates());
    let shipped: Vec<_> = all.into_iter().filter(|(name, _)| name.split('/').nth(1) == Some("src")).collect();
    assert!(shipped.len() > 60, "{} files", shipped.len());
    shipped
}

/// Those that are built into the programs.
fn built_in() -> impl Iterator<Item = (String, String)> {
    shipped().into_iter().filter(|(name, _)| !name.starts_with("claviger/src/simulation"))
}

/// Without the tests at a file's end.
fn code(text: &str) -> &str {
    text.split("#[cfg(test)]\nmod tests").next().unwrap()
}

#[test]
fn crates_depend_one_way() {
    let metadata = cargo_metadata::MetadataCommand::new()
        .manifest_path(Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml"))
        .other_options(vec!["--offline".to_owned()])
        .exec()
        .expect("cargo metadata");
    let ours: BTreeSet<&str> = [
        "claviger",
        "claviger-access",
        "claviger-client",
        "claviger-lease",
        "claviger-meter",
        "claviger-proxy",
        "claviger-wire",
    ]
    .into();
    let mut allowed: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    allowed.insert(
        "claviger",
        ["claviger-access", "claviger-client", "claviger-lease", "claviger-meter", "claviger-wire"].into(),
    );
    allowed.insert("claviger-proxy", ["claviger"].into());
    allowed.insert("claviger-client", ["claviger-wire"].into());
    allowed.insert("claviger-access", BTreeSet::new());
    allowed.insert("claviger-lease", BTreeSet::new());
    // It measures any server, so it knows none of ours.
    allowed.insert("claviger-meter", BTreeSet::new());
    allowed.insert("claviger-wire", BTreeSet::new());
    let world = ["tokio", "sqlx", "axum", "hyper", "reqwest", "serde_json", "tracing", "rand", "getrandom", "uuid"];
    for package in metadata.packages.iter().filter(|package| ours.contains(package.name.as_str())) {
        let normal = package.dependencies.iter().filter(|edge| edge.kind == cargo_metadata::DependencyKind::Normal);
        let edges: BTreeSet<&str> = normal.map(|edge| edge.name.as_str()).collect();
        let to_ours: BTreeSet<&str> = edges.intersection(&ours).copied().collect();
        let allowed = &allowed[package.name.as_str()];
        assert!(to_ours.is_subset(allowed), "{} depends on {to_ours:?}, and may on {allowed:?}", package.name);
        let has_engine = edges.iter().any(|name| name.starts_with("pingora"));
        assert_eq!(has_engine, package.name == "claviger-proxy", "{} takes cmake to build", package.name);
        if ["claviger-access", "claviger-lease"].contains(&package.name.as_str()) {
            assert!(world.iter().all(|name| !edges.contains(name)), "the rules know the world: {edges:?}");
            assert!(!edges.contains("serde"), "domain types are not serializable");
        }
        if package.name == "claviger-wire" {
            let asked = world.iter().filter(|name| **name != "serde_json");
            assert!(asked.into_iter().all(|name| !edges.contains(name)), "the wire knows the world: {edges:?}");
        }
    }
}

/// `api`, `console`, `commands` -> `writer` -> `store`, `cluster`; nothing below looks up.
#[test]
fn rooms_of_the_server_look_down_alone() {
    let above: [(&str, &[&str]); 17] = [
        (
            "store",
            &[
                "api",
                "console",
                "commands",
                "writer",
                "cluster",
                "node",
                "listener",
                "last_used",
                "refused_requests",
                "account_uses",
                "config",
                "telemetry",
                "clock",
                "random",
            ],
        ),
        ("cluster", &["api", "console", "commands", "writer", "node", "listener", "config", "telemetry"]),
        ("last_used", &["api", "console", "commands", "writer", "cluster", "node", "listener", "config"]),
        ("account_uses", &["api", "console", "commands", "writer", "cluster", "node", "listener", "config"]),
        ("refused_requests", &["api", "console", "commands", "writer", "cluster", "node", "listener", "config"]),
        ("observations", &["api", "console", "commands", "writer", "cluster", "node", "listener", "config"]),
        ("writer", &["api", "console", "commands", "node", "listener", "config", "telemetry"]),
        ("node", &["api", "console", "commands", "listener", "config", "telemetry"]),
        (
            "people",
            &["api", "console", "commands", "writer", "store", "cluster", "node", "listener", "config", "telemetry"],
        ),
        ("api", &["gateway", "console", "commands", "config", "telemetry"]),
        ("gateway", &["console", "commands", "config", "telemetry", "listener", "writer"]),
        (
            "attempts",
            &["api", "gateway", "console", "commands", "writer", "store", "cluster", "node", "listener", "config"],
        ),
        ("console", &["commands", "config", "telemetry", "listener"]),
        (
            "limiter",
            &[
                "api",
                "console",
                "commands",
                "writer",
                "store",
                "cluster",
                "node",
                "listener",
                "observations",
                "people",
                "config",
                "telemetry",
            ],
        ),
        (
            "metrics",
            &["api", "gateway", "console", "commands", "writer", "store", "cluster", "node", "listener", "config"],
        ),
        ("metrics_page", &["api", "console", "commands", "writer", "store", "listener", "config"]),
        ("listener", &["console", "commands", "config", "telemetry", "store", "writer", "cluster", "node"]),
    ];
    for (name, text) in shipped() {
        let Some(path) = name.strip_prefix("claviger/src/") else { continue };
        let room = path.split(['/', '.']).next().unwrap();
        let Some((_, above)) = above.iter().find(|(known, _)| *known == room) else { continue };
        for line in code(&text).lines().filter(|line| !line.trim_start().starts_with("//")) {
            for up in *above {
                let looks_up = line.contains(&format!("crate::{up}::")) || line.contains(&format!("crate::{up};"));
                assert!(!looks_up, "{name} looks up to {up}: {line}");
            }
        }
    }
}

#[test]
fn sql_lives_in_the_store_alone_and_by_name() {
    for (name, text) in built_in() {
        let asks = code(&text).matches("sqlx::query").count();
        if !name.starts_with("claviger/src/store/") {
            assert_eq!(asks, 0, "{name} holds SQL");
        }
        // Setting up, locking and copying speak one engine each, and have no statement to prepare on both.
        let one_engine = ["claviger/src/store/lock.rs", "claviger/src/store/backup.rs"].contains(&name.as_str());
        assert!(one_engine || !code(&text).contains("sqlx::query(\""), "{name} holds a statement without a name");
    }
}

/// Whoever is the operator may everything: only the command line on the host is.
#[test]
fn only_commands_act_as_the_operator() {
    for (name, text) in built_in() {
        let acts = code(&text).contains("Caller::Operator");
        let may = name.starts_with("claviger/src/commands/") || name.starts_with("claviger-access/src/");
        assert!(!acts || may, "{name} acts as the operator");
    }
}

/// One function makes the token of an answer, and secrets are revealed where they are handed over, nowhere else.
#[test]
fn secrets_are_revealed_in_few_places() {
    let mut places: Vec<String> =
        built_in().filter(|(_, text)| code(text).contains(".reveal()")).map(|(name, _)| name).collect();
    places.retain(|name| !name.starts_with("claviger-client/"));
    assert_eq!(
        places,
        [
            "claviger-access/src/credential.rs",
            "claviger-access/src/credential/token.rs",
            "claviger/src/api/invitations.rs",
            "claviger/src/api/shown_once.rs",
            "claviger/src/commands/init.rs",
            "claviger/src/commands/invitation.rs",
            "claviger/src/commands/recover_owner.rs",
            "claviger/src/commands/reset_password.rs",
            "claviger/src/commands/service_account/create.rs",
            "claviger/src/commands/service_account/new_secret.rs",
            "claviger/src/commands/set_up_link.rs",
            "claviger/src/commands/shown_once.rs",
            "claviger/src/console/reset.rs",
            "claviger/src/console/second_factor.rs",
            "claviger/src/console/secret_once.rs",
            "claviger/src/console/session.rs",
            "claviger/src/console/users_teams/sent.rs",
        ]
    );
}

/// Passwords are in clear where they come in and where they are hashed, nowhere else.
#[test]
fn passwords_are_exposed_in_one_place() {
    let exposing = shipped().into_iter().filter(|(_, text)| code(text).contains(".expose_bytes()"));
    let places: Vec<String> = exposing.map(|(name, _)| name).collect();
    assert_eq!(places, ["claviger/src/people/password.rs"]);
}

#[test]
fn every_file_says_what_it_is_for() {
    for (name, text) in shipped() {
        assert!(text.starts_with("//!"), "{name} begins without //!");
    }
}

#[test]
fn no_file_is_dead() {
    let files = shipped();
    for (name, _) in &files {
        let path = Path::new(name);
        let stem = path.file_stem().unwrap().to_str().unwrap();
        if ["lib", "main"].contains(&stem) {
            continue;
        }
        let folder = path.parent().unwrap();
        let parents = [folder.with_extension("rs"), folder.join("lib.rs"), folder.join("main.rs")];
        let declared = files.iter().any(|(other, text)| {
            parents.contains(&PathBuf::from(other)) && text.lines().any(|line| line.ends_with(&format!("mod {stem};")))
        });
        assert!(declared, "{name} belongs to nothing");
    }
}

#[test]
fn names_say_what_things_are() {
    for (name, text) in shipped() {
        for vague in ["util", "utils", "common", "helper", "helpers", "misc", "manager"] {
            assert!(name.split(['/', '.', '_']).all(|part| part != vague), "{name} is called {vague}");
        }
        for unfinished in ["todo!(", "unimplemented!(", "FIXME", "XXX", "#[ignore"] {
            assert!(!text.contains(unfinished), "{name} holds {unfinished}");
        }
    }
}

#[test]
fn files_and_functions_fit_the_eye() {
    for (name, text) in shipped() {
        let lines: Vec<&str> = code(&text).lines().collect();
        assert!(lines.len() <= FILE_LINES_MAX, "{name} has {} lines", lines.len());
        for (at, line) in lines.iter().enumerate() {
            let indent = line.len() - line.trim_start().len();
            let trimmed = line.trim_start();
            // Behind an equals sign it is the type of one.
            let is_function = trimmed.split(['(', '=']).next().unwrap().split_whitespace().any(|word| word == "fn");
            if !is_function || trimmed.starts_with("//") {
                continue;
            }
            let end = format!("{}}}", " ".repeat(indent));
            let length = lines[at..].iter().position(|line| *line == end).map_or(1, |length| length + 1);
            assert!(length <= FUNCTION_LINES_MAX, "{name}:{} has {length} lines", at + 1);
        }
    }
}

/// Each row of the security catalogue names a test that is there.
#[test]
fn the_security_catalogue_names_tests_that_exist() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(root.join("../../docs/internals/security-catalogue.md")).expect("the catalogue");
    let suite: BTreeMap<String, String> = sources(&root.join("tests/suite")).into_iter().collect();
    let mut named = 0;
    for row in text.lines().filter(|line| line.starts_with("| ") && line.contains("::")) {
        for test in row.split('`').filter(|part| part.contains("::")) {
            let (file, name) = test.split_once("::").unwrap();
            let there = suite.get(&format!("{file}.rs")).is_some_and(|text| text.contains(&format!("fn {name}(")));
            assert!(there, "{test} is not there");
            named += 1;
        }
    }
    assert!(named > 45, "{named} tests are named");
}

/// Other documents, and pictures.
#[test]
fn what_documents_link_to_is_there() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut folders = vec![root.clone(), root.join("docs"), root.join("bench")];
    let mut links = 0;
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).expect("a folder").map(|entry| entry.expect("an entry").path()) {
            if entry.is_dir() && entry.starts_with(root.join("docs")) {
                folders.push(entry);
            } else if entry.extension().is_some_and(|extension| extension == "md") {
                let text = std::fs::read_to_string(&entry).expect("a document");
                for link in text.split("](").skip(1).filter_map(|rest| rest.split([')', '#', ' ']).next()) {
                    if !link.is_empty() && !link.contains(':') {
                        assert!(folder.join(link).exists(), "{} links to {link}", entry.display());
                        links += 1;
                    }
                }
            }
        }
    }
    assert!(links > 50, "{links} links");
}

/// The newest migration from before nodes were upgraded one after the other.
const BEFORE_ROLLING_UPGRADES: u32 = 14;

/// What takes away, renames, narrows or rewrites what an older node uses, or locks it out while a large table is gone through.
fn disturbs_older_nodes(sql: &str) -> Option<String> {
    let lines = sql.lines().filter(|line| !line.trim_start().starts_with("--"));
    let sql = lines.collect::<Vec<_>>().join(" ").to_uppercase();
    let statements = sql.split(';').map(|statement| statement.split_whitespace().collect::<Vec<_>>().join(" "));
    let statements: Vec<String> = statements.collect();
    let made: Vec<&str> =
        statements.iter().filter_map(|made| made.strip_prefix("CREATE TABLE ")?.split([' ', '(']).next()).collect();
    statements.iter().find(|statement| disturbs(statement, &made)).cloned()
}

fn disturbs(statement: &str, made: &[&str]) -> bool {
    let words = ["DROP ", "RENAME ", " TYPE ", "SET NOT NULL", "TRUNCATE ", "DELETE FROM ", "LOCK "];
    let of_a_table_made_here = |after: &str| {
        let table = statement.split_once(after).and_then(|(_, rest)| rest.split([' ', '(']).next());
        table.is_some_and(|table| made.contains(&table))
    };
    if words.iter().any(|word| statement.contains(word)) {
        return true;
    }
    if statement.starts_with("CREATE") && statement.contains("INDEX ") {
        return !of_a_table_made_here(" ON ");
    }
    if !statement.starts_with("ALTER TABLE ") || of_a_table_made_here("ALTER TABLE ") {
        return false;
    }
    let adds_a_rule = ["ADD CONSTRAINT", "CHECK (", "UNIQUE", "REFERENCES"].iter().any(|rule| statement.contains(rule));
    let demands_a_value = statement.contains("NOT NULL") && !statement.contains("DEFAULT");
    (adds_a_rule && !statement.contains("NOT VALID")) || demands_a_value
}

/// Nodes of the version before go on while a migration runs, and after it: `docs/internals/migrations.md`.
#[test]
fn migrations_leave_nodes_of_the_version_before_alone() {
    let folder = crates().join("claviger/src/store/migrations");
    let mut count = 0;
    for entry in std::fs::read_dir(folder).expect("the migrations") {
        let path = entry.expect("an entry").path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        let number: u32 = name.split('_').next().unwrap().parse().expect("a number");
        if number > BEFORE_ROLLING_UPGRADES {
            let disturbing = disturbs_older_nodes(&std::fs::read_to_string(&path).expect("text"));
            assert_eq!(disturbing, None, "{name}: see docs/internals/migrations.md");
        }
        count += 1;
    }
    assert!(count >= BEFORE_ROLLING_UPGRADES, "{count} migrations");
    for disturbing in [
        "ALTER TABLE secrets DROP COLUMN name;",
        "ALTER TABLE secrets RENAME COLUMN name TO label;",
        "ALTER TABLE secrets ALTER COLUMN name TYPE BIGINT;",
        "ALTER TABLE secrets ALTER COLUMN name SET NOT NULL;",
        "ALTER TABLE secrets ADD COLUMN kind TEXT NOT NULL;",
        "ALTER TABLE secrets ADD COLUMN kind TEXT CHECK (kind <> '');",
        "ALTER TABLE secrets ADD CONSTRAINT named CHECK (name <> '');",
        "CREATE UNIQUE INDEX secrets_name ON secrets (name);",
        "create index secrets_name on secrets (name);",
        "DROP TABLE secrets;",
        "DELETE FROM secrets;",
    ] {
        assert!(disturbs_older_nodes(disturbing).is_some(), "{disturbing}");
    }
    for fine in [
        "-- DROP nothing;\nALTER TABLE secrets ADD COLUMN kind TEXT;",
        "ALTER TABLE secrets ADD COLUMN kind SMALLINT NOT NULL DEFAULT 0;",
        "CREATE TABLE kinds (id BIGINT PRIMARY KEY, name TEXT NOT NULL UNIQUE);\nCREATE INDEX kinds_name ON kinds (name);",
        "ALTER TABLE secrets ADD CONSTRAINT named CHECK (name <> '') NOT VALID;",
        "UPDATE head SET kind = 1;",
    ] {
        assert_eq!(disturbs_older_nodes(fine), None, "{fine}");
    }
}
