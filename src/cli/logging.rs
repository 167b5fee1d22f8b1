//! Log lines, off the request path.

mod google;

use tracing_appender::non_blocking::WorkerGuard;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::Subscriber;
use tracing_subscriber::util::SubscriberInitExt;

use crate::config::{Log, LogFormat};
use google::Google;

/// What pingora says that the access log says better, or that is no news: a health check's result, a
/// kept connection that could not be used again. `[log] level` and `RUST_LOG` can ask for it.
const QUIET: &str = "pingora_core=warn,pingora_core::connectors=off,pingora_load_balancing=error";

/// Starts logging to standard error; lines are flushed when the guard is dropped.
///
/// `RUST_LOG` wins over the configured level.
pub(super) fn start(log: &Log) -> Result<WorkerGuard, String> {
    let level = std::env::var("RUST_LOG").unwrap_or_else(|_| log.level.clone());
    let filter = EnvFilter::try_new(format!("{QUIET},{level}"))
        .map_err(|error| format!("the log level {level:?} is not one: {error}"))?;
    let (writer, guard) = tracing_appender::non_blocking(std::io::stderr());
    let subscriber = Subscriber::builder().with_env_filter(filter).with_writer(writer);
    let started = match log.format {
        LogFormat::Text => subscriber.with_ansi(false).finish().try_init(),
        LogFormat::Json => subscriber.json().flatten_event(true).finish().try_init(),
        LogFormat::Google => subscriber.event_format(Google::new()).finish().try_init(),
    };
    started.map_err(|error| error.to_string())?;
    Ok(guard)
}
