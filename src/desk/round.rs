//! The clerk's rounds.

use std::sync::Arc;
use std::time::Duration;

use gate::{Moment, Verdict};
use jiff::Timestamp;
use tokio::sync::Mutex;
use tokio::time::{MissedTickBehavior, interval};

use super::book::{Kind, each_kind, take_over};
use super::clerk::{Clerk, from_env};
use super::control_file::ControlFile;
use crate::config::order::WindowTerms;

/// How often the control file is read, and looked for what is over.
const EVERY: Duration = Duration::from_millis(500);

/// Stands for whoever acts where nobody ordered it.
const ITSELF: &str = "schemagate";

/// Goes round, at once where what is known of a database changed, until dropped.
pub(super) async fn keep(clerk: Arc<Mutex<Clerk>>) {
    let mut swaps = clerk.lock().await.reader.swaps();
    let mut tick = interval(EVERY);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        clerk.lock().await.look_round().await;
        tokio::select! {
            _ = tick.tick() => {}
            Ok(()) = swaps.changed() => {}
        }
    }
}

impl Clerk {
    /// Whether everything that a window waits for was seen ready, by looks that began after its opening.
    pub(super) fn is_ready(&self, terms: &WindowTerms, opened: Option<Timestamp>) -> bool {
        let (gate, now) = (self.reader.pin(), self.reader.now());
        let since = opened.map_or(Moment::default(), |opened| self.clock.moment(opened));
        if terms.requirements.is_empty() {
            return gate.is_ready_since(since, now);
        }
        let named =
            gate.rules().declared().filter(|(_, known)| terms.requirements.iter().any(|name| **name == *known.name));
        named.into_iter().all(|(id, requirement)| {
            gate.snapshot().looked_since(requirement.database, since)
                && gate.snapshot().verdict(id, now) == Verdict::Ready
        })
    }

    /// Takes back what is over, lifts what waited for the schema, and reads the control file.
    async fn look_round(&mut self) {
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
