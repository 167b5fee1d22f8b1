//! What is sent once more, and what never is.

use http::Method;

use crate::house::{Answer, Client, End, Gateway, Mortal};

struct House {
    one: Mortal,
    other: Mortal,
    _gateway: Gateway,
    client: Client,
}

impl House {
    /// Two servers in front of which nothing watches a schema.
    async fn of_two(one: fn(usize) -> End, other: fn(usize) -> End) -> Self {
        let (one, other) = (Mortal::start(one).await, Mortal::start(other).await);
        let gateway = before(&format!("\"{}\", \"{}\"", one.address(), other.address())).await;
        Self { client: gateway.client(), one, other, _gateway: gateway }
    }

    /// Every request that a server was sent.
    fn seen(&self) -> Vec<String> {
        let mut seen = self.one.seen();
        seen.extend(self.other.seen());
        seen
    }
}

/// One thread, since a kept connection is used by the thread that opened it.
async fn before(servers: &str) -> Gateway {
    let config = format!("[upstreams.api]\nservers = [{servers}]\nhealth = false\n[[routes]]\npath = \"/*\"\n");
    Gateway::start_with("threads = 1", "", &config).await
}

/// Dies of every request.
const DEADLY: fn(usize) -> End = |_| End::Silence;
const WELL: fn(usize) -> End = |_| End::Answer;

async fn send(client: &Client, method: Method, body: usize) -> u16 {
    let request = client.request(method, "/it");
    let request = if body > 0 { request.body(vec![b'x'; body]) } else { request };
    Answer::to(request).await.status
}

#[tokio::test]
async fn what_does_the_same_twice_is_tried_on_another_server_when_one_dies_of_it() {
    for (method, body) in [(Method::GET, 0), (Method::HEAD, 0), (Method::PUT, 60_000), (Method::DELETE, 0)] {
        let house = House::of_two(DEADLY, WELL).await;
        // In turn: one of the two comes to the one that dies first.
        for _ in 0..2 {
            assert_eq!(send(&house.client, method.clone(), body).await, 200, "{method}");
        }
        assert!(!house.one.seen().is_empty(), "{method}");
        assert_eq!(house.other.seen().len(), 2, "{method}: {:?}", house.seen());
        assert!(house.seen().iter().all(|line| *line == format!("{method} /it {body}")), "{:?}", house.seen());
    }
}

#[tokio::test]
async fn it_is_tried_once_more_and_not_again() {
    let house = House::of_two(DEADLY, DEADLY).await;
    assert_eq!(send(&house.client, Method::GET, 0).await, 502);
    assert_eq!((house.one.seen().len(), house.other.seen().len()), (1, 1));
}

#[tokio::test]
async fn what_may_change_something_else_the_second_time_is_sent_once() {
    for method in [Method::POST, Method::PATCH] {
        let house = House::of_two(DEADLY, DEADLY).await;
        assert_eq!(send(&house.client, method.clone(), 10).await, 502);
        assert_eq!(house.seen(), [format!("{method} /it 10")]);
        // Also on a connection that was kept, where it may never have been read.
        let house = House::of_two(|number| if number == 0 { End::Answer } else { End::Silence }, WELL).await;
        for _ in 0..2 {
            assert_eq!(send(&house.client, Method::GET, 0).await, 200);
        }
        let statuses = [send(&house.client, method.clone(), 10).await, send(&house.client, method.clone(), 10).await];
        assert!(statuses.contains(&502) && statuses.contains(&200), "{statuses:?}");
        assert_eq!(
            house.seen().iter().filter(|line| line.starts_with(method.as_str())).count(),
            2,
            "{:?}",
            house.seen()
        );
    }
}

#[tokio::test]
async fn a_body_that_is_not_kept_whole_is_not_sent_twice() {
    let house = House::of_two(DEADLY, DEADLY).await;
    assert_eq!(send(&house.client, Method::PUT, 200_000).await, 502);
    assert_eq!(house.seen(), ["PUT /it 200000"]);
}

#[tokio::test]
async fn an_answer_that_began_is_not_begun_again() {
    let house = House::of_two(|_| End::Half, |_| End::Half).await;
    assert!(Answer::try_to(house.client.request(Method::GET, "/it")).await.is_err(), "it breaks off");
    assert_eq!(house.seen(), ["GET /it 0"]);
}

#[tokio::test]
async fn a_read_on_a_kept_connection_of_the_only_server_is_tried_on_a_new_one() {
    let only = Mortal::start(|number| if number == 0 { End::Answer } else { End::Silence }).await;
    let gateway = before(&format!("\"{}\"", only.address())).await;
    let client = gateway.client();
    for sent in [1, 3] {
        assert_eq!(send(&client, Method::GET, 0).await, 200);
        assert_eq!(only.seen().len(), sent);
    }
    assert_eq!(send(&client, Method::POST, 10).await, 502);
    assert_eq!(only.seen().last().map(String::as_str), Some("POST /it 10"));
    assert_eq!(only.seen().len(), 4);
}

#[tokio::test]
async fn a_new_connection_of_the_only_server_that_breaks_is_the_end_of_it() {
    let only = Mortal::start(DEADLY).await;
    let gateway = before(&format!("\"{}\"", only.address())).await;
    assert_eq!(send(&gateway.client(), Method::GET, 0).await, 502);
    assert_eq!(only.seen(), ["GET /it 0"]);
}
