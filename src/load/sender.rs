//! Sends requests by the clock.

use std::sync::Arc;
use std::time::{Duration, Instant};

use reqwest::{Client, Response, redirect};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::{Interval, MissedTickBehavior, interval, timeout_at};

use super::pace::pace;
use super::tally::{Answered, Failure, Got, Tally};
use crate::causes;
use crate::config::{Asked, Scenario};

/// Mixes the kinds of request alike in every run.
const SEED: u64 = 1;

/// How requests are sent.
#[derive(Debug, Clone, Copy, Default)]
pub struct Manner {
    /// Over HTTP/2 on one connection, by prior knowledge, and not over HTTP/1.1.
    pub http2: bool,
    /// Whatever certificate the server shows.
    pub insecure: bool,
}

/// Why nothing could be measured.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// Nobody listens there, or not for this.
    #[error("{target} cannot be reached: {why}")]
    Unreachable {
        /// The server.
        target: String,
        /// The innermost reason.
        why: String,
    },
    /// A request of the scenario cannot be sent.
    #[error("{name} cannot be sent to {target}: {why}")]
    Request {
        /// Its name.
        name: String,
        /// The server.
        target: String,
        /// Why.
        why: String,
    },
    /// The machine is out of something.
    #[error("cannot begin: {0}")]
    Begin(String),
}

/// Sends what `scenario` says to `target` and counts what comes of it. `tell` is given what there is every second, and
/// how many requests are under way. Ends early, with what was counted, when `stop` does.
pub async fn run(
    scenario: &Scenario,
    target: &str,
    manner: Manner,
    stop: impl Future<Output = ()>,
    mut tell: impl FnMut(&Tally, usize),
) -> Result<Tally, LoadError> {
    let sender = Arc::new(Sender::new(scenario, target, manner)?);
    sender.reach(target).await?;
    let mut tally = Tally::new(scenario.requests.len()).map_err(|error| LoadError::Begin(error.to_string()))?;
    let mut mix = Mix::of(&scenario.requests);
    let begin = Instant::now();
    let mut due = pace(begin, scenario.rate, scenario.warm_up + scenario.lasts);
    let mut under_way = JoinSet::new();
    let mut seconds = seconds();
    let mut all_sent = false;
    tokio::pin!(stop);
    while !(all_sent && under_way.is_empty()) {
        tokio::select! {
            () = &mut stop => break,
            next = due.recv(), if !all_sent => {
                let Some(due) = next else {
                    all_sent = true;
                    continue;
                };
                let (sender, request) = (Arc::clone(&sender), mix.next());
                let late = due.elapsed();
                under_way.spawn(async move {
                    let came = sender.send(request, due).await;
                    Answered { request, at: due - begin, late, took: due.elapsed(), came }
                });
            }
            Some(Ok(mut answered)) = under_way.join_next() => {
                if let Some(at) = answered.at.checked_sub(scenario.warm_up) {
                    answered.at = at;
                    tally.add(&answered);
                }
            }
            _ = seconds.tick() => tell(&tally, under_way.len()),
        }
    }
    Ok(tally)
}

fn seconds() -> Interval {
    let mut seconds = interval(Duration::from_secs(1));
    seconds.set_missed_tick_behavior(MissedTickBehavior::Skip);
    seconds
}

/// Which request comes next, by weight.
struct Mix {
    /// Up to which of all weights each goes.
    upto: Vec<u64>,
    random: fastrand::Rng,
}

impl Mix {
    fn of(requests: &[Asked]) -> Self {
        let sum = |sum: &mut u64, asked: &Asked| {
            *sum += u64::from(asked.weight);
            Some(*sum)
        };
        Self { upto: requests.iter().scan(0, sum).collect(), random: fastrand::Rng::with_seed(SEED) }
    }

    fn next(&mut self) -> usize {
        let drawn = self.random.u64(..self.upto.last().copied().unwrap_or(0).max(1));
        self.upto.partition_point(|upto| *upto <= drawn)
    }
}

struct Sender {
    client: Client,
    /// Each request, and what is expected of its answer.
    requests: Vec<(reqwest::Request, Asked)>,
    room: Semaphore,
    timeout: Duration,
}

impl Sender {
    fn new(scenario: &Scenario, target: &str, manner: Manner) -> Result<Self, LoadError> {
        let builder = Client::builder()
            .no_proxy()
            .redirect(redirect::Policy::none())
            .user_agent(concat!("schemagate-bench/", env!("CARGO_PKG_VERSION")))
            .pool_max_idle_per_host(usize::from(scenario.connections))
            .tls_danger_accept_invalid_certs(manner.insecure);
        let builder = if manner.http2 { builder.http2_prior_knowledge() } else { builder.http1_only() };
        let client = builder.build().map_err(|error| LoadError::Begin(causes::innermost(&error)))?;
        let requests = scenario.requests.iter().map(|asked| {
            let request = client.request(asked.method.clone(), format!("{target}{}", asked.path));
            let request = request.headers(asked.headers.clone());
            let request = match &asked.body {
                Some(body) => request.body(body.clone()),
                None => request,
            };
            let request = request.build().map_err(|error| LoadError::Request {
                name: asked.name.clone(),
                target: target.to_owned(),
                why: causes::innermost(&error),
            })?;
            Ok((request, asked.clone()))
        });
        let requests = requests.collect::<Result<_, LoadError>>()?;
        let room = Semaphore::new(usize::from(scenario.connections));
        Ok(Self { client, requests, room, timeout: scenario.timeout })
    }

    /// Whether anybody is there, before anything is counted: the first request, whatever its answer.
    async fn reach(&self, target: &str) -> Result<(), LoadError> {
        let Some(request) = self.request(0) else { return Ok(()) };
        let asked = tokio::time::timeout(self.timeout, self.client.execute(request)).await;
        let why = match asked {
            Ok(Ok(_)) => return Ok(()),
            Ok(Err(error)) => causes::innermost(&error),
            Err(_) => format!("no answer within {:?}", self.timeout),
        };
        Err(LoadError::Unreachable { target: target.to_owned(), why })
    }

    fn request(&self, number: usize) -> Option<reqwest::Request> {
        // A body that is text can always be sent again.
        self.requests.get(number)?.0.try_clone()
    }

    /// Sends one that is due and reads its whole answer; waiting for a connection counts.
    async fn send(&self, number: usize, due: Instant) -> Result<Got, Failure> {
        let asked = async {
            let _place = self.room.acquire().await.map_err(|_| Failure::Connect)?;
            let request = self.request(number).ok_or(Failure::Connect)?;
            let failure =
                |error: reqwest::Error| if error.is_connect() { Failure::Connect } else { Failure::BrokenOff };
            let response = self.client.execute(request).await.map_err(failure)?;
            self.read(number, response).await.map_err(|_| Failure::BrokenOff)
        };
        timeout_at((due + self.timeout).into(), asked).await.unwrap_or(Err(Failure::Timeout))
    }

    async fn read(&self, number: usize, mut response: Response) -> Result<Got, reqwest::Error> {
        let status = response.status();
        let own = response.headers().get("proxy-status").is_some_and(|by| by.as_bytes().starts_with(b"schemagate"));
        let mut bytes = 0;
        while let Some(chunk) = response.chunk().await? {
            bytes += chunk.len() as u64;
        }
        let right = self.requests.get(number).is_some_and(|(_, asked)| asked.is_right(status));
        Ok(Got { status, right, own, bytes })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_mixed_by_their_weights() {
        let requests = [("/a", 1), ("/b", 3)].map(|(path, weight)| Asked { weight, ..Asked::get(path) });
        let mut mix = Mix::of(&requests);
        let second = (0..10_000).filter(|_| mix.next() == 1).count();
        assert!((7_300..7_700).contains(&second), "{second}");
    }
}
