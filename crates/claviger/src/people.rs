//! What people have that service accounts have not.

pub mod password;
pub mod seal;
pub mod totp;
