//! Nobody waits for longer, in greater number or with more than was said; then something else is due.

use super::*;

/// What a busy machine may add, where waiting would take twenty seconds.
const AT_ONCE: Duration = Duration::from_secs(8);

#[tokio::test]
async fn who_waited_in_vain_gets_what_is_due_then() {
    for (then, status, text) in [
        ("{ block = { code = \"TOO_LONG\" } }", 503, "TOO_LONG"),
        ("{ respond = { text = \"sorry\" } }", 200, "sorry"),
        ("{ rescue = { text = \"rescued\" } }", 200, "rescued"),
        ("{ upstream = \"previous\" }", 500, ""),
        ("\"pass\"", 500, "as asked"),
    ] {
        let previous = Echo::start().await;
        let more = format!("[upstreams.previous]\nservers = [\"{}\"]", previous.address());
        let shop = Shop::open_with(&format!("up_to = \"300ms\", then = {then}"), &more).await;
        let (answer, took) = starts(shop.get("/status/500")).await.expect("an answer");
        assert!(took >= Duration::from_millis(300) && took < LIMIT, "{then}: {took:?}");
        if then.contains("upstream") {
            assert_eq!((answer.status, previous.requests(), shop.echo.requests()), (503, 1, 0));
        } else {
            assert_eq!((answer.status, answer.text().contains(text)), (status, true), "{then}: {answer:?}");
        }
        assert_eq!((shop.ended("timed_out").await, shop.held().await), (1, 0));
    }
}

#[tokio::test]
async fn too_large_a_body_does_not_wait_and_an_endless_one_no_longer_than_it_is_small() {
    let shop = Shop::open("up_to = \"20s\", max_body = \"1KiB\"").await;
    let (answer, took) = starts(shop.client.request(Method::POST, "/").body(vec![b'x'; 1025])).await.unwrap();
    answer.expect(503);
    assert!(took < AT_ONCE, "{took:?}");

    let pieces = (0..).map(|_| {
        std::thread::sleep(Duration::from_millis(1));
        Ok::<_, std::io::Error>(vec![b'x'; 100])
    });
    let endless = reqwest::Body::wrap_stream(futures_util::stream::iter(pieces.take(200)));
    starts(shop.client.request(Method::POST, "/").body(endless)).await.unwrap().0.expect(503);
    assert_eq!(shop.ended("body_too_large").await, 2);
    assert_eq!((shop.echo.requests(), shop.held().await), (0, 0));
}

#[tokio::test]
async fn a_body_of_unknown_length_goes_at_once_to_where_it_would_be_forwarded() {
    let shop = Shop::open("up_to = \"20s\", then = \"pass\"").await;
    let body = reqwest::Body::wrap_stream(futures_util::stream::iter([Ok::<_, std::io::Error>(vec![0_u8; 70_000])]));
    let (answer, took) = starts(shop.client.request(Method::POST, "/mirror").body(body)).await.unwrap();
    assert_eq!(answer.expect(200).body.len(), 70_000);
    assert!(took < AT_ONCE, "{took:?}");
}

#[tokio::test]
async fn whoever_comes_when_all_places_are_taken_gets_what_is_due_then_at_once() {
    for (hold, more) in [("max_requests = 3", ""), ("max_requests = 9", "[hold]\nmax_requests = 3")] {
        let shop = Shop::open_with(&format!("up_to = \"20s\", {hold}"), more).await;
        let waiting: Vec<_> = (0..3).map(|_| starts(shop.get("/orders"))).collect();
        shop.holds(3).await;
        let (answer, took) = starts(shop.get("/orders")).await.expect("an answer");
        answer.expect(503);
        assert!(took < AT_ONCE, "{took:?}");
        assert_eq!(shop.ended("full").await, 1);
        shop.database.execute(MEND).await;
        for waiting in waiting {
            waiting.await.expect("an answer").0.expect(200);
        }
    }
}

#[tokio::test]
async fn bodies_take_no_more_memory_than_was_said() {
    let shop = Shop::open_with("up_to = \"20s\"", "[hold]\nmax_bytes = \"100KiB\"").await;
    let post = || shop.client.request(Method::POST, "/count").body(vec![0; 60_000]);
    let first = starts(post());
    shop.holds(1).await;
    starts(post()).await.expect("an answer").0.expect(503);
    let second = starts(shop.get("/orders"));
    shop.holds(2).await;
    shop.database.execute(MEND).await;
    for waiting in [first, second] {
        waiting.await.expect("an answer").0.expect(200);
    }
}
