//! The first owner who is a person: what his link opens, once, and what opens nothing.

use claviger::store::writing::Origin;
use claviger::writer::Request;
use claviger_access::Caller;
use claviger_access::administration::set_up;
use claviger_access::identity::OrganizationId;
use reqwest::{Method, RequestBuilder};
use serde_json::json;

use crate::answer::Answer;
use crate::console::{form, is_page, set_cookie, shown};
use crate::console_sessions::{ACCOUNTS, form_token, get};
use crate::world::{World, email, on_both_stores, send};

const WORLD: &str = "
acme: ada owner, mel@ member
globex: gil owner
";

const PASSWORD: &str = "the first owner chose this one";

/// A new link for the organization of that name: its path.
async fn link(world: &World, organization: &str) -> String {
    let organization = OrganizationId::new(world.id(organization)).expect("an id");
    let request =
        Request { origin: Origin { request_id: "set-up".into(), address: None }, organization: None, weight: 1 };
    let decide =
        move |draft: &_, moment, random| set_up::make_link(draft, &Caller::Operator, organization, moment, random);
    let token = world.node().writer.perform(request, decide).await.expect("a link");
    world.remember_session(token.reveal());
    format!("/console/setup/{}", token.reveal())
}

/// What a browser has after it was shown the page.
struct Opened {
    cookie: String,
    token: String,
}

async fn opens(world: &World, link: &str) -> Opened {
    let page = send(world.request(Method::GET, link)).await;
    is_page(&page, 200, "First owner");
    let (cookie, _) = set_cookie(&page, "claviger-form").expect("a cookie");
    Opened { cookie: cookie.to_owned(), token: form_token(&page) }
}

/// The form, as the page sends it.
fn filled(world: &World, link: &str, opened: &Opened, name: &str, email: &str, password: &str) -> RequestBuilder {
    let escaped = |text: &str| text.replace('@', "%40").replace(' ', "+");
    let token = &opened.token;
    let body =
        format!("form_token={token}&name={}&email={}&password={}", escaped(name), escaped(email), escaped(password));
    let request = world.request(Method::POST, link).header("content-type", "application/x-www-form-urlencoded");
    request
        .header("cookie", format!("claviger-form={}", opened.cookie))
        .header("sec-fetch-site", "same-origin")
        .body(body)
}

#[track_caller]
fn opens_nothing(answer: &Answer) {
    is_page(answer, 404, "Link not valid");
    assert!(answer.text.contains("This link opens nothing.") && answer.text.contains("SIGUSR1"), "{}", answer.text);
}

on_both_stores! {
    /// looked at as often as one likes, by whatever program, it opens once; then he is owner and signed in
    async fn a_link_makes_the_first_owner(world: World) {
        let world = world.with(WORLD).await;
        let link = link(&world, "acme").await;
        let opened = opens(&world, &link).await;
        for method in [Method::GET, Method::HEAD, Method::GET] {
            let looked = send(world.request(method, &link)).await;
            assert_eq!((looked.status, looked.header("referrer-policy")), (200, Some("strict-origin")), "its address goes nowhere");
            assert!(!looked.text.contains(link.rsplit('/').next().unwrap()), "{}", looked.text);
        }
        world.restart().await;
        let made = send(filled(&world, &link, &opened, "Pia Noor", "Pia@Example.com", PASSWORD)).await;
        assert_eq!((made.status, made.header("location")), (303, Some("/console")), "{}", made.text);
        let (session, attributes) = set_cookie(&made, "claviger").expect("a session");
        assert_eq!(attributes, "Path=/; Max-Age=129600; HttpOnly; SameSite=Lax");
        world.remember_session(session);
        assert_eq!(set_cookie(&made, "claviger-form").expect("deleted").0, "");
        let home = get(&world, session, ACCOUNTS).await;
        is_page(&home, 200, "Service Accounts · acme");
        assert!(home.text.contains("Owner of acme") && home.text.contains("pia@example.com"), "{}", home.text);

        opens_nothing(&send(world.request(Method::GET, &link)).await);
        opens_nothing(&send(filled(&world, &link, &opened, "Mallory", "mallory@example.com", PASSWORD)).await);
        let ours = shown(&world).await;
        assert_eq!(send(form(&world, &ours, "pia@example.com", PASSWORD)).await.status, 303, "she signs in with it");

        let events = world.account("ada").get("organizations/{acme}/audit-log?limit=10").await.ok();
        let told = |event: &serde_json::Value| (event["action"].as_str().unwrap().to_owned(), event["actor"]["name"].as_str().unwrap_or_default().to_owned());
        let told: Vec<_> = events.as_array().unwrap().iter().map(told).filter(|(action, _)| !action.starts_with("session.")).take(3).collect();
        let expected = [("organization.user_added", "Pia Noor"), ("set_up_link.used", "Pia Noor"), ("set_up_link.created", "")];
        assert_eq!(told, expected.map(|(action, name)| (action.to_owned(), name.to_owned())));
        assert_eq!(world.account("gil").get("organizations/{globex}/audit-log?action=set_up_link.*").await.ok(), json!([]));
    }

    /// of two who send it at once, one becomes owner
    async fn of_two_at_once_one_becomes_owner(world: World) {
        let world = world.with(WORLD).await;
        let link = link(&world, "acme").await;
        let (one, other) = (opens(&world, &link).await, opens(&world, &link).await);
        let (one, other) = tokio::join!(
            send(filled(&world, &link, &one, "One", "one@example.com", PASSWORD)),
            send(filled(&world, &link, &other, "Other", "other@example.com", PASSWORD)),
        );
        let mut statuses = [one.status, other.status];
        statuses.sort_unstable();
        assert_eq!(statuses, [303, 404]);
        for answer in [one, other] {
            if let Some((session, _)) = set_cookie(&answer, "claviger") {
                world.remember_session(session);
            }
        }
        assert_eq!(world.count("SELECT COUNT(*) FROM grants g JOIN principals p ON p.id = g.principal_id WHERE g.role = 'owner' AND p.kind = 1").await, 1);
    }

    /// what is wrong is told at its field, comes back as text but for the password, and does not use the link up
    async fn what_is_wrong_is_told_at_its_field(world: World) {
        let world = world.with(WORLD).await;
        let link = link(&world, "acme").await;
        let opened = opens(&world, &link).await;
        let wrong = send(filled(&world, &link, &opened, "", "<b>no address", "elevenchars")).await;
        is_page(&wrong, 400, "Error: First owner");
        for told in ["Nothing was created. 3 things need a change.", "Give your name.", "This is no e-mail address", "Use at least 12 characters", "value=\"&#60;b&#62;no address\""] {
            assert!(wrong.text.contains(told), "{told}: {}", wrong.text);
        }
        assert!(!wrong.text.contains("elevenchars") && set_cookie(&wrong, "claviger").is_none());
        let taken = send(filled(&world, &link, &opened, "Mel", &email("mel"), PASSWORD)).await;
        is_page(&taken, 409, "Error: First owner");
        assert!(taken.text.contains("Somebody has this address already."), "{}", taken.text);
        let long = "𝒳".repeat(1_024);
        let made = send(filled(&world, &link, &opened, &"N".repeat(200), "pia@example.com", &long)).await;
        assert_eq!(made.status, 303, "{}", made.text);
        world.remember_session(set_cookie(&made, "claviger").expect("a session").0);
    }

    /// expired, replaced, bent, of another organization or kind, no text at all: the same page
    async fn other_links_open_nothing(world: World) {
        let world = world.with(WORLD).await;
        let replaced = link(&world, "acme").await;
        let (current, others) = (link(&world, "acme").await, link(&world, "globex").await);
        let token = current.rsplit('/').next().unwrap().to_owned();
        let swapped = format!("{}_{}", current.rsplit_once('_').unwrap().0, others.rsplit_once('_').unwrap().1);
        let invited = world.account("ada").post("organizations/{acme}/invitations", json!({ "email": "kim@example.com" })).await.created();
        let invitation = world.remember_token(&invited);
        let bent = [
            replaced,
            swapped,
            current[..current.len() - 1].to_owned(),
            format!("/console/setup/{}", token.replace("cvu_", "cvi_")),
            format!("/console/setup/{}", token.replace("cvu_", "CVU_")),
            format!("/console/setup/{invitation}"),
            "/console/setup/x".to_owned(),
            "/console/setup/%FF".to_owned(),
            format!("/console/setup/{}", "9".repeat(4_000)),
        ];
        let opened = opens(&world, &current).await;
        for bent in &bent {
            opens_nothing(&send(world.request(Method::GET, bent)).await);
        }
        for bent in &bent[..3] {
            opens_nothing(&send(filled(&world, bent, &opened, "Mallory", "mallory@example.com", PASSWORD)).await);
        }
        opens(&world, &current).await;
        world.execute("UPDATE set_up_links SET expires_at = expires_at - 3600").await;
        world.restart().await;
        for expired in [&current, &others] {
            opens_nothing(&send(world.request(Method::GET, expired)).await);
        }
        // As it was decided, for whoever looks the world through.
        world.execute("UPDATE set_up_links SET expires_at = expires_at + 3600").await;
        world.restart().await;
    }

    /// with an owner who is a person, by an invitation, no link is needed, and none opens
    async fn a_link_that_is_not_needed_opens_nothing(world: World) {
        let world = world.with(WORLD).await;
        let link = link(&world, "acme").await;
        let opened = opens(&world, &link).await;
        world.account("ada").patch("organizations/{acme}/users/{mel}", json!({ "role": "owner" })).await.ok();
        opens_nothing(&send(filled(&world, &link, &opened, "Mallory", "mallory@example.com", PASSWORD)).await);
    }

    /// a form that no page of ours has sent makes nobody owner
    async fn a_form_of_another_site_makes_nobody_owner(world: World) {
        let world = world.with(WORLD).await;
        let link = link(&world, "acme").await;
        let opened = opens(&world, &link).await;
        let sent = |opened: &Opened| filled(&world, &link, opened, "Mallory", "mallory@example.com", PASSWORD);
        let foreign = sent(&opened).build().map(|mut request| {
            request.headers_mut().insert("sec-fetch-site", "cross-site".parse().unwrap());
            request
        });
        let foreign = reqwest::Client::builder().no_proxy().build().unwrap().execute(foreign.unwrap()).await.unwrap();
        assert_eq!(foreign.status(), 403);
        let (cookie, token) = (opened.cookie.clone(), opened.token.clone());
        for bent in [Opened { cookie: "0".repeat(32), token }, Opened { cookie, token: String::new() }] {
            is_page(&send(sent(&bent)).await, 403, "Form no longer valid");
        }
        opens(&world, &link).await;
    }

    /// whoever tries often from one address waits; looking is not limited
    async fn tries_are_limited(world: World) {
        let world = world.with(WORLD).await;
        let link = link(&world, "acme").await;
        let opened = opens(&world, &link).await;
        let sent = || send(filled(&world, "/console/setup/cvu_1_x", &opened, "Mallory", "mallory@example.com", PASSWORD));
        for _ in 0..20 {
            opens_nothing(&sent().await);
        }
        let refused = sent().await;
        is_page(&refused, 429, "Too many attempts");
        assert!(refused.header("retry-after").is_some());
        opens(&world, &link).await;
    }

    /// the token in the address is in no line of the log, nor is it asked for under another name
    async fn the_log_names_the_route(world: World) {
        let world = world.with(WORLD).await;
        let link = link(&world, "acme").await;
        is_page(&send(world.request(Method::GET, &link).header("host", "example.com")).await, 421, "Another name");
        is_page(&send(world.request(Method::DELETE, &link).header("sec-fetch-site", "same-origin")).await, 405, "Not for that");
        // What was logged is looked through for the token at the end of each test.
    }
}
