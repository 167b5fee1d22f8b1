//! Plain text, for terminals.

use super::body::{Body, Escape, Hole};
use super::letter::Letter;
use super::occasion::Occasion;
use super::words::Words;

/// A few lines that say the same as the page.
pub(super) fn render(letter: &Letter<'_>, words: &Words, contact: Option<&str>) -> Body {
    let said = words.said(letter.occasion);
    let mut lines =
        vec![said.title.to_owned(), String::new(), letter.message.as_deref().unwrap_or(said.message).to_owned()];
    if letter.occasion == Occasion::Malformed {
        lines.push(Hole::Detail.mark().to_string());
    }
    lines.extend(letter.when(words));
    lines.push(String::new());
    lines.extend(contact.map(|contact| format!("{} {contact}", words.help)));
    lines.push(format!("{} {}\n", words.reference, Hole::Reference.mark()));
    Body::cut(&lines.join("\n"), Escape::Nothing)
}
