//! Memory is bounded, whatever comes.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use super::*;

const DEFAULT: StaleKey = StaleKey { names: Vec::new(), ignores: Vec::new() };

fn numbered(number: usize) -> Requested {
    Requested::new("GET", &format!("/orders/{number}"), &[("host", "a.example")])
}

fn held(store: &Store) -> (i64, i64) {
    let text = store.metrics.render().expect("metrics");
    let value = |name: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(name)?.trim().parse::<i64>().ok());
        line.unwrap_or_else(|| panic!("{name} in {text}"))
    };
    (value("schemagate_stale_stored_bytes "), value("schemagate_stale_stored_answers "))
}

#[test]
fn the_least_recently_used_answers_make_room() {
    let (body, store) = ("x".repeat(10_000), store_of(400_000, 20_000));
    for number in 0..100 {
        assert_eq!(exchange(&store, &DEFAULT, &numbered(number), &Answered::good(&[], &body), at(0)), Fate::Kept);
        assert!(stale(&store, &DEFAULT, &numbered(0), at(0)).is_ok(), "in use all the time");
        let (bytes, answers) = held(&store);
        assert!(bytes <= 300_000 && bytes >= answers * 10_000, "{bytes} bytes in {answers} answers");
    }
    assert!(stale(&store, &DEFAULT, &numbered(99), at(0)).is_ok());
    assert_eq!(stale(&store, &DEFAULT, &numbered(1), at(0)).err(), Some(Unfit::Absent));
    assert!(held(&store).1 >= 27, "three quarters of the memory are used: {:?}", held(&store));
}

#[test]
fn an_answer_that_is_too_large_is_not_kept_and_takes_the_old_one_with_it() {
    let store = store_of(MIB, 1000);
    let request = numbered(0);
    assert_eq!(exchange(&store, &DEFAULT, &request, &Answered::good(&[], &"x".repeat(1000)), at(0)), Fate::Kept);
    let large = "x".repeat(1001);
    assert_eq!(exchange(&store, &DEFAULT, &request, &Answered::good(&[], &large), at(1)), Fate::Unfit(Unfit::TooLarge));
    assert_eq!(stale(&store, &DEFAULT, &request, at(1)).err(), Some(Unfit::Absent));
    let chunked = Answered::new(200, &[("transfer-encoding", "chunked")], &large);
    assert_eq!(exchange(&store, &DEFAULT, &request, &chunked, at(1)), Fate::Unfit(Unfit::TooLarge));
    assert_eq!(held(&store), (0, 0));
}

#[test]
fn headers_count_too() {
    let store = store_of(100_000, 1000);
    let long = "x".repeat(80_000);
    let answer = Answered::good(&[("x-long", &long)], "good");
    assert_eq!(exchange(&store, &DEFAULT, &numbered(0), &answer, at(0)), Fate::Unfit(Unfit::TooLarge));
}

#[test]
fn answers_that_are_being_read_have_a_bound_of_their_own() {
    let store = store_of(4000, 1000);
    let answer = Answered::good(&[], &"x".repeat(600));
    let begin = |number| {
        let request = numbered(number);
        let epoch = store.epoch(&request.host(), request.header.raw_path());
        let mut keeping = Keeping::begin(&request.asked(&DEFAULT), epoch, at(0), &store).expect("a key");
        keeping.header(&answer.header, &DEFAULT, &store);
        keeping.body(&answer.body, &store);
        keeping
    };
    let (first, second) = (begin(1), begin(2));
    assert_eq!(second.end(true, true, &DEFAULT, &store), Fate::Unfit(Unfit::Crowded));
    assert_eq!(first.end(true, true, &DEFAULT, &store), Fate::Kept);
    assert_eq!(begin(3).end(true, true, &DEFAULT, &store), Fate::Kept, "the room is given back");
}

#[test]
fn what_no_route_would_give_any_more_is_swept_away() {
    let store = store();
    exchange(&store, &DEFAULT, &numbered(1), &Answered::good(&[], "a"), at(0));
    exchange(&store, &DEFAULT, &numbered(2), &Answered::good(&[], "b"), at(10));
    exchange(&store, &DEFAULT, &numbered(3), &Answered::good(&[("cache-control", "s-maxage=5")], "c"), at(3595));
    store.sweep(at(3600));
    assert_eq!(held(&store).1, 3);
    store.sweep(at(3601));
    assert_eq!(held(&store).1, 1);
    store.sweep(at(3611));
    assert_eq!(held(&store), (0, 0));
}

#[test]
fn the_bound_holds_while_everybody_writes_at_once() {
    let (store, done) = (store_of(200_000, 20_000), AtomicBool::new(false));
    thread::scope(|scope| {
        let watching = scope.spawn(|| {
            let mut most = 0;
            while !done.load(Ordering::Relaxed) {
                most = most.max(held(&store).0);
            }
            most
        });
        let writers: Vec<_> = (0..4)
            .map(|thread| {
                let store = &store;
                scope.spawn(move || {
                    for number in 0..500 {
                        let body = "x".repeat((number * 37 + thread * 101) % 9000);
                        let request = numbered((number * 7 + thread) % 97);
                        exchange(store, &DEFAULT, &request, &Answered::good(&[], &body), at(number as u64));
                        if number % 50 == 0 {
                            store.sweep(at(number as u64));
                            store.note_change(&request.host(), request.header.raw_path());
                        }
                    }
                })
            })
            .collect();
        for writer in writers {
            writer.join().expect("no panic");
        }
        done.store(true, Ordering::Relaxed);
        let most = watching.join().expect("no panic");
        assert!(most <= 150_000 && most > 0, "{most} bytes");
    });
    store.sweep(at(100_000));
    assert_eq!(held(&store), (0, 0), "every byte is accounted for");
}
