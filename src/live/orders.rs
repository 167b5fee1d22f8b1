//! The way of operators' orders to the one who writes.

use gate::Orders;
use tokio::sync::{mpsc, oneshot};

/// Hands orders over. Cheap to clone.
#[derive(Debug, Clone)]
pub struct OrdersSender(mpsc::Sender<Handed>);

/// Takes orders.
#[derive(Debug)]
pub struct OrdersReceiver(mpsc::Receiver<Handed>);

/// Everything that is ordered now, in the place of what was.
#[derive(Debug)]
pub struct Handed {
    /// What is to be in force.
    pub orders: Orders,
    done: oneshot::Sender<()>,
}

/// The two ends of the way.
pub fn orders() -> (OrdersSender, OrdersReceiver) {
    let (sender, receiver) = mpsc::channel(1);
    (OrdersSender(sender), OrdersReceiver(receiver))
}

impl OrdersSender {
    /// Puts these orders in force, and returns when they are. Without a writer nothing is, and nothing asks either.
    pub async fn put(&self, orders: Orders) {
        let (done, is_done) = oneshot::channel();
        if self.0.send(Handed { orders, done }).await.is_ok() {
            // An error means that the writer has ended, and the process with it.
            let _ = is_done.await;
        }
    }

    /// Leaves the first orders, for a writer that is yet to begin.
    pub fn leave(&self, orders: Orders) {
        let (done, _) = oneshot::channel();
        // There is room for the first.
        let _ = self.0.try_send(Handed { orders, done });
    }
}

impl OrdersReceiver {
    /// The next orders; `None` if there will be none any more.
    pub async fn next(&mut self) -> Option<Handed> {
        self.0.recv().await
    }

    /// Orders that were left before anybody took any.
    pub fn left(&mut self) -> Option<Handed> {
        self.0.try_recv().ok()
    }
}

impl Handed {
    /// Says that they are in force.
    pub fn done(self) {
        // Whoever handed them over may not wait for it.
        let _ = self.done.send(());
    }
}
