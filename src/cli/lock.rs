//! `schemagate lock`

use std::path::PathBuf;

use clap::Args;
use gate::{Catalog, Difference, Scope};
use serde_json::json;

use super::console::Console;
use super::difference_table::{json_list, lines};
use super::exit::Exit;
use super::side::{self, ScopeArguments, capture, label};
use super::{ConfigFile, Format, complain};
use crate::config::Database;
use crate::lock::{Loaded, Lock, Saved};

/// Writes down what a database holds, or says what has changed since.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples: schemagate lock --database \"$DATABASE_URL\"
          schemagate lock --database main --tables orders 'admin*'
          schemagate lock --check       (in CI: exits with 1 if the database and the lock differ)
What is asked for (--schema, --tables) is kept in the lock and need not be repeated.
Partitions are left out, since their parents stand for them; so is what extensions brought along.")]
pub(super) struct LockCommand {
    /// A database's URL, or its name in the configuration; its only one if left out
    #[arg(short, long, value_name = "URL|NAME")]
    database: Option<String>,
    #[command(flatten)]
    scope: ScopeArguments,
    /// The file
    #[arg(short, long, value_name = "FILE", default_value = "schema.lock")]
    output: PathBuf,
    /// Write nothing; exit with 1 if the database and the lock differ
    #[arg(long)]
    check: bool,
    #[command(flatten)]
    file: ConfigFile,
    /// How to answer
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
}

impl LockCommand {
    pub(super) fn run(self, console: &Console) -> Exit {
        self.locked(console).unwrap_or_else(|exit| exit)
    }

    fn locked(&self, console: &Console) -> Result<Exit, Exit> {
        let database = side::database(self.database.as_deref(), &self.file, self.format, console)?;
        let old = self.old(console)?;
        let asked = Scope { schemas: self.scope.schemas.clone(), tables: self.scope.tables.clone() };
        let scope = match &old {
            Some(old) if asked == Scope::default() => old.scope.clone(),
            _ => asked,
        };
        let catalog = capture(&database, &scope.schemas, console)?;
        let new = Lock::of(scope, &catalog);
        for (ledger, why) in new.denied() {
            console.error(format!("warning: the ledger {} may not be read, and is left out: {why}", ledger.table));
        }
        if self.check {
            // Without one there is nothing to hold the database against.
            let old = old.ok_or(Exit::Usage)?;
            let differences = Difference::between(&old.catalog, &new.catalog);
            return Ok(self.report_check(&database, &new, &differences, console));
        }
        self.refuse_what_is_not_there(&new, console)?;
        let saved = new.save(&self.output).map_err(|error| {
            console.error(format!("cannot write {}: {error}", self.output.display()));
            Exit::Usage
        })?;
        let before = old.map(|old| old.catalog).unwrap_or_default();
        self.report_saved(saved, &new, &before, console);
        Ok(Exit::Ready)
    }

    /// The lock so far. One that is broken stands in the way of a check, and is written anew else.
    fn old(&self, console: &Console) -> Result<Option<Lock>, Exit> {
        let path = &self.output;
        let found =
            if self.check { Lock::load(path).map(|lock| Loaded::Lock(Box::new(lock))) } else { Lock::find(path) };
        match found {
            Ok(Loaded::Lock(lock)) => Ok(Some(*lock)),
            Ok(Loaded::Nothing) => Ok(None),
            Err(complaints) if self.check => Err(complain(&complaints, self.format, console)),
            Err(complaints) => {
                console.error(format!("warning: the lock so far is written over: {}", complaints.brief()));
                Ok(None)
            }
        }
    }

    /// A table that was typed wrong must not make a lock that demands nothing.
    fn refuse_what_is_not_there(&self, new: &Lock, console: &Console) -> Result<(), Exit> {
        let unmet = self.scope.tables.iter().find(|pattern| !new.relations().any(|table| pattern.matches(&table)));
        unmet.map_or(Ok(()), |pattern| {
            console.error(format!("the database has no table {pattern}; names are exact, upper and lower case too"));
            Err(Exit::Usage)
        })
    }

    fn report_check(&self, database: &Database, new: &Lock, differences: &[Difference], console: &Console) -> Exit {
        let file = self.output.display();
        match self.format {
            Format::Json => console.json(&json!({
                "lock": file.to_string(),
                "database": label(database),
                "equal": differences.is_empty(),
                "differences": json_list(differences),
            })),
            Format::Text if differences.is_empty() => {
                console.line(format!("{} is as {file} says: {}", label(database), new.summary()));
            }
            Format::Text => {
                console.line(format!("{} is not as {file} says:", label(database)));
                for line in lines(differences) {
                    console.report(&format!("  {line}"));
                }
            }
        }
        if differences.is_empty() { Exit::Ready } else { Exit::NotReady }
    }

    fn report_saved(&self, saved: Saved, new: &Lock, before: &Catalog, console: &Console) {
        let file = self.output.display();
        let differences = Difference::between(before, &new.catalog);
        match (self.format, saved) {
            (Format::Json, _) => console.json(&json!({
                "lock": file.to_string(),
                "written": saved == Saved::Written,
                "differences": json_list(&differences),
            })),
            (Format::Text, Saved::Unchanged) => console.line(format!("{file} is up to date: {}", new.summary())),
            (Format::Text, Saved::Written) => {
                console.line(format!("wrote {file}: {}", new.summary()));
                for line in lines(&differences) {
                    console.report(&format!("  {}", since(&line)));
                }
            }
        }
    }
}

/// A difference as news: what was not expected is new.
fn since(line: &str) -> String {
    const NEWS: [(&str, &str); 3] = [("missing", "gone   "), ("extra", "new  "), ("different", "changed  ")];
    let found = NEWS.iter().find_map(|(word, news)| Some(format!("{news}{}", line.strip_prefix(word)?)));
    found.unwrap_or_else(|| line.to_owned())
}
