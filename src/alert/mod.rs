//! Tells operators of changes, by webhook. Never delays a request, a look or another webhook.
//!
//! | file | what it holds |
//! | --- | --- |
//! | `message` | what operators are told |
//! | `verdicts` | which requirement has become, or is no longer, what a webhook wants to hear of |
//! | `counts` | which action was taken so often within so long |
//! | `probes` | which requests of schemagate's own get another answer than they should |
//! | `format` | a message in the words of whoever receives it |
//! | `webhook` | delivery: again until it succeeds, the newest message of each subject |
//!
//! It reads what everybody may read, the live gate and the metrics, so that no other room knows of it.

mod counts;
mod format;
mod message;
mod probes;
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

/// Watches for what the configuration wants to be told of, until dropped.
pub async fn alert(reader: GateReader, metrics: Metrics) {
    let config = Arc::clone(reader.pin().config());
    let mut deliveries = JoinSet::new();
    let mut lookouts: Vec<Lookout> = Vec::new();
    for alert in &config.alerts {
        let webhook = Webhook::new(alert, metrics.clone());
        deliveries.spawn(webhook.clone().deliver());
        lookouts.push(Lookout::new(alert, webhook));
    }
    let probes = Probes::send(&config.probes, &reader, &metrics);
    let mut tick = interval(TICK);
    tick.set_missed_tick_behavior(MissedTickBehavior::Skip);
    loop {
        let changed = reader.changed();
        let (live, now) = (reader.pin(), reader.now());
        for lookout in &mut lookouts {
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
    verdicts: Verdicts,
    counts: Vec<Counts>,
    probes: ProbeAlerts,
    webhook: Webhook,
}

impl Lookout {
    fn new(alert: &Alert, webhook: Webhook) -> Self {
        let counts = alert.on.iter().filter_map(|trigger| match trigger {
            AlertTrigger::Action { action, count, within } => Some(Counts::new(*action, *count, *within)),
            AlertTrigger::Verdict(_) | AlertTrigger::Probe | AlertTrigger::Recovery => None,
        });
        Self { verdicts: Verdicts::new(alert), counts: counts.collect(), probes: ProbeAlerts::new(alert), webhook }
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
