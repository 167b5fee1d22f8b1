//! `schemagate pass`

use std::time::Duration;

use clap::{Args, Subcommand};
use jiff::{SignedDuration, Timestamp};
use reqwest::Url;
use serde::Serialize;

use super::console::Console;
use super::exit::Exit;
use super::time::time;
use super::{ConfigFile, Format, load};
use crate::config::{Address, Config, show_duration, suggestion};
use crate::pass::{NAME, Pass, PassKey};

/// A pass cannot be taken back alone: it should not outlive what it was made for by much.
const LONGEST: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// Letters and digits that are not taken for each other.
const LETTERS: &[u8] = b"23456789abcdefghjkmnpqrstuvwxyz";

/// Lets operators get to the backend although others are kept out.
#[derive(Debug, Args)]
#[command(after_help = "\
Example: schemagate pass create --ttl 30m --reason 'look at the new orders page' --url https://app.example.com/orders")]
pub(super) struct PassCommand {
    #[command(subcommand)]
    command: PassSubcommand,
}

#[derive(Debug, Subcommand)]
enum PassSubcommand {
    /// Print a link; whoever opens it gets past refusals and windows until it is over
    Create(Create),
}

#[derive(Debug, Args)]
#[command(after_help = "\
Example: schemagate pass create --ttl 30m --reason 'look at the new orders page' --url https://app.example.com/orders
The link sets a cookie in the browser that opens it; no backend sees either. Empty, it takes the cookie back:
https://app.example.com/?schemagate_pass=
It is signed with `key` or `key_file` under [operators]; another key ends every pass.")]
struct Create {
    #[command(flatten)]
    file: ConfigFile,
    /// For how long it is good, at most 7d
    #[arg(long, value_name = "TIME", default_value = "1h", value_parser = ttl)]
    ttl: Duration,
    /// A route, by name, that it is good for; may be given several times. All if left out
    #[arg(long, value_name = "NAME")]
    route: Vec<String>,
    /// Why: the log of the running schemagate has it
    #[arg(long, value_name = "TEXT", value_parser = reason)]
    reason: String,
    /// Where the link leads: the application's own public address. This machine's if left out
    #[arg(long, value_name = "URL")]
    url: Option<Url>,
    /// How to answer
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
}

fn ttl(text: &str) -> Result<Duration, String> {
    match time(text)? {
        ttl if ttl < Duration::from_secs(1) => Err("it must be at least 1s".to_owned()),
        ttl if ttl > LONGEST => Err("it must be at most 7d".to_owned()),
        ttl => Ok(ttl),
    }
}

fn reason(text: &str) -> Result<String, String> {
    match text.trim() {
        "" => Err("it must not be empty".to_owned()),
        text if text.len() > 200 => Err("it must have at most 200 bytes".to_owned()),
        text => Ok(text.to_owned()),
    }
}

/// What was made.
#[derive(Debug, Serialize)]
struct Created<'p> {
    id: &'p str,
    link: &'p str,
    until: Timestamp,
    routes: &'p [Box<str>],
}

impl PassCommand {
    pub(super) fn run(self, console: &Console) -> Exit {
        let PassSubcommand::Create(create) = self.command;
        create.run(console).unwrap_or_else(|exit| exit)
    }
}

impl Create {
    fn run(self, console: &Console) -> Result<Exit, Exit> {
        let config = load(&self.file.config, self.format, console)?;
        let wrong = |message: String| {
            console.error(message);
            Exit::Usage
        };
        let key = config.operators.key.as_ref().and_then(PassKey::new).ok_or_else(|| {
            wrong(format!(
                "{}: there is no `key` under [operators] to sign a pass with; add key_file, a file with the output of: openssl rand -hex 32",
                self.file.config.display()
            ))
        })?;
        let names = || config.rules.routes().iter().map(|route| &*route.name);
        if let Some(unknown) = self.route.iter().find(|wanted| !names().any(|name| name == *wanted)) {
            return Err(wrong(format!(
                "--route {unknown}: there is no such route; {}",
                suggestion(unknown, names(), "routes")
            )));
        }
        let mut url = self
            .url
            .or_else(|| own_address(&config))
            .ok_or_else(|| wrong("say where the link leads: --url https://app.example.com/".to_owned()))?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(wrong(format!("--url {url}: it begins with https:// or http://")));
        }
        let until = Timestamp::now().saturating_add(SignedDuration::try_from(self.ttl).unwrap_or(SignedDuration::ZERO));
        let until = until.map_err(|error| wrong(format!("--ttl: {error}")))?;
        let id: String =
            std::iter::repeat_with(|| fastrand::choice(LETTERS)).take(8).flatten().map(|c| char::from(*c)).collect();
        let routes: Box<[Box<str>]> = self.route.iter().map(|name| name.as_str().into()).collect();
        let pass = Pass { id: id.into(), until: until.as_second(), routes, reason: Some(self.reason.into()) };
        url.query_pairs_mut().append_pair(NAME, &key.sign(&pass));
        match self.format {
            Format::Json => console.json(&Created { id: &pass.id, link: url.as_str(), until, routes: &pass.routes }),
            Format::Text => {
                let scope = if pass.routes.is_empty() { "every route".to_owned() } else { pass.routes.join(", ") };
                console.error(format!("pass {} for {scope}, good for {}", pass.id, show_duration(self.ttl)));
                console.line(url.as_str());
            }
        }
        Ok(Exit::Ready)
    }
}

/// The first listener, as this machine reaches it.
fn own_address(config: &Config) -> Option<Url> {
    let address = config.listen.http.iter().find_map(|address| match address.reached_at() {
        Address::Tcp(address) => Some(address),
        Address::Unix(_) => None,
    });
    Url::parse(&format!("http://{}/", address?)).ok()
}
