//! The state file: orders that outlive the process.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::config::order::OrderBook;

/// What is understood.
const VERSION: u32 = 1;
/// What is kept of what was done.
const HISTORY: usize = 500;
/// No state file of ours is larger; what is, is another file.
const LARGEST: u64 = 4 << 20;

/// What outlives the process.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct State {
    version: u32,
    /// The number of the next order: none is used twice.
    pub(super) next: u64,
    /// The orders of commands and of the control API.
    #[serde(flatten)]
    pub(super) book: OrderBook,
    /// What was done, the last first.
    #[serde(default)]
    pub(super) history: Vec<Deed>,
}

/// Something that was done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Deed {
    /// When.
    pub at: Timestamp,
    /// What: `bypass on`, `window ended` and the like.
    pub what: String,
    /// The order's id.
    pub id: String,
    /// Who did it.
    pub by: String,
    /// The order in words.
    pub terms: String,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

impl Default for State {
    fn default() -> Self {
        Self { version: VERSION, next: 1, book: OrderBook::default(), history: Vec::new() }
    }
}

impl State {
    /// Notes what was done, and forgets what was done long ago.
    pub(super) fn note(&mut self, deed: Deed) {
        self.history.insert(0, deed);
        self.history.truncate(HISTORY);
    }
}

/// Where the state is kept.
#[derive(Debug, Clone)]
pub(super) struct StateFile {
    path: PathBuf,
}

impl StateFile {
    pub(super) const fn new(path: PathBuf) -> Self {
        Self { path }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// What was kept, and what is wrong with it. A file that cannot be understood is put aside and left alone;
    /// nothing of it is lost, and nothing of it is in force.
    pub(super) fn load(&self) -> (State, Option<String>) {
        let path = self.path.display();
        let text = match read(&self.path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return (State::default(), None),
            Err(error) => {
                let advice = "no order of before is in force, and new ones may not outlive a restart";
                return (State::default(), Some(format!("cannot read the state file {path}: {error}; {advice}")));
            }
        };
        let why = match serde_json::from_slice::<State>(&text) {
            Ok(state) if state.version == VERSION => return (state, None),
            Ok(state) => format!("it is of version {}, and this schemagate reads {VERSION}", state.version),
            Err(error) => error.to_string(),
        };
        let aside = self.aside();
        let put = match fs::rename(&self.path, &aside) {
            Ok(()) => format!("it is kept as {}", aside.display()),
            Err(error) => format!("it could not be put aside: {error}"),
        };
        let told =
            format!("the state file {path} cannot be understood ({why}); {put}, and no order of before is in force");
        (State::default(), Some(told))
    }

    /// Where a file is put that cannot be understood: nothing that was put there before is lost.
    fn aside(&self) -> PathBuf {
        let name = |suffix: String| {
            let mut name = self.path.clone().into_os_string();
            name.push(suffix);
            PathBuf::from(name)
        };
        let free = (1..1000).map(|number| name(format!(".damaged-{number}"))).find(|path| !path.exists());
        free.unwrap_or_else(|| name(".damaged".to_owned()))
    }

    /// Writes the state whole or not at all: whoever reads finds the one before or this one.
    pub(super) fn save(&self, state: &State) -> io::Result<()> {
        let text = serde_json::to_vec_pretty(state)?;
        let folder = self.path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let mut draft = self.path.clone().into_os_string();
        draft.push(format!(".{}.new", std::process::id()));
        let draft = PathBuf::from(draft);
        let written = (|| {
            // Reasons and names are nobody else's business.
            let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&draft)?;
            file.write_all(&text)?;
            file.sync_all()?;
            fs::rename(&draft, &self.path)?;
            File::open(folder)?.sync_all()
        })();
        if written.is_err() {
            // It may never have been made.
            let _ = fs::remove_file(&draft);
        }
        written
    }
}

fn read(path: &Path) -> io::Result<Vec<u8>> {
    let length = fs::metadata(path)?.len();
    if length > LARGEST {
        return Err(io::Error::other(format!("it has {length} bytes, and none of ours has so many")));
    }
    fs::read(path)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use proptest::prelude::*;

    use super::*;

    fn deed(number: usize) -> Deed {
        let (what, by, terms) = ("bypass on".to_owned(), "ann".to_owned(), "everything".to_owned());
        Deed { at: Timestamp::UNIX_EPOCH, what, id: format!("b{number}"), by, terms, reason: None }
    }

    fn file() -> (tempfile::TempDir, StateFile) {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("state.json");
        (folder, StateFile::new(path))
    }

    #[test]
    fn what_is_saved_is_loaded_and_nobody_else_may_read_it() {
        let (_folder, file) = file();
        assert_eq!(file.load(), (State::default(), None));
        let mut state = State { next: 7, ..State::default() };
        state.note(deed(1));
        file.save(&state).expect("it is saved");
        assert_eq!(file.load(), (state, None));
        let mode = fs::metadata(file.path()).expect("it is there").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let others = fs::read_dir(file.path().parent().expect("a folder")).expect("a folder").count();
        assert_eq!(others, 1, "nothing else is left behind");
    }

    #[test]
    fn a_damaged_file_is_put_aside_each_time_and_nothing_is_in_force() {
        let (folder, file) = file();
        for (number, text) in [(1, "{\"version\": 1, \"ne"), (2, "{\"version\": 2, \"next\": 1}"), (3, "")] {
            fs::write(file.path(), text).expect("it is written");
            let (state, told) = file.load();
            assert_eq!(state, State::default());
            assert!(told.expect("it is told").contains("cannot be understood"), "{text}");
            let aside = folder.path().join(format!("state.json.damaged-{number}"));
            assert_eq!(fs::read_to_string(aside).expect("it is kept"), text);
            assert!(!file.path().exists());
        }
    }

    #[test]
    fn what_cannot_be_written_is_an_error_and_leaves_what_was_there() {
        let (folder, file) = file();
        let nowhere = StateFile::new(folder.path().join("no-such-folder/state.json"));
        nowhere.save(&State::default()).expect_err("there is no folder");
        file.save(&State::default()).expect("it is saved");
        assert_eq!(file.load().1, None);
    }

    #[test]
    fn what_was_done_long_ago_is_forgotten() {
        let mut state = State::default();
        (0..HISTORY + 10).for_each(|number| state.note(deed(number)));
        assert_eq!(state.history.len(), HISTORY);
        assert_eq!(state.history.first().map(|deed| &*deed.id), Some("b509"));
    }

    proptest! {
        #[test]
        fn whatever_the_file_holds_nothing_panics(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let (_folder, file) = file();
            fs::write(file.path(), &bytes).expect("it is written");
            let (state, _) = file.load();
            prop_assert_eq!(state, State::default());
        }
    }
}
