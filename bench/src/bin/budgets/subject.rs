//! What is counted.

use std::path::Path;

use super::callgrind::{Counted, count};
use super::inside::{self, Inside};
use super::proxy::{self, Program, Proxied};

pub(crate) struct Subject {
    /// Its name in the file of budgets.
    pub(crate) name: &'static str,
    /// What one of it is.
    pub(crate) one: &'static str,
    work: Work,
}

enum Work {
    /// Done by this program itself.
    Inside(Inside),
    /// Done by a proxy for a client.
    Proxied(Proxied),
}

/// As load generators ask.
const PLAIN: &str = "Host: app.example.com\r\n";

/// As a browser asks for a page.
const BROWSER: &str = "Host: app.example.com\r\n\
    User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0\r\n\
    Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8\r\n\
    Accept-Language: fr,en-US;q=0.7,en;q=0.3\r\n\
    Accept-Encoding: gzip, deflate, br, zstd\r\n\
    Cookie: session=0c7f31a2b4de4f7fa1d1a1c6b1c5c9d4; theme=dark\r\n\
    Upgrade-Insecure-Requests: 1\r\n\
    Sec-Fetch-Dest: document\r\n\
    Sec-Fetch-Mode: navigate\r\n\
    Sec-Fetch-Site: same-origin\r\n\
    Sec-Fetch-User: ?1\r\n\
    Priority: u=0, i\r\n";

const fn inside(name: &'static str, one: &'static str, work: Inside) -> Subject {
    Subject { name, one, work: Work::Inside(work) }
}

const fn proxied(
    name: &'static str,
    one: &'static str,
    program: Program,
    path: &'static str,
    head: &'static str,
) -> Subject {
    Subject { name, one, work: Work::Proxied(Proxied { program, path, head }) }
}

/// All of them, in the order in which they are told.
pub(crate) const SUBJECTS: &[Subject] = &[
    inside("path", "a path in canonical form", Inside::Path),
    inside("decide-10", "a decision, 10 routes", Inside::Routes(10)),
    inside("decide-10000", "a decision, 10,000 routes", Inside::Routes(10_000)),
    inside("decide-tenants", "a decision, 10,000 tenants", Inside::Tenants(10_000)),
    proxied("pingora-pass", "pingora alone: 1 KiB passes", Program::Pingora, "/1k", PLAIN),
    proxied("pass", "1 KiB passes", Program::Schemagate { logs: false }, "/1k", PLAIN),
    proxied("pass-logged", "the same, with a line in the access log", Program::Schemagate { logs: true }, "/1k", PLAIN),
    proxied("pingora-pass-browser", "pingora alone, as a browser asks", Program::Pingora, "/1k", BROWSER),
    proxied("pass-browser", "the same of schemagate", Program::Schemagate { logs: false }, "/1k", BROWSER),
    proxied("pingora-refuse", "pingora alone: 1 KiB of its own", Program::Pingora, "/refused", PLAIN),
    proxied("refuse", "a refusal", Program::Schemagate { logs: false }, "/refused", PLAIN),
    proxied("refuse-browser", "a refusal's page", Program::Schemagate { logs: false }, "/refused", BROWSER),
];

impl Subject {
    /// The instructions of one of it; callgrind's files are left in `folder`.
    pub(crate) fn count(&self, folder: &Path) -> anyhow::Result<Counted> {
        let out = |times: u32| folder.join(format!("{}-{times}.callgrind", self.name));
        let (ones, once, twice) = match &self.work {
            Work::Inside(_) => {
                let of = |times| count(&inside::command(self.name, times)?, &out(times), |_| Ok(()));
                (inside::ONES, of(1)?, of(2)?)
            }
            Work::Proxied(proxied) => (proxy::ONES, proxied.count(1, &out(1))?, proxied.count(2, &out(2))?),
        };
        Ok(twice.without(&once).of_one(ones))
    }

    pub(crate) const fn inside(&self) -> Option<&Inside> {
        match &self.work {
            Work::Inside(work) => Some(work),
            Work::Proxied(_) => None,
        }
    }
}

/// What one costs for each of another one.
pub(crate) struct Ratio {
    of: &'static str,
    over: &'static str,
    /// What it is to be at most.
    aim: Option<f64>,
}

/// What schemagate costs over pingora.
pub(crate) const RATIOS: &[Ratio] = &[
    Ratio { of: "pass", over: "pingora-pass", aim: Some(1.03) },
    Ratio { of: "pass-browser", over: "pingora-pass-browser", aim: Some(1.03) },
    Ratio { of: "refuse", over: "pingora-refuse", aim: None },
];

impl Ratio {
    /// `None` where not both were counted.
    pub(crate) fn line(&self, counts: &[(&Subject, Counted)]) -> Option<String> {
        let total = |name| counts.iter().find(|(subject, _)| subject.name == name).map(|(_, counted)| counted.total);
        let ratio = total(self.of)? / total(self.over)?;
        let aim = self.aim.map_or_else(String::new, |aim| {
            format!(", to be at most {aim:.2}: {}", if ratio <= aim { "kept" } else { "NOT KEPT" })
        });
        Some(format!("{} over {}: {ratio:.3}{aim}", self.of, self.over))
    }
}
