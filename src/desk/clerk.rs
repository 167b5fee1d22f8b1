//! Who keeps the orders, writes them down and hands them on.

use std::collections::HashMap;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use gate::{Bypass, BypassId, Bypasses, HostPattern, OrderSource, RouteHold, Window, WindowScope, WindowSource};
use jiff::Timestamp;
use tokio::sync::watch;
use tokio::task::spawn_blocking;
use tracing::{info, warn};

use super::asked::{NewBypass, NewHold, NewWindow, Note, time};
use super::book::{Kind, each_kind, take_over};
use super::control_file::ControlFile;
use super::ephemeral;
use super::state::{Deed, State, StateFile};
use super::wall_clock::WallClock;
use super::{DeskError, Taken, names};
use crate::config::Config;
use crate::config::order::{BypassTerms, HoldTerms, Order, OrderBook, WindowTerms, boxed};
use crate::live::{GateReader, OrdersSender};

/// How long requests wait by an order of which nothing is said: it is for migrations of seconds.
const USUAL_HOLD: Duration = Duration::from_secs(300);
/// Orders of each kind that commands may give: what is more is a program gone wrong.
const MOST: usize = 1000;

/// Stands for whoever acts where nobody ordered it.
const ITSELF: &str = "schemagate";

/// Keeps the orders, writes them down and hands them on.
#[derive(Debug)]
pub(super) struct Clerk {
    config: Arc<Config>,
    reader: GateReader,
    sender: OrdersSender,
    file: StateFile,
    state: State,
    env: OrderBook,
    control: Option<ControlFile>,
    clock: WallClock,
    /// Of each bypass, by source and name.
    ids: HashMap<(OrderSource, String), BypassId>,
    next_id: u32,
    /// Orders were given or ended that are not written down yet.
    unwritten: bool,
    /// Something is ordered otherwise than the writer knows.
    unsent: bool,
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
        let (ids, next_id) = (HashMap::new(), 0);
        let mut clerk = Self {
            config,
            reader,
            sender,
            file,
            state,
            env,
            control,
            clock,
            ids,
            next_id,
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
        let orders = self.in_force(now);
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

    /// A bypass keeps its id as long as it is ordered.
    fn id_of(&mut self, order: &Order<BypassTerms>) -> BypassId {
        let next = BypassId(self.next_id);
        let id = *self.ids.entry((order.source, order.id.clone())).or_insert(next);
        self.next_id += u32::from(id == next);
        id
    }

    /// The orders as a decision reads them.
    fn in_force(&mut self, now: Timestamp) -> gate::Orders {
        let clock = self.clock;
        let all = self.orders_at(now);
        self.ids.retain(|(source, id), _| all.bypasses.iter().any(|order| order.source == *source && order.id == *id));
        gate::Orders {
            bypasses: Bypasses::new(all.bypasses.iter().map(|order| Bypass {
                id: self.id_of(order),
                name: order.id.as_str().into(),
                scope: order.terms.scope(),
                skips: order.terms.skips,
                until: order.until.map(|until| clock.moment(until)),
                reason: order.reason.as_deref().map(Into::into),
                by: order.by.as_str().into(),
                source: order.source,
            })),
            windows: all.windows.iter().map(|order| window(order, clock)).collect(),
            holds: all.holds.iter().map(|order| hold(order, clock)).collect(),
        }
    }

    /// Tells of every swap of the snapshot.
    pub(super) fn swaps(&self) -> watch::Receiver<()> {
        self.reader.swaps()
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
            let orders = self.in_force(Timestamp::now());
            self.sender.put(orders).await;
            self.unsent = false;
        }
        told
    }

    pub(super) async fn bypass_on(&mut self, asked: NewBypass, caller: &str) -> Result<Taken<BypassTerms>, DeskError> {
        let NewBypass { skips, routes, requirements, tenants, note } = asked;
        let now = Timestamp::now();
        if !skips.needs() && !requirements.is_empty() {
            let why = "`requirements` narrows a bypass of needs, and this one skips windows alone";
            return Err(DeskError::invalid(why));
        }
        let warning = {
            let gate = self.reader.pin();
            names::routes(&routes, &gate)?;
            names::requirements(&requirements, &gate)?;
            names::tenants(&tenants, &gate)?
        };
        let until = note.end(now, now, Some(self.config.control.bypass_ttl))?;
        let terms = BypassTerms { skips, routes, requirements, tenants };
        self.give(terms, &note, until, caller, warning).await
    }

    pub(super) async fn open_window(
        &mut self,
        asked: NewWindow,
        caller: &str,
    ) -> Result<Taken<WindowTerms>, DeskError> {
        let now = Timestamp::now();
        let from = asked.from.as_deref().map_or(Ok(now), |from| time("from", from))?;
        let until = asked.note.end(from, now, None)?;
        let NewWindow {
            blocks, routes, hosts, tenants, organisation, message, until_ready, requirements, note, ..
        } = asked;
        if !until_ready && !requirements.is_empty() {
            return Err(DeskError::invalid(
                "`requirements` says what `until_ready` waits for, and that is not asked for",
            ));
        }
        names::hosts(&hosts)?;
        names::sentence("message", message.as_ref())?;
        names::sentence("organisation", organisation.as_ref())?;
        let warning = {
            let gate = self.reader.pin();
            names::routes(&routes, &gate)?;
            names::requirements(&requirements, &gate)?;
            names::tenants(&tenants, &gate)?
        };
        let terms =
            WindowTerms { from, blocks, routes, hosts, tenants, organisation, message, until_ready, requirements };
        if until_ready && from <= now && self.is_ready(&terms, None) {
            return Err(DeskError::AlreadyReady);
        }
        self.give(terms, &note, until, caller, warning).await
    }

    pub(super) async fn hold(&mut self, asked: NewHold, caller: &str) -> Result<Taken<HoldTerms>, DeskError> {
        let NewHold { routes, note } = asked;
        let now = Timestamp::now();
        names::routes(&routes, &self.reader.pin())?;
        let until = note.end(now, now, Some(USUAL_HOLD))?;
        self.give(HoldTerms { routes }, &note, until, caller, None).await
    }

    /// Takes an order: writes it down, puts it in force, and tells the log.
    async fn give<K: Kind>(
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
    fn note<K: Kind>(&mut self, what: &str, by: &str, order: &Order<K>) {
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

    /// Whether everything that a window waits for was seen ready, by looks that began after its opening.
    fn is_ready(&self, terms: &WindowTerms, opened: Option<Timestamp>) -> bool {
        let (gate, now) = (self.reader.pin(), self.reader.now());
        let since = opened.map_or(gate::Moment::default(), |opened| self.clock.moment(opened));
        if terms.requirements.is_empty() {
            return gate.is_ready_since(since, now);
        }
        let named =
            gate.rules().declared().filter(|(_, known)| terms.requirements.iter().any(|name| **name == *known.name));
        named.into_iter().all(|(id, requirement)| {
            gate.snapshot().looked_since(requirement.database, since)
                && gate.snapshot().verdict(id, now) == gate::Verdict::Ready
        })
    }

    /// Takes back what is over, lifts what waited for the schema, and reads the control file.
    pub(super) async fn look_round(&mut self) {
        let now = Timestamp::now();
        self.unsent |= self.clock.measure(now, self.reader.now());
        self.follow(now);
        each_kind!(K => {
            for order in take_over::<K>(&mut self.state.book, now) {
                // Not written: it would be over at the next start, too, and another process may have the file by now.
                self.unsent = true;
                self.note(&format!("{} is over", K::WORD), ITSELF, &order);
            }
        });
        self.lift(now);
        if let Some(control) = &mut self.control {
            self.unsent |= control.read(&self.config.rules, now).await;
        }
        self.settle().await;
    }

    /// Takes over what another configuration says of orders.
    fn follow(&mut self, now: Timestamp) {
        let live = Arc::clone(self.reader.pin().config());
        if Arc::ptr_eq(&live, &self.config) {
            return;
        }
        self.env = from_env(&live, now);
        // Its names are those of the configuration.
        let before = self.control.take();
        self.control = live.control.file.clone().map(|path| ControlFile::after(path, before));
        if let Some(control) = &mut self.control {
            control.read_now(&live.rules, now);
        }
        self.config = live;
        self.unsent = true;
    }

    /// Lifts windows for which everything is ready.
    fn lift(&mut self, now: Timestamp) {
        let waiting = self.state.book.windows.iter().filter(|order| order.terms.until_ready && order.terms.from <= now);
        let ready = waiting.filter(|order| self.is_ready(&order.terms, Some(order.created.max(order.terms.from))));
        let lifted: Vec<String> = ready.map(|order| order.id.clone()).collect();
        for id in &lifted {
            let windows = &mut self.state.book.windows;
            let Some(place) = windows.iter().position(|order| order.id == *id) else { continue };
            let order = windows.remove(place);
            self.note("window lifted, since everything is ready", ITSELF, &order);
            // Written: it must not be back after a restart.
            (self.unwritten, self.unsent) = (true, true);
        }
    }
}

/// The bypasses that the environment switches on.
fn from_env(config: &Config, now: Timestamp) -> OrderBook {
    let order = |bypass: &crate::config::EnvBypass| Order {
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

fn window(order: &Order<WindowTerms>, clock: WallClock) -> Window {
    let terms = &order.terms;
    Window {
        name: order.id.as_str().into(),
        source: WindowSource::Operator,
        from: clock.moment(terms.from),
        until: order.until.map(|until| clock.moment(until)),
        until_ready: terms.until_ready,
        blocks: terms.blocks,
        scope: WindowScope {
            routes: boxed(&terms.routes),
            // They were read when the order was taken.
            hosts: terms.hosts.iter().filter_map(|host| HostPattern::parse(host).ok()).collect(),
            tenants: boxed(&terms.tenants),
            organisation: terms.organisation.as_deref().map(Into::into),
        },
        message: terms.message.as_deref().map(Into::into),
    }
}

fn hold(order: &Order<HoldTerms>, clock: WallClock) -> RouteHold {
    RouteHold {
        name: order.id.as_str().into(),
        routes: boxed(&order.terms.routes),
        until: order.until.map(|until| clock.moment(until)),
    }
}
