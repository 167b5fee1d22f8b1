//! Which requests of schemagate's own get another answer than they should.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use reqwest::{Client, redirect};
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval, sleep};
use tracing::{info, warn};

use super::message::{Message, State, Subject};
use crate::causes;
use crate::config::{Alert, AlertTrigger, Probe};
use crate::live::GateReader;
use crate::metrics::Metrics;

/// How often it is seen whether the listeners are open.
const BEFORE_SERVING: Duration = Duration::from_millis(100);

/// Probes on their way, and what became of the last ones. They end when this is dropped.
#[derive(Default)]
pub(super) struct Probes {
    failing: Arc<Mutex<BTreeMap<String, Failing>>>,
    sending: Vec<Sending>,
}

/// A probe on its way. It ends when this is dropped.
struct Sending {
    probe: Probe,
    _task: JoinSet<()>,
}

/// A probe that failed as often in a row as is told.
#[derive(Debug, Clone)]
struct Failing {
    since: Instant,
    /// What came instead of the right answer.
    got: String,
    asked: String,
}

impl Probes {
    /// Sends these and no others, each in its own time; those that are sent already go on.
    pub(super) fn send(&mut self, probes: &[Probe], reader: &GateReader, metrics: &Metrics) {
        self.sending.retain(|sending| probes.contains(&sending.probe));
        let known: Vec<String> = self.sending.iter().map(|sending| sending.probe.name.clone()).collect();
        self.failing.lock().unwrap_or_else(PoisonError::into_inner).retain(|name, _| known.contains(name));
        for probe in probes.iter().filter(|probe| !known.contains(&probe.name)) {
            let mut task = JoinSet::new();
            task.spawn(send(probe.clone(), reader.clone(), metrics.clone(), Arc::clone(&self.failing)));
            self.sending.push(Sending { probe: probe.clone(), _task: task });
        }
    }

    fn failing(&self) -> BTreeMap<String, Failing> {
        self.failing.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

async fn send(probe: Probe, reader: GateReader, metrics: Metrics, failing: Arc<Mutex<BTreeMap<String, Failing>>>) {
    let client = match client(&probe) {
        Ok(client) => client,
        Err(error) => {
            warn!(probe = probe.name, %error, "a probe cannot be sent");
            return;
        }
    };
    // Who asks before the listeners are open learns nothing.
    while !reader.is_serving() {
        sleep(BEFORE_SERVING).await;
    }
    let mut tick = interval(probe.every);
    tick.set_missed_tick_behavior(MissedTickBehavior::Skip);
    let mut wrong = 0_u16;
    let mut since = Instant::now();
    loop {
        tick.tick().await;
        let request = client.request(probe.method.clone(), &probe.url).headers(probe.headers.clone());
        let got = match request.send().await {
            Ok(answer) if probe.expect.contains(&answer.status()) => None,
            Ok(answer) => Some(answer.status().to_string()),
            Err(error) if error.is_timeout() => Some(format!("no answer within {:?}", probe.timeout)),
            Err(error) => Some(causes::chain(&error.without_url())),
        };
        metrics.probe(&probe.name, if got.is_none() { "right" } else { "wrong" });
        let mut failing = failing.lock().unwrap_or_else(PoisonError::into_inner);
        match got {
            None => {
                wrong = 0;
                if failing.remove(&probe.name).is_some() {
                    info!(probe = probe.name, "a probe gets the right answer again");
                }
            }
            Some(got) => {
                if wrong == 0 {
                    since = Instant::now();
                }
                wrong = wrong.saturating_add(1);
                if wrong == probe.failures {
                    warn!(probe = probe.name, got, times = wrong, "a probe gets the wrong answer");
                }
                if wrong >= probe.failures {
                    let asked = format!("{} {}", probe.method, probe.url);
                    failing.insert(probe.name.clone(), Failing { since, got, asked });
                }
            }
        }
    }
}

fn client(probe: &Probe) -> reqwest::Result<Client> {
    let agent = concat!("schemagate-probe/", env!("CARGO_PKG_VERSION"));
    let builder = Client::builder().timeout(probe.timeout).redirect(redirect::Policy::none()).user_agent(agent);
    match &probe.socket {
        Some(socket) => builder.unix_socket(socket.as_path()).build(),
        None => builder.build(),
    }
}

/// Holds what became of the probes against what a webhook was told of them.
pub(super) struct ProbeAlerts {
    wanted: bool,
    recovery: bool,
    after: Duration,
    /// Since when each that was told had failed.
    told: BTreeMap<String, Instant>,
}

impl ProbeAlerts {
    /// What was told `before` is known still.
    pub(super) fn new(alert: &Alert, before: Option<&Self>) -> Self {
        let wanted = alert.on.contains(&AlertTrigger::Probe);
        let told = before.map(|before| before.told.clone()).unwrap_or_default();
        Self { wanted, recovery: alert.tells_recovery(), after: alert.after, told }
    }

    pub(super) fn look(&mut self, probes: &Probes, tell: &mut impl FnMut(Message)) {
        if !self.wanted {
            return;
        }
        let failing = probes.failing();
        for (name, how) in &failing {
            if how.since.elapsed() >= self.after && !self.told.contains_key(name) {
                self.told.insert(name.clone(), how.since);
                let findings = vec![format!("{} gets {}", how.asked, how.got)];
                tell(message(name, State::Failing, format!("probe {name} gets the wrong answer"), findings));
            }
        }
        let recovery = self.recovery;
        self.told.retain(|name, since| {
            let fails = failing.contains_key(name);
            if !fails && recovery {
                let title = format!("probe {name} gets the right answer again");
                tell(message(name, State::Over { lasted: since.elapsed() }, title, Vec::new()));
            }
            fails
        });
    }
}

fn message(name: &str, state: State, title: String, findings: Vec<String>) -> Message {
    Message { findings, ..Message::new(Subject::Probe(name.to_owned()), state, title) }
}
