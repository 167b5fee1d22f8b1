//! The operators' desk: what they order beside the configuration, by the clock on the wall.
//!
//! An order is a bypass, a maintenance window or a hold. It comes by a command or the control API and is kept in
//! the `state` file; or it stands in the control file, or in a variable of the environment. The desk puts them
//! together, hands them to the one who writes ([`crate::live::orders`]) whenever they change, and takes back what is
//! over. The way of a request knows nothing of it: it reads the snapshot.
//!
//! Who ordered what is a line in the log (`schemagate::audit`) and an entry in the state file.

mod asked;
mod book;
mod clerk;
mod control_file;
mod ephemeral;
mod error;
mod in_force;
mod names;
mod round;
mod state;
mod taking;
mod wall_clock;

use std::sync::Arc;

use gate::Moment;
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;
use tokio::sync::Mutex;

use crate::config::order::{BypassTerms, HoldTerms, Order, OrderBook, WindowTerms};
use crate::live::{GateReader, OrdersReceiver, orders};

pub use asked::{NewBypass, NewHold, NewWindow, Note};
pub use error::DeskError;
pub use state::Deed;

use clerk::Clerk;
use in_force::BypassIds;
use wall_clock::WallClock;

/// Takes orders. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Desk {
    clerk: Arc<Mutex<Clerk>>,
}

/// An order that was taken, and what else is to be said of it.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Taken<T> {
    /// The order.
    #[serde(flatten)]
    pub order: Order<T>,
    /// What the operator should know.
    pub warnings: Vec<String>,
}

/// Orders as a decision at `now` reads them, where the clock on the wall shows `wall`.
pub fn as_decided(book: &OrderBook, wall: Timestamp, now: Moment) -> gate::Orders {
    in_force::in_force(book, WallClock::new(wall, now), &mut BypassIds::default())
}

/// Every order there is, whatever it comes from.
pub type Orders = OrderBook;

impl Desk {
    /// Opens the desk: reads what was kept, the control file and the environment, and says what is odd about it.
    /// What it finds is left for the writer, so that no request is decided without.
    pub fn open(reader: GateReader) -> (Self, OrdersReceiver) {
        let (sender, receiver) = orders();
        let clerk = Clerk::open(reader, sender);
        (Self { clerk: Arc::new(Mutex::new(clerk)) }, receiver)
    }

    /// Every order that is not over.
    pub async fn orders(&self) -> Orders {
        self.clerk.lock().await.orders()
    }

    /// What was done, the last first.
    pub async fn history(&self) -> Vec<Deed> {
        self.clerk.lock().await.history()
    }

    /// Switches a bypass on; it is in force when this returns.
    pub async fn bypass_on(&self, asked: NewBypass, caller: &str) -> Result<Taken<BypassTerms>, DeskError> {
        self.clerk.lock().await.bypass_on(asked, caller).await
    }

    /// Opens a maintenance window, now or later.
    pub async fn open_window(&self, asked: NewWindow, caller: &str) -> Result<Taken<WindowTerms>, DeskError> {
        self.clerk.lock().await.open_window(asked, caller).await
    }

    /// Lets the requests of routes wait.
    pub async fn hold(&self, asked: NewHold, caller: &str) -> Result<Taken<HoldTerms>, DeskError> {
        self.clerk.lock().await.hold(asked, caller).await
    }

    /// Ends a bypass.
    pub async fn bypass_off(&self, id: &str, caller: &str) -> Result<Taken<BypassTerms>, DeskError> {
        self.clerk.lock().await.end(id, caller).await
    }

    /// Ends a window, or takes it back before it opens.
    pub async fn cancel_window(&self, id: &str, caller: &str) -> Result<Taken<WindowTerms>, DeskError> {
        self.clerk.lock().await.end(id, caller).await
    }

    /// Lets go those who wait by a hold.
    pub async fn hold_off(&self, id: &str, caller: &str) -> Result<Taken<HoldTerms>, DeskError> {
        self.clerk.lock().await.end(id, caller).await
    }

    /// Takes back what is over, reads the control file anew, and lifts windows that waited for the schema; until
    /// dropped.
    pub async fn keep(self) {
        round::keep(self.clerk).await;
    }
}
