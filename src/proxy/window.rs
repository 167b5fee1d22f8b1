//! The maintenance window that keeps a request out, for its answer and the log.

use std::sync::Arc;

use gate::{Decision, Gate, Outcome, Reason, Window, WindowId, Windows};

/// The maintenance window that keeps a request out, as it was known when the request was decided.
#[derive(Debug, Clone)]
pub(super) struct RequestWindow {
    windows: Arc<Windows>,
    id: WindowId,
    /// The one whose message is told.
    says: Option<WindowId>,
}

impl RequestWindow {
    pub(super) fn of(decision: &Decision, gate: &Gate) -> Option<Self> {
        let Reason::Window(id) = decision.reason else { return None };
        let says = if let Outcome::Maintenance { message, .. } = decision.outcome { message } else { None };
        Some(Self { windows: Arc::clone(gate.snapshot().windows()), id, says })
    }

    /// The window to tell of.
    pub(super) fn window(&self) -> Option<&Window> {
        self.windows.get(self.id)
    }

    /// What the client reads; `None`: a usual sentence.
    pub(super) fn message(&self) -> Option<&str> {
        self.windows.get(self.says?)?.message.as_deref()
    }
}
