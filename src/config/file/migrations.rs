//! A folder of migrations, as it is typed.

use gate::ledger::{TOOLS, Tool};
use serde_json::json;

use crate::config::errors::Problem;
use crate::config::nearest::suggestion;
use crate::config::reader::{Definitions, Read, Reader, Value, table};
use crate::config::values::List;

/// The word for whichever tool the folder is of.
const AUTO: &str = "auto";

/// A migration tool; `None`: whichever the folder is of.
#[derive(Debug, Clone, Copy)]
pub(in crate::config) struct ToolName(pub(in crate::config) Option<&'static Tool>);

impl ToolName {
    fn words() -> impl Iterator<Item = &'static str> + Clone {
        std::iter::once(AUTO).chain(TOOLS.iter().map(|tool| tool.name))
    }
}

impl Read for ToolName {
    fn read(value: &Value<'_>, reader: &mut Reader<'_>) -> Option<Self> {
        let text = reader.text(value, "the name of a migration tool, or \"auto\"")?;
        let tool = Tool::named(&text);
        if tool.is_none() && text != AUTO {
            let message = format!("`{}` knows no tool `{text}`", reader.path());
            let problem = Problem::new(Some(value.span().into()), message);
            reader.report(problem.help(suggestion(&text, Self::words(), "known tools")));
            return None;
        }
        Some(Self(tool))
    }

    fn schema(_: &mut Definitions) -> serde_json::Value {
        let words: Vec<&str> = Self::words().collect();
        json!({ "anyOf": [{ "enum": words }, { "type": "string", "pattern": r"\$\{" }] })
    }
}

table! {
    /// A folder of migrations, all of which must be applied as the tool's own ledger has it.
    MigrationsTable {
        /// Whose they are; "auto" finds out by the folder.
        tool: ToolName = "auto",
        /// The folder; of Django, the project's. It is read when the configuration is.
        path: String = required,
        /// The ledger's table, where the tool was told another than its default.
        table: String,
        /// The ledger's schema; the tool's default, or the first along the search path if left out.
        schema: String,
        /// Whether the ledger may hold migrations that are not in the folder, as after a rollback of the application.
        allow_ahead: bool = true,
        /// Whether the tables, columns and enums that applied migrations made must be there.
        contradictions: bool = true,
        /// Of Django: labels of the apps whose migrations count; of every app in the folder if left out. For databases that record migrations of apps whose tables lie elsewhere.
        apps: List<String>,
    }
}
