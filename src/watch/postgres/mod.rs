//! Looks at a PostgreSQL database.

mod backend;
mod examination;
mod failure;
mod hearing;
mod kind;
mod ledgers;
mod link;
mod listener;
mod notice;
mod question;
mod search_path;
mod sign;
mod step;
mod tenants;
mod tls;
mod unheard;
mod windows;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::future::{join_all, join5};
use gate::ledger::Ledger;
use gate::{Catalog, Extent, ObjectName, Wanted};
use tokio::time::timeout;

use super::LookError;
use super::hint::Hint;
use crate::config::{Notify, Postgres, PostgresUrl};

pub use examination::{Examination, InstalledTrigger, Notifications};
pub(super) use hearing::Hearing;
pub(super) use link::CHANNEL;
pub(super) use listener::Listener;
pub(super) use notice::{ELSEWHERE, Notice, SCHEMAS};
pub(super) use step::Step;

use ledgers::{Ledgers, held_keys, lock_question};
use link::{APPLICATION, Link, rows};
use question::{Answer, Question};
use sign::Sign;
use tenants::Tenants;
use windows::Windows;

/// How much longer than the server's own limit an answer is waited for: it has to travel.
const TRAVEL: Duration = Duration::from_millis(500);

/// A step of a look at everything takes about so long: whoever wants a look at one tenant meanwhile
/// waits for no more than one.
const STEP: Duration = Duration::from_millis(50);

/// Looks at a PostgreSQL database over one connection.
///
/// A look is one read-only transaction of unnamed statements, sent in one go, or several where there are
/// many tenants. What it sets, it sets for the transaction, so that nothing is left to whoever a pooler
/// gives the connection to next.
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
    /// All that is known.
    catalog: Option<Arc<Catalog>>,
    /// What the server said of itself before the last look at everything, if that saw all of a moment.
    sign: Option<Sign>,
    /// The same before the look that goes on.
    next_sign: Option<Sign>,
    /// Whether the server tells signs.
    gives_signs: bool,
    /// What the last look at everything took, all steps together.
    took: Duration,
    /// The same of the one that goes on.
    taking: Duration,
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
        let tenants = wanted.tenants.as_ref();
        let tenants = tenants.map(|wanted| Tenants::new(wanted, settings.role.as_deref(), &settings.url));
        Ok(Self {
            settings: settings.clone(),
            wanted,
            link,
            path,
            ledgers: Ledgers::default(),
            windows: Windows::default(),
            tenants,
            catalog: None,
            sign: None,
            next_sign: None,
            gives_signs: true,
            took: Duration::ZERO,
            taking: Duration::ZERO,
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

    /// All that was seen last, if a look at everything would see the same again: nothing was committed
    /// since. A look at everything that follows is one since this was asked. Where there is a table of
    /// maintenance windows, a look is made at it each time, because it tells the time.
    pub(super) async fn unchanged(&mut self) -> Result<Option<Arc<Catalog>>, LookError> {
        self.next_sign = None;
        if !self.gives_signs {
            return Ok(None);
        }
        let limit = statement_limit(&self.settings, &self.settings.url) + TRAVEL;
        let asked = Sign::ask(&self.link.client, self.all_ledgers(), &self.settings.url.database);
        let sign = match timeout(limit, asked).await {
            Ok(Ok(sign)) => sign,
            Ok(Err(error)) if error.as_db_error().is_some() && !self.link.has_ended() => {
                // A relative of PostgreSQL's that lacks the functions. It is looked at each time.
                self.gives_signs = false;
                return Ok(None);
            }
            Ok(Err(error)) => return Err(failure::describe(&error, &self.link.place)),
            Err(_) => {
                self.outdated = true;
                return Err(failure::timed_out(&self.link.place, limit, "to the first question of a look"));
            }
        };
        // A pooler may lead to one standby now, and to another for the look.
        self.next_sign = sign.filter(|sign| self.link.direct || !sign.standby);
        Ok(self.catalog.clone().filter(|_| self.is_quiet() && self.wanted.windows.is_none()))
    }

    /// Whether nothing was committed between the last two signs.
    fn is_quiet(&self) -> bool {
        self.next_sign.is_some() && self.next_sign == self.sign
    }

    /// Begins a look at everything: its steps. After each, [`Self::look_at`] gives all that is known by
    /// then; after the last, [`Self::end`].
    pub(super) fn begin(&mut self) -> Vec<Step> {
        if self.tenants.is_some() && self.is_quiet() {
            return vec![Step::At(Extent::shared())];
        }
        self.taking = Duration::ZERO;
        if let Some(tenants) = &mut self.tenants {
            tenants.begin();
        }
        let Some(tenants) = &self.tenants else { return vec![Step::At(Extent::Everything)] };
        let schemas = tenants.schemas();
        let slices = usize::try_from(self.took.as_millis().div_ceil(STEP.as_millis())).unwrap_or(1).min(schemas.len());
        if self.catalog.is_none() || slices < 2 {
            return vec![Step::At(Extent::Everything)];
        }
        let width = schemas.len().div_ceil(slices);
        let all: Vec<&str> = schemas.collect();
        let slices = all.chunks(width).map(|slice| Step::Slice(slice.iter().map(|schema| (*schema).into()).collect()));
        std::iter::once(Step::At(Extent::shared())).chain(slices).collect()
    }

    /// Ends a look at everything.
    pub(super) fn end(&mut self) {
        if !self.is_quiet() {
            self.took = self.taking;
        }
        let is_certain = self.catalog.as_ref().is_some_and(|catalog| self.ledgers.is_certain(catalog))
            && self.tenants.as_ref().is_none_or(Tenants::is_certain);
        self.sign = self.next_sign.take().filter(|_| is_certain);
    }

    /// Looks at a part, or at everything at once; all that is known then.
    pub(super) async fn look_at(&mut self, step: &Step) -> Result<Arc<Catalog>, LookError> {
        let begun = Instant::now();
        let limit = statement_limit(&self.settings, &self.settings.url) + TRAVEL;
        let Ok(answer) = timeout(limit, self.look_at_the_right_place(step)).await else {
            // Whatever still arrives would answer a question that is no longer asked.
            self.outdated = true;
            return Err(failure::timed_out(&self.link.place, limit, "to a look at the catalog"));
        };
        let answer = answer.map_err(|error| failure::describe(&error, &self.link.place))?;
        self.taking += begun.elapsed();
        if step.is_shared() {
            // A standby that was promoted can be listened to: by a new connection.
            self.outdated = self.standby && !answer.in_recovery;
            self.standby = answer.in_recovery;
            self.ledgers.keep(&answer.catalog);
        }
        Ok(self.known(step, answer.catalog))
    }

    /// All that is known after a step, which read `shared`; what says the same as before is the same value.
    fn known(&mut self, step: &Step, mut shared: Catalog) -> Arc<Catalog> {
        let news = self.tenants.as_mut().and_then(Tenants::news);
        let before = self.catalog.take();
        let known = match (before, news) {
            (Some(before), None) if !step.is_shared() => before,
            (Some(before), Some(seen)) if !step.is_shared() => {
                Arc::new(Catalog { tenants: Some(seen), ..Catalog::clone(&before) })
            }
            (Some(before), None) => {
                shared.tenants.clone_from(&before.tenants);
                if *before == shared { before } else { Arc::new(shared) }
            }
            (_, news) => Arc::new(Catalog { tenants: news, ..shared }),
        };
        self.catalog = Some(Arc::clone(&known));
        known
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
    /// more for each of the two that was another. Tenants' schemas that are found to be new are looked
    /// at, too.
    async fn look_at_the_right_place(&mut self, step: &Step) -> Result<Answer, tokio_postgres::Error> {
        let (session_path, mut answer, mut of_tenants) = self.ask(step).await?;
        if step.is_shared() {
            if let Some(path) = self.path_of(&session_path, &answer).filter(|path| *path != self.path) {
                self.path = path;
                (_, answer, of_tenants) = self.ask(step).await?;
            }
            let moved = self.ledgers.learn(&self.wanted.ledgers, &answer.catalog);
            let tenants = self.tenants.as_mut().zip(of_tenants.as_ref());
            let windows_moved = self.windows.learn(self.wanted.windows.as_ref(), &answer.catalog);
            if moved | windows_moved | tenants.is_some_and(|(tenants, asked)| tenants.learn(asked)) {
                (_, answer, of_tenants) = self.ask(step).await?;
            }
        }
        let new = self.read_tenants(step, of_tenants, &answer.held)?;
        if !new.is_empty() {
            let step = Step::Slice(new);
            let (_, Answer { held, .. }, of_tenants) = self.ask(&step).await?;
            self.read_tenants(&step, of_tenants, &held)?;
        }
        Ok(answer)
    }

    /// Learns what was said of tenants; their schemas of which nothing was, and that are new.
    fn read_tenants(
        &mut self,
        step: &Step,
        asked: Option<tenants::Asked>,
        held: &BTreeSet<i64>,
    ) -> Result<BTreeSet<Box<str>>, tokio_postgres::Error> {
        match self.tenants.as_mut().zip(asked) {
            Some((tenants, asked)) => tenants.read(step, asked, held),
            None => Ok(BTreeSet::new()),
        }
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

    /// One transaction: the session's search path, and what is wanted of what it is to see.
    async fn ask(&mut self, step: &Step) -> Result<(String, Answer, Option<tenants::Asked>), tokio_postgres::Error> {
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
        let questions = if step.is_shared() {
            Question::all(&self.wanted, &self.path, self.settings.role.as_deref())
        } else {
            Vec::new()
        };
        let parameters: Vec<_> = questions.iter().map(Question::parameters).collect();
        let asked = questions
            .iter()
            .zip(&parameters)
            .map(|(question, parameters)| client.query_typed(question.sql(), parameters));
        let (ledgers, of_windows) = if step.is_shared() {
            (self.ledgers.statements(), self.windows.statements((limit / 4).max(1)))
        } else {
            Default::default()
        };
        let asked_of_tables = ledgers.iter().chain(&of_windows).map(|statement| client.simple_query(statement));
        // These send in order when they are first polled, without waiting for one another.
        let inquiry = self.tenants.as_ref().map(|tenants| tenants.inquiry(step)).unwrap_or_default();
        let asked_of_tenants = inquiry.statements.iter().map(|statement| client.simple_query(statement));
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
        let said_of_windows = said.split_off(ledgers.len());
        if step.is_shared() {
            answer.catalog.search_path.clone_from(&self.path);
            let PostgresUrl { user, database, .. } = &self.settings.url;
            self.ledgers.read(&self.wanted.ledgers, said, &answer.held, database, user, &mut answer.catalog)?;
            if let Some(wanted) = &self.wanted.windows {
                answer.catalog.windows = Some(self.windows.read(wanted, said_of_windows, &answer.catalog, user)?);
            }
        }
        closed?;
        let of_tenants = self.tenants.as_ref().map(|_| inquiry.answered(said_of_tenants));
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
