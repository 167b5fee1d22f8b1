//! Where PostgreSQL looks for a name without a schema.

/// The elements of a `search_path` setting, in exact case and without quotes.
///
/// As `SplitIdentifierString` of PostgreSQL does it: separated by commas, unquoted elements folded
/// to lower case, quotes doubled within quotes. `None` if the text is not a list, which the server
/// treats as an empty one.
pub(super) fn parse(setting: &str) -> Option<Vec<String>> {
    let mut elements = Vec::new();
    let mut rest = setting.trim_start();
    if rest.is_empty() {
        return Some(elements);
    }
    loop {
        let (element, after) = if let Some(quoted) = rest.strip_prefix('"') {
            split_quoted(quoted)?
        } else {
            let end = rest.find(|c: char| c == ',' || c.is_ascii_whitespace()).unwrap_or(rest.len());
            let (element, after) = rest.split_at(end);
            if element.is_empty() {
                return None;
            }
            (element.to_lowercase(), after)
        };
        elements.push(element);
        match after.trim_start() {
            "" => return Some(elements),
            after => rest = after.strip_prefix(',')?.trim_start(),
        }
    }
}

/// What stands up to the closing quote (the opening one is already gone), and what follows it.
fn split_quoted(text: &str) -> Option<(String, &str)> {
    let mut element = String::new();
    let mut rest = text;
    loop {
        let (before, after) = rest.split_once('"')?;
        element.push_str(before);
        let Some(next) = after.strip_prefix('"') else { return Some((element, after)) };
        element.push('"');
        rest = next;
    }
}

/// The schemas in which a session of `user` looks, in order: `"$user"` is replaced, `pg_catalog`
/// comes first unless it is listed, and `pg_temp` is nobody else's.
pub(super) fn effective(elements: &[String], user: &str) -> Vec<Box<str>> {
    const CATALOG: &str = "pg_catalog";
    let listed = elements.iter().any(|element| element == CATALOG);
    let named = elements.iter().map(|element| if element == "$user" { user } else { element });
    let mut path: Vec<Box<str>> = Vec::new();
    for schema in (!listed).then_some(CATALOG).into_iter().chain(named) {
        if !schema.is_empty() && schema != "pg_temp" && path.iter().all(|known| **known != *schema) {
            path.push(schema.into());
        }
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_setting_is_read_as_postgresql_reads_it() {
        for (setting, elements) in [
            (r#""$user", public"#, vec!["$user", "public"]),
            ("Tenant_A ,PUBLIC", vec!["tenant_a", "public"]),
            (r#""Mixed Case", "odd""name", "a,b""#, vec!["Mixed Case", "odd\"name", "a,b"]),
            (r#""""#, vec![""]),
            ("", vec![]),
            ("  app  ", vec!["app"]),
        ] {
            assert_eq!(parse(setting).unwrap_or_else(|| panic!("{setting}")), elements, "{setting}");
        }
        for malformed in [r#""a"#, "a,,b", "a b", "a,", ","] {
            assert_eq!(parse(malformed), None, "{malformed}");
        }
    }

    #[test]
    fn the_catalog_comes_first_unless_it_is_listed_and_the_user_is_replaced() {
        let path = |elements: &[&str]| {
            let elements: Vec<String> = elements.iter().map(ToString::to_string).collect();
            effective(&elements, "app").iter().map(ToString::to_string).collect::<Vec<_>>()
        };
        assert_eq!(path(&["$user", "public"]), ["pg_catalog", "app", "public"]);
        assert_eq!(path(&["public", "pg_catalog", "public"]), ["public", "pg_catalog"]);
        assert_eq!(path(&["", "pg_temp", "app", "$user"]), ["pg_catalog", "app"]);
    }
}
