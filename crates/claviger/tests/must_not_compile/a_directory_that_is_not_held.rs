//! Whoever decides asks the cluster, which may say that there is no image. Nobody makes a held one himself.

use std::sync::Arc;

use claviger::cluster::{Cluster, Held};
use claviger_access::Directory;

fn taken(cluster: &Cluster) -> Arc<Directory> {
    cluster.image.load_full().unwrap()
}

fn made(directory: Directory) -> Held {
    Held { image: Arc::new(directory) }
}

fn published(cluster: &Cluster, directory: Directory) {
    cluster.publish(directory);
}

fn main() {}
