//! Who is told of changes.

use std::time::Duration;

use gate::{ActionKind, Verdict};

use super::Check;
use super::requirement::Requirements;
use crate::config::file::{AlertFormatWord, AlertTable, File, OftenTable};
use crate::config::nearest::suggestion;
use crate::config::place::Placed;
use crate::config::values::Either;
use crate::config::{Alert, AlertFormat, AlertTrigger, Secret, SentryDsn};

/// Where `PagerDuty` takes events of its Events API v2.
const PAGERDUTY: &str = "https://events.pagerduty.com/v2/enqueue";

/// What can be told of by a word.
const TRIGGERS: [(&str, AlertTrigger); 7] = [
    ("broken", AlertTrigger::Verdict(Verdict::Broken)),
    ("contradicted", AlertTrigger::Verdict(Verdict::Contradicted)),
    ("migrating", AlertTrigger::Verdict(Verdict::Migrating)),
    ("unknown", AlertTrigger::Verdict(Verdict::Unknown)),
    ("blocked", AlertTrigger::Blocked),
    ("probe", AlertTrigger::Probe),
    ("recovered", AlertTrigger::Recovery),
];

impl Check<'_> {
    pub(super) fn alerts(&mut self, file: &File, requirements: &Requirements) -> Option<Vec<Alert>> {
        let tables = file.alerts.get().map_or(&[][..], |list| &list.0);
        let alerts: Vec<Option<Alert>> =
            tables.iter().enumerate().map(|(number, table)| self.alert(number + 1, table, requirements)).collect();
        let triggers = tables.iter().filter_map(|table| table.value.on.get()).flat_map(|list| &list.0);
        let is_blocked =
            |trigger: &Either<String, OftenTable>| matches!(trigger, Either::Plain(word) if word == "blocked");
        for typed in triggers.filter(|typed| is_blocked(&typed.value) && file.tenants.is_absent()) {
            self.error(typed.place, "`alerts.on` has `blocked`, which is of tenants, and there are no [tenants]")
                .help("of a route: { action = \"block\", count = 1, within = \"1m\" }");
        }
        for (number, alert) in alerts.iter().enumerate() {
            let Some(alert) = alert else { continue };
            let earlier = alerts.iter().take(number).flatten();
            if earlier.into_iter().any(|earlier| earlier.name == alert.name) {
                let place = tables.get(number).and_then(|table| table.value.name.place().or(table.place));
                self.error(place, format!("two alerts are named `{}`", alert.name))
                    .help("give each a `name` of its own");
            }
        }
        alerts.into_iter().collect()
    }

    fn alert(&mut self, number: usize, table: &Placed<AlertTable>, requirements: &Requirements) -> Option<Alert> {
        let Placed { value: table, place } = table;
        let word = table.format.copied()?.0;
        let webhook = self.value_or_file("alerts.webhook", &table.webhook, &table.webhook_file);
        let key = self.value_or_file("alerts.key", &table.key, &table.key_file);
        if let Some(key) = key.as_ref().filter(|_| word != AlertFormatWord::PagerDuty) {
            self.error(key.place, "`alerts.key` is PagerDuty's integration key")
                .help("remove it, or write format = \"pagerduty\"");
        }
        let webhook = match (&webhook, word) {
            (None, AlertFormatWord::PagerDuty) => Placed { value: PAGERDUTY.to_owned(), place: None },
            (None, _) => {
                if table.webhook.is_absent() && table.webhook_file.is_absent() {
                    self.error(*place, "an alert has no `webhook` and no `webhook_file`")
                        .help("such as webhook = \"${ALERT_URL}\"");
                }
                return None;
            }
            (Some(webhook), _) => webhook.clone(),
        };
        let (url, format) = self.receiver(word, &webhook, key, *place)?;
        let on: Vec<Option<AlertTrigger>> =
            table.on.get().map_or(&[][..], |list| &list.0).iter().map(|trigger| self.trigger(trigger)).collect();
        if on.is_empty() {
            self.error(table.on.place(), "`alerts.on` is empty: nothing would ever be told");
        }
        let only = table.requirements.get().map_or(&[][..], |list| &list.0);
        for name in only {
            self.resolve(name, requirements.names(), ("requirement", "requirements"));
        }
        Some(Alert {
            name: table.name.get().cloned().unwrap_or_else(|| format!("{}-{number}", word_of(word))),
            url: Secret::new(url),
            format,
            on: on.into_iter().collect::<Option<_>>()?,
            requirements: only.iter().map(|name| name.value.clone()).collect(),
            after: self.duration("alerts.after", &table.after, Duration::ZERO),
        })
    }

    /// Where to post, and in whose words.
    fn receiver(
        &mut self,
        word: AlertFormatWord,
        webhook: &Placed<String>,
        key: Option<Placed<String>>,
        place: Option<crate::config::place::Place>,
    ) -> Option<(String, AlertFormat)> {
        let is_url = reqwest::Url::parse(&webhook.value)
            .is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
        if !is_url {
            // It is often a secret: not shown.
            self.error(webhook.place, "`alerts.webhook` is no URL").help("it begins with https:// or http://");
            return None;
        }
        match word {
            AlertFormatWord::Json => Some((webhook.value.clone(), AlertFormat::Json)),
            AlertFormatWord::Slack => Some((webhook.value.clone(), AlertFormat::Slack)),
            AlertFormatWord::PagerDuty => {
                let Some(key) = key else {
                    self.error(place, "an alert in PagerDuty's format has no `key` and no `key_file`")
                        .help("the integration key of an \"Events API v2\" integration");
                    return None;
                };
                Some((webhook.value.clone(), AlertFormat::PagerDuty { key: Secret::new(key.value) }))
            }
            AlertFormatWord::Sentry => {
                let parsed = SentryDsn::parse(&webhook.value);
                if parsed.is_none() {
                    self.error(webhook.place, "`alerts.webhook` is no Sentry DSN")
                        .help("such as https://KEY@host/PROJECT");
                }
                parsed.map(|(url, dsn)| (url, AlertFormat::Sentry(dsn)))
            }
        }
    }

    fn trigger(&mut self, typed: &Placed<Either<String, OftenTable>>) -> Option<AlertTrigger> {
        match &typed.value {
            Either::Plain(word) => {
                let found = TRIGGERS.iter().find(|(known, _)| known == word);
                if found.is_none() {
                    let help = suggestion(word, TRIGGERS.iter().map(|(word, _)| *word), "words");
                    self.error(typed.place, format!("`alerts.on` knows no `{word}`")).help(help);
                }
                found.map(|(_, trigger)| *trigger)
            }
            Either::Table(often) => self.often(often),
        }
    }

    fn often(&mut self, often: &OftenTable) -> Option<AlertTrigger> {
        let typed = often.action.placed()?;
        let actions = || ActionKind::ALL.into_iter().filter(|action| *action != ActionKind::Pass);
        let action = self.resolve(typed, actions().map(|action| (action.as_str(), action)), ("action", "actions"));
        let within = self.duration("alerts.on.within", &often.within, Duration::from_secs(1));
        let count = u64::from(*often.count.get()?);
        if count == 0 {
            self.error(often.count.place(), "`alerts.on.count` must be at least 1");
        }
        Some(AlertTrigger::Action { action: action?, count, within })
    }
}

const fn word_of(format: AlertFormatWord) -> &'static str {
    match format {
        AlertFormatWord::Json => "json",
        AlertFormatWord::Slack => "slack",
        AlertFormatWord::PagerDuty => "pagerduty",
        AlertFormatWord::Sentry => "sentry",
    }
}
