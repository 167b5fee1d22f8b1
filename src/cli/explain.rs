//! `schemagate explain`

use clap::Args;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use super::admin_client::{AdminClient, AskError};
use super::asking::Asking;
use super::console::Console;
use super::exit::Exit;
use super::lookout::{Looked, look_at_all};
use super::{Format, load, runtime};
use crate::config::order::OrderBook;
use crate::desk;
use crate::report::{Explain as Asked, Explanation};

/// Says what would be done with a request, by a look at the live databases and what operators ordered.
#[derive(Debug, Args)]
#[command(after_help = "\
Example: schemagate explain POST https://shop.example.com/orders/17
The configuration file decides, with what operators ordered of the schemagate that runs with it, if one does. With --admin the
running one is asked, by the configuration that it has in force.")]
pub(super) struct Explain {
    /// The request's method
    method: String,
    /// Its URL, or only its path
    url: String,
    #[command(flatten)]
    asking: Asking,
    /// What the header says that names the tenant
    #[arg(long)]
    tenant: Option<String>,
    /// The organisation that the request is of, for maintenance windows of one
    #[arg(long)]
    organisation: Option<String>,
}

impl Explain {
    pub(super) fn run(self, console: &Console) -> Exit {
        self.explained(console).unwrap_or_else(|exit| exit)
    }

    fn explained(self, console: &Console) -> Result<Exit, Exit> {
        let Self { method, url, asking, tenant, organisation } = self;
        let asked = Asked { method, url, tenant, organisation };
        let client = asking.client(console)?;
        if asking.is_elsewhere() {
            let answer: Value =
                runtime(console)?.block_on(ask(&client, &asked)).map_err(|error| error.told(console))?;
            let passes = answer.get("passes").and_then(Value::as_bool).unwrap_or_default();
            match asking.format {
                Format::Text => {
                    console.line(answer.get("text").and_then(Value::as_str).unwrap_or_default().trim_end());
                }
                Format::Json => console.json(&answer),
            }
            return Ok(if passes { Exit::Ready } else { Exit::NotReady });
        }
        let config = load(asking.file(), asking.format, console)?;
        let waiting = console.waiting("looking at the databases");
        let (looked, orders) =
            runtime(console)?.block_on(async { tokio::join!(look_at_all(&config), orders(&client)) });
        drop(waiting);
        let Looked { gate, failures, now } = looked;
        for (database, failure) in &failures {
            console.error(format!("database {database}: {failure}"));
        }
        let orders = orders.unwrap_or_else(|error| {
            // Where none runs there are no orders, either.
            if let AskError::Unreachable(why) | AskError::Refused(why) = error {
                console.error(format!("what operators ordered is not known: {why}"));
            }
            OrderBook::default()
        });
        let orders = desk::as_decided(&orders, Timestamp::now(), now);
        let gate = gate.with_snapshot(gate.snapshot().with_orders(&orders));
        let explanation = Explanation::of(&config, &gate, now, &asked).map_err(|message| {
            console.error(message);
            Exit::Usage
        })?;
        match asking.format {
            Format::Text => console.line(explanation.text.trim_end()),
            Format::Json => console.json(&explanation),
        }
        Ok(match explanation.passes {
            _ if !failures.is_empty() => Exit::Unreachable,
            true => Exit::Ready,
            false => Exit::NotReady,
        })
    }
}

async fn ask(client: &AdminClient, asked: &Asked) -> Result<Value, AskError> {
    let query = serde_json::to_value(asked).unwrap_or(json!({}));
    let pairs = query.as_object().into_iter().flatten().filter_map(|(name, value)| Some((name, value.as_str()?)));
    let percent = |text| percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC);
    let query: Vec<String> = pairs.map(|(name, value)| format!("{name}={}", percent(value))).collect();
    client.get(&format!("/api/v1/explain?{}", query.join("&"))).await
}

/// What operators ordered of the schemagate that runs.
async fn orders(client: &AdminClient) -> Result<OrderBook, AskError> {
    let mut book = serde_json::Map::new();
    for kind in ["bypasses", "windows", "holds"] {
        let list: Value = client.get(&format!("/api/v1/{kind}")).await?;
        book.extend(list.as_object().cloned().unwrap_or_default());
    }
    OrderBook::deserialize(Value::Object(book)).map_err(|error| {
        AskError::Unreachable(format!("the admin listener answers what this version does not read: {error}"))
    })
}
