//! From host, path and method to the one route that serves a request.

use std::collections::HashMap;
use std::hash::{BuildHasher, Hasher};

use foldhash::fast::FixedState;
use hashbrown::HashTable;
use smallvec::SmallVec;

use crate::pattern::Segment;
use crate::{Host, HostPattern, MatchingPath, Method, Route, RouteId};

/// Finds a request's route: host, then path, then methods, the most specific first.
///
/// A trie over path segments, with a root for every host. At each segment a literal is tried before `*`, and
/// `*` before a final `/*`; a method that does not match falls through to the next.
///
/// Of ten thousand routes, what a request needs is in no near cache: so each step takes one line of it for
/// the segment, one for the node behind it, and none elsewhere.
#[derive(Debug, Clone, Default)]
pub struct Router {
    any: Option<NodeId>,
    exact: Roots,
    below: Roots,
    /// Length of the longest name in `below`. No longer part of a host is looked up, or a request
    /// could name a host of ten thousand labels and have each of its tails hashed.
    longest_below: usize,
    nodes: Vec<Node>,
    /// From a node to the next by a literal segment.
    edges: HashTable<Edge>,
}

type Roots = HashMap<Box<str>, NodeId, FixedState>;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct NodeId(u32);

#[derive(Debug, Clone, Default)]
#[repr(align(64))]
struct Node {
    any: Option<NodeId>,
    /// Routes for exactly this path, named methods before every method.
    here: SmallVec<[RouteId; 4]>,
    /// Routes for this path and all below it, likewise.
    below: SmallVec<[RouteId; 4]>,
}

#[derive(Debug, Clone)]
#[repr(align(32))]
struct Edge {
    from: NodeId,
    to: NodeId,
    literal: SmallVec<[u8; 16]>,
}

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

impl Router {
    /// Builds the router, or names every conflict.
    pub fn new(routes: &[Route]) -> Result<Self, Vec<Conflict>> {
        let mut made = Self::default();
        let mut conflicts = Vec::new();
        for (id, route) in (0..).map(RouteId).zip(routes) {
            let root = made.root(&route.host);
            let end = route.path.segments.iter().fold(root, |at, segment| made.child(at, segment));
            let Some(node) = made.nodes.get_mut(end.index()) else { continue };
            let beside = if route.path.below { &mut node.below } else { &mut node.here };
            let get = |id: RouteId| routes.get(id.index());
            let meets = |other: &RouteId| get(*other).is_some_and(|other| other.methods.conflicts_with(&route.methods));
            let met = beside.iter().copied().filter(meets);
            conflicts.extend(met.map(|first| Conflict { first, second: id }));
            beside.push(id);
            beside.sort_by_key(|id| get(*id).is_some_and(|route| route.methods.is_any()));
        }
        if conflicts.is_empty() { Ok(made) } else { Err(conflicts) }
    }

    /// Where the paths of a host begin.
    fn root(&mut self, host: &HostPattern) -> NodeId {
        let new = self.next();
        let root = match host {
            HostPattern::Any => *self.any.get_or_insert(new),
            HostPattern::Exact(host) => *self.exact.entry(host.clone()).or_insert(new),
            HostPattern::Below(host) => {
                self.longest_below = self.longest_below.max(host.len());
                *self.below.entry(host.clone()).or_insert(new)
            }
        };
        self.there(root)
    }

    /// The node below `at` for `segment`, made if it is not there.
    fn child(&mut self, at: NodeId, segment: &Segment) -> NodeId {
        let new = self.next();
        let child = match segment {
            Segment::Literal(literal) => self.by_literal(at, literal).unwrap_or_else(|| {
                let edge = Edge { from: at, to: new, literal: SmallVec::from_slice(literal) };
                self.edges.insert_unique(hash(at, literal), edge, |edge| hash(edge.from, &edge.literal));
                new
            }),
            Segment::Any => self.nodes.get_mut(at.index()).map_or(new, |node| *node.any.get_or_insert(new)),
        };
        self.there(child)
    }

    /// The node that is made next.
    fn next(&self) -> NodeId {
        // A file with so many segments is not read.
        NodeId(u32::try_from(self.nodes.len()).unwrap_or(u32::MAX))
    }

    /// The same node, there if it was not.
    fn there(&mut self, id: NodeId) -> NodeId {
        if id.index() == self.nodes.len() {
            self.nodes.push(Node::default());
        }
        id
    }

    fn by_literal(&self, from: NodeId, segment: &[u8]) -> Option<NodeId> {
        let is_it = |edge: &Edge| edge.from == from && *edge.literal == *segment;
        self.edges.find(hash(from, segment), is_it).map(|edge| edge.to)
    }

    /// The route for a request.
    pub fn find(&self, routes: &[Route], host: &Host, path: &MatchingPath, method: Method<'_>) -> Option<RouteId> {
        let serving = |ids: &[RouteId]| {
            ids.iter().copied().find(|id| routes.get(id.index()).is_some_and(|route| route.methods.contains(method)))
        };
        self.roots(host).find_map(|root| self.descend(root, path.segments(), &serving))
    }

    /// Where the paths begin that are a host's, the most specific first.
    fn roots<'r>(&'r self, host: &'r Host) -> impl Iterator<Item = NodeId> + 'r {
        // Where no route has a host, none is looked for.
        let host = if self.exact.is_empty() && self.below.is_empty() { "" } else { host.as_str() };
        let exact = self.exact.get(host);
        let labels = if self.below.is_empty() { "" } else { host };
        let below = labels
            .match_indices('.')
            .filter(|(dot, _)| *dot > 0 && host.len() - dot - 1 <= self.longest_below)
            .filter_map(|(dot, _)| self.below.get(labels.get(dot + 1..)?));
        exact.into_iter().chain(below).chain(&self.any).copied()
    }

    /// Depth first in the order of specificity. The trie is a tree whose depth is the segment, so
    /// no node is visited twice and recursion ends at the longest pattern.
    fn descend<'p>(
        &self,
        at: NodeId,
        mut rest: impl Iterator<Item = &'p [u8]> + Clone,
        serving: &impl Fn(&[RouteId]) -> Option<RouteId>,
    ) -> Option<RouteId> {
        let node = self.nodes.get(at.index())?;
        let found = match rest.next() {
            None => serving(&node.here),
            Some(segment) => {
                let literal = self.by_literal(at, segment).and_then(|child| self.descend(child, rest.clone(), serving));
                literal.or_else(|| match node.any {
                    Some(child) if !segment.is_empty() => self.descend(child, rest, serving),
                    _ => None,
                })
            }
        };
        found.or_else(|| serving(&node.below))
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

impl NodeId {
    const fn index(self) -> usize {
        self.0 as usize
    }
}

/// What an edge is found by. Requests choose what is looked for, but not what is there: they cannot make it slow.
fn hash(from: NodeId, segment: &[u8]) -> u64 {
    let mut hasher = FixedState::default().build_hasher();
    hasher.write_u32(from.0);
    hasher.write(segment);
    hasher.finish()
}

#[cfg(test)]
mod tests;
