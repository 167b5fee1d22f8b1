//! What every check does: report, resolve names, read files, hold times to their range.

use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use sha2::{Digest, Sha256};

use crate::config::Template;
use crate::config::duration::show;
use crate::config::errors::Problem;
use crate::config::expand::Environment;
use crate::config::nearest::suggestion;
use crate::config::place::{Place, Placed};
use crate::config::reader::Key;
use crate::config::size::Size;

/// No template is longer; what is, is the wrong file.
const LONGEST_TEXT: u64 = 1 << 20;

/// Gathers what is wrong and what is odd while a file is checked.
pub(in crate::config) struct Check<'c> {
    folder: &'c Path,
    pub(super) env: Environment<'c>,
    problems: Vec<Problem>,
    warnings: Vec<(Option<Place>, String)>,
    /// What was read beside the file itself, or was to be.
    pub(in crate::config) read: Vec<PathBuf>,
    /// For [`Self::take_warnings`].
    file: &'c str,
    text: &'c str,
}

/// A problem that was just reported and can still be told more of.
pub(super) struct Reported<'p>(Option<&'p mut Problem>);

impl Reported<'_> {
    /// What to do about it.
    pub(super) fn help(mut self, help: impl Into<String>) -> Self {
        if let Some(problem) = &mut self.0 {
            problem.help = Some(help.into());
        }
        self
    }

    /// What else belongs to it.
    pub(super) fn beside(mut self, place: Option<Place>, label: &str) -> Self {
        if let Some(problem) = &mut self.0 {
            problem.beside.extend(place.map(|place| (place, label.to_owned())));
        }
        self
    }
}

impl<'c> Check<'c> {
    /// Relative paths are of `folder`; `file` and `text` are what places refer to.
    pub(in crate::config) const fn new(folder: &'c Path, env: Environment<'c>, file: &'c str, text: &'c str) -> Self {
        Self { folder, env, problems: Vec::new(), warnings: Vec::new(), read: Vec::new(), file, text }
    }

    pub(in crate::config) fn into_problems(self) -> Vec<Problem> {
        self.problems
    }

    pub(super) fn error(&mut self, place: Option<Place>, message: impl Into<String>) -> Reported<'_> {
        self.problems.push(Problem::new(place, message));
        Reported(self.problems.last_mut())
    }

    pub(super) fn warn(&mut self, place: Option<Place>, message: impl Into<String>) {
        self.warnings.push((place, message.into()));
    }

    /// The beginning of the file's SHA-256, in hexadecimal digits.
    pub(super) fn fingerprint(&self) -> String {
        let digest = Sha256::digest(self.text.as_bytes());
        digest.first_chunk().map(|first| format!("{:016x}", u64::from_be_bytes(*first))).unwrap_or_default()
    }

    /// The warnings in the order of the file, each with its place.
    pub(super) fn take_warnings(&mut self) -> Vec<String> {
        self.warnings.sort();
        self.warnings.dedup();
        self.warnings
            .drain(..)
            .map(|(place, message)| match place {
                Some(place) => {
                    let (line, column) = place.line_and_column(self.text);
                    format!("{}:{line}:{column}: {message}", self.file)
                }
                None => format!("{}: {message}", self.file),
            })
            .collect()
    }

    /// The path of something that is read now.
    pub(super) fn reads(&mut self, typed: impl AsRef<Path>) -> PathBuf {
        let path = self.path(typed);
        self.read.push(path.clone());
        path
    }

    /// A path as the file means it: relative to the file's folder.
    pub(super) fn path(&self, typed: impl AsRef<Path>) -> PathBuf {
        self.folder.join(typed)
    }

    /// A length of time of at least `least`; zero if it was reported.
    pub(super) fn duration(&mut self, name: &str, key: &Key<Duration>, least: Duration) -> Duration {
        let Some(duration) = key.placed() else { return Duration::ZERO };
        if duration.value < least {
            let message = format!("`{name}` is {}, and must be at least {}", show(duration.value), show(least));
            self.error(duration.place, message);
        }
        duration.value
    }

    /// An amount of bytes that can be held in memory.
    pub(super) fn bytes(&mut self, name: &str, key: &Key<Size>) -> Option<usize> {
        let size = key.placed()?;
        let bytes = usize::try_from(size.value.0).ok();
        if bytes.is_none() {
            self.error(size.place, format!("`{name}` is more than this machine can address"));
        }
        bytes
    }

    /// The item that a name means.
    pub(super) fn resolve<'n, T>(
        &mut self,
        wanted: &Placed<String>,
        known: impl Iterator<Item = (&'n str, T)> + Clone,
        what: (&str, &str),
    ) -> Option<T> {
        let (one, many) = what;
        let found = known.clone().find(|(name, _)| *name == wanted.value);
        if found.is_none() {
            let help = suggestion(&wanted.value, known.map(|(name, _)| name), many);
            self.error(wanted.place, format!("there is no {one} `{}`", wanted.value)).help(help);
        }
        found.map(|(_, item)| item)
    }

    /// A value, or the trimmed content of a file that holds it; not both.
    pub(super) fn value_or_file(
        &mut self,
        name: &str,
        value: &Key<String>,
        file: &Key<String>,
    ) -> Option<Placed<String>> {
        if let (Some(value), Some(file)) = (value.placed(), file.placed()) {
            self.error(file.place, format!("`{name}` and `{name}_file` are both given"))
                .help("keep one of them")
                .beside(value.place, "the other");
            return None;
        }
        if let Some(value) = value.placed() {
            return Some(value.clone());
        }
        let file = file.placed()?;
        let text = self.text_file(&format!("{name}_file"), file)?.trim().to_owned();
        if text.is_empty() {
            self.error(file.place, format!("`{name}_file`: {} is empty", self.path(&file.value).display()));
            return None;
        }
        Some(Placed { value: text, place: file.place })
    }

    /// A template of the user's own.
    pub(super) fn template(&mut self, name: &str, key: &Key<String>) -> Option<Template> {
        let file = key.placed()?;
        let source = self.text_file(name, file)?;
        Some(Template { path: self.path(&file.value), source: Arc::from(source) })
    }

    fn text_file(&mut self, name: &str, file: &Placed<String>) -> Option<String> {
        let bytes = self.file(name, file, LONGEST_TEXT)?;
        let text = String::from_utf8(bytes);
        if text.is_err() {
            self.error(file.place, format!("`{name}`: {} is not UTF-8 text", self.path(&file.value).display()));
        }
        text.ok()
    }

    /// The content of a file of at most `longest` bytes.
    pub(super) fn file(&mut self, name: &str, file: &Placed<String>, longest: u64) -> Option<Vec<u8>> {
        let path = self.reads(&file.value);
        let mut bytes = Vec::new();
        let read = fs::File::open(&path).and_then(|open| open.take(longest + 1).read_to_end(&mut bytes));
        match read {
            Ok(_) if bytes.len() as u64 > longest => {
                let limit = longest >> 10;
                self.error(file.place, format!("`{name}`: {} is longer than {limit} KiB", path.display()));
                None
            }
            Ok(_) => Some(bytes),
            Err(error) => {
                self.error(file.place, format!("`{name}`: cannot read {}: {error}", path.display()))
                    .help("a relative path begins at the folder of this file");
                None
            }
        }
    }
}
