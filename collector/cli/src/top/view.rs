//! A picture of a collector, drawn without looking at anything but its argument.

use jiff::tz::TimeZone;
use quorate_proto::api::{CheckStatus, RegionVote};
use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Cell, Paragraph, Row, Table};

use super::Said;
use crate::incidents::{bounds, counted};
use crate::moment;
use crate::paint::{Tone, harmless};
use crate::screen::{span, style};
use crate::status::{percent, worst_first};

/// Everything that is shown.
#[derive(Clone, Debug)]
pub(super) struct View {
    pub(super) said: Said,
    /// So many checks are above the picture.
    pub(super) skipped: usize,
    pub(super) now_ms: i64,
    pub(super) zone: TimeZone,
}

/// Draws the picture.
pub(super) fn draw(frame: &mut Frame<'_>, view: &View) {
    let incidents = u16::try_from(view.said.open.len().clamp(1, 5)).unwrap_or(5);
    let [head, checks, open, keys] = Layout::vertical([
        Constraint::Length(2),
        Constraint::Min(5),
        Constraint::Length(incidents + 3),
        Constraint::Length(1),
    ])
    .areas(frame.area());
    frame.render_widget(Paragraph::new(heading(view)), head);
    draw_checks(frame, checks, view);
    draw_open(frame, open, view);
    let help = "up, down, page up, page down, home, end: scroll   q: quit";
    frame.render_widget(Paragraph::new(span(Tone::Faint, help)), keys);
}

fn heading(view: &View) -> Vec<Line<'static>> {
    let clock = moment::show_seconds(view.now_ms, &view.zone);
    let mut first = vec![span(Tone::Strong, "Quorate  ")];
    if let Some(status) = &view.said.status {
        for state in ["down", "unknown", "degraded", "partial", "up"] {
            let count = status.checks.iter().filter(|check| check.state == state).count();
            if count > 0 {
                first.push(span(Tone::of_state(state), format!("{count} {state}  ")));
            }
        }
        let agents = format!("agents {} of {}  ", status.agents_connected, status.agents_known);
        first.push(span(if status.agents_connected < status.agents_known { Tone::Warn } else { Tone::Plain }, agents));
    }
    first.push(span(Tone::Faint, format!("{clock} {}", moment::zone_name(&view.zone))));
    let second = match (&view.said.trouble, &view.said.status) {
        (Some(trouble), None) => span(Tone::Bad, harmless(trouble)),
        (Some(trouble), Some(status)) => {
            let age = moment::show_span((view.now_ms - status.now_ms).max(0));
            span(Tone::Bad, format!("{}; this is {age} old", harmless(trouble)))
        }
        (None, _) => Span::raw(""),
    };
    vec![Line::from(first), Line::from(second)]
}

fn draw_checks(frame: &mut Frame<'_>, area: Rect, view: &View) {
    let Some(status) = &view.said.status else {
        frame.render_widget(Block::bordered().title("Checks"), area);
        return;
    };
    let mut checks: Vec<&CheckStatus> = status.checks.iter().collect();
    checks.sort_by(|a, b| worst_first(a, b));
    let rows = checks.iter().skip(view.skipped).map(|check| {
        Row::new([
            Cell::from(harmless(&check.id)),
            Cell::from(span(Tone::of_state(&check.state), check.state.to_uppercase())),
            Cell::from(moment::show_span((status.now_ms - check.since_ms).max(0))),
            Cell::from(votes(&check.regions)),
            Cell::from(percent(check)),
        ])
    });
    let widest = checks.iter().map(|check| check.id.len()).max().unwrap_or(0).clamp(5, 32);
    let widths = [
        Constraint::Length(u16::try_from(widest).unwrap_or(32)),
        Constraint::Length(9),
        Constraint::Length(13),
        Constraint::Min(30),
        Constraint::Length(11),
    ];
    let head = ["check", "state", "for", "regions", "uptime 24 h"];
    let title = if view.skipped == 0 {
        "Checks, worst first".to_owned()
    } else {
        format!("Checks, worst first; {} above", view.skipped)
    };
    let table = Table::new(rows, widths).header(Row::new(head).style(style(Tone::Faint)));
    frame.render_widget(table.block(Block::bordered().title(title)), area);
}

fn votes(regions: &[RegionVote]) -> Line<'static> {
    let mut spans = Vec::new();
    for region in regions {
        let why = match region.vote.as_str() {
            "good" => String::new(),
            "none" => " no vote".to_owned(),
            _ if region.reason.is_empty() => format!(" {}", region.vote),
            _ => format!(" {}", region.reason),
        };
        spans.push(span(Tone::of_vote(&region.vote), harmless(&format!("{}{why}", region.region))));
        spans.push(Span::raw("  "));
    }
    Line::from(spans)
}

fn draw_open(frame: &mut Frame<'_>, area: Rect, view: &View) {
    let rows = view.said.open.iter().map(|incident| {
        Row::new([
            Cell::from(harmless(&incident.id)),
            Cell::from(moment::show_millis(incident.start_ms, &view.zone)),
            Cell::from(bounds(Some(incident.start_ms), incident.start_bounds_ms)),
            Cell::from(moment::show_span((view.now_ms - incident.start_ms).max(0))),
            Cell::from(harmless(&incident.regions.join(" "))),
        ])
    });
    let widths = [
        Constraint::Max(40),
        Constraint::Length(23),
        Constraint::Length(17),
        Constraint::Length(13),
        Constraint::Min(10),
    ];
    let head = ["incident", "start", "bounds", "for", "regions"];
    let title = format!("{} open", counted(view.said.open.len(), "incident"));
    let table = Table::new(rows, widths).header(Row::new(head).style(style(Tone::Faint)));
    frame.render_widget(table.block(Block::bordered().title(title)), area);
}

#[cfg(test)]
mod tests;
