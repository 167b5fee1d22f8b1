//! What a notification says.

use super::search_path;

/// How a notification begins that names schemas; they follow as identifiers, separated by commas, and
/// [`ELSEWHERE`] may stand among them.
pub(in crate::watch) const SCHEMAS: &str = "schemas ";
/// Stands for whatever else may have changed.
pub(in crate::watch) const ELSEWHERE: &str = "*";

/// What a notification says of where something changed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(in crate::watch) struct Notice {
    /// In these schemas.
    pub(in crate::watch) schemas: Vec<String>,
    /// In others too, or nobody knows where.
    pub(in crate::watch) elsewhere: bool,
}

impl Notice {
    /// Reads what a trigger sent: of this version, of an older one, whose notifications are empty, or
    /// anybody else.
    pub(in crate::watch) fn read(payload: &str) -> Self {
        match payload.strip_prefix(SCHEMAS).and_then(search_path::parse) {
            Some(mut schemas) => {
                let named = schemas.len();
                schemas.retain(|schema| schema != ELSEWHERE);
                Self { elsewhere: schemas.len() < named, schemas }
            }
            None => Self { schemas: Vec::new(), elsewhere: true },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn notice(schemas: &[&str], elsewhere: bool) -> Notice {
        Notice { schemas: schemas.iter().map(ToString::to_string).collect(), elsewhere }
    }

    #[test]
    fn a_notification_names_the_schemas_in_which_something_changed() {
        assert_eq!(Notice::read("schemas demo,\"Mixed, \"\"case\"\"\""), notice(&["demo", "Mixed, \"case\""], false));
        assert_eq!(Notice::read("schemas demo,*"), notice(&["demo"], true));
        assert_eq!(Notice::read("schemas *"), notice(&[], true));
        assert_eq!(Notice::read("schemas "), notice(&[], false), "in what has no schema");
    }

    #[test]
    fn whatever_is_not_understood_may_be_anywhere() {
        for payload in ["", "demo", "schemas a,,b", "schemas \"a", "{\"schemas\": [\"a\"]}"] {
            assert_eq!(Notice::read(payload), notice(&[], true), "{payload}");
        }
    }
}
