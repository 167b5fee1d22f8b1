//! The control file: what it means, and what is wrong with it.

use std::path::Path;

use gate::Skips;
use jiff::Timestamp;
use proptest::prelude::*;

use super::*;
use crate::config::order::OrderBook;

const NOW: Timestamp = Timestamp::UNIX_EPOCH;

fn read(text: &str) -> Result<OrderBook, String> {
    orders(text).map(|orders| orders.once)
}

fn orders(text: &str) -> Result<ControlOrders, String> {
    let config = parse(
        "[databases.main]\nurl = \"sqlite:app.db\"\n[upstreams.api]\nservers = [\"127.0.0.1:1\"]\n\
         [requirements.orders]\ntables = [\"orders\"]\n[[routes]]\nname = \"orders\"\npath = \"/orders/*\"\nneeds = [\"orders\"]",
    )
    .expect("it is right");
    ControlOrders::parse(text, Path::new("control.toml"), &config.rules, NOW)
        .map_err(|complaints| complaints.render(false))
}

#[test]
fn all_that_it_can_say() {
    let book = read(
        r#"
        [[bypasses]]
        name = "night"
        skips = "both"
        routes = "orders"
        requirements = ["orders"]
        tenants = ["demo"]
        until = "2026-11-22T06:00[Europe/Paris]"
        reason = "a release"
        [[windows]]
        name = "sunday"
        starts = "2026-11-22T02:00[Europe/Paris]"
        lasts = "2h"
        blocks = "everything"
        hosts = ["*.example.com"]
        organisation = "acme"
        message = "Back at four."
        [[holds]]
        name = "index"
        routes = ["orders"]
        "#,
    )
    .expect("it is right");
    let time = |text: &str| text.parse::<Timestamp>().expect("a time");
    let bypass = &book.bypasses[0];
    assert_eq!(
        (&*bypass.id, bypass.terms.skips, bypass.until),
        ("night", Skips::Both, Some(time("2026-11-22T05:00Z")))
    );
    let window = &book.windows[0];
    assert_eq!((window.terms.from, window.until), (time("2026-11-22T01:00Z"), Some(time("2026-11-22T03:00Z"))));
    assert_eq!((book.holds[0].terms.routes.as_slice(), book.holds[0].until), (&["orders".to_owned()][..], None));
    assert_eq!(read(""), Ok(OrderBook::default()));
}

#[test]
fn a_window_that_recurs_is_ordered_for_the_next_time_at_the_same_hour() {
    let text = "[[windows]]\nname = \"sunday\"\nstarts = \"2026-03-22T02:00[Europe/Paris]\"\nlasts = \"1h\"\nevery = \"week\"\n\
                blocks = \"everything\"\nroutes = \"orders\"\nreason = \"the weekly one\"";
    let orders = orders(text).expect("it is right");
    let time = |text: &str| text.parse::<Timestamp>().expect("a time");
    for (now, from, until) in [
        ("2026-03-01T00:00Z", "2026-03-22T01:00Z", "2026-03-22T02:00Z"),
        ("2026-03-22T01:30Z", "2026-03-22T01:00Z", "2026-03-22T02:00Z"),
        // An hour that is skipped in spring is as much later; from then on it is summer time.
        ("2026-03-22T02:00Z", "2026-03-29T01:00Z", "2026-03-29T02:00Z"),
        ("2026-03-30T00:00Z", "2026-04-05T00:00Z", "2026-04-05T01:00Z"),
    ] {
        let book = orders.book(time(now));
        let window = &book.windows[0];
        assert_eq!((window.terms.from, window.until), (time(from), Some(time(until))), "{now}");
        assert_eq!((&*window.id, window.reason.as_deref()), ("sunday", Some("the weekly one")));
        assert_eq!(window.terms.routes, ["orders"]);
    }
    for (times, wanted) in [
        ("lasts = \"1h\"", "goes with `windows.starts`"),
        ("starts = \"2026-03-22T02:00[Europe/Paris]\"", "neither `lasts` nor `ends`"),
        ("starts = \"2026-03-22T02:00[Europe/Paris]\"\nlasts = \"200h\"", "still open when it opens again"),
        ("starts = \"2026-03-22T02:00\"\nlasts = \"1h\"", "no time zone"),
        ("starts = \"2026-03-22T02:00Z\"\nends = \"2026-03-22T01:00Z\"", "ends before it opens"),
    ] {
        let told = self::orders(&format!("[[windows]]\nname = \"w\"\nevery = \"week\"\n{times}\n")).expect_err(times);
        assert!(told.contains(wanted), "{times}: {told}");
    }
}

#[test]
fn every_mistake_is_told_with_its_place_and_all_at_once() {
    let told = read(
        "[[bypasses]]\nname = \"a\"\nskip = \"needs\"\nrequirements = [\"order\"]\n[[bypasses]]\nname = \"a\"\nuntil = \"2026-11-22T06:00\"\n\
         [[windows]]\nname = \"w\"\nstarts = \"2026-11-22T02:00Z\"\nends = \"2026-11-22T01:00Z\"\n[[windows]]\nname = \"v\"\nlasts = \"2h\"\n[[holds]]\nroutes = [\"orders\"]\n",
    )
    .expect_err("it is wrong");
    for part in [
        "control.toml:3:1",
        "unknown key `skip`",
        "did you mean `orders`?",
        "two bypasses are named `a`",
        "is not a time that says its zone",
        "ends before it begins",
        "`windows.lasts` goes with `windows.starts`",
        "lacks the key `name`",
    ] {
        assert!(told.contains(part), "{part} in:\n{told}");
    }
}

proptest! {
    #[test]
    fn whatever_it_holds_nothing_panics(text in "(\\[\\[(bypasses|windows|holds)\\]\\]\n|(name|until|starts|lasts|hosts|skips) = (\"[^\"\n]{0,12}\"|\\[\\]|1)\n|.{0,8}\n){0,12}") {
        let _ = read(&text);
    }
}
