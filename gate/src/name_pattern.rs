//! Names of tables, some of them unsaid: `admin*`.

use core::fmt;
use core::str::FromStr;

use crate::{NameError, ObjectName};

/// A name of a table in which each `*` stands for any characters, none too: `orders`, `admin*`,
/// `app.*`. As it names one schema or the default one, so it means objects in that alone.
///
/// A `*` within double quotes stands for any characters as well: names with a star of their own are
/// met by it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct NamePattern(ObjectName);

impl NamePattern {
    /// Whether it means that table; both leave out the default schema or neither does.
    pub fn matches(&self, name: &ObjectName) -> bool {
        self.0.schema() == name.schema() && is_like(self.0.name(), name.name())
    }
}

impl FromStr for NamePattern {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        text.parse().map(Self)
    }
}

impl fmt::Display for NamePattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Whether `name` is `pattern` with something for each star.
fn is_like(pattern: &str, name: &str) -> bool {
    let Some((start, rest)) = pattern.split_once('*') else { return pattern == name };
    let Some(name) = name.strip_prefix(start) else { return false };
    let (middle, end) = rest.rsplit_once('*').unwrap_or(("", rest));
    let Some(mut name) = name.strip_suffix(end) else { return false };
    // What comes earliest leaves most for what follows.
    middle.split('*').all(|part| match name.find(part) {
        Some(at) => {
            name = name.get(at + part.len()..).unwrap_or_default();
            true
        }
        None => false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_any_characters() {
        for (pattern, name, expected) in [
            ("orders", "orders", true),
            ("orders", "Orders", false),
            ("admin*", "admin", true),
            ("admin*", "adminUsers", true),
            ("admin*", "theadmin", false),
            ("*", "x", true),
            ("a*a", "a", false),
            ("a*a", "aa", true),
            ("a*b*c", "a-b-b-c", true),
            ("a*b*c", "acb", false),
            ("**", "x", true),
            ("app.*", "app.x", true),
            ("app.*", "x", false),
            ("*", "app.x", false),
        ] {
            let pattern: NamePattern = pattern.parse().expect("a pattern");
            let name: ObjectName = name.parse().expect("a name");
            assert_eq!(pattern.matches(&name), expected, "{pattern} and {name}");
        }
    }
}
