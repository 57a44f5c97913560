//! A picture of the stage, drawn without looking at anything but its argument.

use jiff::tz::TimeZone;
use quorate_proto::api::{CheckStatus, Incident, Status};
use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Cell, Paragraph, Row, Table};

use super::super::cast::{API, Place, SHOP};
use super::super::observer::check;
use super::super::stage::Deed;
use crate::incidents::bounds;
use crate::moment;
use crate::paint::{Tone, harmless};
use crate::screen::{span, style};
use crate::status::percent;

/// Everything that is shown.
#[derive(Clone, Debug)]
pub(super) struct View {
    pub(super) now_ms: i64,
    /// Where the collector's own console is.
    pub(super) console: String,
    pub(super) target_runs: bool,
    pub(super) collector_runs: bool,
    /// The index of the selected place.
    pub(super) selected: usize,
    pub(super) places: Vec<PlaceView>,
    pub(super) said: Said,
    pub(super) deeds: Vec<Deed>,
    pub(super) zone: TimeZone,
}

/// A region as it is on the stage.
#[derive(Clone, Debug)]
pub(super) struct PlaceView {
    pub(super) place: Place,
    pub(super) agent_runs: bool,
    pub(super) path_cut: bool,
    pub(super) network_cut: bool,
}

/// The collector's last word.
#[derive(Clone, Debug, Default)]
pub(super) struct Said {
    pub(super) status: Option<Status>,
    pub(super) incidents: Vec<Incident>,
    /// Why there is no status.
    pub(super) trouble: Option<String>,
}

/// Draws the picture.
pub(super) fn draw(frame: &mut Frame<'_>, view: &View) {
    let [head, checks, regions, incidents, deeds, keys] = Layout::vertical([
        Constraint::Length(1),
        Constraint::Length(5),
        Constraint::Length(8),
        Constraint::Min(5),
        Constraint::Min(5),
        Constraint::Length(2),
    ])
    .areas(frame.area());
    frame.render_widget(Paragraph::new(heading(view)), head);
    draw_checks(frame, checks, view);
    draw_regions(frame, regions, view);
    draw_incidents(frame, incidents, view);
    draw_deeds(frame, deeds, view);
    frame.render_widget(Paragraph::new(keys_help()), keys);
}

fn heading(view: &View) -> Line<'static> {
    let running = |name: &str, runs: bool| {
        if runs { span(Tone::Good, format!("{name} runs")) } else { span(Tone::Bad, format!("{name} is stopped")) }
    };
    let clock = moment::show_seconds(view.now_ms, &view.zone);
    Line::from(vec![
        span(Tone::Strong, "Quorate demo  "),
        running("collector", view.collector_runs),
        Span::raw("  "),
        running("shop", view.target_runs),
        span(Tone::Faint, format!("  {}  {clock} {}", view.console, moment::zone_name(&view.zone))),
    ])
}

fn draw_checks(frame: &mut Frame<'_>, area: Rect, view: &View) {
    let block = Block::bordered().title("Checks");
    let Some(status) = &view.said.status else {
        let why = view.said.trouble.clone().unwrap_or_else(|| "the collector is asked".to_owned());
        frame.render_widget(Paragraph::new(span(Tone::Blind, harmless(&why))).block(block), area);
        return;
    };
    let rows = status.checks.iter().map(|check| {
        let bad = check.regions.iter().filter(|region| region.vote == "bad").count();
        Row::new([
            Cell::from(harmless(&check.id)),
            Cell::from(span(Tone::of_state(&check.state), check.state.to_uppercase())),
            Cell::from(format!("for {}", moment::show_span((status.now_ms - check.since_ms).max(0)))),
            Cell::from(format!("{bad} bad of {}, {} needed", check.regions.len(), check.need)),
            Cell::from(harmless(&check.quorum)),
            Cell::from(percent(check)),
        ])
    });
    let head = ["check", "state", "", "votes", "rule", "uptime 24 h"];
    let widths = [
        Constraint::Length(6),
        Constraint::Length(9),
        Constraint::Length(16),
        Constraint::Length(22),
        Constraint::Length(42),
        Constraint::Min(10),
    ];
    frame.render_widget(Table::new(rows, widths).header(Row::new(head).style(style(Tone::Faint))).block(block), area);
}

fn draw_regions(frame: &mut Frame<'_>, area: Rect, view: &View) {
    let rows = view.places.iter().zip(1..).map(|(shown, number)| {
        let place = &shown.place;
        let is_selected = view.places.get(view.selected).is_some_and(|selected| selected.place == *place);
        let row = Row::new([
            Cell::from(if is_selected { format!("> {number}") } else { format!("  {number}") }),
            Cell::from(format!("{} {}", place.region, place.name)),
            Cell::from(place.provider),
            if shown.agent_runs { Cell::from("runs") } else { Cell::from(span(Tone::Bad, "killed")) },
            match (shown.network_cut, shown.path_cut) {
                (true, _) => Cell::from(span(Tone::Bad, "network cut")),
                (false, true) => Cell::from(span(Tone::Warn, "path cut")),
                (false, false) => Cell::from("whole"),
            },
            vote(view, SHOP, place),
            vote(view, API, place),
        ]);
        if is_selected { row.style(style(Tone::Strong)) } else { row }
    });
    let head = ["", "region", "provider", "agent", "network", "says of shop", "says of api"];
    let widths = [
        Constraint::Length(3),
        Constraint::Length(16),
        Constraint::Length(9),
        Constraint::Length(7),
        Constraint::Length(12),
        Constraint::Min(24),
        Constraint::Min(24),
    ];
    let table = Table::new(rows, widths).header(Row::new(head).style(style(Tone::Faint)));
    frame.render_widget(table.block(Block::bordered().title("Regions")), area);
}

fn vote(view: &View, id: &str, place: &Place) -> Cell<'static> {
    let seat = |check: &CheckStatus| check.regions.iter().find(|region| region.region == place.region).cloned();
    let Some(status) = &view.said.status else { return Cell::from("") };
    let Some(region) = check(status, id).and_then(seat) else { return Cell::from(span(Tone::Faint, "-")) };
    let word = if region.vote == "none" { "no vote".to_owned() } else { region.vote.clone() };
    let more = match (region.vote.as_str(), region.last_total_us) {
        ("good" | "slow", Some(us)) => format!(" {}", moment::show_micros(us)),
        _ if region.reason.is_empty() => String::new(),
        _ => format!(": {}", harmless(&region.reason)),
    };
    Cell::from(Line::from(vec![span(Tone::of_vote(&region.vote), word), Span::raw(more)]))
}

fn draw_incidents(frame: &mut Frame<'_>, area: Rect, view: &View) {
    let rows = view.said.incidents.iter().map(|incident| {
        let class = if incident.class == "outage" { Tone::Bad } else { Tone::Warn };
        let end = incident
            .end_ms
            .map_or_else(|| Cell::from(span(Tone::Bad, "open")), |end| Cell::from(moment::show_clock(end, &view.zone)));
        Row::new([
            Cell::from(harmless(&incident.id)),
            Cell::from(span(class, harmless(&incident.class))),
            Cell::from(moment::show_clock(incident.start_ms, &view.zone)),
            Cell::from(bounds(Some(incident.start_ms), incident.start_bounds_ms)),
            end,
            Cell::from(bounds(incident.end_ms, incident.end_bounds_ms)),
            Cell::from(moment::show_span(incident.billed_ms)),
            Cell::from(harmless(&incident.regions.join(" "))),
        ])
    });
    let head = ["incident", "class", "start", "bounds", "end", "bounds", "billed", "regions"];
    let widths = [
        Constraint::Length(24),
        Constraint::Length(7),
        Constraint::Length(13),
        Constraint::Length(17),
        Constraint::Length(13),
        Constraint::Length(17),
        Constraint::Length(12),
        Constraint::Min(12),
    ];
    let table = Table::new(rows, widths).header(Row::new(head).style(style(Tone::Faint)));
    frame.render_widget(table.block(Block::bordered().title("Incidents, newest first")), area);
}

fn draw_deeds(frame: &mut Frame<'_>, area: Rect, view: &View) {
    let room = usize::from(area.height.saturating_sub(2));
    let lines: Vec<Line<'_>> = view
        .deeds
        .iter()
        .rev()
        .take(room)
        .map(|deed| {
            let clock = moment::show_clock(deed.at_ms, &view.zone);
            Line::from(vec![span(Tone::Faint, format!("{clock}  ")), Span::raw(harmless(&deed.what))])
        })
        .collect();
    frame.render_widget(Paragraph::new(lines).block(Block::bordered().title("Done, newest first")), area);
}

fn keys_help() -> Vec<Line<'static>> {
    let key = |name: &'static str, what: &'static str| [span(Tone::Strong, name), Span::raw(format!(" {what}   "))];
    let first = [
        key("1-5", "cut or heal a region's path"),
        key("p", "all paths of the selected provider"),
        key("n", "the selected region's whole network"),
    ];
    let second = [
        key("up/down", "select"),
        key("t", "stop or start the shop"),
        key("c", "kill or start the collector"),
        key("a", "kill or start the selected agent"),
        key("q", "quit"),
    ];
    vec![Line::from(first.concat()), Line::from(second.concat())]
}

#[cfg(test)]
mod tests;
