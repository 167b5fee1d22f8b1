//! Clients of every kind, each of which knows what is its own.

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::{SinkExt, StreamExt};
use http::Method;
use tokio_tungstenite::connect_async;
use tokio_tungstenite::tungstenite::Message;

use super::{Soak, tables};
use crate::house::{Answer, Client, piece};

/// Between two requests of a client.
const PAUSE: Duration = Duration::from_millis(20);
/// All timeouts below, and slack for a busy machine.
const ANSWERED: Duration = Duration::from_secs(15);

/// What a client does again and again.
#[derive(Debug, Clone, Copy)]
pub(super) enum Asking {
    Downloads { http2: bool },
    Uploads { http2: bool },
    Absent { http2: bool },
    Toggled { http2: bool },
    Held,
    Stale,
    Talks,
}

impl Asking {
    pub(super) const ALL: [Self; 14] = [
        Self::Downloads { http2: false },
        Self::Downloads { http2: false },
        Self::Downloads { http2: true },
        Self::Uploads { http2: false },
        Self::Uploads { http2: true },
        Self::Absent { http2: false },
        Self::Absent { http2: true },
        Self::Toggled { http2: false },
        Self::Toggled { http2: false },
        Self::Toggled { http2: true },
        Self::Held,
        Self::Stale,
        Self::Talks,
        Self::Talks,
    ];

    const fn name(self) -> &'static str {
        match self {
            Self::Downloads { http2: false } => "downloads",
            Self::Downloads { http2: true } => "downloads over HTTP/2",
            Self::Uploads { http2: false } => "uploads",
            Self::Uploads { http2: true } => "uploads over HTTP/2",
            Self::Absent { http2: false } => "what is absent",
            Self::Absent { http2: true } => "what is absent, over HTTP/2",
            Self::Toggled { http2: false } => "what comes and goes",
            Self::Toggled { http2: true } => "what comes and goes, over HTTP/2",
            Self::Held => "what waits",
            Self::Stale => "what is kept",
            Self::Talks => "web sockets",
        }
    }

    const fn is_http2(self) -> bool {
        matches!(
            self,
            Self::Downloads { http2: true }
                | Self::Uploads { http2: true }
                | Self::Absent { http2: true }
                | Self::Toggled { http2: true }
        )
    }

    /// Asks until it is over; by its seed, what it asks for is its own.
    pub(super) async fn goes_on(self, soak: Arc<Soak>, seed: u64) {
        let port = soak.gateway.port();
        let client = if self.is_http2() { Client::http2(port) } else { Client::new(port) };
        let mut dice = fastrand::Rng::with_seed(seed);
        for number in 0_usize.. {
            if soak.is_over() {
                return;
            }
            if matches!(self, Self::Talks) {
                self.talk(&soak, &mut dice).await;
            } else {
                self.ask(&soak, &client, number, &mut dice).await;
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    async fn ask(self, soak: &Soak, client: &Client, number: usize, dice: &mut fastrand::Rng) {
        // Every answer has another length or another name, so that one that is somebody else's is seen.
        let length = 100 + dice.usize(..60_000);
        let table = number % tables::TOGGLED;
        let own = format!("{:016x}", dice.u64(..));
        let (method, path) = match self {
            Self::Downloads { .. } => (Method::GET, format!("/bytes/{length}")),
            Self::Uploads { .. } => (Method::POST, "/mirror".to_owned()),
            Self::Absent { .. } => (Method::GET, format!("/absent/{own}")),
            Self::Toggled { .. } => (Method::GET, format!("/toggled{table}/{own}")),
            Self::Held => (Method::GET, format!("/held/{own}")),
            Self::Stale | Self::Talks => (Method::GET, format!("/stale/{}", number % 50)),
        };
        let mut request = client.request(method.clone(), &path);
        if method == Method::POST {
            request = request.body(piece(length, length));
        }
        let sent = Instant::now();
        let answer = Answer::try_to(request).await;
        let took = sent.elapsed();
        let name = self.name();
        let wrong = |what: &str| soak.tally.wrong(format!("{name}, {method} {path} after {took:?}: {what}"));
        if took > ANSWERED {
            wrong("too late");
        }
        let answer = match answer {
            Err(error) if error.is_timeout() || error.is_connect() => return wrong(&format!("{error:?}")),
            Err(_) => return soak.tally.count(name, "broken off"),
            Ok(answer) => answer,
        };
        let by_schemagate = answer.header("proxy-status").starts_with("schemagate");
        let met = match self {
            Self::Absent { .. } => Some(false),
            Self::Toggled { .. } => soak.tables.was_met(table, sent),
            Self::Held => soak.tables.was_met(0, sent),
            // It is refused only where nothing is kept.
            Self::Stale => soak.tables.was_met(1, sent).filter(|met| *met),
            _ => Some(true),
        };
        match (answer.status, by_schemagate) {
            (200, false) => {
                let whole = match self {
                    Self::Downloads { .. } => answer.body == piece(0, length),
                    Self::Uploads { .. } => answer.body == piece(length, length),
                    _ => answer.text().starts_with(&format!("{method} {path} HTTP/1.1\r\n")),
                };
                if !whole {
                    wrong("the answer is another one");
                }
                if met == Some(false) {
                    wrong("it passed although its need was unmet");
                }
                soak.tally.count(name, if answer.header("schemagate-degraded").is_empty() { "whole" } else { "kept" });
            }
            (503, true) => {
                if met == Some(true) {
                    wrong("it was refused although its need was met");
                }
                soak.tally.count(name, "refused");
            }
            (502 | 504, true) => soak.tally.count(name, "failed"),
            (status, _) => wrong(&format!("status {status}: {answer:?}")),
        }
    }

    /// A web socket, some messages, and a close.
    async fn talk(self, soak: &Soak, dice: &mut fastrand::Rng) {
        let url = format!("ws://127.0.0.1:{}/ws", soak.gateway.port());
        let Ok(Ok((mut socket, _))) = tokio::time::timeout(ANSWERED, connect_async(url)).await else {
            return soak.tally.count(self.name(), "failed");
        };
        for _ in 0..10 {
            let own = format!("socket {:016x}", dice.u64(..));
            let exchanged = async {
                socket.send(Message::text(own.clone())).await.ok()?;
                socket.next().await?.ok()
            };
            match tokio::time::timeout(Duration::from_secs(3), exchanged).await {
                Ok(Some(Message::Text(text))) if text.starts_with("socket ") => {
                    if text.as_str() != own {
                        soak.tally.wrong(format!("a socket heard {text:?} instead of {own:?}"));
                    }
                    soak.tally.count(self.name(), "whole");
                }
                // What a meddler sent instead can be anything, and a black hole is silent.
                _ => return soak.tally.count(self.name(), "broken off"),
            }
        }
        // It may be broken by now.
        let _ = socket.close(None).await;
    }
}
