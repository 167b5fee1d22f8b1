//! Over TLS they wait as well.

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::*;
use crate::house::{Authority, free_port};
use crate::tls::connect;

/// A shop that is entered by TLS alone.
struct Secure {
    shop: Shop,
    authority: Authority,
    port: u16,
}

impl Secure {
    async fn open(hold: &str) -> Self {
        let authority = Authority::new();
        let (certificate, key) = authority.sign_files(&["localhost"]);
        let (port, database, echo) = (free_port(), Cluster::shared().database().await, Echo::start().await);
        let https = format!(
            "https = {{ address = \"127.0.0.1:{port}\", cert = \"{}\", key = \"{}\" }}",
            certificate.display(),
            key.display()
        );
        let gateway = Gateway::start_with(&https, "", &config(&database, &echo, hold, "")).await;
        gateway.verdict_becomes("orders", "broken", LIMIT).await;
        let client = gateway.client();
        Self { shop: Shop { database, echo, gateway, client }, authority, port }
    }
}

#[tokio::test]
async fn a_request_over_tls_waits_and_frees_its_place_when_its_client_leaves() {
    let Secure { shop, authority, port } = Secure::open("up_to = \"20s\"").await;
    let mut stays = connect(&authority, port, "http/1.1").await;
    let mut leaves = connect(&authority, port, "http/1.1").await;
    for client in [&mut stays, &mut leaves] {
        let request = b"POST /count HTTP/1.1\r\nhost: localhost\r\ncontent-length: 1\r\nconnection: close\r\n\r\n\0";
        client.write_all(request).await.expect("it is sent");
    }
    shop.holds(2).await;
    drop(leaves);
    shop.holds(1).await;
    shop.database.execute(MEND).await;
    let mut answer = String::new();
    let _ = stays.read_to_string(&mut answer).await;
    assert!(answer.starts_with("HTTP/1.1 200 ") && answer.ends_with("1 true"), "{answer}");
    assert_eq!((shop.ended("released").await, shop.ended("client_left").await), (1, 1));
}

/// What TLS takes beside: its state, and a record's length to read into.
///
/// `cargo test --test suite -- --ignored two_thousand_over_tls --nocapture`
#[tokio::test(flavor = "multi_thread")]
#[ignore = "measures alone"]
async fn two_thousand_over_tls_who_wait_and_what_they_take() {
    const MANY: u64 = 2000;
    let Secure { shop, authority, port } = Secure::open("up_to = \"120s\", max_requests = 10000").await;
    let start = shop.gateway.resident_bytes();
    let mut clients = Vec::new();
    for number in 1..=MANY {
        let mut client = connect(&authority, port, "http/1.1").await;
        client.write_all(b"GET /orders HTTP/1.1\r\nhost: localhost\r\n\r\n").await.expect("it is sent");
        clients.push(client);
        if number % 100 == 0 {
            shop.holds(number).await;
        }
    }
    let each = (shop.gateway.resident_bytes() - start) / clients.len();
    migration::say(&format!("\nhold: over TLS a request that waits takes {each} bytes, its connection included\n"));
    assert!(each < 64 * 1024, "{each}");
}
