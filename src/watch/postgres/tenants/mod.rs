//! Looks at the schemas of tenants: who they are, and what their schemas hold.
//!
//! Many schemas are asked for at once. The answers are put together to [`Shape`]s, of which there are
//! few, and one that was there before is the same value again; so a look costs this process what
//! differs, and not what there is. What a look does not ask about stands as earlier ones found it.

mod domains;
mod inquiry;
mod known;
mod ledgers;
mod questions;
mod shaping;
mod sql;

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use gate::{Directory, Finding, RelationKind, Shape, TenantKey, TenantsSeen, TenantsWanted};
use tokio_postgres::Error;
use tokio_postgres::error::SqlState;

use super::ledgers::{STANDS, Said, advisory_key};
use super::link::rows;
use super::step::Step;
use crate::config::PostgresUrl;
use domains::Domains;
use known::{Known, Part};
use ledgers::{DENIED, LOCKED, READ, ToolTable, content};
use questions::Question;
use shaping::Shaping;
use sql::{FIELD, Schemas};

pub(super) use inquiry::Asked;

/// What is known of the tenants of one database.
#[derive(Debug)]
pub(super) struct Tenants {
    wanted: TenantsWanted,
    /// The role whose privileges are judged.
    role: Option<String>,
    /// Who asks, and in which database.
    url: PostgresUrl,
    /// How what is said to each question is read.
    readers: Vec<fn(&str, &mut Shape)>,
    tables: Vec<ToolTable>,
    /// Who the tenants are, where tables list them.
    domains: Option<Domains>,
    directory: Option<Arc<Directory>>,
    problem: Option<Finding>,
    known: Known,
    /// Of which of [`Self::tables`] a migration runs, by the tools' own locks.
    running: Vec<bool>,
    /// Whether something else is known than [`Self::news`] told last.
    changed: bool,
    /// Whether something could not be read since [`Self::begin`], and stands as it stood.
    kept: bool,
}

impl Tenants {
    pub(super) fn new(wanted: &TenantsWanted, role: Option<&str>, url: &PostgresUrl) -> Self {
        let domains = match &wanted.tenancy.key {
            TenantKey::Domains(tables) => Some(Domains::new(tables.clone(), wanted.tenancy.shared.clone())),
            TenantKey::Host { .. } | TenantKey::Header { .. } => None,
        };
        let all = Schemas::All(&wanted.tenancy);
        let tables: Vec<ToolTable> = wanted.objects.ledgers.iter().flat_map(ToolTable::all).collect();
        Self {
            readers: Question::all(wanted, role, all, all).into_iter().map(|question| question.read).collect(),
            running: vec![false; tables.len()],
            tables,
            wanted: wanted.clone(),
            role: role.map(str::to_owned),
            url: url.clone(),
            domains,
            directory: None,
            problem: None,
            known: Known::default(),
            changed: true,
            kept: false,
        }
    }

    /// Every schema that is known to be there, in order.
    pub(super) fn schemas(&self) -> impl ExactSizeIterator<Item = &str> {
        self.known.schemas()
    }

    /// Learns where the tables of tenants lie; whether the look is to be done once more.
    pub(super) fn learn(&mut self, asked: &Asked) -> bool {
        match (&mut self.domains, &asked.search) {
            (Some(domains), Some(said)) => domains.learn(said),
            _ => false,
        }
    }

    /// Begins a look at everything, of which [`Self::is_certain`] then speaks.
    pub(super) const fn begin(&mut self) {
        self.kept = false;
    }

    /// Whether all that is known was read since [`Self::begin`], and changes by transactions of this
    /// server alone.
    pub(super) fn is_certain(&self) -> bool {
        let is_ordinary = |shape: &Shape, table: &ToolTable| {
            let relation = shape.schema.relations.get(table.name());
            relation.is_none_or(|it| matches!(it.kind, RelationKind::Table | RelationKind::Materialized))
        };
        !self.kept
            && self.domains.as_ref().is_none_or(Domains::is_certain)
            && self.known.distinct().all(|shape| self.tables.iter().all(|table| is_ordinary(shape, table)))
    }

    /// All that is known of the tenants, where it is something else than was told last.
    pub(super) fn news(&mut self) -> Option<TenantsSeen> {
        std::mem::take(&mut self.changed).then(|| TenantsSeen {
            directory: self.directory.clone(),
            problem: self.problem.clone(),
            shapes: self.known.by_shape(),
            shared: self.wanted.tenancy.shared.clone(),
        })
    }

    /// Learns what was said in a transaction that saw `step`, while the advisory locks of these keys
    /// were held; the schemas that it was not asked about and of which nothing is known.
    pub(super) fn read(
        &mut self,
        step: &Step,
        asked: Asked,
        held: &BTreeSet<i64>,
    ) -> Result<BTreeSet<Box<str>>, Error> {
        let is_asked = |schema: &str| step.schemas().is_none_or(|schemas| schemas.contains(schema));
        let mut questions = asked.questions.into_iter();
        let there = match questions.next() {
            Some(said) => listed(&said?),
            None => HashMap::new(),
        };
        let width = self.readers.len() + self.tables.len();
        let of_asked = there.iter().filter(|(schema, _)| is_asked(schema));
        let mut parts = Parts::new(width, of_asked);
        for (place, said) in (1..).zip(questions) {
            for row in rows(&said?) {
                let (Some(schemas), Some(text)) = (row.get(0), row.get(1)) else { continue };
                parts.put(place, schemas, &Part::Content(text.into()));
            }
        }
        for (table, said) in asked.tables.into_iter().enumerate() {
            self.read_table(table, said, &mut parts)?;
        }
        let who = match (&mut self.domains, asked.search) {
            (Some(domains), Some(search)) => Some(domains.read(search, asked.select, &self.url.user)?),
            _ => None,
        };
        // Nothing fails from here on.
        self.note_running(held);
        let is_gone = |schema: &str| (step.is_shared() || is_asked(schema)) && !there.contains_key(schema);
        let mut moved = self.known.retain(|schema| !is_gone(schema));
        self.changed |= moved;
        let shaping =
            Shaping { readers: &self.readers, tables: &self.tables, running: &self.running, user: &self.url.user };
        for (schema, parts) in parts.of {
            moved |= self.known.likeness(&schema).is_none();
            self.changed |= self.known.learn(schema, &parts, |parts| shaping.shape(parts));
        }
        let mut unknown = BTreeSet::new();
        for (schema, usage) in there.into_iter().filter(|(schema, _)| !is_asked(schema)) {
            match self.known.likeness(&schema) {
                None => {
                    unknown.insert(schema);
                }
                Some(parts) if parts.first() != Some(&usage) => {
                    let parts: Vec<Part> = [usage].into_iter().chain(parts.iter().skip(1).cloned()).collect();
                    self.changed |= self.known.learn(schema, &parts, |parts| shaping.shape(parts));
                }
                Some(_) => {}
            }
        }
        self.known.tidy();
        if let Some((directory, problem)) = who {
            self.note_who(directory, problem);
        } else if moved {
            let directory = self.by_schemas();
            self.note_who(directory, None);
        }
        Ok(unknown)
    }

    /// Takes note of who the tenants are.
    fn note_who(&mut self, directory: Option<Arc<Directory>>, problem: Option<Finding>) {
        self.changed |= self.directory != directory || self.problem != problem;
        (self.directory, self.problem) = (directory, problem);
    }

    /// Takes note of which tools hold their locks.
    fn note_running(&mut self, held: &BTreeSet<i64>) {
        let is_held = |key: i64| held.contains(&key);
        let is_running = |table: &ToolTable| advisory_key(&table.ledger, &self.url.database).is_some_and(is_held);
        let running: Vec<bool> = self.tables.iter().map(is_running).collect();
        if running != self.running {
            self.running = running;
            self.changed = true;
            let shaping =
                Shaping { readers: &self.readers, tables: &self.tables, running: &self.running, user: &self.url.user };
            self.known.reshape(|parts| shaping.shape(parts));
        }
    }

    /// Who the tenants are, where every one is who has a schema.
    fn by_schemas(&self) -> Option<Arc<Directory>> {
        let tenancy = &self.wanted.tenancy;
        match &tenancy.key {
            TenantKey::Host { schema, .. } | TenantKey::Header { schema } => {
                Some(Arc::new(Directory::of_schemas(self.known.schemas(), schema, &tenancy.shared)))
            }
            TenantKey::Domains(_) => self.directory.clone(),
        }
    }

    /// Puts into `parts` what was said of a tool's table in each schema.
    fn read_table(&mut self, table: usize, said: Vec<Said>, parts: &mut Parts) -> Result<(), Error> {
        let place = self.readers.len() + table;
        let mut denied: Option<Arc<str>> = None;
        for said in said {
            let messages = match said {
                Ok(messages) => messages,
                Err(error) => match error.as_db_error() {
                    // Those of this batch stand as they stood; see below.
                    Some(said) if STANDS.contains(said.code()) => {
                        self.kept = true;
                        continue;
                    }
                    Some(said) if DENIALS.contains(said.code()) => {
                        denied = Some(said.message().into());
                        continue;
                    }
                    _ => return Err(error),
                },
            };
            for row in rows(&messages) {
                let (Some(schemas), Some(state)) = (row.get(0), row.get(1)) else { continue };
                let text = row.get(2).filter(|_| state == READ).and_then(content);
                if state == DENIED {
                    parts.put(place, schemas, &Part::Denied("permission denied".into()));
                } else if let Some(text) = text {
                    parts.put(place, schemas, &Part::Content(text.into()));
                } else if state == LOCKED {
                    self.kept = true;
                    parts.put(place, schemas, &Part::Unread);
                }
            }
        }
        for (schema, parts) in &mut parts.of {
            let before = self.known.likeness(schema).and_then(|known| known.get(place));
            if let (Some(part @ (Part::Absent | Part::Unread)), Some(before @ Part::Content(_))) =
                (parts.get_mut(place), before)
            {
                *part = before.clone();
            }
        }
        if let Some(words) = denied {
            parts.fill(place, &Part::Denied(words));
        }
        Ok(())
    }
}

/// The schemas that the first question found, and what it said of each.
fn listed(messages: &[tokio_postgres::SimpleQueryMessage]) -> HashMap<Box<str>, Part> {
    let of_row = |row: &tokio_postgres::SimpleQueryRow| {
        let usage = Part::Content(row.get(1)?.into());
        let schemas: Vec<Box<str>> = row.get(0)?.split(FIELD).map(Into::into).collect();
        Some(schemas.into_iter().map(move |schema| (schema, usage.clone())))
    };
    rows(messages).filter_map(of_row).flatten().collect()
}

/// What is said of each schema while it is gathered.
struct Parts {
    of: HashMap<Box<str>, Vec<Part>>,
}

impl Parts {
    /// Of these schemas, with what was said of each to the first of `width` questions.
    fn new<'s>(width: usize, schemas: impl Iterator<Item = (&'s Box<str>, &'s Part)>) -> Self {
        let row = |first: &Part| {
            let mut parts = vec![Part::default(); width];
            if let Some(part) = parts.first_mut() {
                *part = first.clone();
            }
            parts
        };
        Self { of: schemas.map(|(schema, first)| (schema.clone(), row(first))).collect() }
    }

    /// Says something of each of `schemas`.
    fn put(&mut self, place: usize, schemas: &str, part: &Part) {
        for schema in schemas.split(FIELD) {
            if let Some(known) = self.of.get_mut(schema).and_then(|parts| parts.get_mut(place)) {
                *known = part.clone();
            }
        }
    }

    /// Says something of every schema of which nothing is said.
    fn fill(&mut self, place: usize, part: &Part) {
        for known in self.of.values_mut().filter_map(|parts| parts.get_mut(place)) {
            if *known == Part::Absent {
                *known = part.clone();
            }
        }
    }
}

/// Errors that say that a ledger cannot be read as things are: of rights, and of a server that was
/// built without XML.
const DENIALS: [SqlState; 2] = [SqlState::INSUFFICIENT_PRIVILEGE, SqlState::FEATURE_NOT_SUPPORTED];
