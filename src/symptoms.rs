//! Symptoms that no requirement explains, and what to write into the configuration about them.
//!
//! The proxy notes what the bodies of failures say; the admin listener tells it. Good answers
//! never come here.

mod need;
mod paths;
mod proposal;
mod toml_text;
mod wish;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use gate::{MatchingPath, Route, RouteId, Rules, Symptom};
use jiff::Timestamp;

pub use proposal::Proposal;

use paths::Paths;

/// So many different ones are kept: whoever can write into an error can invent names without end.
const MOST: usize = 200;

/// One that goes on is logged again after so long.
const AGAIN: Duration = Duration::from_secs(300);

/// Whether a requirement of the route tells what a symptom tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Covered {
    /// A look at the catalog judges it.
    Yes,
    /// No look at the catalog sees it.
    No,
    /// The symptom does not say what it is about.
    Unknown,
}

impl Covered {
    /// Whether a need of `route` tells what `symptom` tells.
    pub fn of(symptom: &Symptom, route: &Route, rules: &Rules) -> Self {
        symptom.object.as_ref().map_or(Self::Unknown, |object| {
            let covers = route.needs.iter().filter_map(|need| rules.requirement(*need)).any(|need| need.covers(object));
            if covers { Self::Yes } else { Self::No }
        })
    }

    /// The word in logs and metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Yes => "true",
            Self::No => "false",
            Self::Unknown => "unknown",
        }
    }
}

/// What was noted. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Symptoms {
    noted: Arc<Mutex<HashMap<Key, Note>>>,
}

/// Each is noted once a route. That goes by its name, which a reload leaves it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Key {
    route: Box<str>,
    symptom: Symptom,
}

/// What was noted of one symptom on one route.
#[derive(Debug, Clone)]
struct Note {
    covered: Covered,
    count: u64,
    first: Timestamp,
    last: Timestamp,
    logged: Instant,
    paths: Paths,
}

/// What is to be said of a symptom that came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum News {
    /// It is new, or goes on after a while, or is covered now and was not, or the other way round.
    Log {
        /// How often it came so far.
        count: u64,
    },
    /// It was said lately.
    Known,
    /// There are too many different ones: this one is not kept.
    TooMany,
}

impl Symptoms {
    /// Notes a symptom in the answer to a request for `path`.
    pub fn note(&self, route: &str, path: &MatchingPath, symptom: &Symptom, covered: Covered) -> News {
        let (now, instant) = (Timestamp::now(), Instant::now());
        let key = Key { route: route.into(), symptom: symptom.clone() };
        let mut noted = self.noted.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(note) = noted.get_mut(&key) {
            note.count += 1;
            note.last = now;
            note.paths.add(path);
            let turned = note.covered != covered;
            note.covered = covered;
            if !turned && instant.duration_since(note.logged) < AGAIN {
                return News::Known;
            }
            note.logged = instant;
            return News::Log { count: note.count };
        }
        if noted.len() >= MOST {
            return News::TooMany;
        }
        let mut paths = Paths::default();
        paths.add(path);
        noted.insert(key, Note { covered, count: 1, first: now, last: now, logged: instant, paths });
        News::Log { count: 1 }
    }

    /// Those that no requirement covers and that say what they are about, on routes that there are; the
    /// most frequent first.
    fn uncovered(&self, rules: &Rules) -> Vec<Uncovered> {
        let noted = self.noted.lock().unwrap_or_else(PoisonError::into_inner);
        let mut uncovered: Vec<Uncovered> = noted
            .iter()
            .filter_map(|(key, note)| {
                let (id, route) = (0..).map(RouteId).zip(rules.routes()).find(|(_, route)| route.name == key.route)?;
                // A requirement may have been added since.
                let uncovered = note.covered == Covered::No && Covered::of(&key.symptom, route, rules) == Covered::No;
                uncovered.then(|| Uncovered { route: id, symptom: key.symptom.clone(), note: note.clone() })
            })
            .collect();
        drop(noted);
        uncovered
            .sort_by(|one, other| other.note.count.cmp(&one.note.count).then_with(|| one.symptom.cmp(&other.symptom)));
        uncovered
    }
}

/// A symptom that no requirement of its route covers.
#[derive(Debug)]
struct Uncovered {
    route: RouteId,
    symptom: Symptom,
    note: Note,
}

#[cfg(test)]
mod tests;
