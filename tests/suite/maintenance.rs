//! Maintenance windows of `proxy.toml` and of an SQLite table, and whose requests they are about.

use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::Method;
use jiff::{Timestamp, ToSpan as _};
use ring::hmac;

use crate::house::{Answer, Client, Echo, Gateway, SqliteFile, eventually};

const LIMIT: Duration = Duration::from_secs(20);
const SECRET: &str = "a secret of at least thirty-two bytes";

/// A gateway before an echo, with this much of maintenance.
async fn gateway(database: &SqliteFile, maintenance: &str) -> (Gateway, Echo) {
    let echo = Echo::start().await;
    let gateway = Gateway::start(&format!(
        r#"
        [databases.main]
        url = "{url}"
        refresh = "100ms"
        max_age = "5s"
        [upstreams.api]
        servers = ["{echo}"]
        [requirements.users]
        tables = ["users"]
        {maintenance}
        [[routes]]
        name = "login"
        path = "/auth/login"
        windows = false
        [[routes]]
        name = "orders"
        path = "/orders/*"
        [[routes]]
        path = "/*"
        [health]
        path = "/health"
        "#,
        url = database.url(),
        echo = echo.address(),
    ))
    .await;
    (gateway, echo)
}

fn users() -> SqliteFile {
    SqliteFile::of("CREATE TABLE users (id INTEGER)")
}

/// A window that opens so many seconds from now.
fn planned(name: &str, seconds: i64, lasts: &str, rest: &str) -> String {
    let starts = Timestamp::now() + seconds.seconds();
    format!("[[maintenance.windows]]\nname = \"{name}\"\nstarts = \"{starts}\"\nlasts = \"{lasts}\"\n{rest}\n")
}

async fn becomes(client: &Client, method: Method, path: &str, status: u16) {
    eventually(&format!("{method} {path} gets {status}"), LIMIT, async || {
        (client.fetch(method.clone(), path).await.status == status).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_window_of_the_file_closes_everything_but_what_is_exempt_and_the_health_answer() {
    let window = planned("move", -60, "1h", "blocks = \"everything\"\nmessage = \"We move the till.\"");
    let file = users();
    let (gateway, _echo) = gateway(&file, &window).await;
    let client = gateway.client();
    let refused = client.get("/anything").await.expect(503);
    assert_eq!(refused.json()["detail"], "We move the till.");
    let seconds: u64 = refused.header("retry-after").parse().expect("seconds");
    assert!((3500..=3540).contains(&seconds), "{seconds}");
    let page = client.navigate("/anything").await.expect(503);
    assert!(page.text().contains("We move the till.") && page.text().contains("class=\"maintenance\""));
    client.fetch(Method::POST, "/auth/login").await.expect(200);
    client.get("/health").await.expect(200);
    let report = gateway.admin().get("/api/v1/snapshot").await.expect(200).json();
    assert_eq!(report["windows"]["windows"][0]["source"], "file", "{report}");
    let checked = gateway.run(&["check", "--database"]).expect(0).stdout;
    assert!(checked.contains("move: blocks everything, for another"), "{checked}");
}

#[tokio::test]
async fn a_window_of_the_file_opens_and_ends_at_its_time_and_keeps_to_its_route() {
    let began = Instant::now();
    let window = planned("short", 5, "4s", "routes = [\"orders\"]");
    let file = users();
    let (gateway, _echo) = gateway(&file, &window).await;
    let client = gateway.client();
    let status = client.fetch(Method::POST, "/orders/1").await.status;
    assert!(status == 200 || began.elapsed() >= Duration::from_secs(5), "not yet, and not {status}");
    becomes(&client, Method::POST, "/orders/1", 503).await;
    client.fetch(Method::POST, "/bills/1").await.expect(200);
    client.get("/orders/1").await.expect(200);
    becomes(&client, Method::POST, "/orders/1", 200).await;
    gateway.logged("maintenance window short is over").await;
}

#[tokio::test]
async fn a_window_that_recurs_is_open_now_if_it_was_at_this_hour_before() {
    let window = planned("nightly", -3 * 24 * 3600 - 60, "1h", "every = \"day\"\nhosts = [\"shop.example.com\"]");
    let file = users();
    let (gateway, _echo) = gateway(&file, &window).await;
    let client = gateway.client();
    let shop = client.request(Method::POST, "/x").header("host", "shop.example.com");
    let refused = Answer::to(shop).await.expect(503);
    let seconds: u64 = refused.header("retry-after").parse().expect("seconds");
    assert!(seconds <= 3600, "{seconds}");
    client.fetch(Method::POST, "/x").await.expect(200);
}

/// A token that claims `organisation`, signed with `secret`.
fn token(organisation: &str, secret: &str) -> String {
    let head = URL_SAFE_NO_PAD.encode(r#"{"alg":"HS256","typ":"JWT"}"#);
    let claims = URL_SAFE_NO_PAD.encode(format!(r#"{{"app":{{"org_id":"{organisation}"}}}}"#));
    let message = format!("{head}.{claims}");
    let signature = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes()), message.as_bytes());
    format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature))
}

#[tokio::test]
async fn an_organisation_is_claimed_by_a_token_which_a_key_verifies() {
    let window = planned("org1 only", -60, "1h", "organisation = \"org1\"");
    let unverified = "organisation = { jwt = { cookie = \"session\", claim = \"app.org_id\" } }";
    let verified = format!("organisation = {{ jwt = {{ claim = \"app.org_id\", key = \"{SECRET}\" }} }}");
    let file = users();
    let (believing, _echo) = gateway(&file, &format!("[maintenance]\n{unverified}\n{window}")).await;
    let (wary, _other) = gateway(&file, &format!("[maintenance]\n{verified}\n{window}")).await;
    let other = "another secret of thirty-two bytes or more";
    let status = async |gateway: &Gateway, name: &'static str, value: String| {
        let request = gateway.client().request(Method::POST, "/x").header(name, value);
        Answer::to(request).await.status
    };
    let cookie = |organisation| format!("a=b; session={}", token(organisation, other));
    assert_eq!(status(&believing, "cookie", cookie("org1")).await, 503);
    assert_eq!(status(&believing, "cookie", cookie("org2")).await, 200);
    let bearer = |organisation, secret| format!("Bearer {}", token(organisation, secret));
    assert_eq!(status(&wary, "authorization", bearer("org1", SECRET)).await, 503);
    assert_eq!(status(&wary, "authorization", bearer("org2", SECRET)).await, 200);
    assert_eq!(status(&wary, "authorization", bearer("org1", other)).await, 200, "it is not believed");
    assert!(!wary.log().contains(SECRET));
}

#[tokio::test]
async fn rows_of_an_sqlite_table_are_windows_too() {
    // As Prisma writes times to SQLite: milliseconds.
    let file = SqliteFile::of(
        "CREATE TABLE users (id INTEGER); CREATE TABLE maintenance_windows (id TEXT, orgId TEXT, startsAt DATETIME, \
         endsAt DATETIME, message TEXT, blockWrites BOOLEAN DEFAULT 1);",
    );
    let (gateway, _echo) = gateway(&file, "[maintenance]\ntable = \"maintenance_windows\"").await;
    let client = gateway.client();
    client.fetch(Method::POST, "/x").await.expect(200);
    let now = Timestamp::now().as_millisecond();
    file.execute(&format!(
        "INSERT INTO maintenance_windows VALUES ('w1', NULL, {}, {}, 'Milliseconds.', 1), ('off', NULL, 0, {0}, 'Off.', 0);",
        now - 60_000,
        now + 8_000,
    ));
    becomes(&client, Method::POST, "/x", 503).await;
    assert_eq!(client.fetch(Method::POST, "/x").await.json()["detail"], "Milliseconds.");
    becomes(&client, Method::POST, "/x", 200).await;
    file.execute(
        "INSERT INTO maintenance_windows (id, startsAt, endsAt, message) \
         VALUES ('w2', datetime('now', '-1 minute'), strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '+1 hour'), 'Text.');",
    );
    becomes(&client, Method::POST, "/x", 503).await;
    assert_eq!(client.fetch(Method::POST, "/x").await.json()["detail"], "Text.");
    file.execute("DROP TABLE maintenance_windows");
    becomes(&client, Method::POST, "/x", 200).await;
    gateway.logged("maintenance_windows table does not exist - failing open (no maintenance check)").await;
}
