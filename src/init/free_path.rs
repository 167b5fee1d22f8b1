//! Paths that need no schema: those that probes ask, and files that are served as they are.

use gate::{MatchingForm, PathPattern};

use super::database::quoted;
use super::django::Django;
use super::tree::{Tree, base};
use super::{Found, Place};

/// A path that needs no schema.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct FreePath {
    /// A route's path.
    pub(super) path: String,
    /// What for: "health check" or "static files".
    pub(super) what: &'static str,
}

/// Routes of their own are written for so many at most.
const MOST: usize = 20;

/// The last part of a path that probes ask.
const HEALTH: &[&str] = &[
    "health",
    "healthz",
    "healthcheck",
    "health-check",
    "health_check",
    "livez",
    "readyz",
    "liveness",
    "readiness",
    "heartbeat",
    "ping",
    "_health",
];

/// Words that mean health only where nothing else, or `health`, stands before them.
const ALONE: &[&str] = &["live", "ready", "alive", "up", "status"];

/// How a route for GET is declared: by the file's name or its ending, with what stands before the path, and what the
/// framework puts before it. Where that is nothing, only a path that begins with a slash is one: `app.get('env')` is not.
const HEALTH_ROUTES: &[(&str, &str, &str)] = &[
    (".js", "app.get(", ""),
    (".ts", "app.get(", ""),
    (".mjs", "app.get(", ""),
    (".cjs", "app.get(", ""),
    (".js", "server.get(", ""),
    (".ts", "server.get(", ""),
    (".js", "fastify.get(", ""),
    (".ts", "fastify.get(", ""),
    (".py", "@app.get(", ""),
    (".py", "@app.route(", ""),
    ("routes.rb", "get ", "/"),
    (".go", ".HandleFunc(", ""),
    (".go", ".GET(", ""),
    (".rs", ".route(", ""),
    ("web.php", "Route::get(", "/"),
    ("api.php", "Route::get(", "/api/"),
];

/// Declarations whose whole path stands elsewhere too: these are only told of.
const MOUNTED: &[(&str, &str)] = &[
    (".js", "router.get("),
    (".ts", "router.get("),
    (".ts", "@Get("),
    (".ts", "@Controller("),
    (".py", "router.get("),
    (".py", ".route("),
];

/// How a folder is served as it is below a path.
const STATIC_ROUTES: &[(&str, &str, &str)] = &[
    (".js", "app.use(", "express.static("),
    (".ts", "app.use(", "express.static("),
    (".mjs", "app.use(", "express.static("),
    (".py", "app.mount(", "StaticFiles("),
];

/// Every such path, each once, the first place that says so.
pub(super) fn find(tree: &Tree, django: Option<&Django>, notes: &mut Vec<String>) -> Vec<Found<FreePath>> {
    let mut paths = Paths { found: Vec::new(), unsure: Vec::new() };
    for (file, text) in tree.texts() {
        for (line, number) in text.lines().zip(1..) {
            let place = || Place::line(file, number);
            let fits = |end: &str| file.ends_with(end);
            for (_, sign, before) in HEALTH_ROUTES.iter().filter(|(end, ..)| fits(end)) {
                paths.health(after(line, sign), before, place());
            }
            for (_, sign, serving) in STATIC_ROUTES.iter().filter(|(end, ..)| fits(end)) {
                if line.contains(serving) {
                    paths.served(after(line, sign), place());
                }
            }
            for (_, sign) in MOUNTED.iter().filter(|(end, sign)| fits(end) && line.contains(sign)) {
                if let Some(path) = after(line, sign).filter(|path| is_health(&rooted(path))) {
                    paths.unsure.push((path.to_owned(), place()));
                }
            }
            if django.is_some_and(|django| django.urls.as_deref() == Some(file)) {
                paths.health(after(line, "path("), "/", place());
            }
        }
    }
    for (prefix, place) in django.iter().flat_map(|django| &django.served) {
        paths.served(Some(prefix), place.clone());
    }
    if let Some(place) = tree.line_with("package.json", "\"next\"") {
        paths.served(Some("/_next/static"), place);
    }
    let Paths { found, unsure } = paths;
    let is_told = |path: &str| found.iter().any(|known| known.value.path.ends_with(path.trim_matches('/')));
    notes.extend(unsure.iter().filter(|(path, _)| !is_told(path)).take(MOST).map(|(path, place)| {
        format!("{place}: {path:?} looks like a health check, below a prefix that stands elsewhere: give it a route")
    }));
    found
}

struct Paths {
    found: Vec<Found<FreePath>>,
    unsure: Vec<(String, Place)>,
}

impl Paths {
    fn health(&mut self, path: Option<&str>, before: &str, place: Place) {
        let path = path.filter(|path| !before.is_empty() || path.starts_with('/'));
        let path = path.map(|path| rooted(&format!("{before}{}", path.trim_start_matches('/'))));
        if let Some(path) = path.filter(|path| is_health(path)) {
            self.add(path, "health check", place);
        }
    }

    fn served(&mut self, prefix: Option<&str>, place: Place) {
        // What is served from the root has no path of its own.
        if let Some(path) = prefix.map(rooted).filter(|path| path.len() > 1) {
            self.add(format!("{path}/*"), "static files", place);
        }
    }

    fn add(&mut self, path: String, what: &'static str, place: Place) {
        let is_known = self.found.iter().any(|known| known.value.path.eq_ignore_ascii_case(&path));
        if !is_known && self.found.len() < MOST && is_plain(&path) {
            self.found.push(Found { value: FreePath { path, what }, place });
        }
    }
}

/// The text in quotes right after `sign`.
fn after<'l>(line: &'l str, sign: &str) -> Option<&'l str> {
    let (_, rest) = line.split_once(sign)?;
    let rest = rest.trim_start();
    if rest.starts_with(['"', '\'', '`']) { quoted(rest) } else { None }
}

/// With one slash before it and none behind.
fn rooted(path: &str) -> String {
    format!("/{}", path.trim_matches('/'))
}

fn is_health(path: &str) -> bool {
    let last = base(path).to_ascii_lowercase();
    let before = path.rsplit('/').nth(1).unwrap_or_default();
    HEALTH.contains(&last.as_str()) || ALONE.contains(&last.as_str()) && (before.is_empty() || HEALTH.contains(&before))
}

/// Whether it is a path that a route can have, with nothing in it that stands for something else.
fn is_plain(path: &str) -> bool {
    let literal = path.strip_suffix("/*").unwrap_or(path);
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '/' | '-' | '_' | '.' | '~');
    literal.chars().all(is_plain) && path.len() <= 200 && PathPattern::parse(path, MatchingForm::default()).is_ok()
}
