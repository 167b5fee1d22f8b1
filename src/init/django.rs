//! What stands plainly in Django's settings.

use super::Place;
use super::tree::{Tree, parent};
use crate::migrations::{Module, Value};

/// What is known of a Django project.
#[derive(Debug)]
pub(super) struct Django {
    /// The files of its root URLs.
    pub(super) urls: Option<String>,
    /// Prefixes of files that are served as they are, and where they are said.
    pub(super) served: Vec<(String, Place)>,
    /// Where django-tenants is installed.
    pub(super) tenants: Option<Place>,
}

/// Settings whose value is such a prefix.
const SERVED: &[&str] = &["STATIC_URL", "MEDIA_URL"];

/// Settings that list apps.
const APPS: &[&str] = &["INSTALLED_APPS", "SHARED_APPS"];

impl Django {
    /// Reads the settings that `manage.py` names, and those that they begin with.
    pub(super) fn read(tree: &Tree, notes: &mut Vec<String>) -> Option<Self> {
        let (manage, text) = tree.named("manage.py").find(|(_, text)| text.contains("DJANGO_SETTINGS_MODULE"))?;
        let home = parent(manage);
        let (_, after) = text.split_once("DJANGO_SETTINGS_MODULE")?;
        // After the name's own closing quote.
        let module = super::database::quoted(after.get(1..).unwrap_or_default()).unwrap_or_default();
        let path = module.replace('.', "/");
        let begin = if home.is_empty() { path } else { format!("{home}/{path}") };
        // One file; a package; or, as many have it, a file that adds to `base.py` beside it.
        let files = [
            format!("{begin}.py"),
            format!("{begin}/__init__.py"),
            format!("{}/base.py", parent(&begin)),
            format!("{begin}/base.py"),
        ];
        let mut django = Self { urls: None, served: Vec::new(), tenants: None };
        for file in files {
            let Some(text) = tree.text(&file) else { continue };
            match Module::parse(text.to_owned()) {
                Ok(module) => django.learn(&file, text, &module, home, tree),
                Err((line, why)) => {
                    let place = line.map_or_else(|| Place::file(&file), |line| Place::line(&file, line));
                    notes.push(format!("{place}: {why}"));
                }
            }
        }
        Some(django)
    }

    fn learn(&mut self, file: &str, text: &str, module: &Module, home: &str, tree: &Tree) {
        let line = |name: &str| text.lines().position(|line| line.starts_with(name)).map(|line| line + 1);
        let place = |name: &str| line(name).map_or_else(|| Place::file(file), |line| Place::line(file, line));
        if let (None, Some(Value::Text(urls))) = (&self.urls, module.value("ROOT_URLCONF")) {
            let path = format!("{}.py", urls.replace('.', "/"));
            let path = if home.is_empty() { path } else { format!("{home}/{path}") };
            self.urls = Some(path).filter(|path| tree.has(path));
        }
        for name in SERVED {
            if let Some(Value::Text(prefix)) = module.value(name) {
                let prefix = format!("/{}", prefix.trim_start_matches('/'));
                self.served.push((prefix, place(name)));
            }
        }
        let has = |name: &&&str| {
            let apps = module.value(name);
            apps.is_some_and(|apps| apps.items().iter().any(|app| app.text() == Some("django_tenants")))
        };
        if let (None, Some(name)) = (&self.tenants, APPS.iter().find(has)) {
            self.tenants = Some(place(name));
        }
    }
}
