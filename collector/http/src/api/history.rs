//! Answers that need the store or an engine: segments, explanations, latency; and the request to probe now.

use axum::response::Response;
use hdrhistogram::Histogram;
use http::header::{HOST, ORIGIN};
use quorate_collector_report::tables;
use quorate_model::CollectorTime;
use quorate_proto::api;

use super::error::Refusal;
use super::parameters::Parameters;
use super::present::{TableFormat, check_id, csv, json, lines};
use super::{App, Request};
use crate::limits;
use crate::queries::{QueryError, RegionHistogram, Window};

pub(super) fn now(app: &App) -> CollectorTime {
    CollectorTime::from_millis(app.queries.snapshot().status().now_ms)
}

pub(super) async fn segments(app: &App, request: &Request, parameters: &Parameters) -> Result<Response, Refusal> {
    let check = check_id(request)?;
    let window = parameters.window(now(app), limits::SEGMENTS_WINDOW)?;
    let format = parameters.word("format", &TableFormat::WORDS)?.unwrap_or_default();
    let _place = app.read_place().await?;
    let segments = app.queries.segments(&check, window).await?;
    match format {
        TableFormat::Json => json(&segments),
        TableFormat::Csv => Ok(csv(tables::states(&segments))),
        TableFormat::Lines => Ok(lines(tables::state_lines(&segments))),
    }
}

pub(super) async fn explain(app: &App, request: &Request, parameters: &Parameters) -> Result<Response, Refusal> {
    let check = check_id(request)?;
    let now = now(app);
    let at = parameters.moment("at_ms", now)?.unwrap_or(now).min(now);
    let _place = app.read_place().await?;
    json(&app.queries.explain(&check, at).await?)
}

pub(super) async fn latency(app: &App, request: &Request, parameters: &Parameters) -> Result<Response, Refusal> {
    let check = check_id(request)?;
    let window = parameters.window(now(app), limits::LATENCY_WINDOW)?;
    let _place = app.read_place().await?;
    let regions = app.queries.latency(&check, window).await?;
    json(&merge(check.as_str(), window, &regions)?)
}

/// Percentiles of every region and of all together. A region without a value is left out.
fn merge(check: &str, window: Window, regions: &[RegionHistogram]) -> Result<api::Latency, QueryError> {
    let mut overall: Option<Histogram<u64>> = None;
    for region in regions {
        match &mut overall {
            None => overall = Some(region.histogram.clone()),
            Some(sum) => sum.add(&region.histogram).map_err(|error| QueryError::Internal(Box::new(error)))?,
        }
    }
    Ok(api::Latency {
        check: check.to_owned(),
        from_ms: window.from().as_millis(),
        to_ms: window.to().as_millis(),
        overall: overall.as_ref().and_then(percentiles),
        regions: regions
            .iter()
            .filter_map(|region| {
                let latency = percentiles(&region.histogram)?;
                Some(api::RegionLatency { region: region.region.as_str().to_owned(), latency })
            })
            .collect(),
    })
}

fn percentiles(histogram: &Histogram<u64>) -> Option<api::Percentiles> {
    if histogram.is_empty() {
        return None;
    }
    Some(api::Percentiles {
        count: histogram.len(),
        min_us: histogram.min(),
        p50_us: histogram.value_at_quantile(0.5),
        p90_us: histogram.value_at_quantile(0.9),
        p95_us: histogram.value_at_quantile(0.95),
        p99_us: histogram.value_at_quantile(0.99),
        p999_us: histogram.value_at_quantile(0.999),
        max_us: histogram.max(),
    })
}

/// Asks agents to probe. A browser sends an Origin with every POST: one that is not ours is refused, so that a page
/// someone looks at cannot cause probes from their loopback.
pub(super) async fn probe_now(app: &App, request: &Request) -> Result<Response, Refusal> {
    let check = check_id(request)?;
    refuse_other_origins(request)?;
    json(&app.queries.probe_now(&check).await?)
}

/// A page of another origin may not cause anything here.
pub(super) fn refuse_other_origins(request: &Request) -> Result<(), Refusal> {
    if let Some(origin) = request.headers.get(ORIGIN) {
        let origin = String::from_utf8_lossy(origin.as_bytes()).into_owned();
        let host = request.headers.get(HOST).map(|host| String::from_utf8_lossy(host.as_bytes()).into_owned());
        let host = host.unwrap_or_default();
        if origin.split_once("://").is_none_or(|(_, authority)| authority != host) {
            return Err(Refusal::CrossOrigin { origin, host });
        }
    }
    // Said by browsers where they leave the origin out; `none` is what a person typed.
    let site = request.headers.get("sec-fetch-site").map(|site| String::from_utf8_lossy(site.as_bytes()).into_owned());
    if let Some(origin) = site.filter(|site| !["same-origin", "none"].contains(&site.as_str())) {
        let host = request.headers.get(HOST).map(|host| String::from_utf8_lossy(host.as_bytes()).into_owned());
        return Err(Refusal::CrossOrigin { origin, host: host.unwrap_or_default() });
    }
    Ok(())
}
