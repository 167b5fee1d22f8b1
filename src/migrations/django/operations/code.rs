//! Operations that run SQL or Python, and those that only tell Django something.

use gate::ledger::{Change, Reach, Steps};

use super::Reader;
use crate::migrations::python::{Call, Value};
use crate::migrations::sql;

impl Reader {
    pub(super) fn create_extension(&mut self, call: &Call) -> Option<()> {
        let name = Self::text(call, "name", 0)?;
        self.push(Change::CreateExtension { name });
        Some(())
    }

    pub(super) fn run_python(&mut self, call: &Call) -> Option<()> {
        let code = match call.argument("code", 0)? {
            Value::Name(name) => name.clone(),
            _ => "a function".into(),
        };
        if !code.ends_with(".noop") {
            self.unread(&format!("it runs Python: `{code}`"), Reach::Rows);
        }
        Some(())
    }

    pub(super) fn run_sql<'s>(&mut self, call: &'s Call) -> Option<()> {
        let sql = call.argument("sql", 0)?;
        let texts: Vec<&str> = match sql {
            Value::Text(text) => vec![text],
            Value::Name(name) if name.ends_with(".noop") => Vec::new(),
            Value::Items(items) => {
                // A statement, or a pair of one and its parameters.
                let text = |item: &'s Value| item.text().or_else(|| item.items().first()?.text());
                items.iter().map(text).collect::<Option<_>>()?
            }
            _ => return None,
        };
        for text in texts {
            // Escapes and prefixes can shift it by a line or so: it is for people.
            if let Steps::Read(steps) = sql::steps(text, call.lines.1) {
                self.steps.extend(steps);
            }
        }
        if let Some(state) = call.named("state_operations") {
            self.state_alone(state);
        }
        Some(())
    }

    #[allow(clippy::unnecessary_wraps, reason = "it stands in a table of readers")]
    pub(super) fn separate(&mut self, call: &Call) -> Option<()> {
        if let Some(operations) = call.argument("database_operations", 0).filter(|value| **value != Value::None) {
            // What these leave behind is not what the models are from now on.
            let models = self.models.clone();
            self.all(operations);
            self.models = models;
        }
        if let Some(state) = call.argument("state_operations", 1).filter(|value| **value != Value::None) {
            self.state_alone(state);
        }
        Some(())
    }

    /// Operations that only change what Django knows of its models.
    pub(super) fn state_alone(&mut self, operations: &Value) {
        let kept = self.steps.len();
        self.all(operations);
        self.steps.truncate(kept);
    }
}
