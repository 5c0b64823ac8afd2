//! A store that is set up, for every simulation to begin with: made once, by the code itself.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use claviger_access::Caller;
use claviger_access::administration::organization::{self, Found};
use claviger_access::identity::{AccountName, UsernameSuffix};
use claviger_access::text::DisplayName;
use sqlx::Executor;

use crate::node::{House, Node};
use crate::store::Location;
use crate::store::writing::Origin;
use crate::writer::Request;

pub(super) struct Template {
    pub(super) store: Vec<u8>,
    audit_key: Vec<u8>,
    /// What the owner presents.
    pub(super) owner: String,
    pub(super) organization: u64,
}

impl Template {
    pub(super) fn make() -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
        runtime.block_on(Self::made())
    }

    async fn made() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let (location, audit_key) = (Location::Folder(folder.path().join("data")), folder.path().join("audit.key"));
        let file = location.file().expect("a file");
        let (node, running) = Node::start(House::at(location, audit_key.clone()), |_| {}).await.expect("a node");
        let command = Found {
            organization: DisplayName::parse("Acme").expect("a name"),
            project: DisplayName::parse("Web shop").expect("a name"),
            owner: AccountName::parse("owner").expect("a name"),
            first: Some(UsernameSuffix::default()),
        };
        let origin = Origin { request_id: "founding".into(), address: None };
        let request = Request { origin, organization: None, weight: 1 };
        let founded = node.writer.perform(request, move |draft, moment, random| {
            organization::found(draft, &Caller::Operator, &command, moment, random)
        });
        let founded = founded.await.expect("a founding");
        let owner = format!("Basic {}:{}", founded.owner.username.as_str(), founded.owner.secret.reveal());
        node.store.reads().execute("PRAGMA wal_checkpoint(TRUNCATE)").await.expect("everything in one file");
        drop(node);
        running.stop().await;
        let read = |path: &Path| std::fs::read(path).expect("a file");
        Self { store: read(&file), audit_key: read(&audit_key), owner, organization: founded.organization.number() }
    }

    pub(super) fn write_audit_key(&self, path: &Path) {
        std::fs::write(path, &self.audit_key).expect("written");
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).expect("private");
    }
}
