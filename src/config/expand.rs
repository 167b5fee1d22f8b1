//! `${VAR}` and `${VAR:-default}` in values.

/// Looks a variable up.
pub(super) type Environment<'e> = &'e dyn Fn(&str) -> Option<String>;

/// Why a value does not expand.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum ExpandError {
    /// No value and no default.
    #[error("the environment variable {0} is not set")]
    Unset(String),
    /// `${` without `}`.
    #[error("`${{` is not closed")]
    Open,
    /// Between `${` and `}` stands something else.
    #[error("`${{{0}}}` is not a variable")]
    Name(String),
    /// A variable in a default.
    #[error("a default holds another `${{`")]
    Nested,
}

impl ExpandError {
    /// What to do.
    pub(super) fn help(&self) -> String {
        match self {
            Self::Unset(name) => {
                format!("set it, or give a default: `${{{name}:-…}}`; a literal `${{` is written `$${{`")
            }
            Self::Open | Self::Name(_) => {
                "write `${NAME}` or `${NAME:-default}`; a literal `${` is written `$${`".to_owned()
            }
            Self::Nested => "a default is plain text; set the variable instead".to_owned(),
        }
    }

    /// What to underline, as it stands in the file.
    pub(super) fn culprit(&self) -> String {
        match self {
            Self::Unset(name) => format!("${{{name}"),
            Self::Name(inner) => format!("${{{inner}"),
            Self::Open | Self::Nested => "${".to_owned(),
        }
    }
}

/// Expands a value. As in a shell, `:-` also stands in for a variable that is empty; `$$` is a
/// literal dollar, and so is one before anything but a brace.
pub(super) fn expand(value: &str, env: Environment<'_>) -> Result<String, ExpandError> {
    let mut out = String::with_capacity(value.len());
    let mut rest = value;
    while let Some((before, after)) = rest.split_once('$') {
        out.push_str(before);
        if let Some(literal) = after.strip_prefix('$') {
            out.push('$');
            rest = literal;
        } else if let Some(inner) = after.strip_prefix('{') {
            let (inner, after) = inner.split_once('}').ok_or(ExpandError::Open)?;
            out.push_str(&variable(inner, env)?);
            rest = after;
        } else {
            out.push('$');
            rest = after;
        }
    }
    out.push_str(rest);
    Ok(out)
}

fn variable(inner: &str, env: Environment<'_>) -> Result<String, ExpandError> {
    let (name, default) = match inner.split_once(":-") {
        Some((name, default)) => (name, Some(default)),
        None => (inner, None),
    };
    let is_name = !name.is_empty()
        && !name.starts_with(|c: char| c.is_ascii_digit())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    if !is_name {
        return Err(ExpandError::Name(name.to_owned()));
    }
    if default.is_some_and(|default| default.contains("${")) {
        return Err(ExpandError::Nested);
    }
    match (env(name), default) {
        (Some(value), Some(default)) if value.is_empty() => Ok(default.to_owned()),
        (Some(value), _) => Ok(value),
        (None, Some(default)) => Ok(default.to_owned()),
        (None, None) => Err(ExpandError::Unset(name.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expanded(value: &str) -> Result<String, ExpandError> {
        expand(value, &|name| match name {
            "PORT" => Some("9000".to_owned()),
            "EMPTY" => Some(String::new()),
            _ => None,
        })
    }

    #[test]
    fn variables_defaults_and_literal_dollars() {
        for (value, wanted) in [
            ("plain", "plain"),
            ("0.0.0.0:${PORT}", "0.0.0.0:9000"),
            ("${PORT:-8080}", "9000"),
            ("${NONE:-8080}", "8080"),
            ("${NONE:-}", ""),
            ("${EMPTY}", ""),
            ("${EMPTY:-x}", "x"),
            ("$${PORT}", "${PORT}"),
            ("a$b$", "a$b$"),
            ("$$$$", "$$"),
            ("${NONE:-a:-b}", "a:-b"),
        ] {
            assert_eq!(expanded(value).as_deref(), Ok(wanted), "{value}");
        }
    }

    #[test]
    fn what_does_not_expand_says_why() {
        assert_eq!(expanded("${NONE}"), Err(ExpandError::Unset("NONE".to_owned())));
        assert_eq!(expanded("${PORT"), Err(ExpandError::Open));
        assert_eq!(expanded("${}"), Err(ExpandError::Name(String::new())));
        assert_eq!(expanded("${A B}"), Err(ExpandError::Name("A B".to_owned())));
        assert_eq!(expanded("${NONE:-${PORT}}"), Err(ExpandError::Nested));
    }
}
