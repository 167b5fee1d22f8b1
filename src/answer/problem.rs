//! JSON that says what is wrong: `application/problem+json` (RFC 9457).

use http::StatusCode;
use serde_json::Value;

use super::body::{Body, Escape, Hole};

/// The members of a problem, in the order in which they are written. `type` is `about:blank`:
/// status and code say it all.
#[derive(Debug)]
pub(super) struct Problem<'a> {
    /// The status in words.
    pub(super) title: &'a str,
    /// The answer's status.
    pub(super) status: StatusCode,
    /// What happened, for people; `None`: what is wrong with this very request.
    pub(super) detail: Option<&'a str>,
    /// What happened, for programs.
    pub(super) code: &'a str,
    /// Whether it tells the seconds that `Retry-After` tells.
    pub(super) retries: bool,
}

impl Problem<'_> {
    /// The body. Its `request_id` is that of `X-Request-Id`.
    pub(super) fn render(&self) -> Body {
        let text = |text: &str| Value::from(text).to_string();
        let hole = |hole: Hole| hole.mark().to_string();
        let members = [
            ("type", Some(text("about:blank"))),
            ("title", Some(text(self.title))),
            ("status", Some(self.status.as_u16().to_string())),
            ("detail", Some(text(self.detail.unwrap_or(&hole(Hole::Detail))))),
            ("code", Some(text(self.code))),
            ("retry_after", self.retries.then(|| hole(Hole::RetryAfter))),
            ("request_id", Some(text(&hole(Hole::Reference)))),
        ];
        let members: Vec<String> =
            members.into_iter().filter_map(|(name, value)| value.map(|value| format!("\"{name}\":{value}"))).collect();
        Body::cut(&format!("{{{}}}\n", members.join(",")), Escape::Json)
    }
}
