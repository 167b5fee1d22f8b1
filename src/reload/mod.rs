//! A new configuration without a restart: asked for by SIGHUP, by a file that changed, or by the admin API.
//!
//! | file | what it holds |
//! | --- | --- |
//! | `origin` | where the configuration comes from |
//! | `files` | whether a file that it was read from is another one by now |
//! | `names` | what its things are called, for metrics of what is gone |
//! | `restart` | what of it counts from the next start on alone |
//! | `reloading` | who reloads: one after another, whole or not at all |

mod files;
mod names;
mod origin;
mod reloading;
mod restart;

use schemars::JsonSchema;
use serde::Serialize;
use tokio::sync::{mpsc, oneshot};

pub use origin::Origin;
pub use reloading::{Apply, Reloading};

/// Where a reload is asked for. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Reloader(mpsc::Sender<Asked>);

/// What came of a reload.
pub type Outcome = Result<Reloaded, ReloadError>;

/// The configuration was read anew and is in force.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Reloaded {
    /// The beginning of its file's SHA-256.
    pub sha256: String,
    /// Keys of which what is written now counts from the next start on; until then they are what they were.
    pub needs_restart: Vec<&'static str>,
    /// What is valid and probably not meant.
    pub warnings: Vec<String>,
}

/// Why the configuration from before stays in force: every mistake with its place, over several lines.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ReloadError(pub String);

/// Somebody who asks for a reload, and waits for what comes of it.
#[derive(Debug)]
struct Asked(oneshot::Sender<Outcome>);

/// Where reloads are asked for, and who is asked.
pub fn reloader(origin: Origin) -> (Reloader, Reloading) {
    // Who comes while one is under way waits for the next one.
    let (sender, asked) = mpsc::channel(16);
    (Reloader(sender), Reloading::new(origin, asked))
}

impl Reloader {
    /// Reads the configuration anew and puts it in force, whole or not at all. Takes as long as its requirements
    /// take to be judged.
    pub async fn reload(&self) -> Outcome {
        let ended = || ReloadError("schemagate is about to end: nothing is reloaded any more".to_owned());
        let (answer, answered) = oneshot::channel();
        self.0.send(Asked(answer)).await.map_err(|_| ended())?;
        answered.await.map_err(|_| ended())?
    }
}
