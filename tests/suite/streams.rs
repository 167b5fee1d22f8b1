//! What takes long or comes in pieces goes through as it is sent: when it is sent, byte for byte, and in bounded memory.

mod events;
mod expectation;
mod grpc;
mod http2;
mod large_bodies;
mod ranges;
mod trailers;
mod web_socket;

use std::fmt::Display;

use tokio::net::TcpListener;

use crate::house::Gateway;

/// A gateway with one route before a server; `more` is lines of the upstream's.
async fn before(server: impl Display, more: &str) -> Gateway {
    Gateway::start(&format!("[upstreams.api]\nservers = [\"{server}\"]\n{more}\n[[routes]]\npath = \"/*\"\n")).await
}

/// A backend whose connections are in the test's hands.
async fn by_hand(more: &str) -> (TcpListener, Gateway) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let gateway = before(listener.local_addr().expect("it is bound"), more).await;
    (listener, gateway)
}
