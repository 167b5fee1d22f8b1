//! What there is to know of a PostgreSQL server beside its catalog: for `schemagate doctor`.

use std::sync::Arc;
use std::time::{Duration, Instant};

use gate::{Extent, ObjectName};
use jiff::Timestamp;
use tokio::time::timeout;
use tokio_postgres::{SimpleQueryMessage, SimpleQueryRow};

use super::hearing::{self, Hearing};
use super::link::{CHANNEL, Link};
use super::notice::SCHEMAS;
use super::{TRAVEL, connect_limit, failure, statement_limit};
use crate::config::{Notify, Postgres};
use crate::watch::hint::Hint;
use crate::watch::trigger_sql::{DDL_TRIGGER, DROP_TRIGGER, LEDGER_TRIGGER, WINDOWS_TRIGGER, body};
use crate::watch::{LookError, TriggerKind, skew};

/// Of the server and the role that asks; one row.
const SERVER: &str = "\
SELECT pg_catalog.current_setting('server_version'), pg_catalog.pg_is_in_recovery(), r.rolname, r.rolsuper, \
       (EXTRACT(epoch FROM pg_catalog.clock_timestamp()) * 1000000)::bigint, \
       (SELECT s.version FROM pg_catalog.pg_stat_ssl s WHERE s.pid = pg_catalog.pg_backend_pid() AND s.ssl) \
  FROM pg_catalog.pg_roles r WHERE r.rolname = current_user";

/// What was found out about a PostgreSQL server and the way to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Examination {
    /// Where it was reached: host and port, or a socket.
    pub place: String,
    /// Whether the server itself is at the other end, and not a pooler.
    pub direct: bool,
    /// Its version (`server_version`).
    pub version: String,
    /// Whether it is a standby.
    pub standby: bool,
    /// The role that asks.
    pub role: String,
    /// Whether that is a superuser.
    pub superuser: bool,
    /// What encrypts the server's own connection, such as `TLSv1.3` (`pg_stat_ssl`); behind a pooler that is the pooler's.
    pub encryption: Option<String>,
    /// How far the server's clock lies outside of the time in which it was asked.
    pub skew: Duration,
    /// The triggers of `trigger-sql` that are installed.
    pub triggers: Vec<InstalledTrigger>,
    /// What came of sending a notification.
    pub notifications: Notifications,
}

/// A trigger of `trigger-sql` that is installed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InstalledTrigger {
    /// Its name.
    pub name: String,
    /// The table whose rows it hears of; `None`: it hears of DDL.
    pub table: Option<String>,
    /// Whether it is switched on.
    pub enabled: bool,
    /// Whether its function is the one that this version installs.
    pub current: bool,
}

/// What came of sending a notification over one connection and listening for it on another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Notifications {
    /// It was heard after so long.
    Heard(Duration),
    /// It was not heard within so long.
    Lost(Duration),
    /// `notify = "never"`.
    Off,
    /// A pooler is in between, where nothing can be listened for.
    Pooled,
    /// The server is a standby, where nothing can be listened for.
    Standby,
    /// The server refused, in these words.
    Refused(String),
    /// The connection for it could not be opened, or broke.
    Failed(LookError),
}

impl Examination {
    /// Connects and asks. Fails where nobody can be asked.
    pub(in crate::watch) async fn of(settings: &Postgres) -> Result<Self, LookError> {
        let url = &settings.url;
        let link = Link::open(url, connect_limit(settings, url), &Arc::new(Hint::uncounted())).await?;
        let began = Timestamp::now();
        let server = asked(&link, settings, SERVER).await?;
        let ended = Timestamp::now();
        let triggers = asked(&link, settings, &triggers_sql()).await?;
        let (place, direct) = (link.place.clone(), link.direct);
        link.close().await;
        let server = server.first().ok_or_else(|| LookError::new("protocol", format!("{place}: it says nothing")))?;
        let text = |column| server.get(column).unwrap_or_default().to_owned();
        let clock = server.get(4).and_then(|clock| clock.parse().ok());
        Ok(Self {
            place,
            direct,
            version: text(0),
            standby: server.get(1) == Some("t"),
            role: text(2),
            superuser: server.get(3) == Some("t"),
            encryption: server.get(5).map(str::to_owned),
            skew: clock.map_or(Duration::ZERO, |clock| skew::skew(clock, began, ended)),
            triggers: triggers.iter().map(InstalledTrigger::read).collect(),
            notifications: round_trip(settings).await.unwrap_or_else(Notifications::Failed),
        })
    }

    /// Whether the server's clock and this machine's agree, as far as anybody would care.
    pub fn clocks_agree(&self) -> bool {
        self.skew <= skew::SMALL
    }
}

impl InstalledTrigger {
    fn read(row: &SimpleQueryRow) -> Self {
        let name = row.get(0).unwrap_or_default();
        let kind = match name {
            LEDGER_TRIGGER => TriggerKind::Ledger(ObjectName::unqualified("any")),
            WINDOWS_TRIGGER => TriggerKind::Windows(ObjectName::unqualified("any")),
            _ => TriggerKind::Event,
        };
        Self {
            name: name.to_owned(),
            table: row.get(1).map(str::to_owned),
            // `O` and `A` fire in an ordinary session, `D` and `R` do not (pg_trigger.tgenabled).
            enabled: matches!(row.get(2), Some("O" | "A")),
            current: row.get(3) == Some(&body(&kind)),
        }
    }
}

fn triggers_sql() -> String {
    format!(
        "SELECT t.evtname, NULL, t.evtenabled, p.prosrc \
           FROM pg_catalog.pg_event_trigger t JOIN pg_catalog.pg_proc p ON p.oid = t.evtfoid \
          WHERE t.evtname IN ('{DDL_TRIGGER}', '{DROP_TRIGGER}') \
         UNION ALL \
         SELECT t.tgname, pg_catalog.format('%s.%s', n.nspname, c.relname), t.tgenabled, p.prosrc \
           FROM pg_catalog.pg_trigger t JOIN pg_catalog.pg_proc p ON p.oid = t.tgfoid \
           JOIN pg_catalog.pg_class c ON c.oid = t.tgrelid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
          WHERE t.tgname IN ('{LEDGER_TRIGGER}', '{WINDOWS_TRIGGER}') ORDER BY 1, 2"
    )
}

/// The rows of one statement, which may take as long as one of a look.
async fn asked(link: &Link, settings: &Postgres, sql: &str) -> Result<Vec<SimpleQueryRow>, LookError> {
    let limit = statement_limit(settings, &settings.url) + TRAVEL;
    match timeout(limit, link.client.simple_query(sql)).await {
        Ok(Ok(messages)) => Ok(messages.into_iter().filter_map(row).collect()),
        Ok(Err(error)) => Err(failure::describe(&error, &link.place)),
        Err(_) => Err(failure::timed_out(&link.place, limit, "to a question")),
    }
}

fn row(message: SimpleQueryMessage) -> Option<SimpleQueryRow> {
    match message {
        SimpleQueryMessage::Row(row) => Some(row),
        _ => None,
    }
}

/// Sends a notification as a migration would, and listens for it as `run` does. It names a schema that nobody has, so a schemagate
/// that runs looks once and finds nothing new.
async fn round_trip(settings: &Postgres) -> Result<Notifications, LookError> {
    if settings.notify == Notify::Never {
        return Ok(Notifications::Off);
    }
    let url = settings.direct_url.as_ref().unwrap_or(&settings.url);
    let (connect, limit) = (connect_limit(settings, url), statement_limit(settings, url));
    let hint = Arc::new(Hint::uncounted());
    let listening = Link::open(url, connect, &hint).await?;
    let came_of_it = match hearing::listen(&listening, settings.notify, limit).await? {
        Hearing::Pooled => Notifications::Pooled,
        Hearing::Standby => Notifications::Standby,
        Hearing::Refused(why) => Notifications::Refused(why),
        Hearing::Listening => {
            let sending = Link::open(url, connect, &Arc::new(Hint::uncounted())).await?;
            let schema = format!("pg_schemagate_doctor_{:08x}", fastrand::u32(..));
            let sent = Instant::now();
            asked(&sending, settings, &format!("SELECT pg_catalog.pg_notify('{CHANNEL}', '{SCHEMAS}{schema}')"))
                .await?;
            let heard = timeout(limit, names(&hint, &schema)).await;
            sending.close().await;
            heard.map_or(Notifications::Lost(limit), |()| Notifications::Heard(sent.elapsed()))
        }
    };
    listening.close().await;
    Ok(came_of_it)
}

/// Waits for a notification that names a schema.
async fn names(hint: &Hint, schema: &str) {
    loop {
        hint.heard().await;
        if matches!(hint.take().part, Some(Extent::Shared(schemas)) if schemas.contains(schema)) {
            return;
        }
    }
}
