//! The guide shows the example that is compiled and run.

#![allow(clippy::expect_used, reason = "a test says what it expects")]

#[test]
fn the_guide_shows_the_example() {
    let read = |path: &str| {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
        std::fs::read_to_string(path).expect("a text")
    };
    let (guide, example) = (read("../../docs/guides/rust-services.md"), read("examples/guarded_service.rs"));
    let code = &example[example.find("\nuse ").expect("code below the words about it") + 1..];
    let shown =
        guide.split_once("```rust\n").and_then(|(_, rest)| rest.split_once("```\n")).expect("a block of Rust").0;
    assert_eq!(shown, code);
    assert_eq!(guide.matches("```rust").count(), 1, "one block, which is compared");
}
