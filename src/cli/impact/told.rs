//! What is said of a migration: what it does, and which routes it will gate.

use std::fmt;

use gate::ledger::{DeclaredObjects, Effect, Object, Radius, Step, Steps, Verb};
use gate::{Fact, Mode, Rules, Verdict};
use serde::Serialize;

use super::found::Found;
use crate::config::Config;

/// A migration, what it does, and what becomes of each route that needs its ledger.
#[derive(Debug, Serialize)]
pub(super) struct Told {
    name: String,
    tool: &'static str,
    file: String,
    /// Whether it will gate any route.
    gates: bool,
    /// Why it gates nothing, or more than meets the eye.
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<String>,
    steps: Vec<StepTold>,
    routes: Vec<RouteTold>,
    /// How many routes there are.
    routes_in_all: usize,
}

/// What one step does.
#[derive(Debug, Serialize)]
struct StepTold {
    verb: &'static str,
    /// The kind of object.
    #[serde(skip_serializing_if = "Option::is_none")]
    what: Option<&'static str>,
    /// Its name; of a new name, both.
    text: String,
    line: u32,
}

/// What becomes of one route that needs the ledger, while the migration is pending.
#[derive(Debug, Serialize)]
struct RouteTold {
    name: String,
    gated: bool,
    /// What requests get while it is pending.
    action: &'static str,
    observed: bool,
    why: String,
}

impl Told {
    pub(super) fn new(config: &Config, found: &Found) -> Self {
        let Found { place, migration, tool, requirements } = found;
        let radius = Radius::of(tool, migration);
        let rules = &config.rules;
        let routes: Vec<RouteTold> = rules
            .routes()
            .iter()
            .filter_map(|route| {
                let shares: Vec<(&str, Option<&DeclaredObjects>)> = route
                    .needs
                    .iter()
                    .filter(|need| requirements.contains(&rules.whole(**need)))
                    .filter_map(|need| share(rules, *need))
                    .collect();
                let (requirement, scope) =
                    *shares.iter().find(|(_, scope)| gates(&radius, *scope)).or_else(|| shares.first())?;
                let gated = gates(&radius, scope);
                let action = if gated { route.actions.on(Verdict::Broken).kind().as_str() } else { "pass" };
                Some(RouteTold {
                    name: route.name.to_string(),
                    gated,
                    action,
                    observed: gated && route.mode == Mode::Observe,
                    why: why(&radius, requirement, scope),
                })
            })
            .collect();
        Self {
            name: migration.name.to_string(),
            tool: tool.title,
            file: shown(place),
            gates: routes.iter().any(|route| route.gated),
            note: note(&radius, &migration.steps),
            steps: migration.steps.read().iter().filter_map(StepTold::new).collect(),
            routes,
            routes_in_all: rules.routes().len(),
        }
    }
}

/// The requirement's name, and what narrows its ledger.
fn share(rules: &Rules, need: gate::RequirementId) -> Option<(&str, Option<&DeclaredObjects>)> {
    let requirement = rules.requirement(need)?;
    requirement.facts.iter().find_map(|fact| match fact {
        Fact::Migrations(_) => Some((&*requirement.name, None)),
        Fact::MigrationsTouching(_, scope) => Some((&*requirement.name, Some(scope))),
        _ => None,
    })
}

fn gates(radius: &Radius, scope: Option<&DeclaredObjects>) -> bool {
    scope.map_or_else(|| radius.gates(), |scope| radius.touches(scope))
}

/// Why a route is gated, or is not.
fn why(radius: &Radius, requirement: &str, scope: Option<&DeclaredObjects>) -> String {
    let Some(scope) = scope else { return format!("needs {requirement} and declares nothing beside it") };
    let names = |objects: &[&Object]| {
        let names: Vec<String> = objects.iter().take(3).map(|object| format!("{} {object}", object.what())).collect();
        let more = objects.len().saturating_sub(names.len());
        names.join(", ") + &if more == 0 { String::new() } else { format!(" and {more} more") }
    };
    if let Radius::Objects(touched) = radius {
        let concerned: Vec<&Object> = touched.iter().filter(|object| scope.concerns(object)).collect();
        if !concerned.is_empty() {
            return format!("needs {requirement}; touched: {}", names(&concerned));
        }
    }
    let decides = if *radius == Radius::Program { ", which decides" } else { "" };
    format!("needs {requirement}; declares {}{decides}", names(&scope.objects().iter().collect::<Vec<_>>()))
}

fn note(radius: &Radius, steps: &Steps) -> Option<String> {
    let text = match (radius, steps) {
        (Radius::Nothing(harmless), _) => format!("does not gate: {}", harmless.as_str()),
        (Radius::Rows, _) => {
            "it writes rows alone: it gates only routes that declare nothing beside the ledger".to_owned()
        }
        (Radius::Program, Steps::NotRead { why }) => format!(
            "not read ({why}): it gates routes that declare nothing beside the ledger; for the others what they declare \
             decides"
        ),
        (Radius::Anything, Steps::NotRead { why }) => format!("not read ({why}): it counts as touching everything"),
        (Radius::Anything, Steps::Read(_)) => "some of it is not read: it counts as touching everything".to_owned(),
        (Radius::Objects(_) | Radius::Program, _) => return None,
    };
    Some(text)
}

impl StepTold {
    fn new(step: &Step) -> Option<Self> {
        let Effect { verb, objects } = Effect::of(&step.change);
        let text = match (verb, objects.as_slice(), step.unread()) {
            (Verb::Nothing, ..) => return None,
            (_, _, Some(why)) => why.to_owned(),
            (Verb::Renames, [from, to], _) => format!("{from} to {to}"),
            (_, [index @ Object::Index(_), Object::Relation(table)], _) => format!("{index} on {table}"),
            (_, [object, ..], _) => object.to_string(),
            (_, [], _) => String::new(),
        };
        let what = objects.first().map(Object::what);
        Some(Self { verb: verb.as_str(), what, text, line: step.line })
    }
}

/// The file as seen from here, where it lies below.
fn shown(place: &std::path::Path) -> String {
    let here = std::env::current_dir().and_then(|here| here.canonicalize());
    let real = place.canonicalize().unwrap_or_else(|_| place.to_owned());
    let below = here.ok().and_then(|here| real.strip_prefix(here).ok().map(|path| path.display().to_string()));
    below.unwrap_or_else(|| place.display().to_string())
}

impl fmt::Display for Told {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} ({})", self.name, self.tool)?;
        for StepTold { verb, what, text, line } in &self.steps {
            let what = what.map(|what| format!("{what} ")).unwrap_or_default();
            writeln!(f, "  {verb:<8} {what}{text}  ({}:{line})", self.file)?;
        }
        if let Some(note) = &self.note {
            writeln!(f, "  {note}")?;
        }
        let gated = self.routes.iter().filter(|route| route.gated).count();
        match gated {
            0 => writeln!(f, "While it is pending it gates none of {} routes.", self.routes_in_all)?,
            gated => writeln!(f, "While it is pending it gates {gated} of {} routes:", self.routes_in_all)?,
        }
        let width = self.routes.iter().map(|route| route.name.chars().count()).max().unwrap_or_default();
        for wanted in [true, false] {
            for RouteTold { name, gated, action, observed, why } in &self.routes {
                if *gated == wanted {
                    let action = if *observed { "observe" } else { *action };
                    writeln!(f, "  {action:<9} {name:<width$}  {why}")?;
                }
            }
        }
        Ok(())
    }
}
