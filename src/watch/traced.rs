//! Looks as spans.

use std::time::{Instant, SystemTime};

use super::LookError;
use crate::config::{Database, Source};
use crate::traces::{Attribute, Kind, Span, TraceContext, Traces, shown_at};

/// A look that began.
#[derive(Debug)]
pub(super) struct Traced {
    context: Option<TraceContext>,
    began: Instant,
}

impl Traced {
    pub(super) fn begin(traces: &Traces) -> Self {
        Self { context: traces.begin(None), began: Instant::now() }
    }

    /// Hands it over. `what`: which kind of look it was.
    pub(super) fn end(self, traces: &Traces, what: &'static str, database: &Database, error: Option<&LookError>) {
        let Some(context) = self.context else { return };
        let system = match database.source {
            Source::Postgres(_) => "postgresql",
            Source::Sqlite(_) => "sqlite",
        };
        let mut attributes: Vec<(&'static str, Attribute)> =
            vec![("db.system.name", system.into()), ("schemagate.database", database.name.clone().into())];
        attributes.extend(error.map(|error| ("error.type", error.word.into())));
        traces.send(Span {
            context,
            parent: None,
            parent_is_remote: false,
            kind: Kind::Internal,
            name: what.into(),
            began: shown_at(self.began),
            ended: SystemTime::now(),
            attributes,
            error: error.map(|error| error.to_string().into()),
        });
    }
}
