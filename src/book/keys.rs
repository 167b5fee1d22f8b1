//! docs/configuration.md: every key of `proxy.toml`.

use std::fmt::Write as _;

use serde_json::Value as Json;

use super::{cell, written};
use crate::config::schema;

#[test]
fn the_documentation_names_every_key_as_it_is() {
    let schema = schema();
    let mut text = String::from(
        "# Every key of proxy.toml\n\nWhat each key means, what it may be and what it is if you leave it out: made of the declarations that read the file. \
         [`proxy.toml`](../proxy.toml) shows the same keys in their places, with a line on each; `schemagate schema` prints the JSON Schema for your editor.\n\n\
         Every string may hold `${VAR}` and `${VAR:-default}`; `$$` is a dollar. Durations are `\"250ms\"`, `\"30s\"`, `\"5m\"`, `\"8760h\"`. \
         Where a list is expected, its only item will do.\n",
    );
    let mut tables = vec![("the top of the file".to_owned(), &schema)];
    let mut next = 0;
    while let Some((name, table)) = tables.get(next).cloned() {
        write!(text, "\n## {name}\n\n{}\n\n", description(table)).expect("written");
        let mut found = Vec::new();
        if table["properties"].is_null() {
            // An action is a word, or a table of one.
            writeln!(text, "{}", kind(table, &mut found)).expect("written");
        } else {
            text.push_str("| key | what it may be | default | meaning |\n| --- | --- | --- | --- |\n");
        }
        let required: Vec<&str> = table["required"].as_array().into_iter().flatten().filter_map(Json::as_str).collect();
        for (key, value) in table["properties"].as_object().into_iter().flatten() {
            let kind = kind(value, &mut found);
            let default = match &value["default"] {
                _ if required.contains(&key.as_str()) => "must be there".to_owned(),
                Json::Null => String::new(),
                default => format!("`{default}`"),
            };
            writeln!(text, "| `{key}` | {} | {} | {} |", cell(&kind), cell(&default), cell(&description(value)))
                .expect("written");
        }
        for definition in found {
            if tables.iter().all(|(known, _)| known != definition) {
                tables.push((definition.to_owned(), &schema["$defs"][definition]));
            }
        }
        next += 1;
    }
    let reached = |name: &String| tables.iter().any(|(known, _)| known == name);
    let missing: Vec<_> =
        schema["$defs"].as_object().expect("definitions").keys().filter(|name| !reached(name)).collect();
    assert!(missing.is_empty(), "no table leads to {missing:?}");
    written("docs/configuration.md", &text, "the_documentation_names_every_key");
}

fn description(schema: &Json) -> String {
    // An address in angle brackets, or a placeholder in them, would be read as HTML.
    schema["description"].as_str().unwrap_or_default().replace('<', "&lt;")
}

/// What a value may be, in words; tables of their own are noted.
fn kind<'s>(schema: &'s Json, tables: &mut Vec<&'s str>) -> String {
    if let Some(name) = schema["$ref"].as_str().and_then(|reference| reference.strip_prefix("#/$defs/")) {
        tables.push(name);
        return format!("[{name}](#{})", name.to_lowercase());
    }
    if let Some(words) = schema["enum"].as_array() {
        return words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ");
    }
    if let Some(choices) = schema["anyOf"].as_array() {
        // That a variable may stand there is said once, at the top.
        let choices = choices.iter().filter(|choice| choice["pattern"] != r"\$\{");
        let mut words: Vec<String> = Vec::new();
        for word in choices.map(|choice| kind(choice, tables)) {
            if !words.contains(&word) {
                words.push(word);
            }
        }
        // One, or a list of such.
        if let [one, list] = &*words
            && *list == format!("a list: {one}")
        {
            return format!("{one}, or a list of these");
        }
        return words.join(", or ");
    }
    match schema["type"].as_str() {
        Some("array") => format!("a list: {}", kind(&schema["items"], tables)),
        Some("object") if schema["additionalProperties"].is_object() => {
            format!("a table by names: {}", kind(&schema["additionalProperties"], tables))
        }
        Some("object") => {
            let keys = schema["properties"].as_object().into_iter().flatten();
            let keys: Vec<String> = keys.map(|(key, value)| format!("`{key}` = {}", kind(value, tables))).collect();
            format!("{{ {} }}", keys.join(", "))
        }
        Some("string") => "a string".to_owned(),
        Some("integer") => "an integer".to_owned(),
        Some("number") => "a number".to_owned(),
        Some("boolean") => "true or false".to_owned(),
        _ => "anything".to_owned(),
    }
}
