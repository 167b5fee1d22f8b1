//! Reading migration ledgers within a look.
//!
//! Where a ledger lies is only known from the catalog, and a look is sent in one go: so it is read
//! where it lay last, and the look is done once more if it lies elsewhere now. Each statement
//! stands in a savepoint of its own, so that one that is refused spoils nothing else.

use std::collections::{BTreeMap, BTreeSet};

use gate::ledger::{Ledger, Lock, LockState, Reading, Row, TRUE};
use gate::{Catalog, RelationKind};
use tokio_postgres::error::SqlState;
use tokio_postgres::{Error, SimpleQueryMessage, SimpleQueryRow};

use super::link::rows;

/// Takes back what a statement did to the transaction, be it a setting or a failure.
const UNDO: &str = "ROLLBACK TO SAVEPOINT ledger";

/// Errors of a ledger that is locked, or was replaced a moment ago: what it held before stands.
pub(super) const STANDS: [SqlState; 3] =
    [SqlState::LOCK_NOT_AVAILABLE, SqlState::UNDEFINED_TABLE, SqlState::UNDEFINED_COLUMN];

/// What is known of the ledgers of one database.
#[derive(Debug, Default)]
pub(super) struct Ledgers {
    /// Their schemas.
    places: BTreeMap<Ledger, Box<str>>,
    last: BTreeMap<Ledger, Reading>,
    /// Whether [`Self::places`] are those that were asked about.
    asked_about: bool,
    /// Whether what was read last was all of that moment.
    certain: bool,
}

/// What came of one statement.
pub(super) type Said = Result<Vec<SimpleQueryMessage>, Error>;

impl Ledgers {
    /// Learns where the ledgers lie; whether any of them lay elsewhere before.
    pub(super) fn learn(&mut self, wanted: &BTreeSet<Ledger>, catalog: &Catalog) -> bool {
        let found = wanted.iter().filter_map(|ledger| Some((ledger.clone(), ledger.find(catalog).ok()?.into())));
        let places: BTreeMap<_, _> = found.collect();
        // One that is gone needs no other look.
        let moved = places.iter().any(|(ledger, place)| self.places.get(ledger) != Some(place));
        self.places = places;
        self.asked_about &= !moved;
        moved
    }

    /// Schema and table of each ledger, once for each place.
    pub(super) fn places_not_asked_about(&mut self) -> Vec<(&str, &str)> {
        let places = if std::mem::replace(&mut self.asked_about, true) { None } else { Some(&self.places) };
        places.into_iter().flatten().map(|(ledger, place)| (&**place, ledger.table.name())).collect()
    }

    /// Whether what was read last was all of that moment, and changes by transactions of this server alone.
    pub(super) fn is_certain(&self, catalog: &Catalog) -> bool {
        let places = self.places.iter();
        let mut relations =
            places.filter_map(|(ledger, place)| catalog.schemas.get(place)?.relations.get(ledger.table.name()));
        self.certain && relations.all(|it| matches!(it.kind, RelationKind::Table | RelationKind::Materialized))
    }

    /// Keeps what was read.
    pub(super) fn keep(&mut self, catalog: &Catalog) {
        self.last.clone_from(&catalog.ledgers);
    }

    /// The statements that read them, to be sent one by one; for [`Self::read`].
    pub(super) fn statements(&self) -> Vec<String> {
        // A migrator that holds its own ledger is not waited for.
        let guarded =
            |select: String| [format!("SAVEPOINT ledger; SET LOCAL lock_timeout = '100ms'; {select}"), UNDO.to_owned()];
        let selects = self
            .places
            .iter()
            .flat_map(|(ledger, place)| [Some(ledger.query(place)), ledger.lock_query(place)].into_iter().flatten());
        selects.flat_map(guarded).collect()
    }

    /// Puts into the catalog what the statements said. `held` are keys of advisory locks that are
    /// held, of the database called `database`; `user` is who asked.
    pub(super) fn read(
        &mut self,
        wanted: &BTreeSet<Ledger>,
        said: Vec<Said>,
        held: &BTreeSet<i64>,
        database: &str,
        user: &str,
        catalog: &mut Catalog,
    ) -> Result<(), Error> {
        let mut answers = said.into_iter().step_by(2);
        let mut readings = BTreeMap::new();
        let mut certain = true;
        for (ledger, place) in &self.places {
            let answer = answers.next();
            let locked = ledger.lock_query(place).and_then(|_| answers.next());
            // Where it was read is no longer where it lies: there will be another look.
            if ledger.find(catalog) != Ok(&**place) {
                continue;
            }
            let lock = lock_state(ledger, locked, held, database);
            let reading = match answer {
                Some(Ok(messages)) => {
                    let cells =
                        |row: &SimpleQueryRow| Row::read(ledger.tool, (0..row.len()).map(|column| row.get(column)));
                    Reading::Rows { rows: rows(&messages).filter_map(cells).collect(), lock }
                }
                Some(Err(error)) => {
                    certain &= !stands(&error);
                    self.after(error, ledger, place, user)?
                }
                None => continue,
            };
            readings.insert(ledger.clone(), reading);
        }
        for ledger in wanted {
            if let Err(reading) = ledger.find(catalog) {
                readings.insert(ledger.clone(), reading);
            }
        }
        catalog.ledgers = readings;
        self.certain = certain;
        Ok(())
    }

    /// What is to be thought of a ledger that could not be read.
    fn after(&self, error: Error, ledger: &Ledger, place: &str, user: &str) -> Result<Reading, Error> {
        match error.as_db_error() {
            Some(said) if *said.code() == SqlState::INSUFFICIENT_PRIVILEGE => {
                let words = format!("{}: {}", said.message(), ledger.grant_sql(place, user));
                Ok(Reading::Denied(words.into()))
            }
            Some(_) if stands(&error) => self.last.get(ledger).cloned().ok_or(error),
            _ => Err(error),
        }
    }
}

/// Whether what was read before stands.
fn stands(error: &Error) -> bool {
    error.as_db_error().is_some_and(|said| STANDS.contains(said.code()))
}

/// The question for advisory locks of `wanted`'s tools, if they have any; answered by
/// [`held_keys`]. It is to be asked at the very moment that the rows are of, or the row of a
/// migration that ends meanwhile would look like that of a dead one.
pub(super) fn lock_question<'l>(wanted: impl Iterator<Item = &'l Ledger>, database: &str) -> Option<String> {
    let keys: Vec<String> =
        wanted.filter_map(|ledger| advisory_key(ledger, database)).map(|key| key.to_string()).collect();
    (!keys.is_empty()).then(|| {
        format!(
            "SELECT pg_catalog.string_agg(k.key::text, ' ') \
               FROM (SELECT (l.classid::int8 << 32) | l.objid::int8 AS key FROM pg_catalog.pg_locks l \
                      WHERE l.locktype = 'advisory' AND l.objsubid = 1 AND l.granted \
                        AND l.database = (SELECT d.oid FROM pg_catalog.pg_database d \
                                           WHERE d.datname = pg_catalog.current_database())) k \
              WHERE k.key IN ({})",
            keys.join(", ")
        )
    })
}

/// The keys in an answer to [`lock_question`].
pub(super) fn held_keys(answer: Option<&str>) -> BTreeSet<i64> {
    answer.unwrap_or_default().split(' ').filter_map(|key| key.parse().ok()).collect()
}

pub(super) fn advisory_key(ledger: &Ledger, database: &str) -> Option<i64> {
    match ledger.tool.lock {
        Lock::Advisory(key) => Some(key),
        Lock::AdvisoryOfDatabase(factor) => Some(factor.wrapping_mul(i64::from(crc32fast::hash(database.as_bytes())))),
        Lock::Row { .. } | Lock::Unseen => None,
    }
}

fn lock_state(ledger: &Ledger, locked: Option<Said>, held: &BTreeSet<i64>, database: &str) -> LockState {
    if advisory_key(ledger, database).is_some_and(|key| held.contains(&key)) {
        return LockState::Held;
    }
    // A lock that may not be read, or is not there, cannot be seen to be held.
    let messages = locked.and_then(Result::ok).unwrap_or_default();
    let is_written = rows(&messages).any(|row| row.get(0).is_some_and(|cell| TRUE.contains(&cell)));
    if is_written { LockState::Written } else { LockState::Free }
}
