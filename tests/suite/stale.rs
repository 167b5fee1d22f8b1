//! `stale`: the last good answer is given while a need is unmet, and never where it must not be.

use std::time::Duration;

use http::Method;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::house::{Answer, Backend, Client, Cluster, Database, Echo, EchoHttp2, Gateway, eventually};

const LIMIT: Duration = Duration::from_secs(15);

const TABLES: &str = r#"
    CREATE TABLE "customers" ("id" serial PRIMARY KEY, "name" text NOT NULL, "agreementFileUrl" text,
        "agreementFileName" text, "agreementFileMimeType" text, "agreementUploadedAt" timestamp(3),
        "agreementUploadedByEmail" text);
    INSERT INTO "customers" ("name") VALUES ('Ada'), ('Grace');
"#;

struct House {
    database: Database,
    gateway: Gateway,
    client: Client,
}

/// A gateway in front of `server`, with these lines for the stale answer of every route. A table must be there.
async fn house(server: &str, stale: &str, refresh: &str, more: &str) -> House {
    let database = Cluster::shared().database().await;
    database.execute(TABLES).await;
    let gateway = Gateway::start(&format!(
        r#"
        [databases.main]
        url = "{database}"
        refresh = "{refresh}"
        notify = "never"
        [upstreams.api]
        servers = ["{server}"]
        {more}
        [requirements.customers]
        tables = ["customers"]
        [[routes]]
        name = "everything"
        path = "/*"
        needs = ["customers"]
        on_broken = {{ stale = {{ {stale} }} }}
        "#,
        database = database.watcher_url(),
    ))
    .await;
    let client = gateway.client();
    House { database, gateway, client }
}

/// The same with answers that may be an hour old.
async fn patient(server: &str) -> House {
    house(server, "up_to = \"1h\"", "50ms", "").await
}

impl House {
    async fn breaks(&self) {
        self.database.execute(r#"DROP TABLE "customers""#).await;
        self.gateway.verdict_becomes("customers", "broken", LIMIT).await;
    }

    async fn is_mended(&self) {
        self.database.execute(TABLES).await;
        self.gateway.verdict_becomes("customers", "ready", LIMIT).await;
    }

    async fn with(&self, path: &str, headers: &[(&str, &str)]) -> Answer {
        let request = self.client.request(Method::GET, path);
        Answer::to(headers.iter().fold(request, |request, (name, value)| request.header(*name, *value))).await
    }

    /// Waits until an answer was kept, or was not: that is told after it was sent.
    async fn told(&self, result: &str, times: usize) {
        let line = format!("schemagate_stale_kept_total{{result=\"{result}\",route=\"everything\"}} {times}");
        self.gateway.counts(|counted| counted == line).await;
    }
}

fn is_stale(answer: &Answer) {
    assert_eq!(answer.header("schemagate-degraded"), "everything", "{answer:?}");
    assert!(answer.header("cache-status").starts_with("schemagate; hit"), "{answer:?}");
    assert_eq!(answer.header("cache-control"), "no-store");
    assert!(answer.header("age").parse::<u64>().is_ok(), "{answer:?}");
    assert!(!answer.header("x-request-id").is_empty());
}

fn is_refused(answer: &Answer, why: &str) {
    assert_eq!(answer.status, 503, "{answer:?}");
    assert_eq!(answer.header("cache-status"), format!("schemagate; detail={why}"));
    assert_eq!(answer.header("schemagate-degraded"), "");
}

#[tokio::test]
async fn the_list_as_it_was_last_is_given_until_it_is_too_old_or_the_schema_is_mended() {
    let database = Cluster::shared().database().await;
    let backend = Backend::start(&database).await;
    database.execute(TABLES).await;
    let gateway = Gateway::start(&format!(
        r#"
        [databases.main]
        url = "{database}"
        refresh = "50ms"
        notify = "never"
        [upstreams.api]
        servers = ["{backend}"]
        [requirements.customers]
        columns = {{ customers = ["name", "agreementFileUrl text"] }}
        [[routes]]
        name = "customers"
        path = "/api/customers/*"
        needs = ["customers"]
        on_broken = {{ stale = {{ up_to = "6s", otherwise = {{ code = "CUSTOMERS_NOT_READY" }} }} }}
        "#,
        database = database.watcher_url(),
        backend = backend.address(),
    ))
    .await;
    let client = gateway.client();
    let fresh = client.get("/api/customers").await.expect(200);
    assert_eq!((fresh.json()[0]["name"].as_str(), fresh.header("age")), (Some("Ada"), ""));
    database.execute(r#"ALTER TABLE "customers" RENAME TO "customers_old""#).await;
    gateway.verdict_becomes("customers", "broken", LIMIT).await;
    let asked = backend.requests().len();

    let stale = client.get("/api/customers").await.expect(200);
    assert_eq!((&stale.body, stale.header("content-type")), (&fresh.body, fresh.header("content-type")));
    assert_eq!((stale.header("schemagate-degraded"), stale.header("cache-control")), ("customers", "no-store"));
    assert!(stale.header("cache-status").starts_with("schemagate; hit"), "{stale:?}");
    assert!(stale.header("age").parse::<u64>().is_ok_and(|age| age <= 6), "{stale:?}");
    assert_eq!(client.get("/api/customers/1").await.expect(503).json()["code"], "CUSTOMERS_NOT_READY");
    assert_eq!(client.fetch(Method::POST, "/api/customers").await.expect(503).json()["code"], "CUSTOMERS_NOT_READY");
    let line = gateway.logged("\"action\":\"stale\"").await;
    assert!(line.contains("\"status\":200") && line.contains("\"reason\":\"broken\""), "{line}");

    let refused = eventually("the answer is too old", LIMIT, async || {
        let answer = client.get("/api/customers").await;
        (answer.status == 503).then_some(answer)
    })
    .await;
    assert_eq!(refused.header("cache-status"), "schemagate; detail=too_old");
    // What no route would give any more does not stay in memory.
    gateway.counts(|line| line == "schemagate_stale_stored_answers 0").await;
    assert_eq!(backend.requests().len(), asked, "a broken route does not ask");

    database.execute(r#"ALTER TABLE "customers_old" RENAME TO "customers""#).await;
    gateway.verdict_becomes("customers", "ready", LIMIT).await;
    let mended = client.get("/api/customers").await.expect(200);
    assert_eq!((&mended.body, mended.header("age"), mended.header("schemagate-degraded")), (&fresh.body, "", ""));
}

#[tokio::test]
async fn the_first_failure_after_the_break_is_the_last_good_answer_already() {
    let database = Cluster::shared().database().await;
    database.execute(TABLES).await;
    let backend = Backend::start(&database).await;
    let config = format!(
        r#"
        [databases.main]
        url = "{database}"
        refresh = "20s"
        notify = "never"
        [upstreams.api]
        servers = ["{backend}"]
        health = false
        [requirements.customers]
        tables = ["customers"]
        [[routes]]
        name = "everything"
        path = "/*"
        needs = ["customers"]
        on_broken = {{ stale = {{ up_to = "1h" }} }}
        "#,
        database = database.watcher_url(),
        backend = backend.address(),
    );
    for path in ["/api/customers", "/api/contacts/torn?id=1"] {
        let gateway = Gateway::start(&config).await;
        let good = gateway.client().get(path).await.expect(200);
        database.execute(r#"ALTER TABLE "customers" RENAME TO "customers_old""#).await;
        let stale = gateway.client().get(path).await.expect(200);
        is_stale(&stale);
        assert_eq!(stale.body, good.body);
        gateway.logged("\"rechecked\":true").await;
        database.execute(r#"ALTER TABLE "customers_old" RENAME TO "customers""#).await;
    }
}

#[tokio::test]
async fn a_ready_route_always_asks_its_backend() {
    let echo = Echo::start().await;
    let house = patient(&echo.address()).await;
    for asked in 1..=5 {
        let answer = house.with("/say", &[("x-say", "cache-control: public, max-age=600")]).await.expect(200);
        assert_eq!((echo.requests(), answer.header("age"), answer.header("cache-status")), (asked, "", ""));
        assert_eq!(answer.header("cache-control"), "public, max-age=600");
    }
}

#[tokio::test]
async fn what_must_not_be_kept_is_not() {
    let echo = Echo::start().await;
    let house = patient(&echo.address()).await;
    let good = ["vary: Accept, Accept-Encoding", "cache-control: public", "cache-control: max-age=0", "x-any: thing"];
    let bad = [
        ("cache-control: no-store", "no_store"),
        ("cache-control: private, max-age=60", "private"),
        ("cache-control: no-cache", "no_cache"),
        ("cache-control: s-maxage=0", "revalidate"),
        ("set-cookie: user=ada", "set_cookie"),
        ("vary: *", "vary"),
        ("vary: User-Agent", "vary"),
    ];
    for (n, says) in good.iter().enumerate() {
        house.with(&format!("/say/good/{n}"), &[("x-say", says)]).await.expect(200);
    }
    house.told("kept", good.len()).await;
    for (n, (says, why)) in bad.iter().enumerate() {
        house.with(&format!("/say/bad/{n}"), &[("x-say", says)]).await.expect(200);
        house.gateway.counts(|line| line.starts_with(&format!("schemagate_stale_kept_total{{result=\"{why}\""))).await;
    }
    for (path, status) in [("/status/404", 404), ("/status/302", 302), ("/status/403", 403)] {
        house.client.get(path).await.expect(status);
    }
    house.told("status", 3).await;
    house.breaks().await;
    for (n, says) in good.iter().enumerate() {
        is_stale(&house.with(&format!("/say/good/{n}"), &[("x-say", says)]).await.expect(200));
    }
    for (n, (says, _)) in bad.iter().enumerate() {
        is_refused(&house.with(&format!("/say/bad/{n}"), &[("x-say", says)]).await, "absent");
    }
    for path in ["/status/404", "/status/302", "/status/403"] {
        is_refused(&house.client.get(path).await, "absent");
    }
}

#[tokio::test]
async fn an_answer_that_breaks_off_is_not_kept() {
    let echo = Echo::start().await;
    let house = patient(&echo.address()).await;
    for framing in ["length", "chunked", "close"] {
        // However it ends here, what came was no whole answer.
        let _ = Answer::try_to(house.client.request(Method::GET, &format!("/torn/{framing}"))).await;
    }
    house.told("broken", 2).await;
    house.told("framing", 1).await;
    house.client.get("/chunked").await.expect(200);
    house.told("kept", 1).await;
    house.breaks().await;
    for framing in ["length", "chunked", "close"] {
        is_refused(&house.client.get(&format!("/torn/{framing}")).await, "absent");
    }
    let chunked = house.client.get("/chunked").await.expect(200);
    is_stale(&chunked);
    assert_eq!((chunked.text(), chunked.header("content-length")), ("hello world", "11"));
}

#[tokio::test]
async fn an_answer_whose_client_leaves_is_not_kept() {
    let echo = Echo::start().await;
    let more = "[stale]\nmax_bytes = \"256MiB\"\nmax_answer_bytes = \"64MiB\"";
    let house = house(&echo.address(), "up_to = \"1h\"", "50ms", more).await;
    let mut leaving = TcpStream::connect(("127.0.0.1", house.gateway.port())).await.expect("open");
    leaving.write_all(b"GET /bytes/50000000 HTTP/1.1\r\nhost: h\r\n\r\n").await.expect("taken");
    leaving.read_exact(&mut [0; 1000]).await.expect("it begins");
    drop(leaving);
    house.told("broken", 1).await;
    house.gateway.counts(|line| line == "schemagate_stale_stored_bytes 0").await;
}

#[tokio::test]
async fn who_asks_with_credentials_is_given_their_own_answer_or_none() {
    let echo = Echo::start().await;
    let open = patient(&echo.address()).await;
    let named =
        house(&echo.address(), "up_to = \"1h\", key = { headers = [\"Cookie\", \"Authorization\"] }", "50ms", "").await;
    let users = [[("cookie", "user=olga")], [("cookie", "user=yuri")], [("authorization", "Bearer olga")]];
    for house in [&open, &named] {
        for user in &users {
            house.with("/who", user).await.expect(200);
        }
        house.client.get("/who").await.expect(200);
    }
    open.told("credentials", 3).await;
    named.told("kept", 4).await;
    open.breaks().await;
    named.breaks().await;
    for user in &users {
        is_refused(&open.with("/who", user).await, "credentials");
        let own = named.with("/who", user).await.expect(200);
        is_stale(&own);
        assert!(own.text().contains(&format!("{}: {}", user[0].0, user[0].1)), "{}", own.text());
    }
    for (house, why) in [(&open, "credentials"), (&named, "absent")] {
        let nobodys = house.client.get("/who").await.expect(200);
        assert!(!nobodys.text().contains("olga") && !nobodys.text().contains("yuri"), "{}", nobodys.text());
        is_refused(&house.with("/who", &[("cookie", "user=eve"), ("authorization", "Bearer olga")]).await, why);
    }
}

#[tokio::test]
async fn head_and_conditional_requests_are_answered_from_the_same() {
    let echo = Echo::start().await;
    let house = patient(&echo.address()).await;
    let says = ("x-say", "etag: \"1\"|content-type: text/plain");
    let good = house.with("/say", &[says]).await.expect(200);
    house.told("kept", 1).await;
    house.breaks().await;
    let head = Answer::to(house.client.request(Method::HEAD, "/say").header(says.0, says.1)).await.expect(200);
    is_stale(&head);
    assert_eq!((head.header("content-length"), head.body.len()), (good.body.len().to_string().as_str(), 0));
    let known = house.with("/say", &[says, ("if-none-match", "\"1\"")]).await.expect(304);
    is_stale(&known);
    assert_eq!((known.header("etag"), known.body.len()), ("\"1\"", 0));
    for other in [("if-none-match", "\"2\""), ("range", "bytes=0-3")] {
        let whole = house.with("/say", &[says, other]).await.expect(200);
        assert_eq!(whole.body, good.body, "{other:?}");
    }
    is_refused(&house.with("/say", &[says, ("if-match", "\"1\"")]).await, "precondition");
    house.client.fetch(Method::DELETE, "/say").await.expect(503);
}

#[tokio::test]
async fn it_is_the_same_over_http2_on_both_sides() {
    let echo = EchoHttp2::start().await;
    let database = Cluster::shared().database().await;
    database.execute(TABLES).await;
    let gateway = Gateway::start(&format!(
        "[databases.main]\nurl = \"{}\"\nrefresh = \"50ms\"\nnotify = \"never\"\n\
         [upstreams.api]\nservers = [\"{}\"]\nhttp2 = true\n[requirements.customers]\ntables = [\"customers\"]\n\
         [[routes]]\nname = \"everything\"\npath = \"/*\"\nneeds = [\"customers\"]\n\
         on_broken = {{ stale = {{ up_to = \"1h\" }} }}\n",
        database.watcher_url(),
        echo.address(),
    ))
    .await;
    let client = Client::http2(gateway.port());
    let good = client.get("/here?a=1").await.expect(200);
    gateway.counts(|line| line == "schemagate_stale_kept_total{result=\"kept\",route=\"everything\"} 1").await;
    database.execute(r#"DROP TABLE "customers""#).await;
    gateway.verdict_becomes("customers", "broken", LIMIT).await;
    for _ in 0..3 {
        let stale = client.get("/here?a=1").await.expect(200);
        is_stale(&stale);
        assert_eq!((&stale.body, stale.header("x-path")), (&good.body, good.header("x-path")));
        is_refused(&client.get("/here?a=2").await, "absent");
    }
}

#[tokio::test]
async fn a_write_that_succeeds_makes_the_kept_answer_a_thing_of_the_past() {
    let echo = Echo::start().await;
    let house = patient(&echo.address()).await;
    for path in ["/orders", "/orders?page=2", "/customers"] {
        house.client.get(path).await.expect(200);
    }
    house.told("kept", 3).await;
    house.client.fetch(Method::POST, "/orders").await.expect(200);
    house.client.fetch(Method::POST, "/status/409").await.expect(409);
    house.breaks().await;
    is_refused(&house.client.get("/orders").await, "overtaken");
    is_refused(&house.client.get("/orders?page=2").await, "overtaken");
    is_stale(&house.client.get("/customers").await.expect(200));
    house.is_mended().await;
    house.client.get("/orders").await.expect(200);
    house.told("kept", 4).await;
    house.breaks().await;
    is_stale(&house.client.get("/orders").await.expect(200));
}

#[tokio::test]
async fn memory_is_bounded_and_the_least_recently_used_make_room() {
    let echo = Echo::start().await;
    let more = "[stale]\nmax_bytes = \"400KiB\"\nmax_answer_bytes = \"20KiB\"";
    let house = house(&echo.address(), "up_to = \"1h\"", "50ms", more).await;
    for n in 0..100 {
        house.client.get(&format!("/bytes/10000?{n}")).await.expect(200);
    }
    house.told("kept", 100).await;
    house.client.get("/bytes/20481").await.expect(200);
    house.told("too_large", 1).await;
    let metrics = house.gateway.metrics().await;
    let stored = |name: &str| {
        let line = metrics.lines().find_map(|line| line.strip_prefix(name)?.trim().parse::<usize>().ok());
        line.unwrap_or_else(|| panic!("{name} in {metrics}"))
    };
    let (bytes, answers) = (stored("schemagate_stale_stored_bytes"), stored("schemagate_stale_stored_answers"));
    assert!(bytes <= 300 * 1024 && answers >= 25 && bytes >= answers * 10_000, "{bytes} bytes in {answers} answers");
    house.breaks().await;
    is_stale(&house.client.get("/bytes/10000?99").await.expect(200));
    is_refused(&house.client.get("/bytes/10000?1").await, "absent");
    is_refused(&house.client.get("/bytes/20481").await, "absent");
    let line = "schemagate_stale_answers_total{result=\"given\",route=\"everything\"} 1";
    house.gateway.counts(|counted| counted == line).await;
}

#[tokio::test]
async fn a_route_without_the_action_keeps_nothing_and_an_observed_one_passes() {
    let echo = Echo::start().await;
    let database = Cluster::shared().database().await;
    database.execute(TABLES).await;
    let gateway = Gateway::start(&format!(
        "[databases.main]\nurl = \"{}\"\nrefresh = \"50ms\"\nnotify = \"never\"\n\
         [upstreams.api]\nservers = [\"{}\"]\n[requirements.customers]\ntables = [\"customers\"]\n\
         [[routes]]\nname = \"everything\"\npath = \"/*\"\nneeds = [\"customers\"]\n\
         [[routes]]\npath = \"/observed/*\"\nneeds = [\"customers\"]\nmode = \"observe\"\n\
         on_broken = {{ stale = {{ up_to = \"1h\" }} }}\n",
        database.watcher_url(),
        echo.address(),
    ))
    .await;
    let client = gateway.client();
    client.get("/orders").await.expect(200);
    client.get("/observed/orders").await.expect(200);
    database.execute(r#"DROP TABLE "customers""#).await;
    gateway.verdict_becomes("customers", "broken", LIMIT).await;
    assert_eq!(client.get("/orders").await.expect(503).header("cache-status"), "");
    assert_eq!(client.get("/observed/orders").await.expect(200).header("age"), "");
    let metrics = gateway.metrics().await;
    assert!(!metrics.contains("schemagate_stale_kept_total{"), "{metrics}");
}
