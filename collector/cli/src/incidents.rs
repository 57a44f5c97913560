//! `quorate incidents`: incidents, newest first, with the bounds of their start and end.

use clap::Args;
use quorate_collector_report::tables;
use quorate_proto::api::{Incident, Incidents};

use crate::api_client::ApiClient;
use crate::error::CommandError;
use crate::exit::Exit;
use crate::moment;
use crate::paint::Tone;
use crate::session::{Look, Session};
use crate::status::list_or;
use crate::table::{Align, Cell, Table};

/// What `quorate incidents` can be told.
#[derive(Clone, Debug, Args)]
pub(crate) struct IncidentsArguments {
    /// Incidents of this check only.
    #[arg(long, value_name = "CHECK")]
    check: Option<String>,
    /// Incidents that touch the time from here on.
    #[arg(long, value_name = "TIME")]
    from: Option<String>,
    /// Incidents that touch the time up to here.
    #[arg(long, value_name = "TIME")]
    to: Option<String>,
    /// Open incidents only.
    #[arg(long)]
    open: bool,
    /// Incidents of this class only: outage or blip.
    #[arg(long, value_name = "CLASS", value_parser = ["outage", "blip"])]
    class: Option<String>,
    /// Show so many at most.
    #[arg(long, value_name = "NUMBER", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    limit: u32,
    /// Write them for another program: a table of CSV, or one object a line.
    #[arg(long, value_name = "FORMAT", value_parser = ["csv", "jsonl"], conflicts_with = "changes")]
    format: Option<String>,
    /// Show how each revision differs from the one before.
    #[arg(long)]
    changes: bool,
    /// End with code 1 if an incident shown is open.
    #[arg(long)]
    fail_on_open: bool,
}

/// Asks the collector and shows its answer.
///
/// # Errors
/// No collector, a time that is none, or a check the collector does not know.
pub(crate) fn run(arguments: &IncidentsArguments, session: &mut Session<'_>) -> Result<Exit, CommandError> {
    let mut query = Vec::new();
    if let Some(check) = &arguments.check {
        query.push(("check", check.clone()));
    }
    for (name, place, text) in [("from_ms", "--from", &arguments.from), ("to_ms", "--to", &arguments.to)] {
        if let Some(text) = text {
            query.push((name, session.moment(place, text)?.as_millis().to_string()));
        }
    }
    if arguments.open {
        query.push(("open", "true".to_owned()));
    }
    if let Some(class) = &arguments.class {
        query.push(("class", class.clone()));
    }
    let incidents = pages(&session.api()?, &query, arguments.limit)?;
    match arguments.format.as_deref() {
        Some(format) => {
            let list = &incidents.incidents;
            session.print(&if format == "csv" { tables::incidents(list) } else { tables::incident_lines(list) })?;
            if incidents.next.is_some() {
                session.remark(OLDER)?;
            }
        }
        None => session.answer(&incidents, |incidents, look| {
            let mut text = render(incidents, look);
            if arguments.changes {
                text.push_str(&render_changes(&incidents.incidents, look));
            }
            text
        })?,
    }
    let open = incidents.incidents.iter().any(|incident| incident.end_ms.is_none());
    Ok(if arguments.fail_on_open && open { Exit::No } else { Exit::Fine })
}

/// What is said where the limit cut the list.
const OLDER: &str = "there are older ones; see --limit, --from, --to";

/// The most incidents the API gives in one answer.
const PAGE: usize = 1_000;

/// The newest `limit` incidents, from as many pages as are needed.
fn pages(api: &ApiClient, query: &[(&str, String)], limit: u32) -> Result<Incidents, CommandError> {
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let page = |taken: usize, after: Option<String>| {
        let mut query = query.to_vec();
        query.push(("limit", (limit - taken).min(PAGE).to_string()));
        query.extend(after.map(|after| ("after", after)));
        api.get_now::<Incidents>(&["api", "v1", "incidents"], &query)
    };
    let mut answer = page(0, None)?;
    while answer.incidents.len() < limit
        && let Some(after) = answer.next.take()
    {
        let older = page(answer.incidents.len(), Some(after))?;
        answer.next = older.next.filter(|_| !older.incidents.is_empty());
        answer.incidents.extend(older.incidents);
    }
    Ok(answer)
}

/// The incidents as a table.
pub(crate) fn render(incidents: &Incidents, look: &Look) -> String {
    let count = |class: &str| incidents.incidents.iter().filter(|incident| incident.class == class).count();
    let open = incidents.incidents.iter().filter(|incident| incident.end_ms.is_none()).count();
    let title = format!("{}, {}, {open} open", counted(count("outage"), "outage"), counted(count("blip"), "blip"));
    let mut text = look.heading(&title, incidents.now_ms);
    if !incidents.incidents.is_empty() {
        text.push_str(&table(&incidents.incidents, incidents.now_ms, look).render(look.paint));
    }
    if incidents.next.is_some() {
        text.push_str(&look.tone(Tone::Faint, &format!("{OLDER}\n")));
    }
    text
}

/// A count with its noun, in the plural where it is not one.
pub(crate) fn counted(count: usize, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}

/// One row per incident.
pub(crate) fn table(incidents: &[Incident], now_ms: i64, look: &Look) -> Table {
    let mut table = Table::new(&[
        ("incident", Align::Left),
        ("check", Align::Left),
        ("class", Align::Left),
        ("start", Align::Left),
        ("bounds", Align::Left),
        ("end", Align::Left),
        ("bounds", Align::Left),
        ("lasted", Align::Right),
        ("billed", Align::Right),
        ("regions", Align::Left),
        ("support", Align::Right),
        ("revision", Align::Left),
    ]);
    for incident in incidents {
        let end = incident
            .end_ms
            .map_or_else(|| Cell::new(Tone::Bad, "open"), |end| Cell::from(moment::show_millis(end, &look.zone)));
        let end_bounds =
            if incident.end_ms.is_some() { bounds(incident.end_ms, incident.end_bounds_ms) } else { String::new() };
        let settled = if incident.settled { "" } else { ", provisional" };
        table.row([
            Cell::from(incident.id.as_str()),
            Cell::from(incident.check.as_str()),
            Cell::new(if incident.class == "outage" { Tone::Bad } else { Tone::Warn }, &incident.class),
            Cell::from(moment::show_millis(incident.start_ms, &look.zone)),
            Cell::from(bounds(Some(incident.start_ms), incident.start_bounds_ms)),
            end,
            Cell::from(end_bounds),
            Cell::from(moment::show_span(incident.end_ms.unwrap_or(now_ms) - incident.start_ms)),
            Cell::from(moment::show_span(incident.billed_ms)),
            Cell::from(list_or(&incident.regions, "-")),
            Cell::from(incident.support.to_string()),
            Cell::from(format!("{}{settled}", incident.revision)),
        ]);
    }
    table
}

/// Bounds as distances from the point, such as `-1.2 s +0.8 s`; they are read faster than two dates.
pub(crate) fn bounds(point: Option<i64>, [earliest, latest]: [i64; 2]) -> String {
    let Some(point) = point else { return String::new() };
    let span = |ms: i64| format!("{}{}", if ms < 0 { "" } else { "+" }, moment::show_span(ms));
    let before = if earliest == point { "-0 ms".to_owned() } else { span(earliest - point) };
    format!("{before} {}", span(latest - point))
}

fn render_changes(incidents: &[Incident], look: &Look) -> String {
    let mut table = Table::new(&[
        ("incident", Align::Left),
        ("revision", Align::Right),
        ("at", Align::Left),
        ("field", Align::Left),
        ("old", Align::Left),
        ("new", Align::Left),
    ]);
    let mut any = false;
    for incident in incidents {
        for change in &incident.changes {
            for field in &change.fields {
                any = true;
                table.row([
                    Cell::from(incident.id.as_str()),
                    Cell::from(change.revision.to_string()),
                    Cell::from(moment::show_seconds(change.at_ms, &look.zone)),
                    Cell::from(field.field.as_str()),
                    Cell::from(field.old.as_str()),
                    Cell::from(field.new.as_str()),
                ]);
            }
        }
    }
    if any { format!("\n{}", table.render(look.paint)) } else { "\nno incident was revised\n".to_owned() }
}

#[cfg(test)]
mod tests;
