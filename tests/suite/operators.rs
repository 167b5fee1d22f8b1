//! Operators who test behind what keeps others out.

use std::time::Duration;

use http::Method;

use crate::house::{Answer, Client, Echo, Gateway, SqliteFile};

const LIMIT: Duration = Duration::from_secs(15);
const KEY: &str = "a-key-of-the-tests-own-that-is-long-enough";

async fn house(operators: &str) -> (SqliteFile, Echo, Gateway) {
    house_with("", operators).await
}

async fn house_with(listen: &str, operators: &str) -> (SqliteFile, Echo, Gateway) {
    let database = SqliteFile::of("CREATE TABLE other (id int)");
    let echo = Echo::start().await;
    let config = format!(
        r#"
        [databases.main]
        url = "{}"
        refresh = "100ms"
        [upstreams.api]
        servers = ["{}"]
        [requirements.orders]
        tables = ["Orders"]
        mend = "npm run migrate"
        [[routes]]
        name = "orders"
        path = "/orders/*"
        needs = ["orders"]
        [[routes]]
        name = "bills"
        path = "/bills/*"
        needs = ["orders"]
        on_broken = {{ rescue = {{ json = [] }} }}
        [[routes]]
        name = "stock"
        path = "/stock/*"
        needs = ["orders"]
        on_broken = {{ stale = {{ up_to = "10m" }} }}
        [[routes]]
        name = "waiting"
        path = "/waiting/*"
        needs = ["orders"]
        on_broken = {{ hold = {{ up_to = "5m" }} }}
        [[routes]]
        name = "failing"
        path = "/status/*"
        needs = ["orders"]
        [[routes]]
        path = "/*"
        [operators]
        {operators}
        "#,
        database.url(),
        echo.address()
    );
    let gateway = Gateway::start_with(listen, "", &config).await;
    gateway.verdict_becomes("orders", "broken", LIMIT).await;
    (database, echo, gateway)
}

fn key() -> String {
    format!("key = \"{KEY}\"")
}

/// The token of a pass that the command makes.
fn pass(gateway: &Gateway, args: &[&str]) -> String {
    let url = ["--url", "https://app.example.com/orders?a=1"];
    let run = gateway.run(&[&["pass", "create", "--reason", "a look"][..], &url, args].concat()).expect(0);
    let link = run.stdout.trim();
    let token = link.strip_prefix("https://app.example.com/orders?a=1&schemagate_pass=").expect("a link");
    token.to_owned()
}

/// What the backend heard of a request with this `Cookie`.
async fn with_cookie(gateway: &Gateway, path: &str, cookie: &str) -> Answer {
    Answer::to(gateway.client().request(Method::GET, path).header("Cookie", cookie)).await
}

/// The lines of a header, as the backend heard them.
fn heard<'a>(answer: &'a Answer, name: &str) -> Vec<&'a str> {
    let lines = answer.text().lines().filter_map(|line| line.split_once(": "));
    lines.filter(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value).collect()
}

/// The target, as the backend heard it.
fn target(answer: &Answer) -> &str {
    answer.text().split(' ').nth(1).expect("a request line")
}

#[tokio::test]
async fn who_opens_the_link_gets_behind_the_block_and_the_backend_sees_nothing_of_it() {
    let (_database, _echo, gateway) = house(&key()).await;
    gateway.client().get("/orders/1").await.expect(503);
    let token = pass(&gateway, &["--ttl", "30m"]);
    let link = gateway.client().get(&format!("/orders/1?a=%20&schemagate_pass={token}&&b")).await.expect(303);
    assert_eq!(link.header("location"), "/orders/1?a=%20&&b");
    assert_eq!((link.header("cache-control"), link.header("referrer-policy")), ("no-store", "no-referrer"));
    let cookie = link.header("set-cookie");
    let (pair, attributes) = cookie.split_once("; ").expect("attributes");
    assert_eq!(pair, format!("schemagate_pass={token}"));
    let seconds =
        attributes.strip_prefix("Path=/; Max-Age=").and_then(|rest| rest.strip_suffix("; HttpOnly; SameSite=Lax"));
    let seconds: u32 = seconds.and_then(|seconds| seconds.parse().ok()).expect("an age and no Secure");
    assert!((1700..=1800).contains(&seconds), "{seconds}");

    let answer =
        with_cookie(&gateway, "/orders/1?x", &format!("session=\"a;b\"; {pair};  theme=dark ")).await.expect(200);
    assert_eq!(heard(&answer, "cookie"), ["session=\"a;b\";  theme=dark"]);
    assert!(!answer.text().contains("schemagate_pass"), "{}", answer.text());
    let answer = with_cookie(&gateway, "/orders/1", pair).await.expect(200);
    assert_eq!(heard(&answer, "cookie"), Vec::<&str>::new());

    let http2 = Client::http2(gateway.port()).request(Method::GET, "/orders/1?y").header("Cookie", pair);
    let answer = Answer::to(http2.header("Cookie", "b=2")).await.expect(200);
    assert_eq!((target(&answer), heard(&answer, "cookie")), ("/orders/1?y", vec!["b=2"]));
    let http2 = Client::http2(gateway.port()).get(&format!("/orders/1?schemagate_pass={token}&c")).await.expect(303);
    assert_eq!(http2.header("location"), "/orders/1?c");

    // Others are kept out, as before.
    gateway.client().get("/orders/1").await.expect(503);
    gateway.counts(|line| line == "schemagate_operator_passes_total{result=\"accepted\"} 2").await;
    gateway.counts(|line| line == "schemagate_operator_requests_total{route=\"orders\"} 3").await;
    let told = gateway.logged("ADMITTED an operator's request that would have got block").await;
    assert!(told.contains("a look") && told.contains("\"route\":\"orders\""), "{told}");
    assert!(!gateway.log().contains(&token) && !gateway.log().contains(KEY));

    let leave = gateway.client().get("/orders/1?schemagate_pass=").await.expect(303);
    assert!(leave.header("set-cookie").starts_with("schemagate_pass=; Path=/; Max-Age=0;"));
}

#[tokio::test]
async fn a_program_brings_the_pass_in_each_requests_query() {
    let (_database, _echo, gateway) = house(&key()).await;
    let token = pass(&gateway, &[]);
    let request = gateway.client().request(Method::POST, &format!("/orders/1?schemagate_pass={token}&a")).body("{}");
    let heard = Answer::to(request).await.expect(200);
    assert_eq!(target(&heard), "/orders/1?a");
}

#[tokio::test]
async fn what_is_no_pass_is_as_if_it_were_not_there_and_the_backend_does_not_see_it_either() {
    let (_database, _echo, gateway) = house(&key()).await;
    let token = pass(&gateway, &["--ttl", "1s"]);
    let other = house(&format!("key = \"{}\"", KEY.replace('a', "b"))).await;
    let forged = pass(&other.2, &[]);
    crate::house::eventually("the pass is over", LIMIT, async || {
        (with_cookie(&gateway, "/orders/1", &format!("schemagate_pass={token}")).await.status == 503).then_some(())
    })
    .await;
    for bad in [&token, &forged, "v1.x.y", "x", ""] {
        with_cookie(&gateway, "/orders/1", &format!("schemagate_pass={bad}")).await.expect(503);
        let open = with_cookie(&gateway, "/open", &format!("a=1; schemagate_pass={bad}")).await.expect(200);
        assert_eq!(heard(&open, "cookie"), ["a=1"]);
        if !bad.is_empty() {
            let open = gateway.client().get(&format!("/open?schemagate_pass={bad}&b")).await.expect(200);
            assert_eq!(target(&open), "/open?b");
        }
    }
    for result in ["expired", "forged", "malformed"] {
        gateway
            .counts(|line| line.starts_with(&format!("schemagate_operator_passes_total{{result=\"{result}\"}}")))
            .await;
    }
    gateway.logged("an operator's pass was not accepted").await;
}

#[tokio::test]
async fn without_a_key_there_are_no_passes_and_nothing_is_touched() {
    let (_database, _echo, gateway) = house("").await;
    let run = gateway.run(&["pass", "create", "--reason", "a look"]).expect(2);
    assert!(run.stderr.contains("there is no `key` under [operators]"), "{}", run.stderr);
    let open = with_cookie(&gateway, "/open?schemagate_pass=x", "schemagate_pass=x").await.expect(200);
    assert_eq!(target(&open), "/open?schemagate_pass=x");
    assert_eq!(heard(&open, "cookie"), ["schemagate_pass=x"]);
}

#[tokio::test]
async fn a_pass_is_good_for_its_routes_and_elsewhere_the_refusal_says_what_is_wrong_to_operators_alone() {
    let (_database, _echo, gateway) = house(&key()).await;
    let token = pass(&gateway, &["--route", "bills"]);
    let cookie = format!("schemagate_pass={token}");
    with_cookie(&gateway, "/bills/1", &cookie).await.expect(200);
    let refused = |accept: &'static str, cookie: &str| {
        let request = gateway.client().request(Method::GET, "/orders/1").header("Accept", accept);
        Answer::to(request.header("Cookie", cookie.to_owned()))
    };
    for accept in ["text/html", "application/json", "text/plain"] {
        let operator = refused(accept, &cookie).await.expect(503);
        for part in
            ["table Orders is missing", "to mend it: npm run migrate", "the pass is not good for the route orders"]
        {
            assert!(operator.text().contains(part), "{accept}: {}", operator.text());
        }
        let anybody = refused(accept, "schemagate_pass=x").await.expect(503);
        assert!(!anybody.text().contains("Orders") && !anybody.text().contains("migrate"), "{}", anybody.text());
    }
    let run = gateway.run(&["pass", "create", "--reason", "x", "--route", "order"]).expect(2);
    assert!(run.stderr.contains("there is no such route") && run.stderr.contains("orders"), "{}", run.stderr);
}

#[tokio::test]
async fn a_failure_behind_the_block_is_the_operators_to_see() {
    let (database, _echo, gateway) = house(&key()).await;
    let cookie = format!("schemagate_pass={}", pass(&gateway, &[]));
    with_cookie(&gateway, "/status/500", &cookie).await.expect(500);
    gateway.client().get("/status/500").await.expect(503);
    // Also of one that would pass at first and fails because of what breaks meanwhile.
    database.execute("CREATE TABLE Orders (id int)");
    gateway.verdict_becomes("orders", "ready", LIMIT).await;
    database.execute("DROP TABLE Orders");
    with_cookie(&gateway, "/status/500", &cookie).await.expect(500);
    gateway.client().get("/status/500").await.expect(503);
}

#[tokio::test]
async fn operators_do_not_wait_where_others_do() {
    let (database, _echo, gateway) = house(&format!("{}\nfrom = [\"10.0.0.0/8\"]", key())).await;
    let token = pass(&gateway, &[]);
    let waiting = tokio::spawn(with_cookie_of(gateway.client(), "schemagate_pass=x"));
    gateway.counts(|line| line == "schemagate_held_requests{route=\"waiting\"} 1").await;
    with_cookie(&gateway, "/waiting/1", &format!("schemagate_pass={token}")).await.expect(200);
    gateway.client().get(&format!("/waiting/1?schemagate_pass={token}")).await.expect(303);
    let by_address = gateway.client().request(Method::GET, "/waiting/1").header("X-Forwarded-For", "10.1.2.3");
    Answer::to(by_address).await.expect(200);
    database.execute("CREATE TABLE Orders (id int)");
    let waited = waiting.await.expect("no fault").expect(200);
    assert_eq!(heard(&waited, "cookie"), Vec::<&str>::new());
}

async fn with_cookie_of(client: Client, cookie: &str) -> Answer {
    Answer::to(client.request(Method::GET, "/waiting/2").header("Cookie", cookie)).await
}

#[tokio::test]
async fn what_operators_are_shown_is_not_kept_for_others() {
    let (database, _echo, gateway) = house(&key()).await;
    let cookie = format!("schemagate_pass={}", pass(&gateway, &[]));
    database.execute("CREATE TABLE Orders (id int)");
    gateway.verdict_becomes("orders", "ready", LIMIT).await;
    with_cookie(&gateway, "/stock/1", &cookie).await.expect(200);
    gateway.client().get("/stock/2").await.expect(200);
    database.execute("DROP TABLE Orders");
    gateway.verdict_becomes("orders", "broken", LIMIT).await;
    gateway.client().get("/stock/1").await.expect(503);
    gateway.client().get("/stock/2").await.expect(200);
    with_cookie(&gateway, "/stock/1", &cookie).await.expect(200);
}

#[tokio::test]
async fn an_address_makes_an_operator_also_behind_a_proxy_that_is_trusted() {
    let listen = "trusted_proxies = [\"127.0.0.0/8\"]";
    let (_database, _echo, gateway) = house_with(listen, "from = [\"10.0.0.0/8\"]\nroutes = [\"orders\"]").await;
    let ask = |path: &str, chain: &str| {
        Answer::to(gateway.client().request(Method::GET, path).header("X-Forwarded-For", chain))
    };
    ask("/orders/1", "10.1.2.3").await.expect(200);
    ask("/orders/1", "192.0.2.1, 10.1.2.3").await.expect(200);
    ask("/orders/1", "10.1.2.3, 192.0.2.1").await.expect(503);
    ask("/orders/1", "unknown").await.expect(503);
    gateway.client().get("/orders/1").await.expect(503);
    let rescued = ask("/bills/1", "10.1.2.3").await.expect(200);
    assert_eq!(target(&rescued), "/bills/1");
    gateway.logged("\"pass\":\"address\"").await;
}

#[tokio::test]
async fn a_link_leads_nowhere_else_and_its_cookie_is_for_tls_where_there_is_tls() {
    let listen = "trusted_proxies = \"private\"";
    let (_database, _echo, gateway) = house_with(listen, &key()).await;
    let token = pass(&gateway, &[]);
    for (path, location) in
        [("//evil.example/a", "/evil.example/a"), ("/%5Cevil.example", "/%5Cevil.example"), ("/", "/")]
    {
        let link = gateway.client().get(&format!("{path}?schemagate_pass={token}")).await.expect(303);
        assert_eq!(link.header("location"), location);
    }
    let request = gateway.client().request(Method::GET, &format!("/?schemagate_pass={token}"));
    let link = Answer::to(request.header("X-Forwarded-Proto", "https")).await.expect(303);
    assert!(link.header("set-cookie").ends_with("; SameSite=Lax; Secure"));
}
