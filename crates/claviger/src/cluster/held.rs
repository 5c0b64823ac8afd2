//! An image that may be answered from.

use std::ops::Deref;
use std::sync::Arc;

use claviger_access::Directory;

/// One image, whole and unchanging, for as long as one request is decided. Only the cluster hands it out.
#[derive(Clone)]
pub struct Held {
    image: Arc<Directory>,
}

impl Held {
    pub(super) fn new(image: Arc<Directory>) -> Self {
        Self { image }
    }
}

impl Deref for Held {
    type Target = Directory;

    fn deref(&self) -> &Directory {
        &self.image
    }
}
