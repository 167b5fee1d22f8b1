//! A ledger held against the migrations on disk.

#[cfg(test)]
mod tests;

use foldhash::{HashMap, HashSet};

use super::{
    Counting, Late, LedgerState, LockState, Mark, Migration, MigrationState, Reading, Row, Standing, Tool, graph,
    squash, version,
};

/// Holds what a database says of `tool`'s ledger against the migrations on disk, which are in the
/// order in which the tool applies them.
pub fn judge(tool: &Tool, migrations: &[Migration], reading: &Reading) -> LedgerState {
    let unread = |standing| LedgerState {
        standing,
        migrations: vec![MigrationState::Pending; migrations.len()],
        unknown: Vec::new(),
        log: None,
    };
    let (rows, lock) = match reading {
        Reading::Rows { rows, lock } => (rows, *lock),
        Reading::Absent if migrations.is_empty() => return unread(Standing::UpToDate),
        Reading::Absent => return unread(Standing::NoLedger),
        Reading::Denied(_) => return unread(Standing::Denied),
        Reading::Unexpected(_) => return unread(Standing::Unexpected),
    };
    let ledger = Ledger::of(tool, rows, lock);
    let mut states = match tool.counting {
        Counting::AnyRow | Counting::LastRow => ledger.by_row(migrations),
        Counting::Watermark => ledger.by_watermark(migrations),
        Counting::Heads => ledger.by_heads(migrations),
    };
    squash::settle(migrations, &mut states, || ledger.done());
    if tool.late != Late::Applies {
        ledger.mark_late(migrations, &mut states);
    }
    let unknown = ledger.unknown(tool, migrations);
    let standing = ledger.standing(&states, &unknown);
    let log = ledger.rows.iter().rfind(|row| row.mark == Mark::Unfinished).and_then(|row| row.log.clone());
    LedgerState { standing, migrations: states, unknown: unknown.into_iter().map(|row| row.key.clone()).collect(), log }
}

/// The rows that count: one for each identity.
struct Ledger<'r> {
    rows: Vec<&'r Row>,
    by_key: HashMap<&'r str, usize>,
    lock: LockState,
}

impl<'r> Ledger<'r> {
    fn of(tool: &Tool, rows: &'r [Row], lock: LockState) -> Self {
        let mut ledger = Self { rows: Vec::with_capacity(rows.len()), by_key: HashMap::default(), lock };
        for row in rows.iter().filter(|row| !tool.not_migrations.contains(&&*row.key)) {
            let place = *ledger.by_key.entry(&row.key).or_insert(ledger.rows.len());
            match ledger.rows.get_mut(place) {
                None => ledger.rows.push(row),
                Some(earlier) if tool.counting == Counting::LastRow || earlier.mark <= row.mark => *earlier = row,
                Some(_) => {}
            }
        }
        ledger
    }

    fn row(&self, key: &str) -> Option<&'r Row> {
        self.by_key.get(key).and_then(|place| self.rows.get(*place)).copied()
    }

    fn done(&self) -> HashSet<&'r str> {
        self.rows.iter().filter(|row| row.mark >= Mark::Done).map(|row| &*row.key).collect()
    }

    fn by_row(&self, migrations: &[Migration]) -> Vec<MigrationState> {
        let baselines = self.rows.iter().filter(|row| row.mark == Mark::Baseline);
        let baseline = baselines.filter_map(|row| version(&row.key)).max();
        let is_below = |migration: &Migration| {
            baseline.is_some() && version(&migration.key).is_some_and(|own| Some(own) <= baseline)
        };
        let state = |migration: &Migration| match self.row(&migration.key) {
            Some(row) => self.of_row(row, migration),
            None if is_below(migration) => MigrationState::Presumed,
            None => MigrationState::Pending,
        };
        migrations.iter().map(state).collect()
    }

    fn of_row(&self, row: &Row, migration: &Migration) -> MigrationState {
        match row.mark {
            Mark::Undone => MigrationState::RolledBack,
            // A killed migration leaves the same row as a running one; only its lock is gone.
            Mark::Unfinished if self.lock == LockState::Held && row.log.is_none() => MigrationState::Running,
            Mark::Unfinished => MigrationState::Failed,
            Mark::Baseline => MigrationState::Presumed,
            Mark::Done if is_same_file(row, migration) => MigrationState::Applied,
            Mark::Done if migration.repeatable => MigrationState::Pending,
            Mark::Done => MigrationState::Edited,
        }
    }

    fn by_watermark(&self, migrations: &[Migration]) -> Vec<MigrationState> {
        let mark = self.rows.last().copied();
        let newest = mark.and_then(|row| number(&row.key));
        let state = |migration: &Migration| match (mark, number(&migration.key)) {
            (Some(row), own) if own == newest => self.of_row(row, migration),
            (Some(_), own) if own < newest => MigrationState::Applied,
            _ => MigrationState::Pending,
        };
        migrations.iter().map(state).collect()
    }

    fn by_heads(&self, migrations: &[Migration]) -> Vec<MigrationState> {
        let on_disk: HashSet<&str> = migrations.iter().map(|migration| &*migration.key).collect();
        let (known, missing): (Vec<&str>, Vec<&str>) =
            self.rows.iter().map(|row| &*row.key).partition(|key| on_disk.contains(key));
        let known = known.iter().filter_map(|key| on_disk.get(key)).copied();
        let applied = graph::ancestors(migrations, known);
        let state = |migration: &Migration| match applied.contains(&*migration.key) {
            true => MigrationState::Applied,
            false if missing.is_empty() => MigrationState::Pending,
            false => MigrationState::Presumed,
        };
        migrations.iter().map(state).collect()
    }

    fn mark_late(&self, migrations: &[Migration], states: &mut [MigrationState]) {
        let newest_row = self.done().into_iter().filter_map(number).max();
        let last_met = states.iter().rposition(|state| state.is_met());
        for (place, (migration, state)) in migrations.iter().zip(states).enumerate() {
            let is_older = Some(place) < last_met
                || number(&migration.key).is_some_and(|own| newest_row.is_some_and(|newest| own < newest));
            if *state == MigrationState::Pending && !migration.repeatable && is_older {
                *state = MigrationState::Late;
            }
        }
    }

    /// Rows that stand for work done, or begun, by migrations that are not on disk.
    fn unknown(&self, tool: &Tool, migrations: &[Migration]) -> Vec<&'r Row> {
        let replaced = migrations.iter().flat_map(|migration| &migration.replaces);
        let on_disk: HashSet<&str> = migrations.iter().map(|m| &m.key).chain(replaced).map(AsRef::as_ref).collect();
        let packages: HashSet<&str> = on_disk.iter().map(|key| Migration::package_of(key)).collect();
        let is_ours = |key: &str| !tool.shared || packages.contains(Migration::package_of(key));
        let stands = |row: &Row| matches!(row.mark, Mark::Done | Mark::Unfinished);
        let rows = self.rows.iter().copied();
        rows.filter(|row| stands(row) && !on_disk.contains(&*row.key) && is_ours(&row.key)).collect()
    }

    fn standing(&self, states: &[MigrationState], unknown: &[&Row]) -> Standing {
        let any = |wanted: fn(MigrationState) -> bool| states.iter().copied().any(wanted);
        let is_behind = any(|state| !state.is_met());
        let half_done = unknown.iter().any(|row| row.mark == Mark::Unfinished);
        let is_done = |state| state != MigrationState::Replaced && MigrationState::is_met(state);
        match self.lock {
            LockState::Held if is_behind || half_done => Standing::Running,
            _ if half_done || any(|state| state == MigrationState::Failed) => Standing::Failed,
            LockState::Written => Standing::LockLeft,
            _ if is_behind && unknown.is_empty() && !any(is_done) => Standing::NeverApplied,
            _ if is_behind => Standing::Behind,
            _ if !unknown.is_empty() => Standing::Ahead,
            _ => Standing::UpToDate,
        }
    }
}

fn is_same_file(row: &Row, migration: &Migration) -> bool {
    // PostgreSQL prints bytes as \x and hexadecimal digits.
    let written = row.checksum.as_deref().map(|checksum| checksum.strip_prefix("\\x").unwrap_or(checksum));
    match written {
        Some(written) if !migration.checksums.is_empty() => {
            migration.checksums.iter().any(|own| own.eq_ignore_ascii_case(written))
        }
        _ => true,
    }
}

fn number(key: &str) -> Option<i128> {
    key.parse().ok()
}
