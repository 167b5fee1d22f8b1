//! The JSON Schema of `proxy.toml`, for editors.

use serde_json::json;

use super::file::File;
use super::reader::{Definitions, Read};

/// The JSON Schema (draft 2020-12) of the configuration, made from the same declarations that read
/// it. `proxy.schema.json` is this value.
pub fn schema() -> serde_json::Value {
    let mut definitions = Definitions::new();
    // The file itself is the schema's root and no definition.
    File::schema(&mut definitions);
    let mut root = definitions.remove("File").unwrap_or_default();
    if let Some(root) = root.as_object_mut() {
        root.insert("$schema".to_owned(), "https://json-schema.org/draft/2020-12/schema".into());
        root.insert("title".to_owned(), "schemagate".into());
        root.insert("$defs".to_owned(), json!(definitions));
    }
    root
}
