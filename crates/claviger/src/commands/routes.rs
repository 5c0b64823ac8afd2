//! `claviger routes`: the route table of a gateway, on the host: whether it is one, and how it decides.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use axum::http::Method;

use super::exit::Failed;
use super::host::HostFailed;
use super::output::{print, shown};
use crate::gateway::explained::Explained;
use crate::gateway::route::is_read_alike;
use crate::gateway::watched_table::{self, NoTable};
use crate::gateway::{RequestPath, RouteTable};

/// Check a gateway's route table, and see how it decides.
#[derive(Debug, clap::Subcommand)]
pub enum Routes {
    /// Read a route table and tell its mistakes, each with its line
    Check(CheckArgs),
    /// Tell which route decides about a request, and what it takes
    Explain(ExplainArgs),
}

/// Which table.
#[derive(Debug, clap::Args)]
pub struct CheckArgs {
    /// The table
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

/// Which request.
#[derive(Debug, clap::Args)]
pub struct ExplainArgs {
    /// Its method, such as GET
    #[arg(value_parser = method)]
    method: Method,
    /// Its path, as the request line has it
    path: String,
    /// The table
    #[arg(long, value_name = "FILE", env = "CLAVIGER_ROUTES")]
    routes: PathBuf,
}

impl Routes {
    /// Does what was asked for.
    pub async fn run(self) -> Result<(), Failed> {
        match self {
            Self::Check(CheckArgs { file }) => {
                let table = read(&file).map_err(HostFailed::from)?;
                let routes = match table.routes().len() {
                    1 => "1 route".to_owned(),
                    many => format!("{many} routes"),
                };
                Ok(print(&format!("{}: {routes}", shown(&file.display().to_string())))?)
            }
            Self::Explain(ExplainArgs { method, path, routes }) => {
                let table = read(&routes).map_err(HostFailed::from)?;
                let told = match RequestPath::parse(path.as_bytes()) {
                    Ok(path) => Explained::of(&table, &method, &path).to_string(),
                    Err(error) => format!("{method} {path}\ndenied: the path {error}"),
                };
                let lines: Vec<String> = told.lines().map(shown).collect();
                Ok(print(&lines.join("\n"))?)
            }
        }
    }
}

/// A method as checks take it.
fn method(text: &str) -> Result<Method, String> {
    let method = Method::from_bytes(text.as_bytes()).map_err(|error| error.to_string())?;
    let refused = "a method with lower-case letters is refused, for some take it for another one";
    if is_read_alike(&method) { Ok(method) } else { Err(refused.to_owned()) }
}

/// Reads a table; each mistake has a line of its own, as compilers tell theirs.
fn read(file: &Path) -> Result<RouteTable, NoTable> {
    watched_table::read(file).inspect_err(|error| {
        let NoTable::Wrong { file, mistakes } = error else { return };
        let file = file.display();
        let mut stderr = io::stderr().lock();
        // Where even standard error is closed, the exit code is all there is.
        let _ = mistakes.0.iter().try_for_each(|mistake| {
            writeln!(stderr, "{}", shown(&format!("{file}:{}: {}", mistake.line, mistake.what)))
        });
    })
}
