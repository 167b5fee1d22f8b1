//! docs/headers.md names every header that schemagate sets.

use std::collections::BTreeSet;
use std::fs;

use super::{files, root};

#[test]
fn the_documentation_names_every_header_that_is_set() {
    let page = fs::read_to_string(root().join("docs/headers.md")).expect("the page").to_lowercase();
    let mut names = BTreeSet::new();
    for folder in ["src/answer", "src/proxy", "src/traces"] {
        for path in files(&root().join(folder), "rs") {
            let text = fs::read_to_string(&path).expect("a source");
            let text = if path.ends_with("tests.rs") { "" } else { &*text };
            let text = text.split("#[cfg(test)]\nmod ").next().unwrap_or_default();
            names.extend(between(text, "HeaderName::from_static(\"", |c| c == '"'));
            if folder == "src/answer" {
                let known = between(text, "header::", |c| !c.is_ascii_uppercase() && c != '_');
                names.extend(known.into_iter().map(|name| name.to_lowercase().replace('_', "-")));
            }
        }
    }
    let missing: Vec<_> =
        names.iter().filter(|name| !name.is_empty() && !page.contains(&format!("`{name}`"))).collect();
    assert!(missing.is_empty(), "docs/headers.md says nothing of {missing:?}");
    assert!(names.len() > 25, "{names:?}");
}

/// What stands between a beginning and the next end.
fn between(text: &str, begin: &str, end: fn(char) -> bool) -> Vec<String> {
    text.split(begin).skip(1).filter_map(|rest| rest.split(end).next()).map(str::to_owned).collect()
}
