//! A plan as it is written, and its way to one that can be carried out.

use std::collections::BTreeSet;

use reqwest::Method;
use reqwest::header::HeaderName;
use toml::{Table, Value};

use super::{Address, Body, Check, Deed, How, Json, NoPlan, Plan, Request, Step};
use crate::captured::Pointer;
use crate::statuses::Statuses;
use crate::template::{NoTemplate, Outside, Template};
use crate::values::is_name;

/// So many addresses of one step.
const ADDRESSES_MAX: usize = 64;

/// What each round knows before its first step.
const OF_A_ROUND: [&str; 1] = ["name"];

/// Reads a plan.
pub(super) fn read(text: &str, outside: Outside<'_>) -> Result<Plan, NoPlan> {
    let mut written: Table = toml::from_str(text).map_err(|error: toml::de::Error| {
        let line = error.span().and_then(|span| text.get(..span.start)).map(|before| before.matches('\n').count() + 1);
        NoPlan::Form { line, reason: error.message().to_owned() }
    })?;
    let mut step = |name: &'static str| {
        let wrong = |reason: &str| NoPlan::Step { step: name, reason: reason.to_owned() };
        match written.remove(name) {
            Some(Value::Table(fields)) => Ok(Some(Fields { step: name, fields })),
            Some(_) => Err(wrong("it is no table")),
            None if name == "prepare" => Ok(None),
            None => Err(wrong("it is missing")),
        }
    };
    let steps = [step("prepare")?, step("create")?, step("check")?, step("revoke")?];
    if let Some(unknown) = written.keys().next() {
        return Err(NoPlan::Form {
            line: None,
            reason: format!("there is no step {unknown:?}; the steps are prepare, create, check and revoke"),
        });
    }
    let [prepare, Some(create), Some(check), Some(revoke)] = steps else {
        return Err(NoPlan::Form { line: None, reason: "a step is missing".to_owned() });
    };
    let mut known: BTreeSet<String> = OF_A_ROUND.map(str::to_owned).into();
    // What is prepared belongs to no round.
    let mut prepared = BTreeSet::new();
    let prepare = match prepare {
        Some(fields) => Some(Reading::of("prepare", outside).step(fields.step()?, &mut prepared)?),
        None => None,
    };
    known.extend(prepared);
    let create = Reading::of("create", outside).step(create.step()?, &mut known)?;
    let check = Reading::of("check", outside).check(check.step()?, &known)?;
    let revoke = Reading::of("revoke", outside).step(revoke.step()?, &mut known)?;
    Ok(Plan { prepare, create, check, revoke })
}

/// A step as it is written: texts, not looked at.
struct WrittenStep {
    at: Vec<String>,
    method: Option<String>,
    url: Option<String>,
    headers: Vec<(String, String)>,
    basic: Option<Basic>,
    json: Option<Value>,
    form: Option<Vec<(String, String)>>,
    command: Option<Vec<String>>,
    capture: Vec<(String, String)>,
    done: Option<String>,
    gone: Option<String>,
    accepted: Option<String>,
    refused: Option<String>,
}

struct Basic {
    username: String,
    password: String,
}

/// The fields of a table that are not read yet.
struct Fields {
    step: &'static str,
    fields: Table,
}

impl Fields {
    fn step(mut self) -> Result<WrittenStep, NoPlan> {
        let basic = match self.fields.remove("basic") {
            Some(Value::Table(fields)) => {
                let mut fields = Self { step: self.step, fields };
                let (username, password) = (fields.text("username")?, fields.text("password")?);
                fields.end()?;
                let whole = username.zip(password).map(|(username, password)| Basic { username, password });
                Some(whole.ok_or_else(|| self.wrong("basic", "a table with username and password"))?)
            }
            Some(_) => return Err(self.wrong("basic", "a table with username and password")),
            None => None,
        };
        let written = WrittenStep {
            at: self.texts("at")?.unwrap_or_default(),
            method: self.text("method")?,
            url: self.text("url")?,
            headers: self.named("headers")?.unwrap_or_default(),
            basic,
            json: self.fields.remove("json"),
            form: self.named("form")?,
            command: self.texts("command")?,
            capture: self.named("capture")?.unwrap_or_default(),
            done: self.text("done")?,
            gone: self.text("gone")?,
            accepted: self.text("accepted")?,
            refused: self.text("refused")?,
        };
        self.end()?;
        Ok(written)
    }

    fn wrong(&self, field: &str, what: &str) -> NoPlan {
        NoPlan::Step { step: self.step, reason: format!("{field} has to be {what}") }
    }

    fn text(&mut self, field: &str) -> Result<Option<String>, NoPlan> {
        match self.fields.remove(field) {
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(self.wrong(field, "a text")),
            None => Ok(None),
        }
    }

    fn texts(&mut self, field: &str) -> Result<Option<Vec<String>>, NoPlan> {
        let Some(value) = self.fields.remove(field) else { return Ok(None) };
        let wrong = || self.wrong(field, "a list of texts");
        let Value::Array(values) = value else { return Err(wrong()) };
        let mut texts = Vec::new();
        for value in values {
            let Value::String(text) = value else { return Err(wrong()) };
            texts.push(text);
        }
        Ok(Some(texts))
    }

    fn named(&mut self, field: &str) -> Result<Option<Vec<(String, String)>>, NoPlan> {
        let Some(value) = self.fields.remove(field) else { return Ok(None) };
        let wrong = || self.wrong(field, "a table of texts");
        let Value::Table(values) = value else { return Err(wrong()) };
        let mut texts = Vec::new();
        for (name, value) in values {
            let Value::String(text) = value else { return Err(wrong()) };
            texts.push((name, text));
        }
        Ok(Some(texts))
    }

    /// Whoever mistypes a field is told.
    fn end(self) -> Result<(), NoPlan> {
        match self.fields.keys().next() {
            Some(unknown) => Err(NoPlan::Step {
                step: self.step,
                reason: format!("it has the field {unknown:?}, which no step has"),
            }),
            None => Ok(()),
        }
    }
}

/// One step is being read.
struct Reading<'a> {
    step: &'static str,
    outside: Outside<'a>,
}

impl<'a> Reading<'a> {
    fn of(step: &'static str, outside: Outside<'a>) -> Self {
        Self { step, outside }
    }

    fn wrong(&self, reason: impl Into<String>) -> NoPlan {
        NoPlan::Step { step: self.step, reason: reason.into() }
    }

    /// A step that captures; what it captures is known from here on.
    fn step(&self, written: WrittenStep, known: &mut BTreeSet<String>) -> Result<Step, NoPlan> {
        if written.accepted.is_some() || written.refused.is_some() {
            return Err(self.wrong("accepted and refused belong to the step check; here it is done"));
        }
        if written.gone.is_some() && self.step != "revoke" {
            return Err(self.wrong("gone belongs to the step revoke"));
        }
        let done = self.statuses(written.done.as_deref(), "200-299")?;
        let gone = self.statuses(written.gone.as_deref(), "404,410")?;
        let capture = self.capture(&written.capture)?;
        let deed = self.deed(written, known)?;
        known.extend(capture.iter().map(|(name, _)| name.clone()));
        Ok(Step { deed, done, gone, capture })
    }

    fn check(&self, written: WrittenStep, known: &BTreeSet<String>) -> Result<Check, NoPlan> {
        if !written.capture.is_empty() || written.done.is_some() || written.gone.is_some() {
            return Err(self.wrong("capture, done and gone belong to other steps; here it is accepted and refused"));
        }
        let accepted = self.statuses(written.accepted.as_deref(), "200-299")?;
        let refused = self.statuses(written.refused.as_deref(), "401,403")?;
        if accepted.meet(&refused) {
            return Err(self.wrong(format!("a status is among the accepted ({accepted}) and the refused ({refused})")));
        }
        Ok(Check { deed: self.deed(written, known)?, accepted, refused })
    }

    fn statuses(&self, written: Option<&str>, otherwise: &str) -> Result<Statuses, NoPlan> {
        Statuses::parse(written.unwrap_or(otherwise)).map_err(|error| self.wrong(error.to_string()))
    }

    fn capture(&self, written: &[(String, String)]) -> Result<Vec<(String, Pointer)>, NoPlan> {
        let mut capture = Vec::new();
        for (name, pointer) in written {
            if !is_name(name) || ["name", "at"].contains(&name.as_str()) {
                return Err(self.wrong(format!(
                    "{name:?} is no name for what is captured; take lower-case letters, digits and underscores, and neither name nor at"
                )));
            }
            let pointer = Pointer::parse(pointer).map_err(|error| self.wrong(format!("{name}: {error}")))?;
            capture.push((name.clone(), pointer));
        }
        Ok(capture)
    }

    fn deed(&self, written: WrittenStep, known: &BTreeSet<String>) -> Result<Deed, NoPlan> {
        match (&written.url, &written.command) {
            (Some(_), None) => self.request(written, known),
            (None, Some(_)) => self.command(written, known),
            _ => Err(self.wrong("it takes either a url or a command")),
        }
    }

    fn command(&self, written: WrittenStep, known: &BTreeSet<String>) -> Result<Deed, NoPlan> {
        let command = written.command.unwrap_or_default();
        let is_request = written.method.is_some()
            || !written.headers.is_empty()
            || written.basic.is_some()
            || written.json.is_some()
            || written.form.is_some();
        if is_request || written.done.is_some() || written.gone.is_some() {
            return Err(
                self.wrong("a command has no method, headers, basic, json, form and statuses: its exit code tells")
            );
        }
        if command.first().is_none_or(String::is_empty) {
            return Err(self.wrong("the command names no program"));
        }
        // Whoever writes {secret} there means what must not be: arguments stand in the list of processes.
        let placeholders: Vec<_> = known.iter().map(|name| format!("{{{name}}}")).collect();
        let meant = |word: &String| {
            placeholders.iter().any(|name| word.contains(name)) || word.contains("{env:") || word.contains("{file:")
        };
        if command.iter().any(meant) {
            return Err(self.wrong(
                "a command's words hold no placeholder, since every user of the machine can read them; values are in its environment, {secret} as METER_SECRET",
            ));
        }
        let named = |name: &String| Address { name: name.clone(), url: None };
        let at = match written.at.is_empty() {
            true => vec![named(&command[0])],
            false => written.at.iter().map(named).collect(),
        };
        let at = self.addresses(at)?;
        Ok(Deed { at, how: How::Command(command) })
    }

    fn request(&self, written: WrittenStep, known: &BTreeSet<String>) -> Result<Deed, NoPlan> {
        let url = written.url.unwrap_or_default();
        let (at, path) = self.place(&url, &written.at)?;
        let path = self.template("url", path, known)?;
        if path.takes_from_outside() {
            return Err(self.wrong(
                "its url takes a value of the environment or of a file, and URLs stand in logs; send it in a header or by basic",
            ));
        }
        let method = written.method.as_deref().unwrap_or("GET");
        let method =
            Method::from_bytes(method.as_bytes()).map_err(|_| self.wrong(format!("{method:?} is no method")))?;
        let mut headers = Vec::new();
        for (name, value) in &written.headers {
            let parsed = HeaderName::from_bytes(name.as_bytes());
            let parsed = parsed.map_err(|_| self.wrong(format!("{name:?} is no header's name")))?;
            headers.push((parsed, self.template(name, value, known)?));
        }
        let basic = written.basic.map(|basic| {
            let username = self.template("basic", &basic.username, known)?;
            Ok::<_, NoPlan>((username, self.template("basic", &basic.password, known)?))
        });
        let body = match (written.json, written.form) {
            (None, None) => Body::None,
            (Some(json), None) => Body::Json(self.json(json, known)?),
            (None, Some(form)) => {
                let fields = form.into_iter().map(|(name, value)| {
                    let value = self.template(&name, &value, known)?;
                    Ok::<_, NoPlan>((name, value))
                });
                Body::Form(fields.collect::<Result<_, _>>()?)
            }
            (Some(_), Some(_)) => return Err(self.wrong("it takes either json or form")),
        };
        let request = Request { method, path, headers, basic: basic.transpose()?, body };
        Ok(Deed { at: self.addresses(at)?, how: How::Http(Box::new(request)) })
    }

    /// The addresses of a URL, and what stands behind them.
    fn place<'t>(&self, url: &'t str, at: &[String]) -> Result<(Vec<Address>, &'t str), NoPlan> {
        if let Some(path) = url.strip_prefix("{at}") {
            if at.is_empty() {
                return Err(self.wrong("its url begins with {at}, and no address is given: at = [\"https://...\"]"));
            }
            let at = at.iter().map(|text| self.address(text)).collect::<Result<_, _>>()?;
            return Ok((at, path));
        }
        if !at.is_empty() {
            return Err(self.wrong("its url has to begin with {at}, which stands for each of the addresses"));
        }
        let authority = url.find("://").map_or(0, |at| at + 3);
        let end = url[authority..].find(['/', '?', '#']).map_or(url.len(), |end| authority + end);
        if url[..end].contains(['{', '}']) {
            return Err(self.wrong("a placeholder says which server is asked; write the address out, in url or in at"));
        }
        Ok((vec![self.address(&url[..end])?], &url[end..]))
    }

    fn address(&self, text: &str) -> Result<Address, NoPlan> {
        Address::parse(text).map_err(|error| self.wrong(error.to_string()))
    }

    fn addresses(&self, at: Vec<Address>) -> Result<Vec<Address>, NoPlan> {
        let names: BTreeSet<_> = at.iter().map(|address| &address.name).collect();
        if names.len() < at.len() {
            return Err(self.wrong("an address is named twice"));
        }
        if at.len() > ADDRESSES_MAX {
            return Err(self.wrong(format!("it has more than {ADDRESSES_MAX} addresses")));
        }
        Ok(at)
    }

    fn template(&self, place: &str, text: &str, known: &BTreeSet<String>) -> Result<Template, NoPlan> {
        let told = |error: NoTemplate| self.wrong(format!("{place} {error}"));
        let template = Template::parse(text, self.outside).map_err(told)?;
        if let Some(unknown) = template.names().find(|name| !known.contains(*name)) {
            let known: Vec<_> = known.iter().map(|name| format!("{{{name}}}")).collect();
            let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
            return Err(self.wrong(format!(
                "{place} has the placeholder {{{unknown}}}, which no step before it captures; known are {known}"
            )));
        }
        Ok(template)
    }

    fn json(&self, written: Value, known: &BTreeSet<String>) -> Result<Json, NoPlan> {
        Ok(match written {
            Value::String(text) => Json::Text(self.template("json", &text, known)?),
            Value::Integer(number) => Json::Other(number.into()),
            Value::Float(number) => Json::Other(number.into()),
            Value::Boolean(truth) => Json::Other(truth.into()),
            Value::Datetime(time) => Json::Other(time.to_string().into()),
            Value::Array(list) => {
                Json::List(list.into_iter().map(|value| self.json(value, known)).collect::<Result<_, _>>()?)
            }
            Value::Table(table) => {
                let members = table.into_iter().map(|(name, value)| Ok((name, self.json(value, known)?)));
                Json::Object(members.collect::<Result<_, NoPlan>>()?)
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use secrecy::SecretString;

    use super::*;
    use crate::template::Source;

    const PLAN: &str = r#"
[prepare]
url = "https://keys.example.com/me"
headers = { Authorization = "Bearer {env:TOKEN}" }
capture = { organization = "/organizations/*/id" }

[create]
method = "POST"
url = "https://keys.example.com/{organization}/accounts"
headers = { Authorization = "Bearer {env:TOKEN}" }
json = { username = "{name}", projects = [{ id = 7, open = true }] }
capture = { id = "/id", secret = "/secret" }

[check]
at = ["https://a.example.com", "http://b.example.com/behind"]
url = "{at}/me?as={id}"
basic = { username = "{name}", password = "{secret}" }

[revoke]
method = "DELETE"
url = "https://keys.example.com/{organization}/accounts/{id}"
"#;

    fn parsed(text: &str) -> Result<Plan, String> {
        let outside = |source: Source<'_>| match source {
            Source::Environment("TOKEN") => Ok(SecretString::from("hush")),
            _ => Err("it is not there".to_owned()),
        };
        read(text, &outside).map_err(|error| error.to_string())
    }

    #[test]
    fn a_plan_is_read() {
        let plan = parsed(PLAN).expect("a plan");
        let names: Vec<_> = plan.check.deed.at.iter().map(|address| address.name.as_str()).collect();
        assert_eq!(names, ["https://a.example.com", "http://b.example.com/behind"]);
        assert_eq!(plan.exposed(), ["http://b.example.com"]);
        assert_eq!(plan.create.capture.len(), 2);
        assert!(!format!("{plan:?}").contains("hush"));
    }

    #[test]
    fn what_cannot_be_carried_out_is_told_with_its_step() {
        for (from, to, told) in [
            (
                "{env:TOKEN}",
                "{env:OTHER}",
                "step prepare: Authorization has the placeholder {env:OTHER}, and it is not there",
            ),
            (
                "{id}\"\nbasic",
                "{ide}\"\nbasic",
                "step check: url has the placeholder {ide}, which no step before it captures; known are {id}, {name}, {organization}, {secret}",
            ),
            (
                "/me\"\nheaders",
                "/{name}\"\nheaders",
                "step prepare: url has the placeholder {name}, which no step before it captures; known are none",
            ),
            (
                "https://a.example.com",
                "https://ada:hush@a.example.com",
                "step check: an address contains a username or a password",
            ),
            ("https://a.example.com", "https://{id}.example.com", "step check: an address is no URL"),
            ("https://a.example.com", "http://b.example.com/behind", "step check: an address is named twice"),
            (
                "https://keys.example.com/me",
                "https://{env:TOKEN}/me",
                "step prepare: a placeholder says which server is asked",
            ),
            ("as={id}", "as={env:TOKEN}", "step check: its url takes a value of the environment or of a file"),
            ("{at}/me", "https://a.example.com/me", "step check: its url has to begin with {at}"),
            (
                "at = [\"https://a.example.com\", \"http://b.example.com/behind\"]",
                "",
                "step check: its url begins with {at}, and no address is given",
            ),
            ("/secret\"", "secret\"", "step create: secret: \"secret\" is no JSON pointer"),
            ("{ id = \"/id\"", "{ name = \"/id\"", "step create: \"name\" is no name for what is captured"),
            ("method = \"POST\"", "method = \"PO ST\"", "step create: \"PO ST\" is no method"),
            ("method = \"POST\"", "accepted = \"200\"", "step create: accepted and refused belong to the step check"),
            (
                "url = \"{at}",
                "refused = \"200\"\nurl = \"{at}",
                "step check: a status is among the accepted (200-299) and the refused (200)",
            ),
            ("method = \"DELETE\"", "command = [\"rm\"]", "step revoke: it takes either a url or a command"),
            (
                "method = \"DELETE\"",
                "methods = \"DELETE\"",
                "step revoke: it has the field \"methods\", which no step has",
            ),
            ("[check]", "[cheque]", "step check: it is missing"),
            ("[prepare]", "[prepared]", "there is no step \"prepared\""),
        ] {
            assert!(PLAN.contains(from), "{from}");
            let error = parsed(&PLAN.replacen(from, to, 1)).expect_err(told);
            assert!(error.contains(told) && !error.contains("hush"), "{error}");
        }
    }

    #[test]
    fn a_commands_words_hold_no_value() {
        let plan = |command: &str| {
            parsed(&format!(
                "[create]\ncommand = [{command}]\ncapture = {{ secret = \"/secret\" }}\n[check]\ncommand = [\"check\"]\nat = [\"a\", \"b\"]\n[revoke]\ncommand = [\"revoke\"]\n"
            ))
        };
        let read = plan("\"./create\", \"--json\"").expect("a plan");
        assert_eq!((read.create.deed.at.len(), read.check.deed.at.len()), (1, 2));
        for command in ["\"./create\", \"{name}\"", "\"{env:TOKEN}\""] {
            assert!(plan(command).expect_err("a placeholder").contains("a command's words hold no placeholder"));
        }
        assert!(plan("").expect_err("nothing").contains("names no program"));
    }
}
