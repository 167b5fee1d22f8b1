//! What `[maintenance]` means, and what is wrong with it.

use gate::{Blocks, DatabaseId};

use super::*;

/// A configuration with this much of maintenance in it.
fn text(maintenance: &str) -> String {
    format!(
        r#"
        [databases.main]
        url = "postgres://app@127.0.0.1/app"
        [upstreams.api]
        servers = ["127.0.0.1:3000"]
        [requirements.orders]
        tables = ["orders"]
        [[routes]]
        path = "/orders"
        needs = ["orders"]
        [[routes]]
        name = "login"
        path = "/auth/login"
        windows = false
        [[routes]]
        name = "all"
        path = "/*"
        {maintenance}
        "#
    )
}

/// The one message of what is wrong.
fn message(maintenance: &str) -> String {
    let all = messages(&text(maintenance));
    assert_eq!(all.len(), 1, "{all:?}");
    all.into_iter().next().expect("a message")
}

fn window(rest: &str) -> String {
    format!("[[maintenance.windows]]\nname = \"night\"\n{rest}")
}

#[test]
fn the_applications_table_needs_no_more_than_its_name() {
    let config = valid(&text("[maintenance]\ntable = \"ops.maintenance_windows\""));
    let table = config.rules.window_table().expect("a table");
    assert_eq!((table.table.to_string(), table.database), ("ops.maintenance_windows".to_owned(), DatabaseId(0)));
    let names = table.columns.map(|column| &*column.name);
    assert_eq!([names.starts, names.ends, names.organisation], ["startsAt", "endsAt", "orgId"]);
    let required = table.columns.map(|column| column.required);
    assert_eq!((required.starts, required.ends, required.message, required.organisation), (true, true, false, false));
    assert_eq!(config.rules.routes().iter().map(|route| route.windows).collect::<Vec<_>>(), [true, false, true]);
}

#[test]
fn a_column_that_is_named_must_be_there_and_one_of_organisations_where_requests_have_one() {
    let config =
        valid(&text("[maintenance]\ntable = { message = \"text\" }\norganisation = { header = \"X-Org-Id\" }"));
    let table = config.rules.window_table().expect("a table");
    assert_eq!(table.table.to_string(), "maintenance_windows");
    let required = table.columns.map(|column| column.required);
    assert_eq!((required.message, required.organisation, required.blocks_writes), (true, true, false));
    let organisation = config.maintenance.organisation.expect("an organisation");
    assert!(matches!(organisation, Organisation::Plain(Carrier::Header(name)) if name == "x-org-id"));
}

#[test]
fn a_window_says_when_and_for_whom() {
    let rest = "starts = \"2126-11-22T02:00:00[Europe/Paris]\"\nlasts = \"2h\"\nevery = \"week\"\nblocks = \"everything\"\n\
                routes = [\"all\"]\nhosts = [\"*.example.com\"]\nmessage = \"Back at four.\"";
    let config = valid(&text(&window(rest)));
    let planned = &config.maintenance.windows[0];
    assert_eq!((planned.blocks, planned.every), (Blocks::Everything, Some(Every::Week)));
    assert_eq!(planned.starts.timestamp().to_string(), "2126-11-22T01:00:00Z");
    assert_eq!(&planned.scope.routes[..], ["all".into()]);
    assert_eq!(planned.message.as_deref(), Some("Back at four."));
    assert_eq!(config.warnings, Vec::<String>::new());
}

#[test]
fn a_time_has_its_zone_or_its_offset() {
    for (typed, utc) in [
        ("2126-07-01T02:00:00[Europe/Paris]", "2126-07-01T00:00:00Z"),
        ("2126-07-01T02:00:00+02:00[Europe/Paris]", "2126-07-01T00:00:00Z"),
        ("2126-07-01T02:00:00Z", "2126-07-01T02:00:00Z"),
        ("2126-07-01T02:00:00-03:00", "2126-07-01T05:00:00Z"),
    ] {
        let config = valid(&text(&window(&format!("starts = \"{typed}\"\nlasts = \"1h\""))));
        assert_eq!(config.maintenance.windows[0].starts.timestamp().to_string(), utc, "{typed}");
    }
}

#[test]
fn mistakes_of_windows_are_told_with_what_was_expected() {
    let of_starts = |starts: &str| message(&window(&format!("starts = \"{starts}\"\nlasts = \"2h\"")));
    assert_eq!(of_starts("2126-11-22T02:00:00"), "`starts` has no time zone");
    assert!(of_starts("2126-11-22T02:00:00[Europe/Pari]").contains("Europe/Pari"));
    assert!(of_starts("tomorrow").starts_with("`starts` is no time with a zone"));
    let of = |rest: &str| message(&window(&format!("starts = \"2126-11-22T02:00:00Z\"\n{rest}")));
    assert_eq!(of(""), "the window has neither `ends` nor `lasts`");
    assert_eq!(of("lasts = \"1h\"\nends = \"2126-11-22T03:00:00Z\""), "`ends` and `lasts` are both given");
    assert_eq!(of("ends = \"2126-11-22T02:00:00Z\""), "the window `night` ends before it opens");
    assert_eq!(of("lasts = \"0s\""), "the window `night` ends before it opens");
    assert_eq!(of("lasts = \"23h\"\nevery = \"day\""), "the window `night` is still open when it opens again");
    assert_eq!(of("lasts = \"1h\"\nroutes = [\"al\"]"), "there is no route `al`");
    assert!(of("lasts = \"1h\"\nhosts = [\"https://x\"]").contains("a host has no scheme"));
    assert!(of("lasts = \"1h\"\ntenants = [\"demo\"]").contains("there is no [tenants]"));
    assert_eq!(of("lasts = \"1h\"\norganisation = \"org1\""), "nothing says how a request names its organisation");
    let twice = window("starts = \"2126-11-22T02:00:00Z\"\nlasts = \"1h\"").repeat(2).replace("\"1h\"[", "\"1h\"\n[");
    assert_eq!(message(&twice), "there are two windows called `night`");
}

#[test]
fn mistakes_of_the_table_and_the_organisation_are_told() {
    let of = |rest: &str| message(&format!("[maintenance]\n{rest}"));
    assert!(of("table = \"a.b.c\"").contains("is not a name"));
    assert_eq!(of("table = \"windows\"\ndatabase = \"other\""), "there is no database `other`");
    assert!(of("database = \"main\"").contains("none is named"));
    assert_eq!(of("organisation = {}"), "`maintenance.organisation` is one of `header`, `cookie` and `jwt`");
    let both = "organisation = { header = \"X-Org\", cookie = \"org\" }";
    assert_eq!(of(both), "`maintenance.organisation` is one of `header`, `cookie` and `jwt`");
    assert!(of("organisation = { header = \"X Org\" }").contains("is not the name of a header"));
    let short = "organisation = { jwt = { claim = \"org_id\", key = \"secret\" } }";
    assert!(of(short).contains("shorter than the 32 bytes"));
}

#[test]
fn a_window_that_is_over_is_warned_of() {
    let config = valid(&text(&window("starts = \"2020-11-22T02:00:00Z\"\nlasts = \"1h\"")));
    assert!(config.warnings[0].contains("is over"), "{:?}", config.warnings);
}
