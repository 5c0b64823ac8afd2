//! Somebody who is signed in to the console: he keeps cookies, reads pages, and sends the forms that are on them.

use std::cell::RefCell;
use std::collections::BTreeMap;

use reqwest::Method;

use crate::answer::Answer;
use crate::console::{form, shown};
use crate::world::{World, email, send};

/// A browser with its cookies, on the page that it was shown last.
pub(crate) struct Browser<'w> {
    world: &'w World,
    cookies: RefCell<BTreeMap<String, String>>,
    page: RefCell<String>,
}

impl<'w> Browser<'w> {
    /// Signs somebody of the world in.
    pub(crate) async fn signs_in(world: &'w World, name: &str) -> Self {
        let browser = Self { world, cookies: RefCell::default(), page: RefCell::default() };
        let ours = shown(world).await;
        let answer = send(form(world, &ours, &email(name), &world.password_of(name))).await;
        assert_eq!((answer.status, answer.header("location")), (303, Some("/console")), "{}", answer.text);
        browser.keep(&answer);
        browser
    }

    /// The session's token.
    pub(crate) fn session(&self) -> String {
        self.value("claviger")
    }

    /// What a cookie holds; nothing where there is none.
    pub(crate) fn value(&self, cookie: &str) -> String {
        self.cookies.borrow().get(cookie).cloned().unwrap_or_default()
    }

    /// Opens an address, and does not follow where it leads but to itself: so a session goes on under a new token.
    pub(crate) async fn get(&self, path: &str) -> Answer {
        let answer = self.asks_for(path).await;
        match answer.header("location") == Some(&*self.world.path(path)) {
            true => self.asks_for(path).await,
            false => answer,
        }
    }

    async fn asks_for(&self, path: &str) -> Answer {
        let answer = send(self.world.request(Method::GET, path).header("cookie", self.cookie())).await;
        self.keep(&answer);
        answer
    }

    /// Opens an address whose answer may have no end: its body is not read.
    pub(crate) async fn opens(&self, path: &str) -> reqwest::Response {
        let request = self.world.request(Method::GET, path).header("cookie", self.cookie());
        request.send().await.expect("an answer")
    }

    /// Opens an address, which shows a page with this title.
    pub(crate) async fn page(&self, path: &str, title: &str) -> String {
        let answer = self.get(path).await;
        crate::console::is_page(&answer, 200, title);
        answer.text
    }

    /// Sends a form, with the token of the last page that had one.
    pub(crate) async fn submit(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let token = form_token(&self.page.borrow());
        self.submit_with(&token, path, fields).await
    }

    /// Sends a form with this token.
    pub(crate) async fn submit_with(&self, token: &str, path: &str, fields: &[(&str, &str)]) -> Answer {
        let fields: Vec<_> = [("form_token", token)].into_iter().chain(fields.iter().copied()).collect();
        let request = self.world.request(Method::POST, path).header("cookie", self.cookie());
        let answer = send(request.header("sec-fetch-site", "same-origin").form(&fields)).await;
        self.keep(&answer);
        answer
    }

    /// Sends a form, and opens where its answer leads, which shows a page with this title.
    pub(crate) async fn submit_to(&self, path: &str, fields: &[(&str, &str)], title: &str) -> String {
        let answer = self.submit(path, fields).await;
        assert_eq!(answer.status, 303, "{}", answer.text);
        let location = answer.header("location").expect("a location").to_owned();
        self.page(&location, title).await
    }

    /// The value of a hidden field on the last page.
    pub(crate) fn hidden(&self, name: &str) -> String {
        value_of(&self.page.borrow(), name).unwrap_or_else(|| panic!("no {name} on {}", self.page.borrow()))
    }

    /// The value of a hidden field on the last page, if it is there.
    pub(crate) fn carries(&self, name: &str) -> Option<String> {
        value_of(&self.page.borrow(), name)
    }

    fn cookie(&self) -> String {
        let cookies = self.cookies.borrow();
        cookies.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("; ")
    }

    fn keep(&self, answer: &Answer) {
        for cookie in answer.headers.get_all("set-cookie") {
            let (pair, rest) = cookie.to_str().expect("text").split_once("; ").expect("attributes");
            let (name, value) = pair.split_once('=').expect("a value");
            match rest.contains("Max-Age=0") {
                true => self.cookies.borrow_mut().remove(name),
                false => self.cookies.borrow_mut().insert(name.to_owned(), value.to_owned()),
            };
            if name == "claviger" && !value.is_empty() {
                self.world.remember_session(value);
            }
        }
        if answer.text.contains("name=\"form_token\"") {
            self.page.replace(answer.text.clone());
        }
    }
}

/// The value of a hidden field.
pub(crate) fn value_of(page: &str, name: &str) -> Option<String> {
    let rest = page.split(&format!("name=\"{name}\" value=\"")).nth(1)?;
    rest.split('"').next().map(str::to_owned)
}

fn form_token(page: &str) -> String {
    value_of(page, "form_token").expect("a page with a form")
}
