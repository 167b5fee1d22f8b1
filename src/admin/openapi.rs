//! The admin API's description (`OpenAPI` 3.1), made of the table of endpoints and of the types that they answer with.

use std::sync::LazyLock;

use axum::http::header;
use axum::response::IntoResponse;
use schemars::SchemaGenerator;
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

use super::endpoint::{self, Answers, Content, Endpoint, Rights};
use super::problem::Problem;

/// It is the same as long as the process lives.
static DOCUMENT: LazyLock<String> = LazyLock::new(|| format!("{:#}", document()));

pub(super) async fn answer() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "application/json"), (header::CACHE_CONTROL, "no-cache")], DOCUMENT.as_str())
}

fn document() -> Value {
    let settings = |settings: &mut SchemaSettings| {
        settings.definitions_path = "/components/schemas".into();
        settings.meta_schema = None;
    };
    let mut answered = SchemaSettings::draft2020_12().with(settings).for_serialize().into_generator();
    let mut sent = SchemaSettings::draft2020_12().with(settings).for_deserialize().into_generator();
    let problem = answered.subschema_for::<Problem>().to_value();
    let mut paths: Map<String, Value> = Map::new();
    for endpoint in endpoint::all() {
        let operation = operation(&endpoint, &problem, &mut answered, &mut sent);
        let path = paths.entry(endpoint.path).or_insert_with(|| json!({}));
        if let Some(path) = path.as_object_mut() {
            path.insert(endpoint.method.to_owned(), operation);
        }
    }
    let mut schemas = sent.take_definitions(true);
    schemas.extend(answered.take_definitions(true));
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "schemagate, admin listener",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "How things stand, for operators and probes, and what operators change. Where a token is set, everything but \
                what says otherwise asks for one.",
        },
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {
                "read": { "type": "http", "scheme": "bearer", "description": "a token under [admin]; any of them may read" },
                "control": { "type": "http", "scheme": "bearer", "description": "`control_token`, or one with may = \"control\"" },
            },
        },
    })
}

fn operation(
    endpoint: &Endpoint,
    problem: &Value,
    answered: &mut SchemaGenerator,
    sent: &mut SchemaGenerator,
) -> Value {
    let about = &endpoint.about;
    let mut answers = Map::new();
    for Answers { status, content } in &about.answers {
        let mut answer = json!({ "description": status.canonical_reason().unwrap_or_default() });
        if let (Some((media_type, schema)), Some(answer)) = (body(content, answered), answer.as_object_mut()) {
            answer.insert("content".to_owned(), json!({ media_type: { "schema": schema } }));
        }
        answers.insert(status.as_u16().to_string(), answer);
    }
    let refusal = json!({ "description": "Why not, and what to do", "content": { "application/problem+json": { "schema": problem } } });
    answers.insert("default".to_owned(), refusal);
    let mut operation = json!({ "summary": about.summary, "responses": answers });
    let Some(fields) = operation.as_object_mut() else { return operation };
    fields.insert(
        "security".to_owned(),
        match endpoint.rights {
            Rights::Open => json!([]),
            Rights::Read => json!([{ "read": [] }]),
            Rights::Control => json!([{ "control": [] }]),
        },
    );
    let of_path = endpoint.path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
    let of_path =
        of_path.map(|name| json!({ "name": name, "in": "path", "required": true, "schema": { "type": "string" } }));
    let mut parameters: Vec<Value> = of_path.collect();
    let of_query = |(name, about): &(&str, &str)| json!({ "name": name, "in": "query", "required": false, "allowEmptyValue": true, "description": about, "schema": { "type": "string" } });
    parameters.extend(about.parameters.iter().map(of_query));
    if !parameters.is_empty() {
        fields.insert("parameters".to_owned(), parameters.into());
    }
    if let Some(describe) = about.takes {
        let schema = describe(sent).to_value();
        fields.insert(
            "requestBody".to_owned(),
            json!({ "required": true, "content": { "application/json": { "schema": schema } } }),
        );
    }
    operation
}

fn body(content: &Content, generator: &mut SchemaGenerator) -> Option<(&'static str, Value)> {
    Some(match content {
        Content::Json(describe) => ("application/json", describe(generator).to_value()),
        Content::Events(describe) => {
            let event = describe(generator).to_value();
            let about = "server-sent events; the data of each is such JSON";
            let schema = json!({
                "type": "string",
                "description": about,
                "contentMediaType": "application/json",
                "contentSchema": event,
            });
            ("text/event-stream", schema)
        }
        Content::Text(media_type) => (*media_type, json!({ "type": "string" })),
        Content::Nothing => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_endpoint_is_described() {
        let document = document();
        for endpoint in endpoint::all() {
            let operation = &document["paths"][endpoint.path][endpoint.method];
            let (method, path) = (endpoint.method, endpoint.path);
            assert!(operation["summary"].as_str().is_some_and(|summary| !summary.is_empty()), "{method} {path}");
            assert!(operation["responses"].as_object().is_some_and(|answers| answers.len() > 1), "{method} {path}");
            assert!(
                method == "get" || endpoint.rights == Rights::Control,
                "{method} {path} changes without the right to"
            );
        }
    }
}
