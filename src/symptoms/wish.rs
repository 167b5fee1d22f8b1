//! Routes that are proposed.

use std::fmt::Write;

use gate::{HostPattern, Mode, PathPattern, Route, RouteId, Router};

use super::toml_text::{comment, list, quoted};
use crate::config::Config;

/// Routes that are proposed, each once.
#[derive(Debug, Default)]
pub(super) struct Wishes(Vec<Wish>);

/// A route like another one, with a path of its own.
#[derive(Debug)]
struct Wish {
    like: RouteId,
    path: String,
    needs: Vec<String>,
}

impl Wishes {
    /// Adds that requests for `path`, which `like` serves, need `need`.
    pub(super) fn add(&mut self, config: &Config, like: RouteId, path: &str, need: &str) {
        let same = |wish: &&mut Wish| wish.path == path && served_alike(config, wish.like, like);
        match self.0.iter_mut().find(same) {
            Some(wish) if wish.needs.iter().any(|known| known == need) => {}
            Some(wish) => wish.needs.push(need.to_owned()),
            None => self.0.push(Wish { like, path: path.to_owned(), needs: vec![need.to_owned()] }),
        }
    }

    /// As tables of the configuration. Where one would be a second route for the same requests, a
    /// comment says what to do instead.
    pub(super) fn written(&self, config: &Config) -> String {
        let mut routes = config.rules.routes().to_vec();
        let mut out = String::new();
        for wish in &self.0 {
            let Some(like) = config.rules.route(wish.like) else { continue };
            let Ok(path) = PathPattern::parse(&wish.path, config.rules.matching_form()) else { continue };
            routes.push(Route { path, ..like.clone() });
            match Router::new(&routes) {
                Ok(_) => wish.write(config, like, &mut out),
                Err(conflicts) => {
                    routes.pop();
                    let other = conflicts.first().and_then(|conflict| config.rules.route(conflict.first));
                    let name = other.map_or("that has this path", |route| &route.name);
                    let needs = list(wish.needs.iter().map(String::as_str));
                    out.push_str(&comment(&format!("Add to the needs of the route {name}: {needs}")));
                    out.push('\n');
                }
            }
        }
        out
    }
}

fn served_alike(config: &Config, one: RouteId, other: RouteId) -> bool {
    let served = |id| config.rules.route(id).map(|route| (&route.host, &route.methods));
    one == other || served(one) == served(other)
}

impl Wish {
    fn write(&self, config: &Config, like: &Route, out: &mut String) {
        let host = (like.host != HostPattern::Any).then(|| quoted(&like.host.to_string()));
        let methods = (!like.methods.is_any()).then(|| list(like.methods.names()));
        let upstream = config.upstream(like.upstream).filter(|_| config.upstreams.len() > 1);
        let lines = [
            ("host", host),
            ("path", Some(quoted(&self.path))),
            ("methods", methods),
            ("upstream", upstream.map(|upstream| quoted(&upstream.name))),
            ("needs", Some(list(self.needs.iter().map(String::as_str)))),
            ("mode", (like.mode == Mode::Observe).then(|| quoted("observe"))),
        ];
        out.push_str("[[routes]]\n");
        for (name, value) in lines {
            if let Some(value) = value {
                // Writing to a string does not fail.
                let _ = writeln!(out, "{name} = {value}");
            }
        }
        out.push('\n');
    }
}
