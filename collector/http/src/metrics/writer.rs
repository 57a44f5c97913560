//! Writes families of the catalogue; a label set that is not the family's own is a bug that tests see.

use std::fmt;

use prometheus_client::encoding::{DescriptorEncoder, EncodeLabelSet, LabelSetEncoder, MetricEncoder, NoLabelSet};
use prometheus_client::metrics::MetricType;
use prometheus_client::registry::Unit;
use quorate_model::Millis;

use super::{Family, Kind};
use crate::view::HistogramCounts;

/// A family with how its value is read off a source.
pub(super) type Figure<'a, T> = (&'a Family, fn(&T) -> f64);

/// Writes one family after the other.
pub(super) struct Writer<'a> {
    encoder: DescriptorEncoder<'a>,
}

/// One family whose samples are being written.
pub(super) struct Samples<'a> {
    encoder: MetricEncoder<'a>,
    family: &'a Family,
}

impl<'a> Writer<'a> {
    pub(super) fn new(encoder: DescriptorEncoder<'a>) -> Self {
        Self { encoder }
    }

    /// Writes the family's head and then what `samples` writes.
    pub(super) fn family(
        &mut self,
        family: &Family,
        samples: impl FnOnce(&mut Samples<'_>) -> fmt::Result,
    ) -> fmt::Result {
        let kind = match family.kind {
            Kind::Counter => MetricType::Counter,
            Kind::Gauge => MetricType::Gauge,
            Kind::Info => MetricType::Info,
            Kind::Histogram => MetricType::Histogram,
        };
        let unit = family.unit.map(|unit| Unit::Other(unit.to_owned()));
        let encoder = self.encoder.encode_descriptor(family.name, family.help, unit.as_ref(), kind)?;
        samples(&mut Samples { encoder, family })
    }
}

impl Samples<'_> {
    /// Writes one value of a gauge or a counter, its label values in the family's order.
    pub(super) fn value<const N: usize>(&mut self, values: [&str; N], value: f64) -> fmt::Result {
        let labels = Labels { family: self.family, values: &values, more: &[] };
        let kind = self.family.kind;
        if N == 0 {
            return write(&mut self.encoder, kind, value);
        }
        write(&mut self.encoder.encode_family(&labels)?, kind, value)
    }

    /// Writes one set of facts, with labels of the configuration behind the family's own.
    pub(super) fn info<const N: usize>(&mut self, values: [&str; N], more: &[(String, &str)]) -> fmt::Result {
        self.encoder.encode_info(&Labels { family: self.family, values: &values, more })
    }

    /// Writes one histogram.
    pub(super) fn histogram<const N: usize>(&mut self, values: [&str; N], counts: &HistogramCounts) -> fmt::Result {
        let mut buckets = counts.buckets.clone();
        buckets.push((f64::INFINITY, counts.above));
        let count = buckets.iter().map(|(_, count)| *count).sum();
        if N == 0 {
            return self.encoder.encode_histogram::<NoLabelSet>(counts.sum_seconds, count, &buckets, None);
        }
        let labels = Labels { family: self.family, values: &values, more: &[] };
        self.encoder.encode_family(&labels)?.encode_histogram::<NoLabelSet>(counts.sum_seconds, count, &buckets, None)
    }
}

fn write(encoder: &mut MetricEncoder<'_>, kind: Kind, value: f64) -> fmt::Result {
    match kind {
        Kind::Counter => encoder.encode_counter::<NoLabelSet, f64, f64>(&value, None),
        _ => encoder.encode_gauge(&value),
    }
}

struct Labels<'a> {
    family: &'a Family,
    values: &'a [&'a str],
    more: &'a [(String, &'a str)],
}

impl EncodeLabelSet for Labels<'_> {
    fn encode(&self, encoder: &mut LabelSetEncoder<'_>) -> fmt::Result {
        let own = self.family.labels.iter().filter(|label| **label != "label_*");
        debug_assert_eq!(own.clone().count(), self.values.len(), "{} has other labels", self.family.name);
        for label in own.copied().zip(self.values.iter().copied()) {
            prometheus_client::encoding::EncodeLabel::encode(&label, encoder.encode_label())?;
        }
        for (name, value) in self.more {
            prometheus_client::encoding::EncodeLabel::encode(&(name.as_str(), *value), encoder.encode_label())?;
        }
        Ok(())
    }
}

/// A moment or a length of time in seconds.
#[expect(clippy::cast_precision_loss, reason = "milliseconds since the epoch stay below 2^53 for 285,000 years")]
pub(super) fn seconds(ms: i64) -> f64 {
    ms as f64 / 1000.0
}

/// A length of time in seconds.
pub(super) fn length(span: Millis) -> f64 {
    seconds(span.get())
}

/// A count.
#[expect(
    clippy::cast_precision_loss,
    reason = "Prometheus keeps floats; counts above 2^53 lose their last digits there"
)]
pub(super) fn count(value: u64) -> f64 {
    value as f64
}

/// 1 or 0.
pub(super) fn truth(value: bool) -> f64 {
    f64::from(u8::from(value))
}
