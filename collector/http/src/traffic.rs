//! Counts the HTTP side's own requests, by route.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use http::StatusCode;

use crate::api::Operation;
use crate::view::HistogramCounts;

/// The inclusive upper ends of the request histogram's buckets, in microseconds: 0.5 ms to 10 s.
const BUCKETS_US: [u64; 10] = [500, 1_000, 5_000, 10_000, 25_000, 50_000, 100_000, 500_000, 2_500_000, 10_000_000];

/// The classes of statuses that are counted apart.
const CLASSES: [(&str, u16); 3] = [("2xx", 2), ("4xx", 4), ("5xx", 5)];

/// The counters of all routes; shared by all requests.
#[derive(Debug, Default)]
pub(crate) struct Traffic {
    routes: [Route; Operation::ALL.len()],
}

#[derive(Debug, Default)]
struct Route {
    classes: [AtomicU64; CLASSES.len()],
    buckets: [AtomicU64; BUCKETS_US.len()],
    above: AtomicU64,
    sum_us: AtomicU64,
}

/// One route's counters at one moment.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct RouteCounts {
    pub(crate) route: &'static str,
    pub(crate) classes: Vec<(&'static str, u64)>,
    pub(crate) time: HistogramCounts,
}

impl Traffic {
    /// Counts one answered request.
    pub(crate) fn observe(&self, operation: Operation, status: StatusCode, took: Duration) {
        let route = Operation::ALL.iter().position(|other| *other == operation).and_then(|at| self.routes.get(at));
        let Some(route) = route else { return };
        let class = status.as_u16() / 100;
        if let Some((_, count)) = CLASSES.iter().zip(&route.classes).find(|((_, number), _)| *number == class) {
            count.fetch_add(1, Ordering::Relaxed);
        }
        let us = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        let bucket = BUCKETS_US.partition_point(|upper| *upper < us);
        route.buckets.get(bucket).unwrap_or(&route.above).fetch_add(1, Ordering::Relaxed);
        route.sum_us.fetch_add(us, Ordering::Relaxed);
    }

    /// The counters of every route that was asked for.
    pub(crate) fn view(&self) -> Vec<RouteCounts> {
        let counts = Operation::ALL.iter().zip(&self.routes).map(|(operation, route)| RouteCounts {
            route: operation.path(),
            classes: CLASSES
                .iter()
                .zip(&route.classes)
                .map(|((word, _), count)| (*word, count.load(Ordering::Relaxed)))
                .filter(|(_, count)| *count > 0)
                .collect(),
            time: HistogramCounts {
                buckets: BUCKETS_US
                    .iter()
                    .zip(&route.buckets)
                    .map(|(upper, count)| (seconds(*upper), count.load(Ordering::Relaxed)))
                    .collect(),
                above: route.above.load(Ordering::Relaxed),
                sum_seconds: seconds(route.sum_us.load(Ordering::Relaxed)),
            },
        });
        counts.filter(|route| !route.classes.is_empty()).collect()
    }
}

#[expect(clippy::cast_precision_loss, reason = "microseconds of a process's life stay below 2^53")]
fn seconds(us: u64) -> f64 {
    us as f64 / 1e6
}
