//! What is counted. Everything only grows, from the start of the process.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Upper bounds of the buckets of the acknowledgement's latency, in microseconds.
const BOUNDS_US: [u64; 14] = [
    500, 1_000, 2_000, 5_000, 10_000, 20_000, 30_000, 60_000, 100_000, 250_000, 500_000, 1_000_000, 2_500_000,
    5_000_000,
];

macro_rules! counters {
    ($($(#[$doc:meta])* $name:ident,)+) => {
        /// What was counted, at one moment.
        #[derive(Clone, Debug, Default, PartialEq, Eq)]
        pub struct Counters {
            $($(#[$doc])* pub $name: u64,)+
            /// Batches refused for good, by reason.
            pub rejects: RejectCounts,
            /// The time from the arrival of a batch to its acknowledgement being due, after fsync.
            pub ack_latency: AckLatency,
        }

        #[derive(Default)]
        pub(crate) struct Counting {
            $(pub(crate) $name: AtomicU64,)+
            pub(crate) malformed: AtomicU64,
            pub(crate) out_of_range: AtomicU64,
            pub(crate) too_large: AtomicU64,
            ack_buckets: [AtomicU64; BOUNDS_US.len() + 1],
            ack_sum_us: AtomicU64,
        }

        impl Counting {
            pub(crate) fn snapshot(&self) -> Counters {
                let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
                Counters {
                    $($name: read(&self.$name),)+
                    rejects: RejectCounts {
                        malformed: read(&self.malformed),
                        out_of_range: read(&self.out_of_range),
                        too_large: read(&self.too_large),
                    },
                    ack_latency: AckLatency {
                        buckets: std::array::from_fn(|i| self.ack_buckets.get(i).map_or(0, read)),
                        sum_us: read(&self.ack_sum_us),
                    },
                }
            }
        }
    };
}

counters! {
    /// Connections accepted.
    connections,
    /// Connections closed at once as there were too many.
    connections_refused,
    /// Handshakes that failed or took too long.
    handshakes_failed,
    /// Streams that said hello and were let in.
    streams,
    /// Streams refused: revoked, unknown region, another identity than the certificate's, no hello.
    streams_refused,
    /// Streams that ended because the same agent opened another one.
    streams_replaced,
    /// Batches that arrived.
    batches,
    /// Their bytes, compressed.
    batch_bytes,
    /// Samples committed that were new and count.
    samples,
    /// Samples that were settled before.
    duplicates,
    /// Samples under an identity that was stored with another payload.
    equivocations,
    /// Samples that came late but count.
    late,
    /// Samples cut back to when they were received.
    capped,
    /// Samples kept apart as too far in the future.
    future,
    /// Samples kept apart as too old.
    stale,
    /// Samples kept apart as of a check nobody configured.
    unknown_check,
    /// Samples agents said they dropped.
    dropped_by_agents,
    /// Commits.
    commits,
    /// Commits that failed.
    commit_failures,
    /// Hints that were not passed on as the channel was full.
    events_lost,
    /// Requests to probe that were sent.
    probe_requests,
}

/// Batches refused for good, by reason.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RejectCounts {
    /// Not what a batch should be.
    pub malformed: u64,
    /// A value out of its range.
    pub out_of_range: u64,
    /// Over a size limit.
    pub too_large: u64,
}

/// A histogram of latencies.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AckLatency {
    /// How many fell into each bucket of [`AckLatency::BOUNDS_US`], and the rest.
    pub buckets: [u64; BOUNDS_US.len() + 1],
    /// The sum of all, in microseconds.
    pub sum_us: u64,
}

impl AckLatency {
    /// The upper bound of each bucket but the last, in microseconds, included.
    pub const BOUNDS_US: &'static [u64] = &BOUNDS_US;

    /// How many there were.
    pub fn count(&self) -> u64 {
        self.buckets.iter().sum()
    }
}

impl Counting {
    pub(crate) fn add(counter: &AtomicU64, more: u64) {
        if more > 0 {
            counter.fetch_add(more, Ordering::Relaxed);
        }
    }

    pub(crate) fn add_ack(&self, latency: Duration) {
        let us = u64::try_from(latency.as_micros()).unwrap_or(u64::MAX);
        let bucket = BOUNDS_US.partition_point(|bound| *bound < us);
        if let Some(counter) = self.ack_buckets.get(bucket) {
            Self::add(counter, 1);
        }
        Self::add(&self.ack_sum_us, us);
    }
}
