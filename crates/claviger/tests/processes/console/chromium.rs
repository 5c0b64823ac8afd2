//! A browser and what somebody does with it.

use std::collections::BTreeSet;
use std::fs;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::PathBuf;
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{LazyLock, Mutex, PoisonError};
use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use fantoccini::elements::Element;
use fantoccini::error::CmdError;
use fantoccini::{Client, ClientBuilder, Locator};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};

use crate::process::{Process, wait_until};
use crate::secrets;

/// What is waited for is there within this: a loaded machine is no failure.
const WITHIN: Duration = Duration::from_secs(60);
/// So often it is looked for.
const POLL: Duration = Duration::from_millis(20);

/// The accessibility checker, as `./test` has fetched it.
static AXE: LazyLock<String> = LazyLock::new(|| {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../target/tools/axe.min.js");
    fs::read_to_string(&path)
        .unwrap_or_else(|error| panic!("axe-core is missing ({error}): run ./test, which fetches it"))
});

/// How somebody looks at a page.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Look {
    /// 360 pixels wide.
    pub(crate) phone: bool,
    pub(crate) dark: bool,
    /// Scripts of pages do not run.
    pub(crate) without_scripts: bool,
}

impl Look {
    /// For the names of pictures.
    pub(crate) fn name(self) -> String {
        let parts = [(self.phone, "phone"), (self.dark, "dark"), (self.without_scripts, "plain")];
        let said: Vec<&str> = parts.into_iter().filter(|(is, _)| *is).map(|(_, name)| name).collect();
        if said.is_empty() { "light".to_owned() } else { said.join("-") }
    }

    fn capabilities(self) -> serde_json::Map<String, Value> {
        let mut arguments = vec![
            "--headless=new",
            "--no-sandbox",
            "--disable-dev-shm-usage",
            "--disable-gpu",
            "--window-size=1280,900",
        ];
        if self.dark {
            arguments.push("--blink-settings=preferredColorScheme=0");
        }
        let mut options = json!({ "args": arguments });
        if self.phone {
            options["mobileEmulation"] =
                json!({ "deviceMetrics": { "width": 360, "height": 740, "pixelRatio": 1, "touch": true } });
        }
        if self.without_scripts {
            options["prefs"] = json!({ "profile.managed_default_content_settings.javascript": 2 });
        }
        let capabilities = json!({
            "browserName": "chrome",
            "goog:chromeOptions": options,
            "goog:loggingPrefs": { "browser": "ALL" },
            // The question before a page with a secret is left is answered by the test.
            "unhandledPromptBehavior": "ignore",
        });
        capabilities.as_object().expect("an object").clone()
    }
}

/// A browser.
pub(crate) struct Chromium {
    client: Client,
    /// It ends with this.
    _driver: Process,
    /// Where chromedriver listens, and what it calls this browser, for what it alone can be asked.
    driver_address: SocketAddr,
    session: String,
    http: reqwest::Client,
    look: Look,
    url: String,
    /// How often something was pressed.
    presses: AtomicUsize,
    /// The page that something was pressed on last, for who waits for the next one.
    pressed_on: Mutex<Option<f64>>,
    /// The paths of the pages that were looked at.
    looked_at: Mutex<BTreeSet<String>>,
}

impl Chromium {
    /// Opens one, for a server at this address.
    pub(crate) async fn open(url: &str, look: Look) -> Self {
        // All tests but the first find the provider installed.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let (driver, port) = driver();
        let mut builder = ClientBuilder::new(HttpConnector::new());
        builder.capabilities(look.capabilities());
        let driver_address = SocketAddr::from(([127, 0, 0, 1], port));
        let client = builder.connect(&format!("http://{driver_address}")).await;
        let client = client.unwrap_or_else(|error| panic!("no browser: {error}. Run ./test, which installs Chromium"));
        let session = client.session_id().await.expect("a session").expect("an id");
        let http = reqwest::Client::builder().no_proxy().build().expect("a client");
        Self {
            client,
            _driver: driver,
            driver_address,
            session,
            http,
            look,
            url: url.to_owned(),
            presses: AtomicUsize::new(0),
            pressed_on: Mutex::new(None),
            looked_at: Mutex::default(),
        }
    }

    /// Waits: looks again and again, until it is there or the time is over. All waiting for a page goes through here.
    async fn until<T>(&self, what: &str, look: impl AsyncFn() -> Result<T, Missing>) -> T {
        let mut instead = String::new();
        let looking = async {
            loop {
                match look().await {
                    Ok(there) => return there,
                    Err(Missing(seen)) => instead = seen,
                }
                tokio::time::sleep(POLL).await;
            }
        };
        let found = tokio::time::timeout(WITHIN, looking).await;
        if let Ok(there) = found {
            return there;
        }
        let text = self.reads("body").await.unwrap_or_else(|Missing(why)| why);
        panic!("waited in vain for {what}, {instead} at {}: {text}", self.path().await);
    }

    /// Opens an address of the server.
    pub(crate) async fn goto(&self, path: &str) {
        self.client.goto(&format!("{}{path}", self.url)).await.expect("a page");
    }

    pub(crate) async fn back(&self) {
        self.client.back().await.expect("back");
    }

    pub(crate) async fn reload(&self) {
        self.client.refresh().await.expect("a page");
    }

    /// The path and query of the page that is shown.
    pub(crate) async fn path(&self) -> String {
        let url = self.client.current_url().await.expect("an address");
        url.as_str().strip_prefix(&self.url).unwrap_or(url.as_str()).to_owned()
    }

    /// Opens an address of the server, which leads to a page with this title.
    pub(crate) async fn visits(&self, path: &str, title: &str) {
        self.goto(path).await;
        self.is_at(title).await;
    }

    /// Waits for a page with this title, and looks at it. What was pressed has led to it: the page that it was pressed on is
    /// not meant, whatever its title.
    pub(crate) async fn is_at(&self, title: &str) {
        let title = format!("{title} · Claviger");
        let left = self.pressed_on.lock().unwrap_or_else(PoisonError::into_inner).take();
        let look = async || {
            if left.is_some() && left == self.opened_at().await? {
                return missing("still on the page before");
            }
            let seen = self.client.title().await?;
            if seen == title { Ok(()) } else { missing(format!("saw {seen:?}")) }
        };
        self.until(&format!("a page called {title:?}"), look).await;
        self.is_well_made().await;
    }

    /// By which a page is told from one with the same address: when it was opened.
    async fn opened_at(&self) -> Result<Option<f64>, Missing> {
        Ok(self.client.execute("return performance.timeOrigin", Vec::new()).await?.as_f64())
    }

    /// What can be read in an element.
    async fn reads(&self, css: &str) -> Result<String, Missing> {
        Ok(self.client.find(Locator::Css(css)).await?.text().await?)
    }

    /// Waits until the page says this.
    pub(crate) async fn says(&self, part: &str) {
        let look = async || match self.reads("body").await?.contains(part) {
            true => Ok(()),
            false => missing("it is not there"),
        };
        self.until(&format!("{part:?}"), look).await;
    }

    /// Its source, as the browser holds it.
    pub(crate) async fn source(&self) -> String {
        self.client.source().await.expect("a source")
    }

    /// Waits for an element.
    pub(crate) async fn see(&self, css: &str) -> Element {
        self.until(css, async || Ok(self.client.find(Locator::Css(css)).await?)).await
    }

    /// Waits for an element that is shown: the first of those that are meant.
    async fn see_shown(&self, what: &str, xpath: &str) -> Element {
        let look = async || {
            for element in self.client.find_all(Locator::XPath(xpath)).await? {
                if element.is_displayed().await? {
                    return Ok(element);
                }
            }
            missing("nothing of it is shown")
        };
        self.until(what, look).await
    }

    /// Waits until there are so many.
    pub(crate) async fn sees_so_many(&self, css: &str, number: usize) {
        let look = async || match self.client.find_all(Locator::Css(css)).await?.len() {
            seen if seen == number => Ok(()),
            seen => missing(format!("saw {seen}")),
        };
        self.until(&format!("{number} of {css}"), look).await;
    }

    /// Waits until an element says this.
    pub(crate) async fn sees_text(&self, css: &str, part: &str) {
        let look = async || {
            let seen = self.reads(css).await?;
            if seen.contains(part) { Ok(()) } else { missing(format!("saw {seen:?}")) }
        };
        self.until(&format!("{part:?}"), look).await;
    }

    /// How many there are.
    pub(crate) async fn count(&self, css: &str) -> usize {
        self.client.find_all(Locator::Css(css)).await.expect("a page").len()
    }

    /// Presses the button, link or summary that is called so: by its text or its label, the first one that is shown.
    pub(crate) async fn press(&self, name: &str) {
        let said = quoted(name);
        let said =
            format!("//*[self::button or self::a or self::summary][normalize-space(.)={said} or @aria-label={said}]");
        let element = self.see_shown(&format!("{name:?} to press"), &said).await;
        self.presses_on(element).await;
    }

    /// Presses what is called so in the row of a table that says this.
    pub(crate) async fn press_in(&self, row: &str, name: &str) {
        let said = format!(
            "//tr[.//*[contains(normalize-space(.),{})]]//*[self::button or self::a][starts-with(normalize-space(.),{})]",
            quoted(row),
            quoted(name)
        );
        let element = self.see_shown(&format!("{name:?} to press beside {row:?}"), &said).await;
        self.presses_on(element).await;
    }

    async fn presses_on(&self, element: Element) {
        self.presses.fetch_add(1, Ordering::Relaxed);
        let page = self.opened_at().await.unwrap_or_else(|Missing(why)| panic!("no page: {why}"));
        *self.pressed_on.lock().unwrap_or_else(PoisonError::into_inner) = page;
        element.click().await.expect("a press");
    }

    /// How often something was pressed since the browser was opened.
    pub(crate) fn presses(&self) -> usize {
        self.presses.load(Ordering::Relaxed)
    }

    /// Presses the button that copies, by what it says then.
    pub(crate) async fn press_copy(&self, said: &str) {
        self.press_first(&format!("button[data-said='{said}']")).await;
    }

    /// Opens the menu of the person himself.
    pub(crate) async fn opens_own_menu(&self) {
        self.press_first("details.menu.right summary").await;
    }

    /// Presses the one button that the page is for, wherever the same name stands on it as well.
    pub(crate) async fn press_primary(&self) {
        self.press_first("main .foot button.btn.go").await;
    }

    /// Presses the first of what is meant, where no name tells it from others.
    pub(crate) async fn press_first(&self, css: &str) {
        let element = self.see(css).await;
        self.presses_on(element).await;
    }

    /// Shows the secret that is masked at first.
    pub(crate) async fn reveals(&self) {
        self.see(".peek summary").await.click().await.expect("a press");
    }

    /// The username and the secret that the page shows this once: from now on nobody may write it.
    pub(crate) async fn new_secret(&self) -> (String, String) {
        self.reveals().await;
        let (username, secret) = (self.content("#u").await, self.content("#s").await);
        secrets::handed_out(&username, &secret);
        (username, secret)
    }

    /// The link that the page shows this once: from now on nobody may write its token.
    pub(crate) async fn new_link(&self, css: &str, what: &str) -> String {
        let link = self.content(css).await;
        secrets::handed_out(what, link.rsplit('/').next().expect("a token"));
        link
    }

    /// What stands in an element.
    pub(crate) async fn content(&self, css: &str) -> String {
        self.see(css).await.text().await.expect("text")
    }

    /// Types into the field that is labelled so, in place of what is there.
    pub(crate) async fn types(&self, label: &str, text: &str) {
        let field = self.labelled(label).await;
        field.clear().await.expect("a field");
        field.send_keys(text).await.expect("a field");
    }

    /// Ticks the box, or chooses the button, that is labelled so.
    pub(crate) async fn ticks(&self, label: &str) {
        let said = format!("//label[starts-with(normalize-space(.),{})]", quoted(label));
        self.see_shown(&format!("{label:?} to tick"), &said).await.click().await.expect("a press");
    }

    /// Chooses of what the field that is labelled so offers.
    pub(crate) async fn chooses(&self, label: &str, option: &str) {
        self.labelled(label).await.select_by_label(option).await.expect("an option");
    }

    async fn labelled(&self, label: &str) -> Element {
        let said = quoted(label);
        let said = format!(
            "//*[@id=//label[normalize-space(.)={said}]/@for] | //*[self::input or self::select or self::textarea][@aria-label={said}] \
             | //label[normalize-space(.)={said}]//input"
        );
        self.see_shown(&format!("a field {label:?}"), &said).await
    }

    /// Types in who he is on the page that asks for it.
    pub(crate) async fn says_who_it_is(&self, email: &str, password: &str) {
        self.types("E-mail", email).await;
        self.types("Password", password).await;
        self.press("Sign in").await;
    }

    /// Signs in by the page that is shown, and remembers the session as a secret.
    pub(crate) async fn signs_in(&self, email: &str, password: &str) {
        self.says_who_it_is(email, password).await;
        self.has_a_session().await;
    }

    /// Waits for a session; no log of a server may hold its token.
    pub(crate) async fn has_a_session(&self) {
        let cookie = self.until("a session", async || Ok(self.client.get_named_cookie("claviger").await?)).await;
        secrets::handed_out("session", cookie.value());
    }

    /// What must be true of each page.
    async fn is_well_made(&self) {
        let path = self.path().await;
        let path = path.split(['?', '#']).next().unwrap_or_default().to_owned();
        self.looked_at.lock().unwrap_or_else(PoisonError::into_inner).insert(path);
        let source = self.source().await;
        assert!(source.len() < 60_000, "{} characters at {}", source.len(), self.path().await);
        if !self.is_of_a_secret().await {
            secrets::are_not_in("a page", &source);
        }
        let width = if self.look.phone { 360 } else { 1_280 };
        let wide = self.run("return document.documentElement.scrollWidth").await.as_u64().expect("a width");
        assert!(wide <= width, "{wide} pixels wide at {}", self.path().await);
        self.is_accessible().await;
        self.complains_of_nothing().await;
    }

    /// The paths of the pages that were looked at.
    pub(crate) fn looked_at(&self) -> BTreeSet<String> {
        self.looked_at.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Whether it is the page that shows a secret, once.
    async fn is_of_a_secret(&self) -> bool {
        self.count("[data-once]").await > 0
    }

    /// An accessibility checker finds nothing. What it runs is its own, also where scripts of pages do not.
    async fn is_accessible(&self) {
        if self.look.without_scripts {
            return;
        }
        self.run(&AXE).await;
        let script = "const done = arguments[arguments.length - 1]; axe.run(document, { resultTypes: ['violations'] })
            .then(r => done(r.violations.map(v => [v.id, v.help, v.nodes.map(n => n.html + ' ' + n.failureSummary)])), e => done(String(e)));";
        let found = self.client.execute_async(script, Vec::new()).await.expect("a check");
        assert_eq!(found, json!([]), "at {}", self.path().await);
    }

    /// Neither the policy of the page nor anything else made the browser complain.
    async fn complains_of_nothing(&self) {
        let log = self.asks_the_driver("se/log", json!({ "type": "browser" })).await;
        let loud: Vec<&Value> = log.as_array().expect("a list").iter().filter(|line| is_ours(line)).collect();
        assert!(loud.is_empty(), "{loud:?} at {}", self.path().await);
    }

    /// Runs a script of the test's.
    pub(crate) async fn run(&self, script: &str) -> Value {
        self.client.execute(script, Vec::new()).await.expect("a script")
    }

    /// Leaves a picture of the whole page.
    pub(crate) async fn is_pictured(&self, name: &str) {
        let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../target/screenshots");
        fs::create_dir_all(&folder).expect("a folder");
        let whole = json!({ "format": "webp", "quality": 85, "captureBeyondViewport": true });
        let asked = json!({ "cmd": "Page.captureScreenshot", "params": whole });
        let picture = self.asks_the_driver("goog/cdp/execute", asked).await;
        let picture = BASE64_STANDARD.decode(picture["data"].as_str().expect("a picture")).expect("base64");
        fs::write(folder.join(format!("{name}-{}.webp", self.look.name())), picture).expect("a file");
    }

    /// Asks for what only this driver knows.
    async fn asks_the_driver(&self, path: &str, asked: Value) -> Value {
        let url = format!("http://{}/session/{}/{path}", self.driver_address, self.session);
        let answer = self.http.post(url).json(&asked).send().await.expect("an answer");
        let answer: Value = answer.json().await.expect("JSON");
        answer["value"].clone()
    }

    /// Closes it.
    pub(crate) async fn close(self) {
        self.client.clone().close().await.expect("closed");
    }
}

impl Drop for Chromium {
    fn drop(&mut self) {
        // A driver that is killed leaves its browser behind. Where the test has closed it, or the driver is gone, there is
        // nothing to end.
        if let Ok(mut driver) = TcpStream::connect(self.driver_address) {
            let head =
                format!("DELETE /session/{} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n", self.session);
            let _ = driver.set_read_timeout(Some(Duration::from_secs(5)));
            let _ = driver.write_all(head.as_bytes());
            let _ = driver.read_to_end(&mut Vec::new());
        }
    }
}

/// A driver, and the port that it listens on. It takes a port that is free for IPv4, and ends where that one is not free for
/// IPv6: then another is started.
fn driver() -> (Process, u16) {
    for _ in 0..5 {
        let mut command = Command::new("chromedriver");
        command.arg("--port=0");
        let mut driver = Process::start(command);
        let mut port = None;
        wait_until("chromedriver", || {
            port = driver
                .out()
                .split_once("successfully on port ")
                .and_then(|(_, rest)| rest.split_once('.').and_then(|(port, _)| port.parse::<u16>().ok()));
            port.is_some() || driver.has_ended()
        });
        if let Some(port) = port {
            return (driver, port);
        }
    }
    panic!("chromedriver ends whenever it is started. Run ./test, which installs it");
}

/// What is not there yet: what there is instead.
struct Missing(String);

impl From<CmdError> for Missing {
    fn from(error: CmdError) -> Self {
        Self(error.to_string())
    }
}

fn missing<T>(instead: impl Into<String>) -> Result<T, Missing> {
    Err(Missing(instead.into()))
}

/// A page that says 403 or 404 is told in the log as well: that is no complaint about the page.
fn is_ours(line: &Value) -> bool {
    !line["message"].as_str().unwrap_or_default().contains("the server responded with a status of 4")
}

/// A text as XPath reads it.
fn quoted(text: &str) -> String {
    if text.contains('\'') { format!("\"{text}\"") } else { format!("'{text}'") }
}
