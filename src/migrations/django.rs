//! Django's migrations: packages named `migrations`, one in each app.
//!
//! What stands in them as plain values is read; what is computed is not. Dependencies that are
//! computed (`swappable_dependency`, conditional lists) are left out: they bear on the order alone.
//! Operations are read as what they do to a database, in the order in which they are applied: the
//! tables and columns that they mean follow from the models of the migrations before them.
//! Apps of other packages (`django.contrib`, `site-packages`) are not looked for.

mod fields;
mod models;
mod operations;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, HashSet};
use std::path::{Path, PathBuf};

use gate::ledger::{Migration, Steps, sort_by_parents};

use super::folder::{Entry, entries, relative};
use super::python::{Module, Value};
use super::{FolderError, Problem};
use operations::Reader;

/// Folders that hold other people's packages.
const FOREIGN: &[&str] = &["node_modules", "site-packages", "__pycache__"];

/// Every migration of every app below `path`, or of the one app whose `migrations` it is.
pub(super) fn read(path: &Path) -> Result<Vec<Migration>, FolderError> {
    let mut packages = Vec::new();
    find_packages(path, &mut packages)?;
    let mut found = Vec::new();
    for package in &packages {
        read_package(path, package, &mut found)?;
    }
    let operations: Operations = found
        .iter_mut()
        .map(|found| {
            let operations = std::mem::replace(&mut found.operations, Value::None);
            (found.migration.key.clone(), (found.app.clone(), operations, found.more))
        })
        .collect();
    let migrations = resolve(path, found)?;
    // A circle is reported by whoever puts them in order for good.
    match sort_by_parents(migrations.clone()) {
        Ok(sorted) => Ok(with_steps(sorted, &operations)),
        Err(_) => Ok(migrations),
    }
}

/// Of each migration by its key: its app, its operations, and why these may not be all.
type Operations = BTreeMap<Box<str>, (String, Value, Option<&'static str>)>;

/// What each of them does, in that order.
fn with_steps(mut migrations: Vec<Migration>, operations: &Operations) -> Vec<Migration> {
    let mut reader = Reader::default();
    for (app, operations, _) in operations.values() {
        reader.look_for_user(app, operations);
    }
    for migration in &mut migrations {
        let Some((app, operations, more)) = operations.get(&migration.key) else { continue };
        migration.steps = Steps::Read(reader.steps(app, operations, *more));
    }
    migrations
}

/// An app's label and a migration's name.
type Pair = (Box<str>, Box<str>);

/// One migration, its neighbours still in the words of its file.
struct Found {
    app: String,
    migration: Migration,
    dependencies: Vec<Pair>,
    run_before: Vec<Pair>,
    operations: Value,
    /// Why the operations may not be all that it does.
    more: Option<&'static str>,
}

fn find_packages(path: &Path, packages: &mut Vec<PathBuf>) -> Result<(), FolderError> {
    if path.file_name().is_some_and(|name| name == "migrations") && path.join("__init__.py").is_file() {
        packages.push(path.to_owned());
        return Ok(());
    }
    for Entry { name, path } in entries(path)? {
        let is_foreign = name.starts_with('.') || FOREIGN.contains(&&*name) || path.join("pyvenv.cfg").is_file();
        // A link to a folder could lead back to itself.
        if path.is_dir() && !path.is_symlink() && !is_foreign {
            find_packages(&path, packages)?;
        }
    }
    Ok(())
}

/// Adds what is in one app's package; a package without a single migration in it is no app's.
fn read_package(root: &Path, package: &Path, found: &mut Vec<Found>) -> Result<(), FolderError> {
    let app = label(package)?;
    let mut modules = Vec::new();
    let mut stray = None;
    for entry in entries(package)? {
        let is_module = |stem: &&str| !stem.starts_with(['_', '~', '.']);
        let Some(name) = entry.name.strip_suffix(".py").filter(is_module) else { continue };
        let module = Module::read(&entry.path)?;
        if module.class("Migration").is_some() {
            modules.push((name.to_owned(), entry.path, module));
        } else {
            stray = Some(entry.path);
        }
    }
    if let Some(stray) = stray.filter(|_| !modules.is_empty()) {
        let message = "it has no class `Migration`: Django refuses such a file here";
        return Err(FolderError::new(&stray, Problem::Content(message.to_owned())));
    }
    for (name, path, module) in modules {
        let value = |what| module.class("Migration").and_then(|class| class.value(what)).unwrap_or(Value::None);
        let squashed = value("replaces");
        let replaces = pairs(&squashed);
        if !matches!(squashed, Value::None | Value::Items(_)) || replaces.len() < squashed.items().len() {
            let message = "`replaces` is computed, so what the squash stands for is not known";
            return Err(FolderError::new(&path, Problem::Content(message.to_owned())));
        }
        let key = dotted(&(app.as_str().into(), name.into()));
        found.push(Found {
            app: app.clone(),
            migration: Migration {
                name: key.clone(),
                key,
                replaces: replaces.iter().map(dotted).collect(),
                place: relative(root, &path),
                ..Migration::default()
            },
            operations: match value("operations") {
                Value::None => Value::Items(Vec::new()),
                operations => operations,
            },
            more: if module.class("Migration").is_some_and(|class| class.has_methods()) {
                Some("it has methods of its own")
            } else if module.mentions("operations") > 1 {
                Some("its operations are changed after they are listed")
            } else {
                None
            },
            dependencies: pairs(&value("dependencies")),
            run_before: pairs(&value("run_before")),
        });
    }
    Ok(())
}

/// The label by which the ledger knows an app: as its `apps.py` says, else the last part of its
/// name, else its folder's.
fn label(package: &Path) -> Result<String, FolderError> {
    let app = package.parent().unwrap_or(package);
    let folder = app.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let config = app.join("apps.py");
    if !config.is_file() {
        return Ok(folder);
    }
    let module = Module::read(&config)?;
    let said = |what: &str| {
        module.classes().find_map(|class| class.value(what).and_then(|value| value.text().map(str::to_owned)))
    };
    let last = |name: String| name.rsplit('.').next().map(str::to_owned);
    Ok(said("label").or_else(|| said("name").and_then(last)).unwrap_or(folder))
}

/// The `(app, name)` pairs that stand plainly in a list.
fn pairs(value: &Value) -> Vec<Pair> {
    let pair = |item: &Value| match item.items() {
        [app, name] => Some((app.text()?.into(), name.text()?.into())),
        _ => None,
    };
    value.items().iter().filter_map(pair).collect()
}

fn dotted((app, name): &Pair) -> Box<str> {
    format!("{app}.{name}").into()
}

/// Turns neighbours into parents.
fn resolve(root: &Path, mut found: Vec<Found>) -> Result<Vec<Migration>, FolderError> {
    let replaced = found.iter().flat_map(|found| &found.migration.replaces);
    let keys: HashSet<Box<str>> = found.iter().map(|found| &found.migration.key).chain(replaced).cloned().collect();
    let mut apps: BTreeMap<String, Vec<Box<str>>> = BTreeMap::new();
    for Found { app, migration, .. } in &found {
        apps.entry(app.clone()).or_default().push(migration.key.clone());
    }
    // Within an app names begin with a number, so the first and the last name are its ends.
    let end = |(app, name): &Pair| match (&**name, apps.get(&**app)) {
        ("__first__", Some(keys)) => keys.iter().min().cloned(),
        ("__latest__", Some(keys)) => keys.iter().max().cloned(),
        (_, Some(_)) => Some(dotted(&(app.clone(), name.clone()))),
        (_, None) => None,
    };
    let mut before: BTreeMap<Box<str>, Vec<Box<str>>> = BTreeMap::new();
    for Found { migration, dependencies, run_before, .. } in &mut found {
        migration.parents = dependencies.iter().filter_map(end).collect();
        if let Some(missing) = migration.parents.iter().find(|parent| !keys.contains(*parent)) {
            return Err(FolderError::new(&root.join(&*migration.place), Problem::NoParent(missing.clone())));
        }
        for later in run_before.iter().filter_map(end) {
            before.entry(later).or_default().push(migration.key.clone());
        }
    }
    let finish = |Found { mut migration, .. }: Found| {
        migration.parents.extend(before.get(&migration.key).into_iter().flatten().cloned());
        migration
    };
    Ok(found.into_iter().map(finish).collect())
}
