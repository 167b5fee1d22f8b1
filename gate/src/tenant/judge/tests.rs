use core::time::Duration;

use super::*;
use crate::ledger::{Expected, Ledger, LockState, Mark, Migration, Reading, Row, Tool};
use crate::sample::{at, catalog, name, relation, requirement, table};
use crate::{Directory, Fact, Schema, Snapshot, TenantId, Whose};

const MAIN: DatabaseId = DatabaseId(0);
const MESSAGES: crate::RequirementId = crate::RequirementId(0);
const MAX_AGE: Duration = Duration::from_secs(30);

fn per_tenant(facts: impl IntoIterator<Item = Fact>) -> Requirement {
    Requirement { per_tenant: true, ..requirement("messages", facts) }
}

fn messages() -> [Requirement; 1] {
    [per_tenant([table("messages_sys_userstatus")])]
}

/// A schema with these tables.
fn shape(tables: &[&str]) -> Shape {
    let relations = tables.iter().map(|table| ((*table).into(), relation(&["id bigint"]))).collect();
    Shape { schema: Schema { usage: true, relations, ..Schema::default() }, ..Shape::default() }
}

/// A database of tenants: those of the table of domains, and what their schemas hold.
fn seen(tenants: &[&str], shapes: Vec<(Shape, Vec<&str>)>) -> Catalog {
    let rows = tenants.iter().map(|schema| ((*schema).into(), vec![format!("{schema}.example.com").into()]));
    let shared = vec!["public".into()];
    let tenants = TenantsSeen {
        directory: Some(Arc::new(Directory::of_domains(rows, &shared))),
        problem: None,
        shapes: shapes
            .into_iter()
            .map(|(shape, schemas)| (Arc::new(shape), schemas.into_iter().map(Into::into).collect()))
            .collect(),
        shared,
    };
    Catalog { tenants: Some(tenants), ..catalog() }
}

fn look(before: Option<&Tenants>, requirements: &[Requirement], catalog: &Catalog, began: Moment) -> Tenants {
    Tenants::after_look(before, requirements, MAIN, catalog, catalog.tenants.as_ref().expect("tenants"), began)
}

/// Every tenant's verdict and findings.
fn told(tenants: &Tenants) -> Vec<String> {
    let one = |(id, tenant, standing): (TenantId, &super::super::Tenant, &Standing)| {
        let found = tenants.findings(id, MESSAGES).expect("judged");
        let findings: Vec<String> =
            found.findings.iter().map(|finding| finding.in_schema(&tenant.schema).to_string()).collect();
        format!("{}: {} {}", tenant.schema, standing.verdict, findings.join("; ")).trim_end().to_owned()
    };
    tenants.all().map(one).collect()
}

#[test]
fn each_tenant_is_judged_by_its_own_schema() {
    let complete = shape(&["messages_sys_userstatus"]);
    let catalog = seen(&["acme", "demo", "gone"], vec![(complete, vec!["acme", "zoo"]), (shape(&[]), vec!["demo"])]);
    let tenants = look(None, &messages(), &catalog, at(1));
    assert_eq!(
        told(&tenants),
        ["acme: ready", "demo: broken table messages_sys_userstatus is missing", "gone: broken schema gone is missing",]
    );
}

#[test]
fn a_table_that_public_has_falls_through_to_it() {
    let mut catalog = seen(&["acme", "demo"], vec![(shape(&["users"]), vec!["acme"]), (shape(&[]), vec!["demo"])]);
    catalog.schemas.get_mut("public").expect("public").relations.insert("users".into(), relation(&["id bigint"]));
    let requirements = [per_tenant([
        table("users"),
        Fact::Column { table: name("users"), column: "id".into(), ty: None, nullable: None },
    ])];
    let tenants = look(None, &requirements, &catalog, at(1));
    let expected = "table users falls through to public: the tenant has none of its own, and reads and writes that one";
    assert_eq!(told(&tenants), ["acme: ready".to_owned(), format!("demo: broken {expected}")]);
}

#[test]
fn a_qualified_name_means_the_same_for_every_tenant() {
    let catalog = seen(&["acme"], vec![(shape(&["AdminBackupJob"]), vec!["acme"])]);
    let both = [per_tenant([table("public.AdminBackupJob"), table("AdminBackupJob"), table("app.gone")])];
    assert_eq!(told(&look(None, &both, &catalog, at(1))), ["acme: broken table app.gone is missing"]);
}

#[test]
fn what_is_required_of_tenants_is_not_looked_for_along_the_search_path() {
    // `customers` is in `app`, the first schema of the database's own search path.
    let catalog = seen(&["acme"], vec![(shape(&[]), vec!["acme"])]);
    let tenants = look(None, &[per_tenant([table("customers")])], &catalog, at(1));
    assert_eq!(told(&tenants), ["acme: broken table customers is missing"]);
}

fn ledger_of(requirements: &[Requirement]) -> Ledger {
    let of_fact = |fact: &Fact| match fact {
        Fact::Migrations(expected) => Some(expected.ledger.clone()),
        _ => None,
    };
    requirements[0].facts.iter().find_map(of_fact).expect("a ledger")
}

#[test]
fn each_tenants_ledger_is_its_own() {
    let tool = Tool::named("django").expect("a tool");
    let ledger = Ledger { tool, table: name("django_migrations") };
    let migration = |name: &str| Migration { name: name.into(), key: name.into(), ..Migration::default() };
    let migrations = vec![migration("messages_sys.0001_initial")];
    let requirements = [per_tenant([Fact::Migrations(Arc::new(Expected::new(ledger.clone(), migrations)))])];
    let row = Row { key: "messages_sys.0001_initial".into(), mark: Mark::Done, checksum: None, log: None };
    let with = |rows: Vec<Row>| {
        let mut shape = shape(&[]);
        shape.ledgers.insert(ledger.clone(), Reading::Rows { rows, lock: LockState::Free });
        shape
    };
    let mut catalog = seen(
        &["acme", "behind", "none", "zzz"],
        vec![(with(vec![row.clone()]), vec!["acme"]), (with(vec![]), vec!["behind"]), (shape(&[]), vec!["none"])],
    );
    // The shared ledger of the same name is complete, and is nobody's excuse.
    catalog.ledgers.insert(ledger, Reading::Rows { rows: vec![row], lock: LockState::Free });
    catalog.tenants.as_mut().expect("tenants").shapes.push({
        let mut locked = shape(&[]);
        locked.unread.insert(ledger_of(&requirements));
        (Arc::new(locked), vec!["zzz".into()])
    });
    let tenants = look(None, &requirements, &catalog, at(1));
    let told = told(&tenants);
    assert_eq!(told[3], "zzz: unknown");
    assert_eq!(
        told[..2],
        ["acme: ready", "behind: broken migration messages_sys.0001_initial is pending: a program, which is not read"]
    );
    assert!(told[2].starts_with("none: broken ledger django_migrations is missing"), "{}", told[2]);
}

#[test]
fn who_the_tenants_are_stands_while_it_cannot_be_learnt() {
    let first = look(None, &messages(), &seen(&["demo"], vec![(shape(&[]), vec!["demo"])]), at(1));
    let mut blind = seen(&[], vec![(shape(&["messages_sys_userstatus"]), vec!["demo"])]);
    let problem = Finding::missing("table", &"customers_domain");
    let said = blind.tenants.as_mut().expect("tenants");
    (said.directory, said.problem) = (None, Some(problem.clone()));
    let second = look(Some(&first), &messages(), &blind, at(2));
    assert_eq!(told(&second), ["demo: ready"]);
    assert_eq!(second.problem(), Some(&problem));
    let never = look(None, &messages(), &blind, at(2));
    assert!(never.directory().is_none());
    assert_eq!(never.worst(MESSAGES), Verdict::Unknown);
}

#[test]
fn a_tenant_stands_since_its_verdict_changed_and_appeared_once() {
    let complete = || shape(&["messages_sys_userstatus"]);
    let first = look(None, &messages(), &seen(&["demo"], vec![(complete(), vec!["demo"])]), at(1));
    let both = seen(&["demo", "new"], vec![(complete(), vec!["demo"]), (shape(&[]), vec!["new"])]);
    let second = look(Some(&first), &messages(), &both, at(2));
    let ready = seen(&["demo", "new"], vec![(complete(), vec!["demo", "new"])]);
    let third = look(Some(&second), &messages(), &ready, at(3));
    let of = |tenants: &Tenants, schema: &str| {
        let id = tenants.directory().and_then(|directory| directory.id_of(schema)).expect("a tenant");
        tenants.standing(id).expect("a standing").clone()
    };
    let (demo, new) = (of(&third, "demo"), of(&third, "new"));
    assert_eq!((demo.since, demo.appeared, demo.arrived, demo.was_ready), (at(1), at(1), false, true));
    assert_eq!((new.since, new.appeared, new.arrived, new.was_ready), (at(3), at(2), true, true));
    assert!(!of(&second, "new").was_ready);

    let changes = |after: &Tenants, before: Option<&Tenants>| -> Vec<String> {
        let verdict = |standing: Option<&Standing>| standing.map_or("–", |standing| standing.verdict.as_str());
        let one = |change: crate::TenantChange<'_>| {
            format!("{} {} {}", change.tenant.schema, verdict(change.before), verdict(change.after))
        };
        after.changes_since(before).into_iter().map(one).collect()
    };
    assert_eq!(changes(&first, None), ["demo – ready"]);
    assert_eq!(changes(&second, Some(&first)), ["new – broken"]);
    assert_eq!(changes(&third, Some(&second)), ["new broken ready"]);
    assert_eq!(changes(&first, Some(&third)), ["new ready –"]);
    assert!(changes(&third, Some(&third)).is_empty());
}

#[test]
fn refusals_are_counted_while_a_tenant_stands_as_it_does() {
    let broken = seen(&["demo"], vec![(shape(&[]), vec!["demo"])]);
    let first = look(None, &messages(), &broken, at(1));
    let demo = TenantId(0);
    assert_eq!(first.standing(demo).expect("demo").refused.count(), 0);
    let second = look(Some(&first), &messages(), &broken, at(2));
    assert_eq!(second.standing(demo).expect("demo").refused.count(), 1);
    let ready = seen(&["demo"], vec![(shape(&["messages_sys_userstatus"]), vec!["demo"])]);
    let third = look(Some(&second), &messages(), &ready, at(3));
    assert_eq!(
        (second.standing(demo).expect("demo").refused.so_far(), third.standing(demo).expect("demo").refused.so_far()),
        (2, 0)
    );
}

#[test]
fn a_snapshot_tells_each_requests_verdict_by_whose_it_is() {
    let requirements = messages();
    let complete = shape(&["messages_sys_userstatus"]);
    let catalog = seen(&["acme", "demo"], vec![(complete, vec!["acme"]), (shape(&[]), vec!["demo"])]);
    let (snapshot, flips) =
        Snapshot::unknown(&requirements, 1).after_look(&requirements, MAIN, &catalog, at(1), MAX_AGE);
    let of = |whose, now| snapshot.verdict_for(MESSAGES, true, whose, now);
    assert_eq!(of(Whose::Tenant(TenantId(0)), at(1)), Some(Verdict::Ready));
    assert_eq!(of(Whose::Tenant(TenantId(1)), at(1)), Some(Verdict::Broken));
    assert_eq!(of(Whose::Tenant(TenantId(1)), at(60)), Some(Verdict::Unknown));
    assert_eq!(of(Whose::Shared, at(1)), None);
    assert_eq!(of(Whose::Stranger, at(1)), None);
    assert_eq!(of(Whose::Unlearnt, at(1)), Some(Verdict::Unknown));
    assert_eq!(snapshot.verdict(MESSAGES, at(1)), Verdict::Broken);
    assert_eq!(flips.len(), 1);

    let (again, flips) = snapshot.after_look(&requirements, MAIN, &catalog, at(2), MAX_AGE);
    assert!(flips.is_empty());
    assert_eq!(again.generation(), snapshot.generation());
}
