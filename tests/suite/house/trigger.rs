//! The trigger that notifies of changes.

use super::cluster::Database;
use super::gateway::Run;

/// Installs the event trigger as an operator would: with what the command prints.
pub(crate) async fn install_trigger(database: &Database) {
    let folder = tempfile::tempdir().expect("a folder");
    let sql = Run::of(folder.path(), &["trigger-sql"]).expect(0).stdout;
    database.execute(&sql).await;
}
