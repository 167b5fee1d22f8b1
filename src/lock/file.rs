//! The file itself.

use std::fs;
use std::io::{self, Read as _, Write as _};
use std::path::Path;

use super::Lock;
use crate::complaint::{Complaints, Problem};

/// No lock is longer; what is, is the wrong file.
const LONGEST: u64 = 64 << 20;

/// What was found where a lock is expected.
#[derive(Debug)]
pub enum Loaded {
    /// No file.
    Nothing,
    /// A lock.
    Lock(Box<Lock>),
}

/// What became of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Saved {
    /// It was right already, and was not touched.
    Unchanged,
    /// It was written.
    Written,
}

impl Lock {
    /// Reads the lock in the file at `path`, which has to be there.
    pub fn load(path: &Path) -> Result<Self, Complaints> {
        match Self::find(path)? {
            Loaded::Lock(lock) => Ok(*lock),
            Loaded::Nothing => {
                let problem = Problem::new(None, format!("there is no lock {}", path.display()));
                Err(unread(path, problem.help("make one with `schemagate lock`, or correct the path")))
            }
        }
    }

    /// Reads the lock in the file at `path`, if there is one.
    pub fn find(path: &Path) -> Result<Loaded, Complaints> {
        let mut bytes = Vec::new();
        match fs::File::open(path).and_then(|file| file.take(LONGEST + 1).read_to_end(&mut bytes)) {
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Loaded::Nothing),
            Err(error) => {
                let message = format!("cannot read the lock {}: {error}", path.display());
                return Err(unread(path, Problem::new(None, message)));
            }
        }
        let why = if bytes.len() as u64 > LONGEST {
            format!("it is longer than {} MiB", LONGEST >> 20)
        } else {
            match String::from_utf8(bytes) {
                Ok(text) => {
                    return Self::parse(&text, &path.display().to_string()).map(|lock| Loaded::Lock(Box::new(lock)));
                }
                Err(error) => format!("it is not UTF-8 at byte {}", error.utf8_error().valid_up_to()),
            }
        };
        Err(unread(path, Problem::new(None, format!("{} is no lock: {why}", path.display()))))
    }

    /// Writes the lock to the file at `path`, whole or not at all; a file that is right is left
    /// alone, so that its time stays.
    pub fn save(&self, path: &Path) -> io::Result<Saved> {
        let text = self.text();
        if fs::read(path).is_ok_and(|bytes| bytes == text.as_bytes()) {
            return Ok(Saved::Unchanged);
        }
        // A link stays one: what it leads to is replaced.
        let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        let mut beside = path.clone().into_os_string();
        beside.push(format!(".{}.new", std::process::id()));
        let written = fs::File::create(&beside).and_then(|mut file| {
            file.write_all(text.as_bytes())?;
            file.sync_all()
        });
        let renamed = written.and_then(|()| fs::rename(&beside, &path));
        if renamed.is_err() {
            let _ = fs::remove_file(&beside);
        }
        renamed.map(|()| Saved::Written)
    }
}

fn unread(path: &Path, problem: Problem) -> Complaints {
    Complaints::new(path.display().to_string(), String::new(), vec![problem])
}
