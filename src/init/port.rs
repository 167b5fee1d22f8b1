//! Where the app listens.

use super::tree::{Tree, base};
use super::{Found, Place};

/// Ports of databases and the like, which stand beside the app's in a compose file.
const OTHERS: &[u16] = &[3306, 5432, 6379, 9092, 9200, 11211, 27017, 5672];

/// A kind of file, by its name's beginning or end, and what stands before the port in it; the most telling first.
const SIGNS: &[(&str, &[&str])] = &[
    ("Procfile", &["0.0.0.0:", "-b :", "--port ", "--port=", "-p "]),
    ("Dockerfile", &["EXPOSE "]),
    (".env.*", &["PORT="]),
    ("*.js", &["listen(", "PORT || ", "PORT ?? "]),
    ("*.ts", &["listen(", "PORT || ", "PORT ?? "]),
    ("*.mjs", &["listen(", "PORT || ", "PORT ?? "]),
    ("*.py", &["port=", "PORT\", ", "PORT', "]),
    ("*.go", &["ListenAndServe(\":", ".Run(\":", ".Start(\":", ".Listen(\":"]),
    ("*.rs", &["0.0.0.0:", "127.0.0.1:"]),
    ("docker-compose.yml", &["- \"", "- '", "- "]),
    ("compose.yml", &["- \"", "- '", "- "]),
    ("compose.yaml", &["- \"", "- '", "- "]),
];

/// Where an app listens that says nothing, by a file that it has.
const DEFAULTS: &[(&str, u16)] = &[
    ("manage.py", 8000),
    ("artisan", 8000),
    ("alembic.ini", 8000),
    ("mix.exs", 4000),
    ("pom.xml", 8080),
    ("build.gradle", 8080),
    ("Gemfile", 3000),
    ("package.json", 3000),
];

/// The most telling port that any file names, or the usual one of what the app is built with.
pub(super) fn find(tree: &Tree) -> Option<Found<u16>> {
    let named = SIGNS.iter().find_map(|(file, signs)| {
        let is_meant = |path: &str| match (file.strip_prefix('*'), file.strip_suffix('*')) {
            (Some(end), _) => base(path).ends_with(end),
            (_, Some(begin)) => base(path).starts_with(begin),
            _ => base(path) == *file,
        };
        tree.texts().filter(|(path, _)| is_meant(path)).find_map(|(path, text)| {
            let port = |line: &str| signs.iter().find_map(|sign| after(line, sign, file.contains("compose")));
            let mut ports = text.lines().zip(1..).filter_map(|(line, number)| Some((port(line)?, number)));
            ports.next().map(|(value, number)| Found { value, place: Place::line(path, number) })
        })
    });
    named.or_else(|| {
        DEFAULTS.iter().find_map(|(file, value)| {
            let (path, _) = tree.named(file).next()?;
            Some(Found { value: *value, place: Place::file(path) })
        })
    })
}

/// The port that stands after `sign`; `mapped`: after a colon more, as in `8000:3000`.
fn after(line: &str, sign: &str, mapped: bool) -> Option<u16> {
    let (_, rest) = line.split_once(sign)?;
    let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
    let rest = if mapped { rest.get(digits(rest)..)?.strip_prefix(':')? } else { rest };
    let end = digits(rest);
    // `1.2.3.4` and `3000abc` are no ports.
    let is_whole = !rest.get(end..)?.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '.' || c == '_');
    let port = rest.get(..end)?.parse().ok().filter(|_| is_whole)?;
    (port > 0 && !OTHERS.contains(&port)).then_some(port)
}
