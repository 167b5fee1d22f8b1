//! What was found, as TOML with a reason for each line.

use std::fmt::{self, Display, Write};
use std::path::{Component, Path, PathBuf};

use super::ledger::Ledger;
use super::{Found, Place, Project};

/// Where clients come in, unless the app is there.
const LISTEN: u16 = 8080;
const ELSEWHERE: u16 = 8081;

/// The longest reason: names of files can be of any length.
const LONGEST: usize = 160;

impl Project {
    /// The configuration, for a file in the folder `home`. `check` accepts it once the variables that it names are set.
    pub fn draft(&self, home: &Path) -> String {
        let mut draft = Draft::default();
        draft.comment("Written by `schemagate init`: a beginning. Each comment says why the line below it is there.");
        draft.comment(
            "`schemagate check` finds every mistake in this file, `schemagate check --database` looks at the database.",
        );
        draft.gap();
        draft.comment("For the first days: everything passes, and the log says what would have been refused. Take it away to refuse.");
        draft.line(format_args!("mode = \"observe\""));
        self.entrance(&mut draft);
        self.database(&mut draft);
        self.upstream(&mut draft);
        self.requirements(&mut draft, home);
        self.tenants(&mut draft);
        self.routes(&mut draft);
        draft.text
    }

    fn entrance(&self, draft: &mut Draft) {
        draft.gap();
        draft.line("[listen]");
        draft.comment("Where clients come in: give this port to whatever sends requests to the app today.");
        let port = if self.app_port() == LISTEN { ELSEWHERE } else { LISTEN };
        draft.line(format_args!("http = \"0.0.0.0:{port}\""));
    }

    fn app_port(&self) -> u16 {
        self.port.as_ref().map_or(3000, |port| port.value)
    }

    fn database(&self, draft: &mut Draft) {
        draft.gap();
        draft.line("[databases.main]");
        match (&self.connection.variable, &self.connection.file) {
            (Some(variable), _) => {
                draft.comment(format_args!("{} names the variable.", variable.place));
                draft.line(format_args!("url = \"${{{}}}\"", variable.value));
            }
            (None, Some(file)) => {
                draft.comment(format_args!("{} names the file.", file.place));
                draft.line(format_args!("url = {}", Quoted(&file.value)));
            }
            (None, None) => {
                draft.comment(
                    "Nothing in the project says what the app connects with: set this variable, or change its name.",
                );
                draft.line("url = \"${DATABASE_URL}\"");
            }
        }
        if let Some(direct) = &self.connection.direct {
            draft.comment(format_args!("{}: past the pooler, so that the database can notify.", direct.place));
            draft.line(format_args!("#direct_url = \"${{{}}}\"", direct.value));
        }
    }

    fn upstream(&self, draft: &mut Draft) {
        draft.gap();
        draft.line("[upstreams.app]");
        match &self.port {
            Some(port) if port.place.line.is_some() => draft.comment(format_args!("{} names the port.", port.place)),
            Some(port) => {
                draft.comment(format_args!("{}: the usual port of such an app; nothing says another.", port.place));
            }
            None => draft.comment("Nothing says where the app listens: change this."),
        }
        draft.line(format_args!("servers = [\"127.0.0.1:{}\"]", self.app_port()));
    }

    fn requirements(&self, draft: &mut Draft, home: &Path) {
        let mut is_first = true;
        for ledger in &self.ledgers {
            draft.gap();
            draft.comment(format_args!("{}: {}, the last {}.", ledger.folder(), ledger.summary(), last(ledger)));
            if let Some(place) = &ledger.named_by {
                draft.comment(format_args!("{place} leads there."));
            }
            let why_not = match (&ledger.foreign, is_first) {
                (Some(kind), _) => Some(format!("they are for {kind}, which schemagate does not watch")),
                (None, false) => Some("is it of this app and this database? Then take the marks away".to_owned()),
                (None, true) => None,
            };
            let path = from(home, &self.root.join(&ledger.path));
            let name = if is_first { "release".to_owned() } else { format!("release_{}", ledger.folder.tool.name) };
            let mut lines = vec![format!("[requirements.{name}]")];
            if why_not.is_none() && self.tenanted().is_some() {
                lines.push("per_tenant = true".to_owned());
            }
            lines.push(format!("migrations = {{ tool = \"{}\", path = {} }}", ledger.folder.tool.name, Quoted(&path)));
            if let Some(why) = &why_not {
                draft.comment(format_args!("Left out: {why}."));
            }
            for line in lines {
                draft.line(if why_not.is_some() { format!("#{line}") } else { line });
            }
            is_first = is_first && why_not.is_some();
        }
        if self.required().is_none() {
            draft.gap();
            draft.comment(
                "No folder of migrations was found that can be required. Name what the newest release needs instead:",
            );
            draft.line("#[requirements.release]");
            draft.line("#columns = { customers = [\"agreementUploadedAt timestamp(3)\"] }");
        }
    }

    fn tenants(&self, draft: &mut Draft) {
        if let Some(place) = self.tenanted() {
            draft.gap();
            draft.comment(format_args!(
                "{place} has django-tenants: each tenant's schema has a ledger of its own, and one that is"
            ));
            draft.comment("behind is refused alone. schemagate needs SELECT on the tables of tenants and of domains.");
            draft.line("[tenants]");
            draft.line("from = \"django-tenants\"");
            draft.line("needs = [\"release\"]");
        }
    }

    /// What says that Django's migrations are to be in every tenant's schema.
    fn tenanted(&self) -> Option<&Place> {
        self.required().filter(|ledger| ledger.folder.tool.name == "django")?;
        self.django.as_ref()?.tenants.as_ref()
    }

    /// The folder that is required: the first whose database is watched.
    pub(super) fn required(&self) -> Option<&Ledger> {
        self.ledgers.iter().find(|ledger| ledger.foreign.is_none())
    }

    fn routes(&self, draft: &mut Draft) {
        for Found { value, place } in &self.free_paths {
            draft.gap();
            draft.comment(format_args!("{place}: {}; no schema is needed for that.", value.what));
            draft.line("[[routes]]");
            draft.line(format_args!("path = {}", Quoted(&value.path)));
            if self.tenanted().is_some() {
                draft.line("tenant_needs = false");
            }
        }
        draft.gap();
        let needs = self.required().is_some() && self.tenanted().is_none();
        if self.tenanted().is_some() {
            draft.comment("Everything else: what [tenants] needs, and nothing more.");
        } else if needs {
            draft.comment("Everything else waits while any migration of the release is pending. That is a lot: before `mode` goes, give");
            draft.comment("the parts of the app that new migrations touch routes of their own with `needs`, and take it away here.");
        } else {
            draft.comment("Everything else passes. Give what needs the requirement a route of its own with `needs`.");
        }
        draft.line("[[routes]]");
        draft.line("path = \"/*\"");
        if needs {
            draft.line("needs = [\"release\"]");
        }
    }
}

fn last(ledger: &Ledger) -> &str {
    ledger.folder.migrations.last().map_or("", |migration| &migration.name)
}

/// The text as it grows.
#[derive(Default)]
struct Draft {
    text: String,
}

impl Draft {
    fn line(&mut self, line: impl Display) {
        // Writing to a string cannot fail.
        let _ = writeln!(self.text, "{line}");
    }

    fn gap(&mut self) {
        self.text.push('\n');
    }

    /// One line, whatever stands in it: names of files may hold anything.
    fn comment(&mut self, text: impl Display) {
        let text = text.to_string();
        let plain: String = text.chars().map(|c| if c.is_control() { '?' } else { c }).take(LONGEST).collect();
        self.line(format_args!("# {plain}"));
    }
}

/// A basic string of TOML in which nothing is expanded.
struct Quoted<'t>(&'t str);

impl Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_char('"')?;
        for c in self.0.chars() {
            match c {
                '"' => f.write_str("\\\"")?,
                '\\' => f.write_str("\\\\")?,
                '$' => f.write_str("$$")?,
                c if c.is_control() => write!(f, "\\u{:04X}", u32::from(c))?,
                c => f.write_char(c)?,
            }
        }
        f.write_char('"')
    }
}

/// `path` as a file in the folder `home` names it.
fn from(home: &Path, path: &Path) -> String {
    let plain = |path: &Path| -> PathBuf { path.components().filter(|part| *part != Component::CurDir).collect() };
    let (home, path) = (plain(home), plain(path));
    let shared = home.components().zip(path.components()).take_while(|(a, b)| a == b).count();
    let up = home.components().skip(shared).map(|_| Component::ParentDir);
    let way: PathBuf = up.chain(path.components().skip(shared)).collect();
    if way.as_os_str().is_empty() { ".".to_owned() } else { way.to_string_lossy().into_owned() }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use toml::de::DeTable;

    use super::*;

    #[test]
    fn a_folder_is_named_from_where_the_file_lies() {
        for (home, path, way) in [
            ("/app", "/app/prisma/migrations", "prisma/migrations"),
            ("/app", "/app", "."),
            ("/etc/schemagate", "/app/migrations", "../../app/migrations"),
            ("/app/./deploy", "/app/./db/migrate", "../db/migrate"),
        ] {
            assert_eq!(from(Path::new(home), Path::new(path)), way);
        }
    }

    proptest! {
        #[test]
        fn whatever_a_name_holds_toml_reads_it_back(name: String) {
            let text = format!("name = {}\n", Quoted(&name));
            let read = DeTable::parse(&text).expect("TOML");
            let value = read.get_ref().get("name").and_then(|value| value.get_ref().as_str()).expect("a string");
            prop_assert_eq!(value.replace("$$", "$"), name);
        }

        #[test]
        fn whatever_a_comment_holds_it_stays_one_line(text: String) {
            let mut draft = Draft::default();
            draft.comment(&text);
            prop_assert_eq!(draft.text.lines().count(), 1);
            prop_assert!(DeTable::parse(&draft.text).expect("TOML").get_ref().is_empty());
        }
    }
}
