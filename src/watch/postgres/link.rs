//! One connection to a PostgreSQL server.

use std::future::poll_fn;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use socket2::{SockRef, TcpKeepalive};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, UnixStream, lookup_host};
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_postgres::config::SslMode;
use tokio_postgres::tls::{MakeTlsConnect, NoTls, TlsConnect};
use tokio_postgres::{AsyncMessage, Client, Config, Connection, SimpleQueryMessage, SimpleQueryRow};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::{backend, failure, tls};
use crate::config::{PostgresHost, PostgresUrl};
use crate::watch::LookError;
use crate::watch::hint::Hint;

/// Where notifications are sent, by the triggers of [`mod@crate::watch::trigger_sql`].
pub(in crate::watch) const CHANNEL: &str = "schemagate";

/// The name under which the server lists schemagate (`pg_stat_activity.application_name`).
pub(super) const APPLICATION: &str = "schemagate";

/// When silence on a connection is questioned, how often, and how often in vain.
const KEEPALIVE: TcpKeepalive =
    TcpKeepalive::new().with_time(Duration::from_secs(15)).with_interval(Duration::from_secs(5)).with_retries(3);
/// How long what was sent may stay unacknowledged.
const USER_TIMEOUT: Duration = Duration::from_secs(15);
/// How long a farewell may take.
const FAREWELL: Duration = Duration::from_millis(250);

/// One connection to a PostgreSQL server. Ends when dropped.
///
/// It asks for nothing at its start but user and database: through a pooler any setting, even
/// `application_name`, would be left to whoever gets the server's connection next.
#[derive(Debug)]
pub(super) struct Link {
    pub(super) client: Client,
    /// Whether the server itself is at the other end, and not a pooler.
    pub(super) direct: bool,
    /// Where it leads, for messages.
    pub(super) place: String,
    driver: JoinSet<()>,
}

impl Link {
    /// Connects to the first server of `url` that can be reached, each within `limit`.
    /// Notifications ring `hint`.
    pub(super) async fn open(url: &PostgresUrl, limit: Duration, hint: &Arc<Hint>) -> Result<Self, LookError> {
        let (mode, tls) = tls::connector(url)?;
        let opening = Opening { url, limit, hint, mode, tls };
        let mut failures: Vec<LookError> = Vec::new();
        for host in &url.hosts {
            let outcome = match host {
                PostgresHost::Tcp(name, port) => opening.by_name(name, *port).await,
                PostgresHost::Unix(folder, port) => {
                    opening.by_socket(&folder.join(format!(".s.PGSQL.{port}"))).await.map_err(|error| vec![error])
                }
            };
            match outcome {
                Ok(link) => return link.introduced(url.pooled, limit).await,
                Err(errors) => failures.extend(errors),
            }
            if failures.last().is_some_and(is_final) {
                break;
            }
        }
        let word = failures.first().map_or("no_host", |error| error.word);
        let texts: Vec<String> = failures.into_iter().map(|error| error.message).collect();
        Err(LookError::new(word, texts.join("; ")))
    }

    /// Learns who is at the other end (`pooled`: the URL says that a pooler is), and gives the
    /// connection its name where it belongs to nobody else.
    async fn introduced(mut self, pooled: bool, limit: Duration) -> Result<Self, LookError> {
        if pooled {
            return Ok(self);
        }
        let talk = async {
            // Text of a simple query: no statement stays behind.
            let answer = self.client.simple_query("SELECT pg_catalog.pg_backend_pid()").await?;
            let serving = rows(&answer).next().and_then(|row| row.get(0)).and_then(|process| process.parse().ok());
            let direct = serving.is_some() && backend::announced(self.client.cancel_token()).await == serving;
            if direct {
                self.client.batch_execute(&format!("SET application_name = '{APPLICATION}'")).await?;
            }
            Ok(direct)
        };
        self.direct = match timeout(limit, talk).await {
            Ok(outcome) => outcome.map_err(|error| failure::describe(&error, &self.place))?,
            Err(_) => return Err(failure::timed_out(&self.place, limit, "to the first question")),
        };
        Ok(self)
    }

    /// Waits until the connection has ended.
    pub(super) async fn ended(&mut self) {
        self.driver.join_next().await;
    }

    /// Whether the connection has ended.
    pub(super) fn has_ended(&self) -> bool {
        self.client.is_closed()
    }

    /// Takes leave of the server, which otherwise would log a client that vanished.
    pub(super) async fn close(self) {
        let Self { client, mut driver, .. } = self;
        drop(client);
        // Whoever does not answer to a farewell is left without one.
        let _ = timeout(FAREWELL, driver.join_next()).await;
    }
}

/// What an attempt needs to know.
struct Opening<'a> {
    url: &'a PostgresUrl,
    limit: Duration,
    hint: &'a Arc<Hint>,
    mode: SslMode,
    tls: MakeRustlsConnect,
}

impl Opening<'_> {
    /// Tries every address of a name.
    async fn by_name(&self, name: &str, port: u16) -> Result<Link, Vec<LookError>> {
        let place = format!("{name}:{port}");
        let addresses: Vec<SocketAddr> = match timeout(self.limit, lookup_host((name, port))).await {
            Ok(Ok(addresses)) => addresses.collect(),
            Ok(Err(error)) => {
                let text = format!("{place}: the name is not known ({error}): check the host in the database's url");
                return Err(vec![LookError::new("dns", text)]);
            }
            Err(_) => return Err(vec![failure::timed_out(&place, self.limit, "from the name service")]),
        };
        let mut failures = Vec::new();
        for address in addresses {
            let ip = address.ip().to_string();
            let place = if ip == name { place.clone() } else { format!("{place} ({ip})") };
            match self.by_address(address, name, place).await {
                Ok(link) => return Ok(link),
                Err(error) => failures.push(error),
            }
            if failures.last().is_some_and(is_final) {
                break;
            }
        }
        Err(failures)
    }

    async fn by_address(&self, address: SocketAddr, name: &str, place: String) -> Result<Link, LookError> {
        let encrypted = self.over_tcp(address, name, self.mode, &place).await;
        match encrypted {
            // As libpq: what prefers TLS does without where TLS is what fails.
            Err(error) if self.mode == SslMode::Prefer && matches!(error.word, "tls" | "authentication") => {
                self.over_tcp(address, name, SslMode::Disable, &place).await.map_err(|_| error)
            }
            outcome => outcome,
        }
        .map(|(client, driver)| Link { client, direct: false, place, driver })
    }

    async fn over_tcp(
        &self,
        address: SocketAddr,
        name: &str,
        mode: SslMode,
        place: &str,
    ) -> Result<(Client, JoinSet<()>), LookError> {
        let attempt = async {
            let stream = TcpStream::connect(address).await.map_err(|error| failure::describe_io(&error, place))?;
            guard(&stream).map_err(|error| failure::describe_io(&error, place))?;
            let Ok(tls) = MakeTlsConnect::<TcpStream>::make_tls_connect(&mut self.tls.clone(), name);
            self.begin(stream, tls, mode).await.map_err(|error| failure::describe(&error, place))
        };
        timeout(self.limit, attempt)
            .await
            .unwrap_or_else(|_| Err(failure::timed_out(place, self.limit, "to a new connection")))
    }

    /// As libpq: a socket of the machine itself is never encrypted.
    async fn by_socket(&self, path: &Path) -> Result<Link, LookError> {
        let place = path.display().to_string();
        let attempt = async {
            let stream = UnixStream::connect(path).await.map_err(|error| failure::describe_io(&error, &place))?;
            self.begin(stream, NoTls, SslMode::Disable).await.map_err(|error| failure::describe(&error, &place))
        };
        let (client, driver) = timeout(self.limit, attempt)
            .await
            .unwrap_or_else(|_| Err(failure::timed_out(&place, self.limit, "to a new connection")))?;
        Ok(Link { client, direct: false, place, driver })
    }

    async fn begin<S, T>(
        &self,
        stream: S,
        tls: T,
        mode: SslMode,
    ) -> Result<(Client, JoinSet<()>), tokio_postgres::Error>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
        T: TlsConnect<S>,
        T::Stream: Send + 'static,
    {
        let mut config = Config::new();
        config.user(&self.url.user).dbname(&self.url.database).ssl_mode(mode);
        if let Some(password) = &self.url.password {
            config.password(password.expose());
        }
        let (client, connection) = config.connect_raw(stream, tls).await?;
        let mut driver = JoinSet::new();
        driver.spawn(drive(connection, Arc::clone(self.hint)));
        Ok((client, driver))
    }
}

/// Makes a server that vanished without a word be noticed.
fn guard(stream: &TcpStream) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let socket = SockRef::from(stream);
    socket.set_tcp_keepalive(&KEEPALIVE)?;
    #[cfg(target_os = "linux")]
    socket.set_tcp_user_timeout(Some(USER_TIMEOUT))?;
    Ok(())
}

/// Moves messages until the connection ends; whoever waits for an answer learns why.
async fn drive<S, T>(mut connection: Connection<S, T>, hint: Arc<Hint>)
where
    S: AsyncRead + AsyncWrite + Unpin,
    T: AsyncRead + AsyncWrite + Unpin,
{
    while let Some(Ok(message)) = poll_fn(|cx| connection.poll_message(cx)).await {
        if let AsyncMessage::Notification(notification) = message
            && notification.channel() == CHANNEL
        {
            hint.notified(notification.payload());
        }
    }
}

/// The rows of an answer to a simple query.
pub(super) fn rows(answer: &[SimpleQueryMessage]) -> impl Iterator<Item = &SimpleQueryRow> {
    answer.iter().filter_map(|message| match message {
        SimpleQueryMessage::Row(row) => Some(row),
        _ => None,
    })
}

/// Whether other servers of the same URL would say the same.
fn is_final(error: &LookError) -> bool {
    matches!(error.word, "authentication" | "no_database")
}
