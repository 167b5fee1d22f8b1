//! Word that something may have changed.

use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use gate::{Extent, Tenancy};
use tokio::sync::Notify;

use super::postgres::Notice;
use crate::metrics::Metrics;

/// Word that something may have changed: makes the next look come at once, and is no evidence.
///
/// Rung any number of times before or during a look, it brings exactly one more look.
#[derive(Debug)]
pub(super) struct Hint {
    bell: Notify,
    heard: Mutex<Heard>,
    counted: Option<(Metrics, String)>,
}

/// What there is to be looked at.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Heard {
    /// Schemas in which something changed, and with them what tenants share.
    pub(super) part: Option<Extent>,
    /// Something changed, and nobody knows where.
    pub(super) everything: bool,
    /// When the first notification of that came.
    pub(super) since: Option<Instant>,
}

impl Hint {
    /// A hint of a database that is watched.
    pub(super) fn new(metrics: Metrics, database: &str) -> Self {
        Self { bell: Notify::new(), heard: Mutex::default(), counted: Some((metrics, database.to_owned())) }
    }

    /// For looks of a command, which counts nothing.
    pub(super) fn uncounted() -> Self {
        Self { bell: Notify::new(), heard: Mutex::default(), counted: None }
    }

    /// A notification arrived.
    pub(super) fn notified(&self, payload: &str) {
        if let Some((metrics, database)) = &self.counted {
            metrics.notification(database);
        }
        self.note(|heard| {
            heard.add(Notice::read(payload));
            heard.since.get_or_insert_with(Instant::now);
        });
    }

    /// Something else asks for a look.
    pub(super) fn ring(&self) {
        self.note(|heard| heard.everything = true);
    }

    fn note(&self, change: impl FnOnce(&mut Heard)) {
        change(&mut self.heard.lock().unwrap_or_else(PoisonError::into_inner));
        self.bell.notify_one();
    }

    /// Waits until it was rung since the last time that this returned.
    pub(super) async fn heard(&self) {
        self.bell.notified().await;
    }

    /// What was heard since this was last asked. A look that begins now sees it.
    pub(super) fn take(&self) -> Heard {
        std::mem::take(&mut self.heard.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Heard {
    fn add(&mut self, Notice { schemas, elsewhere }: Notice) {
        self.everything |= elsewhere;
        if !elsewhere || !schemas.is_empty() {
            self.look_at(Extent::Shared(schemas.into_iter().map(Into::into).collect()));
        }
    }

    /// Adds what is to be looked at.
    pub(super) fn look_at(&mut self, extent: Extent) {
        let part = match self.part.take() {
            Some(known) => known.and(extent),
            None => extent,
        };
        match part {
            Extent::Everything => self.everything = true,
            part @ Extent::Shared(_) => self.part = Some(part),
        }
    }

    /// The same where tenants are these: what is not theirs may matter to any of them.
    pub(super) fn among(mut self, tenancy: Option<&Tenancy>) -> Self {
        let Some(Extent::Shared(schemas)) = &mut self.part else { return self };
        let Some(tenancy) = tenancy else { return Self { part: None, everything: true, ..self } };
        let named = schemas.len();
        schemas.retain(|schema| tenancy.may_own(schema));
        self.everything |= schemas.len() < named;
        if schemas.is_empty() && self.everything {
            self.part = None;
        }
        self
    }

    /// Adds what was heard later.
    pub(super) fn and(&mut self, later: Self) {
        self.everything |= later.everything;
        self.since = self.since.or(later.since);
        if let Some(part) = later.part {
            self.look_at(part);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_several_notifications_name_is_looked_at_together() {
        let hint = Hint::uncounted();
        assert_eq!(hint.take(), Heard::default());
        hint.notified("schemas a");
        hint.notified("schemas b");
        hint.notified("schemas a");
        let both = Some(Extent::tenant("a").and(Extent::tenant("b")));
        let heard = hint.take();
        assert_eq!((heard.part, heard.everything), (both, false));
        assert!(heard.since.is_some());
        assert_eq!(hint.take(), Heard::default(), "once");
    }

    #[test]
    fn what_is_named_is_looked_at_first_where_more_may_have_changed() {
        let hint = Hint::uncounted();
        hint.notified("schemas a,*");
        let heard = hint.take();
        assert_eq!((heard.part, heard.everything), (Some(Extent::tenant("a")), true));
        hint.notified("");
        let heard = hint.take();
        assert_eq!((heard.part, heard.everything), (None, true));
    }
}
