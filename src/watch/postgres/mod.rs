//! Looks at a PostgreSQL database.

mod backend;
mod failure;
mod hearing;
mod kind;
mod ledgers;
mod link;
mod listener;
mod question;
mod search_path;
mod tenants;
mod tls;
mod unheard;
mod windows;

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::{join_all, join5};
use gate::ledger::Ledger;
use gate::{Catalog, ObjectName, Wanted};
use tokio::time::timeout;

use super::LookError;
use super::hint::Hint;
use crate::config::{Notify, Postgres, PostgresUrl};

pub(super) use hearing::Hearing;
pub(super) use link::CHANNEL;
pub(super) use listener::Listener;

use ledgers::{Ledgers, held_keys, lock_question};
use link::{APPLICATION, Link, rows};
use question::{Answer, Question};
use tenants::Tenants;
use windows::Windows;

/// How much longer than the server's own limit an answer is waited for: it has to travel.
const TRAVEL: Duration = Duration::from_millis(500);

/// Looks at a PostgreSQL database over one connection.
///
/// A look is one read-only transaction of unnamed statements, sent in one go. What it sets, it sets
/// for the transaction, so that nothing is left to whoever a pooler gives the connection to next.
#[derive(Debug)]
pub(super) struct PostgresReader {
    settings: Postgres,
    wanted: Arc<Wanted>,
    link: Link,
    /// Where names without a schema were looked for last.
    path: Vec<Box<str>>,
    ledgers: Ledgers,
    windows: Windows,
    tenants: Option<Tenants>,
    /// Whether the server was a standby when it was last looked at.
    standby: bool,
    /// Whether the connection is to be replaced although it works.
    outdated: bool,
}

impl PostgresReader {
    /// Connects.
    pub(super) async fn open(settings: &Postgres, wanted: Arc<Wanted>, hint: &Arc<Hint>) -> Result<Self, LookError> {
        let link = Link::open(&settings.url, connect_limit(settings, &settings.url), hint).await?;
        let user = settings.role.as_deref().unwrap_or(&settings.url.user);
        let elements = match explicit_path(settings) {
            Some(elements) => elements,
            // PostgreSQL's default; if the server says otherwise, the first look is done twice.
            None => &["$user".to_owned(), "public".to_owned()],
        };
        let path = search_path::effective(elements, user);
        let tenants = wanted.tenants.as_ref().map(|wanted| Tenants::new(wanted, settings.role.as_deref()));
        Ok(Self {
            settings: settings.clone(),
            wanted,
            link,
            path,
            ledgers: Ledgers::default(),
            windows: Windows::default(),
            tenants,
            standby: false,
            outdated: false,
        })
    }

    /// Starts to listen on this connection, unless another one is there for that.
    pub(super) async fn listen(&mut self) -> Result<Option<Hearing>, LookError> {
        let settings = &self.settings;
        if settings.notify == Notify::Never || settings.direct_url.is_some() {
            return Ok(None);
        }
        let limit = statement_limit(settings, &settings.url);
        hearing::listen(&self.link, settings.notify, limit).await.map(Some)
    }

    /// Looks once.
    pub(super) async fn look(&mut self) -> Result<Catalog, LookError> {
        let limit = statement_limit(&self.settings, &self.settings.url) + TRAVEL;
        let Ok(answer) = timeout(limit, self.look_at_the_right_place()).await else {
            // Whatever still arrives would answer a question that is no longer asked.
            self.outdated = true;
            return Err(failure::timed_out(&self.link.place, limit, "to a look at the catalog"));
        };
        let answer = answer.map_err(|error| failure::describe(&error, &self.link.place))?;
        // A standby that was promoted can be listened to: by a new connection.
        self.outdated = self.standby && !answer.in_recovery;
        self.standby = answer.in_recovery;
        self.ledgers.keep(&answer.catalog);
        Ok(answer.catalog)
    }

    /// Ledgers whose rows are written without a notification, asked once for each place where they
    /// lie; for after a look.
    pub(super) async fn unheard_ledgers(&mut self) -> Vec<ObjectName> {
        let places = self.ledgers.places_not_asked_about();
        let limit = statement_limit(&self.settings, &self.settings.url);
        match timeout(limit, unheard::unheard(&self.link.client, &places)).await {
            Ok(Ok(unheard)) => unheard,
            // Nothing hangs on it; what is wrong with the connection the next look will tell.
            Ok(Err(_)) | Err(_) => Vec::new(),
        }
    }

    /// Whether the connection is of no more use after a failed look.
    pub(super) fn is_lost(&self) -> bool {
        self.outdated || self.link.has_ended()
    }

    /// Waits until the connection is of no more use.
    pub(super) async fn lost(&mut self) {
        if !self.outdated {
            self.link.ended().await;
        }
    }

    /// Takes leave of the server.
    pub(super) async fn close(self) {
        self.link.close().await;
    }

    /// Looks along the search path that was in force last, and where ledgers lay last; and once
    /// more for each of the two that was another.
    async fn look_at_the_right_place(&mut self) -> Result<Answer, tokio_postgres::Error> {
        let (session_path, mut answer, mut of_tenants) = self.ask().await?;
        if let Some(path) = self.path_of(&session_path, &answer).filter(|path| *path != self.path) {
            self.path = path;
            (_, answer, of_tenants) = self.ask().await?;
        }
        let moved = self.ledgers.learn(&self.wanted.ledgers, &answer.catalog);
        let tenants_moved = self.tenants.as_mut().zip(of_tenants.as_ref()).is_some_and(|(it, asked)| it.learn(asked));
        let windows_moved = self.windows.learn(self.wanted.windows.as_ref(), &answer.catalog);
        if moved || tenants_moved || windows_moved {
            (_, answer, of_tenants) = self.ask().await?;
        }
        if let Some((tenants, asked)) = self.tenants.as_mut().zip(of_tenants) {
            let PostgresUrl { user, database, .. } = &self.settings.url;
            answer.catalog.tenants = Some(tenants.read(asked, &answer.held, database, user)?);
        }
        Ok(answer)
    }

    /// Where names without a schema are to be looked for; `None` if the configuration says.
    fn path_of(&self, session_path: &str, answer: &Answer) -> Option<Vec<Box<str>>> {
        if explicit_path(&self.settings).is_some() {
            return None;
        }
        let setting = answer.role_path.as_deref().unwrap_or(session_path);
        let user = answer.catalog.role.as_deref().or(self.settings.role.as_deref()).unwrap_or(&self.settings.url.user);
        Some(search_path::effective(&search_path::parse(setting).unwrap_or_default(), user))
    }

    /// Those of the database, and those of its tenants.
    fn all_ledgers(&self) -> impl Iterator<Item = &Ledger> {
        let of_tenants = self.wanted.tenants.iter().flat_map(|tenants| &tenants.objects.ledgers);
        self.wanted.ledgers.iter().chain(of_tenants)
    }

    /// One transaction: the session's search path, and everything that is wanted.
    async fn ask(&self) -> Result<(String, Answer, Option<tenants::Asked>), tokio_postgres::Error> {
        let limit = statement_limit(&self.settings, &self.settings.url).as_millis().max(2);
        // Repeatable read, so that all statements see one and the same moment.
        let opening = format!(
            "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; \
             SELECT pg_catalog.current_setting('search_path'); \
             SET LOCAL application_name = '{APPLICATION}'; \
             SET LOCAL search_path = ''; \
             {locks}; \
             SET LOCAL statement_timeout = {limit}; \
             SET LOCAL lock_timeout = {}; \
             SET LOCAL idle_in_transaction_session_timeout = {limit}",
            limit / 2,
            locks = lock_question(self.all_ledgers(), &self.settings.url.database).unwrap_or_default(),
        );
        let client = &self.link.client;
        let questions = Question::all(&self.wanted, &self.path, self.settings.role.as_deref());
        let parameters: Vec<_> = questions.iter().map(Question::parameters).collect();
        let asked = questions
            .iter()
            .zip(&parameters)
            .map(|(question, parameters)| client.query_typed(question.sql(), parameters));
        let ledgers = self.ledgers.statements();
        let of_windows = self.windows.statements((limit / 4).max(1));
        let asked_of_tables = ledgers.iter().chain(&of_windows).map(|statement| client.simple_query(statement));
        // These send in order when they are first polled, without waiting for one another.
        let of_tenants = self.tenants.as_ref().map(Tenants::statements).unwrap_or_default();
        let asked_of_tenants = of_tenants.iter().map(|statement| client.simple_query(statement));
        let (opened, answers, mut said, said_of_tenants, closed) = join5(
            client.simple_query(&opening),
            join_all(asked),
            join_all(asked_of_tables),
            join_all(asked_of_tenants),
            client.batch_execute("COMMIT"),
        )
        .await;
        let opened = opened?;
        let mut rows_of_opening = rows(&opened).map(|row| row.get(0));
        let session_path = rows_of_opening.next().flatten().unwrap_or_default().to_owned();
        let held = held_keys(rows_of_opening.next().flatten());
        let mut answer = Answer { held, ..Answer::default() };
        // The first error is the cause of all that follow it.
        for (question, rows) in questions.iter().zip(answers) {
            question.read(&rows?, &mut answer)?;
        }
        answer.catalog.search_path.clone_from(&self.path);
        let PostgresUrl { user, database, .. } = &self.settings.url;
        let said_of_windows = said.split_off(ledgers.len());
        self.ledgers.read(&self.wanted.ledgers, said, &answer.held, database, user, &mut answer.catalog)?;
        if let Some(wanted) = &self.wanted.windows {
            answer.catalog.windows = Some(self.windows.read(wanted, said_of_windows, &answer.catalog, user)?);
        }
        closed?;
        let of_tenants = self.tenants.as_ref().map(|tenants| tenants.asked(said_of_tenants));
        Ok((session_path, answer, of_tenants))
    }
}

/// The search path that the configuration, or else the URL, gives.
fn explicit_path(settings: &Postgres) -> Option<&[String]> {
    settings.search_path.as_deref().or(settings.url.search_path.as_deref())
}

/// How long a statement may take. The URL's limit is made for the application's statements: it can
/// shorten the limit of a look, and not lengthen it.
fn statement_limit(settings: &Postgres, url: &PostgresUrl) -> Duration {
    url.statement_timeout.map_or(settings.statement_timeout, |limit| limit.min(settings.statement_timeout))
}

/// How long opening a connection may take, by the same rule.
fn connect_limit(settings: &Postgres, url: &PostgresUrl) -> Duration {
    url.connect_timeout.map_or(settings.connect_timeout, |limit| limit.min(settings.connect_timeout))
}
