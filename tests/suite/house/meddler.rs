//! A wire between two programs that somebody meddles with, by chance and by seed.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};

/// What befalls what one side has just sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    /// It comes late.
    Latency,
    /// The connection is reset, for both.
    Reset,
    /// It is the last that the other side gets; the way back stays open.
    HalfClose,
    /// Nothing more is heard of either side, and neither is told.
    BlackHole,
    /// It comes byte by byte, up to a point.
    Trickle,
    /// Something else comes, and then a reset.
    Garbage,
}

const FAULTS: [Fault; 6] =
    [Fault::Latency, Fault::Reset, Fault::HalfClose, Fault::BlackHole, Fault::Trickle, Fault::Garbage];

const LATE: Duration = Duration::from_millis(120);
const BETWEEN_BYTES: Duration = Duration::from_millis(2);
const TRICKLED: usize = 60;
/// Less than any answer of a test has; and less than what it takes the place of, so that nothing is complete with it.
const GARBAGE: usize = 64;

/// Passes connections on to a port of 127.0.0.1 and meddles with them while it is told to.
pub(crate) struct Meddler {
    port: u16,
    chance: watch::Sender<f64>,
    shared: Arc<Shared>,
    serving: JoinHandle<()>,
}

struct Shared {
    dice: Mutex<fastrand::Rng>,
    /// Of how many parts sent each fault befell one.
    befell: Mutex<[usize; FAULTS.len()]>,
    /// How likely a part sent meets a fault.
    chance: watch::Receiver<f64>,
}

impl Meddler {
    /// In front of a port, and honest as yet.
    pub(crate) async fn before(port: u16, seed: u64) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let own = listener.local_addr().expect("it is bound").port();
        let (chance, reader) = watch::channel(0.0);
        let dice = Mutex::new(fastrand::Rng::with_seed(seed));
        let shared = Arc::new(Shared { dice, befell: Mutex::default(), chance: reader });
        let serving = tokio::spawn(serve(listener, port, Arc::clone(&shared)));
        Self { port: own, chance, shared, serving }
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// Each part that is sent meets a fault with this likelihood, from now on.
    pub(crate) fn meddle(&self, chance: f64) {
        self.chance.send_replace(chance);
    }

    /// Is honest again; what is in a fault's hands already, stays there.
    pub(crate) fn stop(&self) {
        self.meddle(0.0);
    }

    /// How often each fault befell something; each must have, for the test to say anything.
    pub(crate) fn befell(&self) -> Vec<(String, usize)> {
        let befell = self.shared.befell.lock().unwrap_or_else(PoisonError::into_inner);
        FAULTS.iter().zip(*befell).map(|(fault, count)| (format!("{fault:?}"), count)).collect()
    }
}

impl Drop for Meddler {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

impl Shared {
    /// What befalls the next part, each fault in its turn; and the dice's next word for garbage.
    fn next(&self) -> (Option<Fault>, u64) {
        let mut dice = self.dice.lock().unwrap_or_else(PoisonError::into_inner);
        if dice.f64() >= *self.chance.borrow() {
            return (None, 0);
        }
        let mut befell = self.befell.lock().unwrap_or_else(PoisonError::into_inner);
        let which = befell.iter().sum::<usize>() % FAULTS.len();
        befell[which] += 1;
        (Some(FAULTS[which]), dice.u64(..))
    }
}

async fn serve(listener: TcpListener, port: u16, shared: Arc<Shared>) {
    // Dropped with this task, and with it every connection.
    let mut wires = JoinSet::new();
    while let Ok((client, _)) = listener.accept().await {
        wires.spawn(pass_on(client, port, Arc::clone(&shared)));
        while wires.try_join_next().is_some() {}
    }
}

async fn pass_on(client: TcpStream, port: u16, shared: Arc<Shared>) {
    let Ok(server) = TcpStream::connect(("127.0.0.1", port)).await else { return };
    for stream in [&client, &server] {
        // Only then does a broken connection look like one from outside; a failure leaves a mere close.
        let _ = stream.set_nodelay(true).and_then(|()| stream.set_zero_linger());
    }
    let ((from_client, to_client), (from_server, to_server)) = (client.into_split(), server.into_split());
    let there = one_way(from_client, to_server, &shared);
    let back = one_way(from_server, to_client, &shared);
    // The first end that is a break takes the other way along.
    let _ = tokio::try_join!(there, back);
}

/// Ends well at the end of what is sent, and with an error to break the connection.
async fn one_way(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, shared: &Shared) -> io::Result<()> {
    let mut part = vec![0; 16 * 1024];
    loop {
        let length = from.read(&mut part).await?;
        if length == 0 {
            return to.shutdown().await;
        }
        let sent = &part[..length];
        let (fault, word) = shared.next();
        match fault {
            None => to.write_all(sent).await?,
            Some(Fault::Latency) => {
                tokio::time::sleep(LATE).await;
                to.write_all(sent).await?;
            }
            Some(Fault::Reset) => return Err(io::ErrorKind::ConnectionReset.into()),
            Some(Fault::HalfClose) => {
                to.write_all(sent).await?;
                return to.shutdown().await;
            }
            Some(Fault::BlackHole) => std::future::pending().await,
            Some(Fault::Trickle) => {
                let (slowly, rest) = sent.split_at(length.min(TRICKLED));
                for byte in slowly {
                    to.write_all(&[*byte]).await?;
                    tokio::time::sleep(BETWEEN_BYTES).await;
                }
                to.write_all(rest).await?;
            }
            Some(Fault::Garbage) => {
                let mut dice = fastrand::Rng::with_seed(word);
                let garbage: Vec<u8> = (0..GARBAGE.min(length - 1)).map(|_| dice.u8(..)).collect();
                to.write_all(&garbage).await?;
                return Err(io::ErrorKind::ConnectionReset.into());
            }
        }
    }
}
