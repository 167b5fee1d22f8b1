//! The fixtures themselves, without schemagate: what else fails is not their fault.

use http::Method;

use crate::house::{Backend, Client, Cluster, Echo, PgBouncer, Talk, eventually};

#[tokio::test]
async fn a_cluster_stops_starts_and_pauses() {
    let cluster = Cluster::start();
    let database = cluster.database().await;
    let client = database.connect().await;
    database.execute("CREATE TABLE t (n int); INSERT INTO t VALUES (7)").await;
    assert_eq!(database.value("SELECT n FROM t").await.as_deref(), Some("7"));

    cluster.pause();
    let query = client.simple_query("SELECT 1");
    assert!(tokio::time::timeout(std::time::Duration::from_millis(300), query).await.is_err(), "{}", cluster.log());
    cluster.resume();
    client.simple_query("SELECT 1").await.expect("it answers again");

    cluster.stop();
    assert!(client.simple_query("SELECT 1").await.is_err());
    cluster.run();
    assert_eq!(database.value("SELECT n FROM t").await.as_deref(), Some("7"));
}

#[tokio::test]
async fn express_answers_500_while_its_table_is_missing_and_lives_on() {
    let database = Cluster::shared().database().await;
    let backend = Backend::start(&database).await;
    let client = Client::new(backend.port());
    client.get("/api/customers").await.expect(500);
    let settings = client.get("/admin/backups/settings").await.expect(200);
    assert_eq!(settings.json()["keep"], 7);
    database.execute(r#"CREATE TABLE "AdminBackupJob" (id serial PRIMARY KEY, type text, status text)"#).await;
    client.get("/admin/backups").await.expect(200);
    client.fetch(Method::POST, "/admin/backups").await.expect(202);
    eventually("the log has the request", std::time::Duration::from_secs(15), async || {
        backend.requests().contains(&"POST /admin/backups 202".to_owned()).then_some(())
    })
    .await;
}

#[tokio::test]
async fn pgbouncer_shares_one_server_connection() {
    let database = Cluster::shared().database().await;
    let bouncer = PgBouncer::start(&database).await;
    let (one, two) = (bouncer.connect().await, bouncer.connect().await);
    // What a client leaves in its session meets the next one: this is what must not happen to us.
    one.simple_query("SET statement_timeout = '77s'").await.expect("a statement");
    let found = crate::house::value(&two, "SHOW statement_timeout").await;
    assert_eq!(found.as_deref(), Some("77s"));
}

#[tokio::test]
async fn the_echo_backend_tells_what_it_was_sent() {
    let echo = Echo::start().await;
    let client = Client::new(echo.port());
    let seen = client.get("/some/path?q=1").await.expect(200);
    assert!(seen.text().starts_with("GET /some/path?q=1 HTTP/1.1\r\n"), "{}", seen.text());
    let mirrored = crate::house::Answer::to(client.request(Method::POST, "/mirror").body("bytes")).await;
    assert_eq!(mirrored.text(), "bytes");
    // Whether the client above has kept its connection is its own affair.
    let (connections, mut talk) = (echo.connections(), Talk::to(echo.port()));
    for _ in 0..2 {
        talk.say(b"GET / HTTP/1.1\r\nhost: a\r\n\r\n").await.expect("an answer");
    }
    assert_eq!((echo.connections(), echo.requests()), (connections + 1, 4));
}
