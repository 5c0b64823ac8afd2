//! The store takes a decision: changes that somebody was permitted to make. Bare changes are none.

use claviger::store::writing::{Origin, Writing};
use claviger_access::{Change, Directory, Moment};

async fn write(writing: &mut Writing, changes: Vec<Change>, after: &Directory, origin: &Origin, moment: Moment) {
    let _ = writing.add(&changes, after, origin, moment).await;
}

fn main() {}
