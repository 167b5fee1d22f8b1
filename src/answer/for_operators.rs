//! What operators are told beside what everybody is.

use std::fmt::Write as _;

use bytes::Bytes;
use http::header;

use super::Answer;

/// A refusal with what is wrong, in the format that it has. Nobody else may be given it: it names tables and commands.
#[must_use]
pub fn for_operators(mut answer: Answer, lines: &[String]) -> Answer {
    let content_type =
        answer.headers.get(&header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let body = String::from_utf8_lossy(&answer.body);
    let told = match content_type.split(';').next().unwrap_or_default() {
        // An answer to HEAD.
        _ if body.is_empty() => None,
        "text/html" => Some(page(&body, lines)),
        "application/problem+json" => problem(&body, lines),
        "text/plain" => Some(format!("{}\n\n{}\n", body.trim_end(), lines.join("\n"))),
        _ => None,
    };
    if let Some(told) = told {
        answer.length = Some(told.len());
        answer.body = Bytes::from(told);
    }
    answer
}

/// The page with a section at its end, whatever template made it.
fn page(body: &str, lines: &[String]) -> String {
    let mut section = String::from("<section lang=\"en\"><h2>For operators</h2><ul>");
    for line in lines {
        let line = line.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
        // Writing to a text cannot fail.
        let _ = write!(section, "<li>{line}</li>");
    }
    section.push_str("</ul></section>");
    let end = ["</main>", "</body>"].iter().find_map(|tag| body.rfind(tag)).unwrap_or(body.len());
    let (before, after) = body.split_at(end);
    format!("{before}{section}{after}")
}

fn problem(body: &str, lines: &[String]) -> Option<String> {
    let mut problem: serde_json::Value = serde_json::from_str(body).ok()?;
    problem.as_object_mut()?.insert("operators".to_owned(), lines.into());
    Some(format!("{problem}\n"))
}

#[cfg(test)]
mod tests {
    use http::{HeaderValue, Method, StatusCode};

    use super::*;

    fn told(content_type: &'static str, body: &'static str) -> String {
        let headers = vec![(header::CONTENT_TYPE, HeaderValue::from_static(content_type))];
        let body = Bytes::from_static(body.as_bytes());
        let answer = Answer::new(StatusCode::SERVICE_UNAVAILABLE, headers.into(), body, &Method::GET);
        let told = for_operators(answer, &["table <b> is missing".to_owned()]);
        assert_eq!(told.length, Some(told.body.len()));
        String::from_utf8(told.body.to_vec()).expect("text")
    }

    #[test]
    fn every_format_has_what_is_wrong() {
        assert_eq!(
            told("text/html; charset=utf-8", "<body><main><h1>x</h1></main></body>"),
            "<body><main><h1>x</h1><section lang=\"en\"><h2>For operators</h2><ul><li>table &lt;b&gt; is missing</li></ul></section></main></body>"
        );
        let problem: serde_json::Value =
            serde_json::from_str(&told("application/problem+json", "{\"status\":503}")).expect("JSON");
        assert_eq!(problem, serde_json::json!({ "status": 503, "operators": ["table <b> is missing"] }));
        assert_eq!(told("text/plain; charset=utf-8", "Back soon.\n"), "Back soon.\n\ntable <b> is missing\n");
        assert_eq!(told("application/grpc", "x"), "x");
        assert_eq!(told("text/html", ""), "");
    }
}
