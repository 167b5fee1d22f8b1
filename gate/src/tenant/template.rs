//! Text with one gap.

use core::fmt;
use core::str::FromStr;

/// What marks the gap.
const GAP: &str = "{tenant}";

/// Text with one gap, in which a tenant's name stands: `{tenant}.example.com`, `t_{tenant}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template {
    before: Box<str>,
    after: Box<str>,
}

/// Why a text is not a template.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TemplateError {
    /// There is no gap.
    NoGap,
    /// There are several.
    SeveralGaps,
}

impl fmt::Display for TemplateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoGap => "`{tenant}` does not stand in it",
            Self::SeveralGaps => "`{tenant}` stands in it more than once",
        })
    }
}

impl core::error::Error for TemplateError {}

impl Template {
    /// What stands before the gap.
    pub fn before(&self) -> &str {
        &self.before
    }

    /// What stands after the gap.
    pub fn after(&self) -> &str {
        &self.after
    }

    /// What stands in the gap of `text`; `None` if it is no text of this template, or nothing does.
    pub fn gap<'t>(&self, text: &'t str) -> Option<&'t str> {
        let filled = text.strip_prefix(&*self.before)?.strip_suffix(&*self.after)?;
        (!filled.is_empty()).then_some(filled)
    }
}

impl FromStr for Template {
    type Err = TemplateError;

    fn from_str(text: &str) -> Result<Self, TemplateError> {
        let (before, after) = text.split_once(GAP).ok_or(TemplateError::NoGap)?;
        if after.contains(GAP) {
            return Err(TemplateError::SeveralGaps);
        }
        Ok(Self { before: before.into(), after: after.into() })
    }
}

impl fmt::Display for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{GAP}{}", self.before, self.after)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_in_the_gap_is_found() {
        let template: Template = "t_{tenant}.example.com".parse().expect("a template");
        assert_eq!(template.gap("t_demo.example.com"), Some("demo"));
        for other in ["t_.example.com", "demo.example.com", "t_demo.example.org", "", "t_example.com"] {
            assert_eq!(template.gap(other), None, "{other}");
        }
        assert_eq!(template.to_string(), "t_{tenant}.example.com");
    }

    #[test]
    fn a_template_has_one_gap() {
        assert_eq!("example.com".parse::<Template>(), Err(TemplateError::NoGap));
        assert_eq!("{tenant}{tenant}".parse::<Template>(), Err(TemplateError::SeveralGaps));
    }
}
