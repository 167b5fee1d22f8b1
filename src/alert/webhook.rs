//! Delivery: again until it succeeds, the newest message of each subject.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use http::{StatusCode, header};
use reqwest::{Client, redirect};
use tokio::sync::Notify;
use tokio::time::sleep;
use tracing::{info, warn};

use super::format;
use super::message::Message;
use crate::causes;
use crate::config::Alert;
use crate::metrics::Metrics;

/// Between two attempts, the first time and at most.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// Messages that wait at most: tenants come and go while a receiver is away.
const MOST: usize = 1000;

/// How long a receiver may take to answer.
const LIMIT: Duration = Duration::from_secs(10);

/// One webhook and what it is still to be told. Cheap to clone.
#[derive(Debug, Clone)]
pub(super) struct Webhook(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    alert: Alert,
    metrics: Metrics,
    /// At most one of each subject: what was not delivered when the subject has moved on is no longer news.
    waiting: Mutex<Queue>,
    bell: Notify,
}

/// The newest message of each subject, first come first served.
#[derive(Debug, Default)]
struct Queue {
    next: u64,
    messages: BTreeMap<u64, Message>,
}

/// Why a message was not delivered.
#[derive(Debug)]
enum Failure {
    /// Another attempt may succeed, not before so long.
    Again { why: String, not_before: Duration },
    /// It never will.
    Never { why: String },
}

impl Queue {
    /// Puts a message at the end, in the place of an older one of its subject. Whether the oldest of all was given up
    /// for it.
    fn push(&mut self, message: Message) -> bool {
        self.messages.retain(|_, waiting| waiting.subject != message.subject);
        let is_full = self.messages.len() >= MOST;
        if is_full {
            self.messages.pop_first();
        }
        self.messages.insert(self.next, message);
        self.next += 1;
        is_full
    }

    fn first(&self) -> Option<(u64, Message)> {
        self.messages.first_key_value().map(|(place, message)| (*place, message.clone()))
    }
}

impl Webhook {
    /// It delivers what waits of the one `before`, too.
    pub(super) fn new(alert: &Alert, metrics: Metrics, before: Option<&Self>) -> Self {
        let waiting = before.map(|before| before.with_queue(std::mem::take)).unwrap_or_default();
        Self(Arc::new(Shared { alert: alert.clone(), metrics, waiting: Mutex::new(waiting), bell: Notify::new() }))
    }

    /// Will be delivered as soon as can be.
    pub(super) fn tell(&self, message: Message) {
        if self.with_queue(|queue| queue.push(message)) {
            self.0.metrics.alert(&self.0.alert.name, "dropped");
        }
        self.0.bell.notify_one();
    }

    fn with_queue<T>(&self, with: impl FnOnce(&mut Queue) -> T) -> T {
        with(&mut self.0.waiting.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Delivers what is told, until dropped.
    pub(super) async fn deliver(self) {
        let name = &self.0.alert.name;
        let client = match client() {
            Ok(client) => client,
            Err(error) => {
                warn!(webhook = name, %error, "no alert can be delivered");
                return;
            }
        };
        let mut pause = FIRST_PAUSE;
        loop {
            let Some((place, message)) = self.with_queue(|queue| queue.first()) else {
                self.0.bell.notified().await;
                continue;
            };
            match self.post(&client, &message).await {
                Ok(()) => {
                    info!(webhook = name, subject = %message.subject, state = message.state.as_str(), "alert delivered");
                    pause = FIRST_PAUSE;
                    self.done(place, "delivered");
                }
                Err(Failure::Never { why }) => {
                    warn!(
                        webhook = name, subject = %message.subject, why,
                        "an alert was refused and is given up: is the webhook's URL or key right?"
                    );
                    self.done(place, "refused");
                }
                Err(Failure::Again { why, not_before }) => {
                    // Once for a row of failures; the metric has them all.
                    if pause == FIRST_PAUSE {
                        warn!(webhook = name, subject = %message.subject, why, "an alert cannot be delivered yet");
                    }
                    self.0.metrics.alert(name, "failed");
                    sleep(pause.max(not_before).mul_f64(1.0 + 0.2 * fastrand::f64())).await;
                    pause = (pause * 2).min(LONGEST_PAUSE);
                }
            }
        }
    }

    fn done(&self, place: u64, result: &'static str) {
        self.with_queue(|queue| queue.messages.remove(&place));
        self.0.metrics.alert(&self.0.alert.name, result);
    }

    async fn post(&self, client: &Client, message: &Message) -> Result<(), Failure> {
        let alert = &self.0.alert;
        let (body, content_type) = format::body(&alert.format, message);
        let mut request = client.post(alert.url.expose()).header(header::CONTENT_TYPE, content_type).body(body);
        for (name, value) in format::headers(&alert.format) {
            request = request.header(name, value);
        }
        let answer = request.send().await.map_err(|error| Failure::Again {
            // The URL is often a secret.
            why: causes::chain(&error.without_url()),
            not_before: Duration::ZERO,
        })?;
        let status = answer.status();
        match status {
            _ if status.is_success() => Ok(()),
            StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_MANY_REQUESTS => {
                let seconds =
                    answer.headers().get(header::RETRY_AFTER).and_then(|value| value.to_str().ok()?.parse().ok());
                let not_before = Duration::from_secs(seconds.unwrap_or(0)).min(LONGEST_PAUSE);
                Err(Failure::Again { why: status.to_string(), not_before })
            }
            _ if status.is_server_error() => {
                Err(Failure::Again { why: status.to_string(), not_before: Duration::ZERO })
            }
            _ => Err(Failure::Never { why: status.to_string() }),
        }
    }
}

fn client() -> Result<Client, reqwest::Error> {
    Client::builder().timeout(LIMIT).redirect(redirect::Policy::none()).build()
}

#[cfg(test)]
mod tests {
    use super::super::message::{State, Subject};
    use super::*;

    fn message(route: &str, title: &str) -> Message {
        let state = State::Often { count: 3, within: Duration::from_secs(300) };
        Message::new(Subject::Action { route: route.to_owned(), action: "rescue" }, state, title.to_owned())
    }

    #[test]
    fn what_waits_is_the_newest_of_each_subject_in_the_order_of_telling() {
        let mut queue = Queue::default();
        for (route, title) in [("a", "1"), ("b", "2"), ("a", "3")] {
            queue.push(message(route, title));
        }
        let titles: Vec<&str> = queue.messages.values().map(|message| &*message.title).collect();
        assert_eq!(titles, ["2", "3"]);
    }

    #[test]
    fn of_too_many_that_wait_the_oldest_is_given_up() {
        let mut queue = Queue::default();
        let dropped = (0..=MOST).filter(|route| queue.push(message(&route.to_string(), ""))).count();
        assert_eq!((dropped, queue.messages.len(), queue.first().map(|(place, _)| place)), (1, MOST, Some(1)));
    }

    #[test]
    fn what_is_told_while_another_one_of_its_subject_is_on_its_way_is_not_lost() {
        let mut queue = Queue::default();
        queue.push(message("a", "1"));
        let (place, _) = queue.first().expect("one waits");
        queue.push(message("a", "2"));
        queue.messages.remove(&place);
        assert_eq!(queue.first().map(|(_, message)| message.title).as_deref(), Some("2"));
    }
}
