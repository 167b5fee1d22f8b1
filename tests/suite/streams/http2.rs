//! Many streams on few connections, and streams that are given up at any moment.

use std::process::Command;
use std::time::Duration;

use bytes::Bytes;
use h2::client::SendRequest;
use h2::{Reason, RecvStream};
use http::Request;
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::before;
use crate::house::{Client, Echo, EchoHttp2, Gateway, Run, http2_connection, pattern, receive, send, turn};

const LIMIT: Duration = Duration::from_secs(60);
const CONNECTIONS: usize = 4;
const STREAMS: usize = 400;

fn body(length: usize) -> Bytes {
    (0..length).map(pattern).collect()
}

/// Every stream has another length, so that what is somebody else's is seen.
const fn length(stream: usize) -> usize {
    1 + stream * 97
}

async fn read(mut body: RecvStream) -> Result<Vec<u8>, h2::Error> {
    let mut read = Vec::new();
    while let Some(piece) = receive(&mut body).await? {
        read.extend_from_slice(&piece);
    }
    Ok(read)
}

/// A stream that was refused, because those before it are not all gone yet, is sent again as RFC 9113 (section 8.7) has it.
async fn until_accepted<A: Future<Output = Result<(), h2::Error>>>(attempt: impl Fn() -> A) {
    loop {
        match attempt().await {
            Err(error) if error.is_remote() && error.reason() == Some(Reason::REFUSED_STREAM) => {}
            ended => return ended.expect("an answer"),
        }
    }
}

async fn download(sender: SendRequest<Bytes>, stream: usize) -> Result<(), h2::Error> {
    let mut sender = sender.ready().await?;
    let request = Request::get(format!("http://a.test/bytes/{}", length(stream))).body(()).expect("a request");
    let (answer, _) = sender.send_request(request, true)?;
    let answer = answer.await?;
    assert_eq!(answer.status(), 200);
    assert_eq!(read(answer.into_body()).await?, body(length(stream)));
    Ok(())
}

async fn upload(sender: SendRequest<Bytes>, stream: usize) -> Result<(), h2::Error> {
    let mut sender = sender.ready().await?;
    let request = Request::post("http://a.test/mirror").body(()).expect("a request");
    let (answer, mut sending) = sender.send_request(request, false)?;
    // Why it was not taken, the answer tells.
    let _ = send(&mut sending, body(length(stream)), true).await;
    assert_eq!(read(answer.await?.into_body()).await?, body(length(stream)));
    Ok(())
}

/// Gives the stream up: before the answer, within it, or within what it sends.
async fn give_up(sender: SendRequest<Bytes>, stream: usize) {
    let mut sender = sender.ready().await.expect("a stream");
    let ends = stream % 3 != 2;
    let path = if ends { "bytes/3000000" } else { "mirror" };
    let request = Request::get(format!("http://a.test/{path}")).body(()).expect("a request");
    let (answer, mut sending) = sender.send_request(request, ends).expect("it is sent");
    match stream % 3 {
        0 => {}
        1 => {
            if let Ok(answer) = answer.await {
                receive(&mut answer.into_body()).await.expect("a piece");
            }
        }
        _ => drop(send(&mut sending, body(10_000), false).await),
    }
    sending.send_reset(Reason::CANCEL);
}

/// All of them at once over a few connections; every third is given up.
async fn many(gateway: &Gateway, downloads: bool) {
    let mut streams = JoinSet::new();
    for _ in 0..CONNECTIONS {
        let sender = http2_connection(gateway.port()).await;
        for stream in 0..STREAMS {
            let sender = sender.clone();
            streams.spawn(async move {
                match stream % 3 {
                    0 if downloads => until_accepted(|| download(sender.clone(), stream)).await,
                    0 | 1 => until_accepted(|| upload(sender.clone(), stream)).await,
                    _ => give_up(sender, stream / 3).await,
                }
            });
        }
    }
    let all = async {
        while let Some(ended) = streams.join_next().await {
            ended.expect("a stream's own checks");
        }
    };
    timeout(LIMIT, all).await.expect("every stream ends");
    assert!(!gateway.log().contains("panicked"), "{}", gateway.log());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hundreds_of_streams_at_once_get_each_its_own_bytes_while_others_are_given_up() {
    let echo = Echo::start().await;
    let gateway = before(echo.address(), "").await;
    many(&gateway, true).await;
    let client = Client::http2(gateway.port());
    client.get("/after").await.expect(200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backend_of_http2_is_sent_the_streams_of_all_connections_and_mixes_none_up() {
    let echo = EchoHttp2::start().await;
    let gateway = before(echo.address(), "http2 = true").await;
    many(&gateway, false).await;
    Client::http2(gateway.port()).get("/after").await.expect(200);
}

#[tokio::test]
async fn a_stream_that_reads_nothing_holds_up_no_other_of_its_connection() {
    let echo = Echo::start().await;
    let gateway = before(echo.address(), "").await;
    let sender = http2_connection(gateway.port()).await;
    let request = Request::get("http://a.test/bytes/3000000").body(()).expect("a request");
    let (answer, _) = sender.clone().ready().await.expect("a stream").send_request(request, true).expect("it is sent");
    let stuck = answer.await.expect("an answer").into_body();
    for stream in 0..20 {
        timeout(LIMIT, download(sender.clone(), stream)).await.expect("in time").expect("an answer");
    }
    drop(stuck);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes half a minute and h2load: for `make proofs`"]
async fn h2load_gets_every_answer_over_a_hundred_streams_of_each_of_twenty_connections() {
    const REQUESTS: &str = "40000";
    let _turn = turn().await;
    let echo = Echo::start().await;
    let gateway = before(echo.address(), "").await;
    let url = format!("http://127.0.0.1:{}/bytes/1000", gateway.port());
    // Somebody else takes back as many requests as anybody may.
    let port = gateway.port();
    let resets = tokio::spawn(async move {
        let sender = http2_connection(port).await;
        for stream in 0.. {
            give_up(sender.clone(), stream).await;
            tokio::time::sleep(Duration::from_millis(60)).await;
        }
    });
    let run = Run::command(Command::new("h2load").args(["-n", REQUESTS, "-c", "20", "-m", "100", &url]));
    resets.abort();
    assert!(resets.await.is_err_and(|ended| ended.is_cancelled()), "its connection was not ended");
    let told = |name: &str| run.stdout.lines().find(|line| line.starts_with(name)).unwrap_or_default().to_owned();
    println!("{}\n{}", told("finished"), told("requests:"));
    assert!(told("status codes:").contains(&format!("{REQUESTS} 2xx, 0 3xx, 0 4xx, 0 5xx")), "{}", run.output());
    assert!(told("requests:").contains("0 failed, 0 errored, 0 timeout"), "{}", run.output());
}
