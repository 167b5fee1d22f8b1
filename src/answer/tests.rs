mod cors;
mod fixed;
mod formats;
mod grpc;
mod headers;
mod leaks;
mod maintenance;
mod pages;

use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue, header};

use super::*;
use crate::config::{AnswerSpec, BlockSpec, Brand, RespondSpec, Template};

/// A request of a test.
struct Asked {
    method: Method,
    path: &'static str,
    headers: HeaderMap,
}

fn get(headers: &[(&'static str, &str)]) -> Asked {
    asked(Method::GET, headers)
}

fn asked(method: Method, headers: &[(&'static str, &str)]) -> Asked {
    let headers = headers
        .iter()
        .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_str(value).unwrap()))
        .collect();
    Asked { method, path: "/app", headers }
}

/// A browser that opens a page.
fn visit(headers: &[(&'static str, &str)]) -> Asked {
    let mut all = vec![("sec-fetch-mode", "navigate"), ("accept", "text/html,*/*;q=0.8")];
    all.extend_from_slice(headers);
    get(&all)
}

impl Asked {
    fn of(&self, answers: &Answers, saying: Saying<'_>) -> Answer {
        answers.answer(saying, &self.client())
    }

    fn client(&self) -> Client<'_> {
        Client {
            method: &self.method,
            fields: Fields::Map(&self.headers),
            path: self.path,
            request_id: b"0199f3c2-7d1e",
        }
    }
}

impl Answer {
    fn header(&self, name: &str) -> Option<&str> {
        let mut found = self.headers.iter().filter(|(known, _)| known == name);
        let value = found.next().map(|(_, value)| value.to_str().unwrap());
        assert!(found.next().is_none(), "{name} stands twice");
        value
    }

    fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

const ROUTE: Saying = Saying::Route(AnswerId(0));

fn block() -> BlockSpec {
    BlockSpec {
        code: "BACKUPS_NOT_READY".to_owned(),
        message: None,
        retry_after: Duration::from_secs(30),
        refresh: false,
        page: None,
    }
}

fn maintenance() -> BlockSpec {
    BlockSpec { code: "MAINTENANCE".to_owned(), ..block() }
}

fn respond() -> RespondSpec {
    RespondSpec {
        route: "backup list".to_owned(),
        status: StatusCode::OK,
        headers: Vec::new(),
        content_type: HeaderValue::from_static("application/json"),
        body: Bytes::from_static(b"[]"),
    }
}

fn template(source: &str) -> Template {
    Template { path: "pages/own.html".into(), source: source.into() }
}

fn render(spec: AnswerSpec, brand: &Brand) -> Answers {
    Answers::render(&[spec], &maintenance(), brand).unwrap()
}

/// Answers of which the first is [`block`].
fn blocking() -> Answers {
    render(AnswerSpec::Block(block()), &Brand::default())
}

/// Everything that can be said.
fn sayings() -> Vec<Saying<'static>> {
    use UpstreamFailure::{Broken, ConnectTimeout, Dns, Refused, ResponseTimeout, Tls, Unavailable};
    let failures = [Refused, ConnectTimeout, Dns, Tls, ResponseTimeout, Broken, Unavailable];
    let mut all = vec![ROUTE, Saying::NoRoute, Saying::BadPath(PathError::Control), Saying::BadRequest("no Host")];
    all.push(Saying::Maintenance { message: None, lasts: Some(Duration::from_secs(90)) });
    all.extend(failures.map(Saying::Upstream));
    all
}
