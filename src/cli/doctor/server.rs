//! What is to be thought of a PostgreSQL server and the way to it.

use std::net::IpAddr;

use super::finding::Finding;
use crate::config::{Database, Postgres, PostgresHost, PostgresUrl, TlsMode, show_duration};
use crate::watch::{DDL_TRIGGER, DROP_TRIGGER, Examination, InstalledTrigger, Notifications, WINDOWS_TRIGGER};

/// What there is to say of a server that was examined. `windows` is the application's own table of maintenance windows, where one is watched.
pub(super) fn findings(
    database: &Database,
    settings: &Postgres,
    found: &Examination,
    windows: Option<&str>,
) -> Vec<Finding> {
    let of = format!("database {}", database.name);
    let every = show_duration(database.refresh);
    let mut findings = vec![reached(&of, found)];
    findings.extend(encryption(&of, &settings.url, found));
    findings.push(role(&of, found));
    findings.push(clock(&of, found));
    findings.push(notifications(&of, settings, &every, found));
    // Whoever does not listen needs nobody who tells.
    if found.notifications != Notifications::Off {
        findings.extend(triggers(&of, &every, found, windows));
    }
    findings
}

fn reached(of: &str, found: &Examination) -> Finding {
    let standby = if found.standby { ", a standby" } else { "" };
    let pooler = if found.direct { "" } else { ", through a pooler" };
    let Examination { place, version, .. } = found;
    Finding::ok(of, "reach", format!("PostgreSQL {version} at {place}{standby}{pooler}"))
}

fn encryption(of: &str, url: &PostgresUrl, found: &Examination) -> Option<Finding> {
    const VERIFY: &str =
        "set sslmode=verify-full in the url, and sslrootcert where the system does not know who issued the certificate";
    let is_verified = matches!(url.tls, TlsMode::VerifyCa | TlsMode::VerifyFull)
        || (url.tls == TlsMode::Require && url.root_cert.is_some());
    Some(match &found.encryption {
        _ if url.hosts.iter().all(is_here) => {
            Finding::ok(of, "tls", "what is asked and answered does not leave this machine")
        }
        // What the server says is about the pooler's connection then.
        _ if !found.direct => return None,
        Some(version) if is_verified => Finding::ok(of, "tls", format!("{version}, and the certificate was verified")),
        Some(version) => Finding::warning(
            of,
            "tls",
            format!(
                "{version}, and whoever stands in between could pass for the server: its certificate is not verified"
            ),
            VERIFY,
        ),
        None => Finding::warning(of, "tls", "not encrypted: who listens in between reads along", VERIFY),
    })
}

fn is_here(host: &PostgresHost) -> bool {
    match host {
        PostgresHost::Unix(..) => true,
        PostgresHost::Tcp(name, _) => {
            name == "localhost" || name.parse().is_ok_and(|address: IpAddr| address.is_loopback())
        }
    }
}

fn role(of: &str, found: &Examination) -> Finding {
    let role = &found.role;
    if found.superuser {
        return Finding::warning(
            of,
            "role",
            format!("{role} is a superuser, and schemagate needs to connect and no more"),
            "give it a role of its own: docs/privileges.md has the SQL",
        );
    }
    Finding::ok(of, "role", format!("{role} is no superuser, and need not be"))
}

fn clock(of: &str, found: &Examination) -> Finding {
    if found.clocks_agree() {
        return Finding::ok(of, "clock", "its clock and this machine's agree");
    }
    let seconds = found.skew.as_secs_f64();
    Finding::warning(
        of,
        "clock",
        format!(
            "its clock and this machine's differ by {seconds:.1} s: maintenance windows in its table go by the database's"
        ),
        "set the one that is wrong (NTP); `timedatectl` tells of this one",
    )
}

fn notifications(of: &str, settings: &Postgres, every: &str, found: &Examination) -> Finding {
    let key = if settings.direct_url.is_some() { "direct_url" } else { "url" };
    let polls = format!("so a change is seen when it is looked for, every {every}");
    let (text, mend) = match &found.notifications {
        Notifications::Heard(after) => {
            let text = format!("one was sent and heard after {after:.1?}, over {key}");
            return Finding::ok(of, "notify", text);
        }
        Notifications::Off => return Finding::ok(of, "notify", format!("notify = \"never\", {polls}")),
        Notifications::Standby => (
            format!("{key} leads to a standby, where nobody can listen, {polls}"),
            "point direct_url at the primary".to_owned(),
        ),
        Notifications::Pooled => (
            format!("{key} leads to a pooler, where nothing can be listened for, {polls}"),
            "give a direct_url past the pooler, or notify = \"always\" if it keeps one server connection for each client"
                .to_owned(),
        ),
        Notifications::Refused(why) => (format!("LISTEN was refused ({why}), {polls}"), "see the server's log".to_owned()),
        Notifications::Lost(limit) => {
            let text = format!("one was sent and not heard within {limit:?}, over {key}");
            let mend = "something in between keeps them back: give a direct_url straight to the server, or set notify = \"never\"";
            return Finding::problem(of, "notify", text, mend);
        }
        Notifications::Failed(error) => {
            let text = format!("they cannot be listened for over {key}, {polls}: {error}");
            return Finding::error(of, "notify", text);
        }
    };
    Finding::warning(of, "notify", text, mend)
}

fn triggers(of: &str, every: &str, found: &Examination, windows: Option<&str>) -> Vec<Finding> {
    let is_event = |trigger: &&InstalledTrigger| trigger.table.is_none();
    let events = found.triggers.iter().filter(is_event).count();
    let rows: Vec<&InstalledTrigger> = found.triggers.iter().filter(|trigger| trigger.table.is_some()).collect();
    let mut findings: Vec<Finding> = found.triggers.iter().filter_map(|trigger| ailing(of, trigger)).collect();
    let windows_trigger = rows.iter().any(|trigger| trigger.name == WINDOWS_TRIGGER);
    if events == 0 && rows.iter().all(|trigger| trigger.name == WINDOWS_TRIGGER) {
        let text =
            format!("nothing tells of a change of the schema, so one is seen when it is looked for, every {every}");
        let mend = "schemagate trigger-sql | psql, as a superuser; or schemagate trigger-sql --ledger TABLE, as the table's owner";
        findings.push(Finding::warning(of, "trigger", text, mend));
    } else if events == 1 {
        let text = format!("of the two event triggers {DDL_TRIGGER} and {DROP_TRIGGER} one is missing");
        findings.push(Finding::warning(of, "trigger", text, "schemagate trigger-sql | psql, as a superuser"));
    }
    if let Some(table) = windows.filter(|_| !windows_trigger) {
        let text = format!(
            "nothing tells of rows of {table}, so a maintenance window is seen when it is looked for, every {every}"
        );
        let mend = format!("schemagate trigger-sql --windows {table} | psql");
        findings.push(Finding::warning(of, "trigger", text, mend));
    }
    if findings.is_empty() {
        let tables: Vec<&str> = rows.iter().filter_map(|trigger| trigger.table.as_deref()).collect();
        let of_tables = if tables.is_empty() { String::new() } else { format!("; rows of {}", tables.join(", ")) };
        let of_schema = if events == 0 { "" } else { "every change of the schema is told of" };
        let text = format!("{of_schema}{of_tables}: installed, switched on and current");
        findings.push(Finding::ok(of, "trigger", text.trim_start_matches("; ")));
    }
    findings
}

/// What is wrong with a trigger that is there.
fn ailing(of: &str, trigger: &InstalledTrigger) -> Option<Finding> {
    let InstalledTrigger { name, table, .. } = trigger;
    let (place, switch_on, again) = match table {
        None => (
            String::new(),
            format!("ALTER EVENT TRIGGER {name} ENABLE"),
            "schemagate trigger-sql | psql, as a superuser".to_owned(),
        ),
        Some(table) => {
            let option = if name == WINDOWS_TRIGGER { "windows" } else { "ledger" };
            (
                format!(" on {table}"),
                format!("ALTER TABLE {table} ENABLE TRIGGER {name}"),
                format!("schemagate trigger-sql --{option} {table} | psql"),
            )
        }
    };
    if !trigger.enabled {
        return Some(Finding::warning(of, "trigger", format!("{name}{place} is switched off"), switch_on));
    }
    (!trigger.current).then(|| {
        let text = format!("{name}{place} is of another version of schemagate, and may tell less");
        Finding::warning(of, "trigger", text, again)
    })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::cli::doctor::finding::Grade;
    use crate::config::{Notify, Source};

    fn settings(url: &str) -> Postgres {
        Postgres {
            url: url.parse().expect(url),
            direct_url: None,
            search_path: None,
            role: None,
            notify: Notify::Auto,
            statement_timeout: Duration::from_secs(2),
            connect_timeout: Duration::from_secs(5),
        }
    }

    fn database() -> Database {
        let source = Source::Sqlite("unused".into());
        let (refresh, max_age) = (Duration::from_secs(1), Duration::from_secs(30));
        Database { name: "main".to_owned(), source, refresh, max_age, idle: None }
    }

    fn found() -> Examination {
        Examination {
            place: "db.example:5432".to_owned(),
            direct: true,
            version: "17.2".to_owned(),
            standby: false,
            role: "schemagate".to_owned(),
            superuser: false,
            encryption: Some("TLSv1.3".to_owned()),
            skew: Duration::from_millis(40),
            triggers: vec![trigger(DDL_TRIGGER), trigger(DROP_TRIGGER)],
            notifications: Notifications::Heard(Duration::from_millis(2)),
        }
    }

    fn trigger(name: &str) -> InstalledTrigger {
        InstalledTrigger { name: name.to_owned(), table: None, enabled: true, current: true }
    }

    /// Checks that are not as they should be.
    fn wrong(url: &str, found: &Examination) -> Vec<(&'static str, Grade)> {
        let findings = findings(&database(), &settings(url), found, None);
        assert!(findings.iter().all(|finding| (finding.grade == Grade::Ok) == finding.mend.is_none()), "{findings:?}");
        let wrong = findings.into_iter().filter(|finding| finding.grade != Grade::Ok);
        wrong.map(|finding| (finding.check, finding.grade)).collect()
    }

    const FAR: &str = "postgresql://schemagate@db.example/app?sslmode=verify-full";

    #[test]
    fn a_healthy_server_is_told_of_without_a_word_of_advice() {
        assert_eq!(wrong(FAR, &found()), []);
    }

    #[test]
    fn each_thing_that_could_be_better_has_its_warning() {
        let warned = |url, found: &Examination| wrong(url, found);
        let warning = |check| vec![(check, Grade::Warning)];
        let weak = "postgresql://schemagate@db.example/app?sslmode=require";
        assert_eq!(warned(weak, &found()), warning("tls"));
        assert_eq!(warned("postgresql://a@127.0.0.1/app", &Examination { encryption: None, ..found() }), []);
        assert_eq!(
            warned("postgresql://a@db.example/app", &Examination { encryption: None, ..found() }),
            warning("tls")
        );
        assert_eq!(warned(FAR, &Examination { superuser: true, ..found() }), warning("role"));
        assert_eq!(warned(FAR, &Examination { skew: Duration::from_secs(3), ..found() }), warning("clock"));
        assert_eq!(warned(FAR, &Examination { triggers: Vec::new(), ..found() }), warning("trigger"));
        let one = vec![trigger(DDL_TRIGGER)];
        assert_eq!(warned(FAR, &Examination { triggers: one, ..found() }), warning("trigger"));
        let off = vec![InstalledTrigger { enabled: false, ..trigger(DDL_TRIGGER) }, trigger(DROP_TRIGGER)];
        assert_eq!(warned(FAR, &Examination { triggers: off, ..found() }), warning("trigger"));
        for notifications in [Notifications::Pooled, Notifications::Standby, Notifications::Refused("no".to_owned())] {
            assert_eq!(warned(FAR, &Examination { notifications, ..found() }), warning("notify"));
        }
    }

    #[test]
    fn a_notification_that_is_lost_is_a_problem_and_one_that_nobody_wants_is_none() {
        let lost = Notifications::Lost(Duration::from_secs(2));
        assert_eq!(wrong(FAR, &Examination { notifications: lost, ..found() }), [("notify", Grade::Problem)]);
        let off = Examination { notifications: Notifications::Off, triggers: Vec::new(), ..found() };
        assert_eq!(wrong(FAR, &off), []);
    }
}
