//! Whether a file is another one by now.
//!
//! Files are looked at by name, again and again. A watch on them would miss what Kubernetes, bind mounts and
//! editors do: they put another file, or another folder behind a link, in the place of the one that is watched.

use std::collections::BTreeMap;
use std::fs::{self, Metadata};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// Folders of migrations have few levels.
const DEEPEST: usize = 6;

/// What tells one state of a file from another one.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Mark {
    device: u64,
    inode: u64,
    size: u64,
    /// Seconds and nanoseconds.
    modified: (i64, i64),
    changed: (i64, i64),
}

/// How files are at one moment: links followed, folders with all that is in them. What does not exist has no mark.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Files(BTreeMap<PathBuf, Mark>);

impl Mark {
    fn of(found: &Metadata) -> Self {
        Self {
            device: found.dev(),
            inode: found.ino(),
            // That of a folder says nothing that its entries do not say.
            size: if found.is_dir() { 0 } else { found.size() },
            modified: (found.mtime(), found.mtime_nsec()),
            changed: (found.ctime(), found.ctime_nsec()),
        }
    }
}

impl Files {
    /// How these are now.
    pub(super) fn at<'p>(paths: impl IntoIterator<Item = &'p PathBuf>) -> Self {
        let mut files = Self::default();
        for path in paths {
            files.add(path, DEEPEST);
        }
        files
    }

    fn add(&mut self, path: &Path, deeper: usize) {
        let Ok(found) = fs::metadata(path) else { return };
        self.0.insert(path.to_owned(), Mark::of(&found));
        if let Some(deeper) = deeper.checked_sub(1).filter(|_| found.is_dir()) {
            for entry in fs::read_dir(path).into_iter().flatten().flatten() {
                self.add(&entry.path(), deeper);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    /// Whether what is done to a folder with a file `c` is noticed.
    fn is_noticed(change: impl Fn(&Path)) -> bool {
        let folder = tempfile::tempdir().expect("a folder");
        let root = folder.path();
        for (name, text) in [("one/c", "a"), ("two/c", "b"), ("c", "a")] {
            fs::create_dir_all(root.join(name).parent().expect("a folder")).expect("a folder");
            fs::write(root.join(name), text).expect("a file");
        }
        symlink("one", root.join("link")).expect("a link");
        let watched = [root.join("link/c"), root.join("c"), root.join("missing"), root.join("two")];
        let before = Files::at(&watched);
        assert_eq!(before, Files::at(&watched), "nothing was done");
        change(root);
        before != Files::at(&watched)
    }

    #[test]
    fn what_editors_and_kubernetes_do_to_a_file_is_noticed() {
        assert!(is_noticed(|root| fs::write(root.join("c"), "longer").expect("written in place")));
        assert!(is_noticed(|root| {
            fs::write(root.join("c~"), "b").expect("written beside");
            fs::rename(root.join("c~"), root.join("c")).expect("renamed");
        }));
        assert!(is_noticed(|root| {
            symlink("two", root.join("link~")).expect("a link");
            fs::rename(root.join("link~"), root.join("link")).expect("a ConfigMap is exchanged so");
        }));
        assert!(is_noticed(|root| fs::remove_file(root.join("c")).expect("removed")));
        assert!(is_noticed(|root| fs::write(root.join("missing"), "").expect("made")));
        assert!(is_noticed(|root| fs::write(root.join("two/new"), "").expect("made in a folder")));
        assert!(!is_noticed(|root| fs::write(root.join("else"), "").expect("made beside")));
    }
}
