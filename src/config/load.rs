//! From a file to a [`Config`]: parse, read, check.

use std::io;
use std::path::{Path, PathBuf};

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::check::Check;
use super::errors::Problem;
use super::expand::Environment;
use super::file::{AdminTable, File};
use super::mask::{mask_file, mask_line};
use super::reader::{Key, KeySpec, Presence, Read, Reader};
use super::{Admin, Config, ConfigErrors};

impl Config {
    /// Reads the file at `path`, with the variables of the process. Relative paths in it begin at
    /// its folder.
    pub fn load(path: &Path) -> Result<Self, ConfigErrors> {
        Self::load_noting(path, &mut Vec::new())
    }

    /// The same, and notes in `read` what was read beside the file, or was to be.
    pub fn load_noting(path: &Path, read: &mut Vec<PathBuf>) -> Result<Self, ConfigErrors> {
        let text = text_of(path)?;
        Self::parse_noting(&text, path, &|name| std::env::var(name).ok(), read)
    }

    /// Reads a configuration that stands, or would stand, in the file `origin`; `env` looks
    /// variables up. Reads the files that it names, and connects to nothing.
    pub fn parse(text: &str, origin: &Path, env: &dyn Fn(&str) -> Option<String>) -> Result<Self, ConfigErrors> {
        Self::parse_noting(text, origin, env, &mut Vec::new())
    }

    pub(super) fn parse_noting(
        text: &str,
        origin: &Path,
        env: &dyn Fn(&str) -> Option<String>,
        read: &mut Vec<PathBuf>,
    ) -> Result<Self, ConfigErrors> {
        let name = origin.display().to_string();
        let (table, syntax) = DeTable::parse_recoverable(text);
        if !syntax.is_empty() {
            let problems = syntax.iter().map(|error| Problem::new(error.span().map(Into::into), error.message()));
            return Err(masked_errors(name, mask_file(text, None), problems.collect()));
        }
        let masked = |table: &Spanned<DeValue<'_>>| mask_file(text, table.get_ref().as_table());
        let table = Spanned::new(table.span(), DeValue::Table(table.into_inner()));
        let mut reader = Reader::new(text, env);
        let file = File::read(&table, &mut reader);
        let mut problems = reader.into_problems();
        let folder = origin.parent().unwrap_or(Path::new(""));
        let mut check = Check::new(folder, env, &name, text);
        let config = file.and_then(|file| check.config(&file));
        read.append(&mut check.read);
        problems.extend(check.into_problems());
        match config {
            Some(config) if problems.is_empty() => Ok(config),
            _ => Err(masked_errors(name, masked(&table), problems)),
        }
    }
}

impl Admin {
    /// Reads the part of the file at `path` that says where operators come in: whoever asks there may lack the
    /// variables and files that the rest of it names, and the rest may be wrong.
    pub fn load(path: &Path) -> Result<Self, ConfigErrors> {
        const PART: KeySpec = KeySpec { name: "admin", docs: &[], presence: Presence::Default("{}") };
        let text = text_of(path)?;
        let name = path.display().to_string();
        let env = |name: &str| std::env::var(name).ok();
        let (table, syntax) = DeTable::parse_recoverable(&text);
        if !syntax.is_empty() {
            let problems = syntax.iter().map(|error| Problem::new(error.span().map(Into::into), error.message()));
            return Err(masked_errors(name, mask_file(&text, None), problems.collect()));
        }
        let mut reader = Reader::new(&text, &env);
        let part: Key<AdminTable> = reader.key(table.get_ref(), table.span().into(), PART);
        let mut problems = reader.into_problems();
        let mut check = Check::new(path.parent().unwrap_or(Path::new("")), &env, &name, &text);
        let admin = part.get().and_then(|part| check.admin_alone(part));
        problems.extend(check.into_problems());
        match admin {
            Some(admin) if problems.is_empty() => Ok(admin),
            _ => Err(masked_errors(name, mask_file(&text, Some(table.get_ref())), problems)),
        }
    }
}

/// The text of a configuration file.
fn text_of(path: &Path) -> Result<String, ConfigErrors> {
    file_text(path, "the configuration", "; give its path with --config")
        .map_err(|problem| masked_errors(path.display().to_string(), String::new(), vec![problem]))
}

/// The text of the file at `path`; where there is none, `give` says what to do.
pub(super) fn file_text(path: &Path, what: &str, give: &str) -> Result<String, Problem> {
    let unreadable = |why: String| Problem::new(None, format!("cannot read {what} {}: {why}", path.display()));
    let bytes = std::fs::read(path).map_err(|error| {
        unreadable(match error.kind() {
            io::ErrorKind::NotFound => format!("there is no such file{give}"),
            io::ErrorKind::PermissionDenied => "permission denied; let schemagate's user read it".to_owned(),
            io::ErrorKind::IsADirectory => "it is a folder; give the file in it".to_owned(),
            _ => error.to_string(),
        })
    })?;
    String::from_utf8(bytes).map_err(|error| {
        unreadable(format!("it is not UTF-8 at byte {}; save it as UTF-8", error.utf8_error().valid_up_to()))
    })
}

/// Reads a text that holds no secrets as one table, as far as that goes, and gathers what is wrong with it.
pub(super) fn read_table<T: Read>(text: &str, env: Environment<'_>) -> (Option<T>, Vec<Problem>) {
    let (table, syntax) = DeTable::parse_recoverable(text);
    if !syntax.is_empty() {
        let problems = syntax.iter().map(|error| Problem::new(error.span().map(Into::into), error.message()));
        return (None, problems.collect());
    }
    let table = Spanned::new(table.span(), DeValue::Table(table.into_inner()));
    let mut reader = Reader::new(text, env);
    let read = T::read(&table, &mut reader);
    (read, reader.into_problems())
}

/// Errors without secrets; those in `text` are masked already.
fn masked_errors(file: String, text: String, mut problems: Vec<Problem>) -> ConfigErrors {
    for problem in &mut problems {
        problem.message = mask_line(&problem.message);
        problem.help = problem.help.as_deref().map(mask_line);
    }
    ConfigErrors::new(file, text, problems)
}
