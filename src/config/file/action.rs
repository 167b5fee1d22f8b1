//! What a request gets, as it is typed: a word, or a table of one word and its content.

use gate::ActionKind;
use serde_json::json;

use super::{BlockTable, HoldTable, OtherUpstreamTable, RescueTable, RespondTable, StaleTable};
use crate::config::errors::Problem;
use crate::config::nearest::suggestion;
use crate::config::place::{Place, Placed};
use crate::config::reader::{Definitions, Key, Read, Reader, Value};
use crate::config::values::{Either, List};

/// What a request gets, as it is typed.
#[derive(Debug)]
pub(in crate::config) enum ActionValue {
    Pass,
    Block(Option<BlockTable>),
    ReadOnly(Option<BlockTable>),
    Respond(RespondTable),
    Rescue(Box<Rescue>),
    Stale(Box<StaleTable>),
    Upstream(Box<Elsewhere>),
    Hold(Box<HoldTable>),
}

/// Another upstream, and what takes the place of its failure.
#[derive(Debug)]
pub(in crate::config) struct Elsewhere {
    pub(in crate::config) name: Key<String>,
    pub(in crate::config) otherwise: Option<BlockTable>,
}

impl Read for Elsewhere {
    fn read(value: &Value<'_>, reader: &mut Reader<'_>) -> Option<Self> {
        Some(match Either::<String, OtherUpstreamTable>::read(value, reader)? {
            Either::Plain(name) => {
                Self { name: Key::Set(Placed { value: name, place: Some(value.span().into()) }), otherwise: None }
            }
            Either::Table(table) => Self { name: table.name, otherwise: table.otherwise.into_value() },
        })
    }

    fn schema(definitions: &mut Definitions) -> serde_json::Value {
        Either::<String, OtherUpstreamTable>::schema(definitions)
    }
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

fn known() -> impl Iterator<Item = &'static str> + Clone {
    ActionKind::ALL.into_iter().map(ActionKind::as_str)
}

fn kind(word: &str, place: Place, reader: &mut Reader<'_>) -> Option<ActionKind> {
    let kind = ActionKind::ALL.into_iter().find(|kind| kind.as_str() == word);
    if kind.is_none() {
        let message = format!("`{}` knows no action `{word}`", reader.path());
        reader.report(Problem::new(Some(place), message).help(suggestion(word, known(), "actions")));
    }
    kind
}

/// What an action that says nothing by its word alone may hold.
const fn example(kind: ActionKind) -> &'static str {
    match kind {
        ActionKind::Stale => "{ up_to = \"10m\" }",
        ActionKind::Upstream => "\"previous\"",
        ActionKind::Hold => "{ up_to = \"8s\", then = \"block\" }",
        ActionKind::Pass | ActionKind::Block | ActionKind::ReadOnly | ActionKind::Respond | ActionKind::Rescue => {
            "{ json = [] }"
        }
    }
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
                kind => {
                    let message = format!("`{}`: `{word}` needs to be told more", reader.path());
                    let help = format!("such as {{ {word} = {} }}", example(kind));
                    reader.report(Problem::new(Some(place), message).help(help));
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
            ActionKind::Stale => reader.below(word, content).map(|stale| Self::Stale(Box::new(stale))),
            ActionKind::Upstream => reader.below(word, content).map(|other| Self::Upstream(Box::new(other))),
            ActionKind::Hold => reader.below(word, content).map(|hold| Self::Hold(Box::new(hold))),
        }
    }

    fn schema(definitions: &mut Definitions) -> serde_json::Value {
        let reference = json!({ "$ref": "#/$defs/Action" });
        if !definitions.contains_key("Action") {
            // Its name is taken before its parts are described: what follows a hold is an action.
            definitions.insert("Action".to_owned(), json!({}));
            let block = BlockTable::schema(definitions);
            let respond = RespondTable::schema(definitions);
            let rescue = RescueTable::schema(definitions);
            let stale = StaleTable::schema(definitions);
            let upstream = Elsewhere::schema(definitions);
            let hold = HoldTable::schema(definitions);
            let words = [ActionKind::Pass, ActionKind::Block, ActionKind::ReadOnly].map(ActionKind::as_str);
            let schema = json!({
                "description": "What a request gets: the upstream's answer (pass), a refusal (block), a refusal of writes \
                    (read_only), a fixed answer (respond), the upstream's answer with a fixed one in the place of a 5xx (rescue), \
                    the last good answer (stale), another upstream's (upstream), or a wait for the verdict to turn (hold).",
                "anyOf": [
                    { "enum": words },
                    { "type": "string", "pattern": r"\$\{" },
                    {
                        "type": "object",
                        "properties": {
                            "block": block,
                            "read_only": block,
                            "respond": respond,
                            "rescue": rescue,
                            "stale": stale,
                            "upstream": upstream,
                            "hold": hold,
                        },
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
