//! Inviting, resending, withdrawing, accepting.

use claviger_access::Directory;
use reqwest::Method;
use serde_json::{Value, json};

use crate::answer::Answer;
use crate::world::{World, email, on_both_stores, send};

const WORLD: &str = "
acme: ada owner, bob admin, mel member
  shop: exporter admin
    eu:
  lab: labrat admin
globex: gil owner
  well: driller admin
";

const INVITATIONS: &str = "organizations/{acme}/invitations";

/// Accepts as somebody new, whatever comes of it.
async fn accept(world: &World, token: &str) -> Answer {
    let body = json!({ "token": token, "name": "Somebody", "password": "long enough to be one" });
    world.post("invitations/accept", body).await
}

/// Without what differs from request to request.
fn told(answer: &Answer) -> (u16, String) {
    (answer.status, answer.text.clone())
}

on_both_stores! {
    async fn whoever_is_invited_joins_with_what_was_promised(world: World) {
        let world = world.with(WORLD).await;
        let ada = world.account("ada");
        let team = ada.post("organizations/{acme}/teams", json!({ "name": "Data" })).await.created()["id"].clone();
        world.name("data", team.as_u64().unwrap());
        ada.put("projects/{lab}/teams/{data}", json!({ "role": "consumer" })).await.ok();
        let invite = json!({
            "email": " Pia@Example.COM ", "role": "billing_admin", "teams": [team],
            "projects": [{ "id": world.id("shop"), "role": "analyst" }], "workspaces": [{ "id": world.id("eu"), "role": "admin" }],
        });
        let invited = ada.post(INVITATIONS, invite).await.created();
        assert_eq!((&invited["email"], &invited["status"], &invited["inviter"]), (&json!("pia@example.com"), &json!("open"), &json!(ada.id)));
        let token = world.remember_token(&invited);
        assert!(token.starts_with(&format!("cvi_{}_", invited["id"])) && token.len() > 40, "{}", token.len());
        let listed = ada.get(INVITATIONS).await.ok();
        assert_eq!(listed.as_array().unwrap().len(), 1);
        assert!(listed[0].get("token").is_none());
        // What mail scanners do opens nothing.
        for method in [Method::GET, Method::HEAD, Method::OPTIONS] {
            assert_eq!(send(world.request(method, "invitations/accept?token=cvi_scanned")).await.status, 405);
        }
        let joined = world.accept(&invited, "pia").await.created();
        world.name("pia", joined["id"].as_u64().unwrap());
        assert_eq!((&joined["name"], &joined["role"], &joined["organization_id"]), (&json!("pia of the world"), &json!("billing_admin"), &json!(world.id("acme"))));
        assert_eq!(ada.get(INVITATIONS).await.ok(), json!([]));
        let member = ada.get("organizations/{acme}/users/{pia}").await.ok();
        assert_eq!((&member["email"], &member["role"]), (&json!("pia@example.com"), &json!("billing_admin")));
        let role_on = |path: &'static str| { let ada = ada.clone(); async move { ada.get(path).await.ok()[0]["role"].clone() } };
        assert_eq!(role_on("projects/{shop}/users").await, "analyst");
        assert_eq!(role_on("projects/{lab}/users").await, "consumer");
        assert_eq!(role_on("projects/{shop}/workspaces/{eu}/users").await, "admin");
        assert_eq!(ada.get("organizations/{acme}/teams/{data}").await.ok()["members"][0]["name"], "pia of the world");
        accept(&world, &token).await.refused(404, "invitation_not_found");
        assert_eq!(world.count("SELECT COUNT(*) FROM passwords WHERE phc LIKE '$argon2id$v=19$m=19456,t=2,p=1$%'").await, 1);
        assert_eq!(world.count("SELECT COUNT(*) FROM changes WHERE body LIKE '%argon2%'").await, 0, "the hash is the store's alone");
        let by_link = world.count("SELECT COUNT(*) FROM audit_events WHERE basis = 'one_time_link' AND actor_kind = 'person'").await;
        assert_eq!(by_link, 5, "accepted, added, on a project, on a workspace, in a team");
        world.restart().await;
        assert_eq!(ada.get("organizations/{acme}/users/{pia}").await.ok(), member);
    }

    /// wrong, used, withdrawn, replaced: the same bytes. That it has expired is told the same, by the same refusal
    async fn a_token_that_opens_nothing_is_told_the_same_whatever_is_wrong_with_it(world: World) {
        let world = world.with(WORLD).await;
        let ada = world.account("ada");
        let mut tokens = vec![String::new(), "cvi_".to_owned(), "x".repeat(50_000), format!("cvi_1_{}", "a".repeat(38))];
        let invite = |name: &'static str| { let (ada, world) = (ada.clone(), world.clone()); async move {
            let invited = ada.post(INVITATIONS, json!({ "email": email(name) })).await.created();
            world.name("invitation", invited["id"].as_u64().unwrap());
            invited
        } };
        let used = invite("used").await;
        world.accept(&used, "used").await.created();
        tokens.push(world.remember_token(&used));
        let withdrawn = invite("withdrawn").await;
        tokens.push(world.remember_token(&withdrawn));
        ada.delete("organizations/{acme}/invitations/{invitation}").await.ok();
        let replaced = invite("replaced").await;
        tokens.push(world.remember_token(&replaced));
        let open = world.remember_token(&ada.post("organizations/{acme}/invitations/{invitation}/resend", json!({})).await.ok());
        let mut bent = open.clone();
        let last = bent.pop().unwrap();
        bent.push(if last == '0' { '1' } else { '0' });
        tokens.push(bent);
        tokens.push(world.account("ada").secret.clone());
        let first = accept(&world, &tokens[0]).await.refused(404, "invitation_not_found");
        for token in &tokens {
            assert_eq!(told(&accept(&world, token).await), told(&first));
            // What follows is not looked at either: a stranger learns nothing and costs nothing.
            let short = json!({ "token": token, "password": "short" });
            assert_eq!(told(&world.post("invitations/accept", short).await), told(&first));
        }
        accept(&world, &open).await.created();
    }

    async fn a_person_of_another_organization_joins_with_the_password_that_he_has(world: World) {
        let world = world.with(WORLD).await;
        let (ada, gil) = (world.account("ada"), world.account("gil"));
        world.make_person("globex", "pia", "admin").await;
        gil.put("projects/{well}/users/{pia}", json!({ "role": "owner" })).await.ok();
        let invited = ada.post(INVITATIONS, json!({ "email": "PIA@example.com" })).await.created();
        let token = world.remember_token(&invited);
        accept(&world, &token).await.refused(403, "wrong_password");
        world.post("invitations/accept", json!({ "token": token, "password": "short" })).await.refused(400, "password_invalid");
        // A name is looked at as that of somebody new is, and then left out of account.
        for name in ["\u{202e}", ""] {
            let body = json!({ "token": token, "name": name, "password": "long enough to be one" });
            world.post("invitations/accept", body).await.refused(400, "name_invalid");
        }
        let joined = world.post("invitations/accept", json!({ "token": token, "name": "Other", "password": world.password_of("pia") })).await.ok();
        assert_eq!((&joined["id"], &joined["name"]), (&json!(world.id("pia")), &json!("pia of the world")));
        assert_eq!(ada.get("organizations/{acme}/users/{pia}").await.ok()["role"], "member");
        assert_eq!(gil.get("organizations/{globex}/users/{pia}").await.ok()["role"], "admin");
        assert_eq!(world.count("SELECT COUNT(*) FROM principals WHERE kind = 1").await, 1);
        // What he holds there is nobody's business here, and stays when he is removed here.
        world.account("bob").delete("organizations/{acme}/users/{pia}").await.ok();
        ada.get("organizations/{acme}/users/{pia}").await.refused(404, "user_not_found");
        assert_eq!(gil.get("projects/{well}/users").await.ok()[0]["role"], "owner");
    }

    async fn inviting_tells_nobody_whether_an_address_is_known(world: World) {
        let world = world.with(WORLD).await;
        let ada = world.account("ada");
        world.make_person("globex", "known", "member").await;
        let shapes: Vec<Vec<String>> = {
            let mut shapes = Vec::new();
            for name in ["known", "unknown"] {
                let answer = ada.post(INVITATIONS, json!({ "email": email(name) })).await;
                let invited = answer.created();
                world.remember_token(&invited);
                let named = |(field, value): (&String, &Value)| format!("{field} {}", if value.is_string() { "text" } else { "other" });
                shapes.push(invited.as_object().unwrap().iter().map(named).collect());
            }
            shapes
        };
        assert_eq!(shapes[0], shapes[1]);
        assert_eq!(ada.get("organizations/{acme}/users?search=known").await.ok(), json!([]));
    }

    async fn one_address_has_one_invitation_and_joins_once(world: World) {
        let world = world.with(WORLD).await;
        let ada = world.account("ada");
        let first = ada.post(INVITATIONS, json!({ "email": "pia@example.com" })).await.created();
        let refused = ada.post(INVITATIONS, json!({ "email": "Pia@EXAMPLE.com" })).await.refused(409, "already_invited");
        assert!(refused.text.contains(&first["id"].to_string()), "{}", refused.text);
        world.account("gil").post("organizations/{globex}/invitations", json!({ "email": "pia@example.com" })).await.created();
        world.accept(&first, "pia").await.created();
        ada.post(INVITATIONS, json!({ "email": "pia@example.com" })).await.refused(409, "already_member");
        let again = send(ada.request(Method::POST, INVITATIONS).header("idempotency-key", "one").json(&json!({ "email": "quy@example.com" }))).await.created();
        let refused = send(ada.request(Method::POST, INVITATIONS).header("idempotency-key", "one").json(&json!({ "email": "quy@example.com" }))).await;
        assert_eq!(refused.refused(409, "already_created").body["results"]["id"], again["id"]);
        world.remember_token(&again);
    }

    async fn addresses_names_and_passwords_are_looked_at_and_use_nothing_up(world: World) {
        let world = world.with(WORLD).await;
        let ada = world.account("ada");
        for address in ["", "ada", "a@b@c", "a b@c.d", "a@c..d", "a@c.d\r\nBcc: x@y.z", "a\u{200b}@c.d", "Ada <a@c.d>", &format!("{}@c.d", "x".repeat(300))] {
            ada.post(INVITATIONS, json!({ "email": address })).await.refused(400, "email_invalid");
        }
        ada.post(INVITATIONS, json!({})).await.refused(400, "body_misfit");
        ada.post(INVITATIONS, json!({ "email": "a@c.d", "role": "analyst" })).await.refused(400, "body_misfit");
        let invited = ada.post(INVITATIONS, json!({ "email": "=cmd|'x'!a1@example.com" })).await;
        assert_eq!(invited.status, 201, "what a spreadsheet would run is an address all the same: {}", invited.text);
        let invited = invited.created();
        let token = world.remember_token(&invited);
        for password in [String::new(), "elevenchars".to_owned(), "x".repeat(1_025)] {
            world.post("invitations/accept", json!({ "token": token, "name": "Pia", "password": password })).await.refused(400, "password_invalid");
        }
        for name in [json!(null), json!(""), json!("a\u{202e}b"), json!("x".repeat(201))] {
            world.post("invitations/accept", json!({ "token": token, "name": name, "password": "long enough to be one" })).await.refused(400, "name_invalid");
        }
        for body in [json!({ "token": token }), json!({ "token": 1, "password": "x" }), json!({ "token": token, "password": { "cvi_x": 1 } })] {
            let refused = world.post("invitations/accept", body).await.refused(400, "body_misfit");
            assert!(!refused.text.contains("cvi_"), "{}", refused.text);
        }
        world.accept(&invited, "pia").await.created();
    }

    async fn nobody_promises_more_than_he_holds(world: World) {
        let world = world.with(WORLD).await;
        let (ada, bob) = (world.account("ada"), world.account("bob"));
        bob.post(INVITATIONS, json!({ "email": "x@example.com", "role": "owner" })).await.refused(403, "role_above_own");
        let owning = json!([{ "id": world.id("shop"), "role": "owner" }]);
        bob.post(INVITATIONS, json!({ "email": "x@example.com", "projects": owning })).await.refused(403, "role_above_own");
        for name in ["exporter", "mel"] {
            world.account(name).post(INVITATIONS, json!({ "email": "x@example.com" })).await.refused(403, "permission_missing");
            world.account(name).get(INVITATIONS).await.refused(403, "permission_missing");
        }
        let owner = ada.post(INVITATIONS, json!({ "email": "x@example.com", "role": "owner" })).await.created();
        world.remember_token(&owner);
        world.name("owning", owner["id"].as_u64().unwrap());
        bob.post("organizations/{acme}/invitations/{owning}/resend", json!({})).await.refused(403, "role_above_own");
        bob.delete("organizations/{acme}/invitations/{owning}").await.refused(403, "role_above_own");
        let gil = world.account("gil");
        let drill = gil.post("organizations/{globex}/teams", json!({ "name": "Drill" })).await.created()["id"].clone();
        for (field, value, code) in [
            ("projects", json!([{ "id": world.id("well") }]), "project_not_found"),
            ("projects", json!([{ "id": world.id("shop"), "role": "999999" }]), "role_not_found"),
            ("workspaces", json!([{ "id": world.id("well all") }]), "workspace_not_found"),
            ("teams", json!([drill]), "team_not_found"),
        ] {
            let mut invite = json!({ "email": "y@example.com" });
            invite[field] = value;
            ada.post(INVITATIONS, invite).await.refused(404, code);
        }
        for path in ["organizations/{globex}/invitations/{owning}/resend", "organizations/{acme}/invitations/{shop}/resend"] {
            gil.post(path, json!({})).await.is(404);
        }
        gil.delete("organizations/{globex}/invitations/{owning}").await.refused(404, "invitation_not_found");
        gil.get(INVITATIONS).await.refused(404, "organization_not_found");
        ada.delete("organizations/{acme}/invitations/{owning}").await.ok();
    }

    /// Whoever answers for an invitation is judged again when it is accepted.
    async fn an_inviter_who_lost_the_right_gives_nothing_any_more(world: World) {
        let world = world.with(WORLD).await;
        let (ada, bob) = (world.account("ada"), world.account("bob"));
        let invited = bob.post(INVITATIONS, json!({ "email": "pia@example.com", "projects": [{ "id": world.id("shop"), "role": "admin" }] })).await.created();
        let token = world.remember_token(&invited);
        world.name("invitation", invited["id"].as_u64().unwrap());
        ada.patch("organizations/{acme}/service-accounts/{bob}", json!({ "organization_role": "billing_admin" })).await.ok();
        accept(&world, &token).await.refused(409, "invitation_void");
        ada.patch("organizations/{acme}/service-accounts/{bob}", json!({ "organization_role": "admin" })).await.ok();
        ada.delete("organizations/{acme}/service-accounts/{bob}").await.ok();
        accept(&world, &token).await.refused(409, "invitation_void");
        let anew = ada.post("organizations/{acme}/invitations/{invitation}/resend", json!({})).await.ok();
        assert_eq!(anew["inviter"], ada.id);
        world.accept(&anew, "pia").await.created();
        assert_eq!(ada.get("projects/{shop}/users").await.ok()[0]["role"], "admin");
    }

    /// Nor does one who could not call: disabled, or without a secret that counts.
    async fn an_inviter_who_is_not_let_in_gives_nothing(world: World) {
        let world = world.with(WORLD).await;
        let (ada, bob) = (world.account("ada"), world.account("bob"));
        let secrets = "organizations/{acme}/service-accounts/{bob}/secrets";
        world.name("first", ada.get(secrets).await.ok()[0]["id"].as_u64().unwrap());
        let (first, second) = (format!("{secrets}/{{first}}"), format!("{secrets}/{{second}}"));
        let invited = bob.post(INVITATIONS, json!({ "email": "pia@example.com" })).await.created();
        let token = world.remember_token(&invited);
        for path in ["organizations/{acme}/service-accounts/{bob}", &first] {
            ada.patch(path, json!({ "disabled": true })).await.ok();
            accept(&world, &token).await.refused(409, "invitation_void");
            ada.patch(path, json!({ "disabled": false })).await.ok();
        }
        let made = ada.post(secrets, json!({})).await.created();
        world.name("second", made["id"].as_u64().unwrap());
        ada.delete(&first).await.ok();
        let late = world.remember_secret("bob", &made).post(INVITATIONS, json!({ "email": "quy@example.com" })).await.created();
        let late = world.remember_token(&late);
        accept(&world, &token).await.created();
        ada.delete(&second).await.ok();
        accept(&world, &late).await.refused(409, "invitation_void");
    }

    async fn what_is_gone_when_an_invitation_is_accepted_is_left_out(world: World) {
        let world = world.with(WORLD).await;
        let ada = world.account("ada");
        let team = ada.post("organizations/{acme}/teams", json!({ "name": "Data" })).await.created()["id"].clone();
        world.name("data", team.as_u64().unwrap());
        let role = json!({ "name": "Reporter", "permissions": ["data:read"] });
        let role = ada.post("projects/{shop}/custom-roles", role).await.created()["role_id"].clone();
        world.name("reporter", role.as_str().unwrap().parse().unwrap());
        let projects = json!([{ "id": world.id("lab"), "role": "analyst" }, { "id": world.id("shop"), "role": role }]);
        let invite = json!({ "email": "pia@example.com", "projects": projects, "workspaces": [{ "id": world.id("eu") }], "teams": [team] });
        let invited = ada.post(INVITATIONS, invite).await.created();
        for path in ["projects/{lab}", "projects/{shop}/custom-roles/{reporter}", "projects/{shop}/workspaces/{eu}", "organizations/{acme}/teams/{data}"] {
            ada.delete(path).await.ok();
        }
        let joined = world.accept(&invited, "pia").await.created();
        assert_eq!(joined["role"], "member");
        assert_eq!(ada.get("projects/{shop}/users").await.ok(), json!([]));
        assert_eq!(world.count("SELECT COUNT(*) FROM grants WHERE principal_kind = 1").await, 1);
    }

    /// Of many at once with one token one joins; who finds no room for his password is told when to come back.
    async fn a_token_opens_once_however_many_hold_it(world: World) {
        let world = world.with(WORLD).await;
        let ada = world.account("ada");
        let invited = ada.post(INVITATIONS, json!({ "email": "pia@example.com" })).await.created();
        let token = world.remember_token(&invited);
        let mut asked = Vec::new();
        for _ in 0..60 {
            let (world, token) = (world.clone(), token.clone());
            asked.push(tokio::spawn(async move { accept(&world, &token).await }));
        }
        let mut joined = 0;
        for one in asked {
            let answer = one.await.unwrap();
            match (answer.status, answer.body["code"].as_str()) {
                (201, None) => joined += 1,
                (404, Some("invitation_not_found")) => {}
                (429, Some("too_many_passwords")) => assert_eq!(answer.header("retry-after"), Some("1")),
                other => panic!("{other:?}: {}", answer.text),
            }
        }
        assert_eq!(joined, 1);
        assert_eq!(world.count("SELECT COUNT(*) FROM principals WHERE kind = 1").await, 1);
    }

    async fn a_backup_and_an_image_hold_invitations_and_no_token(world: World) {
        let world = world.with(WORLD).await;
        let ada = world.account("ada");
        let invited = ada.post(INVITATIONS, json!({ "email": "pia@example.com", "role": "admin" })).await.created();
        let token = world.remember_token(&invited);
        world.restart().await;
        let loaded: Directory = world.node().store.load_directory(1, |_| {}).await.unwrap();
        assert_eq!(loaded.organizations().map(|known| known.invitations.len()).sum::<usize>(), 1);
        accept(&world, &token).await.created();
    }
}
