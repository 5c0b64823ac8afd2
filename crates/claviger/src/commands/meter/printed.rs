//! A report for people.

use claviger_meter::statistics::{Report, Spread};

use crate::commands::output::table;

/// Several tables, one below the other.
pub(super) fn tables(report: &Report) -> String {
    let mut tables = vec![rounds(report), times(report)];
    if !report.addresses.is_empty() {
        tables.push(addresses(report));
    }
    if !report.failures.is_empty() {
        let rows = report.failures.iter().map(|(reason, count)| [reason.clone(), count.to_string()]);
        tables.push(table(["Why rounds failed", "Rounds"], rows));
    }
    if !report.left_behind.is_empty() {
        let more = (report.left_behind_untold > 0).then(|| format!("and {} more", report.left_behind_untold));
        let rows = report.left_behind.iter().cloned().chain(more).map(|left| [left]);
        tables.push(table(["Not revoked: it is, or may be, still there"], rows));
    }
    tables.join("\n")
}

fn rounds(report: &Report) -> String {
    let counts = report.rounds;
    let rows = [
        ("rounds", counts.run),
        ("refused everywhere, accepted nowhere after the revocation", counts.clean),
        ("accepted after the revocation", counts.late),
        ("of those, still accepted when given up", counts.never_settled),
        ("not seen to be refused everywhere: they prove nothing", counts.unproven),
        ("failed", counts.failed),
        ("uses that were accepted after the revocation", report.accepted_after_revocation),
        ("refusals between the answered creation and the revocation", report.refused_while_valid),
        ("revocations that were asked for once more", report.revocations_asked_again),
    ];
    table(["What", "How many"], rows.map(|(what, count)| [what.to_owned(), count.to_string()]))
}

fn times(report: &Report) -> String {
    let at_least = if report.rounds.never_settled > 0 { " (at least)" } else { "" };
    let rows = [
        (format!("revocation answered, to the last use that was accepted{at_least}"), report.window_ms),
        ("creation answered, to accepted on every connection".to_owned(), report.accepted_everywhere_ms),
        ("revocation asked for, to answered".to_owned(), report.revoking_ms),
    ];
    let row = |(what, spread): (String, Option<Spread>)| match spread {
        None => [what, "0".to_owned(), "-".to_owned(), "-".to_owned(), "-".to_owned(), "-".to_owned()],
        Some(Spread { count, p50, p90, p99, worst }) => {
            let [p50, p90, p99, worst] = [p50, p90, p99, worst].map(|ms| format!("{ms:.2}"));
            [what, count.to_string(), p50, p90, p99, worst]
        }
    };
    table(["Milliseconds", "Rounds", "p50", "p90", "p99", "Worst"], rows.map(row))
}

fn addresses(report: &Report) -> String {
    let rows = report.addresses.iter().map(|seen| {
        let nothing: Vec<_> = seen.no_answers.iter().map(|(what, count)| format!("{what}: {count}")).collect();
        [
            seen.address.clone(),
            seen.uses.to_string(),
            seen.accepted_after_revocation.to_string(),
            format!("{:.2}", seen.worst_window_ms),
            seen.refused_after_revocation.to_string(),
            seen.unproven_rounds.to_string(),
            format!("{:.2}", seen.worst_blind_ms),
            if nothing.is_empty() { "-".to_owned() } else { nothing.join(", ") },
        ]
    });
    let head = [
        "Address",
        "Uses",
        "Accepted after",
        "Worst window, ms",
        "Refused after",
        "Rounds unproven",
        "Worst blind, ms",
        "Neither",
    ];
    table(head, rows)
}
