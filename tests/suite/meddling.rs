//! Faults on the wires, by chance: to the backend and to the database. Nobody gets another's answer, no verdict is
//! wrong, nothing hangs, and when the wire is whole again, so is everything.

use std::time::{Duration, Instant};

use http::Method;
use tokio::task::JoinSet;

use crate::house::{Answer, Client, Cluster, Echo, Gateway, Meddler, eventually, pattern};

const LIMIT: Duration = Duration::from_secs(20);
/// The timeouts below, once for every attempt, and slack for a busy machine.
const ANSWERED: Duration = Duration::from_secs(10);

/// What became of one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    Whole,
    /// schemagate said that the backend failed.
    Failed,
    /// Broken off after its beginning.
    BrokenOff,
}

fn body(length: usize) -> Vec<u8> {
    (0..length).map(pattern).collect()
}

/// Every answer has another length, so that one that is somebody else's is seen.
async fn download(client: Client, length: usize) -> End {
    let answer = Answer::try_to(client.request(Method::GET, &format!("/bytes/{length}"))).await;
    judge(answer, |whole| assert!(whole.body == body(length), "not the {length} bytes that were asked for"))
}

async fn upload(client: Client, length: usize) -> End {
    let answer = Answer::try_to(client.request(Method::POST, "/mirror").body(body(length))).await;
    judge(answer, |whole| assert!(whole.body == body(length), "not the {length} bytes that were sent"))
}

fn judge(answer: Result<Answer, reqwest::Error>, check: impl FnOnce(&Answer)) -> End {
    match answer {
        Err(error) => {
            assert!(!error.is_timeout() && !error.is_connect(), "{error:?}");
            End::BrokenOff
        }
        Ok(answer) if answer.status == 200 => {
            check(&answer);
            End::Whole
        }
        Ok(answer) => {
            assert!(matches!(answer.status, 502 | 504), "{answer:?}");
            assert!(answer.header("proxy-status").starts_with("schemagate"), "{answer:?}");
            End::Failed
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_a_bad_wire_to_the_backend_an_answer_is_whole_or_a_failure_and_never_another_one() {
    const REQUESTS: usize = 900;
    const AT_A_TIME: usize = 12;
    let echo = Echo::start().await;
    let wire = Meddler::before(echo.port(), 0x5ca1_ab1e).await;
    let gateway = Gateway::start(&format!(
        "[upstreams.api]\nservers = [\"127.0.0.1:{}\"]\nconnect_timeout = \"1s\"\nread_timeout = \"1s\"\n\
         [[routes]]\npath = \"/*\"\n",
        wire.port()
    ))
    .await;
    let client = gateway.client();
    wire.meddle(0.08);
    let (mut requests, mut ends) = (JoinSet::new(), Vec::new());
    for number in 0..REQUESTS {
        let length = 1_000 + 37 * number;
        let (began, client) = (Instant::now(), client.clone());
        requests.spawn(async move {
            let end = if number % 3 == 0 { upload(client, length).await } else { download(client, length).await };
            assert!(began.elapsed() < ANSWERED, "request {number} took {:?}", began.elapsed());
            end
        });
        if requests.len() == AT_A_TIME {
            ends.extend(requests.join_next().await.map(|end| end.expect("a request's own checks")));
        }
    }
    while let Some(end) = requests.join_next().await {
        ends.push(end.expect("a request's own checks"));
    }
    let count = |wanted| ends.iter().filter(|end| **end == wanted).count();
    let told = (count(End::Whole), count(End::Failed), count(End::BrokenOff));
    println!("whole, failed, broken off: {told:?}; {:?}", wire.befell());
    assert!(wire.befell().iter().all(|(_, count)| *count > 0), "{:?}", wire.befell());
    assert!(told.0 > REQUESTS / 2 && told.1 > 0, "{told:?}");

    wire.stop();
    // Connections that a fault holds are left one by one.
    let mut length = 100;
    eventually("thirty whole answers in a row", LIMIT, async || {
        for _ in 0..30 {
            length += 1;
            (download(client.clone(), length).await == End::Whole).then_some(())?;
        }
        Some(())
    })
    .await;
    assert!(!gateway.log().contains("panicked"), "{}", gateway.log());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_a_bad_wire_to_the_database_no_verdict_is_wrong_and_traffic_flows() {
    const EACH_FAULT: usize = 2;
    let database = Cluster::shared().database().await;
    database.execute("CREATE TABLE there (id int); CREATE TABLE toggled (id int)").await;
    let wire = Meddler::before(database.port(), 0x000d_ec0d).await;
    let echo = Echo::start().await;
    let url = database.watcher_url().replace(&format!(":{}/", database.port()), &format!(":{}/", wire.port()));
    let needing = |table: &str| {
        format!(
            "[requirements.{table}]\ntables = [\"{table}\"]\n[[routes]]\npath = \"/{table}\"\nneeds = [\"{table}\"]\n"
        )
    };
    let gateway = Gateway::start(&format!(
        "[databases.main]\nurl = \"{url}\"\nrefresh = \"50ms\"\nmax_age = \"10m\"\nconnect_timeout = \"500ms\"\n\
         statement_timeout = \"500ms\"\n[upstreams.api]\nservers = [\"{}\"]\n{}{}{}[[routes]]\npath = \"/*\"\n",
        echo.address(),
        needing("there"),
        needing("absent"),
        needing("toggled"),
    ))
    .await;
    let client = gateway.client();
    let status = async |path: &str| client.get(path).await.status;
    let ddl = database.connect().await;
    wire.meddle(0.1);
    let start = Instant::now();
    let mut toggled = true;
    let mut round = 0_usize;
    while wire.befell().iter().any(|(_, count)| *count < EACH_FAULT) {
        assert!(start.elapsed() < 3 * LIMIT, "{:?}", wire.befell());
        let asked = Instant::now();
        assert_eq!((status("/there").await, status("/absent").await), (200, 503));
        assert!(matches!(status("/toggled").await, 200 | 503));
        assert!(asked.elapsed() < ANSWERED, "three answers took {:?}", asked.elapsed());
        round += 1;
        if round.is_multiple_of(50) {
            toggled = !toggled;
            let change = if toggled { "CREATE TABLE toggled (id int)" } else { "DROP TABLE toggled" };
            ddl.batch_execute(change).await.expect("DDL");
        }
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    println!("{round} rounds in {:?}; {:?}", start.elapsed(), wire.befell());

    wire.stop();
    for (change, wanted) in [("DROP TABLE IF EXISTS toggled", 503), ("CREATE TABLE toggled (id int)", 200)] {
        ddl.batch_execute(change).await.expect("DDL");
        eventually(change, LIMIT, async || (status("/toggled").await == wanted).then_some(())).await;
    }
    assert!(!gateway.log().contains("panicked"), "{}", gateway.log());
}
