//! A copy of one of the examples, over a database of its own.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use crate::house::{Backend, Cluster, Database, Run, schemagate};

/// A copy of one of the examples, over a database of its own.
pub(crate) struct Project {
    folder: TempDir,
    pub(crate) database: Database,
}

impl Project {
    /// Copies a project; `installed` is the folder of what it has installed, which is only linked to.
    pub(crate) async fn copy(name: &str, installed: &str) -> Self {
        let home = home(name);
        assert!(home.join(installed).is_dir(), "{name} is not installed: `make test-apps` does it");
        let folder = tempfile::tempdir().expect("a folder");
        copy(&home, folder.path(), installed);
        // A test configures it by itself.
        fs::remove_file(folder.path().join("proxy.toml")).expect("every example has one");
        symlink(home.join(installed), folder.path().join(installed)).expect("a link");
        Self { folder, database: Cluster::shared().database().await }
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// A release brings a file, from the example's home or from elsewhere.
    pub(crate) fn bring(&self, from: &Path, to: &str) {
        fs::copy(from, self.path().join(to)).unwrap_or_else(|error| panic!("{}: {error}", from.display()));
    }

    /// An earlier release had no such file.
    pub(crate) fn without(&self, file: &str) {
        fs::remove_file(self.path().join(file)).unwrap_or_else(|error| panic!("{file}: {error}"));
    }

    /// A program in the project's folder, with the project's database.
    pub(crate) fn command(&self, program: &str, args: &[&str]) -> Command {
        let mut command = Command::new(program);
        command.args(args).current_dir(self.path()).env("DATABASE_URL", self.database.url());
        // On a free port, which it tells.
        command.env("APP_PORT", "0").env("NO_COLOR", "1").env("PYTHONDONTWRITEBYTECODE", "1");
        command
    }

    /// One of the tool's own commands, which must end with `code`.
    #[track_caller]
    pub(crate) fn run(&self, program: &str, args: &[&str], code: i32) -> Run {
        Run::command(&mut self.command(program, args)).expect(code)
    }

    /// One of schemagate's commands.
    pub(crate) fn schemagate(&self, args: &[&str]) -> Run {
        Run::command(schemagate().args(args).current_dir(self.path()).env("DATABASE_URL", self.database.url()))
    }

    /// Starts the app, which says `listening PORT`.
    pub(crate) async fn serve(&self, command: &mut Command) -> Backend {
        Backend::serve(command).await
    }

    /// Writes `proxy.toml` beside the project's files.
    pub(crate) fn configure(&self, config: &str) {
        fs::write(self.path().join("proxy.toml"), config).expect("a configuration");
    }
}

/// Where the examples lie.
pub(crate) fn examples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("examples")
}

/// Where one of them lies.
pub(crate) fn home(name: &str) -> PathBuf {
    examples().join(name)
}

/// Where lies what the tests have besides.
pub(crate) fn beside() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/apps")
}

fn copy(from: &Path, to: &Path, except: &str) {
    fs::create_dir_all(to).expect("a folder");
    for entry in fs::read_dir(from).expect("a folder").map(|entry| entry.expect("an entry")) {
        let name = entry.file_name();
        if name == except || name == "__pycache__" {
            continue;
        }
        if entry.path().is_dir() {
            copy(&entry.path(), &to.join(name), except);
        } else {
            fs::copy(entry.path(), to.join(name)).expect("a copy");
        }
    }
}
