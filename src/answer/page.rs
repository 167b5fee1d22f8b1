//! Pages for people: a template and what it may say.
#![doc = include_str!("../../docs/page-template.md")]

use std::io;

use minijinja::syntax::SyntaxConfig;
use minijinja::{AutoEscape, Environment, UndefinedBehavior, Value, context, escape_formatter};

use super::TemplateError;
use super::body::{Body, Escape, Hole};
use super::brand;
use super::language::Language;
use super::letter::Letter;
use super::occasion::Occasion;
use super::words::Words;
use crate::config::{Brand, Template};

/// schemagate's own page, and what a user's template extends it by.
const OWN_NAME: &str = "schemagate";
const OWN_SOURCE: &str = include_str!("page.html");

/// Steps of a template: a hundred times what a page takes. A loop without an end ends here.
const FUEL: u64 = 200_000;

/// Bytes of a page.
const LARGEST: usize = 1 << 20;

/// What the person was about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Visit {
    /// To see something.
    Reading,
    /// To see something, on a route whose page reloads itself.
    Waiting,
    /// To send something.
    Sending,
}

/// Renders pages.
#[derive(Debug)]
pub(super) struct Pages {
    templates: Environment<'static>,
    brand: Value,
    contact: Option<String>,
    default: String,
}

impl Pages {
    pub(super) fn new(brand: &Brand) -> Result<Self, TemplateError> {
        let mut templates = Environment::new();
        templates.set_auto_escape_callback(|_| AutoEscape::Html);
        templates.set_undefined_behavior(UndefinedBehavior::SemiStrict);
        templates.set_syntax(
            SyntaxConfig::builder()
                .trim_blocks(true)
                .lstrip_blocks(true)
                .build()
                .map_err(|error| explain(OWN_NAME, &error))?,
        );
        templates.set_formatter(
            |out, state, value| if value.is_none() { Ok(()) } else { escape_formatter(out, state, value) },
        );
        templates.set_fuel(Some(FUEL));
        templates.set_debug(true);
        templates.add_template(OWN_NAME, OWN_SOURCE).map_err(|error| explain(OWN_NAME, &error))?;
        let mut pages = Self {
            templates,
            brand: brand::variable(brand)?,
            contact: brand.contact.clone(),
            default: OWN_NAME.to_owned(),
        };
        if let Some(template) = &brand.page {
            pages.default = pages.add(template)?;
        }
        Ok(pages)
    }

    /// Whom to turn to, as configured.
    pub(super) fn contact(&self) -> Option<&str> {
        self.contact.as_deref()
    }

    /// Makes a template known, and tells its name.
    pub(super) fn add(&mut self, template: &Template) -> Result<String, TemplateError> {
        let name = template.path.display().to_string();
        self.templates
            .add_template_owned(name.clone(), template.source.to_string())
            .map_err(|error| explain(&name, &error))?;
        Ok(name)
    }

    /// A page, and whether there are images in it; `template` as [`Self::add`] named it.
    pub(super) fn render(
        &self,
        template: Option<&str>,
        letter: &Letter<'_>,
        language: Language,
        visit: Visit,
    ) -> Result<(Body, bool), TemplateError> {
        let words = Words::of(language);
        let said = words.said(letter.occasion);
        let sent = said.sent.filter(|_| visit == Visit::Sending);
        // What was sent is not sent again by following a link.
        let link = match (letter.occasion.circumstances().passes, sent) {
            (true, None) => Some(("", words.again)),
            (true, Some(_)) => None,
            (false, _) => Some(("/", words.start)),
        };
        let variables = context! {
            lang => language.tag(),
            status => letter.occasion.circumstances().status.as_u16(),
            occasion => letter.occasion.circumstances().name,
            code => letter.code,
            title => said.title,
            message => letter.message.as_deref().unwrap_or(said.message),
            detail => (letter.occasion == Occasion::Malformed).then_some(Hole::Detail.mark()),
            sent,
            when => letter.when(words),
            retry_after => letter.seconds(),
            reloads => visit == Visit::Waiting,
            link => link.map(|(href, text)| context! { href, text }),
            request_id => Hole::Reference.mark(),
            brand => self.brand.clone(),
            words => context! { reloads => words.reloads, help => words.help, reference => words.reference },
        };
        let name = template.unwrap_or(&self.default);
        let mut out = Limited(Vec::new());
        self.templates
            .get_template(name)
            .and_then(|template| template.render_captured_to(variables, &mut out).map(drop))
            .map_err(|error| explain(name, &error))?;
        let html = String::from_utf8(out.0).map_err(|error| TemplateError(format!("{name}: {error}")))?;
        Ok((Body::cut(&html, Escape::Html), html.contains("data:image/")))
    }
}

/// A buffer that ends.
struct Limited(Vec<u8>);

impl io::Write for Limited {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.0.len() + bytes.len() > LARGEST {
            return Err(io::Error::other("the page grows beyond 1 MiB: make the logo smaller or the loops shorter"));
        }
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// `file:line: what is wrong`.
fn explain(template: &str, error: &minijinja::Error) -> TemplateError {
    let name = error.name().unwrap_or(template);
    let line = error.line().map(|line| format!(":{line}")).unwrap_or_default();
    let what = match error.detail() {
        Some(detail) => format!("{}: {detail}", error.kind()),
        None => error.kind().to_string(),
    };
    let cause = std::error::Error::source(error).map(|cause| format!(" ({cause})")).unwrap_or_default();
    TemplateError(format!("{name}{line}: {what}{cause}"))
}

#[cfg(test)]
mod tests;
