//! The way of a request, in pingora's phases.
//!
//! | file | what it holds |
//! | --- | --- |
//! | `gateway` | the phases themselves, each a few lines |
//! | `edition`, `editor` | what is made of one configuration, and found by what is live; how a new one is made |
//! | `exchange` | one request and what became of it |
//! | `facts` | what a decision looks at, read off the wire |
//! | `client`, `forwarded`, `request_id` | who asks, and how the backend is told |
//! | `amendments` | all that a backend is told beside what came, and not told of that |
//! | `upstreams` | the servers: names, health, failover |
//! | `own_answer`, `failure` | what is answered here, and what is said when no server answers |
//! | `recheck` | what takes the place of a backend's failure, after another look at the catalog |
//! | `stale` | the last good answers: what is kept, for whom, and how it is given |
//! | `tenant` | whose a request is, and what is said of refused tenants |
//! | `asked` | decisions for other proxies: what is asked is decided as if it had come here |
//! | `again` | what is sent once more, and when |
//! | `hold` | requests that wait for a verdict to turn |
//! | `second_thoughts`, `held_back`, `failure_body` | what is held back, read for symptoms and sent again |
//! | `look_alike` | headers that pass for others at a backend |
//! | `hop_by_hop` | what of a request or an answer is meant for the next hop alone |
//! | `intake` | how large and how slow a body may be |
//! | `over`, `access_log`, `context` | what is told of a request that is over: one line each |
//! | `trace`, `spans` | the trace that a request belongs to, and what is told of it there |
//! | `doors`, `certificate` | the listeners, checked before anything starts |
//! | `behind` | who is behind a proxy, by the PROXY protocol |
//! | `connection`, `crowd` | HTTP/1 or HTTP/2, and how many are let in |
//! | `pace`, `taking` | how slowly a body may come, and an answer may be taken |
//! | `http1` | a connection over HTTP/1, one request after another: what comes before pingora, and what needs none of it |
//! | `http2` | the same over HTTP/2: what a client may do with streams and frames |
//! | `https_only` | who is sent on to https, and told to stay there |
//! | `drain` | how it ends |

mod access_log;
mod again;
mod amendments;
mod asked;
mod behind;
mod bypassed;
mod certificate;
mod client;
mod connection;
mod context;
mod crowd;
mod doors;
mod drain;
mod edition;
mod editor;
mod exchange;
mod facts;
mod fail_open;
mod failure;
mod failure_body;
mod forwarded;
mod gateway;
mod held_back;
mod hold;
mod hop_by_hop;
mod http1;
mod http2;
mod https_only;
mod intake;
mod look_alike;
mod operator;
mod organisation;
mod over;
mod own_answer;
mod pace;
mod pass_marks;
mod passes_on;
mod recheck;
mod request_id;
mod second_thoughts;
mod spans;
mod stale;
mod taking;
mod tenant;
mod trace;
mod upstreams;
mod window;

use std::sync::Arc;

use pingora::apps::HttpServerOptions;
use pingora::proxy::http_proxy;
use pingora::server::configuration::ServerConf;
use pingora::server::{RunArgs, Server};
use tokio::runtime::Handle;
use tokio::sync::{Mutex, watch};
use tracing::info;

use crate::config::{Config, Listen};
use crate::handover::Sockets;
use crate::live::GateReader;
use crate::metrics::{Metrics, Servers};
use crate::supervisor::{self, Going};
use crate::symptoms::Symptoms;
use crate::traces::Traces;

pub use access_log::ACCESS_LOG;
pub use editor::{Draft, Editor};
pub use upstreams::{Called, call};

use asked::Asked;
use behind::BeforeTls;
use certificate::{Certificate, Certificates};
use connection::Connections;
use crowd::Crowd;
use doors::Doors;
use drain::{Drain, InFlight, Signals};
use edition::{Edition, Editions, Means};
use gateway::{Gateway, Phases};

/// Why the proxy could not start: one line that says what to do.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct ProxyError(pub String);

/// Everything that can be wrong was checked and every address is taken; nothing is served yet.
pub struct Proxy {
    listen: Listen,
    doors: Doors,
    /// Where other proxies ask.
    questions: Option<Doors>,
    gateway: Gateway,
    reader: GateReader,
    closing: watch::Sender<bool>,
    /// What runs beside the requests.
    runtime: Handle,
}

/// Connections to servers that are kept for reuse, for each worker thread. Less than the peak of
/// concurrent requests costs a third of the throughput.
const KEPT_CONNECTIONS: usize = 1024;

impl Proxy {
    /// Takes every address, reads certificates, and resolves the names of servers. Blocks for at
    /// most a few seconds; must not be called within a runtime. What runs beside the requests runs in `runtime`.
    pub fn prepare(
        config: Arc<Config>,
        reader: GateReader,
        metrics: Metrics,
        symptoms: Symptoms,
        traces: Traces,
        runtime: &Handle,
        inherited: &mut Sockets,
    ) -> Result<(Self, Editor), ProxyError> {
        let listen = config.listen.clone();
        let certificate = listen.https.as_ref().map(Certificates::read).transpose()?.map(Certificate::new);
        let doors = Doors::take(&listen, certificate.as_ref(), inherited)?;
        let questions = config.decisions.as_ref().map(|decisions| &decisions.listen);
        let questions = questions.map(|address| Doors::take_for_questions(address, inherited)).transpose()?;
        certificate::check_roots()?;
        let closing = watch::Sender::new(false);
        let means = Means { reader: reader.clone(), metrics: metrics.clone(), closing: closing.subscribe() };
        let edition = Arc::new(runtime.block_on(Edition::prepare(config, None, &means))?);
        let servers: Arc<dyn Servers> = edition.upstreams.clone();
        metrics.ask_of_servers(&servers);
        let editions = Arc::new(Editions::new(edition));
        let gateway = Gateway::new(reader.clone(), Arc::clone(&editions), metrics, symptoms, traces);
        let editor = Editor { editions, means, certificate };
        Ok((Self { listen, doors, questions, gateway, reader, closing, runtime: runtime.clone() }, editor))
    }

    /// Turns true when nobody is let in any more.
    pub fn closing(&self) -> watch::Receiver<bool> {
        self.closing.subscribe()
    }

    /// Its listening sockets, for the process after this one.
    pub fn offered(&self) -> Result<Sockets, ProxyError> {
        let mut sockets = Sockets::default();
        self.doors.offer(&mut sockets)?;
        self.questions.iter().try_for_each(|questions| questions.offer(&mut sockets))?;
        Ok(sockets)
    }

    /// Opens the listeners, calls `opened`, and serves until told to stop by a signal (SIGTERM lets requests in
    /// flight end, SIGINT does not) or until another process serves (`relieved`). Blocks; owns its own runtimes.
    pub fn serve(self, opened: impl FnOnce(), relieved: &watch::Receiver<bool>) -> Result<(), ProxyError> {
        let mut server = Server::new_with_opt_and_conf(None, server_conf(&self.listen));
        let open = InFlight::default();
        let leaving = watch::Sender::new(false);
        // Before anybody comes: a signal in between would end the process with their requests.
        let signals = {
            let _within = self.runtime.enter();
            Signals::listen().map_err(|error| ProxyError(format!("cannot listen for signals: {error}")))?
        };
        let drain = Drain {
            signals: Mutex::new(signals),
            reader: self.reader.clone(),
            in_flight: self.gateway.in_flight(),
            open: open.clone(),
            closing: self.closing,
            leaving: leaving.clone(),
            relieved: relieved.clone(),
        };
        let gateway = Arc::new(self.gateway);
        let mut app = http_proxy(&server.configuration, Phases(Arc::clone(&gateway)));
        let mut options = HttpServerOptions::default();
        // CONNECT reaches the gateway so that its refusal looks like every other one.
        options.allow_connect_method_proxying = true;
        app.server_options = Some(options);
        let addresses = self.doors.addresses();
        let all = std::iter::once(&self.doors).chain(&self.questions);
        let sockets: Vec<_> = all.flat_map(Doors::sockets).collect();
        let crowd = Crowd::new(gateway.metrics.connections.clone());
        let before_tls = || BeforeTls { gateway: Arc::clone(&gateway), crowd: Arc::clone(&crowd) };
        // Before clients come in by the proxies that ask.
        if let Some(questions) = self.questions {
            let addresses = questions.addresses().join(" ");
            let asked = http_proxy(&server.configuration, Asked(Phases(Arc::clone(&gateway))));
            server.add_service(questions.open(asked, before_tls(), drain.closing())?);
            info!(addresses, "answering what other proxies ask");
        }
        let before_tls = before_tls();
        let (closing, leaving) = (drain.closing(), leaving.subscribe());
        let connections = Connections { proxy: Arc::new(app), gateway, crowd, closing, leaving, open };
        server.add_service(self.doors.open(connections, before_tls, drain.closing())?);
        // Who waits for the line below may ask at once.
        self.reader.note_serving();
        info!(addresses = addresses.join(" "), "listening");
        opened();
        supervisor::tell(Going::Serving("Serving"));
        server.run(RunArgs { shutdown_signal: Box::new(drain) });
        let are_anothers = *relieved.borrow();
        for path in sockets.into_iter().filter(|_| !are_anothers) {
            // Somebody else may have taken it away already.
            let _ = std::fs::remove_file(path);
        }
        info!("stopped");
        Ok(())
    }
}

fn server_conf(listen: &Listen) -> ServerConf {
    ServerConf {
        threads: listen.threads.max(1),
        // Connections stay on the thread that accepted them: a fifth faster under load.
        work_stealing: false,
        upstream_keepalive_pool_size: KEPT_CONNECTIONS,
        max_retries: exchange::MAX_ROUNDS,
        // Draining is ours: pingora would sleep the whole period even when idle.
        grace_period_seconds: Some(0),
        graceful_shutdown_timeout_seconds: Some(0),
        ..ServerConf::default()
    }
}
