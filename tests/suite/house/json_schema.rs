//! Holds JSON against a JSON Schema, as far as the admin API's description goes. A keyword that is not known fails the
//! test: nothing is silently right. (The published validators change the features that `serde_json` is built with, so
//! that every test would run another program than users do.)

use serde_json::Value;

/// Keywords that say nothing of what is right; numbers' formats are those of Rust's own types.
const WORDS_ALONE: [&str; 6] = ["description", "title", "default", "format", "examples", "components"];

/// What is wrong with `value` by `schema`, each with its place; `document` is what references lead into.
pub(crate) fn mistakes(document: &Value, schema: &Value, value: &Value) -> Vec<String> {
    let mut mistakes = Vec::new();
    check(document, schema, value, "", &mut mistakes);
    mistakes
}

fn check(document: &Value, schema: &Value, value: &Value, place: &str, mistakes: &mut Vec<String>) {
    let keywords = match schema {
        Value::Bool(true) => return,
        Value::Bool(false) => return mistakes.push(format!("{place} must not be there")),
        Value::Object(keywords) => keywords,
        other => panic!("{other} is no schema"),
    };
    let all_of = |schema: &Value, mistakes: &mut Vec<String>| check(document, schema, value, place, mistakes);
    let fitting = |schemas: &Value| {
        let schemas = schemas.as_array().expect("schemas").iter();
        schemas.filter(|schema| self::mistakes(document, schema, value).is_empty()).count()
    };
    for (keyword, wanted) in keywords {
        match keyword.as_str() {
            "$ref" => {
                let pointer = wanted.as_str().and_then(|reference| reference.strip_prefix('#')).expect("a reference");
                let target = document.pointer(pointer).unwrap_or_else(|| panic!("nothing is at {pointer}"));
                all_of(target, mistakes);
            }
            "type" => {
                let one = std::slice::from_ref(wanted);
                if !wanted.as_array().map_or(one, Vec::as_slice).iter().any(|name| is(name, value)) {
                    mistakes.push(format!("{place} is {value}, and not of the type {wanted}"));
                }
            }
            "enum" if !wanted.as_array().expect("values").contains(value) => {
                mistakes.push(format!("{place} is {value}, and none of {wanted}"));
            }
            "const" if wanted != value => mistakes.push(format!("{place} is {value}, and not {wanted}")),
            "minimum" => {
                if value.as_f64() < wanted.as_f64() {
                    mistakes.push(format!("{place} is {value}, and less than {wanted}"));
                }
            }
            "maximum" => {
                if value.as_f64() > wanted.as_f64() {
                    mistakes.push(format!("{place} is {value}, and more than {wanted}"));
                }
            }
            "required" => {
                let missing = wanted.as_array().expect("names").iter().filter_map(Value::as_str);
                let missing = missing.filter(|name| value.is_object() && value.get(*name).is_none());
                mistakes.extend(missing.map(|name| format!("{place}/{name} is missing")));
            }
            "properties" => {
                for (name, schema) in wanted.as_object().expect("schemas") {
                    if let Some(value) = value.get(name) {
                        check(document, schema, value, &format!("{place}/{name}"), mistakes);
                    }
                }
            }
            "additionalProperties" => {
                let known = keywords.get("properties").and_then(Value::as_object);
                let others = value.as_object().into_iter().flatten();
                for (name, value) in others.filter(|(name, _)| known.is_none_or(|known| !known.contains_key(*name))) {
                    check(document, wanted, value, &format!("{place}/{name}"), mistakes);
                }
            }
            "items" => {
                for (number, value) in value.as_array().into_iter().flatten().enumerate() {
                    check(document, wanted, value, &format!("{place}/{number}"), mistakes);
                }
            }
            "allOf" => wanted.as_array().expect("schemas").iter().for_each(|schema| all_of(schema, mistakes)),
            "anyOf" if fitting(wanted) == 0 => {
                mistakes.push(format!("{place} is {value}, and fits nothing of {wanted}"));
            }
            "oneOf" if fitting(wanted) != 1 => {
                mistakes.push(format!("{place} is {value}, and fits not one of {wanted}"));
            }
            "enum" | "const" | "anyOf" | "oneOf" => {}
            other => assert!(WORDS_ALONE.contains(&other), "the keyword {other} is not known here"),
        }
    }
}

fn is(name: &Value, value: &Value) -> bool {
    match name.as_str().expect("a type's name") {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "number" => value.is_number(),
        "integer" => value.is_i64() || value.is_u64(),
        other => panic!("there is no type {other}"),
    }
}
