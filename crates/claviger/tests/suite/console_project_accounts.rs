//! The Service Accounts page of a project: who reaches it and through what, and what is done there.

use serde_json::json;

use crate::answer::Answer;
use crate::browser::Browser;
use crate::console::is_page;
use crate::world::on_both_stores;

const WORLD: &str = "
acme: ada owner, pia@ admin, mel@ member, bot admin
  shop: exporter admin, reader analyst, dan@ admin, con@ consumer, ana@ analyst
    eu: visitor consumer
  lab: exporter consumer, lea@ admin
  den: exporter consumer
globex: gil owner, gus@ admin
  far: stranger analyst
";

const LIST: &str = "/console/projects/{shop}/service-accounts";

const TITLE: &str = "Service Accounts · shop";

/// The row of an account.
#[track_caller]
pub(crate) fn row(page: &str, id: u64) -> &str {
    let begin = page.find(&format!("id=\"a{id}\"")).unwrap_or_else(|| panic!("no row {id} in {page}"));
    page[begin..].split("</tr>").next().expect("a row")
}

pub(crate) fn has_row(page: &str, id: u64) -> bool {
    page.contains(&format!("id=\"a{id}\""))
}

#[track_caller]
pub(crate) fn says(page: &str, text: &str) {
    assert!(page.contains(text), "{text} is not in {page}");
}

/// The largest number of entries that a select on the page holds.
pub(crate) fn longest_select(page: &str) -> usize {
    page.split("<select")
        .skip(1)
        .map(|rest| rest.split("</select>").next().unwrap_or("").matches("<option").count())
        .max()
        .unwrap_or(0)
}

#[track_caller]
pub(crate) fn is_refused(answer: &Answer, status: u16, said: &str) {
    assert_eq!(answer.status, status, "{}", answer.text);
    says(&answer.text, said);
}

on_both_stores! {
    /// everybody who reaches the project is listed with what gives it, and with what can be done about it here
    async fn a_row_says_through_what_and_offers_what_may_be_done(world: World) {
        let world = world.with(WORLD).await;
        let ada = world.account("ada");
        let team = ada.post("organizations/{acme}/teams", json!({ "name": "Data platform" })).await.created()["id"].as_u64().unwrap();
        world.name("team", team);
        let taxi = ada.make("organizations/{acme}/service-accounts", json!({ "username": "taxi" })).await;
        ada.post("organizations/{acme}/teams/{team}/add-members", json!({ "user_ids": [taxi.id] })).await.ok();
        ada.put("projects/{shop}/teams/{team}", json!({ "role": "analyst" })).await.ok();
        let browser = Browser::signs_in(&world, "pia").await;
        let page = browser.page(LIST, TITLE).await;
        says(&page, "Removing one here takes away this project only; it keeps its access elsewhere.");
        for (name, role, through, may) in [
            ("exporter", "Admin", "Granted directly", true),
            ("reader", "Analyst", "Granted directly", true),
            ("visitor", "Consumer", "Workspace eu only", true),
            ("bot", "Admin", "Organization role Admin", false),
            ("ada", "Owner", "Organization role Owner", false),
        ] {
            let row = row(&page, world.id(name));
            says(row, &format!(">{role}</span>"));
            says(row, &format!("<span class=\"sub\">{through}</span>"));
            assert_eq!((row.contains(">Remove<"), row.contains(">Change role<")), (may, may), "{name}: {row}");
        }
        says(row(&page, world.id("bot")), &format!("<a class=\"btn s bare\" href=\"/console/organizations/{}/service-accounts/{}\">Open account", world.id("acme"), world.id("bot")));
        assert!(!has_row(&page, world.id("stranger")) && !page.contains("stranger") && !page.contains("globex"));
        let by_team = browser.page("/console/projects/{shop}/service-accounts?through=team", TITLE).await;
        assert_eq!(has_row(&by_team, taxi.id), page.contains("Team Data platform"), "{by_team}");
        assert!(!has_row(&by_team, world.id("reader")));
        let found = browser.page("/console/projects/{shop}/service-accounts?search=READ", TITLE).await;
        assert!(has_row(&found, world.id("reader")) && !has_row(&found, world.id("exporter")));
        let none = browser.page("/console/projects/{shop}/service-accounts?search=nigtly", TITLE).await;
        says(&none, "No service account matches “nigtly”");
        let eu = browser.page("/console/projects/{shop}/service-accounts?workspace={eu}", TITLE).await;
        says(row(&eu, world.id("exporter")), "Granted on the whole project");
        assert!(row(&eu, world.id("visitor")).contains(">Remove<") && !row(&eu, world.id("exporter")).contains(">Remove<"));
        assert_eq!(browser.get("/console/projects/{shop}/service-accounts?workspace={lab all}").await.status, 404);
    }

    /// default access reaches every account of the organization, and is changed where it is set
    async fn default_access_and_teams_lead_to_where_they_are_changed(world: World) {
        let world = world.with(WORLD).await;
        let ada = world.account("ada");
        let team = ada.post("organizations/{acme}/teams", json!({ "name": "Data" })).await.created()["id"].as_u64().unwrap();
        world.name("team", team);
        ada.put("projects/{lab}/teams/{team}", json!({ "role": "analyst" })).await.ok();
        let visitor = world.id("visitor");
        ada.post("organizations/{acme}/teams/{team}/add-members", json!({ "user_ids": [visitor] })).await.ok();
        ada.put("projects/{lab}/default-access", json!({ "role": "consumer" })).await.ok();
        let browser = Browser::signs_in(&world, "pia").await;
        let page = browser.page("/console/projects/{lab}/service-accounts", "Service Accounts · lab").await;
        let reader = row(&page, world.id("reader"));
        says(reader, "Everyone in acme");
        says(reader, "/overview#default-access\">Default access");
        says(row(&page, visitor), &format!("/console/organizations/{}/teams/{team}\">Open team", world.id("acme")));
        let fields = [("id", &*visitor.to_string()), ("role", "consumer")];
        let given = browser.submit_to("/console/projects/{lab}/service-accounts/add", &fields, "Service Accounts · lab").await;
        says(&given, "visitor is Consumer of lab now.");
        says(&given, "It still reaches lab as Analyst, through team Data.");
        // It is granted there as well as open to everyone: both are told.
        says(row(&page, world.id("exporter")), "Granted directly");
        let removed = browser.submit_to("/console/projects/{lab}/service-accounts/{exporter}/remove", &[], "Service Accounts · lab").await;
        says(&removed, "It still reaches lab as Consumer, like everyone in acme.");
    }

    /// removing takes this project away and no other, at once
    async fn removing_takes_this_project_only(world: World) {
        let world = world.with(WORLD).await;
        let exporter = world.account("exporter");
        let browser = Browser::signs_in(&world, "pia").await;
        browser.page(LIST, TITLE).await;
        let page = browser.submit_to("/console/projects/{shop}/service-accounts/{exporter}/remove", &[], TITLE).await;
        says(&page, "exporter no longer reaches shop.");
        says(&page, "It keeps 2 other projects.");
        assert!(!has_row(&page, exporter.id));
        let me = exporter.get("me").await.ok();
        let mut kept = [world.id("lab").to_string(), world.id("den").to_string()];
        kept.sort();
        assert_eq!(me["projects"].as_object().unwrap().keys().collect::<Vec<_>>(), kept.iter().collect::<Vec<_>>());
        // Once more is fine, and says the same; the notice is told once.
        let again = browser.submit_to("/console/projects/{shop}/service-accounts/{exporter}/remove", &[], TITLE).await;
        says(&again, "exporter no longer reaches shop.");
        assert!(!browser.page(LIST, TITLE).await.contains("no longer reaches"));
        // Of a workspace alone.
        browser.page("/console/projects/{shop}/service-accounts?workspace={eu}", TITLE).await;
        let number = world.id("eu").to_string();
        let page = browser.submit_to("/console/projects/{shop}/service-accounts/{visitor}/remove", &[("workspace", &number)], TITLE).await;
        says(&page, "visitor no longer reaches eu of shop.");
        says(&page, "It keeps no other project.");
        assert_eq!(world.account("visitor").get("me").await.ok()["workspaces"], json!({}));
    }

    /// a role is changed on the row, and holds at once; what is higher by another way is told
    async fn a_role_is_changed_on_its_row(world: World) {
        let world = world.with(WORLD).await;
        let reader = world.account("reader");
        let browser = Browser::signs_in(&world, "dan").await;
        let page = browser.page("/console/projects/{shop}/service-accounts?edit={reader}", TITLE).await;
        let edited = row(&page, reader.id);
        says(edited, "<option value=\"analyst\" selected>Analyst</option>");
        assert!(!edited.contains("value=\"owner\""), "roles are given up to his own: {edited}");
        assert_eq!(page.matches("name=\"role\"").count(), 1, "{page}");
        assert!(!page.contains("claviger service-account grant"), "a list shows no command for a row that nobody chose: {page}");
        let page = browser.submit_to("/console/projects/{shop}/service-accounts/{reader}/role", &[("role", "consumer")], TITLE).await;
        says(&page, "reader is Consumer of shop now.");
        says(&page, "Every request is decided so as of ");
        assert_eq!(reader.get("projects/{shop}").await.ok()["role"], "consumer");
        let eu = world.id("eu").to_string();
        browser.submit_to("/console/projects/{shop}/service-accounts/{visitor}/role", &[("role", "analyst"), ("on", &eu)], TITLE).await;
        assert_eq!(world.account("visitor").get("projects/{shop}/workspaces/{eu}").await.ok()["role"], "analyst");
        for (role, status, said) in [
            ("owner", 403, "You are Admin of shop, so you can give roles up to Admin there."),
            ("root", 400, "Choose a role."),
            ("9007199254740991", 404, "No role with this number in shop."),
        ] {
            is_refused(&browser.submit("/console/projects/{shop}/service-accounts/{reader}/role", &[("role", role)]).await, status, said);
        }
        assert_eq!(reader.get("projects/{shop}").await.ok()["role"], "consumer");
    }

    /// what holds more than who looks is neither changed nor removed by him
    async fn an_account_above_ones_own_role_is_not_touched(world: World) {
        let world = world.with(WORLD).await;
        let ada = world.account("ada");
        let projects = json!([{ "id": world.id("shop"), "role": "owner" }]);
        let boss = ada.make("organizations/{acme}/service-accounts", json!({ "username": "boss", "projects": projects })).await;
        let browser = Browser::signs_in(&world, "dan").await;
        let page = browser.page(&format!("{LIST}?edit={}", boss.id), TITLE).await;
        let shown = row(&page, boss.id);
        assert!(!["Remove", "Change role", "<select"].iter().any(|offer| shown.contains(offer)), "{shown}");
        for (deed, fields) in [("remove", vec![]), ("role", vec![("role", "consumer")])] {
            let answer = browser.submit(&format!("{LIST}/{{boss}}/{deed}"), &fields).await;
            is_refused(&answer, 403, "boss is Owner of shop, which is above your own role there.");
        }
        assert_eq!(boss.get("projects/{shop}").await.ok()["role"], "owner");
    }

    /// who may not has no page, no button and no route; what is another organization's is not there
    async fn others_have_no_page_and_no_route(world: World) {
        let world = world.with(WORLD).await;
        for (name, status) in [("con", 403), ("ana", 403), ("lea", 403), ("mel", 403), ("gus", 404)] {
            let browser = Browser::signs_in(&world, name).await;
            let page = browser.get(LIST).await;
            assert_eq!(page.status, status, "{name}: {}", page.text);
            assert!(!page.text.contains("exporter") && !page.text.contains("Change role"), "{name}: {}", page.text);
            if status == 403 {
                says(&page.text, "Only owners and admins of shop see its service accounts.");
            }
            for path in ["add?search=exporter", "new"] {
                assert_eq!(browser.get(&format!("{LIST}/{path}")).await.status, status, "{name} {path}");
            }
            for (path, fields) in [
                ("/{exporter}/remove", vec![]),
                ("/{reader}/role", vec![("role", "consumer")]),
                ("/add", vec![("id", "1"), ("role", "consumer")]),
                ("", vec![("name", "mine"), ("expires", "never"), ("once", "0123456789abcdef0123456789abcdef")]),
            ] {
                let answer = browser.submit(&format!("{LIST}{path}"), &fields).await;
                assert_eq!(answer.status, status, "{name} {path}: {}", answer.text);
            }
        }
        let browser = Browser::signs_in(&world, "dan").await;
        browser.page(LIST, TITLE).await;
        let foreign = world.id("stranger").to_string();
        for (path, fields) in [
            ("/{stranger}/remove", vec![]),
            ("/{stranger}/role", vec![("role", "consumer")]),
            ("/add", vec![("id", &*foreign), ("role", "consumer")]),
        ] {
            is_refused(&browser.submit(&format!("{LIST}{path}"), &fields).await, 404, "No service account with this number in acme.");
        }
        let none = browser.page(&format!("{LIST}/add?search={}", world.account("stranger").username), "Add a service account · shop").await;
        assert!(!none.contains("name=\"id\""), "{none}");
        assert_eq!(world.account("exporter").get("projects/{shop}").await.ok()["role"], "admin");
        assert_eq!(world.account("reader").get("projects/{shop}").await.ok()["role"], "analyst");
    }

    /// an account of the organization is found and added with a role; who manages this project alone must know its name
    async fn an_existing_account_is_added(world: World) {
        let world = world.with(WORLD).await;
        let ada = world.account("ada");
        let (spare, other) = (
            ada.make("organizations/{acme}/service-accounts", json!({ "username": "spare" })).await,
            ada.make("organizations/{acme}/service-accounts", json!({ "username": "spare-two" })).await,
        );
        let title = "Add a service account · shop";
        let browser = Browser::signs_in(&world, "pia").await;
        let page = browser.page(&format!("{LIST}/add?search=SPARE"), title).await;
        assert_eq!(page.matches("name=\"id\"").count(), 2, "{page}");
        is_page(&browser.submit(&format!("{LIST}/add"), &[("find", "spare")]).await, 400, "Error: Add a service account · shop");
        let (id, eu) = (spare.id.to_string(), world.id("eu").to_string());
        let page = browser.submit_to(&format!("{LIST}/add"), &[("id", &id), ("role", "analyst")], TITLE).await;
        says(&page, "spare is Analyst of shop now.");
        assert_eq!(spare.get("projects/{shop}").await.ok()["role"], "analyst");
        let again = browser.page(&format!("{LIST}/add?search=spare."), title).await;
        says(&again, "already Analyst, granted directly");
        // A project's admin is shown no account that he does not name.
        let browser = Browser::signs_in(&world, "dan").await;
        let page = browser.page(&format!("{LIST}/add?search=spare"), title).await;
        assert!(!page.contains("name=\"id\"") && !page.contains("spare-two"), "{page}");
        says(&page, "No service account of acme is called “spare”");
        let page = browser.page(&format!("{LIST}/add?search={}", other.username), title).await;
        assert_eq!(page.matches("name=\"id\"").count(), 1, "{page}");
        let fields = [("id", &*other.id.to_string()), ("role", "consumer"), ("workspace", &eu)];
        browser.submit_to(&format!("{LIST}/add"), &fields, TITLE).await;
        let me = other.get("me").await.ok();
        assert_eq!(me["workspaces"][&eu]["role"], "consumer");
        assert_eq!(me["workspaces"].as_object().unwrap().len(), 1);
    }

    /// an account that is made here is admin of this project and of nothing else; its secret is shown once
    async fn an_account_is_made_and_its_secret_shown_once(world: World) {
        let world = world.with(WORLD).await;
        let browser = Browser::signs_in(&world, "dan").await;
        let list = browser.page(LIST, TITLE).await;
        says(&list, "Creating one from here makes it Admin of shop.");
        let form = browser.page(&format!("{LIST}/new"), "Create service account · shop").await;
        says(&form, "Creating one from here makes it Admin of shop.");
        says(&form, &format!("claviger service-account create NAME --organization {} --project {}:admin</pre>", world.id("acme"), world.id("shop")));
        for (name, expires, date, said) in [
            ("nightly/export", "never", "", "“nightly/export” contains a slash."),
            ("", "never", "", "Give it a name."),
            ("fine", "other", "", "Say after how long, or on which date."),
            ("fine", "other", "2001-01-01", "That moment has passed."),
            ("\"><script>alert(1)</script>", "never", "", "&#60;script&#62;"),
        ] {
            let once = browser.hidden("once");
            let answer = browser.submit(LIST, &[("once", &once), ("name", name), ("expires", expires), ("date", date)]).await;
            is_page(&answer, 400, "Error: Create service account · shop");
            says(&answer.text, "Nothing was created. One thing needs a change.");
            says(&answer.text, said);
        }
        let once = browser.hidden("once");
        // The same choices as in the organization's form.
        says(&form, "Hours, days, months, a date");
        let fields = [("once", &*once), ("name", "nightly"), ("expires", "other"), ("amount", "12"), ("unit", "hours")];
        let made = browser.submit(LIST, &fields).await;
        assert_eq!(made.status, 200, "{}", made.text);
        says(&made.text, "nightly is ready");
        // He cannot open its page: neither the box nor the way on points there.
        says(&made.text, "If it is lost, ask an owner or admin of acme to rotate it.");
        says(&made.text, &format!("<a class=\"btn\" data-kept href=\"{}\">I have stored it</a>", world.path(LIST)));
        let after = |mark: &str| made.text.split(mark).nth(1).and_then(|rest| rest.split('<').next()).expect(mark).to_owned();
        let (username, secret) = (after("id=\"u\">"), after("id=\"s\">"));
        let id = world.node().cluster.directory().unwrap().service_account_named(&username).expect("it").id().number();
        let nightly = world.remember_made("nightly", &json!({ "id": id, "username": username, "token": secret }));
        let me = nightly.get("me").await.ok();
        assert_eq!(me["projects"].as_object().unwrap().keys().collect::<Vec<_>>(), [&world.id("shop").to_string()]);
        assert_eq!(me["projects"][world.id("shop").to_string()]["role"], "admin");
        assert_eq!(me["organizations"][world.id("acme").to_string()]["role"], "member");
        // Sent again it makes nothing, and shows nothing.
        let page = browser.submit_to(LIST, &fields, TITLE).await;
        says(&page, "nightly was created already.");
        assert!(!page.contains(&secret) && page.matches("<b>nightly</b>").count() == 1, "{page}");
    }

    /// where the organization reserves making accounts, a project's admin has no button and no form
    async fn a_policy_closes_creation_to_project_admins(world: World) {
        let world = world.with(WORLD).await;
        let ada = world.account("ada");
        ada.patch("organizations/{acme}/policy", json!({ "project_admins_create": false })).await.ok();
        let browser = Browser::signs_in(&world, "dan").await;
        let page = browser.page(LIST, TITLE).await;
        assert!(!page.contains("Create service account"), "{page}");
        assert_eq!(browser.get(&format!("{LIST}/new")).await.status, 403);
        let fields = [("once", "0123456789abcdef0123456789abcdef"), ("name", "nightly"), ("expires", "never")];
        assert_eq!(browser.submit(LIST, &fields).await.status, 403);
        let browser = Browser::signs_in(&world, "pia").await;
        says(&browser.page(LIST, TITLE).await, "Create service account");
    }

    /// however many there are, a page stays small, each is on one page, and no select lists them
    async fn many_accounts_stay_readable(world: World) {
        let world = world.with(WORLD).await;
        let ada = world.account("ada");
        let mut many = tokio::task::JoinSet::new();
        for number in 0..120 {
            let (ada, projects) = (ada.clone(), json!([{ "id": world.id("shop"), "role": "analyst" }]));
            many.spawn(async move {
                let body = json!({ "username": format!("many-{number}-{}", "x".repeat(100)), "projects": projects });
                ada.post("organizations/{acme}/service-accounts", body).await.created()
            });
            if many.len() == 40 {
                world.remember_made("many", &many.join_next().await.unwrap().unwrap());
            }
        }
        while let Some(made) = many.join_next().await {
            world.remember_made("many", &made.unwrap());
        }
        let browser = Browser::signs_in(&world, "pia").await;
        let (mut path, mut seen, mut pages) = (LIST.to_owned(), std::collections::BTreeSet::new(), 0);
        loop {
            let page = browser.page(&path, TITLE).await;
            assert!(page.len() < 50_000, "{} bytes", page.len());
            assert!(longest_select(&page) <= 50);
            seen.extend(page.split("<tr role=\"row\" id=\"a").skip(1).map(|rest| rest.split('"').next().unwrap().to_owned()));
            pages += 1;
            match page.split("\">Next 25</a>").next().filter(|before| before.len() < page.len()) {
                Some(before) => path = before.rsplit("href=\"").next().unwrap().replace("&#38;", "&"),
                None => break,
            }
        }
        assert_eq!((seen.len(), pages), (125, 5));
        let page = browser.page(&format!("{LIST}/add?search=many"), "Add a service account · shop").await;
        assert!(page.len() < 50_000 && page.matches("name=\"id\"").count() == 25 && longest_select(&page) <= 50, "{page}");
    }
}
