//! Creating a service account in the console: the form, what it refuses, and the secret, which is shown once.

use serde_json::{Value, json};

use crate::answer::Answer;
use crate::browser::{Browser, value_of};
use crate::console::is_page;
use crate::world::{Account, World, on_both_stores, send};

const WORLD: &str = "
acme: ada owner, pia@ admin, mel@ member
  shop: exporter admin
    eu: reader consumer
  depot: reader analyst
    cold: reader consumer
globex: gil owner
  forge: gil admin
";

const LIST: &str = "/console/organizations/{acme}/service-accounts";
const NEW: &str = "/console/organizations/{acme}/service-accounts/new";
const SCRIPT: &str = "<script>alert('x')</script>";

/// The secret that a page shows, which is remembered as the world's: nothing that was written may hold it.
pub(crate) fn shown_secret(world: &World, answer: &Answer, name: &str, id: u64) -> Account {
    is_page(answer, 200, "Copy the secret now · acme");
    assert_eq!(answer.header("referrer-policy"), Some("no-referrer"));
    let between = |begin: &str| {
        let rest = answer.text.split(begin).nth(1).unwrap_or_else(|| panic!("no {begin} in {}", answer.text));
        rest.split('<').next().expect("text").to_owned()
    };
    let (username, secret) = (between("<code id=\"u\">"), between("<code class=\"val\" id=\"s\">"));
    assert!(secret.starts_with("cvg_") && secret.len() == 42, "{}", answer.text);
    assert_eq!(answer.text.matches(&secret).count(), 1, "once: {}", answer.text);
    assert!(answer.headers.values().all(|value| !value.to_str().expect("text").contains(&secret)), "{answer:?}");
    world.remember_made(name, &json!({ "id": id, "username": username, "token": secret }))
}

/// The number of the account that a page leads to.
pub(crate) fn led_to(answer: &Answer) -> u64 {
    let rest = answer.text.split("data-once=\"").nth(1).and_then(|rest| rest.split('"').next());
    rest.and_then(|path| path.rsplit('/').next()).and_then(|id| id.parse().ok()).expect("an account's page")
}

/// The form, filled in as far as it must be.
fn filled<'f>(once: &'f str, name: &'f str) -> Vec<(&'f str, &'f str)> {
    vec![("once", once), ("name", name), ("role", "analyst"), ("expires", "never")]
}

#[track_caller]
fn tells(answer: &Answer, status: u16, sentences: &[&str]) {
    is_page(answer, status, "Error: Create a service account · acme");
    assert!(answer.text.contains("Nothing was created."), "{}", answer.text);
    for sentence in sentences {
        // Above the form and at its field.
        let shown = sentence.replace('<', "&#60;").replace('>', "&#62;").replace('\'', "&#39;");
        assert_eq!(answer.text.matches(&*shown).count(), 2, "{sentence}: {}", answer.text);
    }
}

async fn accounts(world: &World) -> i64 {
    world.count("SELECT COUNT(*) FROM principals WHERE kind = 2").await
}

on_both_stores! {
    /// what was asked for is made; the secret is on the answer's page, and on no other; a form that is sent again makes nothing
    async fn an_account_is_made_once_and_its_secret_is_shown_once(world: World) {
        let world = world.with(WORLD).await;
        let browser = Browser::signs_in(&world, "pia").await;
        let list = browser.page(LIST, "Service Accounts · acme").await;
        assert!(list.contains(&format!("<a class=\"btn go\" href=\"{}\">", world.path(NEW))), "{list}");
        browser.page(NEW, "Create a service account · acme").await;
        let once = browser.hidden("once");
        let (shop, depot, cold) = (world.path("/{shop}"), world.path("/{depot}"), world.path("/{cold}"));
        let mut fields = filled(&once, "nightly export");
        fields[3].1 = "90d";
        fields.extend([("project1", &shop[1..]), ("workspace1", ""), ("role1", "admin")]);
        fields.extend([("project2", &depot[1..]), ("workspace2", &cold[1..]), ("role2", "")]);
        fields.extend([("owner", "pia@example.com"), ("description", "Exports at night.")]);
        let answer = browser.submit(LIST, &fields).await;
        let made = shown_secret(&world, &answer, "nightly", led_to(&answer));
        for part in ["nightly_export is ready", "Admin in shop, Analyst in depot, workspace cold. It ends on "] {
            assert!(answer.text.contains(part), "{part}: {}", answer.text);
        }
        assert!(answer.text.contains(&format!("http://{}/api/app/me", world.address())), "{}", answer.text);
        made.get("me").await.ok();
        let shown = world.account("ada").get("organizations/{acme}/service-accounts/{nightly}").await.ok();
        assert_eq!((&shown["description"], &shown["owner"]["id"]), (&json!("Exports at night."), &json!(world.id("pia"))));
        assert!(shown["expires"].as_str().is_some(), "{shown}");
        let grants = world.account("ada").get("organizations/{acme}/service-accounts/{nightly}/grants").await.ok();
        let roles: Vec<&Value> = grants.as_array().unwrap().iter().map(|grant| &grant["role"]).collect();
        assert_eq!(roles.len(), 2, "{grants}");
        // Sent again, as by a second click or by loading the page anew.
        let before = accounts(&world).await;
        let again = browser.submit(LIST, &fields).await;
        assert_eq!((again.status, again.header("location")), (303, Some(&*world.path("/console/organizations/{acme}/service-accounts/{nightly}"))));
        assert_eq!(accounts(&world).await, before);
        let told = browser.page(LIST, "Service Accounts · acme").await;
        assert!(told.contains("nightly_export was created already.") && told.contains("cannot be shown again."), "{told}");
        for page in [again.text, told, browser.page(NEW, "Create a service account · acme").await] {
            assert!(!page.contains(&made.secret) && !page.contains("id=\"s\""), "{page}");
        }
    }

    /// two forms with one token at the same time make one account
    async fn two_clicks_make_one_account(world: World) {
        let world = world.with(WORLD).await;
        let browser = Browser::signs_in(&world, "pia").await;
        browser.page(NEW, "Create a service account · acme").await;
        let once = browser.hidden("once");
        let before = accounts(&world).await;
        let fields = filled(&once, "twice");
        let (one, other) = tokio::join!(browser.submit(LIST, &fields), browser.submit(LIST, &fields));
        let mut told = [one.status, other.status];
        told.sort();
        assert_eq!(told, [200, 303]);
        assert_eq!(accounts(&world).await, before + 1);
        let shown = if one.status == 200 { &one } else { &other };
        shown_secret(&world, shown, "twice", led_to(shown));
        // A token that is none of a form makes nothing.
        for token in ["", "x", &"g".repeat(32)] {
            let refused = browser.submit(LIST, &filled(token, "thrice")).await;
            is_page(&refused, 400, "Not a form of ours");
        }
        assert_eq!(accounts(&world).await, before + 1);
    }

    /// each field tells its own mistake, all of them at once, and what was typed is kept
    async fn each_mistake_is_told_at_its_field(world: World) {
        let world = world.with(WORLD).await;
        let browser = Browser::signs_in(&world, "pia").await;
        browser.page(NEW, "Create a service account · acme").await;
        let once = browser.hidden("once");
        let before = accounts(&world).await;
        let send = async |changed: &[(&'static str, &str)]| {
            let mut fields: Vec<(&str, &str)> = filled(&once, "bot");
            fields.retain(|(name, _)| !changed.iter().any(|(other, _)| other == name));
            fields.extend(changed.iter().copied());
            browser.submit(LIST, &fields).await
        };
        for (changed, sentence) in [
            (&[("name", "nightly/export")][..], "Use letters, digits, spaces and _ - . @ only. “nightly/export” contains a slash."),
            (&[("name", " ")], "Give it a name."),
            (&[("name", SCRIPT)], "Use letters, digits, spaces and _ - . @ only. “<script>alert('x')</script>” contains “<”."),
            (&[("role", "")], "Choose a role."),
            (&[("role", "emperor")], "Choose a role."),
            (&[("expires", "other"), ("unit", "hours")], "Say after how long, or on which date."),
            (&[("expires", "other"), ("date", "2020-01-01")], "That moment has passed."),
            (&[("expires", "other"), ("amount", "x"), ("unit", "days")], "Write the amount as a whole number above 0."),
            (&[("expires", "tomorrow")], "Choose when it ends."),
            (&[("owner", "gil@example.com")], "Nobody in acme has this address, and no team of it this name."),
            (&[("description", "a\u{202e}b")], "This text contains the invisible character U+202E; remove it."),
            (&[("project1", "999999")], "No project with this number in acme."),
            (&[("project1", "x")], "No project with this number in acme."),
        ] {
            let answer = send(changed).await;
            tells(&answer, 400, &[sentence]);
            assert!(answer.text.contains("One thing needs a change."), "{}", answer.text);
            let field = changed[0].0;
            for at_field in [format!("<a href=\"#{field}\">"), format!("id=\"{field}-e\">")] {
                assert!(answer.text.contains(&at_field), "{at_field}: {}", answer.text);
            }
            for (name, value) in changed.iter().filter(|(name, _)| *name == "name" && !value_is_blank(changed)) {
                let kept = value.replace('<', "&#60;").replace('>', "&#62;").replace('\'', "&#39;");
                assert_eq!(value_of(&answer.text, name).as_deref(), Some(&*kept));
            }
        }
        let both = send(&[("name", "a/b"), ("expires", "other"), ("date", "2020-01-01"), ("amount", ""), ("description", "kept all the same")]).await;
        tells(&both, 400, &["That moment has passed."]);
        assert!(both.text.contains("Two things need a change."), "{}", both.text);
        for kept in ["value=\"kept all the same\"", "value=\"2020-01-01\"", "<a href=\"#name\">", "<a href=\"#expires\">"] {
            assert!(both.text.contains(kept), "{kept}: {}", both.text);
        }
        assert_eq!(browser.hidden("once"), once, "it is the same form");
        assert_eq!(accounts(&world).await, before);
        // A secret that is typed where a name goes does not come back.
        let secret = world.account("exporter").secret;
        let answer = send(&[("name", &secret)]).await;
        tells(&answer, 400, &["This looks like a secret. Give it a name, and revoke the secret if others have seen it."]);
        assert!(!answer.text.contains(&secret), "{}", answer.text);
    }

    /// the form gives no role above the creator's own, and nothing of another organization or project
    async fn nothing_is_given_that_is_not_his_to_give(world: World) {
        let world = world.with(WORLD).await;
        let ada = world.account("ada");
        let role = json!({ "name": "Fraud reviewer", "permissions": ["reports:export"] });
        let of_shop = ada.post("projects/{shop}/custom-roles", role).await.created();
        let of_shop = of_shop["role_id"].as_str().expect("an id").to_owned();
        let browser = Browser::signs_in(&world, "pia").await;
        let page = browser.page(&format!("{NEW}?project={}", world.id("shop")), "Create a service account · acme").await;
        assert!(!page.contains("value=\"owner\"") && page.contains("name=\"role\" value=\"admin\""), "{page}");
        assert!(page.contains("Fraud reviewer"), "{page}");
        assert!(!page.contains("forge") && !page.contains("globex"), "{page}");
        let once = browser.hidden("once");
        let before = accounts(&world).await;
        let id = |name: &str| world.id(name).to_string();
        let (shop, depot, forge, eu) = (id("shop"), id("depot"), id("forge"), id("eu"));
        let up_to_admin = "You are Admin of shop, so you can give roles up to Admin there.";
        for (row, status, sentence) in [
            ([(&*shop, "", "owner")], 403, up_to_admin),
            ([(&shop, &eu, "owner")], 403, up_to_admin),
            ([(&forge, "", "consumer")], 400, "No project with this number in acme."),
            ([(&depot, &eu, "consumer")], 400, "No workspace with this number in depot."),
            ([(&depot, "", &of_shop)], 403, "depot has no such role. Choose one of its own."),
            ([(&depot, "", "999999")], 403, "depot has no such role. Choose one of its own."),
            ([(&depot, "", "emperor")], 400, "Choose a role, here or above."),
        ] {
            let [(project, workspace, role)] = row;
            let mut fields = filled(&once, "climber");
            fields.extend([("project1", project), ("workspace1", workspace), ("role1", role)]);
            tells(&browser.submit(LIST, &fields).await, status, &[sentence]);
        }
        // Without a row the role above is given nowhere; with one it is the creator's own at most.
        let mut fields = filled(&once, "climber");
        fields[2].1 = "owner";
        fields.push(("project1", &shop));
        tells(&browser.submit(LIST, &fields).await, 403, &[up_to_admin]);
        assert_eq!(accounts(&world).await, before);
        let mut fields = filled(&once, "reviewer");
        fields.extend([("project1", &*shop), ("role1", &*of_shop)]);
        let answer = browser.submit(LIST, &fields).await;
        assert!(answer.text.contains("Fraud reviewer in shop."), "{}", answer.text);
        shown_secret(&world, &answer, "reviewer", led_to(&answer));
        // Who may not create accounts has neither the form nor its effect.
        let mel = Browser::signs_in(&world, "mel").await;
        let page = mel.get(NEW).await;
        is_page(&page, 403, "Create a service account · acme");
        assert!(page.text.contains("Only owners and admins of acme create its service accounts."), "{}", page.text);
        let refused = mel.submit(LIST, &filled(&once, "mels")).await;
        is_page(&refused, 403, "Create a service account · acme");
        let foreign = browser.get("/console/organizations/{globex}/service-accounts/new").await;
        assert_eq!(foreign.status, 404);
    }

    /// rows come and go, workspaces of what was chosen are there after it, and nothing that was typed is lost
    async fn rows_come_and_go_and_nothing_is_lost(world: World) {
        let world = world.with(WORLD).await;
        let browser = Browser::signs_in(&world, "pia").await;
        let before = accounts(&world).await;
        browser.page(NEW, "Create a service account · acme").await;
        let once = browser.hidden("once");
        let shop = world.id("shop").to_string();
        let mut fields = vec![("once", &*once), ("name", "half/typed"), ("role", "admin"), ("expires", "other"), ("amount", "12"), ("unit", "days")];
        fields.extend([("description", "kept"), ("project1", &shop), ("workspace1", ""), ("role1", "consumer")]);
        let turned = async |button: (&'static str, &str)| {
            let mut fields = fields.clone();
            fields.push(button);
            let answer = browser.submit(LIST, &fields).await;
            is_page(&answer, 200, "Create a service account · acme");
            for kept in ["value=\"half/typed\"", "value=\"admin\" checked", "value=\"12\"", "<option value=\"days\" selected>", "value=\"kept\"", &format!("value=\"{once}\"")] {
                assert!(answer.text.contains(kept), "{kept}: {}", answer.text);
            }
            answer.text
        };
        let added = turned(("add", "1")).await;
        assert_eq!((added.matches("<li>\n").count(), added.contains("id=\"project2\"")), (2, true), "{added}");
        // One goes on in the new row, and what is not typed yet keeps nobody from adding it.
        assert!(added.contains("id=\"project2\" name=\"project2\" autofocus>") && added.matches(" autofocus").count() == 1, "{added}");
        for button in ["name=\"add\" value=\"1\" formnovalidate", "name=\"look\" value=\"1\" formnovalidate", "name=\"remove\" value=\"1\" formnovalidate"] {
            assert!(added.contains(button), "{button}: {added}");
        }
        assert!(added.contains(&format!("<option value=\"{shop}\" selected>shop</option>")), "{added}");
        assert!(added.contains(&format!("<option value=\"{}\">eu</option>", world.id("eu"))), "{added}");
        assert!(!added.contains(">cold<") && added.contains("aria-label=\"Remove shop\""), "{added}");
        let removed = turned(("remove", "1")).await;
        assert!(!removed.contains("id=\"project1\""), "{removed}");
        let looked = turned(("look", "1")).await;
        assert!(looked.contains(">eu<") && looked.contains("<option value=\"consumer\" selected>"), "{looked}");
        // One project twice, with two roles, is told; with one it is once.
        fields[1].1 = "twice";
        fields.extend([("project2", &*shop), ("role2", "admin")]);
        tells(&browser.submit(LIST, &fields).await, 400, &["shop is there twice, with two roles. Remove one."]);
        assert_eq!(accounts(&world).await, before);
    }

    /// an address fills the form in, and makes nothing
    async fn a_link_fills_the_form_in(world: World) {
        let world = world.with(WORLD).await;
        let browser = Browser::signs_in(&world, "pia").await;
        let path = format!("{NEW}?name=nightly-export&role=analyst&project={}:admin&expires=45d", world.id("shop"));
        let page = browser.page(&path, "Create a service account · acme").await;
        for part in [
            "value=\"nightly-export\"",
            "name=\"role\" value=\"analyst\" checked",
            &format!("<option value=\"{}\" selected>shop</option>", world.id("shop")),
            "<option value=\"admin\" selected>Admin</option>",
            "value=\"other\" checked",
            "value=\"45\"",
            &format!("claviger service-account create nightly-export --organization {} --project {}:admin --expires-in 45d</code>", world.id("acme"), world.id("shop")),
        ] {
            assert!(page.contains(part), "{part}: {page}");
        }
        let odd = browser.page(&format!("{NEW}?name=%3Cscript%3Ealert(%27x%27)%3C/script%3E&role=emperor&project=x&expires=%22"), "Create a service account · acme").await;
        assert!(odd.contains("&#60;script&#62;alert(&#39;x&#39;)") && odd.contains("value=\"never\" checked"), "{odd}");
    }

    /// the organization's rules narrow the choices, and are told
    async fn the_rules_of_the_organization_are_told(world: World) {
        let world = world.with(WORLD).await;
        let policy = json!({ "secret_lifetime_max": 365 * 86_400, "name_pattern": "[a-z]+-[a-z-]+" });
        world.account("ada").patch("organizations/{acme}/policy", policy).await.ok();
        let browser = Browser::signs_in(&world, "pia").await;
        let page = browser.page(NEW, "Create a service account · acme").await;
        assert!(page.contains("The rules of acme allow at most 365 days.") && !page.contains("value=\"never\""), "{page}");
        assert!(page.contains("value=\"1y\" checked"), "{page}");
        let once = browser.hidden("once");
        let before = accounts(&world).await;
        let answer = browser.submit(LIST, &filled(&once, "bot")).await;
        is_page(&answer, 400, "Error: Create a service account · acme");
        assert!(answer.text.contains("Two things need a change."), "{}", answer.text);
        for told in ["The rules of acme ask for names like [a-z]+-[a-z-]+.", "The rules of acme allow at most 365 days. The latest date is "] {
            assert!(answer.text.contains(told), "{told}: {}", answer.text);
        }
        let mut late = filled(&once, "nightly-export");
        late[3].1 = "other";
        late.extend([("amount", "13"), ("unit", "months")]);
        let answer = browser.submit(LIST, &late).await;
        assert!(answer.text.contains("The rules of acme allow at most 365 days. The latest date is "), "{}", answer.text);
        assert_eq!(accounts(&world).await, before);
        late[4] = ("amount", "1");
        let answer = browser.submit(LIST, &late).await;
        shown_secret(&world, &answer, "bounded", led_to(&answer));
    }

    /// with thousands of projects the page holds none of them; they are searched for, with and without a script
    async fn thousands_of_projects_are_searched_for(world: World) {
        let world = world.with("acme: ada owner, pia@ admin").await;
        let ada = world.account("ada");
        for begin in (0..2_000).step_by(20) {
            let made = (begin..begin + 20).map(|number| {
                let ada = ada.clone();
                tokio::spawn(async move { ada.post("organizations/{acme}/projects", json!({ "name": format!("Branch {number:04}") })).await.created() })
            });
            for made in made.collect::<Vec<_>>() {
                made.await.unwrap();
            }
        }
        let browser = Browser::signs_in(&world, "pia").await;
        let page = browser.page(NEW, "Create a service account · acme").await;
        assert!(page.len() < 50_000, "{}", page.len());
        assert!(page.contains("name=\"search_project1\"") && !page.contains("Branch 1500"), "{page}");
        let once = browser.hidden("once");
        let mut fields = filled(&once, "finder");
        fields.extend([("search_project1", "1234"), ("role1", ""), ("find", "project1")]);
        let found = browser.submit(LIST, &fields).await;
        is_page(&found, 200, "Create a service account · acme");
        assert!(found.text.contains("1 project found.") && found.text.contains("<span>Branch 1234</span>"), "{}", found.text);
        fields[4].1 = "branch";
        let found = browser.submit(LIST, &fields).await;
        assert!(found.text.contains("2,000 projects found; the first 20 are shown.") && found.text.len() < 50_000, "{}", found.text);
        let id = value_of(&found.text.replace("type=\"radio\" ", ""), "project1").expect("a match");
        fields.retain(|(name, _)| *name != "find");
        tells(&browser.submit(LIST, &fields).await, 400, &["Choose one of the projects found."]);
        fields.extend([("project1", &*id), ("add", "1")]);
        let chosen = browser.submit(LIST, &fields).await;
        assert!(chosen.text.contains(&format!("<option value=\"{id}\" selected>Branch 0000</option>")), "{}", chosen.text);
        fields.retain(|(name, _)| *name != "add");
        let answer = browser.submit(LIST, &fields).await;
        assert!(answer.text.contains("Analyst in Branch 0000."), "{}", answer.text);
        shown_secret(&world, &answer, "finder", led_to(&answer));
        let names = browser.get(&format!("{NEW}/projects?search=branch+19")).await;
        assert_eq!((names.status, names.body.as_array().map(Vec::len)), (200, Some(50)), "{}", names.text);
        assert_eq!(names.body[0], json!("Branch 1900"));
    }

    /// a project's workspaces are searched for as well, where they are many
    async fn many_workspaces_are_searched_for(world: World) {
        let world = world.with("acme: ada owner, pia@ admin\n  shop:").await;
        let ada = world.account("ada");
        for number in 0..51 {
            ada.post("projects/{shop}/workspaces", json!({ "name": format!("Region {number:02}") })).await.created();
        }
        let browser = Browser::signs_in(&world, "pia").await;
        let shop = world.id("shop").to_string();
        let page = browser.page(&format!("{NEW}?project={shop}"), "Create a service account · acme").await;
        assert!(page.contains("name=\"search_workspace1\"") && !page.contains("Region 07"), "{page}");
        let once = browser.hidden("once");
        let mut fields = filled(&once, "regional");
        fields.extend([("search_workspace1", "gion 07"), ("project1", &*shop), ("find", "workspace1")]);
        let found = browser.submit(LIST, &fields).await;
        assert!(found.text.contains("1 workspace found.") && found.text.contains("<span>Region 07</span>"), "{}", found.text);
        fields.pop();
        tells(&browser.submit(LIST, &fields).await, 400, &["Choose one of the workspaces found."]);
        fields[4].1 = "region 07";
        let answer = browser.submit(LIST, &fields).await;
        assert!(answer.text.contains("Analyst in shop, workspace Region 07."), "{}", answer.text);
        shown_secret(&world, &answer, "regional", led_to(&answer));
    }

    /// whatever projects, workspaces and roles are called, it is text
    async fn names_are_text(world: World) {
        let world = world.with("acme: ada owner, pia@ admin").await;
        let ada = world.account("ada");
        let project = ada.post("organizations/{acme}/projects", json!({ "name": SCRIPT })).await.created();
        let id = project["id"].to_string();
        let workspace = ada.post(&format!("projects/{id}/workspaces"), json!({ "name": SCRIPT })).await.created();
        let workspace = workspace["id"].to_string();
        ada.post(&format!("projects/{id}/custom-roles"), json!({ "name": SCRIPT, "permissions": ["data:read"] })).await.created();
        let browser = Browser::signs_in(&world, "pia").await;
        let page = browser.page(&format!("{NEW}?project={id}"), "Create a service account · acme").await;
        assert!(page.matches("&#60;script&#62;alert(&#39;x&#39;)&#60;/script&#62;").count() > 3, "{page}");
        let once = browser.hidden("once");
        let mut fields = filled(&once, "texter");
        fields.extend([("project1", &*id), ("workspace1", &*workspace)]);
        let answer = browser.submit(LIST, &fields).await;
        assert!(answer.text.contains("Analyst in &#60;script&#62;"), "{}", answer.text);
        shown_secret(&world, &answer, "texter", led_to(&answer));
    }

    /// who was signed out while typing finds what he typed after signing in, and it is created once he says so
    async fn what_was_typed_outlives_the_session(world: World) {
        let world = world.with(WORLD).await;
        let browser = Browser::signs_in(&world, "pia").await;
        browser.page(NEW, "Create a service account · acme").await;
        let once = browser.hidden("once");
        let before = accounts(&world).await;
        // Another window of his signs out.
        let cookie = format!("claviger={}", browser.session());
        let out = world.request(reqwest::Method::POST, "/console/sign-out").header("cookie", cookie);
        let out = out.header("sec-fetch-site", "same-origin").form(&[("form_token", browser.hidden("form_token"))]);
        assert_eq!(send(out).await.status, 303);
        let mut fields = filled(&once, "typed-before");
        fields.push(("description", "a long text"));
        let kept = browser.submit(LIST, &fields).await;
        is_page(&kept, 403, "Sign in");
        assert!(kept.text.contains("What you typed is kept on this page."), "{}", kept.text);
        assert_eq!(accounts(&world).await, before);
        let (password, to, kept) = (world.password_of("pia"), browser.hidden("return_to"), browser.hidden("kept"));
        let (kept, seal) = (kept.replace("&#38;", "&").replace("&amp;", "&"), browser.hidden("kept_seal"));
        let back = [("email", "pia@example.com"), ("password", &*password), ("return_to", &to), ("kept", &kept), ("kept_seal", &seal)];
        let again = browser.submit("/console/sign-in", &back).await;
        is_page(&again, 200, "Send it again");
        for typed in ["typed-before", "a long text"] {
            assert!(again.text.contains(&format!("value=\"{typed}\"")), "{typed}: {}", again.text);
        }
        assert_eq!(accounts(&world).await, before);
        let answer = browser.submit(&to, &fields).await;
        shown_secret(&world, &answer, "typed-before", led_to(&answer));
        assert_eq!(accounts(&world).await, before + 1);
    }
}

fn value_is_blank(changed: &[(&str, &str)]) -> bool {
    changed.iter().any(|(_, value)| value.trim().is_empty())
}
