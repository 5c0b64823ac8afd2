//! What a role said when its form was shown: a form that is sent about another state of it changes nothing.

use claviger_access::change::CustomRoleProperties;
use sha2::{Digest, Sha256};

/// A digest of all that the form shows. Two states with the same one are the same to who edits.
pub(super) fn of(properties: &CustomRoleProperties) -> String {
    let mut digest = Sha256::new();
    for text in [&properties.name, &properties.description] {
        digest.update(text.len().to_be_bytes());
        digest.update(text);
    }
    for name in properties.permissions.names() {
        digest.update(name.as_str());
        digest.update(b"\n");
    }
    digest.finalize().iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use claviger_access::permission::PermissionName;

    use super::*;

    #[test]
    fn any_change_is_another_stamp() {
        let role = |name: &str, description: &str, permissions: &[&str]| {
            of(&CustomRoleProperties {
                name: name.to_owned(),
                description: description.to_owned(),
                permissions: permissions.iter().filter_map(|name| PermissionName::parse(name).ok()).collect(),
                copied_from: None,
            })
        };
        let all = [
            role("ab", "c", &["data:read"]),
            role("a", "bc", &["data:read"]),
            role("ab", "c", &["data:read", "a:b"]),
            role("ab", "c", &[]),
        ];
        for (place, one) in all.iter().enumerate() {
            assert!(one.len() == 32 && !all[place + 1..].contains(one), "{all:?}");
        }
        assert_eq!(role("ab", "c", &["data:read"]), all[0]);
    }
}
