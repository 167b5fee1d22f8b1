//! What becomes of a request, and why.

use std::fmt::Write as _;

use gate::{Bypass, Decision, Gate, Host, Method, Moment, Outcome, Reason, Request, RequirementId, Route, Target};
use http::Uri;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Report, RequirementReport, TenantReport};
use crate::config::Config;

/// The request that is asked about.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Explain {
    /// Its method.
    #[serde(default = "get")]
    pub method: String,
    /// Its URL, or only its path.
    #[serde(default = "root")]
    pub url: String,
    /// What the header says that names the tenant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tenant: Option<String>,
    /// The organisation that it is of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub organisation: Option<String>,
}

fn get() -> String {
    "GET".to_owned()
}

fn root() -> String {
    "/".to_owned()
}

/// What becomes of a request, and why.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Explanation {
    /// The path in the form that is compared.
    path: String,
    /// The route that serves it.
    route: Option<String>,
    /// What is done, in a sentence.
    decision: String,
    /// Whether it gets what its upstream answers.
    pub passes: bool,
    action: &'static str,
    reason: &'static str,
    /// The reason, in a sentence.
    #[serde(rename = "explanation")]
    why: String,
    /// Whether it passes because of observe mode alone.
    observed: bool,
    /// The bypass by which alone it passes.
    bypass: Option<String>,
    /// How the needs of its route stand.
    needs: Vec<RequirementReport>,
    /// The schema of its tenant.
    tenant: Option<String>,
    /// How the needs stand in that.
    of_tenant: Vec<TenantReport>,
    /// All of it, for people.
    pub text: String,
}

impl Explanation {
    /// What becomes of a request at `now`; the error says why it is none.
    pub fn of(config: &Config, gate: &Gate, now: Moment, asked: &Explain) -> Result<Self, String> {
        let uri: Uri = asked.url.parse().map_err(|error| format!("{:?} is not a URL: {error}", asked.url))?;
        let host = Host::parse(uri.authority().map_or("", |authority| authority.as_str()));
        let target = Target::parse(uri.path().as_bytes(), gate.rules().matching_form())
            .map_err(|error| format!("such a request is refused with 400: {error}"))?;
        let method = asked.method.to_ascii_uppercase();
        let request = Request {
            host: &host,
            target: &target,
            method: Method::new(&method),
            tenant: asked.tenant.as_deref(),
            organisation: asked.organisation.as_deref(),
        };
        let decision = gate.decide(&request, now);
        let explaining = Explaining { config, gate, now, decision };
        let needs = explaining.needs();
        let text = explaining.text(&target, &needs);
        let of_tenant = needs.iter().filter_map(|(need, _)| explaining.of_tenant(*need)).collect();
        Ok(Self {
            path: target.matching.as_str().to_owned(),
            route: explaining.route().map(|route| route.name.to_string()),
            decision: explaining.verdict(),
            passes: matches!(decision.outcome, Outcome::Forward(_) | Outcome::Health),
            action: decision.action.as_str(),
            reason: decision.reason.as_str(),
            why: explaining.reason(),
            observed: decision.observed,
            bypass: explaining.bypass().map(|bypass| bypass.name.to_string()),
            tenant: explaining.tenant().map(str::to_owned),
            needs: needs.into_iter().map(|(_, requirement)| requirement).collect(),
            of_tenant,
            text,
        })
    }
}

struct Explaining<'a> {
    config: &'a Config,
    gate: &'a Gate,
    now: Moment,
    decision: Decision,
}

impl Explaining<'_> {
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
            Outcome::Forward(id) if self.decision.bypassed.is_some() => {
                format!("pass to {}, because of a bypass; otherwise {}", upstream(id), self.decision.action)
            }
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
            Reason::Held => self.held(),
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

    /// The order by which it waits.
    fn held(&self) -> String {
        let route = self.route().map_or("", |route| &route.name);
        let mut holds = self.gate.snapshot().route_holds().iter();
        holds.find(|hold| hold.keeps(route, self.now)).map_or_else(String::new, |hold| {
            let reason = hold.reason.as_ref().map(|reason| format!(": {reason}")).unwrap_or_default();
            format!("the hold {} by {} lets its requests wait{reason}", hold.name, hold.by)
        })
    }

    /// The bypass by which alone it passes.
    fn bypass(&self) -> Option<&Bypass> {
        self.gate.snapshot().bypasses().get(self.decision.bypassed?).map(AsRef::as_ref)
    }

    fn text(&self, target: &Target<'_>, needs: &[(RequirementId, RequirementReport)]) -> String {
        let mut text = String::new();
        // Writing to a string does not fail.
        let mut line = |line: String| {
            let _ = writeln!(text, "{line}");
        };
        line(format!("path      {}", target.matching.as_str()));
        if let Some(route) = self.route() {
            line(format!("route     {} (host {}, path {})", route.name, route.host, route.path.as_str()));
        }
        line(format!("decision  {}", self.verdict()));
        line(format!("reason    {}", self.reason()));
        if let Some(bypass) = self.bypass() {
            let reason = bypass.reason.as_ref().map(|reason| format!(": {reason}")).unwrap_or_default();
            line(format!("bypass    {} by {}{reason}", bypass.name, bypass.by));
        }
        if let Some(tenant) = self.tenant() {
            line(format!("tenant    {tenant}"));
        }
        for (need, requirement) in needs {
            let Some(name) = requirement.tenants.as_ref().map(|_| &requirement.name) else {
                line(format!("need      {}: {}", requirement.name, requirement.verdict));
                requirement.findings.iter().for_each(|finding| line(format!("          {}", finding.text)));
                continue;
            };
            let Some(report) = self.of_tenant(*need) else {
                line(format!("need      {name}: of tenants, and the request is none's"));
                continue;
            };
            line(format!("need      {name}: {}", report.verdict));
            report.findings.iter().for_each(|finding| line(format!("          {}", finding.text)));
            report.mend.iter().for_each(|mend| line(format!("          to mend it: {mend}")));
        }
        text
    }

    /// The schema of the request's tenant.
    fn tenant(&self) -> Option<&str> {
        Some(&self.gate.snapshot().tenants()?.tenant(self.decision.tenant?)?.schema)
    }

    /// How a requirement of each tenant stands in that of the request.
    fn of_tenant(&self, need: RequirementId) -> Option<TenantReport> {
        TenantReport::new(self.config, self.gate, self.now, self.decision.tenant?, need)
    }
}
