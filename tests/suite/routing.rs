//! No spelling of a gated path gets past its gate: held against what a backend's own router picks.

use std::collections::BTreeMap;

use crate::house::{Backend, Gateway, SqliteFile, Talk, spellings};

/// Views that need what is missing, and a path of each.
pub(crate) const GATED: [(&str, &str); 5] = [
    ("backups", "/admin/backups"),
    ("file", "/files/package.json"),
    ("order", "/api/orders/42"),
    ("reports", "/reports/sales/q3"),
    ("sales", "/kiosk/sales"),
];

/// Paths that need nothing.
const FREE: [&str; 3] = ["/", "/admin", "/kiosk"];

/// Requests at once.
const TALKS: usize = 8;

fn config(database: &SqliteFile, backend: &str, encoded_slash: &str) -> String {
    let gated = ["/admin/backups", "/files/package.json", "/api/orders/{id}", "/reports/*", "/kiosk/sales"];
    let routes = gated.map(|path| format!("[[routes]]\npath = \"{path}\"\nneeds = [\"missing\"]\n")).concat();
    format!(
        "[matching]\nencoded_slash = \"{encoded_slash}\"\n[databases.main]\nurl = \"{}\"\n\
         [upstreams.app]\nservers = [\"{backend}\"]\n[requirements.missing]\ntables = [\"missing\"]\n\
         {routes}[[routes]]\npath = \"/*\"\n",
        database.url(),
    )
}

/// What was found of a backend's router.
#[derive(Debug, Default)]
pub(crate) struct Found {
    /// Spellings that the router takes for a gated view's.
    pub(crate) gated: usize,
    /// How the requests through schemagate were answered, by status.
    pub(crate) statuses: BTreeMap<u16, usize>,
    /// Spellings that schemagate refuses although the router has another view for them.
    pub(crate) strict: Vec<String>,
    /// Spellings that reach a gated view through schemagate.
    pub(crate) leaks: Vec<String>,
}

/// Sends spellings of every gated path to the backend, which names the view it picked in `x-view`, and to schemagate
/// in front of it.
pub(crate) async fn hold_against(backend: &Backend, encoded_slash: &str, count: usize, seed: u64) -> Found {
    let database = SqliteFile::of("CREATE TABLE other (id INTEGER)");
    let gateway = Gateway::start(&config(&database, &backend.address(), encoded_slash)).await;
    gateway.verdict_becomes("missing", "broken", std::time::Duration::from_secs(10)).await;
    let paths: Vec<&str> = GATED.iter().map(|(_, path)| *path).chain(FREE).collect();
    let spellings = spellings(&paths, count, seed);
    let (direct, port) = (backend.port(), gateway.port());
    let talks = spellings.chunks(spellings.len().div_ceil(TALKS)).map(|share| {
        let share = share.to_vec();
        tokio::spawn(async move {
            let (mut direct, mut through) = (Talk::to(direct), Talk::to(port));
            let mut found = Found::default();
            for spelling in share {
                compare(&spelling, &mut direct, &mut through, &mut found).await;
            }
            found
        })
    });
    let talks: Vec<_> = talks.collect();
    let mut all = Found::default();
    for talk in talks {
        let found = talk.await.expect("it ends");
        all.gated += found.gated;
        found.statuses.into_iter().for_each(|(status, count)| *all.statuses.entry(status).or_default() += count);
        all.strict.extend(found.strict);
        all.leaks.extend(found.leaks);
    }
    all
}

async fn compare(spelling: &[u8], direct: &mut Talk, through: &mut Talk, found: &mut Found) {
    let is_gated = |view: &str| GATED.iter().any(|(gated, _)| view == *gated);
    let request = request(spelling);
    let picked = direct.say(&request).await.map(|told| told.header("x-view").to_owned()).unwrap_or_default();
    found.gated += usize::from(is_gated(&picked));
    let answer = through.say(&request).await.expect("schemagate answers whatever it is sent");
    *found.statuses.entry(answer.status).or_default() += 1;
    let spelled = || spelling.escape_ascii().to_string();
    if is_gated(answer.header("x-view")) {
        found.leaks.push(spelled());
    }
    if answer.status == 503 && !is_gated(&picked) {
        found.strict.push(spelled());
    }
}

fn request(spelling: &[u8]) -> Vec<u8> {
    let place = spelling.windows(4).position(|four| four.eq_ignore_ascii_case(b"HOST"));
    let target = match place {
        Some(at) if spelling[..at].to_ascii_lowercase().starts_with(b"http") => {
            [&spelling[..at], b"app.test", &spelling[at + 4..]].concat()
        }
        _ => spelling.to_vec(),
    };
    [b"GET ", &target[..], b" HTTP/1.1\r\nHost: app.test\r\n\r\n"].concat()
}
