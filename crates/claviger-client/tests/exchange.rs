//! What goes over the wire and what comes of the answer, against a server that says exactly what a test tells it to.

#![allow(clippy::expect_used, reason = "a test says what it expects")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::thread::JoinHandle;
use std::time::Duration;

use claviger_client::{
    Client, Credential, Error, IdempotencyKey, Listing, Place, Question, Refusal, SetupError, Timeouts,
};
use claviger_wire::envelope::MadeId;
use claviger_wire::invitations::{AcceptInvitation, Invite, TypedPassword};
use claviger_wire::people::ChangeMember;
use claviger_wire::roles::{ChangeRole, CreateRole, OrganizationRoleName, RoleHolderKind, RoleName, SetRole};
use claviger_wire::service_accounts::{AddToProjects, CreateServiceAccount, SetWorkspaceRole};
use claviger_wire::teams::{NameTeam, TeamMembers};
use claviger_wire::token::Token;
use secrecy::SecretString;

const ACCOUNT: &str = r#""id":43,"username":"export.b2f9ed.service-account","last_used":null,"expires":null,"creator":42,
    "creator_name":"Ada","creator_email":"ada@example.com","created":"2026-11-24T08:00:00Z","user":43,
    "is_disabled":false,"is_protected":false,"owner":null,"description":null,"labels":{}"#;

/// Answers each connection with the next of `answers`, then is gone. Joined, it tells what it was sent.
fn server(answers: Vec<String>) -> (String, JoinHandle<Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let served = std::thread::spawn(move || {
        answers
            .iter()
            .map(|answer| {
                let (mut connection, _) = listener.accept().expect("a connection");
                let mut reader = BufReader::new(connection.try_clone().expect("a second handle"));
                let mut request = String::new();
                while !request.ends_with("\r\n\r\n") {
                    assert_ne!(reader.read_line(&mut request).expect("a line"), 0, "half a head: {request}");
                }
                let length = request.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok());
                let mut body = vec![0; length.unwrap_or(0)];
                reader.read_exact(&mut body).expect("a body");
                connection.write_all(answer.as_bytes()).expect("somebody who listens");
                request + &String::from_utf8(body).expect("text")
            })
            .collect()
    });
    (url, served)
}

fn answer(status: &str, headers: &str, body: &str) -> String {
    let length = body.len();
    format!("HTTP/1.1 {status}\r\nConnection: close\r\nContent-Length: {length}\r\n{headers}\r\n{body}")
}

fn ok(results: &str) -> String {
    answer("200 OK", "", &format!(r#"{{"status":"ok","results":{results}}}"#))
}

fn setup(url: &str) -> Result<Client, SetupError> {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let credential = Credential::new("ada.000001.service-account", SecretString::from("cvg_hush"))?;
    Client::new(url, credential)
}

fn client(url: &str) -> Client {
    setup(url).expect("a client")
}

#[tokio::test]
async fn a_call_carries_the_credential_to_the_path_below_api_app() {
    let (url, served) = server(vec![ok(&format!("{{{ACCOUNT}}}"))]);
    let account = client(&format!("{url}/")).service_account(7, 43).await.expect("an account");
    assert_eq!((account.id, account.username.as_str()), (43, "export.b2f9ed.service-account"));
    let request = served.join().expect("served").remove(0);
    assert!(request.starts_with("GET /api/app/organizations/7/service-accounts/43 HTTP/1.1\r\n"), "{request}");
    let basic = "authorization: Basic YWRhLjAwMDAwMS5zZXJ2aWNlLWFjY291bnQ6Y3ZnX2h1c2g=\r\n";
    assert!(request.contains(basic), "{request}");
}

#[tokio::test]
async fn a_creation_carries_its_key_and_brings_the_secret_that_nothing_prints() {
    let (url, served) = server(vec![answer(
        "201 Created",
        "",
        &format!(r#"{{"status":"ok","results":{{{ACCOUNT},"token":"cvg_new"}}}}"#),
    )]);
    let new = CreateServiceAccount { username: "export".to_owned(), expires_in: Some(3600), ..Default::default() };
    let key = IdempotencyKey::parse("nightly-1").expect("a key");
    let made = client(&url).create_service_account(7, &new, &key).await.expect("an account");
    assert_eq!(made.token.reveal(), "cvg_new");
    assert!(!format!("{made:?}").contains("cvg_"));
    let request = served.join().expect("served").remove(0);
    assert!(request.starts_with("POST /api/app/organizations/7/service-accounts HTTP/1.1\r\n"), "{request}");
    assert!(request.contains("idempotency-key: nightly-1\r\n"), "{request}");
    assert!(request.ends_with(r#"{"username":"export","expires_in":3600}"#), "{request}");
}

#[tokio::test]
async fn grants_are_set_and_taken_away_where_the_contract_says() {
    let (url, served) = server(vec![done(), done(), done(), done()]);
    let client = client(&url);
    let added = AddToProjects { service_account_ids: vec![43], ..Default::default() };
    client.add_to_projects(7, &added).await.expect("done");
    client.set_workspace_role(101, 201, 43, &SetWorkspaceRole { role: RoleName::Analyst }).await.expect("done");
    client.remove_from_workspace(101, 201, 43).await.expect("done");
    client.delete_service_account(7, 43).await.expect("done");
    let lines = served.join().expect("served");
    let lines: Vec<_> = lines.iter().filter_map(|request| request.split(" HTTP").next()).collect();
    assert_eq!(
        lines,
        [
            "POST /api/app/organizations/7/service-accounts/add-to-project",
            "PUT /api/app/projects/101/workspaces/201/service-accounts/43",
            "DELETE /api/app/projects/101/workspaces/201/service-accounts/43",
            "DELETE /api/app/organizations/7/service-accounts/43",
        ]
    );
}

/// The method and the path of each request, and what it carried.
fn asked(served: JoinHandle<Vec<String>>) -> Vec<String> {
    let requests = served.join().expect("served");
    let line = |request: &String| {
        let (head, body) = request.split_once("\r\n\r\n").expect("a head");
        let asked = head.split(" HTTP").next().expect("a line").replace("/api/app/", "");
        format!("{asked} {body}").trim_end().to_owned()
    };
    requests.iter().map(line).collect()
}

fn done() -> String {
    answer("200 OK", "", r#"{"status":"ok"}"#)
}

const TEAM: &str = r#"{"id":12,"name":"Exporters","organization_id":7,"member_count":1,
    "members":[{"id":43,"name":"export.b2f9ed.service-account","is_service_account":true}],
    "projects":[{"id":101,"name":"Web shop","project_id":101,"role":"admin"}],"workspaces":[]}"#;

#[tokio::test]
async fn teams_are_made_and_changed_where_the_contract_says() {
    let page = ok(r#"[{"id":12,"name":"Exporters","organization_id":7,"member_count":1}]"#);
    let (url, served) = server(vec![page, ok(TEAM), ok(TEAM), ok(TEAM), done(), done(), done()]);
    let client = client(&url);
    let key = IdempotencyKey::parse("team-1").expect("a key");
    let name = NameTeam { name: "Exporters".to_owned() };
    let members = TeamMembers { user_ids: vec![43, 44] };
    let teams = client.all_teams(7, Some("Ex")).await.expect("teams");
    assert_eq!((teams[0].id, teams[0].member_count), (12, 1));
    let made = client.create_team(7, &name, &key).await.expect("a team");
    assert_eq!((made.team.id, made.members[0].id, made.projects[0].role.as_str()), (12, 43, "admin"));
    assert_eq!(client.team(7, 12).await.expect("a team"), made);
    client.rename_team(7, 12, &name).await.expect("a team");
    client.add_team_members(7, 12, &members).await.expect("done");
    client.remove_team_members(7, 12, &members).await.expect("done");
    client.delete_team(7, 12).await.expect("done");
    assert_eq!(
        asked(served),
        [
            "GET organizations/7/teams?search=Ex&limit=500",
            r#"POST organizations/7/teams {"name":"Exporters"}"#,
            "GET organizations/7/teams/12",
            r#"PATCH organizations/7/teams/12 {"name":"Exporters"}"#,
            r#"POST organizations/7/teams/12/add-members {"user_ids":[43,44]}"#,
            r#"POST organizations/7/teams/12/remove-members {"user_ids":[43,44]}"#,
            "DELETE organizations/7/teams/12",
        ]
    );
}

#[tokio::test]
async fn teams_and_every_member_get_roles_where_the_contract_says() {
    let there = ok(r#"[{"id":12,"name":"Exporters","organization_id":7,"member_count":1,"role":null}]"#);
    let access = ok(r#"{"role":"9"}"#);
    let (url, served) = server(vec![there, done(), done(), done(), done(), access, done(), done()]);
    let client = client(&url);
    let role = SetRole { role: RoleName::Custom(9) };
    assert_eq!(client.project_teams(101).await.expect("teams")[0].role, None);
    client.set_project_team_role(101, 12, &role).await.expect("done");
    client.take_project_team_role(101, 12).await.expect("done");
    client.set_workspace_team_role(101, 201, 12, &role).await.expect("done");
    client.take_workspace_team_role(101, 201, 12).await.expect("done");
    assert_eq!(client.default_access(101).await.expect("a role").role, Some(RoleName::Custom(9)));
    client.set_default_access(101, &role).await.expect("done");
    client.take_default_access(101).await.expect("done");
    assert_eq!(
        asked(served),
        [
            "GET projects/101/teams",
            r#"PUT projects/101/teams/12 {"role":"9"}"#,
            "DELETE projects/101/teams/12",
            r#"PUT projects/101/workspaces/201/teams/12 {"role":"9"}"#,
            "DELETE projects/101/workspaces/201/teams/12",
            "GET projects/101/default-access",
            r#"PUT projects/101/default-access {"role":"9"}"#,
            "DELETE projects/101/default-access",
        ]
    );
}

const INVITATION: &str = r#"{"id":23,"email":"ada@example.com","role":"admin","projects":[],"workspaces":[],"teams":[],
    "status":"open","created":"2026-11-24T08:00:00Z","expires":"2026-11-27T08:00:00Z","inviter":42,"inviter_name":"Ada""#;

#[tokio::test]
async fn people_are_invited_and_managed_where_the_contract_says() {
    let sent = ok(&format!(r#"{INVITATION},"token":"cvi_23_hush"}}"#));
    let member = r#"{"id":24,"name":"Ada","email":"ada@example.com","role":"admin","created":"2026-11-24T08:00:00Z"}"#;
    let there = r#"[{"id":24,"name":"Ada","email":"ada@example.com","organization_role":"admin","role":"admin",
        "role_order":2,"target_type":"organization","hasSensitiveAccess":false}]"#;
    let answers = vec![sent.clone(), ok(&format!("[{INVITATION}}}]")), sent, done(), ok(&format!("[{member}]"))];
    let managed = vec![ok(member), ok(member), done(), ok(there), done(), done(), ok(there), done(), done()];
    let (url, served) = server([answers, managed].concat());
    let (client, key) = (client(&url), IdempotencyKey::parse("invite-1").expect("a key"));
    let invite = Invite { email: "ada@example.com".to_owned(), ..Default::default() };
    let sent = client.send_invitation(7, &invite, &key).await.expect("an invitation");
    assert!(sent.token.reveal() == "cvi_23_hush" && !format!("{sent:?}").contains("hush"));
    assert_eq!(client.all_invitations(7, None).await.expect("invitations"), [sent.invitation]);
    client.resend_invitation(7, 23).await.expect("an invitation");
    client.withdraw_invitation(7, 23).await.expect("done");
    assert_eq!(client.all_members(7, Some("a")).await.expect("people")[0].email, "ada@example.com");
    client.member(7, 24).await.expect("a person");
    client.change_member(7, 24, &ChangeMember { role: OrganizationRoleName::BillingAdmin }).await.expect("a person");
    client.remove_member(7, 24).await.expect("done");
    let role = SetRole { role: RoleName::Analyst };
    assert_eq!(client.all_project_members(101, None).await.expect("people")[0].role, "admin");
    client.set_project_member_role(101, 24, &role).await.expect("done");
    client.take_project_member_role(101, 24).await.expect("done");
    client.all_workspace_members(101, 201, None).await.expect("people");
    client.set_workspace_member_role(101, 201, 24, &role).await.expect("done");
    client.take_workspace_member_role(101, 201, 24).await.expect("done");
    assert_eq!(
        asked(served),
        [
            r#"POST organizations/7/invitations {"email":"ada@example.com"}"#,
            "GET organizations/7/invitations?limit=500",
            "POST organizations/7/invitations/23/resend",
            "DELETE organizations/7/invitations/23",
            "GET organizations/7/users?search=a&limit=500",
            "GET organizations/7/users/24",
            r#"PATCH organizations/7/users/24 {"role":"billing_admin"}"#,
            "DELETE organizations/7/users/24",
            "GET projects/101/users?limit=500",
            r#"PUT projects/101/users/24 {"role":"analyst"}"#,
            "DELETE projects/101/users/24",
            "GET projects/101/workspaces/201/users?limit=500",
            r#"PUT projects/101/workspaces/201/users/24 {"role":"analyst"}"#,
            "DELETE projects/101/workspaces/201/users/24",
        ]
    );
}

#[tokio::test]
async fn who_accepts_sends_no_credential_and_prints_nothing_secret() {
    let joined = r#"{"id":24,"name":"Ada","email":"ada@example.com","organization_id":7,"organization_name":"Acme","role":"member"}"#;
    let (url, served) = server(vec![ok(joined)]);
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = Client::without_credential(&url).expect("a client");
    let accept =
        AcceptInvitation { token: Token::new("cvi_23_hush"), name: None, password: TypedPassword::new("hush hush") };
    assert!(!format!("{accept:?} {client:?}").contains("hush"));
    assert_eq!(client.accept_invitation(&accept).await.expect("somebody").id, 24);
    let request = served.join().expect("served").remove(0);
    assert!(request.starts_with("POST /api/app/invitations/accept HTTP/1.1\r\n"), "{request}");
    assert!(!request.to_lowercase().contains("authorization"), "{request}");
    assert!(request.ends_with(r#"{"token":"cvi_23_hush","password":"hush hush"}"#), "{request}");
}

#[tokio::test]
async fn custom_roles_are_made_and_changed_where_the_contract_says() {
    let role = r#"{"role_id":"9","name":"Exporter","description":"","permissions":["data:read","reports:export"],
        "copied_from_role_id":"consumer","is_default":false,"created":"2026-11-24T08:00:00Z",
        "modified":"2026-11-24T08:00:00Z","created_by_user_id":42}"#;
    let holders = r#"[{"kind":"service_account","id":43,"name":"export.b2f9ed.service-account","workspace_id":null}]"#;
    let deleted = ok(&format!(r#"{{"role_id":"9","holders":{holders}}}"#));
    let roles = ok(&format!("[{role}]"));
    let (url, served) = server(vec![roles, ok(role), ok(role), ok(role), ok(holders), deleted]);
    let client = client(&url);
    let key = IdempotencyKey::parse("role-1").expect("a key");
    let custom = RoleName::Custom(9);
    assert_eq!(client.roles(101).await.expect("roles")[0].permissions, ["data:read", "reports:export"]);
    let new = CreateRole {
        name: "Exporter".to_owned(),
        permissions: Some(vec!["reports:export".to_owned()]),
        copied_from_role_id: Some(RoleName::Consumer),
        ..Default::default()
    };
    client.create_role(101, &new, &key).await.expect("a role");
    assert_eq!(client.role(101, custom).await.expect("a role").role_id, "9");
    let change = ChangeRole { permissions: Some(Vec::new()), ..Default::default() };
    client.change_role(101, custom, &change).await.expect("a role");
    assert_eq!(client.role_holders(101, RoleName::Admin).await.expect("holders")[0].id, 43);
    let holders = client.delete_role(101, custom).await.expect("deleted").holders;
    assert_eq!(holders[0].kind, RoleHolderKind::ServiceAccount);
    assert_eq!(
        asked(served),
        [
            "GET projects/101/custom-roles",
            concat!(
                "POST projects/101/custom-roles ",
                r#"{"name":"Exporter","permissions":["reports:export"],"copied_from_role_id":"consumer"}"#
            ),
            "GET projects/101/custom-roles/9",
            r#"PUT projects/101/custom-roles/9 {"permissions":[]}"#,
            "GET projects/101/custom-roles/admin/holders",
            "DELETE projects/101/custom-roles/9",
        ]
    );
}

#[tokio::test]
async fn what_is_to_be_explained_stands_in_the_query() {
    let explanation = |allowed: &str| {
        ok(&format!(
            r#"{{"principal_id":43,"principal_name":"export.b2f9ed.service-account","is_disabled":false,"project_id":101,
            "workspace_id":null,"role":"admin","permissions":["data:read"],"permission":null,"allowed":{allowed},
            "grants":[{{"grant_id":5,"scope":"project","id":101,"name":"Web shop","role":"admin","role_name":"admin",
            "through":{{"kind":"team","id":12,"name":"Exporters"}},"allows":{allowed}}}]}}"#
        ))
    };
    let (url, served) = server(vec![explanation("null"), explanation("false")]);
    let client = client(&url);
    let question = Question { principal: 43, place: Place::Project(101), permission: None };
    let told = client.explain(7, question).await.expect("an explanation");
    assert_eq!((told.allowed, told.grants[0].through.name.as_str()), (None, "Exporters"));
    let question = Question { principal: 43, place: Place::Workspace(201), permission: Some("data:write") };
    assert_eq!(client.explain(7, question).await.expect("an explanation").allowed, Some(false));
    assert_eq!(
        asked(served),
        [
            "GET organizations/7/explain?principal=43&project=101",
            "GET organizations/7/explain?principal=43&workspace=201&permission=data%3Awrite",
        ]
    );
}

#[tokio::test]
async fn all_accounts_are_asked_for_page_by_page() {
    let page = |id: u32, next: &str| {
        let account = ACCOUNT.replace("43", &id.to_string());
        answer("200 OK", "", &format!(r#"{{"status":"ok","results":[{{{account}}}]{next}}}"#))
    };
    let (url, served) = server(vec![page(1, r#","next_cursor":"a&b=c""#), page(2, "")]);
    let accounts = client(&url).all_service_accounts(7, Some("50%")).await.expect("accounts");
    assert_eq!(accounts.iter().map(|account| account.id).collect::<Vec<_>>(), [1, 2]);
    let requests = served.join().expect("served");
    assert!(requests[0].contains("service-accounts?search=50%25&limit=500 HTTP"), "{requests:?}");
    assert!(requests[1].contains("service-accounts?search=50%25&limit=500&cursor=a%26b%3Dc HTTP"), "{requests:?}");
}

#[tokio::test]
async fn a_cursor_that_leads_nowhere_ends_the_list_with_an_error() {
    let page = || answer("200 OK", "", r#"{"status":"ok","results":[],"next_cursor":"x"}"#);
    let (url, served) = server(vec![page(), page()]);
    let error = client(&url).all_service_accounts(7, None).await.expect_err("no end");
    assert!(matches!(error, Error::Unreadable { .. }), "{error}");
    served.join().expect("asked twice");
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let elsewhere = TcpListener::bind("127.0.0.1:0").expect("a free port");
    elsewhere.set_nonblocking(true).expect("a socket that does not wait");
    let location = format!("http://{}/api/app/me", elsewhere.local_addr().expect("an address"));
    for status in ["301 Moved Permanently", "302 Found", "307 Temporary Redirect", "308 Permanent Redirect"] {
        let (url, served) = server(vec![answer(status, &format!("Location: {location}\r\n"), "")]);
        let error = client(&url).me().await.expect_err("a redirect");
        assert!(error.to_string().contains(&location), "{error}");
        assert!(matches!(error, Error::Redirected { .. }), "{error:?}");
        served.join().expect("served");
    }
    let nobody = elsewhere.accept().map(|_| ()).map_err(|error| error.kind());
    assert_eq!(nobody, Err(std::io::ErrorKind::WouldBlock));
}

async fn refused(status: &str, headers: &str, body: &str) -> Error {
    let (url, served) = server(vec![answer(status, headers, body)]);
    let error = client(&url).me().await.expect_err(status);
    served.join().expect("served");
    error
}

#[tokio::test]
async fn each_status_has_its_error_with_the_servers_words() {
    let body =
        r#"{"status":"error","error":"there is no project 9; GET /api/app/me lists yours","code":"no_such_project"}"#;
    let headers = "X-Request-Id: 0198-7\r\nRetry-After: 5\r\n";
    let expected = |status| Refusal {
        status,
        sentence: Some("there is no project 9; GET /api/app/me lists yours".to_owned()),
        code: Some("no_such_project".to_owned()),
        request_id: Some("0198-7".to_owned()),
        retry_after_s: Some(5),
        made: None,
    };
    for status in [400, 401, 403, 404, 409, 413, 429, 500, 503] {
        let refusal = match (status, refused(&format!("{status} X"), headers, body).await) {
            (401, Error::NotAuthenticated(refusal))
            | (403, Error::NotAllowed(refusal))
            | (404, Error::NotFound(refusal))
            | (409, Error::Conflict(refusal))
            | (429, Error::TooManyRequests(refusal))
            | (503, Error::Unavailable(refusal))
            | (400 | 413 | 500, Error::Refused(refusal)) => refusal,
            (_, other) => panic!("{status}: {other:?}"),
        };
        assert_eq!(refusal, expected(status));
        assert_eq!(
            refusal.to_string(),
            format!(
                "there is no project 9; GET /api/app/me lists yours; try again in 5 s ({status} no_such_project, request 0198-7)"
            )
        );
    }
}

#[tokio::test]
async fn a_creation_that_was_made_before_names_what_it_made() {
    let made = async |id: &str| {
        let envelope = r#"{"status":"error","error":"made before","code":"already_created","results":{"id":"#;
        match refused("409 Conflict", "", &format!("{envelope}{id}}}}}")).await {
            Error::Conflict(refusal) => refusal.made,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(made("43").await, Some(MadeId::Number(43)));
    assert_eq!(made(r#""43""#).await, Some(MadeId::Role(RoleName::Custom(43))));
}

#[tokio::test]
async fn what_a_gateway_says_is_told_by_its_status() {
    let error = refused("502 Bad Gateway", "", "<html>Bad Gateway</html>").await;
    assert_eq!(
        error.to_string(),
        "refused: the answer gives no reason; check that the URL is a Claviger server's (502)"
    );
}

#[tokio::test]
async fn an_answer_that_cannot_be_read_is_not_quoted() {
    for body in [r#"{"status":"ok","results":{"user_id":"cvg_hush"}}"#, "cvg_hush", r#"{"status":"ok"}"#, ""] {
        let error = refused("200 OK", "X-Request-Id: 0198-7\r\n", body).await;
        assert!(matches!(error, Error::Unreadable { .. }), "{error:?}");
        assert!(!format!("{error} {error:?}").contains("hush"), "{error:?}");
        assert!(error.to_string().contains("request 0198-7"), "{error}");
    }
}

#[tokio::test]
async fn nobody_at_the_address_is_no_connection() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    drop(listener);
    let error = client(&url).me().await.expect_err("nobody there");
    assert!(matches!(error, Error::CannotConnect { .. }), "{error:?}");
    assert!(error.to_string().starts_with(&format!("cannot connect to {url}: ")), "{error}");
}

#[tokio::test]
async fn a_connection_that_ends_is_told_and_nothing_is_sent_again() {
    // Where a second attempt was made, the server's second answer would be taken.
    let (url, served) = server(vec![String::new(), ok(r#"{"status":"ok"}"#)]);
    let error = client(&url).delete_service_account(7, 43).await.expect_err("no answer");
    assert!(matches!(error, Error::Interrupted { .. }), "{error:?}");
    assert!(!served.is_finished());
}

#[tokio::test]
async fn half_an_answer_is_an_interruption() {
    let (url, served) = server(vec!["HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{".to_owned()]);
    let error = client(&url).me().await.expect_err("half an answer");
    assert!(matches!(error, Error::Interrupted { .. }), "{error:?}");
    served.join().expect("served");
}

#[tokio::test]
async fn a_silent_server_is_a_time_out() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let credential = Credential::new("ada", SecretString::from("cvg_hush")).expect("a credential");
    let _ = rustls::crypto::ring::default_provider().install_default();
    let timeouts = Timeouts { total: Duration::from_millis(50), ..Timeouts::default() };
    let client = Client::with_timeouts(&url, credential, timeouts).expect("a client");
    let error = client.service_accounts(7, Listing::default()).await.expect_err("silence");
    assert!(matches!(error, Error::TimedOut { within_ms: 50, .. }), "{error:?}");
}

#[tokio::test]
async fn a_server_without_tls_behind_https_is_told_as_such() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let url = format!("https://{}", listener.local_addr().expect("an address"));
    let served = std::thread::spawn(move || {
        let (mut connection, _) = listener.accept().expect("a connection");
        connection.write_all(answer("400 Bad Request", "", "").as_bytes()).expect("somebody who listens");
        let _ = connection.read(&mut [0; 1024]);
    });
    let error = client(&url).me().await.expect_err("no TLS");
    assert!(matches!(error, Error::Tls { .. }), "{error:?}");
    served.join().expect("served");
}

#[test]
fn a_client_prints_no_secret() {
    let printed = format!("{:?}", client("http://127.0.0.1:1"));
    assert!(printed.contains("ada.000001.service-account") && !printed.contains("hush"), "{printed}");
    let exposed = |url| setup(url).expect("a client").is_exposed();
    assert!(exposed("http://keys.example.com") && !exposed("http://localhost:8080"));
}
