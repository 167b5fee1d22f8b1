//! What to write into the configuration, so that a symptom becomes a verdict.

use std::collections::{BTreeMap, BTreeSet};

use gate::{Route, SymptomObject};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::need::Need;
use super::wish::Wishes;
use super::{Symptoms, Uncovered};
use crate::config::{Config, Database, Source};

/// What was seen, and the configuration that would explain it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Proposal {
    /// What no requirement covers, the most frequent first.
    pub symptoms: Vec<Seen>,
    /// Requirements and routes for the end of the configuration file; empty where nothing was seen.
    pub toml: String,
}

/// One symptom on one route.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Seen {
    /// SQLSTATE or Prisma's code.
    pub code: String,
    /// The kind of object that is missing.
    pub what: String,
    /// Its name.
    pub object: String,
    /// The route whose upstream said so.
    pub route: String,
    /// Paths that were asked for; `*` where an id stood.
    pub paths: Vec<String>,
    /// How often.
    pub count: u64,
    /// When it came first (RFC 3339).
    pub first: String,
    /// When it came last (RFC 3339).
    pub last: String,
}

impl Symptoms {
    /// What no requirement of `config` covers, and what to write about it.
    pub fn proposal(&self, config: &Config) -> Proposal {
        let uncovered = self.uncovered(&config.rules);
        let symptoms = uncovered.iter().filter_map(|uncovered| Seen::new(config, uncovered)).collect();
        Proposal { symptoms, toml: written(config, &uncovered) }
    }
}

impl Seen {
    fn new(config: &Config, Uncovered { route, symptom, note }: &Uncovered) -> Option<Self> {
        let object = symptom.object.as_ref()?;
        Some(Self {
            code: symptom.code.as_str().to_owned(),
            what: object.kind().to_owned(),
            object: object.to_string(),
            route: config.rules.route(*route)?.name.to_string(),
            paths: note.paths.patterns().map(str::to_owned).collect(),
            count: note.count,
            first: note.first.to_string(),
            last: note.last.to_string(),
        })
    }
}

fn written(config: &Config, uncovered: &[Uncovered]) -> String {
    let mut needs: BTreeMap<String, Need> = BTreeMap::new();
    let mut wishes = Wishes::default();
    let mut taken: BTreeSet<String> =
        config.rules.requirements().iter().map(|requirement| requirement.name.to_string()).collect();
    for Uncovered { route: id, symptom, note } in uncovered {
        let (Some(object), Some(route)) = (&symptom.object, config.rules.route(*id)) else { continue };
        let database = database(config, route);
        let need = needs.entry(subject(object)).or_insert_with_key(|subject| {
            // Needless where there is one.
            let named = database.filter(|_| config.databases.len() > 1).map(|database| database.name.clone());
            Need::new(free_name(subject, &mut taken), named)
        });
        need.add(object, database.is_some_and(|database| matches!(database.source, Source::Postgres(_))));
        need.seen.push(format!(
            "{}: {} {object} is missing, seen {} on route {}, last at {}",
            symptom.code.as_str(),
            object.kind(),
            if note.count == 1 { "once".to_owned() } else { format!("{} times", note.count) },
            route.name,
            note.last.strftime("%Y-%m-%d %H:%M:%SZ"),
        ));
        if !need.is_empty() {
            note.paths.patterns().for_each(|path| wishes.add(config, *id, path, &need.name));
        }
    }
    let needs: String = needs.values().map(ToString::to_string).collect();
    format!("{needs}{}", wishes.written(config))
}

/// What a requirement is about: a table with all that is missing of it, or something by itself.
fn subject(object: &SymptomObject) -> String {
    object.table().map_or_else(|| object.to_string(), |table| table.name().to_owned())
}

/// A name for a requirement that no other one has.
fn free_name(subject: &str, taken: &mut BTreeSet<String>) -> String {
    let plain: String = subject
        .chars()
        .map(|letter| if letter.is_ascii_alphanumeric() || letter == '_' { letter } else { '-' })
        .take(40)
        .collect();
    let plain = if plain.trim_matches('-').is_empty() { "suggested".to_owned() } else { plain };
    let mut name = plain.clone();
    let mut number = 2;
    while !taken.insert(name.clone()) {
        name = format!("{plain}-{number}");
        number += 1;
    }
    name
}

/// Where it is probably missing: in the database of the route's other needs, else in the first.
fn database<'c>(config: &'c Config, route: &Route) -> Option<&'c Database> {
    let known = route.needs.iter().find_map(|need| config.database(config.rules.requirement(*need)?.database));
    known.or(config.databases.first())
}
