//! The older paths, as the clients that know them send them: the same rules, in other words.

use reqwest::Method;
use serde_json::{Value, json};

use crate::world::{Account, on_both_stores, send};

const WORLD: &str = "
acme: ada owner, mel member
  shop: exporter admin, reader consumer
globex: gil owner
";

fn names(listed: &Value) -> Vec<&str> {
    listed.as_array().expect("a list").iter().map(|one| one["name"].as_str().expect("a name")).collect()
}

/// Posts a form as clients do.
async fn post_form(account: &Account, path: &str, form: &str) -> crate::answer::Answer {
    let request = account.request(Method::POST, path).header("content-type", "application/x-www-form-urlencoded");
    send(request.body(form.to_owned())).await
}

async fn number_of(account: &Account, zone: &str) -> u64 {
    let zones = account.get("/api/app/timezones").await.ok();
    let mut zones = zones.as_array().expect("a list").iter();
    zones.find(|pair| pair[1] == zone).expect("the zone")[0].as_u64().expect("a number")
}

on_both_stores! {
    async fn a_project_is_made_with_a_numbered_zone_and_changed_by_a_form(world: World) {
        let world = world.with(WORLD).await;
        let (ada, exporter) = (world.account("ada"), world.account("exporter"));
        let berlin = number_of(&ada, "Europe/Berlin").await;
        assert_eq!(number_of(&ada, "UTC").await, 1);
        // Sent without a Content-Type.
        let body = json!({ "project_name": "Books", "timezone_id": berlin, "cluster_id": 3 }).to_string();
        let made = send(ada.request(Method::POST, "/api/app/organizations/{acme}/create-project").body(body)).await.created();
        assert_eq!((&made["name"], &made["timezone"]), (&json!("Books"), &json!("Europe/Berlin")));
        world.name("books", made["id"].as_u64().unwrap());
        assert_eq!(ada.get("/settings/project/{books}/metadata").await.ok(), made);
        assert_eq!(ada.get("/api/app/projects/{books}/metadata/").await.ok(), made);

        post_form(&ada, "/projects/update/{books}", "name=More+B%C3%BCcher&csrf=1").await.ok();
        post_form(&ada, "/projects/update/{books}/", "timezone=7&timezone_name=Asia%2FTokyo").await.ok();
        let now = ada.get("projects/{books}").await.ok();
        assert_eq!((&now["name"], &now["timezone"]), (&json!("More Bücher"), &json!("Asia/Tokyo")));
        post_form(&ada, "/projects/update/{books}", &format!("timezone={berlin}")).await.ok();
        post_form(&ada, "/projects/update/{books}", "").await.ok();
        assert_eq!(ada.get("projects/{books}").await.ok()["timezone"], "Europe/Berlin");
        post_form(&exporter, "/projects/update/{shop}", "name=Shop").await.ok();

        post_form(&ada, "/projects/update/{books}", "timezone_name=Mars").await.refused(400, "timezone_invalid");
        post_form(&ada, "/projects/update/{books}", "timezone=99999").await.refused(400, "timezone_invalid");
        post_form(&ada, "/projects/update/{books}", "name=a&name=b").await.refused(400, "form_misfit");
        post_form(&ada, "/projects/update/{books}", "name=%E2%80%AE").await.refused(400, "name_invalid");
        let json = ada.request(Method::POST, "/projects/update/{books}").json(&json!({ "name": "x" }));
        send(json).await.refused(415, "not_form_type");
        let long = format!("name={}", "x".repeat(70_000));
        post_form(&ada, "/projects/update/{books}", &long).await.refused(413, "body_too_large");
        ada.post("/api/app/organizations/{acme}/create-project", json!({ "project_name": "x", "timezone_id": 0 })).await.refused(400, "timezone_invalid");
    }

    async fn projects_are_made_and_deleted_all_or_none(world: World) {
        let world = world.with(WORLD).await;
        let ada = world.account("ada");
        let made = ada.post("/organizations/{acme}/create-projects/", json!({ "projectNames": ["North", "South"] })).await.created();
        assert_eq!(names(&made), ["North", "South"]);
        assert!(made[0]["workspaces"].as_array().is_some_and(|workspaces| workspaces.len() == 1));
        let listed = ada.get("/organizations/{acme}/projects/").await.ok();
        assert_eq!(listed, ada.get("organizations/{acme}/projects").await.ok());
        assert_eq!(names(&listed), ["acme main", "shop", "North", "South"]);
        ada.post("/organizations/{acme}/create-projects", json!({ "projectNames": ["East", "\u{202e}"] })).await.refused(400, "name_invalid");
        let (north, south, foreign) = (made[0]["id"].as_u64().unwrap(), made[1]["id"].as_u64().unwrap(), world.id("globex main"));
        for ids in [json!([north, foreign]), json!([north, 999_999])] {
            ada.post("/organizations/{acme}/delete-projects/", json!({ "projectIds": ids })).await.refused(404, "project_not_found");
        }
        assert_eq!(names(&ada.get("/organizations/{acme}/projects").await.ok()).len(), 4);
        ada.post("/organizations/{acme}/delete-projects/", json!({ "projectIds": [north, south, north] })).await.ok();
        assert_eq!(names(&ada.get("/organizations/{acme}/projects").await.ok()), ["acme main", "shop"]);
        assert_eq!(world.count("SELECT COUNT(*) FROM audit_events WHERE action = 'project.deleted'").await, 2);
    }

    async fn teams_are_named_by_name(world: World) {
        let world = world.with(WORLD).await;
        let ada = world.account("ada");
        ada.post("/organizations/{acme}/add-teams/", json!({ "teams": ["Data", "Ops", "Büro"] })).await.is(201);
        ada.post("/organizations/{acme}/add-teams", json!({ "teams": ["New", "Data"] })).await.refused(409, "team_name_taken");
        let listed = ada.get("/organizations/{acme}/teams").await.ok();
        assert_eq!(names(&listed), ["Data", "Ops", "Büro"]);
        let id = listed[1]["id"].as_u64().unwrap();
        ada.post("/organizations/{acme}/teams/Data/update/", json!({ "name": "Research" })).await.ok();
        ada.post(&format!("/organizations/{{acme}}/teams/{id}/update"), json!({ "name": "Operations" })).await.ok();
        ada.post("/organizations/{acme}/teams/B%C3%BCro/update", json!({ "name": "Office" })).await.ok();
        assert_eq!(names(&ada.get("/organizations/{acme}/teams").await.ok()), ["Research", "Operations", "Office"]);
        for gone in ["Data", "999999", "%E2%80%AE", "cvg_x"] {
            ada.post(&format!("/organizations/{{acme}}/teams/{gone}/update"), json!({ "name": "X" })).await.refused(404, "team_not_found");
        }
        let refusal = ada.post("/organizations/{acme}/delete-teams/", json!({ "teams": ["Research", "Nobody"] })).await.refused(404, "team_not_found");
        assert!(!refusal.text.contains("Nobody"), "what was sent does not come back: {}", refusal.text);
        ada.post("/organizations/{acme}/delete-teams/", json!({ "teams": ["Research", "Office"] })).await.ok();
        assert_eq!(names(&ada.get("/organizations/{acme}/teams/").await.ok()), ["Operations"]);
    }

    async fn they_open_no_door_of_their_own(world: World) {
        let world = world.with(WORLD).await;
        let (gil, mel) = (world.account("gil"), world.account("mel"));
        let ada = world.account("ada");
        ada.post("/organizations/{acme}/add-teams", json!({ "teams": ["Data"] })).await.is(201);
        for (path, body) in [
            ("/api/app/organizations/{acme}/create-project", json!({ "project_name": "x" })),
            ("/organizations/{acme}/create-projects", json!({ "projectNames": ["x"] })),
            ("/organizations/{acme}/delete-projects", json!({ "projectIds": [world.id("shop")] })),
            ("/organizations/{acme}/add-teams", json!({ "teams": ["x"] })),
            ("/organizations/{acme}/delete-teams", json!({ "teams": ["Data"] })),
            ("/organizations/{acme}/delete-teams", json!({ "teams": ["not there"] })),
            ("/organizations/{acme}/teams/Data/update", json!({ "name": "x" })),
        ] {
            gil.post(path, body.clone()).await.refused(404, "organization_not_found");
            mel.post(path, body.clone()).await.refused(403, "permission_missing");
            send(world.request(Method::POST, path).json(&body)).await.refused(401, "not_authenticated");
            let with_a_cookie = world.request(Method::POST, path).header("cookie", format!("session={}", ada.secret));
            send(with_a_cookie.json(&body)).await.refused(401, "not_authenticated");
        }
        for path in ["/settings/project/{shop}/metadata", "/api/app/projects/{shop}/metadata"] {
            gil.get(path).await.refused(404, "project_not_found");
        }
        post_form(&gil, "/projects/update/{shop}", "name=x").await.refused(404, "project_not_found");
        post_form(&world.account("reader"), "/projects/update/{shop}", "name=x").await.refused(403, "permission_missing");
        gil.get("/organizations/{acme}/projects").await.refused(404, "organization_not_found");
        gil.get("/organizations/{acme}/teams").await.refused(404, "organization_not_found");
        assert_eq!(names(&ada.get("/organizations/{acme}/projects").await.ok()), ["acme main", "shop"]);
    }
}
