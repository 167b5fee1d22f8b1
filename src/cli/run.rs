//! `schemagate run`

use std::sync::Arc;

use clap::Args;
use tokio::runtime::{Handle, Runtime};
use tokio::sync::watch;
use tracing::{info, warn};

use super::console::Console;
use super::exit::Exit;
use super::{ConfigFile, Format, complain, logging};
use crate::admin::{self, AdminListener};
use crate::alert;
use crate::config::{self, Arguments, Config};
use crate::desk::Desk;
use crate::handover::{self, Predecessor};
use crate::live::live;
use crate::metrics::Metrics;
use crate::proxy::{Editor, Proxy};
use crate::reload::{Apply, Origin, Reloader, Reloading, reloader};
use crate::symptoms::Symptoms;
#[cfg(feature = "otel")]
use crate::traces::Exporter;
use crate::traces::Traces;
use crate::watch::{Renewals, renewals};

/// What the admin listener's socket is called when it is handed over.
const ADMIN: &str = "admin";

/// Serves until a signal ends it.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples: schemagate run
          schemagate run --config /etc/schemagate/proxy.toml
Without a configuration file, everything needs one lock:
          schemagate run --upstream 127.0.0.1:3000 --database \"$DATABASE_URL\" --lock schema.lock")]
pub(super) struct Run {
    #[command(flatten)]
    file: ConfigFile,
    /// Takes the listening sockets of the schemagate that runs with the same admin address, and serves in its place:
    /// no request fails, and what is open there ends there. Should this start fail, the other one serves on
    #[arg(long)]
    upgrade: bool,
    /// Instead of a configuration file: where requests go
    #[arg(long, value_name = "HOST:PORT", requires_all = ["database", "lock"], help_heading = "Without a file")]
    upstream: Option<String>,
    /// Instead of a configuration file: the database's URL
    #[arg(long, value_name = "URL", requires = "upstream", help_heading = "Without a file")]
    database: Option<String>,
    /// Instead of a configuration file: the lock that the database must hold
    #[arg(long, value_name = "FILE", requires = "upstream", help_heading = "Without a file")]
    lock: Option<String>,
    /// Where clients come in; port $PORT or 8080 if left out
    #[arg(long, value_name = "HOST:PORT", requires = "upstream", help_heading = "Without a file")]
    listen: Option<String>,
    /// Where operators and probes come in; 127.0.0.1:9901 if left out
    #[arg(long, value_name = "HOST:PORT", requires = "upstream", help_heading = "Without a file")]
    admin: Option<String>,
}

impl Run {
    /// Nothing is started before everything that can be wrong was checked.
    pub(super) fn run(self, console: &Console) -> Exit {
        let upgrade = self.upgrade;
        let origin = match self {
            Self { upstream: Some(upstream), database: Some(database), lock: Some(lock), listen, admin, .. } => {
                Origin::Arguments(Arguments { listen, admin, upstream, database, lock })
            }
            Self { file, .. } => Origin::File(file.config),
        };
        let (reloader, mut reloading) = reloader(origin);
        match reloading.start().map(|config| start(config, reloader, reloading, upgrade)) {
            Err(errors) => complain(&errors, Format::Text, console),
            Ok(Ok(())) => Exit::Ready,
            Ok(Err(message)) => {
                console.error(message);
                Exit::Usage
            }
        }
    }
}

fn start(config: Config, reloader: Reloader, reloading: Reloading, upgrade: bool) -> Result<(), String> {
    let config = Arc::new(config);
    let metrics = Metrics::new().map_err(|error| error.to_string())?;
    let (reader, writer) = live(Arc::clone(&config));
    let symptoms = Symptoms::default();
    let runtime = |name| runtime(name).map_err(|error| format!("cannot start the runtime: {error}"));
    let background = runtime("watch")?;
    // Whatever is asked of it, looks at the databases go on.
    let operating = runtime("admin")?;
    let beside = runtime("upstreams")?;
    let traces = traces(&config.traces, &metrics, background.handle())?;
    let mut before = upgrade.then(|| Predecessor::find(&config.admin.listen)).transpose()?;
    let mut inherited = before.as_mut().map(|before| std::mem::take(&mut before.sockets)).unwrap_or_default();
    let (proxy, editor) = Proxy::prepare(
        Arc::clone(&config),
        reader.clone(),
        metrics.clone(),
        symptoms.clone(),
        traces.clone(),
        beside.handle(),
        &mut inherited,
    )
    .map_err(|error| error.to_string())?;
    let listener = operating.block_on(AdminListener::bind(&config.admin.listen, inherited.take(ADMIN)))?;
    let mut offered = proxy.offered().map_err(|error| error.to_string())?;
    offered.add(ADMIN.to_owned(), listener.offered().map_err(|error| error.to_string())?);
    drop(inherited);
    let _flush = logging::start(&config.log, &metrics)?;

    for warning in &config.warnings {
        warn!("{warning}");
    }
    info!(
        version = env!("CARGO_PKG_VERSION"),
        routes = config.rules.routes().len(),
        requirements = config.rules.declared().count(),
        admin = %config.admin.listen,
        "schemagate starts; the listeners open after the first look at every database"
    );
    let (desk, orders) = Desk::open(reader.clone());
    let (renewals, renewing) = renewals();
    background.spawn(crate::watch::watch(writer, renewing, orders, metrics.clone(), traces.clone()));
    let relieved = watch::Sender::new(false);
    // Before the listeners are open: without somebody who listens for it, SIGHUP ends a process.
    let reloading = reloading.run(Arc::clone(&config), reader.clone(), metrics.clone(), apply(editor, renewals));
    beside.spawn(unless_relieved(&relieved, reloading));
    // What one process alone does at a time.
    let begin = {
        let (operating, background, relieved) =
            (operating.handle().clone(), background.handle().clone(), relieved.clone());
        let (alert, reader) = (alert::alert(reader.clone(), metrics.clone()), reader.clone());
        move || {
            operating.spawn(unless_relieved(&relieved, desk.clone().keep()));
            background.spawn(unless_relieved(&relieved, alert));
            let admin = admin::serve(listener, reader, metrics, symptoms, desk, reloader);
            operating.spawn(unless_relieved(&relieved, admin));
        }
    };
    let offering = {
        let (relieved, handle, mut closing) = (relieved.clone(), beside.handle().clone(), proxy.closing());
        move || {
            handle.spawn(async move {
                tokio::select! {
                    () = handover::until_relieved(&config.admin.listen, offered) => {
                        relieved.send_replace(true);
                    }
                    // The last copies of its sockets go: who comes now is refused at once, and not left waiting.
                    _ = closing.wait_for(|closing| *closing) => {}
                }
            })
        }
    };
    let served = if let Some(before) = before {
        // Until it lets nobody in any more, the other process is the one that is asked.
        background.block_on(reader.clone().settled());
        let opened = || {
            before.relieve();
            begin();
            offering();
        };
        proxy.serve(opened, &relieved.subscribe())
    } else {
        begin();
        background.block_on(reader.clone().settled());
        proxy.serve(|| drop(offering()), &relieved.subscribe())
    };
    let served = served.map_err(|error| error.to_string());
    background.block_on(traces.flush());
    background.shutdown_background();
    operating.shutdown_background();
    beside.shutdown_background();
    served
}

/// Where spans are handed over; who sends them begins to.
#[cfg(feature = "otel")]
fn traces(config: &config::Traces, metrics: &Metrics, runtime: &Handle) -> Result<Traces, String> {
    let opened = Exporter::open(config, metrics.spans.clone())?;
    Ok(opened.map_or_else(Traces::default, |(traces, exporter)| {
        runtime.spawn(exporter.run());
        traces
    }))
}

#[cfg(not(feature = "otel"))]
#[expect(clippy::unnecessary_wraps, reason = "the same as with the feature")]
fn traces(_: &config::Traces, _: &Metrics, _: &Handle) -> Result<Traces, String> {
    Ok(Traces::default())
}

/// Does something until another process serves in the place of this one.
fn unless_relieved<F>(relieved: &watch::Sender<bool>, task: F) -> impl Future<Output = ()> + Send + use<F>
where
    F: Future<Output = ()> + Send,
{
    let mut relieved = relieved.subscribe();
    async move {
        tokio::select! {
            () = task => {}
            Ok(_) = relieved.wait_for(|relieved| *relieved) => {}
        }
    }
}

/// How a new configuration takes effect: what the proxy makes of it first, then its verdicts and it with them.
fn apply(editor: Editor, renewals: Renewals) -> Apply {
    let (editor, renewals) = (Arc::new(editor), Arc::new(renewals));
    Box::new(move |config| {
        let (editor, renewals) = (Arc::clone(&editor), Arc::clone(&renewals));
        Box::pin(async move {
            let draft = editor.draft(Arc::clone(&config)).await.map_err(|error| error.to_string())?;
            if !renewals.renew(config).await {
                return Err("nobody watches the databases any more: start schemagate anew".to_owned());
            }
            draft.is_live();
            Ok(())
        })
    })
}

/// Where something runs that is not the way of a request.
fn runtime(name: &str) -> std::io::Result<Runtime> {
    tokio::runtime::Builder::new_multi_thread().worker_threads(1).thread_name(name).enable_all().build()
}
