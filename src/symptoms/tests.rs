use std::path::Path;

use gate::{Fact, MatchingForm, ObjectName, SymptomCode, SymptomObject, Target};
use proptest::prelude::*;

use super::*;
use crate::config::Config;

const CONFIG: &str = r#"
[databases.main]
url = "postgresql://a@127.0.0.1/a"
[databases.other]
url = "postgresql://a@127.0.0.1/b"
[upstreams.api]
servers = ["127.0.0.1:1"]
[upstreams.two]
servers = ["127.0.0.1:2"]
[requirements.orders]
database = "other"
tables = ["else"]
[[routes]]
name = "all"
host = "*.example.com"
path = "/*"
methods = ["GET"]
upstream = "two"
needs = ["orders"]
[[routes]]
name = "one"
path = "/orders/*"
upstream = "api"
"#;

fn config(more: &str) -> Config {
    Config::parse(&format!("{CONFIG}\n{more}"), Path::new("proxy.toml"), &|_| None)
        .unwrap_or_else(|errors| panic!("{}\n{more}", errors.render(false)))
}

fn path(text: &str) -> MatchingPath {
    Target::parse(text.as_bytes(), MatchingForm::default()).expect("a path").matching
}

fn missing(object: SymptomObject) -> Symptom {
    Symptom { code: SymptomCode::UndefinedTable, object: Some(object) }
}

fn table(name: &str) -> SymptomObject {
    SymptomObject::Table(ObjectName::unqualified(name))
}

/// What is written for these, as read back.
fn proposed(seen: &[(u32, &str, SymptomObject)]) -> (String, Config) {
    let symptoms = Symptoms::default();
    for (route, at, object) in seen {
        let rules = config("").rules;
        let route = &rules.routes()[*route as usize].name;
        symptoms.note(route, &path(at), &missing(object.clone()), Covered::No);
    }
    let toml = symptoms.proposal(&config("")).toml;
    let read = config(&toml);
    (toml, read)
}

#[test]
fn a_route_is_proposed_as_the_one_that_served_and_with_a_name_that_is_free() {
    let column =
        SymptomObject::Column { table: Some(ObjectName::qualified("app", "orders")), column: "odd name".into() };
    let (toml, read) = proposed(&[(0, "/Shop/17/orders", table("orders")), (0, "/shop/18/orders", column)]);
    let lines: Vec<&str> = toml.lines().filter(|line| !line.starts_with('#') && !line.is_empty()).collect();
    assert_eq!(
        lines,
        [
            "[requirements.orders-2]",
            "database = \"other\"",
            "tables = [\"orders\"]",
            "columns = { \"app.orders\" = [\"\\\"odd name\\\"\"] }",
            "[[routes]]",
            "host = \"*.example.com\"",
            "path = \"/shop/*/orders\"",
            "methods = [\"GET\"]",
            "upstream = \"two\"",
            "needs = [\"orders-2\"]",
        ]
    );
    assert_eq!(read.rules.routes().len(), 3);
}

#[test]
fn a_path_that_is_a_route_already_is_left_to_the_operator() {
    let (toml, read) = proposed(&[(1, "/orders/1", table("invoices"))]);
    assert!(toml.contains("# Add to the needs of the route one: [\"invoices\"]"), "{toml}");
    assert_eq!(read.rules.routes().len(), 2);
}

#[test]
fn what_cannot_be_required_is_told_in_a_comment() {
    let alone = SymptomObject::Column { table: None, column: "total".into() };
    let (toml, read) = proposed(&[(1, "/orders/1", alone)]);
    assert!(toml.contains("column total is missing") && !toml.contains('['), "{toml}");
    assert_eq!(read.rules.requirements().len(), 1);
}

#[test]
fn it_is_said_once_and_again_when_it_is_covered() {
    let symptoms = Symptoms::default();
    let note = |covered| symptoms.note("all", &path("/a"), &missing(table("t")), covered);
    assert_eq!(note(Covered::No), News::Log { count: 1 });
    assert_eq!(note(Covered::No), News::Known);
    assert_eq!(note(Covered::Yes), News::Log { count: 3 });
    assert_eq!(symptoms.proposal(&config("")).symptoms, []);
}

#[test]
fn no_more_is_kept_than_fits() {
    let symptoms = Symptoms::default();
    for number in 0..MOST {
        symptoms.note("all", &path("/a"), &missing(table(&number.to_string())), Covered::No);
    }
    let beyond = missing(table("one more"));
    assert_eq!(symptoms.note("all", &path("/a"), &beyond, Covered::No), News::TooMany);
    assert_eq!(symptoms.proposal(&config("")).symptoms.len(), MOST);
}

proptest! {
    #[test]
    fn whatever_the_names_are_what_is_written_loads_and_means_them(
        names in proptest::collection::vec("\\PC{1,15}", 4),
        at in "/[ -~]{0,30}",
    ) {
        prop_assume!(names.iter().all(|name| name.trim() == name));
        let plain = at.replace(['%', '#', '?', '\\'], "");
        prop_assume!(Target::parse(plain.as_bytes(), MatchingForm::default()).is_ok());
        let [one, other, column, value] = &names[..] else { unreachable!() };
        let name = ObjectName::qualified(one, other);
        let (toml, read) = proposed(&[
            (0, &plain, SymptomObject::Table(name.clone())),
            (0, &plain, SymptomObject::Column { table: Some(name.clone()), column: column.as_str().into() }),
            (0, &plain, SymptomObject::EnumValue { name: name.clone(), value: value.as_str().into() }),
            (0, &plain, SymptomObject::Schema(one.as_str().into())),
        ]);
        let facts: Vec<&Fact> = read.rules.requirements().iter().skip(1).flat_map(|requirement| &requirement.facts).collect();
        let wanted = [
            Fact::Table(name.clone()),
            Fact::Column { table: name.clone(), column: column.as_str().into(), ty: None, nullable: None },
            Fact::Enum { name, values: vec![value.as_str().into()] },
            Fact::Schema(one.as_str().into()),
        ];
        for fact in &wanted {
            prop_assert!(facts.contains(&fact), "{fact:?} in {toml}");
        }
    }
}
