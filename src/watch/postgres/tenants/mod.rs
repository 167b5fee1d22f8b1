//! Looks at the schemas of tenants: who they are, and what their schemas hold.
//!
//! All schemas are asked for at once. The answers are put together to [`Shape`]s, of which there are
//! few, and one that was there before is the same value again; so a look costs this process what
//! differs, and not what there is.

mod domains;
mod ledgers;
mod questions;
mod sql;

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use gate::ledger::{Ledger, LockState, Reading, Row, TRUE};
use gate::{Directory, OWN_SCHEMA, Shape, TenantKey, TenantsSeen, TenantsWanted};
use tokio_postgres::Error;
use tokio_postgres::error::SqlState;

use super::ledgers::{STANDS, Said, advisory_key};
use super::link::rows;
use domains::Domains;
use ledgers::{DENIED, LOCKED, READ, ToolTable, content};
use questions::Question;
use sql::{FIELD, schemas};

/// Begins what reads an application's own tables. A locked one is not waited for, and rows that a
/// policy hides are an error: unseen tenants would look like none.
const GUARD: &str = "SAVEPOINT tenants; SET LOCAL lock_timeout = '100ms'; SET LOCAL row_security = off; ";
/// Takes back what that did to the transaction, and gives back its locks.
const UNDO: &str = "ROLLBACK TO SAVEPOINT tenants";

/// What is known of the tenants of one database.
#[derive(Debug)]
pub(super) struct Tenants {
    wanted: TenantsWanted,
    questions: Vec<Question>,
    tables: Vec<ToolTable>,
    /// Who the tenants are, where tables list them.
    domains: Option<Domains>,
    /// How many schemas there were.
    count: Option<usize>,
    /// What schemas held, by what was said of it.
    shapes: HashMap<Likeness, Arc<Shape>>,
    /// What was read last, by table and schema.
    last: HashMap<usize, HashMap<Box<str>, Arc<str>>>,
}

/// What was said of a schema: in the order of [`Tenants::questions`], then of [`Tenants::tables`].
type Likeness = Box<[Part]>;

/// What was said of one kind of thing in a schema.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
enum Part {
    /// It is not there.
    #[default]
    Absent,
    /// It holds this.
    Content(Arc<str>),
    /// It may not be read.
    Denied(Arc<str>),
    /// It cannot be read now, and never was.
    Unread,
}

/// What the server said to the statements of one look.
#[derive(Debug)]
pub(super) struct Asked {
    questions: Vec<Said>,
    /// Per table.
    tables: Vec<Vec<Said>>,
    search: Option<Said>,
    select: Option<Said>,
}

impl Tenants {
    pub(super) fn new(wanted: &TenantsWanted, role: Option<&str>) -> Self {
        let domains = match &wanted.tenancy.key {
            TenantKey::Domains(tables) => Some(Domains::new(tables.clone(), wanted.tenancy.shared.clone())),
            TenantKey::Host { .. } | TenantKey::Header { .. } => None,
        };
        Self {
            questions: Question::all(wanted, role),
            tables: wanted.objects.ledgers.iter().flat_map(ToolTable::all).collect(),
            wanted: wanted.clone(),
            domains,
            count: None,
            shapes: HashMap::new(),
            last: HashMap::new(),
        }
    }

    /// The statements of a look, to be sent one by one; for [`Self::asked`].
    pub(super) fn statements(&self) -> Vec<String> {
        let guarded = |select: String| [format!("{GUARD}{select}"), UNDO.to_owned()];
        let schemas = schemas(&self.wanted.tenancy);
        let mut statements: Vec<String> = self.questions.iter().map(|question| question.sql.clone()).collect();
        statements.extend(self.domains.iter().map(Domains::search));
        statements.extend(self.domains.iter().filter_map(Domains::select).flat_map(guarded));
        let of_tables = self.tables.iter().flat_map(|table| table.statements(&schemas, self.count));
        statements.extend(of_tables.flat_map(guarded));
        statements
    }

    /// What the server said to [`Self::statements`], each in its place.
    pub(super) fn asked(&self, said: Vec<Said>) -> Asked {
        let mut said = said.into_iter();
        let questions = said.by_ref().take(self.questions.len()).collect();
        let search = self.domains.as_ref().and_then(|_| said.next());
        let has_select = self.domains.as_ref().and_then(Domains::select).is_some();
        let mut guarded = said.step_by(2);
        let select = has_select.then(|| guarded.next()).flatten();
        let batches = ledgers::batches(self.count);
        let tables = self.tables.iter().map(|_| guarded.by_ref().take(batches).collect()).collect();
        Asked { questions, tables, search, select }
    }

    /// Learns where the tables of tenants lie; whether the look is to be done once more.
    pub(super) fn learn(&mut self, asked: &Asked) -> bool {
        match (&mut self.domains, &asked.search) {
            (Some(domains), Some(said)) => domains.learn(said),
            _ => false,
        }
    }

    /// What was seen. `held` are keys of advisory locks that are held, of the database called
    /// `database`; `user` is who asked.
    pub(super) fn read(
        &mut self,
        asked: Asked,
        held: &BTreeSet<i64>,
        database: &str,
        user: &str,
    ) -> Result<TenantsSeen, Error> {
        let mut parts = Parts { width: self.questions.len() + self.tables.len(), of: HashMap::new() };
        for (place, said) in asked.questions.into_iter().enumerate() {
            for row in rows(&said?) {
                let (Some(schemas), Some(text)) = (row.get(0), row.get(1)) else { continue };
                parts.put(place, schemas, &Part::Content(text.into()));
            }
        }
        self.count = Some(parts.of.len());
        for (table, said) in asked.tables.into_iter().enumerate() {
            self.read_table(table, said, &mut parts)?;
        }
        let free = |ledger: &Ledger| advisory_key(ledger, database).is_none_or(|key| !held.contains(&key));
        let running: Vec<bool> = self.tables.iter().map(|table| !free(&table.ledger)).collect();
        let mut alike: HashMap<Likeness, Vec<Box<str>>> = HashMap::new();
        for (schema, parts) in parts.of {
            alike.entry(parts).or_default().push(schema);
        }
        let mut shapes = HashMap::with_capacity(alike.len());
        let mut seen = Vec::with_capacity(alike.len());
        for (likeness, schemas) in alike {
            // A lock is no part of what was said of a schema: with one, nothing is remembered.
            let known = self.shapes.get(&likeness).filter(|_| !running.contains(&true));
            let shape = known.cloned().unwrap_or_else(|| Arc::new(self.shape(&likeness, &running, user)));
            seen.push((Arc::clone(&shape), schemas));
            if !running.contains(&true) {
                shapes.insert(likeness, shape);
            }
        }
        self.shapes = shapes;
        let (directory, problem) = match (&mut self.domains, asked.search) {
            (Some(domains), Some(search)) => domains.read(search, asked.select, user)?,
            _ => (self.by_schemas(&seen), None),
        };
        Ok(TenantsSeen { directory, problem, shapes: seen, shared: self.wanted.tenancy.shared.clone() })
    }

    /// Who the tenants are, where every one is who has a schema.
    fn by_schemas(&self, seen: &[(Arc<Shape>, Vec<Box<str>>)]) -> Option<Arc<Directory>> {
        let schema = match &self.wanted.tenancy.key {
            TenantKey::Host { schema, .. } | TenantKey::Header { schema } => schema,
            TenantKey::Domains(_) => return None,
        };
        let schemas = seen.iter().flat_map(|(_, schemas)| schemas).map(AsRef::as_ref);
        Some(Arc::new(Directory::of_schemas(schemas, schema, &self.wanted.tenancy.shared)))
    }

    /// Puts into `parts` what was said of a tool's table in each schema.
    fn read_table(&mut self, table: usize, said: Vec<Said>, parts: &mut Parts) -> Result<(), Error> {
        let place = self.questions.len() + table;
        let before = self.last.remove(&table).unwrap_or_default();
        let mut denied: Option<Arc<str>> = None;
        let mut read = HashMap::new();
        for said in said {
            let messages = match said {
                Ok(messages) => messages,
                Err(error) => match error.as_db_error() {
                    // Those of this batch stand as they stood; see below.
                    Some(said) if STANDS.contains(said.code()) => continue,
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
                    let text: Arc<str> = text.into();
                    parts.put(place, schemas, &Part::Content(Arc::clone(&text)));
                    read.extend(schemas.split(FIELD).map(|schema| (schema.into(), Arc::clone(&text))));
                } else if state == LOCKED {
                    parts.put(place, schemas, &Part::Unread);
                }
            }
        }
        for (schema, text) in before {
            let part = parts.part(&schema, place);
            if let Some(part) = part.filter(|part| matches!(part, Part::Absent | Part::Unread)) {
                *part = Part::Content(Arc::clone(&text));
                read.insert(schema, text);
            }
        }
        if let Some(words) = denied {
            parts.fill(place, &Part::Denied(words));
        }
        self.last.insert(table, read);
        Ok(())
    }

    /// What a schema holds.
    fn shape(&self, likeness: &Likeness, running: &[bool], user: &str) -> Shape {
        let mut shape = Shape::default();
        for (question, part) in self.questions.iter().zip(likeness) {
            if let Part::Content(text) = part {
                (question.read)(text, &mut shape);
            }
        }
        let of_tables = likeness.get(self.questions.len()..).unwrap_or_default();
        for ((table, part), running) in self.tables.iter().zip(of_tables).zip(running) {
            let ToolTable { ledger, is_lock: false, .. } = table else { continue };
            let Some(relation) = shape.schema.relations.get(ledger.table.name()) else { continue };
            let columns: Vec<&str> = relation.columns.keys().map(AsRef::as_ref).collect();
            let lock = if *running { LockState::Held } else { self.lock(ledger, of_tables) };
            let reading = match part {
                _ if !ledger.tool.fits(&columns) => Reading::Unexpected(columns.join(", ").into()),
                Part::Content(text) => Reading::Rows { rows: Row::read_text(ledger.tool, text), lock },
                Part::Denied(words) => {
                    Reading::Denied(format!("{words}: {}", ledger.grant_sql(OWN_SCHEMA, user)).into())
                }
                Part::Absent | Part::Unread => {
                    shape.unread.insert(ledger.clone());
                    continue;
                }
            };
            shape.ledgers.insert(ledger.clone(), reading);
        }
        shape
    }

    /// Whether a row says that a migration runs. A lock that may not be read cannot be seen to be held.
    fn lock(&self, ledger: &Ledger, of_tables: &[Part]) -> LockState {
        let mut locks = self.tables.iter().zip(of_tables).filter(|(table, _)| table.is_lock && table.ledger == *ledger);
        let is_held = locks.any(|(_, part)| match part {
            Part::Content(text) => text.split(' ').any(|word| TRUE.contains(&word)),
            _ => false,
        });
        if is_held { LockState::Written } else { LockState::Free }
    }
}

/// What is said of each schema while it is gathered.
struct Parts {
    width: usize,
    of: HashMap<Box<str>, Likeness>,
}

impl Parts {
    /// Says something of each of `schemas`. The first question tells which there are.
    fn put(&mut self, place: usize, schemas: &str, part: &Part) {
        for schema in schemas.split(FIELD) {
            if place == 0 {
                self.of.insert(schema.into(), vec![Part::default(); self.width].into());
            }
            if let Some(known) = self.part(schema, place) {
                *known = part.clone();
            }
        }
    }

    fn part(&mut self, schema: &str, place: usize) -> Option<&mut Part> {
        self.of.get_mut(schema)?.get_mut(place)
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
