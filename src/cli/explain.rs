//! `schemagate explain`

use clap::Args;
use gate::{Decision, Gate, Host, Method, Moment, Outcome, Reason, Request, RequirementId, Route, Target};
use http::Uri;
use serde_json::json;

use super::console::Console;
use super::exit::Exit;
use super::lookout::{Looked, look_at_all};
use super::{ConfigFile, Format, load, runtime};
use crate::config::Config;
use crate::report::{Report, RequirementReport, TenantReport};

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
    /// What the header says that names the tenant
    #[arg(long)]
    tenant: Option<String>,
    /// The organisation that the request is of, for maintenance windows of one
    #[arg(long)]
    organisation: Option<String>,
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
        let tenant = self.tenant.as_deref();
        let request = Request {
            host: &host,
            target: &target,
            method: Method::new(&method),
            tenant,
            organisation: self.organisation.as_deref(),
        };
        let explained = Explained { config: &config, gate: &gate, now, decision: gate.decide(&request, now) };
        match self.format {
            Format::Text => explained.print(console, &target),
            Format::Json => explained.print_json(console, &target),
        }
        Ok(match explained.decision.outcome {
            _ if !failures.is_empty() => Exit::Unreachable,
            Outcome::Forward(_) | Outcome::Health => Exit::Ready,
            Outcome::ForwardRescued { .. }
            | Outcome::ForwardElsewhere { .. }
            | Outcome::Stale { .. }
            | Outcome::Hold(_)
            | Outcome::Answer(_)
            | Outcome::Maintenance { .. }
            | Outcome::NoRoute => Exit::NotReady,
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

    fn needs(&self) -> Vec<(RequirementId, RequirementReport)> {
        self.route().map(|route| Report::needs(self.config, self.gate, self.now, route)).unwrap_or_default()
    }

    /// The decision in a sentence.
    fn verdict(&self) -> String {
        let upstream = |id| self.config.upstream(id).map_or("?", |upstream| upstream.name.as_str());
        match self.decision.outcome {
            Outcome::Health => "the health answer".to_owned(),
            Outcome::NoRoute => "404: no route serves it".to_owned(),
            Outcome::Maintenance { until: Some(until), .. } => {
                format!("{}, for another {:.0?}", self.decision.action, until.since(self.now))
            }
            Outcome::Maintenance { until: None, .. } => format!("{}, until it is lifted", self.decision.action),
            Outcome::Answer(_) => format!("{}, without asking the upstream", self.decision.action),
            Outcome::Forward(id) if self.decision.observed => {
                format!("pass to {}, because of observe mode; otherwise {}", upstream(id), self.decision.action)
            }
            Outcome::Forward(id) => format!("pass to {}", upstream(id)),
            Outcome::ForwardRescued { upstream: id, .. } => {
                format!("rescue: pass to {}, and replace its 5xx by the prepared answer", upstream(id))
            }
            Outcome::ForwardElsewhere { upstream: id, .. } => {
                format!("upstream: pass to {}, and replace its 5xx by a refusal", upstream(id))
            }
            Outcome::Stale { up_to, .. } => {
                format!("stale: the last good answer, if it is at most {up_to:?} old; else a refusal")
            }
            Outcome::Hold(id) => match self.gate.rules().hold(id) {
                Some(hold) => {
                    format!("hold: wait up to {:?} for the verdict to turn; then {}", hold.up_to, hold.then.kind())
                }
                None => "hold".to_owned(),
            },
        }
    }

    fn reason(&self) -> String {
        match self.decision.reason {
            Reason::NoRoute => "add a route, such as path = \"/*\"".to_owned(),
            Reason::Health => "it is the path of [health]".to_owned(),
            Reason::UnknownTenant => "it names no tenant that there is, see `unknown` in [tenants]".to_owned(),
            Reason::Window(id) => {
                let window = self.gate.snapshot().windows().get(id);
                let name = window.map_or("?", |window| &window.name);
                let message = window.and_then(|window| window.message.as_ref());
                let message = message.map(|message| format!(": {message}")).unwrap_or_default();
                format!("maintenance window {name} is open{message}")
            }
            Reason::Held => "an operator lets its requests wait, see `schemagate hold list`".to_owned(),
            Reason::NoNeeds => "the route needs nothing of it".to_owned(),
            Reason::Symptom => "the upstream's failure names what no requirement covers".to_owned(),
            Reason::Ready => "everything the route needs is ready".to_owned(),
            Reason::Version(_) => "everything that this version of the route needs is ready".to_owned(),
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
        if let Some(tenant) = self.tenant() {
            console.line(format!("tenant    {tenant}"));
        }
        for (need, requirement) in self.needs() {
            if requirement.tenants.is_some() {
                self.print_of_tenant(console, &requirement.name, need);
                continue;
            }
            console.line(format!("need      {}: {}", requirement.name, requirement.verdict));
            for finding in &requirement.findings {
                console.line(format!("          {}", finding.text));
            }
        }
    }

    /// The schema of the request's tenant.
    fn tenant(&self) -> Option<&str> {
        Some(&self.gate.snapshot().tenants()?.tenant(self.decision.tenant?)?.schema)
    }

    /// How a requirement of each tenant stands in that of the request.
    fn of_tenant(&self, need: RequirementId) -> Option<TenantReport> {
        TenantReport::new(self.config, self.gate, self.now, self.decision.tenant?, need)
    }

    fn print_of_tenant(&self, console: &Console, name: &str, need: RequirementId) {
        let Some(report) = self.of_tenant(need) else {
            console.line(format!("need      {name}: of tenants, and the request is none's"));
            return;
        };
        console.line(format!("need      {name}: {}", report.verdict));
        for finding in &report.findings {
            console.line(format!("          {}", finding.text));
        }
        if let Some(mend) = &report.mend {
            console.line(format!("          to mend it: {mend}"));
        }
    }

    fn print_json(&self, console: &Console, target: &Target<'_>) {
        let needs = self.needs();
        let of_tenant: Vec<_> = needs.iter().filter_map(|(need, _)| self.of_tenant(*need)).collect();
        let needs: Vec<_> = needs.into_iter().map(|(_, requirement)| requirement).collect();
        console.json(&json!({
            "path": target.matching.as_str(),
            "route": self.route().map(|route| &*route.name),
            "decision": self.verdict(),
            "action": self.decision.action.as_str(),
            "reason": self.decision.reason.as_str(),
            "explanation": self.reason(),
            "observed": self.decision.observed,
            "needs": needs,
            "tenant": self.tenant(),
            "of_tenant": of_tenant,
        }));
    }
}
