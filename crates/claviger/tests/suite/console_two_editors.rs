//! Two people have the same form open: what one leaves as it was does not undo what the other wrote.

use serde_json::json;

use crate::browser::Browser;
use crate::world::on_both_stores;

const WORLD: &str = "
acme: ada owner, pia@ admin
  shop: exporter analyst
    eu: exporter consumer
";

on_both_stores! {
    /// only the fields that were changed are written, also where the form was wrong at first
    async fn what_was_left_as_it_was_undoes_nothing(world: World) {
        let world = world.with(WORLD).await;
        let ada = world.account("ada");
        let pia = Browser::signs_in(&world, "pia").await;
        for (page, form, title, api, first, wrong, other, now) in [
            (
                "/console/organizations/{acme}/service-accounts/{exporter}/edit",
                "/console/organizations/{acme}/service-accounts/{exporter}/edit",
                "Edit exporter · acme",
                "organizations/{acme}/service-accounts/{exporter}",
                vec![("description", "by pia"), ("labels", ""), ("role", "member")],
                vec![("description", "by pia"), ("labels", "no colon"), ("role", "member")],
                json!({ "labels": { "by": "ada" } }),
                json!({ "description": "by pia", "labels": { "by": "ada" } }),
            ),
            (
                "/console/projects/{shop}/overview",
                "/console/projects/{shop}/overview",
                "Overview · shop",
                "projects/{shop}",
                vec![("name", "shop"), ("timezone", "Europe/Berlin"), ("slug", "")],
                vec![("name", "shop"), ("timezone", "Moon/Sea"), ("slug", "")],
                json!({ "name": "store", "slug": "by-ada" }),
                json!({ "name": "store", "timezone": "Europe/Berlin", "slug": "by-ada" }),
            ),
            (
                "/console/projects/{shop}/workspaces/{eu}",
                "/console/projects/{shop}/workspaces/{eu}",
                "eu · store",
                "projects/{shop}/workspaces/{eu}",
                vec![("name", "eu"), ("description", "by pia")],
                vec![("name", ""), ("description", "by pia")],
                json!({ "name": "europe" }),
                json!({ "name": "europe", "description": "by pia" }),
            ),
        ] {
            pia.page(page, title).await;
            let carried: Vec<(String, String)> = ["description", "labels", "role", "name", "timezone", "slug"]
                .into_iter()
                .filter_map(|name| Some((format!("{name}_was"), pia.carries(&format!("{name}_was"))?)))
                .collect();
            assert!(carried.len() >= 2, "{page}: {carried:?}");
            ada.patch(api, other).await.ok();
            let with = |fields: Vec<(&'static str, &'static str)>| -> Vec<(String, String)> {
                let fields = fields.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned()));
                fields.chain(carried.clone()).collect()
            };
            fn lent(fields: &[(String, String)]) -> Vec<(&str, &str)> {
                fields.iter().map(|(name, value)| (&**name, &**value)).collect()
            }
            let wrong = pia.submit(form, &lent(&with(wrong))).await;
            assert_eq!(wrong.status, 400, "{page}: {}", wrong.text);
            for (name, value) in &carried {
                assert_eq!(pia.carries(name).as_ref(), Some(value), "{page}: as it was at first");
            }
            let answer = pia.submit(form, &lent(&with(first))).await;
            assert_eq!(answer.status, 303, "{page}: {}", answer.text);
            let shown = ada.get(api).await.ok();
            for (field, value) in now.as_object().expect("fields") {
                assert_eq!(&shown[field], value, "{page}: {shown}");
            }
        }
    }
}
