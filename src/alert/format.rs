//! A message in the words of whoever receives it.

use http::{HeaderName, HeaderValue};
use serde_json::{Value, json};

use super::message::{Message, Required, State, Subject, Whom, source};
use crate::config::{AlertFormat, SentryDsn};

/// The body to post, and its type.
pub(super) fn body(format: &AlertFormat, message: &Message) -> (Vec<u8>, &'static str) {
    let value = match format {
        AlertFormat::Json => json_of(message),
        AlertFormat::Slack => slack(message),
        AlertFormat::PagerDuty { key } => pagerduty(message, key.expose()),
        AlertFormat::Sentry(dsn) => return (sentry(message, dsn), "application/x-sentry-envelope"),
    };
    (value.to_string().into_bytes(), "application/json")
}

/// Headers beside the type.
pub(super) fn headers(format: &AlertFormat) -> Vec<(HeaderName, HeaderValue)> {
    let AlertFormat::Sentry(dsn) = format else { return Vec::new() };
    let client = concat!("schemagate/", env!("CARGO_PKG_VERSION"));
    let auth = format!("Sentry sentry_version=7, sentry_client={client}, sentry_key={}", dsn.key.expose());
    let auth = HeaderValue::from_str(&auth).map(|mut value| {
        value.set_sensitive(true);
        (HeaderName::from_static("x-sentry-auth"), value)
    });
    auth.into_iter().collect()
}

fn json_of(message: &Message) -> Value {
    let mut value = json!({
        "event": message.state.as_str(),
        "status": if message.state.is_over() { "resolved" } else { "firing" },
        "key": message.subject.to_string(),
        "severity": message.state.severity().as_str(),
        "title": message.title,
        "at": message.at.to_string(),
        "source": source(),
        "findings": message.findings,
        "mend": message.mend,
        "component": message.component,
        "release": message.release,
        "routes": message.routes,
    });
    let more = match &message.subject {
        Subject::Requirement(of) | Subject::Tenants(of) => of_required(of),
        Subject::Tenant { of, schema } => {
            let mut of = of_required(of);
            of.push(("tenant", json!(schema)));
            of
        }
        Subject::Action { route, action } => vec![("route", json!(route)), ("action", json!(action))],
        Subject::Probe(name) => vec![("probe", json!(name))],
    };
    let counted = match message.state {
        State::Often { count, within } => vec![("count", json!(count)), ("within_seconds", json!(within.as_secs()))],
        State::Over { lasted } => vec![("lasted_seconds", json!(lasted.as_secs_f64()))],
        State::Verdict(_) | State::Blocked | State::Failing => Vec::new(),
    };
    let of_tenants = match &message.whom {
        Whom::Nobody => Vec::new(),
        Whom::One { domain } => vec![("domain", json!(domain))],
        Whom::Several { count, first } => vec![("tenants", json!(first)), ("tenant_count", json!(count))],
    };
    if let Some(object) = value.as_object_mut() {
        object.extend(more.into_iter().chain(of_tenants).chain(counted).map(|(key, value)| (key.to_owned(), value)));
    }
    value
}

fn of_required(Required { requirement, database }: &Required) -> Vec<(&'static str, Value)> {
    vec![("requirement", json!(requirement)), ("database", json!(database))]
}

/// The schema of the tenant that it is about, and the name that requests know it by.
fn tenant(message: &Message) -> Option<(&str, Option<&str>)> {
    match (&message.subject, &message.whom) {
        (Subject::Tenant { schema, .. }, Whom::One { domain }) => Some((schema, domain.as_deref())),
        (Subject::Tenant { schema, .. }, _) => Some((schema, None)),
        _ => None,
    }
}

/// Slack's incoming webhooks: <https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks>.
fn slack(message: &Message) -> Value {
    let sign = if message.state.is_over() { ":white_check_mark:" } else { ":rotating_light:" };
    let title = format!("{sign} *{}*", slack_text(&message.title));
    let mut lines = vec![title];
    lines.extend(message.findings.iter().take(SHOWN).map(|finding| format!("• {}", slack_text(finding))));
    if message.findings.len() > SHOWN {
        lines.push(format!("• and {} more", message.findings.len() - SHOWN));
    }
    if let Some((schema, domain)) = tenant(message) {
        let domain = domain.map(|domain| format!(", {domain}")).unwrap_or_default();
        lines.push(slack_text(&format!("tenant: {schema}{domain}")));
    }
    if let Some(mend) = &message.mend {
        lines.push(format!("to mend it: `{}`", slack_text(mend)));
    }
    if !message.routes.is_empty() && !message.state.is_over() {
        lines.push(format!("routes: {}", slack_text(&message.routes.join(", "))));
    }
    json!({ "text": lines.join("\n") })
}

/// More findings than that nobody reads in a chat.
const SHOWN: usize = 10;

/// The three characters that Slack gives a meaning.
fn slack_text(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// `PagerDuty`'s Events API v2: <https://developer.pagerduty.com/docs/send-alert-event>.
fn pagerduty(message: &Message, key: &str) -> Value {
    let mut event = json!({
        "routing_key": key,
        "event_action": if message.state.is_over() { "resolve" } else { "trigger" },
        "dedup_key": message.subject.to_string(),
    });
    if let Some(event) = event.as_object_mut().filter(|_| !message.state.is_over()) {
        let payload = json!({
            // At most 1024 characters are taken.
            "summary": message.title.chars().take(1024).collect::<String>(),
            "source": source(),
            "severity": message.state.severity().as_str(),
            "timestamp": message.at.to_string(),
            "component": message.component,
            "class": message.state.as_str(),
            "group": tenant(message).map(|(schema, _)| schema),
            "custom_details": json_of(message),
        });
        event.insert("payload".to_owned(), payload);
    }
    event
}

/// Sentry's envelope with one event: <https://develop.sentry.dev/sdk/data-model/envelopes/>.
fn sentry(message: &Message, dsn: &SentryDsn) -> Vec<u8> {
    let id = uuid::Uuid::now_v7().simple().to_string();
    let details = json_of(message);
    let event = json!({
        "event_id": id,
        "timestamp": message.at.to_string(),
        "platform": "other",
        "logger": "schemagate",
        "level": message.state.severity().as_str(),
        "server_name": source(),
        "release": message.release,
        "message": { "formatted": message.title },
        // One issue for each subject, whatever its title says.
        "fingerprint": [message.subject.to_string()],
        "tags": {
            "component": message.component,
            "event": message.state.as_str(),
            "tenant": tenant(message).map(|(schema, _)| schema),
        },
        "extra": details,
    });
    let head = json!({ "event_id": id, "dsn": dsn.public(), "sent_at": message.at.to_string() });
    format!("{head}\n{}\n{event}\n", json!({ "type": "event" })).into_bytes()
}
