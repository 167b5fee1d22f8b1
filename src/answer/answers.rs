//! Every answer, and the choice among them.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use gate::AnswerId;
use http::{HeaderValue, StatusCode, header};

use super::body::Filling;
use super::fixed::Fixed;
use super::headers::{CommonHeaders, Headers};
use super::language::Language;
use super::letter::{Letter, WindowMessage, whole_seconds};
use super::occasion::Occasion;
use super::page::Pages;
use super::proxy_status::ProxyStatus;
use super::reference::Reference;
use super::refusal::Refusal;
use super::words::Words;
use super::{Answer, Client, Saying, TemplateError, cors};
use crate::config::{AnswerSpec, BlockSpec, Brand};

/// Every answer, rendered when the configuration was loaded.
#[derive(Debug)]
pub struct Answers {
    routes: Vec<Prepared>,
    updating: Refusal,
    /// By a window that has no message of its own.
    maintenance: Refusal,
    /// By one that has.
    announced: Refusal,
    not_found: Refusal,
    malformed: Refusal,
    late_header: Refusal,
    large_header: Refusal,
    long_target: Refusal,
    large_body: Refusal,
    expectation: Refusal,
    unreachable: Refusal,
    too_slow: Refusal,
    language: Language,
    /// What stands in every answer.
    everywhere: Arc<CommonHeaders>,
    /// The same with what the public health answer is.
    health: Arc<CommonHeaders>,
}

/// What a route says. Routes that say the same share it: ten thousand routes have few pages.
#[derive(Debug)]
enum Prepared {
    Refusal(Arc<Refusal>),
    Fixed(Fixed),
}

/// A choice among what is prepared.
#[derive(Debug, Clone, Copy)]
enum Chosen<'a> {
    Refusal(&'a Refusal),
    Fixed(&'a Fixed),
}

impl Answers {
    /// Renders everything that may be said, in every language and format. `answers` in the order
    /// of [`AnswerId`]; `maintenance` is what is said while a window is open.
    pub fn render(answers: &[AnswerSpec], maintenance: &BlockSpec, brand: &Brand) -> Result<Self, TemplateError> {
        let mut pages = Pages::new(brand)?;
        let template = maintenance.page.as_ref().map(|template| pages.add(template)).transpose()?;
        let routes = routes(answers, &mut pages)?;
        let window = |message| Refusal::render(&Letter::maintenance(maintenance, message), &pages, template.as_deref());
        let (maintenance, announced) = (window(WindowMessage::Usual)?, window(WindowMessage::Own)?);
        let own = |occasion| Refusal::render(&Letter::own(occasion), &pages, None);
        let [fallback, ..] = Language::ALL;
        Ok(Self {
            routes,
            updating: own(Occasion::Updating)?,
            maintenance,
            announced,
            not_found: own(Occasion::NotFound)?,
            malformed: own(Occasion::Malformed)?,
            late_header: own(Occasion::LateHeader)?,
            large_header: own(Occasion::LargeHeader)?,
            long_target: own(Occasion::LongTarget)?,
            large_body: own(Occasion::LargeBody)?,
            expectation: own(Occasion::Expectation)?,
            unreachable: own(Occasion::Unreachable)?,
            too_slow: own(Occasion::TooSlow)?,
            language: brand.language.as_deref().and_then(Language::from_tag).unwrap_or(fallback),
            everywhere: CommonHeaders::with(&[]),
            health: CommonHeaders::with(&[(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))]),
        })
    }

    /// The answer for one client.
    pub fn answer(&self, saying: Saying<'_>, client: &Client<'_>) -> Answer {
        let client = &client.heard();
        let (chosen, proxy_status) = self.choose(saying);
        let preflight = preflight(saying, client);
        let mut answer = match (&preflight, chosen) {
            (Some(_), _) => {
                Answer::new(StatusCode::NO_CONTENT, Headers::of(&self.everywhere), Bytes::new(), client.method)
            }
            (None, Chosen::Fixed(fixed)) => fixed.answer(client.method),
            (None, Chosen::Refusal(refusal)) => self.refuse(refusal, saying, client),
        };
        let detail = match saying {
            Saying::BadPath(error) => Some(error.word()),
            Saying::Wire(refusal) => Some(refusal.word()),
            _ => None,
        };
        proxy_status.tell(detail, &mut answer.headers);
        cors::share(client.fields, &mut answer.headers);
        if let Some(preflight) = preflight {
            preflight.allow(&mut answer.headers);
        }
        answer
    }

    fn refuse(&self, refusal: &Refusal, saying: Saying<'_>, client: &Client<'_>) -> Answer {
        let reference = Reference::new(client.request_id);
        let language = Language::wanted(client.path, client.fields, self.language);
        let detail = match saying {
            Saying::BadPath(error) => Words::of(language).path(error),
            Saying::BadRequest(words) => words,
            Saying::Wire(refusal) => refusal.as_str(),
            _ => "",
        };
        let (message, retry_after) = match saying {
            // Whoever comes at its end comes at the right time: all may.
            Saying::Maintenance { message, lasts: Some(lasts) } => (message, Some(whole_seconds(lasts))),
            Saying::Maintenance { message, lasts: None } => (message, refusal.retry_after()),
            _ => (None, refusal.retry_after()),
        };
        let when = retry_after.filter(|_| matches!(saying, Saying::Maintenance { .. }));
        let when = when.map(|seconds| Words::of(language).when(seconds)).unwrap_or_default();
        let message = message.unwrap_or_default();
        let filling = Filling { reference: &reference, retry_after, detail, message, when: &when };
        refusal.answer(client, language, &filling)
    }

    /// The public health answer: `status` only. 200, or 503 where `strict` and not ready.
    pub fn health(&self, ready: bool, strict: bool, client: &Client<'_>) -> Answer {
        let body: &[u8] = if ready { b"{\"status\":\"ready\"}\n" } else { b"{\"status\":\"degraded\"}\n" };
        let status = if ready || !strict { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
        let mut answer = Answer::new(status, Headers::of(&self.health), Bytes::from_static(body), client.method);
        ProxyStatus::OWN_ANSWER.tell(None, &mut answer.headers);
        cors::share(client.fields, &mut answer.headers);
        answer
    }

    /// What is said of a request that is refused for its form alone.
    const fn of_status(&self, status: u16) -> &Refusal {
        match status {
            413 => &self.large_body,
            414 => &self.long_target,
            417 => &self.expectation,
            431 => &self.large_header,
            _ => &self.malformed,
        }
    }

    fn choose(&self, saying: Saying<'_>) -> (Chosen<'_>, ProxyStatus) {
        match saying {
            Saying::Route(AnswerId(id)) => match self.routes.get(id as usize) {
                Some(Prepared::Fixed(fixed)) => (Chosen::Fixed(fixed), ProxyStatus::OWN_ANSWER),
                Some(Prepared::Refusal(refusal)) => (Chosen::Refusal(refusal), ProxyStatus::DENIED),
                // An id of another configuration; to refuse is what it stood for most likely.
                None => (Chosen::Refusal(&self.updating), ProxyStatus::DENIED),
            },
            Saying::Maintenance { message: None, .. } => (Chosen::Refusal(&self.maintenance), ProxyStatus::DENIED),
            Saying::Maintenance { .. } => (Chosen::Refusal(&self.announced), ProxyStatus::DENIED),
            Saying::Updating => (Chosen::Refusal(&self.updating), ProxyStatus::DENIED),
            Saying::NoRoute => (Chosen::Refusal(&self.not_found), ProxyStatus::NOT_FOUND),
            Saying::BadPath(_) | Saying::BadRequest(_) => (Chosen::Refusal(&self.malformed), ProxyStatus::MALFORMED),
            Saying::LateHeader => (Chosen::Refusal(&self.late_header), ProxyStatus::MALFORMED),
            Saying::Wire(refusal) => (Chosen::Refusal(self.of_status(refusal.status())), ProxyStatus::MALFORMED),
            Saying::Upstream(failure) if failure.timed_out() => {
                (Chosen::Refusal(&self.too_slow), failure.proxy_status())
            }
            Saying::Upstream(failure) => (Chosen::Refusal(&self.unreachable), failure.proxy_status()),
        }
    }
}

fn routes(answers: &[AnswerSpec], pages: &mut Pages) -> Result<Vec<Prepared>, TemplateError> {
    let mut known: HashMap<Likeness<'_>, Arc<Refusal>> = HashMap::new();
    let mut routes = Vec::with_capacity(answers.len());
    for spec in answers {
        routes.push(match spec {
            AnswerSpec::Respond(respond) => Prepared::Fixed(Fixed::new(respond)),
            AnswerSpec::Block(block) => Prepared::Refusal(match known.entry(Likeness::of(block)) {
                Entry::Occupied(same) => Arc::clone(same.get()),
                Entry::Vacant(new) => {
                    let template = block.page.as_ref().map(|template| pages.add(template)).transpose()?;
                    let refusal = Refusal::render(&Letter::block(block), pages, template.as_deref())?;
                    Arc::clone(new.insert(Arc::new(refusal)))
                }
            }),
        });
    }
    Ok(routes)
}

/// What makes two refusals the same.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Likeness<'a> {
    code: &'a str,
    message: Option<&'a str>,
    retry_after: Duration,
    refresh: bool,
    page: Option<(&'a Path, &'a str)>,
}

impl<'a> Likeness<'a> {
    fn of(BlockSpec { code, message, retry_after, refresh, page }: &'a BlockSpec) -> Self {
        Self {
            code,
            message: message.as_deref(),
            retry_after: *retry_after,
            refresh: *refresh,
            page: page.as_ref().map(|page| (page.path.as_path(), &*page.source)),
        }
    }
}

/// The preflight that is said yes to, if a request is one. What schemagate refuses, it may let be
/// asked for: the refusal is all that there is to get. A route whose upstream is silent is open:
/// what may be asked of it is not schemagate's to say.
fn preflight<'a>(saying: Saying<'_>, client: &Client<'a>) -> Option<cors::Preflight<'a>> {
    let refused = !matches!(saying, Saying::Upstream(_));
    refused.then(|| cors::Preflight::asked(client.method, client.fields)).flatten()
}
