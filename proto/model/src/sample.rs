//! One probe result, as the verdict sees it.

use crate::id::{CheckId, ProviderId, RegionId, SampleId};
use crate::time::{AgentTime, CollectorTime, Millis};

macro_rules! closed_words {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $number:literal $word:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name { $($(#[$vdoc])* $variant,)+ }

        impl $name {
            /// Every value, in the order of its number.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The word in JSON, metric labels and tables.
            pub const fn word(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }

            /// The number on the wire and in the store; never reused, never 0.
            pub const fn number(self) -> u8 {
                match self { $(Self::$variant => $number),+ }
            }

            /// The value with this number, if there is one.
            pub const fn from_number(number: u8) -> Option<Self> {
                match number { $($number => Some(Self::$variant),)+ _ => None }
            }

            /// The value with this word, if there is one.
            pub fn from_word(word: &str) -> Option<Self> {
                match word { $($word => Some(Self::$variant),)+ _ => None }
            }
        }

        impl core::fmt::Display for $name {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                f.pad(self.word())
            }
        }
    };
}
pub(crate) use closed_words;

closed_words! {
    /// How a probe ended.
    Outcome {
        /// The right answer in time.
        Ok = 1 "ok",
        /// The right answer in time, but over the check's degraded threshold.
        Slow = 2 "slow",
        /// The right answer after the deadline.
        LateOk = 3 "late_ok",
        /// No answer, or a wrong one.
        Fail = 4 "fail",
        /// The agent could not even try: no route, no descriptors, no resolver.
        Local = 5 "local",
    }
}

closed_words! {
    /// Why a probe failed. Closed, as it is a metric label.
    Failure {
        /// The name does not resolve: NXDOMAIN, SERVFAIL, no address, refused.
        Dns = 1 "dns",
        /// No answer from the resolver in time.
        DnsTimeout = 2 "dns_timeout",
        /// The target refused the connection.
        ConnectRefused = 3 "connect_refused",
        /// No answer to the connection request in time.
        ConnectTimeout = 4 "connect_timeout",
        /// The network said that the target cannot be reached.
        Unreachable = 5 "unreachable",
        /// The target reset or closed the connection before the answer was whole.
        ConnectionReset = 6 "connection_reset",
        /// The TLS handshake failed for another reason than the certificate.
        Tls = 7 "tls",
        /// The certificate is expired, not yet valid, for another name, or not trusted.
        Certificate = 8 "certificate",
        /// Connected, but no whole answer in time.
        Timeout = 9 "timeout",
        /// The HTTP status is not among the expected ones.
        HttpStatus = 10 "http_status",
        /// A header, body, JSONPath, answer or latency assertion does not hold.
        Assertion = 11 "assertion",
        /// The answer breaks its protocol.
        Protocol = 12 "protocol",
        /// More redirects than allowed, or a redirect that cannot be followed.
        Redirect = 13 "redirect",
        /// The answer is larger than the cap.
        TooLarge = 14 "too_large",
        /// The DNS answer has another response code than expected.
        DnsRcode = 15 "dns_rcode",
        /// The gRPC health service answered, but not SERVING.
        NotServing = 16 "not_serving",
        /// The agent's own safety limits forbid this address.
        Forbidden = 17 "forbidden",
        /// This node has no route, address family or permission for the probe.
        LocalNetwork = 18 "local_network",
        /// This node ran out of descriptors, ports or memory.
        LocalResources = 19 "local_resources",
        /// Another cause, not told.
        Unspecified = 20 "unspecified",
    }
}

impl Failure {
    /// True if the target gave no answer at all, so that the failure was settled before the probe's end
    /// (CONSENSUS section 3).
    pub const fn is_silence(self) -> bool {
        matches!(self, Self::ConnectTimeout | Self::Timeout)
    }
}

closed_words! {
    /// Why a probe ran.
    Trigger {
        /// Its slot in the schedule came.
        Scheduled = 1 "scheduled",
        /// The agent's own fast retry after a change.
        Retry = 2 "retry",
        /// The collector asked.
        Solicited = 3 "solicited",
    }
}

/// The hash of a check's settings, so that samples taken under different settings never blend; 0 = not known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CheckVersion(u64);

impl CheckVersion {
    /// Wraps a hash.
    pub const fn new(hash: u64) -> Self {
        Self(hash)
    }

    /// The hash.
    pub const fn get(self) -> u64 {
        self.0
    }
}

/// What the agent knew of its clock when it sent a sample.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClockReading {
    /// Collector clock minus agent clock.
    pub offset: Millis,
    /// Half width of the interval the true offset lies in; never negative.
    pub error: Millis,
}

/// How the agent's reference targets did in the probe's window.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct References {
    ok: u8,
    total: u8,
    bad_mask: u32,
}

impl References {
    /// The most references an agent may have.
    pub const MAX: u8 = 32;

    /// Counts only: `ok` of `total` answered. `None` if `ok > total` or `total > 32`.
    pub const fn counts(ok: u8, total: u8) -> Option<Self> {
        if ok > total || total > Self::MAX {
            return None;
        }
        Some(Self { ok, total, bad_mask: 0 })
    }

    /// From a mask: bit i is set where the i-th of `total` references failed. `None` if a bit at or above `total` is
    /// set or `total > 32`.
    pub const fn mask(bad_mask: u32, total: u8) -> Option<Self> {
        if total > Self::MAX {
            return None;
        }
        let allowed = if total == 32 { u32::MAX } else { (1u32 << total) - 1 };
        if bad_mask & !allowed != 0 {
            return None;
        }
        #[expect(clippy::cast_possible_truncation, reason = "at most 32 bits are set")]
        let bad = bad_mask.count_ones() as u8;
        Some(Self { ok: total - bad, total, bad_mask })
    }

    /// How many references answered.
    pub const fn ok(self) -> u8 {
        self.ok
    }

    /// How many references were asked; 0 = the agent has none.
    pub const fn total(self) -> u8 {
        self.total
    }

    /// Which references failed, bit i for the i-th; 0 also where only counts are known.
    pub const fn bad_mask(self) -> u32 {
        self.bad_mask
    }

    /// True if it is known which references failed, not only how many.
    pub const fn knows_which(self) -> bool {
        self.ok == self.total || self.bad_mask != 0
    }
}

/// Lifeguard's local health multiplier: 0 = well, 7 = the agent should not be believed about failures.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Health(u8);

impl Health {
    /// Well.
    pub const WELL: Self = Self(0);
    /// The largest value.
    pub const MAX: u8 = 7;

    /// `None` above 7.
    pub const fn new(value: u8) -> Option<Self> {
        if value > Self::MAX { None } else { Some(Self(value)) }
    }

    /// The multiplier, 0 to 7.
    pub const fn get(self) -> u8 {
        self.0
    }
}

/// One probe result, as the verdict sees it.
///
/// Ordered by identity first, then by its whole payload, so that of two payloads under one identity the smallest can be
/// kept.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Sample {
    /// Identity: agent, boot, sequence number.
    pub id: SampleId,
    /// What was probed.
    pub check: CheckId,
    /// Where the agent stood.
    pub region: RegionId,
    /// Who runs the network there.
    pub provider: ProviderId,
    /// When the probe began, on the agent's clock.
    pub start: AgentTime,
    /// When it ended, on the agent's clock; never before `start`.
    pub end: AgentTime,
    /// How it ended.
    pub outcome: Outcome,
    /// Why it failed, where it did.
    pub failure: Option<Failure>,
    /// The check's interval at that time; over 0.
    pub interval: Millis,
    /// The check's timeout at that time; over 0.
    pub timeout: Millis,
    /// The agent's own p99 latency of its recent good samples of this check.
    pub typical: Option<Millis>,
    /// The agent's clock against the collector's.
    pub clock: ClockReading,
    /// The agent's reference targets in the probe's window.
    pub references: References,
    /// The agent's own health.
    pub health: Health,
    /// How long after its slot the probe began; zero for retries and solicited probes.
    pub lag: Millis,
    /// Why it ran.
    pub trigger: Trigger,
    /// Under which settings.
    pub check_version: CheckVersion,
}

impl Sample {
    /// The start on the collector's clock.
    pub fn start_corrected(&self) -> CollectorTime {
        self.start.corrected(self.clock.offset)
    }

    /// The end on the collector's clock.
    pub fn end_corrected(&self) -> CollectorTime {
        self.end.corrected(self.clock.offset)
    }
}
