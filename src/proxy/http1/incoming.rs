//! A client's connection, of which pingora sees one request at a time.

use std::future::poll_fn;
use std::io;
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};

use bytes::BytesMut;
use pingora::protocols::Stream;
use tokio::io::{AsyncRead, ReadBuf};

use crate::config::BodyPace;
use crate::proxy::pace::Pace;
use crate::proxy::passes_on::passes_on;
use crate::proxy::taking::Taking;
use crate::wire::{Body, BodyEnd, Head};

/// Read in one go. A buffer of this size is on the stack alone: what waits has what it needs.
const PIECE: usize = 4096;

/// A client's connection over HTTP/1. To pingora it ends, as far as there is something to read, where
/// the request does: what comes behind it stays here, for the next one.
#[derive(Debug)]
pub(super) struct Incoming {
    stream: Stream,
    /// How slowly the client takes what is written to it.
    taking: Taking,
    /// What was read and not yet given.
    ahead: BytesMut,
    /// What of the present request is to come.
    body: BodyEnd,
    /// Nobody knows any more where it ends: what still comes is thrown away.
    broken: bool,
    /// How slowly that comes, where there is any.
    pace: Option<Box<Pace>>,
    /// Set where another protocol may follow.
    switched: Option<Switched>,
}

/// Whether another protocol is spoken by now: its bytes have no end that HTTP knows.
#[derive(Debug, Clone, Default)]
pub(in crate::proxy) struct Switched(Arc<AtomicBool>);

impl Switched {
    /// From now on, another one is spoken.
    pub(in crate::proxy) fn set(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    fn is_set(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

impl Incoming {
    pub(super) fn new(stream: Stream, send: BodyPace) -> Self {
        Self {
            stream,
            taking: Taking::new(send),
            ahead: BytesMut::new(),
            body: BodyEnd::of(Body::Length(0)),
            broken: false,
            pace: None,
            switched: None,
        }
    }

    /// What was read and not yet given.
    pub(super) fn ahead(&self) -> &[u8] {
        &self.ahead
    }

    /// Reads on: how many bytes came, 0 at the end. Loses nothing when it is dropped.
    pub(super) async fn read_ahead(&mut self) -> io::Result<usize> {
        poll_fn(|context| self.poll_ahead(context)).await
    }

    pub(super) fn poll_ahead(&mut self, context: &mut Context<'_>) -> Poll<io::Result<usize>> {
        let mut piece = [MaybeUninit::uninit(); PIECE];
        let mut piece = ReadBuf::uninit(&mut piece);
        ready!(Pin::new(&mut self.stream).poll_read(context, &mut piece))?;
        if self.ahead.is_empty() {
            // Room for no more than came: most heads come whole.
            self.ahead = BytesMut::from(piece.filled());
        } else {
            self.ahead.extend_from_slice(piece.filled());
        }
        Poll::Ready(Ok(piece.filled().len()))
    }

    /// Takes so many bytes of what was read.
    pub(super) fn take_ahead(&mut self, bytes: usize) -> BytesMut {
        if bytes >= self.ahead.len() { std::mem::take(&mut self.ahead) } else { self.ahead.split_to(bytes) }
    }

    /// From now on what follows a head can be read.
    pub(super) fn begin(&mut self, head: Head, pace: Option<BodyPace>) -> Option<Switched> {
        self.body = BodyEnd::of(head.body);
        self.pace = pace.filter(|_| !self.body.is_reached()).map(|pace| Box::new(Pace::new(pace)));
        self.switched = head.upgrade.then(Switched::default);
        self.switched.clone()
    }

    /// Whether the next request begins where reading stopped.
    pub(super) fn is_between_requests(&self) -> bool {
        self.body.is_reached() && !self.broken && !self.switched.as_ref().is_some_and(Switched::is_set)
    }

    /// The connection, and what was read of it.
    pub(super) fn into_parts(self) -> (Stream, BytesMut) {
        (self.stream, self.ahead)
    }

    /// Waits for the client to leave. While it has sent what is for later, that is not seen.
    pub(super) async fn left(&mut self) {
        let _ = poll_fn(|context| self.poll_gone(context)).await;
    }

    /// Lets a client be noticed that leaves; whatever else it sends is for later.
    fn poll_gone(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if !self.ahead.is_empty() {
            return Poll::Pending;
        }
        match ready!(self.poll_ahead(context))? {
            0 => Poll::Ready(Ok(())),
            _ => Poll::Pending,
        }
    }

    /// Lets an answer get through to a client that still sends.
    fn poll_discard(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        loop {
            self.ahead.clear();
            if ready!(self.poll_ahead(context))? == 0 {
                return Poll::Ready(Ok(()));
            }
        }
    }

    fn poll_any(&mut self, context: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if self.ahead.is_empty() {
            return Pin::new(&mut self.stream).poll_read(context, into);
        }
        let given = self.take_ahead(into.remaining());
        into.put_slice(&given);
        Poll::Ready(Ok(()))
    }
}

impl AsyncRead for Incoming {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        if this.broken {
            return this.poll_discard(context);
        }
        if this.body.is_reached() {
            return match &this.switched {
                Some(switched) if switched.is_set() => this.poll_any(context, into),
                _ => this.poll_gone(context),
            };
        }
        let before = into.filled().len();
        if this.poll_any(context, into)?.is_pending() {
            this.broken = this.pace.as_mut().is_some_and(|pace| pace.is_too_slow(context));
            return if this.broken { Poll::Ready(Err(io::ErrorKind::TimedOut.into())) } else { Poll::Pending };
        }
        let came = into.filled().get(before..).unwrap_or_default();
        if let Some(pace) = &mut this.pace {
            pace.came(came.len());
        }
        let used = match this.body.read(came) {
            Ok(used) => used,
            Err(refusal) => {
                into.set_filled(before);
                this.broken = true;
                return Poll::Ready(Err(io::Error::new(io::ErrorKind::InvalidData, refusal)));
            }
        };
        if let Some(behind) = came.get(used..).filter(|behind| !behind.is_empty()) {
            // It goes before what was not even looked at.
            let rest = std::mem::replace(&mut this.ahead, BytesMut::from(behind));
            this.ahead.unsplit(rest);
            into.set_filled(before + used);
        }
        Poll::Ready(Ok(()))
    }
}

passes_on!(Incoming);
