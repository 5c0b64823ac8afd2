//! The windows of all rounds as a picture: how many rounds had which, on a logarithmic scale on which none has its own place.
//!
//! SVG that is read on light and on dark paper, without script and without anything from elsewhere.

use std::fmt::Write;
use std::time::Duration;

use super::statistics::{Counts, Statistics};

/// Upper ends of the bars, in milliseconds, and what stands under them. Before them is the bar of no window at all.
const BARS: [(u64, &str); 12] = [
    (1, "1 ms"),
    (3, "3 ms"),
    (10, "10 ms"),
    (30, "30 ms"),
    (100, "0.1 s"),
    (300, "0.3 s"),
    (1_000, "1 s"),
    (3_000, "3 s"),
    (10_000, "10 s"),
    (30_000, "30 s"),
    (100_000, "100 s"),
    (u64::MAX, "more"),
];

const WIDTH: usize = 860;
const HEIGHT: usize = 360;
const LEFT: usize = 70;
const RIGHT: usize = 20;
const TOP: usize = 84;
const BOTTOM: usize = 78;
const BAR_SHARE: f64 = 0.72;

/// So many lines across, at most.
const LINES_MAX: u64 = 5;

const STYLE: &str = "text{font-family:system-ui,sans-serif;fill:#1c2430}.quiet{fill:#5b6675}.paper{fill:#ffffff}.line{stroke:#d9dee5}.none{fill:#2f6f8f}.late{fill:#b3452c}\
@media (prefers-color-scheme:dark){text{fill:#e8ecf1}.quiet{fill:#a3adba}.paper{fill:#12171e}.line{stroke:#303a46}.none{fill:#62a8c9}.late{fill:#e58368}}";

/// Draws it.
pub fn draw(statistics: &Statistics) -> String {
    let mut bars = [0_u64; BARS.len() + 1];
    let mut worst = Duration::ZERO;
    for window in statistics.windows() {
        bars[bar(window)] += 1;
        worst = worst.max(window);
    }
    let mut svg = format!(
        "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {WIDTH} {HEIGHT}' width='{WIDTH}' height='{HEIGHT}' role='img'>\n\
         <title>How long credentials were accepted after their revocation was answered</title>\n<style>{STYLE}</style>\n\
         <rect class='paper' width='{WIDTH}' height='{HEIGHT}'/>\n"
    );
    text(&mut svg, (16, 30), "Accepted after the answered revocation", "font-size='17' font-weight='600'");
    text(
        &mut svg,
        (16, 52),
        &told(statistics.counts(), statistics.accepted_after(), worst),
        "font-size='13' class='quiet'",
    );
    across(&mut svg, bars.iter().copied().max().unwrap_or_default());
    upright(&mut svg, &bars);
    let middle = LEFT + (WIDTH - LEFT - RIGHT) / 2;
    let under = "time from the revocation's answer to the last use that was accepted (logarithmic; up to what stands under the bar)";
    text(&mut svg, (middle, HEIGHT - 18), under, "font-size='12' class='quiet' text-anchor='middle'");
    let beside = TOP + (HEIGHT - TOP - BOTTOM) / 2;
    let turned = format!("font-size='12' class='quiet' text-anchor='middle' transform='rotate(-90 20 {beside})'");
    text(&mut svg, (20, beside), "rounds", &turned);
    svg.push_str("</svg>\n");
    svg
}

/// The bar that a window belongs to.
fn bar(window: Duration) -> usize {
    match window {
        Duration::ZERO => 0,
        window => {
            1 + BARS.partition_point(|(end, _)| u128::from(*end) * 1_000_000 < window.as_nanos()).min(BARS.len() - 1)
        }
    }
}

fn told(counts: Counts, accepted_after: u64, worst: Duration) -> String {
    let mut told = format!("{} rounds: in {} nobody was accepted", counts.run, counts.clean);
    // Writing to a string does not fail.
    if counts.late > 0 {
        let worst_ms = worst.as_secs_f64() * 1_000.0;
        let _ = write!(
            told,
            ", in {} somebody was ({accepted_after} uses, the last one {worst_ms:.1} ms after the answer)",
            counts.late
        );
    }
    for (count, what) in
        [(counts.never_settled, "did not end"), (counts.unproven, "prove nothing"), (counts.failed, "failed")]
    {
        if count > 0 {
            let _ = write!(told, "; {count} {what}");
        }
    }
    told
}

/// Lines across, each with its number of rounds.
fn across(svg: &mut String, most: u64) {
    let step = step(most);
    for count in (0..).map(|number| number * step).take_while(|count| *count <= most.max(1)) {
        let y = height_of(count, most);
        let right = WIDTH - RIGHT;
        let _ = writeln!(svg, "<line class='line' x1='{LEFT}' x2='{right}' y1='{y:.1}' y2='{y:.1}'/>");
        let at = "font-size='12' class='quiet' text-anchor='end'";
        let _ = writeln!(svg, "<text x='{}' y='{:.1}' {at}>{count}</text>", LEFT - 8, y + 4.0);
    }
}

/// Between two lines: 1, 2 or 5 times a power of ten.
fn step(most: u64) -> u64 {
    let steps = (0..19).flat_map(|power| [1, 2, 5].map(|times| times * 10_u64.pow(power)));
    steps.into_iter().find(|step| most / step < LINES_MAX).unwrap_or(u64::MAX)
}

fn height_of(count: u64, most: u64) -> f64 {
    let room = (HEIGHT - TOP - BOTTOM) as f64;
    (HEIGHT - BOTTOM) as f64 - room * count as f64 / most.max(1) as f64
}

fn upright(svg: &mut String, bars: &[u64]) {
    let most = bars.iter().copied().max().unwrap_or_default();
    let place = (WIDTH - LEFT - RIGHT) as f64 / bars.len() as f64;
    let names = std::iter::once("none").chain(BARS.map(|(_, name)| name));
    for (number, (count, name)) in bars.iter().zip(names).enumerate() {
        let middle = LEFT as f64 + place * (number as f64 + 0.5);
        let base = HEIGHT - BOTTOM;
        let _ =
            writeln!(svg, "<text x='{middle:.1}' y='{}' font-size='12' text-anchor='middle'>{name}</text>", base + 20);
        if *count == 0 {
            continue;
        }
        let (y, wide) = (height_of(*count, most), place * BAR_SHARE);
        let class = if number == 0 { "none" } else { "late" };
        let left = middle - wide / 2.0;
        let high = base as f64 - y;
        let _ = writeln!(
            svg,
            "<rect class='{class}' x='{left:.1}' y='{y:.1}' width='{wide:.1}' height='{high:.1}' rx='2'/>\n\
             <text x='{middle:.1}' y='{:.1}' font-size='12' text-anchor='middle'>{count}</text>",
            y - 6.0
        );
    }
    // What is no time stands apart from what is little.
    let x = LEFT as f64 + place;
    let _ = writeln!(
        svg,
        "<line class='line' x1='{x:.1}' x2='{x:.1}' y1='{TOP}' y2='{}' stroke-dasharray='3 3'/>",
        HEIGHT - BOTTOM + 26
    );
}

/// Nothing here comes from a stranger, so nothing needs escaping.
fn text(svg: &mut String, (x, y): (usize, usize), words: &str, look: &str) {
    let _ = writeln!(svg, "<text x='{x}' y='{y}' {look}>{words}</text>");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_window_has_a_bar_of_its_own_and_each_other_one_belongs_somewhere() {
        let of = |ns| bar(Duration::from_nanos(ns));
        assert_eq!([of(0), of(1), of(1_000_000), of(1_000_001), of(3_000_001)], [0, 1, 1, 2, 3]);
        assert_eq!(bar(Duration::from_secs(100)), 11);
        assert_eq!([bar(Duration::from_secs(101)), bar(Duration::MAX)], [12, 12]);
    }

    #[test]
    fn lines_are_few_and_round() {
        assert_eq!([0, 1, 4, 5, 9, 10, 30, 100, 5_000].map(step), [1, 1, 1, 2, 2, 5, 10, 50, 2_000]);
    }

    #[test]
    fn a_picture_of_nothing_is_one_too() {
        let svg = draw(&Statistics::default());
        assert!(svg.starts_with("<svg ") && svg.ends_with("</svg>\n") && svg.contains("0 rounds"), "{svg}");
        assert!(!svg.contains("NaN") && !svg.contains("inf"), "{svg}");
    }
}
