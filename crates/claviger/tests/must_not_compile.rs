//! What must not compile around the store and the image, with the compiler's words beside it.

#[test]
fn misuse_of_the_store_and_the_image_does_not_compile() {
    trybuild::TestCases::new().compile_fail("tests/must_not_compile/*.rs");
}
