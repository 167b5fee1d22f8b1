//! Watching real databases.

mod cluster;
mod looking;

use std::collections::BTreeSet;

use gate::{ObjectName, Wanted};

use super::*;
use crate::config::{Postgres, Source};
use cluster::{Cluster, settings};

fn database(source: Source) -> Database {
    Database {
        name: "main".to_owned(),
        source,
        refresh: std::time::Duration::from_millis(200),
        max_age: std::time::Duration::from_secs(2),
        idle: None,
    }
}

fn postgres(settings: Postgres) -> Database {
    database(Source::Postgres(Box::new(settings)))
}

fn names(names: &[&str]) -> BTreeSet<ObjectName> {
    names.iter().map(|name| name.parse().expect("a name")).collect()
}

fn tables(tables: &[&str]) -> Wanted {
    Wanted { tables: names(tables), ..Wanted::default() }
}
