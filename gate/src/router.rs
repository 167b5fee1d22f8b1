//! From host, path and method to the one route that serves a request.

use std::collections::HashMap;

use foldhash::fast::FixedState;

use crate::pattern::Segment;
use crate::{Host, HostPattern, MatchingPath, Method, Route, RouteId};

/// Finds a request's route: host, then path, then methods, the most specific first.
///
/// A trie over path segments for every host. At each segment a literal is tried before `*`, and
/// `*` before a final `/*`; a method that does not match falls through to the next.
#[derive(Debug, Clone, Default)]
pub struct Router {
    any: Option<Trie>,
    exact: Map<Box<str>, Trie>,
    below: Map<Box<str>, Trie>,
    /// Length of the longest name in `below`. No longer part of a host is looked up, or a request
    /// could name a host of ten thousand labels and have each of its tails hashed.
    longest_below: usize,
}

type Map<K, V> = HashMap<K, V, FixedState>;

/// Two routes that match the same requests, neither the more specific.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Conflict {
    /// The one that stands first.
    pub first: RouteId,
    /// The one that stands after it.
    pub second: RouteId,
}

/// A route with needs that is never reached on some of its hosts, because a narrower host has a
/// `/*` for every method: `/admin` for every host beside `/*` for `example.com`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hidden {
    /// The route of the wider host.
    pub route: RouteId,
    /// The narrower host's `/*` that hides it there.
    pub by: RouteId,
}

#[derive(Debug, Clone, Default)]
struct Trie {
    nodes: Vec<Node>,
}

#[derive(Debug, Clone, Default)]
struct Node {
    literal: Map<Box<[u8]>, usize>,
    any: Option<usize>,
    /// Routes for exactly this path, named methods before every method.
    here: Vec<RouteId>,
    /// Routes for this path and all below it, likewise.
    below: Vec<RouteId>,
}

impl Router {
    /// Builds the router, or names every conflict.
    pub fn new(routes: &[Route]) -> Result<Self, Vec<Conflict>> {
        let mut tries = Self::default();
        let mut conflicts = Vec::new();
        for (id, route) in (0..).map(RouteId).zip(routes) {
            let trie = match &route.host {
                HostPattern::Any => tries.any.get_or_insert_default(),
                HostPattern::Exact(host) => tries.exact.entry(host.clone()).or_default(),
                HostPattern::Below(host) => {
                    tries.longest_below = tries.longest_below.max(host.len());
                    tries.below.entry(host.clone()).or_default()
                }
            };
            conflicts.extend(trie.add(id, route, routes));
        }
        if conflicts.is_empty() { Ok(tries) } else { Err(conflicts) }
    }

    /// The route for a request.
    pub fn find(&self, routes: &[Route], host: &Host, path: &MatchingPath, method: Method<'_>) -> Option<RouteId> {
        self.tries(host).find_map(|trie| trie.find(routes, path, method))
    }

    /// The tries that serve a host, the most specific first.
    fn tries<'r>(&'r self, host: &'r Host) -> impl Iterator<Item = &'r Trie> {
        let host = host.as_str();
        let exact = self.exact.get(host);
        let labels = if self.below.is_empty() { "" } else { host };
        let below = labels
            .match_indices('.')
            .filter(|(dot, _)| *dot > 0 && host.len() - dot - 1 <= self.longest_below)
            .filter_map(|(dot, _)| self.below.get(labels.get(dot + 1..)?));
        exact.into_iter().chain(below).chain(&self.any)
    }

    /// Routes that a narrower host's `/*` hides there; a `/*` itself is meant to be replaced.
    pub fn hidden(routes: &[Route]) -> Vec<Hidden> {
        let numbered = || (0..).map(RouteId).zip(routes);
        let catchers = numbered().filter(|(_, route)| route.path.is_everything() && route.methods.is_any());
        catchers
            .flat_map(|(by, catcher)| {
                numbered()
                    .filter(|(_, route)| !route.path.is_everything() && !route.needs.is_empty())
                    .filter(|(_, route)| route.host.is_wider_than(&catcher.host))
                    .map(move |(route, _)| Hidden { route, by })
            })
            .collect()
    }
}

impl Trie {
    fn add(&mut self, id: RouteId, route: &Route, routes: &[Route]) -> Vec<Conflict> {
        if self.nodes.is_empty() {
            self.nodes.push(Node::default());
        }
        let mut at = 0;
        for segment in &route.path.segments {
            at = self.child(at, segment);
        }
        let Some(node) = self.nodes.get_mut(at) else { return Vec::new() };
        let list = if route.path.below { &mut node.below } else { &mut node.here };
        let get = |id: RouteId| routes.get(id.index());
        let conflicts = list
            .iter()
            .filter(|other| get(**other).is_some_and(|other| other.methods.conflicts_with(&route.methods)))
            .map(|first| Conflict { first: *first, second: id })
            .collect();
        list.push(id);
        list.sort_by_key(|id| get(*id).is_some_and(|route| route.methods.is_any()));
        conflicts
    }

    /// The node below `at` for `segment`, made if it is not there.
    fn child(&mut self, at: usize, segment: &Segment) -> usize {
        let new = self.nodes.len();
        let Some(node) = self.nodes.get_mut(at) else { return at };
        let child = match segment {
            Segment::Literal(text) => *node.literal.entry(text.clone()).or_insert(new),
            Segment::Any => *node.any.get_or_insert(new),
        };
        if child == new {
            self.nodes.push(Node::default());
        }
        child
    }

    fn find(&self, routes: &[Route], path: &MatchingPath, method: Method<'_>) -> Option<RouteId> {
        self.descend(0, path.segments(), &|ids: &[RouteId]| {
            ids.iter().copied().find(|id| routes.get(id.index()).is_some_and(|route| route.methods.contains(method)))
        })
    }

    /// Depth first in the order of specificity. The trie is a tree whose depth is the segment, so
    /// no node is visited twice and recursion ends at the longest pattern.
    fn descend<'p>(
        &self,
        at: usize,
        mut rest: impl Iterator<Item = &'p [u8]> + Clone,
        pick: &impl Fn(&[RouteId]) -> Option<RouteId>,
    ) -> Option<RouteId> {
        let node = self.nodes.get(at)?;
        let found = match rest.next() {
            None => pick(&node.here),
            Some(segment) => {
                let literal = node.literal.get(segment).and_then(|child| self.descend(*child, rest.clone(), pick));
                literal.or_else(|| match node.any {
                    Some(child) if !segment.is_empty() => self.descend(child, rest, pick),
                    _ => None,
                })
            }
        };
        found.or_else(|| pick(&node.below))
    }
}

#[cfg(test)]
mod tests;
