//! `schemagate trigger-sql`

use clap::Args;
use gate::ObjectName;

use super::console::Console;
use super::exit::Exit;
use crate::watch::{TriggerKind, removal_sql, trigger_sql};

/// Prints SQL; never runs it.
#[derive(Debug, Args)]
#[command(after_help = "\
Example: schemagate trigger-sql | psql \"$DATABASE_URL\"
An event trigger sees every change; creating it needs a superuser (or the provider's substitute).
Without one: schemagate trigger-sql --ledger _prisma_migrations | psql \"$DATABASE_URL\"")]
pub(super) struct TriggerSql {
    /// A trigger on this migration ledger's table, for those who may not create event triggers
    #[arg(long, value_name = "TABLE")]
    ledger: Option<ObjectName>,
    /// A trigger on this table of maintenance windows: an event trigger does not hear of rows
    #[arg(long, value_name = "TABLE", conflicts_with = "ledger")]
    windows: Option<ObjectName>,
    /// The SQL that removes it again
    #[arg(long)]
    remove: bool,
}

impl TriggerSql {
    pub(super) fn run(self, console: &Console) -> Exit {
        let kind = match (self.ledger, self.windows) {
            (Some(ledger), _) => TriggerKind::Ledger(ledger),
            (None, Some(windows)) => TriggerKind::Windows(windows),
            (None, None) => TriggerKind::Event,
        };
        let sql = if self.remove { removal_sql(&kind) } else { trigger_sql(&kind) };
        console.line(sql.trim_end());
        Exit::Ready
    }
}
