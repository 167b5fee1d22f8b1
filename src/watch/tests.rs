//! Watching real databases: what can only be seen from within. What a client sees, and the pooler,
//! is tested on the real binary.

mod cluster;
mod encrypting;
mod looking;
mod notifying;
mod outages;
mod parts;
mod unchanged;
mod watched;

use std::collections::BTreeSet;
use std::time::Duration;

use gate::{ObjectName, Wanted};

use super::*;
use crate::config::{Idle, Postgres, Source};
use cluster::{Cluster, settings};
use watched::Watched;

/// A database that is looked at every 200 ms; a look counts for two seconds.
fn database(source: Source) -> Database {
    Database {
        name: "main".to_owned(),
        source,
        refresh: Duration::from_millis(200),
        max_age: Duration::from_secs(2),
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
