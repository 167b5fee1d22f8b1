//! Folders to write into.

use std::fs;
use std::path::Path;

use tempfile::TempDir;

/// A copy of a folder and of all below it.
pub(crate) fn copied(from: &Path) -> TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    copy(from, folder.path());
    folder
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder");
    for entry in fs::read_dir(from).expect("a folder").map(|entry| entry.expect("an entry")) {
        let to = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &to);
        } else {
            fs::copy(entry.path(), to).expect("a copy");
        }
    }
}
