//! Custom roles as rows.

use claviger_access::change::{CustomRoleChange, CustomRoleProperties};
use claviger_access::permission::{Permission, PermissionName, PermissionSet};
use claviger_access::role::Role;
use sqlx::AnyConnection;

use super::super::statements::statements;
use super::{number, run};

statements! {
    INSERT = "INSERT INTO custom_roles \
              (id, name, description, permissions, copied_from, modified_at, project_id, created_at, creator_id) \
              VALUES ($1, $2, $3, $4, $5, $6, $7, $6, $8)";
    UPDATE = "UPDATE custom_roles SET name = $2, description = $3, permissions = $4, copied_from = $5, modified_at = $6 \
              WHERE id = $1";
    LOWER_HOLDERS = "UPDATE grants SET role = $2, custom_role_id = NULL WHERE custom_role_id = $1";
    DELETE = "DELETE FROM custom_roles WHERE id = $1";
}

pub(super) async fn write(connection: &mut AnyConnection, change: &CustomRoleChange) -> Result<(), sqlx::Error> {
    match change {
        CustomRoleChange::Created { id, project, properties, created, creator } => {
            let insert = bind(sqlx::query(INSERT).bind(number(id.number())), properties)
                .bind(created.seconds())
                .bind(number(project.number()))
                .bind(creator.map(|creator| number(creator.number())));
            run(connection, insert).await
        }
        CustomRoleChange::Changed { id, properties, modified } => {
            let update = bind(sqlx::query(UPDATE).bind(number(id.number())), properties).bind(modified.seconds());
            run(connection, update).await
        }
        CustomRoleChange::Deleted { id } => {
            let lower = sqlx::query(LOWER_HOLDERS).bind(number(id.number())).bind(Role::Consumer.name());
            run(connection, lower).await?;
            run(connection, sqlx::query(DELETE).bind(number(id.number()))).await
        }
    }
}

type Query<'q> = sqlx::query::Query<'q, sqlx::Any, sqlx::any::AnyArguments>;

fn bind<'q>(query: Query<'q>, properties: &CustomRoleProperties) -> Query<'q> {
    query
        .bind(properties.name.clone())
        .bind(properties.description.clone())
        .bind(print_permissions(&properties.permissions))
        .bind(properties.copied_from.map(|role| role.to_string()))
}

/// Marks a permission of the installation's own, so that it stays one when the catalogue grows.
const OWN: &str = "own/";

/// Parted by blanks, which no permission holds.
pub(in crate::store) fn print_permissions(permissions: &PermissionSet) -> String {
    let print = |name: PermissionName| match name {
        PermissionName::OfCatalogue(permission) => permission.name().to_owned(),
        PermissionName::Own(own) => format!("{OWN}{own}"),
    };
    permissions.names().map(print).collect::<Vec<_>>().join(" ")
}

/// `None` where one is no permission.
pub(in crate::store) fn read_permissions(text: &str) -> Option<PermissionSet> {
    let read = |name: &str| match name.strip_prefix(OWN) {
        Some(own) => PermissionName::own_as_stored(own),
        None => Permission::parse(name).map(PermissionName::OfCatalogue),
    };
    text.split_ascii_whitespace().map(read).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_permission_of_ones_own_stays_one_whatever_the_catalogue_holds() {
        let stored = "data:read own/reports:export own/audit:whatever own/audit:read";
        let read = read_permissions(stored).expect("readable");
        assert_eq!(print_permissions(&read), "data:read own/audit:read own/audit:whatever own/reports:export");
        assert!(!read.contains(Permission::AuditRead));
        assert_eq!(read_permissions("audit:whatever"), None);
        assert_eq!(read_permissions("own/nothing"), None);
    }
}
