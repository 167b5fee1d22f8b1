//! Nobody is given another's answer: requests at random, whose every stale answer is held against who asked.
//!
//! The backend says back all that it heard, so an answer names its requester.

use std::collections::BTreeMap;
use std::time::Duration;

use http::Method;

use crate::house::{Answer, Client, Cluster, Database, Echo, Gateway};

const LIMIT: Duration = Duration::from_secs(15);
const ROUNDS: usize = 4;
const REQUESTS: usize = 250;

/// Few values, so that requests meet; near misses, so that they meet almost.
const HEADERS: [(&str, &[&str]); 12] = [
    ("host", &["a.test", "A.test", "a.test:80", "b.test"]),
    ("cookie", &["user=ada", "user=bob", "user=ada; theme=dark"]),
    ("authorization", &["Bearer ada", "Bearer bob"]),
    ("x-tenant", &["one", "two"]),
    ("x-api-key", &["ada", "bob"]),
    ("accept", &["text/html", "application/json"]),
    ("accept-language", &["en", "fr"]),
    ("origin", &["https://a.test", "https://b.test"]),
    ("x-forwarded-host", &["evil.test", "b.test"]),
    ("x-forwarded-user", &["ada", "bob"]),
    ("x-original-url", &["/admin"]),
    ("connection", &["x-tenant", "close, x-api-key"]),
];
/// Routes: nothing named, and each credential.
const PATHS: [&str; 7] = ["/open/a", "/open/a?b=1", "/open/A", "/cookie/a", "/cookie/%61", "/token/a", "/token/a?b=1"];
const NAMED: [(&str, &str); 2] = [("/cookie/", "cookie"), ("/token/", "authorization")];

/// What a backend hears that is not the same for everybody, besides the id of the request.
const HEARD: [&str; 15] = [
    "host",
    "cookie",
    "authorization",
    "x-tenant",
    "x-api-key",
    "accept",
    "accept-language",
    "origin",
    "x-forwarded-host",
    "x-forwarded-user",
    "x-original-url",
    "x-forwarded-proto",
    "x-forwarded-port",
    "user-agent",
    "accept-encoding",
];

struct House {
    database: Database,
    gateway: Gateway,
    _echo: Echo,
}

async fn house(listen: &str) -> House {
    let echo = Echo::start().await;
    let database = Cluster::shared().database().await;
    database.execute("CREATE TABLE orders ()").await;
    let route = |path: &str, key: &str| {
        format!(
            "[[routes]]\npath = \"{path}\"\nneeds = [\"orders\"]\n\
             on_broken = {{ stale = {{ up_to = \"1h\", key = {{ headers = [{key}] }} }} }}\n"
        )
    };
    let config = format!(
        "[databases.main]\nurl = \"{}\"\nrefresh = \"50ms\"\nnotify = \"never\"\n\
         [upstreams.api]\nservers = [\"{}\"]\n[requirements.orders]\ntables = [\"orders\"]\n{}{}{}",
        database.watcher_url(),
        echo.address(),
        route("/open/*", ""),
        route("/cookie/*", "\"Cookie\""),
        route("/token/*", "\"Authorization\""),
    );
    let gateway = Gateway::start_with(listen, "", &config).await;
    House { database, gateway, _echo: echo }
}

#[derive(Debug, Clone)]
struct Asking {
    path: &'static str,
    headers: Vec<(&'static str, &'static str)>,
    http2: bool,
}

impl Asking {
    fn random(random: &mut fastrand::Rng) -> Self {
        let path = PATHS[random.usize(..PATHS.len())];
        let http2 = random.u8(..4) == 0;
        let mut headers: Vec<(&str, &str)> = Vec::new();
        for _ in 0..random.usize(..4) {
            // One in three is of those that make the difference between people.
            let (name, values) = HEADERS[if random.bool() { random.usize(..5) } else { random.usize(..HEADERS.len()) }];
            // HTTP/2 has its host elsewhere, and no connection's options.
            let fits = !http2 || !matches!(name, "host" | "connection");
            if fits && headers.iter().all(|(known, _)| *known != name) {
                headers.push((name, values[random.usize(..values.len())]));
            }
        }
        Self { path, headers, http2 }
    }

    async fn ask(&self, clients: &[Client; 2]) -> Answer {
        let request = clients[usize::from(self.http2)].request(Method::GET, self.path);
        Answer::to(self.headers.iter().fold(request, |request, (name, value)| request.header(*name, *value))).await
    }

    fn bears(&self, name: &str) -> bool {
        self.headers.iter().any(|(known, _)| *known == name)
    }
}

/// What the backend heard, of what it said back.
fn heard(answer: &Answer) -> BTreeMap<String, Vec<String>> {
    let mut lines = answer.text().lines();
    let target = lines.next().unwrap_or_default().to_owned();
    let mut heard = BTreeMap::from([(":request".to_owned(), vec![target])]);
    for (name, value) in lines.filter_map(|line| line.split_once(':')) {
        let name = name.to_ascii_lowercase();
        if HEARD.contains(&name.as_str()) {
            heard.entry(name).or_default().push(value.trim().to_owned());
        }
    }
    heard
}

async fn nobody_is_given_anothers_answer(listen: &str) {
    let house = house(listen).await;
    let clients = [house.gateway.client(), Client::http2(house.gateway.port())];
    let seed = fastrand::u64(..);
    println!("seed {seed}");
    let mut random = fastrand::Rng::with_seed(seed);
    let mut given = 0;
    for _ in 0..ROUNDS {
        // What the backend says to each of them, while all is well.
        let asking: Vec<Asking> = (0..REQUESTS).map(|_| Asking::random(&mut random)).collect();
        let mut fresh = Vec::new();
        for asking in &asking {
            // Half of them were never here before the break.
            fresh.push(if random.bool() { Some(heard(&asking.ask(&clients).await.expect(200))) } else { None });
        }
        house.database.execute("DROP TABLE orders").await;
        house.gateway.verdict_becomes("orders", "broken", LIMIT).await;
        let mut stale = Vec::new();
        for asking in &asking {
            stale.push(asking.ask(&clients).await);
        }
        house.database.execute("CREATE TABLE orders ()").await;
        house.gateway.verdict_becomes("orders", "ready", LIMIT).await;
        for ((asking, fresh), stale) in asking.iter().zip(fresh).zip(stale) {
            if stale.status == 503 {
                continue;
            }
            assert_eq!((stale.status, stale.header("age").is_empty()), (200, false), "{asking:?}: {stale:?}");
            given += 1;
            for credential in ["cookie", "authorization"] {
                let named = NAMED.iter().any(|(path, name)| asking.path.starts_with(path) && *name == credential);
                assert!(named || !asking.bears(credential), "{asking:?} was given {}", stale.text());
            }
            let expected = match fresh {
                Some(fresh) => fresh,
                None => heard(&asking.ask(&clients).await.expect(200)),
            };
            assert_eq!(heard(&stale), expected, "{asking:?} was given {}", stale.text());
        }
    }
    assert!(given > ROUNDS * REQUESTS / 20, "only {given} answers were given, which proves little");
}

#[tokio::test]
async fn nobody_is_given_anothers_answer_where_clients_are_trusted_proxies() {
    nobody_is_given_anothers_answer("").await;
}

#[tokio::test]
async fn nobody_is_given_anothers_answer_where_nobody_is_trusted() {
    nobody_is_given_anothers_answer("trusted_proxies = []").await;
}
