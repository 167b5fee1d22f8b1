//! Differences, for people and for programs.

use gate::Difference;
use serde_json::json;

/// One line for each, in columns: what kind of difference, of what, and what each side says.
pub(super) fn lines<'d>(differences: impl IntoIterator<Item = &'d Difference>) -> Vec<String> {
    let rows: Vec<[String; 4]> = differences.into_iter().map(row).collect();
    let width = |column: usize| rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max();
    let [first, second, third] = [0, 1, 2].map(|column| width(column).unwrap_or_default());
    let line = |[kind, what, object, sides]: &[String; 4]| {
        format!("{kind:<first$}  {what:<second$}  {object:<third$}  {sides}").trim_end().to_owned()
    };
    rows.iter().map(line).collect()
}

fn row(difference: &Difference) -> [String; 4] {
    let Difference { subject, kind, expected, found } = difference;
    let sides = match (&**expected, &**found) {
        ("", one) | (one, "") if one == subject.what() => String::new(),
        ("", one) | (one, "") => one.to_owned(),
        (expected, found) => format!("{expected} -> {found}"),
    };
    [kind.as_str().to_owned(), subject.what().to_owned(), subject.to_string(), sides]
}

/// One as JSON.
pub(super) fn json(difference: &Difference) -> serde_json::Value {
    json!({
        "kind": difference.kind.as_str(),
        "what": difference.subject.what(),
        "object": difference.subject.to_string(),
        "expected": difference.expected,
        "found": difference.found,
    })
}

/// All of them as JSON.
pub(super) fn json_list(differences: &[Difference]) -> serde_json::Value {
    differences.iter().map(json).collect()
}
