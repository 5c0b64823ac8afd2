//! A browser and what somebody does with it.

use std::fs;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::PathBuf;
use std::process::Command;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use fantoccini::elements::Element;
use fantoccini::{Client, ClientBuilder, Locator};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};

use crate::process::{Process, wait_until};
use crate::secrets;

/// What is waited for is there within this: a loaded machine is no failure.
const WITHIN: Duration = Duration::from_secs(60);

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
        }
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

    /// Waits for a page with this title, and looks at it.
    pub(crate) async fn is_at(&self, title: &str) {
        let title = format!("{title} · Claviger");
        let mut seen = String::new();
        for _ in 0..600 {
            seen = self.client.title().await.expect("a title");
            if seen == title {
                return self.is_well_made().await;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("waited for {title:?}, saw {seen:?} at {}: {}", self.path().await, self.text().await);
    }

    /// What can be read on the page.
    pub(crate) async fn text(&self) -> String {
        self.see("body").await.text().await.expect("text")
    }

    /// The page says this.
    pub(crate) async fn says(&self, part: &str) {
        let text = self.text().await;
        assert!(text.contains(part), "{part:?} is not in {text}");
    }

    /// The page's heading.
    pub(crate) async fn heading(&self) -> String {
        self.see("h1").await.text().await.expect("text")
    }

    /// Its source, as the browser holds it.
    pub(crate) async fn source(&self) -> String {
        self.client.source().await.expect("a source")
    }

    /// Waits for an element.
    pub(crate) async fn see(&self, css: &str) -> Element {
        let seen = self.client.wait().at_most(WITHIN).for_element(Locator::Css(css)).await;
        match seen {
            Ok(element) => element,
            Err(error) => panic!("no {css} at {}: {error}", self.path().await),
        }
    }

    /// Waits until there are so many.
    pub(crate) async fn sees_so_many(&self, css: &str, number: usize) {
        for _ in 0..600 {
            if self.count(css).await == number {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("waited for {number} of {css}: {}", self.text().await);
    }

    /// Waits until an element says this.
    pub(crate) async fn sees_text(&self, css: &str, part: &str) {
        let mut seen = String::new();
        for _ in 0..600 {
            seen = self.see(css).await.text().await.expect("text");
            if seen.contains(part) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("waited for {part:?}, saw {seen:?}");
    }

    /// How many there are.
    pub(crate) async fn count(&self, css: &str) -> usize {
        self.client.find_all(Locator::Css(css)).await.expect("a page").len()
    }

    /// Presses the button, link or summary that is called so: by its text or its label, the first one that is shown.
    pub(crate) async fn press(&self, name: &str) {
        let name = quoted(name);
        let said =
            format!("//*[self::button or self::a or self::summary][normalize-space(.)={name} or @aria-label={name}]");
        let found = self.client.wait().at_most(WITHIN).for_element(Locator::XPath(&said)).await;
        if let Err(error) = found {
            panic!("nothing is called {name} at {}: {error}: {}", self.path().await, self.text().await);
        }
        for element in self.client.find_all(Locator::XPath(&said)).await.expect("a page") {
            if element.is_displayed().await.expect("a page") {
                return self.presses_on(element).await;
            }
        }
        panic!("what is called {name} at {} is not shown", self.path().await);
    }

    /// Presses what is called so in the row of a table that says this.
    pub(crate) async fn press_in(&self, row: &str, name: &str) {
        let (row, name) = (quoted(row), quoted(name));
        let said = format!(
            "//tr[.//*[contains(normalize-space(.),{row})]]//*[self::button or self::a][starts-with(normalize-space(.),{name})]"
        );
        let found = self.client.wait().at_most(WITHIN).for_element(Locator::XPath(&said)).await;
        match found {
            Ok(element) => self.presses_on(element).await,
            Err(error) => panic!("no {name} beside {row} at {}: {error}: {}", self.path().await, self.text().await),
        }
    }

    async fn presses_on(&self, element: Element) {
        self.presses.fetch_add(1, Ordering::Relaxed);
        element.click().await.expect("a press");
    }

    /// How often something was pressed since the browser was opened.
    pub(crate) fn presses(&self) -> usize {
        self.presses.load(Ordering::Relaxed)
    }

    /// Presses the button that copies, by what it says then.
    pub(crate) async fn press_copy(&self, said: &str) {
        let button = self.see(&format!("button[data-said='{said}']")).await;
        self.presses_on(button).await;
    }

    /// Opens the menu of the person himself.
    pub(crate) async fn opens_own_menu(&self) {
        let menu = self.see("details.menu.right summary").await;
        self.presses_on(menu).await;
    }

    /// Presses the one button that the page is for, wherever the same name stands on it as well.
    pub(crate) async fn press_primary(&self) {
        let button = self.see("main .foot button.btn.go").await;
        self.presses_on(button).await;
    }

    /// The username and the secret that the page shows this once, and the request that it gives to try them with.
    pub(crate) async fn new_secret(&self) -> (String, String, String) {
        self.see(".peek summary").await.click().await.expect("a press");
        let text = async |css: &str| self.see(css).await.prop("textContent").await.expect("text").expect("text");
        (text("#u").await, text("#s").await, text("#curl").await)
    }

    /// Shows the secret that is masked at first.
    pub(crate) async fn reveals(&self) {
        self.see(".peek summary").await.click().await.expect("a press");
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
        let found = self.client.wait().at_most(WITHIN).for_element(Locator::XPath(&said)).await;
        found.unwrap_or_else(|error| panic!("no label {label}: {error}")).click().await.expect("a press");
    }

    /// Chooses of what the field that is labelled so offers.
    pub(crate) async fn chooses(&self, label: &str, option: &str) {
        self.labelled(label).await.select_by_label(option).await.expect("an option");
    }

    async fn labelled(&self, label: &str) -> Element {
        let label = quoted(label);
        let said = format!(
            "//*[@id=//label[normalize-space(.)={label}]/@for] | //*[self::input or self::select or self::textarea][@aria-label={label}] \
             | //label[normalize-space(.)={label}]//input"
        );
        let found = self.client.wait().at_most(WITHIN).for_element(Locator::XPath(&said)).await;
        match found {
            Ok(field) => field,
            Err(error) => panic!("no field {label} at {}: {error}: {}", self.path().await, self.text().await),
        }
    }

    /// Signs in by the page that is shown, and remembers the session as a secret.
    pub(crate) async fn signs_in(&self, email: &str, password: &str) {
        self.types("E-mail", email).await;
        self.types("Password", password).await;
        self.press("Sign in").await;
        self.has_a_session().await;
    }

    /// Waits for a session; no log of a server may hold its token.
    pub(crate) async fn has_a_session(&self) {
        for _ in 0..600 {
            if let Ok(cookie) = self.client.get_named_cookie("claviger").await {
                return secrets::handed_out("session", cookie.value());
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("nobody is signed in at {}: {}", self.path().await, self.text().await);
    }

    /// What must be true of each page.
    async fn is_well_made(&self) {
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

/// A page that says 403 or 404 is told in the log as well: that is no complaint about the page.
fn is_ours(line: &Value) -> bool {
    !line["message"].as_str().unwrap_or_default().contains("the server responded with a status of 4")
}

/// A text as XPath reads it.
fn quoted(text: &str) -> String {
    if text.contains('\'') { format!("\"{text}\"") } else { format!("'{text}'") }
}
