//! Listening sockets, handed from one process to the next (`schemagate run --upgrade`).
//!
//! Whoever runs offers them on a socket without a file, whose name has the user and the admin address. The next process
//! takes them, makes itself ready, and says so; from then on the other one lets nobody in and ends with its last
//! request. Should the next one go away before, nothing has changed.

use std::io::{self, ErrorKind, IoSlice, IoSliceMut, Read, Write};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixListener as StdListener, UnixStream as StdStream};
use std::time::Duration;

use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer, SendAncillaryMessage, SendFlags,
    recvmsg, sendmsg, sockopt,
};
use rustix::process::geteuid;
use tokio::io::{AsyncReadExt, AsyncWriteExt, Interest};
use tokio::net::{UnixListener, UnixStream};
use tracing::{info, warn};

use crate::config::Address;

/// As many as the kernel passes at once (`SCM_MAX_FD`).
const MOST: usize = 253;

/// All their names take less.
const NAMES: usize = 64 * 1024;

/// How long the other process may take to answer.
const LIMIT: Duration = Duration::from_secs(5);

/// "I serve", says the next process; "I let nobody in any more", the other one.
const READY: u8 = b'r';
const DONE: u8 = b'd';

/// Listening sockets by what they are for.
#[derive(Debug, Default)]
pub struct Sockets(Vec<(String, OwnedFd)>);

/// The process that serves until this one does.
#[derive(Debug)]
pub struct Predecessor {
    stream: StdStream,
    /// What it listens on.
    pub sockets: Sockets,
}

impl Sockets {
    /// Adds one.
    pub fn add(&mut self, name: String, socket: OwnedFd) {
        self.0.push((name, socket));
    }

    /// Takes the one of a name out.
    pub fn take(&mut self, name: &str) -> Option<OwnedFd> {
        let place = self.0.iter().position(|(known, _)| known == name)?;
        Some(self.0.swap_remove(place).1)
    }

    fn names(&self) -> String {
        self.0.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>().join("\n")
    }

    fn send(&self, stream: impl AsFd) -> io::Result<()> {
        let sockets: Vec<BorrowedFd<'_>> = self.0.iter().map(|(_, socket)| socket.as_fd()).collect();
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(MOST))];
        let mut control = SendAncillaryBuffer::new(&mut space);
        if !control.push(SendAncillaryMessage::ScmRights(&sockets)) {
            return Err(io::Error::new(ErrorKind::InvalidInput, format!("there are more than {MOST} addresses")));
        }
        let names = self.names();
        sendmsg(stream, &[IoSlice::new(names.as_bytes())], &mut control, SendFlags::empty())?;
        Ok(())
    }

    fn receive(stream: impl AsFd) -> io::Result<Self> {
        let mut names = vec![0; NAMES];
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(MOST))];
        let mut control = RecvAncillaryBuffer::new(&mut space);
        let received =
            recvmsg(stream, &mut [IoSliceMut::new(&mut names)], &mut control, RecvFlags::CMSG_CLOEXEC)?.bytes;
        let sockets = control.drain().filter_map(|message| match message {
            RecvAncillaryMessage::ScmRights(sockets) => Some(sockets),
            _ => None,
        });
        let sockets: Vec<OwnedFd> = sockets.flatten().collect();
        let names = String::from_utf8_lossy(names.get(..received).unwrap_or_default()).into_owned();
        let names: Vec<&str> = names.lines().collect();
        if sockets.is_empty() || names.len() != sockets.len() {
            return Err(io::Error::new(ErrorKind::InvalidData, "it handed over something else than its sockets"));
        }
        Ok(Self(names.into_iter().map(str::to_owned).zip(sockets).collect()))
    }
}

/// What a process with this admin address is found by: of this user, in this network namespace.
fn meeting_place(admin: &Address) -> io::Result<SocketAddr> {
    SocketAddr::from_abstract_name(format!("schemagate/upgrade/{}/{admin}", geteuid().as_raw()))
}

impl Predecessor {
    /// Asks the process with this admin address for its sockets.
    pub fn find(admin: &Address) -> Result<Self, String> {
        let found = || {
            let stream = StdStream::connect_addr(&meeting_place(admin)?)?;
            stream.set_read_timeout(Some(LIMIT))?;
            // The name is free for everybody to take.
            if sockopt::socket_peercred(&stream)?.uid != geteuid() {
                return Err(io::Error::new(ErrorKind::PermissionDenied, "it is another user's"));
            }
            let sockets = Sockets::receive(&stream)?;
            Ok(Self { stream, sockets })
        };
        found().map_err(|error: io::Error| match error.kind() {
            ErrorKind::ConnectionRefused => format!(
                "there is nobody to upgrade: no schemagate of this user runs here with the admin address {admin}; start \
                 without --upgrade, or as the same user and with the same [admin] listen"
            ),
            _ => format!("the schemagate with the admin address {admin} cannot be upgraded: {error}"),
        })
    }

    /// Says that this process serves; the other one has stopped to let anybody in when this returns.
    pub fn relieve(mut self) {
        let mut answer = [0];
        let relieved = self.stream.write_all(&[READY]).and_then(|()| self.stream.read_exact(&mut answer));
        match relieved {
            Ok(()) => info!("the process before this one lets nobody in any more and ends with its last request"),
            Err(error) => warn!(%error, "the process before this one did not answer: if it still runs, end it"),
        }
    }
}

/// Offers the sockets until another process serves on them.
pub async fn until_relieved(admin: &Address, sockets: Sockets) {
    let offer = || {
        let listener = StdListener::bind_addr(&meeting_place(admin)?)?;
        listener.set_nonblocking(true)?;
        UnixListener::from_std(listener)
    };
    let listener = match offer() {
        Ok(listener) => listener,
        Err(error) => {
            warn!(%error, "this process cannot be upgraded without a pause: its sockets cannot be offered");
            return std::future::pending().await;
        }
    };
    loop {
        match listener.accept().await {
            Ok((mut next, _)) => match hand_over(&mut next, &sockets).await {
                Ok(()) => {
                    // Its name is free for the next one before that hears of it.
                    drop(listener);
                    // Whether it hears the answer changes nothing.
                    let _ = next.write_all(&[DONE]).await;
                    return;
                }
                Err(error) => warn!(%error, "a new process was about to take over and went away: this one serves on"),
            },
            Err(error) => {
                warn!(%error, "a new process could not be let in");
                tokio::time::sleep(LIMIT).await;
            }
        }
    }
}

/// Ends well when the other process serves.
async fn hand_over(next: &mut UnixStream, sockets: &Sockets) -> io::Result<()> {
    if next.peer_cred()?.uid() != geteuid().as_raw() {
        return Err(io::Error::new(ErrorKind::PermissionDenied, "it is another user's"));
    }
    next.writable().await?;
    next.try_io(Interest::WRITABLE, || sockets.send(&*next))?;
    info!("a new process takes the listening sockets; this one serves until it does");
    match next.read_u8().await? {
        READY => Ok(()),
        _ => Err(io::Error::new(ErrorKind::InvalidData, "it says something unknown")),
    }
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    fn admin(name: &str) -> Address {
        Address::Tcp(format!("{name}-{}", std::process::id()))
    }

    fn sockets() -> (Sockets, u16) {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("bound").port();
        let mut sockets = Sockets::default();
        sockets.add("one".to_owned(), listener.into());
        (sockets, port)
    }

    #[test]
    fn without_anybody_to_upgrade_it_says_so() {
        let error = Predecessor::find(&admin("nobody")).expect_err("nobody is there");
        assert!(error.contains("nobody to upgrade"), "{error}");
    }

    #[tokio::test]
    async fn sockets_are_handed_over_again_and_again_until_somebody_serves() {
        let (sockets, port) = sockets();
        let place = admin("again");
        let offering = {
            let place = place.clone();
            tokio::spawn(async move { until_relieved(&place, sockets).await })
        };
        let find = async || {
            let place = place.clone();
            loop {
                let place = place.clone();
                let found = tokio::task::spawn_blocking(move || Predecessor::find(&place)).await.expect("a task");
                match found {
                    Ok(found) => return found,
                    Err(_) => tokio::time::sleep(Duration::from_millis(5)).await,
                }
            }
        };
        // The first one goes away.
        drop(find().await);
        let mut second = find().await;
        let taken = TcpListener::from(second.sockets.take("one").expect("it was handed over"));
        assert_eq!(taken.local_addr().expect("bound").port(), port);
        assert!(second.sockets.take("one").is_none() && !offering.is_finished());
        tokio::task::spawn_blocking(move || second.relieve()).await.expect("relieved");
        offering.await.expect("it is relieved");
    }
}
