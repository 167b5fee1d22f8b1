//! Who keeps the orders, writes them down and hands them on.

use std::io;
use std::sync::Arc;

use gate::OrderSource;
use jiff::Timestamp;
use tokio::task::spawn_blocking;
use tracing::{info, warn};

use super::asked::Note;
use super::book::{Kind, each_kind, take_over};
use super::control_file::ControlFile;
use super::ephemeral;
use super::in_force::{BypassIds, in_force};
use super::state::{Deed, State, StateFile};
use super::wall_clock::WallClock;
use super::{DeskError, Taken, names};
use crate::config::order::{Order, OrderBook};
use crate::config::{Config, EnvBypass};
use crate::live::{GateReader, OrdersSender};

/// Orders of each kind that commands may give: what is more is a program gone wrong.
const MOST: usize = 1000;

/// Keeps the orders, writes them down and hands them on.
#[derive(Debug)]
pub(super) struct Clerk {
    pub(super) config: Arc<Config>,
    pub(super) reader: GateReader,
    sender: OrdersSender,
    file: StateFile,
    pub(super) state: State,
    pub(super) env: OrderBook,
    pub(super) control: Option<ControlFile>,
    pub(super) clock: WallClock,
    ids: BypassIds,
    /// Orders were given or ended that are not written down yet.
    pub(super) unwritten: bool,
    /// Something is ordered otherwise than the writer knows.
    pub(super) unsent: bool,
    /// Why what is written down will be gone.
    ephemeral: Option<String>,
}

impl Clerk {
    /// Reads everything there is, and leaves it for the writer.
    pub(super) fn open(reader: GateReader, sender: OrdersSender) -> Self {
        let config = Arc::clone(reader.pin().config());
        let now = Timestamp::now();
        let file = StateFile::new(config.control.state.clone());
        let (state, told) = file.load();
        if let Some(told) = told {
            warn!(target: "schemagate::control", "{told}");
        }
        let clock = WallClock::new(now, reader.now());
        let control = config.control.file.clone().map(ControlFile::new);
        let ephemeral = ephemeral::why(file.path()).filter(|_| control.is_none());
        let env = from_env(&config, now);
        let mut clerk = Self {
            config,
            reader,
            sender,
            file,
            state,
            env,
            control,
            clock,
            ids: BypassIds::default(),
            unwritten: false,
            unsent: false,
            ephemeral,
        };
        clerk.begin(now);
        clerk
    }

    fn begin(&mut self, now: Timestamp) {
        if let Some(why) = &self.ephemeral {
            warn!(
                target: "schemagate::control",
                file = %self.file.path().display(),
                "orders of commands will not outlive this instance: {why}; put `state` under [control] on a volume, or give \
                 orders in a control file (`file` under [control])",
            );
        }
        if let Some(control) = &mut self.control {
            control.read_now(&self.config.rules, now);
        }
        each_kind!(K => { take_over::<K>(&mut self.state.book, now); });
        let orders = in_force(&self.orders_at(now), self.clock, &mut self.ids);
        for bypass in orders.bypasses.on(self.reader.now()) {
            warn!(
                target: "schemagate::bypass",
                bypass = &*bypass.name,
                scope = %bypass.scope,
                skips = bypass.skips.as_str(),
                by = &*bypass.by,
                why = bypass.reason.as_deref(),
                source = bypass.source.as_str(),
                "the bypass {} is on from the start: {} of {} are passed over",
                bypass.name,
                bypass.skips.as_str(),
                bypass.scope,
            );
        }
        let kept = (orders.windows.len(), orders.holds.len());
        if kept != (0, 0) {
            let (windows, holds) = kept;
            info!(target: "schemagate::control", windows, holds, "maintenance windows and holds of operators are known from the start");
        }
        self.sender.leave(orders);
    }

    /// The books of all sources.
    fn books(&self) -> impl Iterator<Item = &OrderBook> {
        [&self.env, &self.state.book].into_iter().chain(self.control.as_ref().map(ControlFile::book))
    }

    /// Every order that is not over.
    pub(super) fn orders(&self) -> OrderBook {
        self.orders_at(Timestamp::now())
    }

    fn orders_at(&self, now: Timestamp) -> OrderBook {
        let mut all = OrderBook::default();
        each_kind!(K => {
            let orders = self.books().flat_map(K::of).filter(|order| !order.is_over(now));
            K::of_mut(&mut all).extend(orders.cloned());
        });
        all
    }

    pub(super) fn history(&self) -> Vec<Deed> {
        self.state.history.clone()
    }

    /// Writes down what is to be, and hands on what is ordered now; returns when it is in force, with what is to be
    /// said if it could not be written. Whoever ordered it may leave meanwhile: then the next round does it.
    pub(super) async fn settle(&mut self) -> Option<String> {
        let mut told = None;
        if self.unwritten {
            told = self.write_down().await;
            self.unwritten = false;
        }
        if self.unsent {
            let orders = in_force(&self.orders(), self.clock, &mut self.ids);
            self.sender.put(orders).await;
            self.unsent = false;
        }
        told
    }

    /// Takes an order: writes it down, puts it in force, and tells the log.
    pub(super) async fn give<K: Kind>(
        &mut self,
        terms: K,
        note: &Note,
        until: Option<Timestamp>,
        caller: &str,
        warning: Option<String>,
    ) -> Result<Taken<K>, DeskError> {
        names::sentence("reason", note.reason.as_ref())?;
        names::sentence("by", note.by.as_ref())?;
        if K::of(&self.state.book).len() >= MOST {
            return Err(DeskError::invalid(format!("there are {MOST} of them already; end some")));
        }
        let by = match &note.by {
            Some(by) if by != caller => format!("{by} ({caller})"),
            _ => caller.to_owned(),
        };
        let (number, created) = (self.state.next, Timestamp::now());
        self.state.next += 1;
        let id = format!("{}{number}", K::LETTER);
        let reason = note.reason.clone();
        let order = Order { id, source: OrderSource::Operator, by, reason, created, until, terms };
        K::of_mut(&mut self.state.book).push(order.clone());
        self.note(K::GIVEN, &order.by.clone(), &order);
        let mut warnings: Vec<String> = warning.into_iter().collect();
        (self.unwritten, self.unsent) = (true, true);
        warnings.extend(self.settle().await);
        warnings.extend(self.ephemeral.iter().map(|why| format!("it does not outlive this instance: {why}")));
        Ok(Taken { order, warnings })
    }

    /// Ends an order of an operator's.
    pub(super) async fn end<K: Kind>(&mut self, id: &str, caller: &str) -> Result<Taken<K>, DeskError> {
        let Some(place) = K::of(&self.state.book).iter().position(|order| order.id == id) else {
            return Err(self.not_ended::<K>(id));
        };
        let order = K::of_mut(&mut self.state.book).remove(place);
        self.note(&format!("{} ended", K::WORD), caller, &order);
        (self.unwritten, self.unsent) = (true, true);
        let warnings = self.settle().await.into_iter().collect();
        Ok(Taken { order, warnings })
    }

    fn not_ended<K: Kind>(&self, id: &str) -> DeskError {
        let elsewhere = self.books().flat_map(K::of).find(|order| order.id == id);
        match elsewhere.map(|order| order.source) {
            Some(OrderSource::Env) => DeskError::NotHere(format!(
                "the {} `{id}` is on by a variable of the environment: start schemagate without it",
                K::WORD
            )),
            Some(OrderSource::ControlFile) => {
                let path = self.control.as_ref().map(|control| control.path().display().to_string());
                DeskError::NotHere(format!(
                    "the {} `{id}` stands in the control file {}: take it out there",
                    K::WORD,
                    path.unwrap_or_default()
                ))
            }
            _ => {
                let known: Vec<&str> = K::of(&self.state.book).iter().map(|order| order.id.as_str()).collect();
                let help = crate::config::suggestion(id, known.iter().copied(), "ids");
                DeskError::Unknown { what: K::WORD, name: id.to_owned(), help }
            }
        }
    }

    /// One line of the log and one entry of the history.
    pub(super) fn note<K: Kind>(&mut self, what: &str, by: &str, order: &Order<K>) {
        let terms = order.terms.to_string();
        info!(
            target: "schemagate::audit",
            what,
            id = order.id,
            by,
            terms,
            why = order.reason.as_deref(),
            until = order.until.map(|until| format!("{until:.0}")),
            "{what}: {} ({terms}), by {by}{}",
            order.id,
            order.reason.as_deref().map(|reason| format!(": {reason}")).unwrap_or_default(),
        );
        self.state.note(Deed {
            at: Timestamp::now(),
            what: what.to_owned(),
            id: order.id.clone(),
            by: by.to_owned(),
            terms,
            reason: order.reason.clone(),
        });
    }

    /// What is to be said if it could not be written down.
    async fn write_down(&self) -> Option<String> {
        let (file, state) = (self.file.clone(), self.state.clone());
        // A disk may take its time, and what runs here looks at databases, too.
        let written = spawn_blocking(move || file.save(&state)).await;
        let error = written.unwrap_or_else(|error| Err(io::Error::other(error))).err()?;
        let path = self.file.path().display();
        let told = format!("it does not outlive a restart: cannot write the state file {path}: {error}");
        warn!(target: "schemagate::control", "an order is in force, and {told}");
        Some(told)
    }
}

/// The bypasses that the environment switches on.
pub(super) fn from_env(config: &Config, now: Timestamp) -> OrderBook {
    let order = |bypass: &EnvBypass| Order {
        id: bypass.setting.clone(),
        source: OrderSource::Env,
        by: "environment".to_owned(),
        reason: None,
        created: now,
        until: None,
        terms: bypass.terms.clone(),
    };
    OrderBook { bypasses: config.control.env.iter().map(order).collect(), ..OrderBook::default() }
}
