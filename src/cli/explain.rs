//! `schemagate explain`

use clap::Args;
use gate::{Decision, Gate, Host, Method, Moment, Outcome, Reason, Request, Route, Target};
use http::Uri;
use serde_json::json;

use super::check::{Looked, look_at_all};
use super::console::Console;
use super::exit::Exit;
use super::{ConfigFile, Format, load, runtime};
use crate::config::Config;
use crate::report::Report;

/// Says what would be done with a request, by a look at the live databases.
#[derive(Debug, Args)]
#[command(after_help = "Example: schemagate explain POST https://shop.example.com/orders/17")]
pub(super) struct Explain {
    /// The request's method
    method: String,
    /// Its URL, or only its path
    url: String,
    #[command(flatten)]
    file: ConfigFile,
    /// How to answer
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
}

impl Explain {
    pub(super) fn run(self, console: &Console) -> Exit {
        self.explained(console).unwrap_or_else(|exit| exit)
    }

    fn explained(self, console: &Console) -> Result<Exit, Exit> {
        let config = load(&self.file.config, self.format, console)?;
        let usage = |message: String| {
            console.error(message);
            Exit::Usage
        };
        let uri: Uri = self.url.parse().map_err(|error| usage(format!("{:?} is not a URL: {error}", self.url)))?;
        let host = Host::parse(uri.authority().map_or("", |authority| authority.as_str()));
        let target = Target::parse(uri.path().as_bytes(), config.rules.matching_form())
            .map_err(|error| usage(format!("such a request is refused with 400: {error}")))?;
        let method = self.method.to_ascii_uppercase();
        let Looked { gate, failures, now } = runtime(console)?.block_on(look_at_all(&config));
        for (database, failure) in &failures {
            console.error(format!("database {database}: {failure}"));
        }
        let request = Request { host: &host, target: &target, method: Method::new(&method) };
        let explained = Explained { config: &config, gate: &gate, now, decision: gate.decide(&request, now) };
        match self.format {
            Format::Text => explained.print(console, &target),
            Format::Json => explained.print_json(console, &target),
        }
        Ok(match explained.decision.outcome {
            _ if !failures.is_empty() => Exit::Unreachable,
            Outcome::Forward(_) | Outcome::Health => Exit::Ready,
            Outcome::ForwardRescued { .. } | Outcome::Answer(_) | Outcome::NoRoute => Exit::NotReady,
        })
    }
}

struct Explained<'a> {
    config: &'a Config,
    gate: &'a Gate,
    now: Moment,
    decision: Decision,
}

impl Explained<'_> {
    fn route(&self) -> Option<&Route> {
        self.decision.route.and_then(|id| self.gate.rules().route(id))
    }

    /// The decision in a sentence.
    fn verdict(&self) -> String {
        let upstream = |id| self.config.upstream(id).map_or("?", |upstream| upstream.name.as_str());
        match self.decision.outcome {
            Outcome::Health => "the health answer".to_owned(),
            Outcome::NoRoute => "404: no route serves it".to_owned(),
            Outcome::Answer(_) => format!("{}, without asking the upstream", self.decision.action),
            Outcome::Forward(id) if self.decision.observed => {
                format!("pass to {}, because of observe mode; otherwise {}", upstream(id), self.decision.action)
            }
            Outcome::Forward(id) => format!("pass to {}", upstream(id)),
            Outcome::ForwardRescued { upstream: id, .. } => {
                format!("rescue: pass to {}, and replace its 5xx by the prepared answer", upstream(id))
            }
        }
    }

    fn reason(&self) -> String {
        match self.decision.reason {
            Reason::NoRoute => "add a route, such as path = \"/*\"".to_owned(),
            Reason::Health => "it is the path of [health]".to_owned(),
            Reason::NoNeeds => "the route needs nothing".to_owned(),
            Reason::Symptom => "the upstream's failure names what no requirement covers".to_owned(),
            Reason::Ready => "everything the route needs is ready".to_owned(),
            Reason::Need { requirement, verdict } => {
                let name = self.gate.rules().requirement(requirement).map_or("?", |requirement| &requirement.name);
                format!("requirement {name} is {verdict}")
            }
        }
    }

    fn print(&self, console: &Console, target: &Target<'_>) {
        console.line(format!("path      {}", target.matching.as_str()));
        if let Some(route) = self.route() {
            console.line(format!("route     {} (host {}, path {})", route.name, route.host, route.path.as_str()));
        }
        console.line(format!("decision  {}", self.verdict()));
        console.line(format!("reason    {}", self.reason()));
        let report = Report::new(self.config, self.gate, self.now);
        let needs = self.route().map(|route| route.needs.clone()).unwrap_or_default();
        for need in needs {
            let Some(requirement) = report.requirements.get(need.0 as usize) else { continue };
            console.line(format!("need      {}: {}", requirement.name, requirement.verdict));
            for finding in &requirement.findings {
                console.line(format!("          {}", finding.text));
            }
        }
    }

    fn print_json(&self, console: &Console, target: &Target<'_>) {
        let report = Report::new(self.config, self.gate, self.now);
        let needs = self.route().map(|route| route.needs.clone()).unwrap_or_default();
        let needs: Vec<_> = needs.iter().filter_map(|need| report.requirements.get(need.0 as usize)).collect();
        console.json(&json!({
            "path": target.matching.as_str(),
            "route": self.route().map(|route| &*route.name),
            "decision": self.verdict(),
            "action": self.decision.action.as_str(),
            "reason": self.decision.reason.as_str(),
            "explanation": self.reason(),
            "observed": self.decision.observed,
            "needs": needs,
        }));
    }
}
