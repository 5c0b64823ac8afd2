//! What must not compile around the rules, with the compiler's words beside it.

#[test]
fn misuse_of_the_rules_does_not_compile() {
    trybuild::TestCases::new().compile_fail("tests/must_not_compile/*.rs");
}
