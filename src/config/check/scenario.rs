//! Load that is put on a server: what was typed becomes a [`Scenario`].

use std::path::Path;

use super::Check;
use super::probe::is_server;
use crate::complaint::Complaints;
use crate::config::expand::Environment;
use crate::config::file::{AskedTable, ScenarioTable};
use crate::config::load::{file_text, read_table};
use crate::config::place::Placed;
use crate::config::{Asked, Expectation, Scenario};

impl Scenario {
    /// Reads the file at `path`, with the variables of the process.
    pub fn load(path: &Path) -> Result<Self, Complaints> {
        let file = path.display().to_string();
        let text = file_text(path, "the scenario", "")
            .map_err(|problem| Complaints::new(file.clone(), String::new(), vec![problem]))?;
        Self::parse(&text, &file, &|name| std::env::var(name).ok())
    }

    /// What all of it is where nothing is said.
    pub fn plain() -> Result<Self, Complaints> {
        Self::parse("", "scenario", &|_| None)
    }

    fn parse(text: &str, file: &str, env: Environment<'_>) -> Result<Self, Complaints> {
        let (typed, mut problems) = read_table::<ScenarioTable>(text, env);
        let mut check = Check::new(Path::new(""), env, file, text);
        let scenario = typed.as_ref().and_then(|typed| check.scenario(typed));
        problems.extend(check.into_problems());
        match scenario {
            Some(scenario) if problems.is_empty() => Ok(scenario),
            _ => Err(Complaints::new(file.to_owned(), text.to_owned(), problems)),
        }
    }
}

impl Check<'_> {
    fn scenario(&mut self, typed: &ScenarioTable) -> Option<Scenario> {
        if let Some(target) = typed.target.placed().filter(|target| !is_server(&target.value)) {
            self.error(target.place, format!("`target`: `{}` is not a server", target.value))
                .help("such as \"http://127.0.0.1:8080\"");
        }
        for (key, number) in [("rate", &typed.rate), ("connections", &typed.connections)] {
            if number.get() == Some(&0) {
                self.error(number.place(), format!("`{key}` must be at least 1"));
            }
        }
        let mut requests: Vec<Asked> = typed.requests.get()?.0.iter().filter_map(|asked| self.asked(asked)).collect();
        if typed.requests.is_absent() || typed.requests.get().is_some_and(|list| list.0.is_empty()) {
            requests.push(Asked::get("/"));
        }
        let mut expect = Vec::new();
        for text in &typed.expect.get()?.0 {
            match text.value.parse::<Expectation>() {
                Ok(read) => expect.push(read),
                Err(error) => {
                    self.error(text.place, format!("`expect`: {error}"));
                }
            }
        }
        Some(Scenario {
            target: typed.target.get().map(|target| target.trim_end_matches('/').to_owned()),
            rate: typed.rate.copied()?,
            lasts: typed.lasts.copied()?,
            warm_up: typed.warm_up.copied()?,
            connections: typed.connections.copied()?,
            timeout: typed.timeout.copied()?,
            requests,
            expect,
        })
    }

    fn asked(&mut self, table: &Placed<AskedTable>) -> Option<Asked> {
        let table = &table.value;
        let path = table.path.placed()?;
        if !path.value.starts_with('/') {
            self.error(path.place, format!("`requests.path`: `{}` does not begin with a slash", path.value))
                .help("such as \"/orders?page=2\"");
        }
        let method = table.method.placed()?;
        let weight = table.weight.placed()?;
        if weight.value == 0 {
            self.error(weight.place, "`requests.weight` must be at least 1");
        }
        let expect = table.expect.get().map_or(&[][..], |list| &list.0);
        let expect = expect.iter().filter_map(|status| self.expected_status("requests.expect", status)).collect();
        Some(Asked {
            name: table.name.get().cloned().unwrap_or_else(|| format!("{} {}", method.value, path.value)),
            method: self.method(method)?,
            path: path.value.clone(),
            headers: self.headers(&table.headers).into_iter().collect(),
            body: table.body.get().cloned(),
            weight: weight.value,
            expect,
        })
    }
}
