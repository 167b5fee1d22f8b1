//! A body that was rendered when the configuration was loaded, but for the few words that only a
//! request can give.

use bytes::Bytes;

use super::reference::Reference;

/// A word that only a request can give.
///
/// While a body is rendered, a single private-use character stands for it: no template's filter
/// changes one, and no escaping does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Hole {
    /// The request's id.
    Reference,
    /// The seconds until the client may come back, with their jitter.
    RetryAfter,
    /// What is wrong with a malformed request.
    Detail,
    /// What a maintenance window says.
    Message,
    /// When it ends, as a sentence.
    When,
}

/// How a word must be written to stay a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Escape {
    /// In HTML, in text and in quoted attributes.
    Html,
    /// In a JSON string.
    Json,
    /// As it is.
    Nothing,
}

/// What fills the holes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Filling<'a> {
    /// For [`Hole::Reference`]; safe everywhere by its type.
    pub(super) reference: &'a Reference<'a>,
    /// For [`Hole::RetryAfter`].
    pub(super) retry_after: Option<u64>,
    /// For [`Hole::Detail`].
    pub(super) detail: &'a str,
    /// For [`Hole::Message`].
    pub(super) message: &'a str,
    /// For [`Hole::When`].
    pub(super) when: &'a str,
}

/// A body, cut at its holes.
#[derive(Debug, Clone)]
pub(super) struct Body {
    head: Bytes,
    rest: Box<[(Hole, Box<str>)]>,
    escape: Escape,
    length: usize,
}

impl Hole {
    const ALL: [Self; 5] = [Self::Reference, Self::RetryAfter, Self::Detail, Self::Message, Self::When];

    /// The character that stands for it.
    pub(super) const fn mark(self) -> char {
        match self {
            Self::Reference => '\u{F5CA1}',
            Self::RetryAfter => '\u{F5CA2}',
            Self::Detail => '\u{F5CA3}',
            Self::Message => '\u{F5CA4}',
            Self::When => '\u{F5CA5}',
        }
    }

    fn of_mark(character: char) -> Option<Self> {
        Self::ALL.into_iter().find(|hole| hole.mark() == character)
    }
}

impl Body {
    /// Cuts what was rendered at its marks.
    pub(super) fn cut(rendered: &str, escape: Escape) -> Self {
        let cuts: Vec<(usize, char, Hole)> = rendered
            .char_indices()
            .filter_map(|(at, character)| Hole::of_mark(character).map(|hole| (at, character, hole)))
            .collect();
        let ends = cuts.iter().map(|(at, ..)| *at).skip(1).chain([rendered.len()]);
        let between = |from: usize, to: usize| rendered.get(from..to).unwrap_or_default();
        let rest: Box<[(Hole, Box<str>)]> = cuts
            .iter()
            .zip(ends)
            .map(|((at, character, hole), end)| (*hole, between(at + character.len_utf8(), end).into()))
            .collect();
        let head = between(0, cuts.first().map_or(rendered.len(), |(at, ..)| *at));
        let length = head.len() + rest.iter().map(|(_, text)| text.len()).sum::<usize>();
        Self { head: Bytes::copy_from_slice(head.as_bytes()), rest, escape, length }
    }

    /// The body for one request: one allocation, or none where it has no holes.
    pub(super) fn fill(&self, with: &Filling<'_>) -> Bytes {
        if self.rest.is_empty() {
            return self.head.clone();
        }
        let mut digits = itoa::Buffer::new();
        let seconds = digits.format(with.retry_after.unwrap_or_default());
        let word = |hole| match hole {
            Hole::Reference => with.reference.as_bytes(),
            Hole::RetryAfter => seconds.as_bytes(),
            Hole::Detail => with.detail.as_bytes(),
            Hole::Message => with.message.as_bytes(),
            Hole::When => with.when.as_bytes(),
        };
        // A text is seldom escaped: nearly always there is neither too much room nor too little.
        let words: usize = self.rest.iter().map(|(hole, _)| word(*hole).len()).sum();
        let mut out = Vec::with_capacity(self.length + words);
        out.extend_from_slice(&self.head);
        for (hole, text) in &self.rest {
            match hole {
                Hole::Reference | Hole::RetryAfter => out.extend_from_slice(word(*hole)),
                Hole::Detail | Hole::Message | Hole::When => self.escape.write(word(*hole), &mut out),
            }
            out.extend_from_slice(text.as_bytes());
        }
        out.into()
    }
}

impl Escape {
    fn write(self, text: &[u8], out: &mut Vec<u8>) {
        for &byte in text {
            match (self, byte) {
                (Self::Html, b'&') => out.extend_from_slice(b"&amp;"),
                (Self::Html, b'<') => out.extend_from_slice(b"&lt;"),
                (Self::Html, b'>') => out.extend_from_slice(b"&gt;"),
                (Self::Html, b'"') => out.extend_from_slice(b"&quot;"),
                (Self::Html, b'\'') => out.extend_from_slice(b"&#39;"),
                (Self::Json, b'"' | b'\\') => out.extend_from_slice(&[b'\\', byte]),
                // Of one line are all the words that go into a hole.
                (_, 0..=0x1f) => out.push(b' '),
                _ => out.push(byte),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn filled(rendered: &str, escape: Escape, detail: &str) -> String {
        let reference = Reference::new(b"ref-1");
        let filling = Filling { reference: &reference, retry_after: Some(31), detail, message: "m", when: "w" };
        String::from_utf8(Body::cut(rendered, escape).fill(&filling).to_vec()).unwrap()
    }

    fn marked(text: &str) -> String {
        text.replace('R', &Hole::Reference.mark().to_string())
            .replace('S', &Hole::RetryAfter.mark().to_string())
            .replace('D', &Hole::Detail.mark().to_string())
    }

    #[test]
    fn every_hole_is_filled_where_it_stands() {
        assert_eq!(filled(&marked("R in S: D"), Escape::Nothing, "no"), "ref-1 in 31: no");
        assert_eq!(filled(&marked("é RR ü"), Escape::Nothing, ""), "é ref-1ref-1 ü");
        assert_eq!(filled("", Escape::Nothing, ""), "");
    }

    #[test]
    fn a_body_without_holes_is_shared_and_not_copied() {
        let body = Body::cut("fixed", Escape::Html);
        let reference = Reference::new(b"x");
        let filling = Filling { reference: &reference, retry_after: None, detail: "", message: "", when: "" };
        assert_eq!(body.fill(&filling).as_ptr(), body.fill(&filling).as_ptr());
    }

    #[test]
    fn a_detail_cannot_leave_its_place() {
        assert_eq!(
            filled(&marked("<p>D</p>"), Escape::Html, "<b a='\"'>&"),
            "<p>&lt;b a=&#39;&quot;&#39;&gt;&amp;</p>"
        );
        assert_eq!(filled(&marked("[\"D\"]"), Escape::Json, "a\"b\\c\nd"), "[\"a\\\"b\\\\c d\"]");
    }

    #[test]
    fn no_filter_of_a_template_changes_a_mark() {
        for hole in Hole::ALL {
            let mark = hole.mark();
            assert_eq!(mark.to_uppercase().to_string(), mark.to_string());
            assert_eq!(mark.to_lowercase().to_string(), mark.to_string());
            assert!(!mark.is_whitespace() && !mark.is_control());
        }
    }

    proptest! {
        #[test]
        fn what_is_cut_and_filled_is_what_replacing_gives(text in "[RSDa<é]{0,30}") {
            let replaced = text.replace('R', "ref-1").replace('S', "31").replace('D', "no");
            prop_assert_eq!(filled(&marked(&text), Escape::Html, "no"), replaced);
        }

        #[test]
        fn any_detail_leaves_json_json(detail in ".*") {
            let value: serde_json::Value = serde_json::from_str(&filled(&marked("{\"a\":\"D\"}"), Escape::Json, &detail)).unwrap();
            prop_assert!(value["a"].is_string());
        }
    }
}
