//! The benchmark's figures as a table for people and as JSON for programs. Seconds to a tenth, rounded half up.

use serde::Serialize;
use serde_json::{Value, json};

use crate::figures::{Figures, Row, mean, percentile};

/// Seconds with one digit.
fn seconds(ms: i64) -> String {
    let tenths = (ms + 50) / 100;
    format!("{}.{}", tenths / 10, tenths % 10)
}

fn optional(ms: Option<i64>) -> String {
    ms.map_or_else(|| "-".to_owned(), seconds)
}

/// Mean seconds a world.
fn per_world(ms: i64, worlds: u64) -> String {
    let worlds = i64::try_from(worlds).unwrap_or(i64::MAX).max(1);
    seconds((ms + worlds / 2) / worlds)
}

fn percent((of, hits): (u64, u64)) -> String {
    if of == 0 {
        return "-".to_owned();
    }
    // Truncated, so that 100 % means all.
    let tenths = hits * 1_000 / of;
    format!("{}.{} %", tenths / 10, tenths % 10)
}

/// Both tables in Markdown: ours in full, then everyone's false and missed seconds.
pub fn markdown(rows: &[Row]) -> String {
    let mut out = String::from(
        "| scenario | worlds | false s | missed s | recall | start error s, mean / p99 | end error s, mean / p99 | \
         detection s, p50 / p99 | bounds hold | bounds' width s, mean | certain and possible hold | unknown s | extra probes |\n\
         |---|---|---|---|---|---|---|---|---|---|---|---|---|\n",
    );
    for row in rows {
        let (own, figures) = (&row.own, &row.own.figures);
        let pair = |values: &[i64]| format!("{} / {}", optional(mean(values)), optional(percentile(values, 99)));
        let detection = &figures.detection_ms;
        let detection = format!("{} / {}", optional(percentile(detection, 50)), optional(percentile(detection, 99)));
        out.push_str(&format!(
            "| {} | {} | {} | {} | {} | {} | {} | {} | {} | {} | {} | {} | {} |\n",
            row.name,
            figures.worlds,
            per_world(figures.false_ms.0, figures.worlds),
            per_world(figures.missed_ms.0, figures.worlds),
            percent(figures.recall),
            pair(&figures.start_error_ms),
            pair(&figures.end_error_ms),
            detection,
            percent(own.bounds),
            optional(mean(&own.bounds_width_ms)),
            percent((figures.worlds, own.sound)),
            per_world(own.unknown_ms, figures.worlds),
            percent((figures.probes, own.extra)),
        ));
    }
    out.push_str(
        "\nFalse / missed seconds a world, and the median of detection where there is one:\n\n| scenario | Quorate |",
    );
    for (rule, _) in rows.first().map(|row| row.others.as_slice()).unwrap_or_default() {
        out.push_str(&format!(" {} |", rule.name()));
    }
    out.push_str("\n|---|---|");
    out.push_str(&"---|".repeat(rows.first().map_or(0, |row| row.others.len())));
    out.push('\n');
    for row in rows {
        let cell = |figures: &Figures| {
            let detected = percentile(&figures.detection_ms, 50).map(|ms| format!(" ({})", seconds(ms)));
            format!(
                " {} / {}{} |",
                per_world(figures.false_ms.0, figures.worlds),
                per_world(figures.missed_ms.0, figures.worlds),
                detected.unwrap_or_default()
            )
        };
        out.push_str(&format!("| {} |{}", row.name, cell(&row.own.figures)));
        for (_, figures) in &row.others {
            out.push_str(&cell(figures));
        }
        out.push('\n');
    }
    out
}

#[derive(Serialize)]
struct Spread {
    mean: Option<i64>,
    p50: Option<i64>,
    p99: Option<i64>,
    count: usize,
}

fn spread(sorted: &[i64]) -> Spread {
    Spread { mean: mean(sorted), p50: percentile(sorted, 50), p99: percentile(sorted, 99), count: sorted.len() }
}

fn figures(figures: &Figures) -> Value {
    json!({
        "worlds": figures.worlds,
        "false_ms": {"sum": figures.false_ms.0, "most": figures.false_ms.1},
        "missed_ms": {"sum": figures.missed_ms.0, "most": figures.missed_ms.1},
        "outages": figures.recall.0,
        "outages_seen": figures.recall.1,
        "start_error_ms": spread(&figures.start_error_ms),
        "end_error_ms": spread(&figures.end_error_ms),
        "detection_ms": spread(&figures.detection_ms),
        "probes": figures.probes,
    })
}

/// Everything that was measured.
pub fn json(rows: &[Row]) -> Value {
    let rows: Vec<Value> = rows
        .iter()
        .map(|row| {
            let own = &row.own;
            let others: serde_json::Map<String, Value> =
                row.others.iter().map(|(rule, f)| (rule.name().to_owned(), figures(f))).collect();
            json!({
                "scenario": row.name,
                "title": row.title,
                "bounds_promised": row.bounds_promised,
                "quorate": figures(&own.figures),
                "sound_worlds": own.sound,
                "bounds": {"edges": own.bounds.0, "hold": own.bounds.1, "width_ms": spread(&own.bounds_width_ms)},
                "unknown_ms": own.unknown_ms,
                "extra_probes": own.extra,
                "revisions": own.revisions,
                "engines_differ": own.engines_differ,
                "baselines": others,
            })
        })
        .collect();
    json!({ "scenarios": rows })
}

#[cfg(test)]
mod tests;
