//! The rows of the security catalogue under "Presented credentials". Each test quotes its row.

use std::collections::BTreeMap;

use base64::Engine;
use base64::prelude::{BASE64_STANDARD, BASE64_STANDARD_NO_PAD, BASE64_URL_SAFE};
use reqwest::Method;
use serde_json::json;

use crate::answer::Answer;
use crate::raw::exchange;
use crate::world::{World, on_both_stores, send};

const WORLD: &str = "
acme: ada owner
  shop: exporter admin
globex: gil owner
";

/// The one answer that every credential gets which does not count: status, body and headers but for id and date.
async fn refused(world: &World, authorization: &[&[u8]]) -> Answer {
    let answer = world.get_with("me", authorization).await.refused(401, "not_authenticated");
    assert_eq!(answer.header("www-authenticate"), Some("Basic realm=\"claviger\", charset=\"UTF-8\""));
    answer
}

fn told(answer: &Answer) -> (u16, BTreeMap<String, String>, String) {
    let headers = answer.headers.iter().filter(|(name, _)| !["x-request-id", "date"].contains(&name.as_str()));
    let headers = headers.map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()));
    (answer.status, headers.collect(), answer.text.clone())
}

on_both_stores! {
    /// none; empty value; `Basic` alone; unknown scheme; two Authorization headers; a comma-joined pair: 401, always
    /// with the same body and headers
    async fn what_is_no_credential_gets_the_one_answer(world: World) {
        let world = world.with(WORLD).await;
        let (plain, header) = (world.account("exporter").plain(), world.account("exporter").header());
        let one = told(&refused(&world, &[b"Basic nobody:wrong"]).await);
        let joined = format!("{header}, {header}");
        let cases: [&[&[u8]]; 8] = [
            &[], &[b""], &[b"Basic"], &[b"Basic "], &[b"Digest a:b"], &[header.as_bytes(), header.as_bytes()],
            &[plain.as_bytes(), b"Basic a:b"], &[joined.as_bytes()],
        ];
        for case in cases {
            assert_eq!(told(&refused(&world, case).await), one, "{case:?}");
        }
    }

    /// scheme in any case; several spaces or a tab after it; trailing spaces: tolerated
    async fn scheme_case_and_outer_blanks_are_tolerated(world: World) {
        let world = world.with(WORLD).await;
        let account = world.account("exporter");
        let pair = format!("{}:{}", account.username, account.secret);
        for value in [format!("bAsIC {pair}"), format!("Basic   \t{pair}"), format!("Basic {pair}   "), format!("BASIC\t{}", BASE64_STANDARD.encode(&pair))] {
            world.get_with("me", &[value.as_bytes()]).await.ok();
        }
    }

    /// CR LF escapes, control bytes: 401 (or refused by the HTTP parser)
    async fn control_bytes_do_not_pass(world: World) {
        let world = world.with(WORLD).await;
        let plain = world.account("exporter").plain();
        for hidden in ["\x01", "\x0b", "\x7f", "\0", "\r"] {
            let request = format!("GET /api/app/me HTTP/1.1\r\nHost: x\r\nAuthorization: {plain}{hidden}x\r\nConnection: close\r\n\r\n");
            let exchange = exchange(world.address(), request.as_bytes(), 1).await;
            assert!(matches!(exchange.statuses[..], [400] | [401]), "{hidden:?}: {exchange:?}");
        }
        refused(&world, &[format!("{plain}%0d%0a").as_bytes()]).await;
    }

    /// base64 with or without padding is read; url-safe alphabet; embedded newline; garbage after padding: 401
    async fn base64_is_the_standard_alphabet_with_or_without_padding(world: World) {
        let world = world.with(WORLD).await;
        let account = world.account("exporter");
        let pair = format!("{}:{}", account.username, account.secret);
        for value in [BASE64_STANDARD.encode(&pair), BASE64_STANDARD_NO_PAD.encode(&pair)] {
            world.get_with("me", &[format!("Basic {value}").as_bytes()]).await.ok();
        }
        let padded = BASE64_STANDARD.encode(&pair);
        let (half, rest) = padded.split_at(20);
        // Bytes whose encoding differs between the alphabets: this username is nobody's, but the form must not matter.
        let url_safe = BASE64_URL_SAFE.encode("\u{3ff}\u{3ff}???:>>>");
        for value in [format!("{half} {rest}"), format!("{half}\t{rest}"), format!("{padded}x"), format!("{padded}===="), url_safe] {
            refused(&world, &[format!("Basic {value}").as_bytes()]).await;
        }
    }

    /// decoded bytes not UTF-8, NUL inside, no colon, empty user, empty secret: 401
    async fn decoded_bytes_must_be_a_pair_of_text(world: World) {
        let world = world.with(WORLD).await;
        let account = world.account("exporter");
        let pair = format!("{}:{}", account.username, account.secret);
        let with = |bytes: &[u8]| [pair.as_bytes(), bytes].concat();
        for decoded in [with(b"\xff"), with(b"\0"), b"nocolon".to_vec(), format!(":{}", account.secret).into_bytes(), format!("{}:", account.username).into_bytes(), b":".to_vec()] {
            refused(&world, &[format!("Basic {}", BASE64_STANDARD.encode(decoded)).as_bytes()]).await;
        }
    }

    /// plain text `user:secret`; secret that contains colons; secret that is itself base64: first colon separates; works
    async fn plain_text_works_and_the_first_colon_separates(world: World) {
        let world = world.with(WORLD).await;
        let account = world.account("exporter");
        let me = world.get_with("me", &[account.plain().as_bytes()]).await.ok();
        assert_eq!(me["user_id"], account.id);
        world.get_with("me", &[format!("Bearer {}", account.header()).as_bytes()]).await.ok();
        // A second colon belongs to the secret, which is another one then.
        refused(&world, &[format!("{}:more", account.plain()).as_bytes()]).await;
        refused(&world, &[format!("Basic {}:{}", account.username, BASE64_STANDARD.encode(&account.secret)).as_bytes()]).await;
    }

    /// decided by the colon alone, decoded at most once, never percent-decoded
    async fn nothing_is_guessed(world: World) {
        let world = world.with(WORLD).await;
        let account = world.account("exporter");
        let pair = format!("{}:{}", account.username, account.secret);
        let once = BASE64_STANDARD.encode(&pair);
        for value in [BASE64_STANDARD.encode(&once), format!("{once}:"), pair.replace(':', "%3A"), BASE64_STANDARD.encode("nocolon")] {
            refused(&world, &[format!("Basic {value}").as_bytes()]).await;
        }
        refused(&world, &[b"Basic n\xe4chtlich.b2f9ed.service-account:x"]).await;
    }

    /// a right credential in `Proxy-Authorization`, `X-Authorization`, a cookie: not looked at
    async fn the_credential_is_looked_for_in_authorization_alone(world: World) {
        let world = world.with(WORLD).await;
        let header = world.account("exporter").header();
        for name in ["proxy-authorization", "x-authorization", "cookie", "x-api-key"] {
            send(world.request(Method::GET, "me").header(name, &header)).await.refused(401, "not_authenticated");
        }
    }

    /// username in another case, with look-alike letters, with spaces round it: 401: usernames compare byte for byte
    async fn usernames_compare_byte_for_byte(world: World) {
        let world = world.with(WORLD).await;
        let account = world.account("exporter");
        let (username, secret) = (&account.username, &account.secret);
        for other in [username.to_uppercase(), username.replace('e', "\u{435}"), format!("{username} "), format!(" {username}"), format!("\u{a0}{username}"), username.trim_end_matches(".service-account").to_owned(), "exporter".to_owned()] {
            let encoded = BASE64_STANDARD.encode(format!("{other}:{secret}"));
            refused(&world, &[format!("Basic {encoded}").as_bytes()]).await;
        }
    }

    /// 16 KB of header passes (gateways forward cookies), 64 KB and 1 MB get 431 from the HTTP layer
    async fn long_heads_are_bounded(world: World) {
        let world = world.with(WORLD).await;
        let header = world.account("exporter").header();
        for (length, status) in [(16 * 1024, 200), (64 * 1024, 431), (1024 * 1024, 431)] {
            let cookie = "c".repeat(length);
            let request = format!("GET /api/app/me HTTP/1.1\r\nHost: x\r\nAuthorization: {header}\r\nCookie: {cookie}\r\n\r\n");
            let exchange = exchange(world.address(), request.as_bytes(), 1).await;
            assert_eq!(exchange.statuses, [status], "{length}: {}", &exchange.text[..exchange.text.len().min(200)]);
        }
        let many: String = (0..200).map(|number| format!("X-{number}: y\r\n")).collect();
        let request = format!("GET /api/app/me HTTP/1.1\r\nHost: x\r\n{many}\r\n");
        assert_eq!(exchange(world.address(), request.as_bytes(), 1).await.statuses, [431]);
    }

    /// right username, wrong secret; right secret of another account; a deleted account; an expired one: 401
    async fn only_a_live_secret_of_this_account_counts(world: World) {
        let world = world.with(WORLD).await;
        let (ada, exporter) = (world.account("ada"), world.account("exporter"));
        let one = told(&refused(&world, &[b"Basic nobody:wrong"]).await);
        let pair = |username: &str, secret: &str| format!("Basic {username}:{secret}");
        let last = if exporter.secret.ends_with('0') { "1" } else { "0" };
        let wrong = format!("{}{last}", &exporter.secret[..41]);
        for value in [pair(&exporter.username, &wrong), pair(&exporter.username, &ada.secret), pair(&ada.username, &exporter.secret)] {
            assert_eq!(told(&refused(&world, &[value.as_bytes()]).await), one);
        }
        let brief = ada.make("organizations/{acme}/service-accounts", json!({ "username": "brief", "expires_in": 1 })).await;
        let mut waited = 0;
        while brief.get("me").await.status == 200 {
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
            waited += 1;
            assert!(waited < 200, "it did not expire");
        }
        assert_eq!(told(&refused(&world, &[brief.plain().as_bytes()]).await), one);
        ada.get("organizations/{acme}/service-accounts/{brief}").await.ok();
        ada.delete("organizations/{acme}/service-accounts/{exporter}").await.ok();
        assert_eq!(told(&refused(&world, &[exporter.plain().as_bytes()]).await), one);
    }

    /// an account of another organization: 404 as the contract says
    async fn an_account_of_another_organization_finds_nothing_here(world: World) {
        let world = world.with(WORLD).await;
        world.account("gil").get("organizations/{acme}/service-accounts").await.refused(404, "organization_not_found");
        world.account("gil").get("projects/{shop}").await.refused(404, "project_not_found");
    }

    /// thousands of wrong attempts from one address: 100 at once, then slowed (429 with Retry-After); only refusals are
    /// counted and slowed: a right credential always passes, also from that address
    async fn wrong_attempts_change_nothing_for_the_right_credential(world: World) {
        let world = world.with(WORLD).await;
        let exporter = world.account("exporter");
        let attempt = async |number: usize| {
            let credential = format!("Basic stranger-{number}.aaaaaa.service-account:cvg_x");
            world.get_with("me", &[credential.as_bytes()]).await
        };
        for number in 0..100 {
            attempt(number).await.refused(401, "not_authenticated");
            exporter.get("me").await.ok();
        }
        let mut slowed = 0;
        for number in 100..200 {
            let answer = attempt(number).await;
            if answer.status == 429 {
                let answer = answer.refused(429, "too_many_attempts");
                assert_eq!((answer.header("retry-after"), answer.header("www-authenticate")), (Some("1"), None));
                slowed += 1;
            }
            exporter.get("me").await.ok();
        }
        assert!(slowed > 50, "{slowed} of a hundred");
        world.get_with("me", &[]).await.refused(401, "not_authenticated");
    }

    /// on one account: 50 at once, from whatever address; told alike whether there is one
    async fn wrong_attempts_under_one_name_are_slowed_from_wherever(world: World) {
        let world = world.with(WORLD).await;
        let exporter = world.account("exporter");
        for username in [&*exporter.username, "nobody.aaaaaa.service-account"] {
            let mut told = Vec::new();
            for number in 0..60 {
                let node = world.node();
                let address = std::net::IpAddr::from([192, 0, 2, number]);
                told.push(node.attempts.refused(username, Some(address)).is_ok());
            }
            assert_eq!(told.iter().filter(|is_let| **is_let).count(), 50, "{username}");
            let credential = format!("Basic {username}:cvg_x");
            let answer = world.get_with("me", &[credential.as_bytes()]).await.refused(429, "too_many_attempts");
            assert_eq!(answer.header("retry-after"), Some("5"), "{username}");
        }
        exporter.get("me").await.ok();
    }

    /// credentials in the query string or the path: ignored, never logged (the log is searched after each test)
    async fn credentials_in_the_address_are_ignored(world: World) {
        let world = world.with(WORLD).await;
        let account = world.account("exporter");
        for path in [
            format!("me?authorization=Basic%20{}:{}", account.username, account.secret),
            format!("me?token={}", account.secret),
        ] {
            send(world.request(Method::GET, &path)).await.refused(401, "not_authenticated");
        }
        let path = format!("/api/app/{}/{}", account.username, account.secret);
        send(world.request(Method::GET, &path)).await.refused(404, "not_found");
        let path = format!("organizations/{}/projects", account.secret);
        account.get(&path).await.refused(404, "not_found");
        account.get(&format!("organizations/{{acme}}/projects?search={}", account.secret)).await.ok();
        account.get(&format!("organizations/{{acme}}/projects?cursor={}", account.secret)).await.refused(400, "cursor_invalid");
    }

    /// the secret where the username belongs, or both in one word: 401, and in no log (searched after each test)
    async fn a_secret_in_the_wrong_place_is_in_no_log(world: World) {
        let world = world.with(WORLD).await;
        let account = world.account("exporter");
        let (username, secret) = (&account.username, &account.secret);
        for value in [format!("Basic {secret}:{username}"), format!("Basic {username}{secret}"), format!("Basic {secret}"), format!("{secret} {secret}"), format!("Basic {username}.{secret}:x")] {
            refused(&world, &[value.as_bytes()]).await;
        }
        account.post("organizations/{acme}/service-accounts", json!({ "username": secret, "role": secret })).await.is(400);
    }
}
