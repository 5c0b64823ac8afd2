//! Statements by name, so that a test can prepare every one of them on both engines.

/// Declares the statements of a module: a constant each, and `STATEMENTS` with all of them.
macro_rules! statements {
    ($($(#[$meta:meta])* $name:ident = $sql:expr;)*) => {
        $($(#[$meta])* const $name: &str = $sql;)*

        pub(in crate::store) const STATEMENTS: &[(&str, &str)] = &[$((stringify!($name), $sql),)*];
    };
}

pub(super) use statements;

/// Every statement that the program sends but for beginning, ending and setting up: name and text.
pub fn all() -> impl Iterator<Item = (&'static str, &'static str)> {
    [
        super::bookkeeping::STATEMENTS,
        super::holder::STATEMENTS,
        super::load::STATEMENTS,
        super::load::shared::STATEMENTS,
        super::rows::STATEMENTS,
        super::rows::custom_role::STATEMENTS,
        super::rows::grant::STATEMENTS,
        super::rows::team::STATEMENTS,
        super::service_accounts::STATEMENTS,
        super::writing::STATEMENTS,
    ]
    .into_iter()
    .flatten()
    .copied()
}
