//! A refusal in every language and format, and the choice among them.

use std::sync::{Arc, LazyLock};

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Method, StatusCode, header};

use super::accept::{Format, only_fetches};
use super::body::{Body, Filling};
use super::headers::{CommonHeaders, Headers, POLICY_WITH_IMAGES};
use super::language::Language;
use super::letter::Letter;
use super::occasion::Occasion;
use super::page::{Pages, Visit};
use super::problem::Problem;
use super::retry_after::RetryAfter;
use super::words::Words;
use super::{Answer, Client, TemplateError, grpc, plain};
use crate::head::Fields;

/// A refusal, rendered.
#[derive(Debug)]
pub(super) struct Refusal {
    occasion: Occasion,
    retry_after: Option<RetryAfter>,
    texts: [Texts; Language::ALL.len()],
}

/// A refusal in one language.
#[derive(Debug)]
struct Texts {
    language: Language,
    reading: Page,
    /// Where they differ from [`Self::reading`].
    other_visits: Vec<Page>,
    problem: Text,
    plain: Text,
    /// For gRPC, where it is told in headers alone.
    headers: Arc<CommonHeaders>,
    /// `grpc-message`, where neither a detail nor a window's message stands in for it.
    message: HeaderValue,
}

#[derive(Debug)]
struct Page {
    visit: Visit,
    text: Text,
}

/// A body with the headers that are the same each time.
#[derive(Debug)]
struct Text {
    headers: Arc<CommonHeaders>,
    body: Body,
}

/// A kind of answer, by which its headers differ.
#[derive(Debug, Clone, Copy)]
enum Kind {
    Page,
    PageWithImages,
    Problem,
    Plain,
    /// Its type is the call's.
    Call,
}

static REFRESH: HeaderName = HeaderName::from_static("refresh");
pub(super) static GRPC_STATUS: HeaderName = HeaderName::from_static("grpc-status");
static GRPC_MESSAGE: HeaderName = HeaderName::from_static("grpc-message");

impl Refusal {
    /// Renders everything that may be said. `template`: as [`Pages::add`] named it.
    pub(super) fn render(letter: &Letter<'_>, pages: &Pages, template: Option<&str>) -> Result<Self, TemplateError> {
        let texts = |language| Texts::render(letter, pages, template, language);
        let [first, second] = Language::ALL;
        Ok(Self {
            occasion: letter.occasion,
            retry_after: letter.retry_after.map(RetryAfter::new),
            texts: [texts(first)?, texts(second)?],
        })
    }

    /// The seconds that one client is told to wait.
    pub(super) fn retry_after(&self) -> Option<u64> {
        self.retry_after.as_ref().map(RetryAfter::seconds)
    }

    /// What one client reads.
    pub(super) fn answer(&self, client: &Client<'_>, language: Language, filling: &Filling<'_>) -> Answer {
        let [first, others @ ..] = &self.texts;
        let texts = others.iter().find(|texts| texts.language == language).unwrap_or(first);
        let status = self.occasion.circumstances().status;
        let value =
            |seconds: u64| self.retry_after.as_ref().map_or_else(|| seconds.into(), |known| known.value(seconds));
        let seconds = filling.retry_after.map(value);
        let mut answer = if let Some(call) = grpc::call_type(client.fields) {
            let mut headers = Headers::of(&texts.headers);
            headers.push(header::CONTENT_TYPE, call);
            headers.push(GRPC_STATUS.clone(), grpc::status(status));
            let own = [filling.detail, filling.message].into_iter().find(|text| !text.is_empty());
            let detail = own.map(grpc::message);
            headers.push(GRPC_MESSAGE.clone(), detail.unwrap_or_else(|| texts.message.clone()));
            Answer::new(StatusCode::OK, headers, Bytes::new(), client.method)
        } else {
            let (text, refresh) = match Format::wanted(client.fields) {
                Format::Problem => (&texts.problem, None),
                Format::Plain => (&texts.plain, None),
                Format::Html => {
                    let page = texts.page(client);
                    (&page.text, seconds.clone().filter(|_| page.visit == Visit::Waiting))
                }
            };
            let mut headers = Headers::of(&text.headers);
            if let Some(seconds) = refresh {
                headers.push(REFRESH.clone(), seconds);
            }
            Answer::new(status, headers, text.body.fill(filling), client.method)
        };
        if let Some(seconds) = seconds {
            answer.headers.push(header::RETRY_AFTER, seconds);
        }
        answer
    }
}

impl Text {
    fn new(kind: Kind, language: Language, body: Body) -> Self {
        Self { headers: kind.headers(language), body }
    }
}

impl Kind {
    const ALL: [Self; 5] = [Self::Page, Self::PageWithImages, Self::Problem, Self::Plain, Self::Call];

    /// The headers of all refusals of this kind.
    fn headers(self, language: Language) -> Arc<CommonHeaders> {
        static HEADERS: LazyLock<Vec<Arc<CommonHeaders>>> = LazyLock::new(|| {
            let kinds = |language| Kind::ALL.map(|kind| kind.prepare(language));
            Language::ALL.into_iter().flat_map(kinds).collect()
        });
        let known = HEADERS.get(language as usize * Self::ALL.len() + self as usize);
        known.map_or_else(|| self.prepare(language), Arc::clone)
    }

    fn prepare(self, language: Language) -> Arc<CommonHeaders> {
        let content_type = match self {
            Self::Page | Self::PageWithImages => Some("text/html; charset=utf-8"),
            // JSON is UTF-8 and has no `charset` (RFC 8259, section 11).
            Self::Problem => Some("application/problem+json"),
            Self::Plain => Some("text/plain; charset=utf-8"),
            Self::Call => None,
        };
        let mut headers = vec![(header::CONTENT_LANGUAGE, HeaderValue::from_static(language.tag()))];
        headers.extend(content_type.map(|kind| (header::CONTENT_TYPE, HeaderValue::from_static(kind))));
        if matches!(self, Self::PageWithImages) {
            headers.push((header::CONTENT_SECURITY_POLICY, POLICY_WITH_IMAGES.clone()));
        }
        CommonHeaders::with(&headers)
    }
}

impl Texts {
    fn render(
        letter: &Letter<'_>,
        pages: &Pages,
        template: Option<&str>,
        language: Language,
    ) -> Result<Self, TemplateError> {
        let words = Words::of(language);
        let said = words.said(letter.occasion);
        let message = letter.message.as_deref().unwrap_or(said.message);
        let circumstances = letter.occasion.circumstances();
        let page = |visit| {
            let (body, images) = pages.render(template, letter, language, visit)?;
            let kind = if images { Kind::PageWithImages } else { Kind::Page };
            Ok(Page { visit, text: Text::new(kind, language, body) })
        };
        let differ = [(Visit::Waiting, letter.reloads), (Visit::Sending, said.sent.is_some())];
        let problem = Problem {
            title: said.phrase,
            status: circumstances.status,
            detail: (letter.occasion != Occasion::Malformed).then_some(message),
            code: letter.code,
            retries: letter.retry_after.is_some(),
        };
        Ok(Self {
            language,
            reading: page(Visit::Reading)?,
            other_visits: differ
                .into_iter()
                .filter(|(_, differs)| *differs)
                .map(|(visit, _)| page(visit))
                .collect::<Result<_, _>>()?,
            problem: Text::new(Kind::Problem, language, problem.render()),
            plain: Text::new(Kind::Plain, language, plain::render(letter, words, pages.contact())),
            headers: Kind::Call.headers(language),
            message: grpc::message(message),
        })
    }

    /// The page for one client.
    fn page(&self, client: &Client<'_>) -> &Page {
        let visit = visit(client.method, client.fields);
        self.other_visits.iter().find(|page| page.visit == visit).unwrap_or(&self.reading)
    }
}

/// What a request for HTML is about. HEAD is told what GET would be.
fn visit(method: &Method, fields: Fields<'_>) -> Visit {
    match *method {
        Method::GET | Method::HEAD if only_fetches(fields) => Visit::Reading,
        Method::GET | Method::HEAD => Visit::Waiting,
        _ => Visit::Sending,
    }
}
