//! Tells operators of changes, by webhook. Never delays a request, a look or another webhook.
//!
//! | file | what it holds |
//! | --- | --- |
//! | `message` | what operators are told |
//! | `verdicts` | which requirement has become, or is no longer, what a webhook wants to hear of |
//! | `fleet` | the same of tenants: each by itself while they are few, many at once together |
//! | `standing` | how one subject stands, and what was told of it |
//! | `about` | what is said of a requirement and of tenants |
//! | `counts` | which action was taken so often within so long |
//! | `probes` | which requests of schemagate's own get another answer than they should |
//! | `format` | a message in the words of whoever receives it |
//! | `webhook` | delivery: again until it succeeds, the newest message of each subject |
//!
//! It reads what everybody may read, the live gate and the metrics, so that no other room knows of it.

mod about;
mod counts;
mod fleet;
mod format;
mod message;
mod probes;
mod standing;
mod verdicts;
mod webhook;

use std::sync::Arc;
use std::time::Duration;

use gate::{Gate, Moment};
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval};

use crate::config::{Alert, AlertTrigger, Config};
use crate::live::GateReader;
use crate::metrics::Metrics;

use counts::Counts;
use message::Message;
use probes::{ProbeAlerts, Probes};
use verdicts::Verdicts;
use webhook::Webhook;

/// How often counts are read, and verdicts that nobody swaps (they grow `unknown` by age).
const TICK: Duration = Duration::from_secs(1);

/// Watches for what the configuration wants to be told of, until dropped. After a reload, what was told before is
/// known still.
pub async fn alert(reader: GateReader, metrics: Metrics) {
    let mut config = None;
    let mut lookouts: Vec<Lookout> = Vec::new();
    let mut probes = Probes::default();
    let mut tick = interval(TICK);
    tick.set_missed_tick_behavior(MissedTickBehavior::Skip);
    loop {
        let changed = reader.changed();
        let (live, now) = (reader.pin(), reader.now());
        if config.as_ref().is_none_or(|known| !Arc::ptr_eq(known, live.config())) {
            config = Some(Arc::clone(live.config()));
            lookouts = live.config().alerts.iter().map(|alert| Lookout::new(alert, &mut lookouts, &metrics)).collect();
            probes.send(&live.config().probes, &reader, &metrics);
        }
        // Before the first looks everything is unknown, which is no news.
        for lookout in lookouts.iter_mut().filter(|_| reader.is_settled()) {
            lookout.look(live.config(), &live, &metrics, &probes, now);
        }
        drop(live);
        tokio::select! {
            _ = tick.tick() => {}
            () = changed => {}
        }
    }
}

/// Looks out for what one webhook wants to be told of.
struct Lookout {
    alert: Alert,
    verdicts: Verdicts,
    counts: Vec<Counts>,
    probes: ProbeAlerts,
    webhook: Webhook,
    /// Ends with it.
    _delivery: JoinSet<()>,
}

impl Lookout {
    /// That of the same webhook among those `before`, with what it has told; else a new one.
    fn new(alert: &Alert, before: &mut Vec<Self>, metrics: &Metrics) -> Self {
        let known = |lookout: &Self| lookout.alert.name == alert.name && lookout.alert.url == alert.url;
        let known = before.iter().position(known).map(|place| before.swap_remove(place));
        let known = match known {
            Some(same) if same.alert == *alert => return same,
            other => other,
        };
        let counts = alert.on.iter().filter_map(|trigger| match trigger {
            AlertTrigger::Action { action, count, within } => Some(Counts::new(*action, *count, *within)),
            AlertTrigger::Verdict(_) | AlertTrigger::Blocked | AlertTrigger::Probe | AlertTrigger::Recovery => None,
        });
        let webhook = Webhook::new(alert, metrics.clone(), known.as_ref().map(|known| &known.webhook));
        let mut delivery = JoinSet::new();
        delivery.spawn(webhook.clone().deliver());
        Self {
            alert: alert.clone(),
            verdicts: Verdicts::new(alert, known.as_ref().map(|known| &known.verdicts)),
            counts: counts.collect(),
            probes: ProbeAlerts::new(alert, known.as_ref().map(|known| &known.probes)),
            webhook,
            _delivery: delivery,
        }
    }

    fn look(&mut self, config: &Config, gate: &Gate, metrics: &Metrics, probes: &Probes, now: Moment) {
        let mut tell = |message: Message| self.webhook.tell(message);
        self.verdicts.look(config, gate, now, &mut tell);
        self.probes.look(probes, &mut tell);
        for counts in &mut self.counts {
            counts.look(metrics, now, &mut tell);
        }
    }
}
