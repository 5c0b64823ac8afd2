//! The rows of the security catalogue under "Who may do what". Each test quotes its row.

use serde_json::{Value, json};

use crate::raw::Trickle;
use crate::world::{World, on_both_stores};

const WORLD: &str = "
acme: ada owner, bob admin, bil billing_admin, mel member
  shop: exporter admin, boss owner, reader analyst, viewer consumer
    eu: visitor admin
  lab: labrat admin
globex: gil owner
  well: driller admin
    deep: diver analyst
";

const ACCOUNTS: &str = "organizations/{acme}/service-accounts";

/// All that a refused request must leave as it was.
async fn state(world: &World) -> (i64, Value) {
    let accounts = world.account("ada").get(ACCOUNTS).await.ok();
    let revision = world.count("SELECT revision FROM head").await;
    let without_use: Vec<Value> = accounts
        .as_array()
        .unwrap()
        .iter()
        .cloned()
        .map(|mut account| {
            account["last_used"] = Value::Null;
            account
        })
        .collect();
    (revision, json!(without_use))
}

on_both_stores! {
    /// admin grants owner, or changes or deletes an owner: 403
    async fn an_admin_does_not_touch_owners(world: World) {
        let world = world.with(WORLD).await;
        let (before, bob) = (state(&world).await, world.account("bob"));
        bob.post(ACCOUNTS, json!({ "username": "x", "organization_role": "owner" })).await.refused(403, "role_above_own");
        bob.post(ACCOUNTS, json!({ "username": "x", "projects": [{ "id": world.id("shop"), "role": "owner" }] })).await.refused(403, "role_above_own");
        let ada = "organizations/{acme}/service-accounts/{ada}";
        bob.patch(ada, json!({ "organization_role": "member" })).await.refused(403, "account_above_own");
        bob.patch(ada, json!({ "expires_in": 60 })).await.refused(403, "account_above_own");
        bob.delete(ada).await.refused(403, "account_above_own");
        bob.delete("organizations/{acme}/service-accounts/{boss}").await.refused(403, "account_above_own");
        bob.patch("organizations/{acme}/service-accounts/{mel}", json!({ "organization_role": "owner" })).await.refused(403, "role_above_own");
        let lower = json!({ "projects": [{ "id": world.id("shop"), "role": "consumer" }], "service_account_ids": [world.id("boss")] });
        bob.post("organizations/{acme}/service-accounts/add-to-project", lower).await.refused(403, "account_above_own");
        world.account("exporter").delete("projects/{shop}/service-accounts/{boss}").await.refused(403, "account_above_own");
        assert_eq!(state(&world).await, before);
        bob.patch("organizations/{acme}/service-accounts/{mel}", json!({ "organization_role": "admin" })).await.ok();
    }

    /// analyst manages anything; billing admin manages service accounts: 403
    async fn who_manages_nothing_is_refused_everything(world: World) {
        let world = world.with(WORLD).await;
        let before = state(&world).await;
        for name in ["reader", "viewer", "bil", "mel", "visitor", "exporter"] {
            let account = world.account(name);
            account.get(ACCOUNTS).await.refused(403, "permission_missing");
            account.post(ACCOUNTS, json!({ "username": "x" })).await.refused(403, "permission_missing");
            account.delete("organizations/{acme}/service-accounts/{viewer}").await.refused(403, "permission_missing");
            account.patch("organizations/{acme}/service-accounts/{viewer}", json!({})).await.refused(403, "permission_missing");
            account.post("organizations/{acme}/projects", json!({ "name": "x" })).await.refused(403, "permission_missing");
        }
        for name in ["reader", "viewer", "bil", "mel", "visitor", "labrat"] {
            let account = world.account(name);
            account.get("projects/{shop}/service-accounts").await.refused(403, "permission_missing");
            account.post("projects/{shop}/service-accounts", json!({ "username": "x" })).await.refused(403, "permission_missing");
            account.delete("projects/{shop}/service-accounts/{viewer}").await.refused(403, "permission_missing");
            account.patch("projects/{shop}", json!({ "name": "x" })).await.refused(403, "permission_missing");
            account.delete("projects/{shop}").await.refused(403, "permission_missing");
            account.post("projects/{shop}/workspaces", json!({ "name": "x" })).await.refused(403, "permission_missing");
            account.put("projects/{shop}/workspaces/{eu}/service-accounts/{viewer}", json!({ "role": "consumer" })).await.refused(403, "permission_missing");
        }
        world.account("exporter").delete("projects/{shop}").await.refused(403, "permission_missing");
        assert_eq!(state(&world).await, before);
    }

    /// project admin of A touches project B; grants org roles; sees the organization's list: 403
    async fn a_project_admin_stays_in_the_project(world: World) {
        let world = world.with(WORLD).await;
        let (before, exporter) = (state(&world).await, world.account("exporter"));
        exporter.get("projects/{lab}/service-accounts").await.refused(403, "permission_missing");
        exporter.patch("projects/{lab}", json!({ "name": "mine" })).await.refused(403, "permission_missing");
        let both = json!({ "projects": [{ "id": world.id("shop"), "role": "consumer" }, { "id": world.id("lab"), "role": "consumer" }], "service_account_ids": [world.id("mel")] });
        exporter.post("organizations/{acme}/service-accounts/add-to-project", both).await.refused(403, "permission_missing");
        exporter.post(ACCOUNTS, json!({ "username": "x", "organization_role": "admin" })).await.refused(403, "permission_missing");
        exporter.get(ACCOUNTS).await.refused(403, "permission_missing");
        assert_eq!(state(&world).await, before);
        let own = json!({ "projects": [{ "id": world.id("shop"), "role": "admin" }], "service_account_ids": [world.id("mel")] });
        exporter.post("organizations/{acme}/service-accounts/add-to-project", own).await.ok();
    }

    /// anything across organizations, by any id, in path, body and list members: 404, nothing changed; one foreign id
    /// in a list refuses the whole call
    async fn another_organizations_things_are_not_there(world: World) {
        let world = world.with(WORLD).await;
        let (before, ada) = (state(&world).await, world.account("ada"));
        for path in ["organizations/{globex}/service-accounts", "organizations/{globex}/projects", "organizations/{acme}/service-accounts/{gil}", "organizations/{acme}/service-accounts/{gil}/grants", "projects/{well}", "projects/{well}/service-accounts", "projects/{well}/workspaces", "projects/{well}/workspaces/{deep}", "projects/{shop}/workspaces/{deep}", "projects/{well}/workspaces/{deep}/service-accounts", "projects/{shop}/workspaces/{deep}/service-accounts"] {
            ada.get(path).await.is(404);
        }
        for path in ["organizations/{globex}/service-accounts/{gil}", "organizations/{acme}/service-accounts/{gil}", "projects/{well}", "projects/{well}/service-accounts/{driller}", "projects/{shop}/service-accounts/{driller}", "projects/{well}/workspaces/{deep}", "projects/{shop}/workspaces/{deep}", "projects/{shop}/workspaces/{eu}/service-accounts/{driller}", "projects/{shop}/workspaces/{deep}/service-accounts/{viewer}"] {
            ada.delete(path).await.is(404);
        }
        let (shop, well, deep, eu) = (world.id("shop"), world.id("well"), world.id("deep"), world.id("eu"));
        let (viewer, driller) = (world.id("viewer"), world.id("driller"));
        ada.post(ACCOUNTS, json!({ "username": "x", "projects": [{ "id": shop }, { "id": well }] })).await.refused(404, "project_not_found");
        ada.post(ACCOUNTS, json!({ "username": "x", "workspaces": [{ "id": eu }, { "id": deep }] })).await.refused(404, "workspace_not_found");
        let add = "organizations/{acme}/service-accounts/add-to-project";
        ada.post(add, json!({ "projects": [{ "id": shop }], "service_account_ids": [viewer, driller] })).await.refused(404, "service_account_not_found");
        ada.post(add, json!({ "projects": [{ "id": shop }, { "id": well }], "service_account_ids": [viewer] })).await.refused(404, "project_not_found");
        let remove = "organizations/{acme}/service-accounts/remove-from-project";
        ada.post(remove, json!({ "projects": [{ "id": shop, "service_account_ids": [viewer, driller] }] })).await.refused(404, "service_account_not_found");
        ada.post(remove, json!({ "projects": [{ "id": shop, "service_account_ids": [viewer] }, { "id": well, "service_account_ids": [viewer] }] })).await.refused(404, "project_not_found");
        ada.put("projects/{shop}/workspaces/{eu}/service-accounts/{driller}", json!({ "role": "consumer" })).await.refused(404, "service_account_not_found");
        ada.put("projects/{shop}/workspaces/{deep}/service-accounts/{viewer}", json!({ "role": "consumer" })).await.refused(404, "workspace_not_found");
        ada.patch("projects/{well}", json!({ "name": "mine" })).await.refused(404, "project_not_found");
        ada.post("projects/{well}/workspaces", json!({ "name": "mine" })).await.refused(404, "project_not_found");
        // An organization of one's own in the path does not open another's project.
        let gil = world.account("gil");
        gil.post("organizations/{globex}/service-accounts/add-to-project", json!({ "projects": [{ "id": shop }], "service_account_ids": [world.id("diver")] })).await.refused(404, "project_not_found");
        assert_eq!(state(&world).await, before);
    }

    /// a service account raises itself: 403; deletes itself, creates others: as its role allows
    async fn an_account_stands_as_its_role_does_also_towards_itself(world: World) {
        let world = world.with(WORLD).await;
        let (bob, exporter) = (world.account("bob"), world.account("exporter"));
        bob.patch("organizations/{acme}/service-accounts/{bob}", json!({ "organization_role": "owner" })).await.refused(403, "role_above_own");
        let raise = json!({ "projects": [{ "id": world.id("shop"), "role": "owner" }], "service_account_ids": [exporter.id] });
        exporter.post("organizations/{acme}/service-accounts/add-to-project", raise).await.refused(403, "role_above_own");
        world.account("viewer").delete("organizations/{acme}/service-accounts/{viewer}").await.refused(403, "permission_missing");
        world.account("viewer").get("organizations/{acme}/service-accounts/{viewer}").await.ok();
        world.account("viewer").get("organizations/{acme}/service-accounts/{viewer}/grants").await.ok();
        exporter.make("projects/{shop}/service-accounts", json!({ "username": "child" })).await.get("me").await.ok();
        bob.delete("organizations/{acme}/service-accounts/{bob}").await.ok();
        bob.get("me").await.refused(401, "not_authenticated");
    }

    /// two owners remove each other at the same time; the last owner leaves: one wins; there is always one owner
    async fn there_is_always_one_owner(world: World) {
        let world = world.with(WORLD).await;
        let ada = world.account("ada");
        ada.delete("organizations/{acme}/service-accounts/{ada}").await.refused(409, "last_owner");
        ada.patch("organizations/{acme}/service-accounts/{ada}", json!({ "organization_role": "admin" })).await.refused(409, "last_owner");
        ada.patch("organizations/{acme}/service-accounts/{ada}", json!({ "expires_in": 3600 })).await.refused(409, "last_owner");
        for round in 0..8 {
            let name = format!("owner{round}");
            let other = ada.make(ACCOUNTS, json!({ "username": name, "organization_role": "owner" })).await;
            let (first, second) = (format!("{ACCOUNTS}/{{ada}}"), format!("{ACCOUNTS}/{{{name}}}"));
            if round < 7 {
                // They lower each other: one is an owner afterwards and raises the other again.
                let lower = json!({ "organization_role": "admin" });
                let (one, two) = tokio::join!(other.patch(&first, lower.clone()), ada.patch(&second, lower.clone()));
                let mut statuses = [one.status, two.status];
                statuses.sort();
                assert!(matches!(statuses, [200, 403] | [200, 409]), "{statuses:?}: {} {}", one.text, two.text);
                assert_eq!(owners(&world).await, 1, "round {round}");
                let winner = if one.status == 200 { &other } else { &ada };
                winner.patch(&first, json!({ "organization_role": "owner" })).await.ok();
                ada.patch(&second, json!({ "organization_role": "member" })).await.ok();
            } else {
                let (one, two) = tokio::join!(other.delete(&first), ada.delete(&second));
                let mut statuses = [one.status, two.status];
                statuses.sort();
                assert!(matches!(statuses, [200, 401] | [200, 409]), "{statuses:?}: {} {}", one.text, two.text);
                assert_eq!(owners(&world).await, 1);
            }
        }
    }

    /// a role is taken from somebody between his two requests: the second is refused
    async fn a_role_that_was_taken_counts_no_more(world: World) {
        let world = world.with(WORLD).await;
        let bob = world.account("bob");
        bob.get(ACCOUNTS).await.ok();
        world.account("ada").patch("organizations/{acme}/service-accounts/{bob}", json!({ "organization_role": "member" })).await.ok();
        bob.get(ACCOUNTS).await.refused(403, "permission_missing");
        bob.post(ACCOUNTS, json!({ "username": "x" })).await.refused(403, "permission_missing");
    }

    /// somebody is deleted or lowered while the body of his request trickles in: refused, nothing written: authority is
    /// judged on the state the write is added to, not on that at arrival
    async fn authority_is_judged_when_it_is_decided(world: World) {
        let world = world.with(WORLD).await;
        for (deleted, status) in [(false, 403), (true, 401)] {
            let name = format!("slow{deleted}");
            let slow = world.account("ada").make(ACCOUNTS, json!({ "username": name, "organization_role": "admin" })).await;
            let body = "{\"username\": \"sneaked-in\"}";
            let head = format!(
                "POST {} HTTP/1.1\r\nHost: x\r\nAuthorization: {}\r\nContent-Length: {}\r\n\r\n",
                world.path(ACCOUNTS),
                slow.header(),
                body.len()
            );
            let (first, rest) = body.split_at(10);
            let trickling = Trickle::begin(world.address(), format!("{head}{first}").as_bytes()).await;
            let path = format!("{ACCOUNTS}/{{{name}}}");
            // The credential was looked at on arrival: wait until it was.
            let mut looked = 0;
            while world.account("ada").get(&path).await.ok()["last_used"].is_null() {
                tokio::time::sleep(std::time::Duration::from_millis(20)).await;
                looked += 1;
                assert!(looked < 500, "the request did not arrive");
            }
            match deleted {
                true => world.account("ada").delete(&path).await.is(200),
                false => world.account("ada").patch(&path, json!({ "organization_role": "member" })).await.is(200),
            };
            let revision = world.count("SELECT revision FROM head").await;
            assert_eq!(trickling.end(rest.as_bytes()).await, status);
            assert_eq!(world.count("SELECT revision FROM head").await, revision);
            assert_eq!(world.count("SELECT COUNT(*) FROM principals WHERE username LIKE 'sneaked-in%'").await, 0);
        }
    }

    /// extra fields (`id`, `organization`, `role`, `creator`, `token`) in bodies: ignored, never assigned
    async fn extra_fields_are_ignored(world: World) {
        let world = world.with(WORLD).await;
        let extra = json!({ "username": "extra", "id": 1, "user": 2, "organization": world.id("globex"), "organization_id": world.id("globex"), "creator": 3, "creator_name": "somebody", "token": "cvg_mine", "created": "2000-01-01T00:00:00Z", "last_used": "2000-01-01T00:00:00Z", "is_deleted": true });
        let made = world.account("ada").post(ACCOUNTS, extra).await.created();
        world.remember_made("extra", &made);
        assert_eq!(made["creator"], world.id("ada"));
        assert_ne!(made["token"], "cvg_mine");
        assert!(made["id"].as_u64().unwrap() > world.id("ada"));
        assert_eq!(made["last_used"], Value::Null);
        let me = world.account("extra").get("me").await.ok();
        assert_eq!(me["organizations"].as_object().unwrap().keys().collect::<Vec<_>>(), [&world.id("acme").to_string()]);
        assert_eq!(me["organizations"][world.id("acme").to_string()]["role"], "member");
        world.account("ada").patch("projects/{shop}", json!({ "id": 1, "organization_id": world.id("globex"), "name": "shop" })).await.ok();
        assert_eq!(world.account("ada").get("projects/{shop}").await.ok()["organization_id"], world.id("acme"));
    }

    /// ids: 0, negative, 2^53, 2^63, floats, strings, leading zeros: 400 or 404, never 500
    async fn numbers_that_are_no_ids_lead_nowhere(world: World) {
        let world = world.with(WORLD).await;
        let ada = world.account("ada");
        for id in ["0", "-1", "9007199254740992", "9223372036854775808", "18446744073709551616", "1.0", "1e3", "x", "%00", "01", "+1", "%2B1", "1%20", "null"] {
            ada.get(&format!("organizations/{id}/service-accounts")).await.is(404);
            ada.get(&format!("organizations/{{acme}}/service-accounts/{id}")).await.is(404);
            ada.delete(&format!("projects/{{shop}}/workspaces/{id}/service-accounts/{{viewer}}")).await.is(404);
            ada.get(&format!("projects/{id}")).await.is(404);
        }
        for id in [json!(0), json!(-1), json!(9_007_199_254_740_992_u64), json!(u64::MAX), json!(1.5), json!("2"), json!(null), json!([1])] {
            let answer = ada.post(ACCOUNTS, json!({ "username": "x", "projects": [{ "id": id }] })).await;
            assert_eq!(answer.status, 400, "{id}: {}", answer.text);
            let body = json!({ "projects": [{ "id": world.id("shop") }], "service_account_ids": [id] });
            ada.post("organizations/{acme}/service-accounts/add-to-project", body).await.is(400);
        }
        let unknown = json!({ "username": "x", "projects": [{ "id": 9_007_199_254_740_991_u64 }] });
        ada.post(ACCOUNTS, unknown).await.refused(404, "project_not_found");
    }

    /// search for `%`, `_`, `\`, `'`, 10,000 letters; `limit` 0, -1, 10^12; a cursor bent, of another list, of another
    /// organization: characters mean themselves; 400 for the rest, never another's rows
    async fn lists_take_what_is_typed_as_it_is(world: World) {
        let world = world.with(WORLD).await;
        let ada = world.account("ada");
        ada.make(ACCOUNTS, json!({ "username": "under_score" })).await;
        for (search, found) in [("%25", 0), ("_", 1), ("%5C", 0), ("'", 0), ("!", 0), ("%22", 0), ("R_SC", 1), ("r.sc", 0), ("%25_", 0)] {
            let rows = ada.get(&format!("{ACCOUNTS}?search={search}")).await.ok();
            assert_eq!(rows.as_array().unwrap().len(), found, "{search}: {rows}");
        }
        ada.get(&format!("{ACCOUNTS}?search={}", "x".repeat(10_000))).await.refused(400, "search_too_long");
        ada.get(&format!("{ACCOUNTS}?search=%00")).await.refused(400, "search_invalid");
        ada.get(&format!("{ACCOUNTS}?search=%ff")).await.refused(400, "search_invalid");
        ada.get(&format!("{ACCOUNTS}?limit=1&limit=2")).await.refused(400, "query_invalid");
        for limit in ["0", "-1", "1000000000000", "x", "", "1.0", "%2B1", "1001"] {
            ada.get(&format!("{ACCOUNTS}?limit={limit}")).await.refused(400, "limit_invalid");
        }
        let page = ada.get(&format!("{ACCOUNTS}?limit=1")).await.is(200);
        let cursor = page.body["next_cursor"].as_str().unwrap();
        ada.get(&format!("{ACCOUNTS}?limit=1&cursor={cursor}")).await.ok();
        for bent in [format!("{cursor}0"), cursor.to_uppercase(), cursor.replace(|c: char| c.is_ascii_digit(), "1"), String::new(), "'".to_owned()] {
            ada.get(&format!("{ACCOUNTS}?limit=1&cursor={bent}")).await.refused(400, "cursor_invalid");
        }
        for other in ["projects/{shop}/service-accounts", "organizations/{acme}/projects", "projects/{shop}/workspaces"] {
            ada.get(&format!("{other}?limit=1&cursor={cursor}")).await.refused(400, "cursor_invalid");
        }
        world.account("gil").get(&format!("organizations/{{globex}}/service-accounts?limit=1&cursor={cursor}")).await.refused(400, "cursor_invalid");
    }

    /// a display name with bidi or zero-width characters, in mixed scripts, in two normal forms, as markup, as `../x`:
    /// control, bidi and zero-width 400, the rest stored as NFC
    async fn names_that_hide_something_are_refused(world: World) {
        let world = world.with(WORLD).await;
        let ada = world.account("ada");
        for name in ["a\u{202e}b", "a\u{200b}b", "a\u{0}b", "a\u{7}b", "a\nb", "\u{feff}a", "", "   ", &"x".repeat(201)] {
            ada.post("organizations/{acme}/projects", json!({ "name": name })).await.refused(400, "name_invalid");
            ada.patch("projects/{shop}", json!({ "name": name })).await.refused(400, "name_invalid");
            ada.post("projects/{shop}/workspaces", json!({ "name": name })).await.refused(400, "name_invalid");
        }
        for name in ["<script>alert(1)</script>", "../x", "\u{43f}aypal", "=1+1", "Cafe\u{301}", "\u{4f1a}\u{793e}"] {
            let made = ada.post("organizations/{acme}/projects", json!({ "name": name })).await.created();
            let normal = if name.starts_with("Cafe") { "Caf\u{e9}" } else { name };
            assert_eq!(made["name"], normal);
        }
    }

    /// a name that looks empty, and one that is a secret, which would be in the audit log for good
    async fn names_that_show_nothing_or_too_much_are_refused(world: World) {
        let world = world.with(WORLD).await;
        let ada = world.account("ada");
        let secret = ada.secret.clone();
        for name in ["\u{2800}", "\u{2800} \u{2800}", "\u{301}", "\u{3164}", &secret, &format!(" {secret} ")] {
            let refused = [
                ada.post("organizations/{acme}/projects", json!({ "name": name })).await,
                ada.post("organizations/{acme}/teams", json!({ "name": name })).await,
                ada.post("organizations/{acme}/service-accounts/{mel}/secrets", json!({ "name": name })).await,
                ada.post(ACCOUNTS, json!({ "username": name })).await,
                ada.post(ACCOUNTS, json!({ "username": name.replace('_', " ") })).await,
            ];
            for answer in &refused[..4] {
                assert!(!answer.text.contains(&secret), "{}", answer.text);
            }
            for answer in refused {
                answer.refused(400, "name_invalid");
            }
        }
        ada.post("organizations/{acme}/teams", json!({ "name": "\u{2800}x" })).await.created();
    }

    /// `expires` without a zone, with `:60`, in the year 10000, in the past: 400
    async fn an_end_is_a_moment_in_the_future(world: World) {
        let world = world.with(WORLD).await;
        let ada = world.account("ada");
        for expires in ["2030-01-01T00:00:00", "2030-01-01T00:00:60Z", "10000-01-01T00:00:00Z", "tomorrow", "2030-01-01", "0"] {
            ada.post(ACCOUNTS, json!({ "username": "x", "expires": expires })).await.refused(400, "expires_invalid");
            ada.patch("organizations/{acme}/service-accounts/{mel}", json!({ "expires": expires })).await.refused(400, "expires_invalid");
        }
        for expires in ["2020-01-01T00:00:00Z", "1970-01-01T00:00:00Z"] {
            ada.post(ACCOUNTS, json!({ "username": "x", "expires": expires })).await.refused(400, "expiry_not_later");
        }
        ada.post(ACCOUNTS, json!({ "username": "x", "expires_in": 0 })).await.refused(400, "expiry_not_later");
        ada.post(ACCOUNTS, json!({ "username": "x", "expires_in": u64::MAX })).await.refused(400, "expiry_too_far");
        ada.post(ACCOUNTS, json!({ "username": "x", "expires_in": 60, "expires": "2030-01-01T00:00:00Z" })).await.refused(400, "expires_twice");
        ada.post(ACCOUNTS, json!({ "username": "x", "expires_in": -1 })).await.refused(400, "body_misfit");
    }
}

/// How many owners acme has.
async fn owners(world: &World) -> usize {
    let (directory, acme) = (world.node().cluster.directory().unwrap(), world.id("acme"));
    directory.organizations().find(|known| known.id.number() == acme).unwrap().owners.len()
}
