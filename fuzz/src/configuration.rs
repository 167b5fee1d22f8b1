//! What people write into files.

use std::path::Path;

use gate::{ColumnSpec, FunctionSpec, HostPattern, ObjectName, TypeName};
use schemagate::config::{Config, PostgresUrl, parse_duration};
use schemagate::lock::Lock;

/// `proxy.toml`: read, or refused with every error's place; what is secret is in none.
pub fn config(data: &[u8]) {
    const SECRET: &str = "hunter2-hunter2";
    let Ok(text) = str::from_utf8(data) else { return };
    let env = |name: &str| (name == "SECRET").then(|| SECRET.to_owned());
    if let Err(errors) = Config::parse(text, Path::new("fuzzed/proxy.toml"), &env) {
        let told = errors.to_string();
        assert!(!told.is_empty(), "a refusal without a reason");
        assert!(text.contains(SECRET) || !told.contains(SECRET), "{told}");
    }
}

/// `schema.lock`: what is read is written as it was read.
pub fn lock(data: &[u8]) {
    let Ok(text) = str::from_utf8(data) else { return };
    match Lock::parse(text, "schema.lock") {
        Ok(lock) => {
            let written = lock.text();
            let again = Lock::parse(&written, "schema.lock").unwrap_or_else(|errors| panic!("{errors}\n{written}"));
            assert_eq!(again.text(), written, "not the same twice");
        }
        Err(errors) => assert!(!errors.to_string().is_empty(), "a refusal without a reason"),
    }
}

/// Names, types, columns, functions, hosts, lengths of time and database URLs, a line each.
pub fn names(data: &[u8]) {
    let Ok(text) = str::from_utf8(data) else { return };
    for line in text.lines() {
        let _ = line.parse::<ObjectName>().map(|name| name.to_string());
        let _ = line.parse::<TypeName>().map(|name| name.to_string());
        let _ = ColumnSpec::parse(line);
        let _ = FunctionSpec::parse(line);
        let _ = HostPattern::parse(line);
        let _ = parse_duration(line);
        let _ = line.parse::<PostgresUrl>().map_err(|error| error.to_string());
    }
}
