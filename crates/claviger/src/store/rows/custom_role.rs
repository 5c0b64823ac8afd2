//! Custom roles as rows.

use claviger_access::change::{CustomRoleChange, CustomRoleProperties};
use claviger_access::permission::{PermissionName, PermissionSet};
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

/// Parted by blanks, which no permission holds.
pub(in crate::store) fn print_permissions(permissions: &PermissionSet) -> String {
    permissions.names().map(|name| name.as_str().to_owned()).collect::<Vec<_>>().join(" ")
}

/// `None` where one is no permission.
pub(in crate::store) fn read_permissions(text: &str) -> Option<PermissionSet> {
    text.split_ascii_whitespace().map(|name| PermissionName::parse(name).ok()).collect()
}
