//! A lock becomes facts.

use gate::{Contract, Fact, NamePattern, ObjectName, Scope};

use super::Check;
use crate::config::file::LockTable;
use crate::config::nearest::nearest;
use crate::config::place::{Place, Placed};
use crate::config::values::{Either, List};
use crate::lock::Lock;

impl Check<'_> {
    /// What the lock of the requirement called `name` demands.
    pub(super) fn locked(&mut self, name: &str, typed: &Placed<Either<String, LockTable>>) -> Vec<Fact> {
        let table = match &typed.value {
            Either::Plain(path) => {
                let lock = self.lock(name, path, typed.place);
                return lock.map_or_else(Vec::new, |lock| self.demanded(name, &lock, Contract::default(), typed.place));
            }
            Either::Table(table) => table,
        };
        let Some(path) = table.path.placed() else { return Vec::new() };
        let Some(lock) = self.lock(name, &path.value, path.place) else { return Vec::new() };
        let plain = Contract::default();
        let contract = Contract {
            unique: table.unique.copied().unwrap_or(plain.unique),
            indexes: table.indexes.copied().unwrap_or(plain.indexes),
            constraints: table.constraints.copied().unwrap_or(plain.constraints),
            functions: table.functions.copied().unwrap_or(plain.functions),
            extensions: table.extensions.copied().unwrap_or(plain.extensions),
        };
        match table.tables.placed() {
            Some(tables) => {
                let Some(tables) = self.patterns(name, &lock, tables) else { return Vec::new() };
                let scope = Scope { schemas: Vec::new(), tables };
                self.demanded(name, &Lock::of(scope, &lock.catalog), contract, typed.place)
            }
            None => self.demanded(name, &lock, contract, path.place),
        }
    }

    fn lock(&mut self, name: &str, path: &str, place: Option<Place>) -> Option<Lock> {
        Lock::load(&self.reads(path))
            .map_err(|complaints| {
                self.error(place, format!("`requirements.{name}.lock`: {}", complaints.brief()))
                    .help("a relative path begins at the folder of this file; `schemagate lock` writes a lock");
            })
            .ok()
    }

    fn demanded(&mut self, name: &str, lock: &Lock, contract: Contract, place: Option<Place>) -> Vec<Fact> {
        let facts = contract.facts(&lock.catalog);
        if facts.is_empty() {
            self.error(place, format!("`requirements.{name}.lock`: the lock demands nothing"))
                .help("take it of a database in which the application's migrations ran");
        }
        facts
    }

    /// The tables that are named; `None` if one was reported, or there are none.
    fn patterns(&mut self, name: &str, lock: &Lock, typed: &Placed<List<String>>) -> Option<Vec<NamePattern>> {
        let key = format!("requirements.{name}.lock.tables");
        let tables = &typed.value;
        let known: Vec<ObjectName> = lock.relations().collect();
        let mut patterns = Vec::new();
        for typed in &tables.0 {
            match typed.value.parse::<NamePattern>() {
                Ok(pattern) if known.iter().any(|table| pattern.matches(table)) => patterns.push(pattern),
                Ok(_) => {
                    let names: Vec<String> = known.iter().map(ToString::to_string).collect();
                    let near = nearest(&typed.value, names.iter().map(AsRef::as_ref));
                    let error = self.error(typed.place, format!("`{key}`: the lock has no table `{}`", typed.value));
                    if let Some(near) = near {
                        error.help(format!("did you mean `{near}`?"));
                    }
                }
                Err(error) => {
                    self.error(typed.place, format!("`{key}`: `{}` is not a name: {error}", typed.value));
                }
            }
        }
        let whole = patterns.len() == tables.0.len() && !patterns.is_empty();
        if tables.0.is_empty() {
            self.error(typed.place, format!("`{key}` is empty")).help("leave it out for all of the lock");
        }
        whole.then_some(patterns)
    }
}
