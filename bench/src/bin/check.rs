//! The check alone: read the header, find the account, compare the digest, authorize for a project.
//!
//! Over a thousand accounts and over many, of one account and of uniformly random ones. A check that allocates more than
//! once ends the run.
//! Headers are made before the clock is read, some at a time, so that they are as close at hand as one that was just
//! received; what a random account costs is what the directory has far away. Rounds alternate; the median counts.
//!
//! Then refusals, of a wrong secret under names that there are and under names that there are not: the ratio says whether
//! time tells which names there are.

use std::hint::black_box;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use clap::Parser;
use claviger::clock;
use claviger_access::authorize::{Scope, SeeProject, admit, authorize};
use claviger_access::directory::{HeldSecret, Loader, Principal, Workspace};
use claviger_access::grant::{Grant, Granted};
use claviger_access::identity::{
    GrantId, OrganizationId, PrincipalId, PrincipalKind, ProjectId, SecretId, WorkspaceId,
};
use claviger_access::role::Role;
use claviger_access::{Directory, Expiry, Mark, Moment, Revision, credential};
use claviger_bench::counting::{Counting, allocations, live_bytes};
use claviger_bench::{Ids, authorization, digest, secret, username};

/// Measure the check alone
#[derive(Parser)]
struct Options {
    /// Accounts of the large directory
    #[arg(long, value_name = "N", env = "BENCH_ACCOUNTS", default_value_t = 1_000_000)]
    accounts: u64,

    /// Rounds of each kind
    #[arg(long, value_name = "N", env = "BENCH_RUNS", default_value_t = 5)]
    rounds: usize,

    /// Check so many times as one of a thousand accounts, and do nothing else: for whoever counts instructions
    #[arg(long, value_name = "N")]
    only: Option<u64>,
}

/// Accounts of the small directory.
const FEW: u64 = 1_000;

/// Checks whose headers are made at once.
const BLOCK: usize = 1_000;

/// Blocks of a round.
const BLOCKS: usize = 300;

/// What is read of base64 is in memory of its own, which is wiped.
const ALLOCATIONS_OF_A_CHECK: usize = 1;

fn main() {
    let options = Options::parse();
    if let Some(times) = options.only {
        return check_only(times);
    }
    let sizes = [FEW, options.accounts];
    let mut directories = Vec::new();
    for accounts in sizes {
        let before = live_bytes();
        directories.push(directory(accounts));
        let bytes = live_bytes() - before;
        println!("directory of {accounts} accounts with two grants: {} bytes an account", bytes / accounts as usize);
    }
    let kinds = [(0, true), (0, false), (1, true), (1, false)];
    let mut measured = vec![Vec::new(); kinds.len()];
    let mut random = Random(0x9E37_79B9_7F4A_7C15);
    for round in 0..options.rounds {
        for place in 0..kinds.len() {
            let kind = (place + round) % kinds.len();
            let (size, is_hot) = kinds[kind];
            measured[kind].push(measure(&directories[size], sizes[size], is_hot, &mut random));
        }
    }
    println!("\n| accounts | which | ns a check | slowest and fastest round |\n| ---: | --- | ---: | ---: |");
    for ((size, is_hot), rounds) in kinds.into_iter().zip(&mut measured) {
        rounds.sort_by(f64::total_cmp);
        let (fastest, median, slowest) = (rounds[0], rounds[rounds.len() / 2], rounds[rounds.len() - 1]);
        let which = if is_hot { "one" } else { "random" };
        println!("| {} | {which} | {median:.0} | {slowest:.0}, {fastest:.0} |", sizes[size]);
    }
    compare_refusals(&directories[1], options.accounts, options.rounds, &mut random);
}

fn check_only(times: u64) {
    let (directory, ids) = (directory(FEW), Ids::of(FEW));
    let (header, now) = (authorization(FEW / 2), Moment::from_seconds(1_800_000_000).expect("a moment"));
    let scope = Scope::Project(project(ids, ids.projects_of(FEW / 2)[1]));
    for _ in 0..times {
        check(&directory, &header, scope, now);
    }
}

fn compare_refusals(directory: &Directory, accounts: u64, rounds: usize, random: &mut Random) {
    let mut measured = [Vec::new(), Vec::new()];
    for round in 0..rounds * 2 {
        let known = round % 2 == 0;
        measured[round % 2].push(refusals(directory, accounts, known, random));
    }
    let [known, unknown] = measured.map(|mut rounds| {
        rounds.sort_by(f64::total_cmp);
        rounds[rounds.len() / 2]
    });
    println!("\nrefusing a wrong secret: {known:.0} ns under a known name, {unknown:.0} under an unknown one");
    println!("known against unknown: {:.2}", known / unknown);
}

/// Nanoseconds that it takes to refuse a wrong secret under random names.
fn refusals(directory: &Directory, accounts: u64, known: bool, random: &mut Random) -> f64 {
    let now = Moment::from_seconds(1_800_000_000).expect("a moment");
    let mut elapsed = Duration::ZERO;
    for _ in 0..BLOCKS {
        let headers: Vec<String> = (0..BLOCK)
            .map(|_| random.below(accounts) + if known { 0 } else { accounts })
            .map(|name| format!("Basic {}", STANDARD.encode(format!("{}:{}", username(name), secret(name + 1)))))
            .collect();
        let started = clock::instant();
        for header in &headers {
            let presented = credential::present(std::iter::once(header.as_bytes())).expect("a credential");
            assert!(black_box(directory.authenticate(&presented, now)).is_err(), "a wrong secret was accepted");
        }
        elapsed += started.elapsed();
    }
    elapsed.as_nanos() as f64 / (BLOCK * BLOCKS) as f64
}

/// Nanoseconds of a check.
fn measure(directory: &Directory, accounts: u64, is_hot: bool, random: &mut Random) -> f64 {
    let ids = Ids::of(accounts);
    let now = Moment::from_seconds(1_800_000_000).expect("a moment");
    let (mut elapsed, mut allocated) = (Duration::ZERO, 0);
    for _ in 0..BLOCKS {
        let asked: Vec<(String, Scope)> = (0..BLOCK)
            .map(|_| if is_hot { accounts / 2 } else { random.below(accounts) })
            .map(|account| (authorization(account), Scope::Project(project(ids, ids.projects_of(account)[1]))))
            .collect();
        let (before, started) = (allocations(), clock::instant());
        for (header, scope) in &asked {
            check(directory, header, *scope, now);
        }
        elapsed += started.elapsed();
        allocated += allocations() - before;
    }
    let checks = (BLOCK * BLOCKS) as f64;
    assert!(allocated <= ALLOCATIONS_OF_A_CHECK * BLOCK * BLOCKS, "a check allocates more: {allocated} in {checks}");
    elapsed.as_nanos() as f64 / checks
}

#[inline(never)]
fn check(directory: &Directory, header: &str, scope: Scope, now: Moment) {
    let presented = credential::present(std::iter::once(header.as_bytes())).expect("a credential");
    let (caller, _) = admit(directory, &presented, None, now).expect("an account");
    let permit = authorize::<SeeProject>(directory, &caller, scope, now);
    black_box(&permit).as_ref().expect("a permit");
}

fn directory(accounts: u64) -> Directory {
    let ids = Ids::of(accounts);
    let mut loader = Loader::new(0x5eed, accounts as usize);
    for number in 0..ids.organizations() {
        loader.organization(organization(ids, number), format!("Organization {number}"));
    }
    for number in 0..ids.projects() {
        let organization = organization(ids, number / claviger_bench::PROJECTS_OF_AN_ORGANIZATION);
        loader.project(project(ids, number), organization, format!("Project {number}"), "UTC".to_owned(), None);
    }
    for number in 0..ids.projects() {
        loader.workspace(workspace(ids, number));
    }
    (0..accounts).for_each(|number| loader.principal(&account(ids, number)));
    loader.finish(Revision::ZERO, Mark::ZERO, ids.account(accounts))
}

fn workspace(ids: Ids, number: u64) -> Workspace {
    Workspace {
        id: WorkspaceId::new(ids.workspace(number)).expect("an id"),
        project: project(ids, number),
        name: "All Project Data".to_owned(),
        description: None,
        is_default: true,
        is_restricted: false,
        is_visible: true,
        created: Moment::from_seconds(1_700_000_000).expect("a moment"),
        creator: None,
    }
}

fn account(ids: Ids, number: u64) -> Principal {
    let id = ids.account(number);
    let grant = |which: u64, role: Role| {
        let on = project(ids, ids.projects_of(number)[which as usize]);
        Grant::new(GrantId::new(id + 2 + which).expect("an id"), Granted::Project(on, role.into()))
    };
    Principal {
        id: PrincipalId::new(id).expect("an id"),
        kind: PrincipalKind::ServiceAccount,
        organization: Some(organization(ids, ids.organization_of(number))),
        name: username(number),
        deleted: false,
        disabled: false,
        protected: false,
        secrets: vec![HeldSecret::new(SecretId::new(id + 1).expect("an id"), Expiry::NEVER, digest(number))],
        grants: vec![grant(0, Role::Analyst), grant(1, Role::Consumer)],
        teams: Vec::new(),
    }
}

fn organization(ids: Ids, number: u64) -> OrganizationId {
    OrganizationId::new(ids.organization(number)).expect("an id")
}

fn project(ids: Ids, number: u64) -> ProjectId {
    ProjectId::new(ids.project(number)).expect("an id")
}

/// Marsaglia's xorshift: the same numbers in each run.
struct Random(u64);

impl Random {
    fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % end
    }
}

#[global_allocator]
static COUNTING: Counting = Counting;
