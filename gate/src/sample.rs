//! Small values that tests are made of.

use core::time::Duration;
use std::collections::{BTreeMap, BTreeSet};

use crate::ledger::{Change, Existing, Migration, NewColumn, NewRelation, Step, Steps};
use crate::{
    Action, Actions, AnswerId, Catalog, Column, DatabaseId, EncodedSlash, Fact, HostPattern, Index, MatchingForm,
    MethodSet, Mode, Moment, ObjectName, PathPattern, Privilege, Relation, RelationKind, Requirement, RequirementId,
    Route, Schema, UpstreamId,
};

/// The default form, but encoded slashes are kept.
pub(crate) const KEEP: MatchingForm =
    MatchingForm { case_sensitive: false, strict_slash: false, encoded_slash: EncodedSlash::Keep };

/// The moment so many seconds after the origin.
pub(crate) const fn at(seconds: u64) -> Moment {
    Moment::from_origin(Duration::from_secs(seconds))
}

/// The name that a configuration would spell so.
pub(crate) fn name(text: &str) -> ObjectName {
    text.parse().unwrap_or_else(|error| panic!("{text}: {error}"))
}

/// A requirement on the first database.
pub(crate) fn requirement(name: &str, facts: impl IntoIterator<Item = Fact>) -> Requirement {
    Requirement { name: name.into(), database: DatabaseId(0), per_tenant: false, facts: facts.into_iter().collect() }
}

/// The fact that a table exists.
pub(crate) fn table(text: &str) -> Fact {
    Fact::Table(name(text))
}

/// A migration that does these things, one a line.
pub(crate) fn migration(key: &str, changes: impl IntoIterator<Item = Change>) -> Migration {
    let steps = (1..).zip(changes).map(|(line, change)| Step { change, line }).collect();
    let place = format!("{key}.sql").into();
    Migration { name: key.into(), key: key.into(), place, steps: Steps::Read(steps), ..Migration::default() }
}

/// `CREATE TABLE` with these columns.
pub(crate) fn create(table: &str, columns: &[&str]) -> Change {
    Change::CreateRelation(NewRelation {
        name: name(table),
        kind: RelationKind::Table,
        columns: columns.iter().map(|name| new_column(name)).collect(),
        copies: Vec::new(),
        complete: true,
        constraints: Vec::new(),
        existing: Existing::Fails,
        partition: false,
    })
}

/// `ALTER TABLE … ADD COLUMN`.
pub(crate) fn add_column(table: &str, column: &str) -> Change {
    Change::AddColumn { table: name(table), column: new_column(column), if_absent: false }
}

/// `DROP TABLE`.
pub(crate) fn drop_table(table: &str) -> Change {
    Change::DropRelation { name: name(table) }
}

/// `CREATE INDEX` or `CREATE UNIQUE INDEX`.
pub(crate) fn index(index: &str, table: &str, unique: bool) -> Change {
    Change::CreateIndex {
        name: Some(index.into()),
        table: name(table),
        columns: Vec::new(),
        mentions: Vec::new(),
        unique,
        if_absent: false,
    }
}

fn new_column(name: &str) -> NewColumn {
    NewColumn { name: name.into(), ty: None, nullable: true }
}

/// A table with these columns, each `name type`; a type that ends in `?` accepts NULL.
pub(crate) fn relation(columns: &[&str]) -> Relation {
    let column = |text: &&str| {
        let (name, ty) = text.split_once(' ').expect("a name and a type");
        let nullable = ty.ends_with('?');
        let ty = ty.trim_end_matches('?').parse().expect("a type");
        (name.into(), Column { ty, nullable })
    };
    Relation {
        kind: RelationKind::Table,
        populated: true,
        columns: columns.iter().map(column).collect(),
        constraints: BTreeMap::new(),
        privileges: BTreeSet::new(),
    }
}

/// An application's database in which all is well: its role is `shop`, its schemas are `app` and `public`.
pub(crate) fn catalog() -> Catalog {
    let mut customers = relation(&["id text", "email text?", "agreementUploadedAt timestamp(3)?", "status Status"]);
    customers.constraints.insert("customers_pkey".into(), true);
    customers.constraints.insert("customers_email_check".into(), false);
    customers.privileges.insert(Privilege::Select);
    let app = Schema {
        usage: true,
        relations: [("customers".into(), customers)].into(),
        enums: [("Status".into(), vec!["NEW".into(), "PAID".into()])].into(),
        indexes: [
            ("customers_email_idx".into(), Index { table: "customers".into(), unique: false, valid: true }),
            ("customers_status_idx".into(), Index { table: "customers".into(), unique: false, valid: false }),
        ]
        .into(),
        functions: [("add_tax".into(), ["numeric, integer".into(), "numeric".into()].into())].into(),
    };
    let mut report = relation(&["total numeric(10,2)?"]);
    report.kind = RelationKind::Materialized;
    report.populated = false;
    let public = Schema {
        relations: [("AdminBackupJob".into(), relation(&["id uuid"])), ("report".into(), report)].into(),
        ..Schema::default()
    };
    Catalog {
        search_path: vec!["app".into(), "public".into()],
        schemas: [("app".into(), app), ("public".into(), public)].into(),
        extensions: [("pgcrypto".into(), "1.3".into())].into(),
        role: Some("shop".into()),
        ..Catalog::default()
    }
}

/// A route from `[METHOD[,METHOD]] [host]/path`, named as it is written, that needs nothing,
/// blocks when broken and goes to the first upstream.
pub(crate) fn route(text: &str) -> Route {
    let (methods, place) = text.rsplit_once(' ').unwrap_or(("", text));
    let slash = place.find('/').expect("a path");
    let (host, path) = place.split_at(slash);
    Route {
        name: text.into(),
        host: if host.is_empty() { HostPattern::Any } else { HostPattern::parse(host).expect("a host") },
        path: PathPattern::parse(path, KEEP).expect("a path"),
        methods: MethodSet::new(methods.split(',').filter(|method| !method.is_empty())),
        upstream: UpstreamId(0),
        versions: Vec::new(),
        needs: crate::Needs::new(),
        actions: Actions {
            on_broken: Action::Block(AnswerId(0)),
            on_contradicted: Action::Block(AnswerId(1)),
            on_migrating: Action::Block(AnswerId(2)),
            on_unknown: Action::Pass,
        },
        mode: Mode::Enforce,
        windows: true,
        tenant_needs: true,
    }
}

/// The same route with these needs.
pub(crate) fn needing(route: Route, needs: &[u32]) -> Route {
    Route { needs: needs.iter().copied().map(RequirementId).collect(), ..route }
}
