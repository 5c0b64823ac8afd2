//! What a shell and `man` are given: completions in a real bash, a page for each command, and no value of an environment
//! variable in any of it.

use std::fs;
use std::process::Command;

use crate::process::{Ended, run};

/// The program with a password in its environment.
fn claviger(words: &[&str]) -> Ended {
    let mut command = Command::new(env!("CARGO_BIN_EXE_claviger"));
    run({
        command.args(words).env("CLAVIGER_DATABASE", "postgres://keeper:not-for-help@db.example/keys");
        command
    })
}

/// What a real bash would complete the words to.
fn completed(words: &[&str]) -> String {
    let folder = tempfile::tempdir().expect("a folder");
    let script = folder.path().join("claviger.bash");
    fs::write(&script, claviger(&["completions", "bash"]).ok()).expect("written");
    let program = format!(
        "source {}; COMP_WORDS=({}); COMP_CWORD={}; _claviger claviger '{}' '{}'; printf '%s\\n' \"${{COMPREPLY[@]}}\"",
        script.display(),
        words.join(" "),
        words.len() - 1,
        words[words.len() - 1],
        words[words.len() - 2],
    );
    let mut bash = Command::new("bash");
    bash.args(["--norc", "-c", &program]);
    run(bash).ok()
}

#[test]
fn bash_completes_commands_and_options() {
    let lines = |text: &str| text.lines().map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(lines(&completed(&["claviger", "work"])), ["workspace"]);
    assert_eq!(lines(&completed(&["claviger", "workspace", "cr"])), ["create"]);
    assert_eq!(lines(&completed(&["claviger", "workspace", "create", "--desc"])), ["--description"]);
    for (shell, beginning) in [("zsh", "#compdef claviger"), ("fish", "# Print an optspec")] {
        assert!(claviger(&["completions", shell]).ok().starts_with(beginning), "{shell}");
    }
    assert_eq!(claviger(&["completions", "abacus"]).code(), 2);
}

#[test]
fn each_command_has_a_page() {
    let folder = tempfile::tempdir().expect("a folder");
    let pages = folder.path().join("man/man1");
    claviger(&["man-pages", pages.to_str().expect("a path")]).ok();
    for (page, words) in [
        ("claviger", "self\\-hosted"),
        ("claviger-serve", "CLAVIGER_LISTEN"),
        ("claviger-project-default-access-set", "Every member"),
        ("claviger-workspace-create", "\\-\\-description"),
    ] {
        let text = fs::read_to_string(pages.join(format!("{page}.1"))).expect(page);
        assert!(text.contains(".TH"), "{text}");
        assert!(text.to_lowercase().contains(&words.to_lowercase()), "{page}: {text}");
    }
    for page in fs::read_dir(&pages).expect("the pages") {
        let page = page.expect("a page").path();
        assert!(!fs::read_to_string(&page).expect("text").contains("not-for-help"), "{}", page.display());
    }
    let taken = folder.path().join("file");
    fs::write(&taken, "").expect("written");
    assert!(claviger(&["man-pages", taken.to_str().expect("a path")]).refused(1).contains("file"));
}

#[test]
fn help_shows_no_value_of_the_environment() {
    for words in [["serve", "--help"], ["backup", "--help"], ["completions", "bash"], ["completions", "fish"]] {
        let ended = claviger(&words);
        assert!(!ended.out.contains("not-for-help") && !ended.err.contains("not-for-help"), "{words:?}");
    }
}
