//! From what was said of a schema to what it holds.

use gate::ledger::{Ledger, LockState, Reading, Row, TRUE};
use gate::{OWN_SCHEMA, Shape};

use super::known::Part;
use super::ledgers::ToolTable;

/// What shapes are made with.
pub(super) struct Shaping<'t> {
    /// How what was said to each question is read.
    pub(super) readers: &'t [fn(&str, &mut Shape)],
    pub(super) tables: &'t [ToolTable],
    /// Of which of [`Self::tables`] a migration runs, by the tools' own locks.
    pub(super) running: &'t [bool],
    /// Who asked.
    pub(super) user: &'t str,
}

impl Shaping<'_> {
    /// What a schema holds of which this was said: to each question, then of each table.
    pub(super) fn shape(&self, parts: &[Part]) -> Shape {
        let mut shape = Shape::default();
        for (read, part) in self.readers.iter().zip(parts) {
            if let Part::Content(text) = part {
                read(text, &mut shape);
            }
        }
        let of_tables = parts.get(self.readers.len()..).unwrap_or_default();
        for ((table, part), running) in self.tables.iter().zip(of_tables).zip(self.running) {
            let ToolTable { ledger, is_lock: false, .. } = table else { continue };
            let Some(relation) = shape.schema.relations.get(ledger.table.name()) else { continue };
            let columns: Vec<&str> = relation.columns.keys().map(AsRef::as_ref).collect();
            let lock = if *running { LockState::Held } else { self.lock(ledger, of_tables) };
            let reading = match part {
                _ if !ledger.tool.fits(&columns) => Reading::Unexpected(columns.join(", ").into()),
                Part::Content(text) => Reading::Rows { rows: Row::read_text(ledger.tool, text), lock },
                Part::Denied(words) => {
                    Reading::Denied(format!("{words}: {}", ledger.grant_sql(OWN_SCHEMA, self.user)).into())
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
