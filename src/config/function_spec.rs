//! `"recount(integer, text)"`: a function, and the overload that is required.

use gate::{NameError, ObjectName, TypeName, TypeNameError};

/// A function, and the argument types of the overload where one is required.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct FunctionSpec {
    pub(super) name: ObjectName,
    pub(super) arguments: Option<Vec<TypeName>>,
}

/// Why a text is not a function.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum FunctionSpecError {
    #[error("has no name that can be read: {0}")]
    Name(NameError),
    #[error("has a parenthesis that is not closed")]
    Parenthesis,
    #[error("has an argument whose type cannot be read: {0}")]
    Type(TypeNameError),
}

impl FunctionSpec {
    /// Reads `name` or `name(type, type)`.
    pub(super) fn parse(text: &str) -> Result<Self, FunctionSpecError> {
        let text = text.trim();
        let mut in_quotes = false;
        let opening = text.find(|c| {
            in_quotes ^= c == '"';
            c == '(' && !in_quotes
        });
        let (name, arguments) = text.split_at_checked(opening.unwrap_or(text.len())).unwrap_or((text, ""));
        let name = name.trim_end().parse().map_err(FunctionSpecError::Name)?;
        let arguments = match arguments.strip_prefix('(') {
            None => None,
            Some(list) => {
                let list = list.strip_suffix(')').ok_or(FunctionSpecError::Parenthesis)?;
                let types = if list.trim().is_empty() { Vec::new() } else { split_arguments(list) };
                let types: Result<_, _> = types.into_iter().map(str::parse).collect();
                Some(types.map_err(FunctionSpecError::Type)?)
            }
        };
        Ok(Self { name, arguments })
    }
}

/// Types apart at the commas outside parentheses: `numeric(10, 2), text`.
fn split_arguments(list: &str) -> Vec<&str> {
    let mut depth = 0_usize;
    list.split(|c| {
        match c {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            _ => {}
        }
        c == ',' && depth == 0
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> FunctionSpec {
        FunctionSpec::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"))
    }

    #[test]
    fn a_name_means_any_overload_and_parentheses_one() {
        let types = |list: &[&str]| Some(list.iter().map(|ty| ty.parse().expect("a type")).collect::<Vec<TypeName>>());
        assert_eq!(parse("recount").arguments, None);
        assert_eq!(parse("recount()").arguments, types(&[]));
        assert_eq!(parse("app.recount(int, text)").arguments, types(&["integer", "text"]));
        assert_eq!(parse("app.recount(int)").name, ObjectName::qualified("app", "recount"));
        assert_eq!(parse("f(numeric(10, 2), text)").arguments, types(&["numeric(10,2)", "text"]));
        assert_eq!(parse(r#""f(x)"(int)"#).name, ObjectName::unqualified("f(x)"));
    }

    #[test]
    fn what_is_not_a_function_says_why() {
        assert_eq!(FunctionSpec::parse("f(int"), Err(FunctionSpecError::Parenthesis));
        assert_eq!(FunctionSpec::parse("(int)"), Err(FunctionSpecError::Name(NameError::Empty)));
        assert!(matches!(FunctionSpec::parse("f(int,)"), Err(FunctionSpecError::Type(_))));
    }
}
