//! What one transaction asks about tenants.

use super::super::ledgers::Said;
use super::super::step::Step;
use super::domains::Domains;
use super::questions::Question;
use super::sql::Schemas;
use super::{Tenants, ToolTable};

/// Begins what reads an application's own tables. A locked one is not waited for, and rows that a
/// policy hides are an error: unseen tenants would look like none.
const GUARD: &str = "SAVEPOINT tenants; SET LOCAL lock_timeout = '100ms'; SET LOCAL row_security = off; ";
/// Takes back what that did to the transaction, and gives back its locks.
const UNDO: &str = "ROLLBACK TO SAVEPOINT tenants";

/// The statements of one transaction.
#[derive(Debug, Default)]
pub(in super::super) struct Inquiry {
    /// To be sent one by one.
    pub(in super::super) statements: Vec<String>,
    /// How many of them are questions to the catalog.
    questions: usize,
    /// Whether the tables of tenants are looked for, and read.
    domains: (bool, bool),
    /// How many read each of the tools' tables.
    tables: Vec<usize>,
}

/// What the server said to the statements of one transaction.
#[derive(Debug)]
pub(in super::super) struct Asked {
    pub(super) questions: Vec<Said>,
    /// Per table.
    pub(super) tables: Vec<Vec<Said>>,
    pub(super) search: Option<Said>,
    pub(super) select: Option<Said>,
}

impl Tenants {
    /// What a transaction asks that sees this.
    pub(in super::super) fn inquiry(&self, step: &Step) -> Inquiry {
        let tenancy = &self.wanted.tenancy;
        let all = Schemas::All(tenancy);
        let named: Option<Vec<&str>> = step.schemas().map(|schemas| schemas.iter().map(AsRef::as_ref).collect());
        let these = named.as_ref().map_or(all, |named| Schemas::Named(tenancy, named));
        // Which there are, is seen with what they share.
        let listed = if step.is_shared() { all } else { these };
        let mut questions = Question::all(&self.wanted, self.role.as_deref(), listed, these);
        if named.as_ref().is_some_and(Vec::is_empty) {
            questions.truncate(1);
        }
        let domains = self.domains.as_ref().filter(|_| step.is_shared());
        let select = domains.and_then(Domains::select);
        let of_table = |table: &ToolTable| match &named {
            Some(named) => table.in_these(tenancy, named),
            None => table.in_all(all, self.schemas().len()),
        };
        let of_tables: Vec<Vec<String>> = self.tables.iter().map(of_table).collect();
        let is_selected = select.is_some();
        let tables = of_tables.iter().map(Vec::len).collect();
        let reads = domains.map(Domains::search).into_iter().chain(select).chain(of_tables.into_iter().flatten());
        let guarded = |select: String| [format!("{GUARD}{select}"), UNDO.to_owned()];
        Inquiry {
            questions: questions.len(),
            domains: (domains.is_some(), is_selected),
            tables,
            statements: questions.into_iter().map(|question| question.sql).chain(reads.flat_map(guarded)).collect(),
        }
    }
}

impl Inquiry {
    /// What the server said to the statements, each in its place.
    pub(in super::super) fn answered(&self, said: Vec<Said>) -> Asked {
        let mut said = said.into_iter();
        let questions = said.by_ref().take(self.questions).collect();
        let (is_searched, is_selected) = self.domains;
        // Every other one takes back what the one before it did.
        let mut guarded = said.step_by(2);
        let search = is_searched.then(|| guarded.next()).flatten();
        let select = is_selected.then(|| guarded.next()).flatten();
        let tables = self.tables.iter().map(|count| guarded.by_ref().take(*count).collect()).collect();
        Asked { questions, tables, search, select }
    }
}
