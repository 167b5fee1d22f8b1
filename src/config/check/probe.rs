//! Requests that schemagate sends to itself.

use std::path::PathBuf;
use std::time::Duration;

use http::{Method, StatusCode, header};

use super::Check;
use crate::config::file::{File, ProbeTable};
use crate::config::place::{Place, Placed};
use crate::config::{Address, Listen, Probe};

/// More often than that is load.
const SHORTEST: Duration = Duration::from_secs(1);

impl Check<'_> {
    pub(super) fn probes(&mut self, file: &File, listen: Option<&Listen>) -> Option<Vec<Probe>> {
        let tables = file.probes.get().map_or(&[][..], |list| &list.0);
        let probes: Vec<Option<Probe>> = tables.iter().map(|table| self.probe(table, listen)).collect();
        for (number, probe) in probes.iter().enumerate() {
            let Some(probe) = probe else { continue };
            if probes.iter().take(number).flatten().any(|earlier| earlier.name == probe.name) {
                let place = tables.get(number).and_then(|table| table.value.name.place().or(table.place));
                self.error(place, format!("two probes are named `{}`", probe.name))
                    .help("give each a `name` of its own");
            }
        }
        probes.into_iter().collect()
    }

    fn probe(&mut self, table: &Placed<ProbeTable>, listen: Option<&Listen>) -> Option<Probe> {
        let Placed { value: table, place } = table;
        let path = table.path.placed()?;
        if !path.value.starts_with('/') {
            self.error(path.place, format!("`probes.path`: `{}` does not begin with a slash", path.value))
                .help("such as \"/admin/backups\"");
        }
        let method = table.method.placed()?;
        let parsed = self.method(method);
        let expect: Vec<Option<StatusCode>> =
            table.expect.get()?.0.iter().map(|status| self.expected_status("probes.expect", status)).collect();
        if expect.is_empty() {
            self.error(table.expect.place(), "`probes.expect` is empty, so that no answer is right")
                .help("such as [200]");
        }
        let mut headers = self.headers(&table.headers);
        if let Some(host) = table.host.placed() {
            match host.value.parse() {
                Ok(value) => headers.push((header::HOST, value)),
                Err(_) => {
                    self.error(host.place, format!("`probes.host`: `{}` is no host", host.value));
                }
            }
        }
        let failures = *table.failures.get()?;
        if failures == 0 {
            self.error(table.failures.place(), "`probes.failures` must be at least 1");
        }
        let (base, socket) = self.destination(table, *place, listen)?;
        let url = format!("{base}{}", path.value);
        if reqwest::Url::parse(&url).is_err() {
            self.error(path.place, format!("`probes.path`: `{}` is no path", path.value));
        }
        Some(Probe {
            name: table.name.get().cloned().unwrap_or_else(|| format!("{} {}", method.value, path.value)),
            url,
            socket,
            method: parsed?,
            headers: headers.into_iter().collect(),
            expect: expect.into_iter().collect::<Option<_>>()?,
            every: self.duration("probes.every", &table.every, SHORTEST),
            timeout: self.duration("probes.timeout", &table.timeout, Duration::from_millis(1)),
            failures,
        })
    }

    pub(super) fn method(&mut self, typed: &Placed<String>) -> Option<Method> {
        let is_upper = typed.value == typed.value.to_uppercase();
        let parsed = Method::from_bytes(typed.value.as_bytes()).ok().filter(|_| is_upper);
        if parsed.is_none() {
            self.error(typed.place, format!("`{}` is not a method", typed.value)).help("such as \"GET\"");
        }
        parsed
    }

    pub(super) fn expected_status(&mut self, key: &str, status: &Placed<u16>) -> Option<StatusCode> {
        let parsed = StatusCode::from_u16(status.value).ok();
        if parsed.is_none() {
            self.error(status.place, format!("`{key}`: {} is not a status", status.value));
        }
        parsed
    }

    /// Where to send it: as typed, or to the first plain listener.
    fn destination(
        &mut self,
        table: &ProbeTable,
        place: Option<Place>,
        listen: Option<&Listen>,
    ) -> Option<(String, Option<PathBuf>)> {
        if let Some(to) = table.to.placed() {
            if !is_server(&to.value) {
                self.error(to.place, format!("`probes.to`: `{}` is not a server", to.value))
                    .help("such as \"http://127.0.0.1:8080\"");
            }
            return Some((to.value.trim_end_matches('/').to_owned(), None));
        }
        // What is wrong with the listener was reported where it stands.
        match listen?.http.first().map(Address::reached_at) {
            Some(Address::Tcp(address)) => Some((format!("http://{address}"), None)),
            Some(Address::Unix(path)) => Some(("http://localhost".to_owned(), Some(path))),
            None => {
                self.error(place, "a probe has no `to`, and there is no plain listener to send it to")
                    .help("such as to = \"https://app.example.com\"");
                None
            }
        }
    }
}

/// Whether a text is a server's address and nothing more.
pub(super) fn is_server(text: &str) -> bool {
    reqwest::Url::parse(text)
        .is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.path() == "/" && url.query().is_none())
}
