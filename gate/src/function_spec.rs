//! `"recount(integer, text)"`: a function, and the overload that is required.

use core::fmt;

use crate::{NameError, ObjectName, TypeName, TypeNameError};

/// A function, and the argument types of the overload where one is required.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FunctionSpec {
    /// Its name.
    pub name: ObjectName,
    /// The types of its input arguments; `None`: any overload.
    pub arguments: Option<Vec<TypeName>>,
}

/// Why a text is not a function.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FunctionSpecError {
    /// Its name is not one.
    Name(NameError),
    /// It has a parenthesis without its counterpart.
    Parenthesis,
    /// The type of an argument is not one.
    Type(TypeNameError),
}

impl fmt::Display for FunctionSpecError {
    /// In words that follow what was typed.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(error) => write!(f, "has no name that can be read: {error}"),
            Self::Parenthesis => f.write_str("has a parenthesis that is not closed"),
            Self::Type(error) => write!(f, "has an argument whose type cannot be read: {error}"),
        }
    }
}

impl core::error::Error for FunctionSpecError {}

impl FunctionSpec {
    /// Reads `name` or `name(type, type)`.
    pub fn parse(text: &str) -> Result<Self, FunctionSpecError> {
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
                Some(types(list).map_err(FunctionSpecError::Type)?)
            }
        };
        Ok(Self { name, arguments })
    }

    /// The types in a list of arguments, as [`crate::Schema::functions`] has it; `None` if one of
    /// them cannot be read.
    pub fn arguments_of(list: &str) -> Option<Vec<TypeName>> {
        types(list).ok()
    }
}

fn types(list: &str) -> Result<Vec<TypeName>, TypeNameError> {
    split_arguments(list).map(str::parse).collect()
}

/// The types in a list of arguments: apart at the commas that are not within parentheses or quotes.
pub(crate) fn split_arguments(list: &str) -> impl Iterator<Item = &str> {
    let (mut depth, mut in_quotes) = (0_u32, false);
    let types = list.split(move |c| {
        match c {
            '"' => in_quotes = !in_quotes,
            '(' if !in_quotes => depth += 1,
            ')' if !in_quotes => depth = depth.saturating_sub(1),
            _ => {}
        }
        c == ',' && depth == 0 && !in_quotes
    });
    // No argument is another thing than one without a type.
    let none = list.trim().is_empty();
    types.map(str::trim).filter(move |_| !none)
}

impl fmt::Display for FunctionSpec {
    /// As it is read.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.name.fmt(f)?;
        let Some(arguments) = &self.arguments else { return Ok(()) };
        let types = arguments.iter().map(ToString::to_string).collect::<Vec<_>>();
        write!(f, "({})", types.join(", "))
    }
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
        assert_eq!(parse(r#"f("a,b", int)"#).arguments, types(&[r#""a,b""#, "integer"]));
    }

    #[test]
    fn a_function_prints_as_it_is_read() {
        for text in ["recount", "recount()", "app.recount(integer, text)", r#""f(x)"(numeric)"#] {
            assert_eq!(parse(text).to_string(), text);
        }
    }

    #[test]
    fn what_is_not_a_function_says_why() {
        assert_eq!(FunctionSpec::parse("f(int"), Err(FunctionSpecError::Parenthesis));
        assert_eq!(FunctionSpec::parse("(int)"), Err(FunctionSpecError::Name(NameError::Empty)));
        assert!(matches!(FunctionSpec::parse("f(int,)"), Err(FunctionSpecError::Type(_))));
    }
}
