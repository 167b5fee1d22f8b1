//! What the migrations of a folder do.

use std::path::Path;

use gate::ledger::{Language, Migration, Steps, Tool};

use super::{FolderError, script, sql};

/// Reads what each of them does from its file, as far as the tool's files can be read.
///
/// Done last, and not while tools are told apart: that looks at the same files for many tools.
pub(super) fn fill(tool: &Tool, path: &Path, migrations: &mut [Migration]) -> Result<(), FolderError> {
    for migration in migrations {
        if matches!(migration.steps, Steps::Read(_)) {
            continue;
        }
        migration.steps = of_file(tool, &path.join(&*migration.place))?;
    }
    Ok(())
}

fn of_file(tool: &Tool, place: &Path) -> Result<Steps, FolderError> {
    let is_sql = match tool.language {
        Language::Sql => true,
        Language::Code => false,
        Language::Either => place.extension().is_some_and(|suffix| suffix == "sql"),
    };
    if !is_sql {
        return Ok(Steps::NotRead { why: format!("migrations of {} are programs", tool.title).into() });
    }
    Ok(of_text(tool, &script::text(place)?, 1))
}

/// What a file's SQL does, or a part of one whose first line has that number.
pub(super) fn of_text(tool: &Tool, text: &str, first_line: u32) -> Steps {
    match sql::applied(text, tool.script) {
        Some(applied) => sql::steps(&applied, first_line),
        None => Steps::NotRead { why: format!("no line says what of it {} applies", tool.title).into() },
    }
}
