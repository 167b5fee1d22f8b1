//! Actions and the answers that they give.

use std::collections::HashMap;
use std::time::Duration;

use bytes::Bytes;
use gate::{Action, Actions, AnswerId, Hold, KnownMethods, UpstreamId};
use http::{HeaderValue, StatusCode, header};

use super::Check;
use crate::config::file::{ActionValue, BlockTable, DefaultsTable, Elsewhere, Rescue, RespondTable, RouteTable};
use crate::config::place::Placed;
use crate::config::reader::Key;
use crate::config::{AnswerSpec, BlockSpec, RespondSpec, StaleKey};

/// What actions speak of: every answer, of which equal refusals are one, and every hold.
#[derive(Debug, Default)]
pub(super) struct Answers {
    pub(super) specs: Vec<AnswerSpec>,
    blocks: HashMap<BlockSpec, AnswerId>,
    pub(super) holds: Vec<Hold>,
    /// What tells requests apart on the route that is being checked, if it may give a stale answer.
    pub(super) stale_key: Option<Placed<StaleKey>>,
}

/// `Retry-After` counts whole seconds.
pub(super) const SHORTEST_RETRY: Duration = Duration::from_secs(1);

/// What routes do that do not say otherwise.
pub(super) struct Defaults<'f> {
    pub(super) table: &'f DefaultsTable,
    block: BlockSpec,
    /// Where actions may lead.
    pub(super) upstreams: Vec<(&'f str, UpstreamId)>,
}

impl Answers {
    fn add(&mut self, spec: AnswerSpec) -> AnswerId {
        let id = AnswerId(u32::try_from(self.specs.len()).unwrap_or(u32::MAX));
        if let AnswerSpec::Block(block) = &spec {
            if let Some(known) = self.blocks.get(block) {
                return *known;
            }
            self.blocks.insert(block.clone(), id);
        }
        self.specs.push(spec);
        id
    }
}

impl Check<'_> {
    pub(super) fn defaults<'f>(
        &mut self,
        table: &'f DefaultsTable,
        upstreams: Vec<(&'f str, UpstreamId)>,
    ) -> Defaults<'f> {
        let block = BlockSpec {
            code: self.code("defaults.code", &table.code).unwrap_or_default(),
            message: self.message("defaults.message", &table.message),
            retry_after: self.duration("defaults.retry_after", &table.retry_after, SHORTEST_RETRY),
            refresh: table.refresh.copied().unwrap_or_default(),
            page: self.template("defaults.page", &table.page),
        };
        let defaults = Defaults { table, block, upstreams };
        // A default that no route uses is checked all the same.
        for key in [&table.on_broken, &table.on_contradicted, &table.on_migrating, &table.on_unknown] {
            self.action(key, &defaults, "", &mut Answers::default());
        }
        defaults
    }

    /// The four actions of a route: its own, else the default's, else as `on_broken`.
    pub(super) fn actions(
        &mut self,
        route: &RouteTable,
        name: &str,
        defaults: &Defaults<'_>,
        answers: &mut Answers,
    ) -> Option<Actions> {
        let table = defaults.table;
        let mut act = |own: &Key<ActionValue>, default: &Key<ActionValue>| {
            let key = if own.is_absent() { default } else { own };
            (self.action(key, defaults, name, answers), key.is_absent())
        };
        let (on_broken, _) = act(&route.on_broken, &table.on_broken);
        let (on_contradicted, as_broken) = act(&route.on_contradicted, &table.on_contradicted);
        let on_contradicted = if as_broken { on_broken } else { on_contradicted };
        let (on_migrating, as_broken) = act(&route.on_migrating, &table.on_migrating);
        let on_migrating = if as_broken { on_broken } else { on_migrating };
        let (on_unknown, _) = act(&route.on_unknown, &table.on_unknown);
        Some(Actions {
            on_broken: on_broken?,
            on_contradicted: on_contradicted?,
            on_migrating: on_migrating?,
            on_unknown: on_unknown?,
        })
    }

    /// The action that was typed. What is reported names no route, so that a mistake in the
    /// defaults is one mistake.
    pub(super) fn action(
        &mut self,
        key: &Key<ActionValue>,
        defaults: &Defaults<'_>,
        route: &str,
        answers: &mut Answers,
    ) -> Option<Action> {
        Some(match key.get()? {
            ActionValue::Pass => Action::Pass,
            ActionValue::Block(block) => Action::Block(self.refusal(block.as_ref(), defaults, answers)),
            ActionValue::ReadOnly(block) => Action::ReadOnly(self.refusal(block.as_ref(), defaults, answers)),
            ActionValue::Respond(respond) => {
                let spec = self.respond(respond, route)?;
                Action::Respond(answers.add(AnswerSpec::Respond(spec)))
            }
            ActionValue::Rescue(rescue) => {
                let methods = self.rescued(rescue);
                let otherwise = self.refusal(Some(&rescue.otherwise), defaults, answers);
                let spec = self.respond(&rescue.answer, route)?;
                Action::Rescue { answer: answers.add(AnswerSpec::Respond(spec)), methods, otherwise }
            }
            ActionValue::Stale(stale) => {
                let (up_to, refusal) = self.stale(stale, answers);
                Action::Stale { up_to, otherwise: self.refusal(refusal, defaults, answers) }
            }
            ActionValue::Upstream(elsewhere) => {
                let Elsewhere { name, otherwise } = &**elsewhere;
                let known = defaults.upstreams.iter().copied();
                let upstream = self.resolve(name.placed()?, known, ("upstream", "upstreams"))?;
                Action::Upstream { upstream, otherwise: self.refusal(otherwise.as_ref(), defaults, answers) }
            }
            ActionValue::Hold(hold) => self.hold(hold, defaults, route, answers)?,
        })
    }

    /// The refusal that was typed, with what the default has for the rest.
    pub(super) fn refusal(
        &mut self,
        block: Option<&BlockTable>,
        defaults: &Defaults<'_>,
        answers: &mut Answers,
    ) -> AnswerId {
        let spec = self.block(block, &defaults.block);
        answers.add(AnswerSpec::Block(spec))
    }

    /// The methods whose 5xx is replaced.
    fn rescued(&mut self, rescue: &Rescue) -> KnownMethods {
        let methods = rescue.methods.get().map_or(&[][..], |methods| &methods.0);
        for method in methods.iter().filter(|method| !KnownMethods::NAMES.contains(&method.value.as_str())) {
            self.error(method.place, format!("`{}` is not a method that can be rescued", method.value))
                .help("such as \"GET\" or \"POST\", in capital letters");
        }
        if methods.is_empty() && rescue.methods.get().is_some() {
            self.error(rescue.methods.place(), "`methods` is empty, so that nothing is rescued")
                .help("leave it out for GET and HEAD, or write \"block\" instead of rescue");
        }
        KnownMethods::new(methods.iter().map(|method| method.value.as_str()))
    }

    fn block(&mut self, block: Option<&BlockTable>, default: &BlockSpec) -> BlockSpec {
        let Some(block) = block else { return default.clone() };
        let retry_after = match block.retry_after {
            Key::Set(_) => self.duration("retry_after", &block.retry_after, SHORTEST_RETRY),
            Key::Absent | Key::Bad => default.retry_after,
        };
        BlockSpec {
            code: self.code("code", &block.code).unwrap_or_else(|| default.code.clone()),
            message: self.message("message", &block.message).or_else(|| default.message.clone()),
            retry_after,
            refresh: block.refresh.copied().unwrap_or(default.refresh),
            page: self.template("page", &block.page).or_else(|| default.page.clone()),
        }
    }

    pub(super) fn code(&mut self, name: &str, key: &Key<String>) -> Option<String> {
        let code = key.placed()?;
        let plain = |c: char| c.is_ascii_alphanumeric() || "_-.:".contains(c);
        if code.value.is_empty() || code.value.len() > 100 || !code.value.chars().all(plain) {
            self.error(
                code.place,
                format!("`{name}` must be 1 to 100 letters, digits and `_-.:`, for programs to compare"),
            )
            .help("such as \"BACKUPS_NOT_READY\"; sentences belong into `message`");
        }
        Some(code.value.clone())
    }

    pub(super) fn message(&mut self, name: &str, key: &Key<String>) -> Option<String> {
        let message = key.placed()?;
        if message.value.trim().is_empty() || message.value.chars().any(|c| c.is_control() && c != '\n') {
            self.error(message.place, format!("`{name}` is empty or holds control characters"))
                .help("leave it out for a sentence in the client's language");
        }
        Some(message.value.clone())
    }

    fn respond(&mut self, respond: &RespondTable, route: &str) -> Option<RespondSpec> {
        let status = self.status(respond);
        let (mut content_type, body) = self.body(respond, status);
        let mut headers = Vec::new();
        for (name, value) in self.headers(&respond.headers) {
            if name == header::CONTENT_TYPE {
                content_type = value;
            } else {
                headers.push((name, value));
            }
        }
        Some(RespondSpec { route: route.to_owned(), status: status?, headers, content_type, body })
    }

    fn status(&mut self, respond: &RespondTable) -> Option<StatusCode> {
        let typed = respond.status.placed()?;
        let status = StatusCode::from_u16(typed.value).ok().filter(|status| (200..600).contains(&status.as_u16()));
        if status.is_none() {
            self.error(typed.place, format!("`status` is {}, and must be from 200 to 599", typed.value));
        }
        status
    }

    /// The body and its type; one of three, or none.
    fn body(&mut self, respond: &RespondTable, status: Option<StatusCode>) -> (HeaderValue, Bytes) {
        let json = respond.json.get().map(|json| json.0.to_string());
        let bodies = [
            ("json", respond.json.place(), json, "application/json"),
            ("text", respond.text.place(), respond.text.get().cloned(), "text/plain; charset=utf-8"),
            ("html", respond.html.place(), respond.html.get().cloned(), "text/html; charset=utf-8"),
        ];
        let mut given = bodies.into_iter().filter(|(_, place, ..)| place.is_some());
        let Some((first, place, body, content_type)) = given.next() else {
            return (HeaderValue::from_static("text/plain; charset=utf-8"), Bytes::new());
        };
        if let Some((second, other, ..)) = given.next() {
            self.error(other, format!("`{first}` and `{second}` are both given, and an answer has one body"))
                .beside(place, "the other");
        }
        // RFC 9110, section 6.4.1.
        if status.is_some_and(|status| matches!(status.as_u16(), 204 | 205 | 304)) {
            self.error(place, "an answer of status 204, 205 or 304 has no body")
                .help("leave the body out, or answer 200");
        }
        (HeaderValue::from_static(content_type), Bytes::from(body.unwrap_or_default()))
    }
}
