//! A connection over HTTP/1, one request after another.
//!
//! The head of each is read here, whole and within bounds, and looked at before pingora sees any of it.
//! Between two requests, and while one waits, there is nothing of pingora's but the socket.
//! What is plain never becomes pingora's: it is answered `at_once`, or goes `straight` to a server and back, if that gives a
//! `plain_answer`.

mod at_once;
mod date;
mod head;
mod incoming;
mod lines;
mod parked;
mod plain_answer;
mod refused;
mod silence;
mod straight;
mod written;

use std::sync::Arc;
use std::time::Instant;

use bytes::BytesMut;
use pingora::apps::{HttpServerApp, ReusedHttpStream};
use pingora::protocols::Stream;
use pingora::protocols::http::ServerSession;
use pingora::protocols::l4::stream::Stream as Socket;
use pingora::proxy::HttpProxy;
use pingora::server::ShutdownWatch;

use super::drain::InFlight;
use super::exchange::Exchange;
use super::gateway::{Gateway, Phases};
use super::hold::Waited;
use crate::config::ClientLimits;
use crate::wire::{Outline, Parts};
use at_once::{AtOnce, Decided};
use head::Came;
use incoming::Incoming;
use silence::Silence;

pub(super) use incoming::Switched;

/// Serves connections over HTTP/1.
#[derive(Clone, Copy)]
pub(super) struct Http1<'c> {
    pub(super) proxy: &'c Arc<HttpProxy<Phases>>,
    pub(super) gateway: &'c Gateway,
    pub(super) shutdown: &'c ShutdownWatch,
    /// Turns true when no more connections are accepted: who is connected is told to connect anew.
    pub(super) closing: &'c ShutdownWatch,
    /// Turns true when connections without a request are to end.
    pub(super) leaving: &'c ShutdownWatch,
}

/// What a connection knows of a request that it hands over.
#[derive(Debug, Default)]
pub(super) struct Arrival {
    /// Where another protocol may follow.
    pub(super) switched: Option<Switched>,
    /// When its head had been read, if it waited after that.
    pub(super) began: Option<Instant>,
    /// How it waited.
    pub(super) waited: Option<Waited>,
    /// What was made of it, where it was decided.
    pub(super) exchange: Option<Box<Exchange>>,
    /// Counts it until pingora's hands have it.
    pub(super) in_flight: Option<InFlight>,
}

impl Arrival {
    /// Whether there is nothing to tell.
    fn is_plain(&self) -> bool {
        self.switched.is_none() && self.waited.is_none() && self.exchange.is_none()
    }
}

impl Http1<'_> {
    /// Serves a connection to its end. What is returned speaks HTTP/2, if it may: it is `plain`.
    pub(super) async fn serve(self, stream: Stream, plain: bool) -> Option<Stream> {
        let ClientLimits { idle, send, .. } = self.gateway.limits();
        let mut incoming = Box::new(Incoming::new(stream, send));
        let mut silence = Silence::new(idle, self.leaving);
        let mut outline = Outline::default();
        let mut served = 0_u32;
        loop {
            let limits = self.gateway.limits();
            let (head, what) =
                match head::read(&mut incoming, &limits, plain && served == 0, &mut silence, &mut outline).await {
                    Ok(Some(Came::Head(head, what))) => (head, what),
                    Ok(Some(Came::Preface)) => return unread(*incoming),
                    Ok(None) => return None,
                    Err(refused) => {
                        let (stream, _) = incoming.into_parts();
                        Box::pin(self.gateway.refuse(refused, stream)).await;
                        return None;
                    }
                };
            let parts = Parts::new(&head, &outline);
            let mut arrival = Arrival { switched: incoming.begin(what, limits.body), ..Arrival::default() };
            let left = limits.requests_per_connection.map(|most| most.get().saturating_sub(served + 1));
            // That a connection ends after its last request, pingora says.
            let is_last = left == Some(0);
            let decided = if is_last { Decided::Rest(None) } else { self.decide_at_once(&incoming, parts, what) };
            let at_once = match decided {
                Decided::Here(answer) => AtOnce::Over(self.gateway.write(&mut incoming, answer).await),
                Decided::Straight(lines, exchange) => {
                    Box::pin(self.send_straight(&mut incoming, lines, exchange, &mut silence)).await
                }
                Decided::Rest(exchange) => AtOnce::Rest(exchange),
            };
            match at_once {
                AtOnce::Over(Some(since)) => {
                    silence.since = since.into();
                    served = served.saturating_add(1);
                    continue;
                }
                AtOnce::Over(None) => return None,
                AtOnce::Rest(exchange) => arrival.exchange = exchange,
            }
            if arrival.exchange.is_none() && self.gateway.may_hold() {
                Box::pin(self.gateway.park(&mut incoming, parts, what, &mut arrival)).await;
            }
            let (stream, _) = self.pass(incoming, head, arrival, left).await?.consume();
            incoming = stream.into_any().downcast().ok()?;
            // Where the next request begins must be known.
            if !incoming.is_between_requests() {
                return None;
            }
            silence.since = tokio::time::Instant::now();
            served = served.saturating_add(1);
        }
    }

    /// Has pingora do the rest; `left`: so many more requests may come. A session is large: none is part of
    /// the future that waits for requests.
    fn pass(
        self,
        incoming: Box<Incoming>,
        head: BytesMut,
        arrival: Arrival,
        left: Option<u32>,
    ) -> impl Future<Output = Option<ReusedHttpStream>> {
        let mut session = ServerSession::new_http1(incoming);
        session.set_pipelined_prefix(head);
        session.set_keepalive_reuses_remaining(left);
        if !arrival.is_plain() {
            session.set_connection_user_context(Some(Box::new(arrival)));
        }
        self.proxy.process_new_http(session, self.shutdown)
    }
}

/// Puts back what was read of a connection, for another to read.
fn unread(incoming: Incoming) -> Option<Stream> {
    let (stream, ahead) = incoming.into_parts();
    let mut socket: Box<Socket> = stream.into_any().downcast().ok()?;
    socket.rewind(&ahead);
    Some(socket)
}
