//! nginx, `HAProxy` and Caddy ask, by the files of `deploy/`, in front of a real application over PostgreSQL.

use std::time::Duration;

use http::Method;

use crate::house::{
    Answer, AskingProxy, Asks, Backend, Client, Cluster, Database, Gateway, eventually, free_port, raw,
};

const LIMIT: Duration = Duration::from_secs(15);
const ORDERS: &str = "CREATE TABLE \"orders\" (\"id\" serial PRIMARY KEY)";

struct Stage {
    database: Database,
    backend: Backend,
    gateway: Gateway,
    decisions: String,
    config: String,
}

impl Stage {
    async fn set() -> Self {
        let database = Cluster::shared().database().await;
        database.execute(ORDERS).await;
        let backend = Backend::start(&database).await;
        let decisions = format!("127.0.0.1:{}", free_port());
        let config = format!(
            r#"
            [decisions]
            listen = "{decisions}"
            [databases.main]
            url = "{}"
            refresh = "100ms"
            [upstreams.app]
            servers = ["{}"]
            [requirements.orders]
            tables = ["orders"]
            [[routes]]
            name = "orders"
            path = "/api/orders/*"
            needs = ["orders"]
            on_broken = {{ block = {{ code = "ORDERS_NOT_READY", retry_after = "7s" }} }}
            [[routes]]
            path = "/*"
            "#,
            database.url(),
            backend.address(),
        );
        let gateway = Gateway::start(&config).await;
        Self { database, backend, gateway, decisions, config }
    }

    async fn peer(&self, kind: Asks, closed: bool) -> AskingProxy {
        AskingProxy::start(kind, &self.backend.address(), &self.decisions, closed).await
    }
}

async fn becomes(client: &Client, status: u16) {
    let asked = async || (client.get("/api/orders").await.status == status).then_some(());
    eventually(&format!("/api/orders is {status}"), LIMIT, asked).await;
}

#[tokio::test]
async fn each_proxy_gives_the_page_while_a_table_is_missing_and_the_application_otherwise() {
    let stage = Stage::set().await;
    for kind in Asks::ALL {
        let peer = stage.peer(kind, false).await;
        let client = peer.client();
        becomes(&client, 200).await;
        // A body arrives whole, although the question is asked without it.
        client.fetch(Method::POST, "/api/orders").await.expect(201);

        stage.database.execute("DROP TABLE \"orders\"").await;
        becomes(&client, 503).await;
        let page = client.navigate("/api/orders/7?a=b").await.expect(503);
        assert!(page.header("content-type").starts_with("text/html"), "{kind:?}: {:?}", page.headers);
        assert!(page.text().contains("<h1"), "{kind:?}: {}", page.text());
        let seconds: u32 = page.header("retry-after").parse().expect("seconds");
        assert!((7..=10).contains(&seconds), "{kind:?}: {seconds}");
        assert_eq!(page.header("cache-control"), "no-store", "{kind:?}");
        assert!(!page.text().contains("\"orders\""), "nothing leaks");
        for method in [Method::GET, Method::POST, Method::DELETE] {
            let refused = client.fetch(method, "/api/orders/7").await.expect(503);
            assert_eq!(refused.json()["code"], "ORDERS_NOT_READY", "{kind:?}");
            assert!(refused.header("content-type").starts_with("application/problem+json"), "{kind:?}");
        }
        let head = Answer::to(client.request(Method::HEAD, "/api/orders")).await.expect(503);
        assert!(head.body.is_empty() && !head.header("retry-after").is_empty(), "{kind:?}");
        let french =
            client.request(Method::GET, "/api/orders").header("accept", "text/html").header("accept-language", "fr");
        assert_eq!(Answer::to(french).await.expect(503).header("content-language"), "fr", "{kind:?}");
        // Spelled otherwise, and with what would say something else in the question.
        for path in ["/api/%6frders", "/API/Orders/"] {
            client.get(path).await.expect(503);
        }
        let forged = client.request(Method::GET, "/api/orders");
        let forged =
            ["x-original-uri", "x-forwarded-uri"].iter().fold(forged, |it, name| it.header(*name, "/api/health"));
        let forged =
            ["x-original-method", "x-forwarded-method"].iter().fold(forged, |it, name| it.header(*name, "GET"));
        Answer::to(forged).await.expect(503);
        // Nothing else is touched, and connections are kept in step.
        client.get("/api/health").await.expect(200);
        client.get("/api/orders/a%00").await.expect(400);

        stage.database.execute(ORDERS).await;
        becomes(&client, 200).await;
        stage.gateway.logged(&format!("\"asked\":\"{}\"", kind.language())).await;
    }
}

#[tokio::test]
async fn while_schemagate_is_down_each_proxy_does_as_its_file_says() {
    let mut stage = Stage::set().await;
    let mut peers = Vec::new();
    for kind in Asks::ALL {
        for closed in [false, true] {
            let peer = stage.peer(kind, closed).await;
            peer.client().get("/api/health").await.expect(200);
            peers.push((kind, closed, peer));
        }
    }
    stage.gateway.stop();
    for (kind, closed, peer) in &peers {
        let answer = peer.client().get("/api/health").await;
        let allowed: &[u16] = if *closed { &[502, 503] } else { &[200] };
        assert!(allowed.contains(&answer.status), "{kind:?} closed={closed}: {answer:?}");
        if !*closed {
            peer.client().fetch(Method::POST, "/api/orders").await.expect(201);
        }
    }
    stage.gateway = Gateway::start(&stage.config).await;
    stage.database.execute("DROP TABLE \"orders\"").await;
    for (_, _, peer) in &peers {
        becomes(&peer.client(), 503).await;
    }
}

#[tokio::test]
async fn what_a_client_forges_in_bytes_does_not_open_what_is_shut() {
    let stage = Stage::set().await;
    stage.database.execute("DROP TABLE \"orders\"").await;
    stage.gateway.verdict_becomes("orders", "broken", LIMIT).await;
    for kind in Asks::ALL {
        let peer = stage.peer(kind, false).await;
        for head in [
            "GET /api/orders HTTP/1.1\r\nHost: a\r\nX-Original-URI: /api/health\r\nX-Original-URI: /\r\n",
            "GET /api//orders HTTP/1.1\r\nHost: a\r\n",
            "GET /api/orders;a=b HTTP/1.1\r\nHost: a\r\n",
            "GET http://a/api/orders HTTP/1.1\r\nHost: a\r\n",
            "GET /api/x/../orders HTTP/1.1\r\nHost: a\r\n",
            "GET /api/orders#/../health HTTP/1.1\r\nHost: a\r\n",
        ] {
            let answer = raw(peer.port(), format!("{head}Connection: close\r\n\r\n").as_bytes()).await;
            let status: u16 = answer.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
            assert!(matches!(status, 400 | 503), "{kind:?} {head:?}: {answer}");
        }
        let reached = stage.backend.requests();
        assert!(!reached.iter().any(|line| line.contains("orders")), "{kind:?}: {reached:?}");
    }
}
