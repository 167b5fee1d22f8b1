//! The shipped `proxy.toml` and `proxy.schema.json`.

use serde_json::Value as Json;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::super::file::File;
use super::super::reader::{Read, Reader};
use super::*;

pub(super) const TEXT: &str = include_str!("../../../proxy.toml");

#[test]
fn the_reference_loads_without_a_warning() {
    let config = parse_with(TEXT, &[("DATABASE_URL", "postgres://app:pw@127.0.0.1/app")])
        .unwrap_or_else(|errors| panic!("{errors}"));
    assert_eq!(config.warnings, Vec::<String>::new());
    assert_eq!(config.rules.routes().len(), 4);
}

#[test]
fn the_reference_shows_every_key_of_the_schema_at_its_place_and_at_its_default() {
    let all = switched_on(TEXT);
    let (table, syntax) = DeTable::parse_recoverable(&all);
    assert!(syntax.is_empty(), "{syntax:?}");
    let file: Json = to_json(&DeValue::Table(table.get_ref().clone()));
    let schema = schema();
    let mut shown = BTreeMap::new();
    gather(&schema, &schema, vec![&file], &mut shown);
    let tables = schema["$defs"].as_object().expect("definitions").iter().map(|(name, table)| (name.as_str(), table));
    let missing: Vec<String> = tables
        .chain([("the top", &schema)])
        .flat_map(|(name, table)| {
            missing(name, table, shown.get(&std::ptr::from_ref(table)).map_or(&[][..], Vec::as_slice))
        })
        .collect();
    assert!(missing.is_empty(), "proxy.toml: {}", missing.join("\nproxy.toml: "));
    // And all of it is of the right type.
    let whole = Spanned::new(table.span(), DeValue::Table(table.into_inner()));
    let env = |_: &str| Some("x".to_owned());
    let mut reader = Reader::new(&all, &env);
    assert!(File::read(&whole, &mut reader).is_some());
    assert_eq!(reader.into_problems(), []);
}

#[test]
fn the_committed_schema_is_the_present_one() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("proxy.schema.json");
    let committed = std::fs::read(file).ok().and_then(|text| serde_json::from_slice::<Json>(&text).ok());
    assert!(committed == Some(schema()), "proxy.schema.json is out of date: cargo run -- schema > proxy.schema.json");
}

/// The text with every setting that is commented out taken in.
fn switched_on(text: &str) -> String {
    let is_setting = |line: &str| line.starts_with(|c: char| c.is_ascii_lowercase() || c == '[');
    text.lines()
        .map(|line| line.strip_prefix('#').filter(|rest| is_setting(rest)).unwrap_or(line).to_owned() + "\n")
        .collect()
}

fn to_json(value: &DeValue<'_>) -> Json {
    match value {
        DeValue::String(text) => text.as_ref().into(),
        DeValue::Integer(number) => number.as_str().parse::<i64>().expect("a number").into(),
        DeValue::Boolean(value) => (*value).into(),
        DeValue::Array(array) => array.iter().map(|value| to_json(value.get_ref())).collect(),
        DeValue::Table(table) => {
            table.iter().map(|(key, value)| (key.get_ref().to_string(), to_json(value.get_ref()))).collect()
        }
        DeValue::Float(number) => number.as_str().parse::<f64>().expect("a number").into(),
        DeValue::Datetime(_) => panic!("not in the reference"),
    }
}

/// Tables of the schema by their address: every place where one is used counts for it.
type Shown<'v> = BTreeMap<*const Json, Vec<&'v Json>>;

/// Walks the schema along with every value that stands at its place in the file.
fn gather<'v>(root: &Json, schema: &Json, values: Vec<&'v Json>, shown: &mut Shown<'v>) {
    if values.is_empty() {
        // An action may hold another one.
        return;
    }
    if let Some(reference) = schema["$ref"].as_str() {
        let definition = root.pointer(reference.trim_start_matches('#')).expect("a definition");
        return gather(root, definition, values, shown);
    }
    for one in schema["anyOf"].as_array().into_iter().flatten() {
        // A list and its only item are one place.
        let one = if one["type"] == "array" { &one["items"] } else { one };
        let items = values.iter().flat_map(|value| value.as_array().map_or(vec![*value], |list| list.iter().collect()));
        gather(root, one, items.filter(|value| value.is_object()).collect(), shown);
    }
    for (key, schema) in schema["properties"].as_object().into_iter().flatten() {
        gather(root, schema, values.iter().filter_map(|value| value.get(key)).collect(), shown);
    }
    if schema["additionalProperties"].is_object() {
        let named = values.iter().filter_map(|value| value.as_object()).flat_map(|table| table.values()).collect();
        gather(root, &schema["additionalProperties"], named, shown);
    }
    shown.entry(std::ptr::from_ref(schema)).or_default().extend(values);
}

/// What a table of the schema has and the reference does not show.
fn missing(name: &str, table: &Json, shown: &[&Json]) -> Vec<String> {
    let mut missing = Vec::new();
    for (key, schema) in table["properties"].as_object().into_iter().flatten() {
        let found: Vec<&Json> = shown.iter().filter_map(|value| value.get(key)).collect();
        if found.is_empty() {
            missing.push(format!("`{key}` of {name} is not shown"));
        }
        let default = &schema["default"];
        let is_empty = default == &serde_json::json!({}) || default == &serde_json::json!([]);
        // The address shows a variable, too.
        if !default.is_null() && !is_empty && !found.contains(&default) && key != "http" {
            missing.push(format!("`{key}` of {name} is not shown at its default {default}"));
        }
    }
    missing
}
