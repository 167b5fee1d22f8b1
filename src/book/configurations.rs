//! Every configuration in the documentation loads.
//!
//! What stands behind `toml` says what a snippet is: nothing, `proxy.toml` or a part of it; `route`, keys of a route;
//! `control`, a control file; `scenario`, load for `bench`; `other`, somebody else's. A part is completed by the rule of
//! [`completed`]. Variables of the environment are set; the files that are named are there: folders of migrations are those of the
//! examples.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use jiff::Timestamp;
use tempfile::TempDir;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::markdown::{Block, Page};
use super::root;
use crate::config::{Config, ControlOrders, Scenario};

/// A lock, as `schemagate lock` writes one.
const LOCK: &str =
    "version = 1\n[tables.orders]\nid = \"bigint not null\"\n[tables.admins]\nid = \"bigint not null\"\n";

#[test]
fn every_configuration_in_the_documentation_loads() {
    let files = Files::new();
    let (mut wrong, mut read) = (Vec::new(), 0);
    for page in Page::all() {
        for block in page.blocks.iter().filter(|block| block.info == "toml" || block.info.starts_with("toml ")) {
            read += 1;
            wrong.extend(mistake(block, &files).map(|mistake| format!("{}:{}:\n{mistake}", page.name(), block.line)));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(read > 15, "{read} configurations were found");
}

#[test]
fn the_configuration_of_every_example_loads_without_a_warning() {
    for entry in fs::read_dir(root().join("examples")).expect("the examples").map(|entry| entry.expect("an entry")) {
        let file = entry.path().join("proxy.toml");
        if entry.path().is_dir() {
            let text = fs::read_to_string(&file).expect("every example has one");
            let config = Config::parse(&text, &file, &variable).unwrap_or_else(|errors| panic!("{errors}"));
            assert_eq!(config.warnings, Vec::<String>::new(), "{}", file.display());
        }
    }
}

fn mistake(block: &Block, files: &Files) -> Option<String> {
    match block.info.trim_start_matches("toml").trim() {
        "" => files.load(&block.text),
        "route" => files.load(&format!("[[routes]]\npath = \"/*\"\n{}", block.text)),
        "control" => {
            let rules = completed(&block.text);
            let config = files.parse(&rules).ok()?;
            let now = "2026-11-21T12:00:00Z".parse::<Timestamp>().expect("a moment");
            let text = files.placed(&block.text);
            ControlOrders::parse(&text, Path::new("control.toml"), &config.rules, now).err().map(|e| e.to_string())
        }
        "scenario" => {
            let file = files.folder.path().join("scenario.toml");
            // A scenario reads the variables of the process, where there is none.
            fs::write(&file, block.text.replace("${", "$${")).expect("a file");
            Scenario::load(&file).err().map(|errors| errors.to_string())
        }
        "other" => None,
        unknown => Some(format!("nobody knows what `toml {unknown}` is")),
    }
}

/// Each variable is set to what its name promises.
fn variable(name: &str) -> Option<String> {
    // libpq's own, which would stand in for parts of a URL.
    if name.starts_with("PG") {
        return None;
    }
    Some(match name {
        "PORT" => "8080".to_owned(),
        name if name.contains("PORT") => "3000".to_owned(),
        name if name.contains("DATABASE") || name.contains("REPLICA") || name.contains("DIRECT") => {
            "postgres://app@127.0.0.1/app".to_owned()
        }
        name if name.ends_with("ADDRESS") => "127.0.0.1:3000".to_owned(),
        name if name.ends_with("URL") => "https://hooks.example.com/1".to_owned(),
        name => format!("{:x<40}", name.to_lowercase()),
    })
}

/// What a snippet lacks to be whole: a database, upstreams, requirements, routes and tenants, each with the names that the
/// snippet itself uses.
fn completed(text: &str) -> String {
    let (table, _) = DeTable::parse_recoverable(text);
    let file = DeValue::Table(table.into_inner());
    let mut whole = String::new();
    let upstreams = declared(&file, "upstreams");
    for line in text.lines() {
        writeln!(whole, "{line}").expect("written");
        // A table of an upstream that says something else of it.
        let name = line.trim().strip_prefix("[upstreams.").and_then(|rest| rest.strip_suffix(']'));
        if let Some(name) = name.filter(|name| !name.contains('.'))
            && get(&file, &["upstreams", name, "servers"]).is_none()
        {
            whole.push_str("servers = [\"127.0.0.1:3000\"]\n");
        }
    }
    if declared(&file, "databases").is_empty() {
        whole.push_str("[databases.main]\nurl = \"postgres://app@127.0.0.1/app\"\n");
    }
    let mut wanted = names(&file, &["upstream"]);
    if upstreams.is_empty() && wanted.is_empty() {
        wanted.insert("api".to_owned());
    }
    for name in wanted.difference(&upstreams) {
        writeln!(whole, "[upstreams.{name}]\nservers = [\"127.0.0.1:3000\"]").expect("written");
    }
    let of_tenants = get(&file, &["tenants"]).map(|tenants| names(tenants, &["needs"])).unwrap_or_default();
    for name in names(&file, &["needs", "ready_needs", "requirements"]).difference(&declared(&file, "requirements")) {
        let per_tenant = of_tenants.contains(name);
        writeln!(whole, "[requirements.{name}]\ntables = [\"stand_in\"]\nper_tenant = {per_tenant}").expect("written");
    }
    let routes = get(&file, &["routes"]);
    let own = routes.map(|routes| names(routes, &["name"])).unwrap_or_default();
    for (number, name) in names(&file, &["routes"]).difference(&own).enumerate() {
        writeln!(whole, "[[routes]]\nname = \"{name}\"\npath = \"/stand-in/{number}\"").expect("written");
    }
    if routes.is_none() {
        whole.push_str("[[routes]]\npath = \"/*\"\n");
    }
    let has_tenants = get(&file, &["tenants"]).is_some();
    if !has_tenants && !names(&file, &["tenants"]).is_empty() {
        whole.push_str("[tenants]\nfrom = \"django-tenants\"\n");
    }
    whole
}

fn get<'v, 'i>(value: &'v DeValue<'i>, path: &[&str]) -> Option<&'v DeValue<'i>> {
    path.iter().try_fold(value, |value, key| value.as_table()?.get(*key).map(Spanned::get_ref))
}

/// The names of a table of tables.
fn declared(file: &DeValue<'_>, table: &str) -> BTreeSet<String> {
    let table = get(file, &[table]).and_then(DeValue::as_table);
    table.into_iter().flat_map(|table| table.keys()).map(|key| key.get_ref().to_string()).collect()
}

/// Every text, alone or in a list, that stands under one of these keys somewhere.
fn names(value: &DeValue<'_>, keys: &[&str]) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    match value {
        DeValue::Table(table) => {
            for (key, value) in table {
                let value = value.get_ref();
                if keys.contains(&&**key.get_ref()) {
                    let list =
                        value.as_array().map_or_else(Vec::new, |list| list.iter().map(Spanned::get_ref).collect());
                    found.extend(list.into_iter().chain([value]).filter_map(DeValue::as_str).map(str::to_owned));
                }
                found.extend(names(value, keys));
            }
        }
        DeValue::Array(list) => found.extend(list.iter().flat_map(|one| names(one.get_ref(), keys))),
        _ => {}
    }
    found
}

/// A folder with everything that a snippet may name.
struct Files {
    folder: TempDir,
}

impl Files {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let own = folder.path();
        let made = rcgen::generate_simple_self_signed(vec!["example.com".to_owned()]).expect("a certificate");
        for (name, text) in [
            ("cert.pem", made.cert.pem()),
            ("key.pem", made.signing_key.serialize_pem()),
            ("schema.lock", LOCK.to_owned()),
            ("secret", "a secret of more than thirty-two characters\n".to_owned()),
            ("page.html", "{% extends \"schemagate\" %}".to_owned()),
        ] {
            fs::write(own.join(name), text).expect("a file");
        }
        let examples = root().join("examples");
        for (name, home) in [
            ("prisma", "express-prisma/prisma"),
            ("migrations", "express-knex/migrations"),
            ("alembic", "fastapi-alembic/alembic"),
        ] {
            symlink(examples.join(home), own.join(name)).expect("a link");
        }
        Self { folder }
    }

    /// A snippet with its files where they are.
    fn placed(&self, text: &str) -> String {
        let kinds = [
            ("cert", "cert.pem"),
            ("roots", "cert.pem"),
            ("key", "key.pem"),
            ("lock", "schema.lock"),
            ("page", "page.html"),
            ("_file", "secret"),
        ];
        // A Django project is the folder that it is in.
        let project = root().join("examples/django");
        let mut placed = text.replace("path = \".\"", &format!("path = \"{}\"", project.display()));
        for (key, file) in kinds {
            placed = exchanged(&placed, key, &self.folder.path().join(file).display().to_string());
        }
        placed
    }

    fn parse(&self, text: &str) -> Result<Config, String> {
        let file = self.folder.path().join("proxy.toml");
        Config::parse(&self.placed(text), &file, &variable).map_err(|errors| errors.to_string())
    }

    fn load(&self, text: &str) -> Option<String> {
        self.parse(&completed(text)).err()
    }
}

/// The text with another value in the place of every path that stands under a key which ends so.
fn exchanged(text: &str, key: &str, with: &str) -> String {
    let mut rest = text;
    let mut done = String::new();
    let sign = format!("{key} = \"");
    while let Some((before, after)) = rest.split_once(&*sign) {
        let (value, behind) = after.split_once('"').unwrap_or((after, ""));
        // A key that only ends alike (`monkey`) is another one, and what is no path is no file.
        let whole = key.starts_with('_') || !before.ends_with(|c: char| c.is_ascii_alphanumeric() || c == '_');
        let is_path = value.contains(['/', '.']) && !value.contains("${");
        let value = if whole && is_path { with } else { value };
        write!(done, "{before}{sign}{value}\"").expect("written");
        rest = behind;
    }
    done + rest
}
