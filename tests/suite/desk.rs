//! The operators' desk: bypasses, maintenance windows and holds, by command, API, environment and control file.

mod bypass;
mod control_file;
mod environment;
mod hold;
mod maintenance;
mod state;

use std::time::Duration;

use http::Method;
use serde_json::{Value, json};

use crate::house::{Answer, Client, Echo, Gateway, Run, SqliteFile, eventually, shop};

const LIMIT: Duration = Duration::from_secs(15);

const MEND: &str = "CREATE TABLE orders (id int)";

/// A shop whose table is missing, with a route that needs it and one that does not.
struct Shop {
    database: SqliteFile,
    _echo: Echo,
    gateway: Gateway,
    client: Client,
}

impl Shop {
    async fn open(more: &str) -> Self {
        let (database, echo, gateway) = shop("CREATE TABLE other (id int)", "", more).await;
        gateway.verdict_becomes("orders", "broken", LIMIT).await;
        Self { database, client: gateway.client(), _echo: echo, gateway }
    }

    async fn status(&self, path: &str) -> u16 {
        self.client.get(path).await.status
    }

    async fn writes(&self, path: &str) -> Answer {
        self.client.fetch(Method::POST, path).await
    }

    /// Waits until reads of a path get a status.
    async fn turns(&self, path: &str, status: u16) {
        let what = format!("{path} gets {status}");
        eventually(&what, LIMIT, async || (self.status(path).await == status).then_some(())).await;
    }

    fn run(&self, args: &[&str]) -> Run {
        self.gateway.run(args)
    }

    /// What a command answers as JSON.
    fn asks(&self, args: &[&str]) -> Value {
        let run = self.run(&[args, &["--format", "json"]].concat()).expect(0);
        serde_json::from_str(&run.stdout).unwrap_or_else(|error| panic!("{error} in {run:?}"))
    }

    async fn post(&self, path: &str, body: &Value) -> Answer {
        Answer::to(self.gateway.admin().request(Method::POST, path).json(body)).await
    }

    async fn delete(&self, path: &str) -> Answer {
        Answer::to(self.gateway.admin().request(Method::DELETE, path)).await
    }
}
