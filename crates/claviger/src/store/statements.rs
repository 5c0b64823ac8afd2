//! Statements by name, so that a test can prepare every one of them on both engines.

/// Declares the statements of a module: a constant each, and `STATEMENTS` with all of them.
macro_rules! statements {
    ($($(#[$meta:meta])* $name:ident = $sql:expr;)*) => {
        $($(#[$meta])* const $name: &str = $sql;)*

        pub(in crate::store) const STATEMENTS: &[(&str, &str)] = &[$((stringify!($name), $sql),)*];
    };
}

pub(super) use statements;

use super::many::Many;
use super::rows::{principal, secret};
use super::{event_row, grants, record};

/// Every statement that the program sends but for beginning, ending and setting up: name and text.
pub fn all() -> impl Iterator<Item = (&'static str, &'static str)> {
    let many = [
        &record::INSERT_CHANGES,
        &event_row::INSERT_EVENTS,
        &grants::DELETE_GRANTS,
        &grants::INSERT_GRANTS,
        &principal::INSERT_PRINCIPALS,
        &principal::MARK_PRINCIPALS_DELETED,
        &secret::INSERT_SECRETS,
    ];
    [
        super::audit_log::STATEMENTS,
        super::audit_log::FOLLOWING,
        super::audit_log::NEWEST,
        super::audit_log::SPOT_CHECK,
        super::bookkeeping::STATEMENTS,
        super::chain::STATEMENTS,
        super::epoch::STATEMENTS,
        super::event_row::STATEMENTS,
        super::grants::STATEMENTS,
        super::following::STATEMENTS,
        super::load::STATEMENTS,
        super::load::policies::STATEMENTS,
        super::load::account_details::STATEMENTS,
        super::load::people::STATEMENTS,
        super::load::recovery::STATEMENTS,
        super::load::shared::STATEMENTS,
        super::nodes::STATEMENTS,
        super::observed::STATEMENTS,
        super::passwords::STATEMENTS,
        super::record::STATEMENTS,
        super::rows::STATEMENTS,
        super::rows::account_details::STATEMENTS,
        super::rows::custom_role::STATEMENTS,
        super::rows::policy::STATEMENTS,
        super::rows::principal::STATEMENTS,
        super::rows::secret::STATEMENTS,
        super::rows::service_account::STATEMENTS,
        super::rows::invitation::STATEMENTS,
        super::rows::person::STATEMENTS,
        super::rows::session::STATEMENTS,
        super::rows::set_up_link::STATEMENTS,
        super::rows::second_factor::STATEMENTS,
        super::rows::password_reset::STATEMENTS,
        super::rows::team::STATEMENTS,
        super::secrets::STATEMENTS,
        super::service_accounts::STATEMENTS,
        super::usage::STATEMENTS,
        super::verification::STATEMENTS,
        super::writing::STATEMENTS,
    ]
    .into_iter()
    .flatten()
    .copied()
    .chain(many.into_iter().chain(&principal::DELETE_WHAT_IS_THEIRS).flat_map(Many::statements))
}
