//! What a request gets, as it is typed: a word, or a table of one word and its content.

use gate::ActionKind;
use serde_json::json;

use super::{BlockTable, RescueTable, RespondTable, StaleTable};
use crate::config::errors::Problem;
use crate::config::nearest::suggestion;
use crate::config::place::Place;
use crate::config::reader::{Definitions, Key, Read, Reader, Value};
use crate::config::values::List;
use std::time::Duration;

/// What a request gets, as it is typed.
#[derive(Debug)]
pub(in crate::config) enum ActionValue {
    Pass,
    Block(Option<BlockTable>),
    ReadOnly(Option<BlockTable>),
    Respond(RespondTable),
    Rescue(Box<Rescue>),
    Stale(Box<Stale>),
}

/// What takes the place of an upstream's 5xx, and what other methods get.
#[derive(Debug)]
pub(in crate::config) struct Rescue {
    pub(in crate::config) answer: RespondTable,
    pub(in crate::config) methods: Key<List<String>>,
    pub(in crate::config) otherwise: BlockTable,
}

impl From<RescueTable> for Rescue {
    fn from(typed: RescueTable) -> Self {
        let RescueTable { status, headers, json, text, html, methods, code, message, retry_after, refresh, page } =
            typed;
        Self {
            answer: RespondTable { status, headers, json, text, html },
            methods,
            otherwise: BlockTable { code, message, retry_after, refresh, page },
        }
    }
}

/// The last good answer, and what is given where there is none.
#[derive(Debug)]
pub(in crate::config) struct Stale {
    pub(in crate::config) up_to: Key<Duration>,
    pub(in crate::config) key: Key<List<String>>,
    pub(in crate::config) ignore: Key<List<String>>,
    pub(in crate::config) otherwise: BlockTable,
}

impl From<StaleTable> for Stale {
    fn from(typed: StaleTable) -> Self {
        let StaleTable { up_to, key, ignore, code, message, retry_after, refresh, page } = typed;
        Self { up_to, key, ignore, otherwise: BlockTable { code, message, retry_after, refresh, page } }
    }
}

/// Actions that are designed and not built.
const LATER: [&str; 2] = ["upstream", "hold"];

fn known() -> impl Iterator<Item = &'static str> + Clone {
    ActionKind::ALL.into_iter().map(ActionKind::as_str)
}

fn kind(word: &str, place: Place, reader: &mut Reader<'_>) -> Option<ActionKind> {
    let kind = ActionKind::ALL.into_iter().find(|kind| kind.as_str() == word);
    if kind.is_none() {
        let path = reader.path();
        let (message, help) = if LATER.contains(&word) {
            let have = known().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ");
            (
                format!("`{path}`: the action `{word}` is not available in this version"),
                format!("this version has {have}"),
            )
        } else {
            (format!("`{path}` knows no action `{word}`"), suggestion(word, known(), "actions"))
        };
        reader.report(Problem::new(Some(place), message).help(help));
    }
    kind
}

impl Read for ActionValue {
    fn read(value: &Value<'_>, reader: &mut Reader<'_>) -> Option<Self> {
        let place = Place::from(value.span());
        let Some(table) = value.get_ref().as_table() else {
            let word = reader.text(value, "an action such as \"block\" or { block = { code = \"…\" } }")?;
            return match kind(&word, place, reader)? {
                ActionKind::Pass => Some(Self::Pass),
                ActionKind::Block => Some(Self::Block(None)),
                ActionKind::ReadOnly => Some(Self::ReadOnly(None)),
                ActionKind::Respond | ActionKind::Rescue => {
                    let message = format!("`{}`: `{word}` needs an answer", reader.path());
                    let help = format!("such as {{ {word} = {{ json = [] }} }}");
                    reader.report(Problem::new(Some(place), message).help(help));
                    None
                }
                ActionKind::Stale => {
                    let message = format!("`{}`: `stale` needs the age that an answer may have", reader.path());
                    reader.report(Problem::new(Some(place), message).help("such as { stale = { up_to = \"10m\" } }"));
                    None
                }
            };
        };
        let mut actions = table.iter();
        let (Some((key, content)), None) = (actions.next(), actions.next()) else {
            reader.bad_value(value, "must name exactly one action");
            return None;
        };
        let word = key.get_ref().as_ref();
        match kind(word, key.span().into(), reader)? {
            ActionKind::Pass => {
                let message = format!("`{}`: `pass` has no content", reader.path());
                reader.report(Problem::new(Some(place), message).help("write \"pass\""));
                None
            }
            ActionKind::Block => reader.below(word, content).map(|block| Self::Block(Some(block))),
            ActionKind::ReadOnly => reader.below(word, content).map(|block| Self::ReadOnly(Some(block))),
            ActionKind::Respond => reader.below(word, content).map(Self::Respond),
            ActionKind::Rescue => {
                reader.below::<RescueTable>(word, content).map(|rescue| Self::Rescue(Box::new(rescue.into())))
            }
            ActionKind::Stale => {
                reader.below::<StaleTable>(word, content).map(|stale| Self::Stale(Box::new(stale.into())))
            }
        }
    }

    fn schema(definitions: &mut Definitions) -> serde_json::Value {
        let reference = json!({ "$ref": "#/$defs/Action" });
        if !definitions.contains_key("Action") {
            let block = BlockTable::schema(definitions);
            let respond = RespondTable::schema(definitions);
            let rescue = RescueTable::schema(definitions);
            let stale = StaleTable::schema(definitions);
            let words = [ActionKind::Pass, ActionKind::Block, ActionKind::ReadOnly].map(ActionKind::as_str);
            let schema = json!({
                "description": "What a request gets: the upstream's answer (pass), a refusal (block), a refusal of writes \
                    (read_only), a fixed answer (respond), the upstream's answer with a fixed one in the place of a 5xx (rescue), \
                    or the last good answer (stale).",
                "anyOf": [
                    { "enum": words },
                    { "type": "string", "pattern": r"\$\{" },
                    {
                        "type": "object",
                        "properties": { "block": block, "read_only": block, "respond": respond, "rescue": rescue, "stale": stale },
                        "additionalProperties": false,
                        "minProperties": 1,
                        "maxProperties": 1,
                    },
                ],
            });
            definitions.insert("Action".to_owned(), schema);
        }
        reference
    }
}
