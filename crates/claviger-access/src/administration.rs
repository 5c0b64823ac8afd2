//! The use cases: one file a subject, one function a use case.
//!
//! Each takes the state that the write is added to, the caller and a command that was parsed before, and answers a
//! [`Decision`](crate::Decision) or a [`Refusal`](crate::Refusal). Each authorizes first, on that very state. None reads
//! a clock or makes a random number.

pub mod audit_export;
pub mod custom_role;
pub mod default_access;
pub mod giving;
pub mod invitation;
pub mod member;
pub mod membership;
pub mod organization;
pub mod password;
pub mod password_reset;
pub mod policy;
pub mod project;
pub mod restored;
pub mod second_factor;
pub mod secret;
pub mod service_account;
pub mod session;
pub mod set_up;
pub mod team;
pub mod workspace;

mod change_account;
mod holding;
mod last_owner;
mod new_account;
mod standing;
