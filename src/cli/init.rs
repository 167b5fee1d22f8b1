//! `schemagate init`

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::Args;

use super::console::Console;
use super::exit::Exit;
use crate::init::Project;

/// Writes a first configuration.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples: schemagate init
          schemagate init server --output -       (to standard output)
Looks at files only: nothing is run, no database is asked, and no secret is read (of `.env.example` and the like, names).
Knows Prisma, Django, Knex, Sequelize, Drizzle, TypeORM, MikroORM, Alembic, Rails, Laravel, Flyway and others by their files.")]
pub(super) struct Init {
    /// The app's folder
    #[arg(value_name = "FOLDER", default_value = ".")]
    folder: PathBuf,
    /// Where to write; "-" for standard output [default: proxy.toml in FOLDER]
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Write over a file that is there
    #[arg(long)]
    force: bool,
}

impl Init {
    pub(super) fn run(self, console: &Console) -> Exit {
        match self.written(console) {
            Ok(()) => Exit::Ready,
            Err(message) => {
                console.error(message);
                Exit::Usage
            }
        }
    }

    fn written(self, console: &Console) -> Result<(), String> {
        let folder = fs::canonicalize(&self.folder).unwrap_or_else(|_| self.folder.clone());
        let project = Project::read(&folder).map_err(|error| error.to_string())?;
        let output = self.output.unwrap_or_else(|| self.folder.join("proxy.toml"));
        if output == Path::new("-") {
            console.line(project.draft(&folder).trim_end());
            return Ok(());
        }
        let failed = |error: io::Error| format!("cannot write {}: {error}", output.display());
        let home = output.parent().filter(|home| !home.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let home = fs::canonicalize(home).map_err(failed)?;
        write(&output, &project.draft(&home), self.force).map_err(|error| match error.kind() {
            io::ErrorKind::AlreadyExists => {
                format!(
                    "{} is there already: choose another --output, or give --force to write over it",
                    output.display()
                )
            }
            _ => failed(error),
        })?;
        tell(&project, &output, console);
        Ok(())
    }
}

fn write(path: &Path, text: &str, force: bool) -> io::Result<()> {
    // Never over a file that appeared since it was looked for.
    let mut file = if force { File::create(path)? } else { File::create_new(path)? };
    file.write_all(text.as_bytes())
}

fn tell(project: &Project, output: &Path, console: &Console) {
    console.line("Found:");
    for (what, place) in project.found() {
        console.line(plain(&format!("  {what:<40} {place}")));
    }
    if !project.notes().is_empty() {
        console.line("\nNot understood:");
        for note in project.notes() {
            console.line(plain(&format!("  {note}")));
        }
    }
    let file = output.display();
    console.line(format!(
        "\n{file} is written. Next:\n  \
         1. read it, and correct what is not so\n  \
         2. schemagate check --database --config {file}\n  \
         3. schemagate run --config {file}\n\
         It refuses nothing until `mode = \"observe\"` is taken away: look at the log first."
    ));
}

/// Names of files may hold what a terminal would obey.
fn plain(line: &str) -> String {
    line.chars().map(|c| if c.is_control() { '?' } else { c }).collect()
}
