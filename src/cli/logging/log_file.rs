//! The end of a file that others may move away.

use std::fs::{File, Metadata, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// How often it is seen whether the file is still the one at its path.
const EVERY: Duration = Duration::from_secs(1);

/// A file that lines are added to. What logrotate moved or removed is begun anew within a second, with no signal.
#[derive(Debug)]
pub(super) struct LogFile {
    path: PathBuf,
    file: File,
    seen: Instant,
}

impl LogFile {
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        Ok(Self { path: path.to_owned(), file: open(path)?, seen: Instant::now() })
    }

    fn follow(&mut self) -> io::Result<()> {
        if self.seen.elapsed() < EVERY {
            return Ok(());
        }
        self.seen = Instant::now();
        let identity = |file: Metadata| (file.dev(), file.ino());
        let there = std::fs::metadata(&self.path).map(identity).ok();
        if there != Some(identity(self.file.metadata()?)) {
            self.file = open(&self.path)?;
        }
        Ok(())
    }
}

/// Lines tell who asked for what: they are for schemagate's user and group.
fn open(path: &Path) -> io::Result<File> {
    OpenOptions::new().append(true).create(true).mode(0o640).open(path)
}

impl Write for LogFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.follow()?;
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_was_moved_away_is_begun_anew() {
        let folder = tempfile::tempdir().expect("a folder");
        let (path, moved) = (folder.path().join("access.log"), folder.path().join("access.log.1"));
        std::fs::write(&path, "before\n").expect("written");
        let mut log = LogFile::open(&path).expect("opened");
        log.write_all(b"one\n").expect("written");
        std::fs::rename(&path, &moved).expect("moved");
        log.write_all(b"two\n").expect("written");
        log.seen -= EVERY;
        log.write_all(b"three\n").expect("written");
        let read = |path| std::fs::read_to_string(path).expect("read");
        assert_eq!((read(&moved), read(&path)), ("before\none\ntwo\n".to_owned(), "three\n".to_owned()));
    }
}
