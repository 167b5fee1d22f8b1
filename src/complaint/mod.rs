//! What is wrong with a file that a person wrote: where, and what to do about it.

pub(crate) mod nearest;
pub(crate) mod place;

use std::fmt;

use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet, normalize_untrusted_str};
use serde_json::json;

pub(crate) use place::Place;

/// Everything that is wrong with a file, in its order.
///
/// Holds no secrets: whoever makes it masks them in the text that it shows.
#[derive(Debug, Clone)]
pub struct Complaints {
    file: String,
    text: String,
    problems: Vec<Problem>,
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Problem {
    pub(crate) place: Option<Place>,
    /// What is wrong, in one sentence.
    pub(crate) message: String,
    /// What to do about it.
    pub(crate) help: Option<String>,
    /// What else belongs to it, and what that is.
    pub(crate) beside: Vec<(Place, String)>,
}

impl Problem {
    pub(crate) fn new(place: Option<Place>, message: impl Into<String>) -> Self {
        Self { place, message: message.into(), help: None, beside: Vec::new() }
    }

    pub(crate) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

impl Complaints {
    /// `text` is that of the file, or as long.
    pub(crate) fn new(file: String, text: String, mut problems: Vec<Problem>) -> Self {
        problems.sort_by_key(|problem| problem.place);
        problems.dedup();
        Self { file, text, problems }
    }

    /// How many there are; never zero.
    pub fn count(&self) -> usize {
        self.problems.len()
    }

    /// Every error with file, line, column, the line itself, a caret and what to do; with the
    /// colours of a terminal if so wished.
    pub fn render(&self, color: bool) -> String {
        let renderer = if color { Renderer::styled() } else { Renderer::plain() };
        let mut blocks: Vec<String> = self.problems.iter().map(|problem| self.render_one(&renderer, problem)).collect();
        if blocks.len() > 1 {
            blocks.push(format!("{} errors in {}", blocks.len(), self.file));
        }
        blocks.join("\n\n")
    }

    /// The first error in one line, with its place, and how many others there are.
    pub fn brief(&self) -> String {
        let Some(first) = self.problems.first() else { return String::new() };
        let place = first.place.map(|place| place.line_and_column(&self.text));
        let place = place.map_or_else(String::new, |(line, column)| format!("{}:{line}:{column}: ", self.file));
        let others = match self.problems.len() - 1 {
            0 => String::new(),
            others => format!(" (and {others} more)"),
        };
        format!("{place}{}{others}", first.message)
    }

    fn render_one(&self, renderer: &Renderer, problem: &Problem) -> String {
        let title = Level::ERROR.primary_title(&problem.message);
        let help = problem.help.as_deref().map(|help| Level::HELP.message(normalize_untrusted_str(help)));
        let Some(place) = problem.place else {
            let group = annotate_snippets::Group::with_title(title).elements(help);
            return renderer.render(&[group]);
        };
        let places = [place].into_iter().chain(problem.beside.iter().map(|(place, _)| *place));
        let window = self.lines_of(places);
        let on_window = |place: Place| {
            let place = self.first_line(place);
            place.start - window.start..place.end - window.start
        };
        let snippet = Snippet::source(self.text.get(window.range()).unwrap_or_default())
            .line_start(window.line_and_column(&self.text).0)
            .path(&self.file)
            .annotation(AnnotationKind::Primary.span(on_window(place)))
            .annotations(
                problem
                    .beside
                    .iter()
                    .map(|(place, label)| AnnotationKind::Context.span(on_window(*place)).label(label)),
            );
        renderer.render(&[title.element(snippet).elements(help)])
    }

    /// The whole lines that places stand on, and those between: all that the renderer must look at.
    fn lines_of(&self, places: impl Iterator<Item = Place>) -> Place {
        let text = &self.text;
        let (start, end) = places
            .map(|place| self.first_line(place))
            .fold((text.len(), 0), |(start, end), place| (start.min(place.start), end.max(place.end)));
        let line_start = text.get(..start).unwrap_or_default().rfind('\n').map_or(0, |before| before + 1);
        let line_end = text.get(end..).unwrap_or_default().find('\n').map_or(text.len(), |after| end + after);
        Place { start: line_start, end: line_end }
    }

    /// What of a place stands on its first line: a whole table is not underlined.
    fn first_line(&self, place: Place) -> Place {
        let place = place.within(&self.text);
        let text = self.text.get(place.range()).unwrap_or_default();
        Place { end: place.start + text.find(['\n', '\r']).unwrap_or(text.len()), ..place }
    }

    /// A list of `{file, line, column, message, help}`; line and column are from one, and null for
    /// an error of the whole file.
    pub fn to_json(&self) -> serde_json::Value {
        let list = self.problems.iter().map(|problem| {
            let position = problem.place.map(|place| place.line_and_column(&self.text));
            json!({
                "file": self.file,
                "line": position.map(|(line, _)| line),
                "column": position.map(|(_, column)| column),
                "message": problem.message,
                "help": problem.help,
            })
        });
        list.collect()
    }
}

impl fmt::Display for Complaints {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.render(false))
    }
}

impl std::error::Error for Complaints {}
