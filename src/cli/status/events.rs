//! The dashboard's events, as a running schemagate sends them.

use std::time::Duration;

use reqwest::Response;
use serde_json::Value;
use tokio::time::timeout;

use crate::cli::admin_client::{AdminClient, AskError};

/// One event is no longer than this; a thousand routes take half a megabyte.
const LONGEST: usize = 64 << 20;

/// It says something every two seconds.
const SILENCE: Duration = Duration::from_secs(20);

/// Server-sent events of `/api/v1/events`, each the whole of it.
pub(super) struct Events {
    answer: Response,
    read: Vec<u8>,
}

impl Events {
    pub(super) async fn of(client: &AdminClient) -> Result<Self, AskError> {
        Ok(Self { answer: client.follow("/api/v1/events").await?, read: Vec::new() })
    }

    /// The next event; the error says why there is none.
    pub(super) async fn next(&mut self) -> Result<Value, String> {
        loop {
            if let Some(event) = self.whole() {
                return serde_json::from_str(&event).map_err(|error| format!("it sends what is no JSON: {error}"));
            }
            let Ok(part) = timeout(SILENCE, self.answer.chunk()).await else {
                return Err(format!("it has said nothing for {SILENCE:?}"));
            };
            match part {
                Ok(Some(part)) if self.read.len() + part.len() <= LONGEST => self.read.extend_from_slice(&part),
                Ok(Some(_)) => return Err("it sends an event without an end".to_owned()),
                Ok(None) => return Err("it went away".to_owned()),
                Err(error) => return Err(format!("the connection broke: {error}")),
            }
        }
    }

    /// Takes the data of the first whole event that has any out of what was read.
    fn whole(&mut self) -> Option<String> {
        loop {
            let end = self.read.windows(2).position(|pair| pair == b"\n\n")?;
            let rest = self.read.split_off(end + 2);
            let event = std::mem::replace(&mut self.read, rest);
            let event = String::from_utf8_lossy(&event).into_owned();
            let data: Vec<&str> = event.lines().filter_map(|line| line.strip_prefix("data:")).map(str::trim).collect();
            if !data.is_empty() {
                return Some(data.join("\n"));
            }
        }
    }
}
