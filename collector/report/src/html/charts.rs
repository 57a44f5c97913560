//! Charts as inline SVG. Coordinates are whole numbers, worked out like every other figure.

use std::fmt::Write as _;

use super::Safe;
use crate::document::{BudgetLine, Document, Latency};
use crate::moment::{Moments, latency as latency_text, span};

const WIDTH: i64 = 720;

/// Where `at` of `[from, to)` lies on a line of `width`.
fn place(at: i64, (from, to): (i64, i64), width: i64) -> i64 {
    let (at, from, to) = (i128::from(at.max(from).min(to)), i128::from(from), i128::from(to));
    i64::try_from((at - from) * i128::from(width) / (to - from).max(1)).unwrap_or(0)
}

fn open(height: i64, label: &str) -> String {
    format!("<svg viewBox=\"0 0 {WIDTH} {height}\" role=\"img\" aria-label=\"{}\">", Safe(label))
}

/// The whole period as one strip with outages and exclusions, and below it each day as a bar of its parts.
pub(crate) fn timeline(document: &Document, moments: &Moments) -> String {
    let range = (document.period.start_ms, document.period.end_ms);
    let mut svg = open(138, "the period with its outages, and each day by state");
    let strip = |svg: &mut String, class: &str, from: i64, to: i64| {
        let x = place(from, range, WIDTH);
        // Two units at least, so that a short outage is seen in a long period.
        let width = (place(to, range, WIDTH) - x).max(2);
        write!(svg, "<rect class=\"{class}\" x=\"{x}\" y=\"4\" width=\"{width}\" height=\"22\"/>").expect("takes all");
    };
    strip(&mut svg, "up", range.0, range.1);
    for class in ["excluded", "unknown", "down"] {
        for stretch in document.stretches.iter().filter(|stretch| stretch.state == class) {
            strip(&mut svg, class, stretch.start_ms, stretch.end_ms);
        }
    }
    let days = i64::try_from(document.days.len()).unwrap_or(i64::MAX).max(1);
    // A day's hue says its worst; the height of a part is its share, with the square root of it for what went wrong.
    for (index, day) in (0i64..).zip(&document.days) {
        let (x, next) = (index * WIDTH / days, (index + 1) * WIDTH / days);
        let width = (next - x - 1).max(1);
        let total = day.ledger.total_ms.max(1);
        let mut y = 120;
        let parts =
            [("down", day.ledger.down_ms), ("unknown", day.ledger.unknown_ms), ("excluded", day.ledger.excluded_ms)];
        let mut rest = 78;
        for (class, ms) in parts {
            let height = root_share(ms, total, 78).min(rest);
            if height > 0 {
                y -= height;
                rest -= height;
                write!(svg, "<rect class=\"{class}\" x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\"/>")
                    .expect("takes all");
            }
        }
        write!(svg, "<rect class=\"up\" x=\"{x}\" y=\"{}\" width=\"{width}\" height=\"{rest}\"/>", y - rest)
            .expect("takes all");
        if days <= 31 || index % (days / 12).max(1) == 0 {
            let label = if days <= 31 { moments.day(day.period.start_ms) } else { day.period.label.clone() };
            let middle = x + width / 2;
            write!(svg, "<text x=\"{middle}\" y=\"133\" text-anchor=\"middle\">{}</text>", Safe(&label))
                .expect("takes all");
        }
    }
    svg.push_str("</svg><p class=\"soft\">Above the whole period, below each day; parts that went wrong are drawn by the square root of their share, so that minutes are seen in a day.</p>");
    svg
}

/// The square root of a share of `height`, at least 1 for anything at all.
fn root_share(part: i64, whole: i64, height: i64) -> i64 {
    if part <= 0 {
        return 0;
    }
    let square = i128::from(part) * i128::from(height) * i128::from(height) / i128::from(whole);
    i64::try_from(square.isqrt()).unwrap_or(height).clamp(1, height)
}

/// What is left of the error budget at the end of each day.
pub(crate) fn burn_down(document: &Document, budget: &BudgetLine, moments: &Moments) -> String {
    let range = (document.period.start_ms, document.period.end_ms);
    let mut left = budget.allowed_ms;
    let mut points = vec![(0i64, left)];
    let mut lowest = 0i64;
    for day in &document.days {
        left = left.saturating_sub(day.spent_ms);
        lowest = lowest.min(left);
        points.push((place(day.period.end_ms, range, WIDTH - 110), left));
    }
    let scale = (lowest, budget.allowed_ms.max(1));
    let y = |ms: i64| 104 - place(ms, scale, 92);
    let mut svg = open(122, "error budget left, day by day");
    let zero = y(0);
    write!(
        svg,
        "<line x1=\"0\" y1=\"{zero}\" x2=\"{}\" y2=\"{zero}\" stroke=\"#9aa4b2\" stroke-dasharray=\"3 3\"/>",
        WIDTH - 110
    )
    .expect("takes all");
    write!(svg, "<text x=\"{}\" y=\"{}\">spent in full</text>", WIDTH - 104, zero + 3).expect("takes all");
    let line: Vec<String> = points.iter().map(|(x, left)| format!("{x},{}", y(*left))).collect();
    let class = if left < 0 { "#c8372d" } else { "#24519b" };
    write!(svg, "<polyline fill=\"none\" stroke=\"{class}\" stroke-width=\"2\" points=\"{}\"/>", line.join(" "))
        .expect("takes all");
    let (end, end_y) = (WIDTH - 104, y(left));
    let rest = if left < 0 { format!("{} over", span(left.saturating_neg())) } else { format!("{} left", span(left)) };
    // The two labels at the end must not lie on each other.
    let label_y = if (end_y - zero).abs() < 11 { zero + if left < 0 { 15 } else { -9 } } else { end_y + 3 };
    write!(svg, "<text x=\"{end}\" y=\"{label_y}\">{}</text>", Safe(&rest)).expect("takes all");
    for (index, day) in document.days.iter().enumerate().filter(|(at, _)| at % 5 == 0 || document.days.len() <= 8) {
        let x = place(day.period.start_ms, range, WIDTH - 110);
        if document.days.len() <= 31 || index % 30 == 0 {
            write!(svg, "<text x=\"{x}\" y=\"119\">{}</text>", Safe(&moments.day(day.period.start_ms)))
                .expect("takes all");
        }
    }
    svg.push_str("</svg>");
    svg
}

/// The most rows of a chart of bars, so that it fits on a page.
const MAX_BARS: usize = 40;

/// Percentiles by region as bars, in as many charts as there are pages for.
pub(crate) fn latency(document: &Document) -> Vec<String> {
    let most = document.latency.iter().map(|line| line.value_us).max().unwrap_or(1).max(1);
    let label = |line: &Latency| format!("{}, p{}", line.region.as_deref().unwrap_or("all"), line.percentile);
    let letters = document.latency.iter().map(|line| label(line).chars().count()).max().unwrap_or(0);
    // Six units a letter; a name that is longer still is squeezed.
    let room = i64::try_from(letters).unwrap_or(i64::MAX).saturating_mul(6).clamp(110, 300);
    let squeeze =
        if letters > 50 { format!(" textLength=\"{room}\" lengthAdjust=\"spacingAndGlyphs\"") } else { String::new() };
    document.latency.chunks(MAX_BARS).map(|lines| bars(lines, &label, (room + 10, most), &squeeze)).collect()
}

fn bars(lines: &[Latency], label: &dyn Fn(&Latency) -> String, (left, most): (i64, u64), squeeze: &str) -> String {
    let mut svg = open(i64::try_from(lines.len()).unwrap_or(0) * 15 + 4, "latency percentiles by region");
    for (index, line) in (0i64..).zip(lines) {
        let y = index * 15 + 2;
        let width = i64::try_from(i128::from(line.value_us) * i128::from(WIDTH - 160 - left) / i128::from(most));
        let width = width.unwrap_or(0);
        let (label, value) = (label(line), latency_text(line.value_us));
        let squeeze = if label.chars().count() > 50 { squeeze } else { "" };
        write!(
            svg,
            "<text x=\"0\" y=\"{}\"{squeeze}>{}</text><rect x=\"{left}\" y=\"{y}\" width=\"{width}\" height=\"10\" rx=\"1\" fill=\"{}\"/>\
             <text x=\"{}\" y=\"{}\">{value}, of {} answers</text>",
            y + 9,
            Safe(&label),
            if line.region.is_none() { "#24519b" } else { "#8fb0de" },
            left + 6 + width,
            y + 9,
            line.answers
        )
        .expect("takes all");
    }
    svg.push_str("</svg>");
    svg
}
