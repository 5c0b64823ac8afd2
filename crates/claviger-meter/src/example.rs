//! A plan for Claviger itself.

use std::fmt::Write;

/// A plan that needs no more than where the servers are, and an owner's or admin's credential in the environment.
pub fn plan(urls: &[String]) -> String {
    let urls: Vec<_> = urls.iter().map(|url| toml::Value::from(url.trim_end_matches('/')).to_string()).collect();
    let at = urls.join(", ");
    let mut plan = String::from(
        "# How `claviger meter` creates, uses and revokes service accounts of a Claviger server. All nodes of it are in `at`.\n\
         # CLAVIGER_USERNAME and CLAVIGER_SECRET: a service account that is owner or admin of one organization.\n",
    );
    let owner = "basic = { username = \"{env:CLAVIGER_USERNAME}\", password = \"{env:CLAVIGER_SECRET}\" }";
    let steps = [
        format!(
            "[prepare]\nat = [{at}]\nurl = \"{{at}}/api/app/me\"\n{owner}\n\
             capture = {{ organization = \"/results/organizations/*/id\" }}\n"
        ),
        format!(
            "[create]\nat = [{at}]\nmethod = \"POST\"\nurl = \"{{at}}/api/app/organizations/{{organization}}/service-accounts\"\n{owner}\n\
             headers = {{ Idempotency-Key = \"{{name}}\" }}\njson = {{ username = \"{{name}}\", expires_in = 86400 }}\n\
             capture = {{ id = \"/results/id\", username = \"/results/username\", secret = \"/results/token\" }}\n"
        ),
        format!(
            "# 429 is a refusal as well: whoever presents a wrong credential too often gets it, and a right one never does.\n\
             [check]\nat = [{at}]\nurl = \"{{at}}/api/app/me\"\n\
             basic = {{ username = \"{{username}}\", password = \"{{secret}}\" }}\nrefused = \"401,403,429\"\n"
        ),
        format!(
            "[revoke]\nat = [{at}]\nmethod = \"DELETE\"\nurl = \"{{at}}/api/app/organizations/{{organization}}/service-accounts/{{id}}\"\n{owner}\n"
        ),
    ];
    for step in steps {
        // Writing to a string does not fail.
        let _ = write!(plan, "\n{step}");
    }
    plan
}
