//! The listeners: every address is taken before anything starts, and opened when all is ready.

use std::io::{Error, ErrorKind};
use std::net::ToSocketAddrs;
use std::os::fd::{IntoRawFd, OwnedFd};
use std::os::unix::fs::FileTypeExt;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use pingora::apps::ServerApp;
use pingora::listeners::tls::TlsSettings;
use pingora::listeners::{L4BufferSettings, ListenerConfig, TcpSocketOptions};
use pingora::protocols::TcpKeepalive;
use pingora::server::{ListenFds, ShutdownWatch};
use pingora::services::Service as ServiceTrait;
use pingora::services::listening::Service;
use socket2::{Domain, SockAddr, Socket, Type};
use tokio::sync::watch;

use super::ProxyError;
use super::behind::BeforeTls;
use super::certificate::{self, Certificate};
use crate::config::{Address, Listen};
use crate::handover::Sockets;

/// The longest record of TLS (RFC 8446, section 5.1).
const TLS_RECORD: usize = 16 * 1024;

/// Every address of one listener, taken but not yet open.
pub(super) struct Doors {
    /// The table of the configuration that names them.
    table: &'static str,
    doors: Vec<Door>,
}

struct Door {
    address: Address,
    socket: Socket,
    tls: Option<TlsSettings>,
}

/// The tables of the configuration that name addresses here.
const CLIENTS: &str = "listen";
const QUESTIONS: &str = "decisions";

/// Connections that the kernel holds until they are accepted.
const BACKLOG: i32 = 65_535;

/// What the kernel keeps of an answer that it cannot send yet. Without a bound it is as much as was ever under way to
/// the client, up to 4 MiB; what is sent and not acknowledged is not counted, so that nobody's speed depends on it.
#[cfg(target_os = "linux")]
const UNSENT: u32 = 128 * 1024;

impl Doors {
    /// Takes every address. Two processes cannot hold the same one; a client that comes before
    /// [`Self::open`] is refused, as if nobody were there.
    ///
    /// Those that another process handed over are used as they are.
    pub(super) fn take(
        listen: &Listen,
        certificate: Option<&Arc<Certificate>>,
        inherited: &mut Sockets,
    ) -> Result<Self, ProxyError> {
        let mut doors = Vec::new();
        for address in &listen.http {
            doors.push(Door {
                address: address.clone(),
                socket: take(address, &doors, inherited, CLIENTS)?,
                tls: None,
            });
        }
        if let Some((https, certificate)) = listen.https.as_ref().zip(certificate) {
            let tls = Some(certificate::tls_settings(https, Arc::clone(certificate))?);
            let socket = take(&https.address, &doors, inherited, CLIENTS)?;
            doors.push(Door { address: https.address.clone(), socket, tls });
        }
        Ok(Self { table: CLIENTS, doors })
    }

    /// Takes the address where other proxies ask.
    pub(super) fn take_for_questions(address: &Address, inherited: &mut Sockets) -> Result<Self, ProxyError> {
        let socket = take(address, &[], inherited, QUESTIONS)?;
        Ok(Self { table: QUESTIONS, doors: vec![Door { address: address.clone(), socket, tls: None }] })
    }

    /// Every address, as a log line names it.
    pub(super) fn addresses(&self) -> Vec<String> {
        let scheme = |door: &Door| if door.tls.is_some() { "https" } else { "http" };
        self.doors.iter().map(|door| format!("{}://{}", scheme(door), door.address)).collect()
    }

    /// Every socket once more, for the process after this one.
    pub(super) fn offer(&self, sockets: &mut Sockets) -> Result<(), ProxyError> {
        for Door { address, socket, .. } in &self.doors {
            let again = socket.try_clone().map_err(|error| refused(address, &error, self.table))?;
            sockets.add(address.to_string(), again.into());
        }
        Ok(())
    }

    /// The files of unix sockets.
    pub(super) fn sockets(&self) -> Vec<PathBuf> {
        let path = |door: &Door| match &door.address {
            Address::Tcp(_) => None,
            Address::Unix(path) => Some(path.clone()),
        };
        self.doors.iter().filter_map(path).collect()
    }

    /// Opens every door; `app` serves who comes in, until `closing` turns true.
    pub(super) fn open<A>(
        self,
        app: A,
        before_tls: BeforeTls,
        closing: watch::Receiver<bool>,
    ) -> Result<OpenDoors<A>, ProxyError>
    where
        A: ServerApp + Send + Sync + 'static,
    {
        let table = self.table;
        let mut service = Service::new(table.to_owned(), app);
        service.endpoints().set_pre_tls_callback(Arc::new(before_tls));
        let mut sockets = Vec::new();
        for Door { address, socket, tls } in self.doors {
            socket.listen(BACKLOG).map_err(|error| refused(&address, &error, table))?;
            let (key, endpoint) = match &address {
                Address::Tcp(text) => {
                    let endpoint = ListenerConfig::tcp(text).tcp_socket_options(socket_options());
                    (text.clone(), endpoint)
                }
                Address::Unix(path) => {
                    let text = path.to_string_lossy().into_owned();
                    (text.clone(), ListenerConfig::uds(text))
                }
            };
            service.add_listener(match tls {
                Some(settings) => endpoint.l4_buffer(buffer(TLS_RECORD)).tls(settings),
                None => endpoint.l4_buffer(buffer(0)),
            });
            sockets.push((key, OwnedFd::from(socket)));
        }
        Ok(OpenDoors { table, service, sockets, closing })
    }
}

/// pingora would keep 64 KiB for reading at every connection, ten thousand idle ones included. Headers
/// and bodies are read into buffers of their own as large as this; TLS alone reads in small pieces.
const fn buffer(read: usize) -> L4BufferSettings {
    L4BufferSettings { read: Some(read), write: None }
}

/// A client that vanished without a word is noticed, so that its WebSocket is not kept for ever.
fn socket_options() -> TcpSocketOptions {
    let mut options = TcpSocketOptions::default();
    options.tcp_keepalive = Some(TcpKeepalive {
        idle: Duration::from_secs(60),
        interval: Duration::from_secs(15),
        count: 4,
        user_timeout: Duration::ZERO,
    });
    options
}

fn take(
    address: &Address,
    before: &[Door],
    inherited: &mut Sockets,
    table: &'static str,
) -> Result<Socket, ProxyError> {
    if before.iter().any(|door| &door.address == address) {
        return Err(ProxyError(format!("{address} stands twice in [listen]: take one of them out")));
    }
    if let Some(socket) = inherited.take(&address.to_string()) {
        return Ok(socket.into());
    }
    let taken = match address {
        Address::Tcp(text) => take_tcp(text),
        Address::Unix(path) => take_unix(path),
    };
    taken.map_err(|error| refused(address, &error, table))
}

fn take_tcp(text: &str) -> Result<Socket, Error> {
    let address = text.to_socket_addrs()?.next().ok_or(ErrorKind::AddrNotAvailable)?;
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, None)?;
    // A restart must not wait for the connections of the process before it.
    socket.set_reuse_address(true)?;
    socket.set_nonblocking(true)?;
    // Connections have it of the socket that they were accepted by.
    #[cfg(target_os = "linux")]
    socket.set_tcp_notsent_lowat(UNSENT)?;
    socket.bind(&address.into())?;
    Ok(socket)
}

fn take_unix(path: &Path) -> Result<Socket, Error> {
    match std::fs::symlink_metadata(path) {
        Ok(found) if !found.file_type().is_socket() => return Err(ErrorKind::AlreadyExists.into()),
        Ok(_) => match UnixStream::connect(path) {
            Ok(_) => return Err(ErrorKind::AddrInUse.into()),
            // Left behind by a process that is gone.
            Err(error) if error.kind() == ErrorKind::ConnectionRefused => std::fs::remove_file(path)?,
            Err(error) => return Err(error),
        },
        Err(_) => {}
    }
    let socket = Socket::new(Domain::UNIX, Type::STREAM, None)?;
    socket.set_nonblocking(true)?;
    socket.bind(&SockAddr::unix(path)?)?;
    Ok(socket)
}

fn refused(address: &Address, error: &Error, table: &str) -> ProxyError {
    let advice = match (error.kind(), address) {
        (ErrorKind::AddrInUse, _) => "somebody listens there already: stop them, or choose another address".to_owned(),
        (ErrorKind::PermissionDenied, Address::Tcp(_)) => {
            "not permitted: ports below 1024 need the capability CAP_NET_BIND_SERVICE; grant it, or choose a port above 1023".to_owned()
        }
        (ErrorKind::PermissionDenied, Address::Unix(_)) => {
            "not permitted: let this user write to the folder, or choose another one".to_owned()
        }
        (ErrorKind::AddrNotAvailable, _) => {
            "this machine has no such address: use 0.0.0.0 or [::] for every one it has".to_owned()
        }
        (ErrorKind::AlreadyExists, _) => {
            "a file that is not a socket is in its place: move it away, or choose another path".to_owned()
        }
        (ErrorKind::NotFound, Address::Unix(_)) => "its folder does not exist: create it".to_owned(),
        _ => format!("{error}; an address is `host:port` or `unix:/path`"),
    };
    ProxyError(format!("cannot listen on {address}: {advice} ([{table}] in the configuration)"))
}

/// The listening service, with the sockets that it is handed when it starts.
pub(super) struct OpenDoors<A> {
    table: &'static str,
    service: Service<A>,
    sockets: Vec<(String, OwnedFd)>,
    closing: watch::Receiver<bool>,
}

#[async_trait]
impl<A> ServiceTrait for OpenDoors<A>
where
    A: ServerApp + Send + Sync + 'static,
{
    async fn start_service(&mut self, fds: Option<ListenFds>, _shutdown: ShutdownWatch, listeners_per_fd: usize) {
        if let Some(table) = &fds {
            let mut table = table.lock();
            for (address, socket) in self.sockets.drain(..) {
                table.add(address, socket.into_raw_fd());
            }
        }
        ServiceTrait::start_service(&mut self.service, fds, self.closing.clone(), listeners_per_fd).await;
    }

    fn name(&self) -> &'static str {
        self.table
    }
}
