//! What people have that service accounts have not.

pub mod password;
