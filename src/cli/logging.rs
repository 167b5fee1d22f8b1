//! Log lines, off the request path.
//!
//! | file | what it holds |
//! | --- | --- |
//! | `lines` | how each line looks |
//! | `plain` | the fields of a line of text |
//! | `google`, `combined` | as Cloud Logging and the Apache HTTP Server have it |
//! | `outputs` | where each line goes: queues with bounds, written by threads of their own |
//! | `log_file` | the end of a file that others may move away |

mod combined;
mod fields;
mod google;
mod lines;
mod log_file;
mod outputs;
mod plain;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::Subscriber;
use tracing_subscriber::util::SubscriberInitExt;

use crate::config::Log;
use crate::metrics::Metrics;
use crate::proxy::ACCESS_LOG;
use lines::Lines;
use outputs::Outputs;
use plain::Plain;

pub(super) use outputs::Flush;

/// What pingora says that the access log says better, or that is no news: a health check's result, a
/// kept connection that could not be used again; and the heads of requests, whole, with what is secret in them. `[log] level` and
/// `RUST_LOG` can ask for it by name.
const QUIET: &str = "pingora_core=warn,pingora_core::connectors=off,pingora_load_balancing=error,pingora_proxy=info";

/// Starts logging; lines that wait are written when what is returned is dropped.
///
/// `RUST_LOG` wins over the configured level.
pub(super) fn start(log: &Log, metrics: &Metrics) -> Result<Flush, String> {
    let level = std::env::var("RUST_LOG").unwrap_or_else(|_| log.level.clone());
    let mut directives = format!("{QUIET},{level}");
    if log.access.apart.is_some() {
        directives.extend([",", ACCESS_LOG, "=info"]);
    }
    let filter =
        EnvFilter::try_new(directives).map_err(|error| format!("the log level {level:?} is not one: {error}"))?;
    let (outputs, flush) = Outputs::open(log.access.apart.as_ref().map(|apart| &apart.to), metrics)?;
    let subscriber = Subscriber::builder()
        .with_env_filter(filter)
        .with_ansi(false)
        .event_format(Lines::new(log))
        .fmt_fields(Plain)
        .with_writer(outputs)
        .finish();
    subscriber.try_init().map_err(|error| error.to_string())?;
    Ok(flush)
}
