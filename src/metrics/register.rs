//! Where every metric is declared: its name, its labels and what it means.

use prometheus::{
    GaugeVec, Histogram, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGauge, IntGaugeVec, Opts, Registry,
};

use super::gone::{Labelled, WithLabels};

/// What a metric is, as documentation and dashboards need it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Described {
    /// The whole name.
    pub name: &'static str,
    /// Prometheus' word: `counter`, `gauge` or `histogram`.
    pub kind: &'static str,
    /// The labels' names.
    pub labels: &'static [&'static str],
    /// What it tells, in one sentence.
    pub meaning: &'static str,
}

/// Registers metrics, and remembers what each of them is. A name that is taken is an error.
#[derive(Default)]
pub(super) struct Register {
    pub(super) registry: Registry,
    pub(super) described: Vec<Described>,
    pub(super) labelled: Vec<WithLabels>,
}

/// A metric, or why its name or labels are none.
type Made<M> = Result<M, prometheus::Error>;

impl Register {
    pub(super) fn counter(&mut self, name: &'static str, meaning: &'static str) -> Made<IntCounter> {
        self.keep(IntCounter::new(name, meaning)?, Described { name, kind: "counter", labels: &[], meaning })
    }

    pub(super) fn counters(
        &mut self,
        name: &'static str,
        labels: &'static [&'static str],
        meaning: &'static str,
    ) -> Made<IntCounterVec> {
        let made = IntCounterVec::new(Opts::new(name, meaning), labels)?;
        self.keep_labelled(made, Described { name, kind: "counter", labels, meaning })
    }

    pub(super) fn gauge(&mut self, name: &'static str, meaning: &'static str) -> Made<IntGauge> {
        self.keep(IntGauge::new(name, meaning)?, Described { name, kind: "gauge", labels: &[], meaning })
    }

    pub(super) fn gauges(
        &mut self,
        name: &'static str,
        labels: &'static [&'static str],
        meaning: &'static str,
    ) -> Made<IntGaugeVec> {
        let made = IntGaugeVec::new(Opts::new(name, meaning), labels)?;
        self.keep_labelled(made, Described { name, kind: "gauge", labels, meaning })
    }

    /// Gauges of what is no whole number.
    pub(super) fn fractions(
        &mut self,
        name: &'static str,
        labels: &'static [&'static str],
        meaning: &'static str,
    ) -> Made<GaugeVec> {
        let made = GaugeVec::new(Opts::new(name, meaning), labels)?;
        self.keep_labelled(made, Described { name, kind: "gauge", labels, meaning })
    }

    /// `buckets` are upper bounds, in the unit that the name ends with.
    pub(super) fn histogram(&mut self, name: &'static str, buckets: &[f64], meaning: &'static str) -> Made<Histogram> {
        let made = Histogram::with_opts(HistogramOpts::new(name, meaning).buckets(buckets.to_vec()))?;
        self.keep(made, Described { name, kind: "histogram", labels: &[], meaning })
    }

    /// As [`Self::histogram`].
    pub(super) fn histograms(
        &mut self,
        name: &'static str,
        labels: &'static [&'static str],
        buckets: &[f64],
        meaning: &'static str,
    ) -> Made<HistogramVec> {
        let made = HistogramVec::new(HistogramOpts::new(name, meaning).buckets(buckets.to_vec()), labels)?;
        self.keep_labelled(made, Described { name, kind: "histogram", labels, meaning })
    }

    fn keep_labelled<M>(&mut self, made: M, described: Described) -> Made<M>
    where
        M: prometheus::core::Collector + Labelled + Clone + 'static,
    {
        self.labelled.push((described.labels, Box::new(made.clone())));
        self.keep(made, described)
    }

    fn keep<M: prometheus::core::Collector + Clone + 'static>(&mut self, made: M, described: Described) -> Made<M> {
        self.registry.register(Box::new(made.clone()))?;
        self.described.push(described);
        Ok(made)
    }
}
