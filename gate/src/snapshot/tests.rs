use super::*;
use crate::WindowsRead;
use crate::sample::{at, catalog, requirement, table};

const MAX_AGE: Duration = Duration::from_secs(30);
const MAIN: DatabaseId = DatabaseId(0);
const BILLING: DatabaseId = DatabaseId(1);
const CUSTOMERS: RequirementId = RequirementId(0);
const ORDERS: RequirementId = RequirementId(1);
const BILLS: RequirementId = RequirementId(2);

/// Met, unmet, and unmet in another database.
fn requirements() -> Vec<Requirement> {
    let bills = Requirement { database: BILLING, ..requirement("bills", [table("bills")]) };
    vec![requirement("customers", [table("customers")]), requirement("orders", [table("orders")]), bills]
}

fn unknown() -> Snapshot {
    Snapshot::unknown(&requirements(), 2)
}

fn look(snapshot: &Snapshot, database: DatabaseId, catalog: &Catalog, began: Moment) -> (Snapshot, Vec<Flip>) {
    snapshot.after_look(&requirements(), database, catalog, began, MAX_AGE)
}

fn verdicts(snapshot: &Snapshot, now: Moment) -> [Verdict; 3] {
    [CUSTOMERS, ORDERS, BILLS].map(|id| snapshot.verdict(id, now))
}

const fn flip(requirement: RequirementId, from: Verdict, to: Verdict) -> Flip {
    Flip { requirement, from, to }
}

#[test]
fn before_the_first_look_everything_is_unknown() {
    let snapshot = unknown();
    assert_eq!(verdicts(&snapshot, at(0)), [Verdict::Unknown; 3]);
    assert_eq!(snapshot.generation(), 0);
    assert_eq!(snapshot.judgement(CUSTOMERS).map(|judgement| judgement.findings.len()), Some(0));
}

#[test]
fn a_look_counts_as_one_since_the_moment_it_began() {
    let (snapshot, _) = look(&unknown(), MAIN, &catalog(), at(5));
    assert_eq!(snapshot.last_look(MAIN), Some(at(5)));
    assert_eq!(snapshot.last_look(BILLING), None);
    assert_eq!(snapshot.last_look(DatabaseId(9)), None);
}

#[test]
fn a_look_at_a_part_makes_the_whole_count_no_longer() {
    let part = |snapshot: &Snapshot, began| {
        snapshot.after_look_at(&Extent::tenant("a"), &requirements(), MAIN, &catalog(), began, MAX_AGE).0
    };
    let snapshot = part(&unknown(), at(1));
    assert_eq!(verdicts(&snapshot, at(1)), [Verdict::Unknown; 3], "the whole was never seen");
    let snapshot = part(&look(&snapshot, MAIN, &catalog(), at(5)).0, at(8));
    assert!(snapshot.sightings(MAIN).expect("looks").are_since(at(8), &Extent::tenant("a")));
    assert!(snapshot.looked_since(MAIN, at(5)) && !snapshot.looked_since(MAIN, at(8)));
    let expiry = at(5).plus(MAX_AGE);
    assert!(snapshot.is_fresh(MAIN, expiry) && !snapshot.is_fresh(MAIN, expiry.plus(Duration::from_nanos(1))));
}

#[test]
fn a_look_that_found_the_same_is_not_judged_unless_the_last_one_grew_old() {
    let (first, _) = look(&unknown(), MAIN, &catalog(), at(1));
    let same = |began| first.after_the_same(&Extent::Everything, MAIN, &catalog(), began, MAX_AGE);
    let second = same(at(20)).expect("it is fresh");
    assert_eq!(second.generation(), first.generation());
    assert!(second.is_fresh(MAIN, at(50)) && second.looked_since(MAIN, at(20)));
    assert!(same(at(32)).is_none());
    assert!(unknown().after_the_same(&Extent::Everything, MAIN, &catalog(), at(1), MAX_AGE).is_none());
}

#[test]
fn windows_of_a_table_that_is_locked_still_count_for_longer_with_each_look() {
    let read = |windows| Catalog { windows: Some(windows), ..catalog() };
    let (known, _) = look(&unknown(), MAIN, &read(WindowsRead::Missing), at(1));
    let locked = read(WindowsRead::Locked);
    let (known, _) = look(&known, MAIN, &locked, at(2));
    let again = known.after_the_same(&Extent::Everything, MAIN, &locked, at(20), MAX_AGE).expect("it is fresh");
    assert_eq!(again.windows().table().counts_until, at(20).plus(MAX_AGE));
    assert_eq!(again.generation(), known.generation());
}

#[test]
fn a_requirement_that_is_not_there_is_unknown() {
    assert_eq!(unknown().verdict(RequirementId(9), at(0)), Verdict::Unknown);
    assert_eq!(unknown().judgement(RequirementId(9)), None);
}

#[test]
fn a_look_settles_the_requirements_of_its_database_alone() {
    let (snapshot, flips) = look(&unknown(), MAIN, &catalog(), at(1));
    assert_eq!(verdicts(&snapshot, at(1)), [Verdict::Ready, Verdict::Broken, Verdict::Unknown]);
    assert_eq!(
        flips,
        [flip(CUSTOMERS, Verdict::Unknown, Verdict::Ready), flip(ORDERS, Verdict::Unknown, Verdict::Broken)]
    );
    let (_, flips) = look(&snapshot, BILLING, &catalog(), at(2));
    assert_eq!(flips, [flip(BILLS, Verdict::Unknown, Verdict::Broken)]);
}

#[test]
fn findings_are_empty_exactly_where_the_verdict_is_ready() {
    let (snapshot, _) = look(&unknown(), MAIN, &catalog(), at(1));
    let findings = |id| snapshot.judgement(id).expect("a judgement").findings.len();
    assert_eq!((findings(CUSTOMERS), findings(ORDERS)), (0, 1));
}

#[test]
fn a_look_that_finds_the_same_changes_nothing_but_its_freshness() {
    let (first, _) = look(&unknown(), MAIN, &catalog(), at(1));
    let (second, flips) = look(&first, MAIN, &catalog(), at(20));
    assert_eq!(flips, []);
    assert_eq!(second.generation(), first.generation());
    assert_eq!(second.judgement(ORDERS), first.judgement(ORDERS));
    assert_eq!(first.verdict(CUSTOMERS, at(45)), Verdict::Unknown);
    assert_eq!(second.verdict(CUSTOMERS, at(45)), Verdict::Ready);
}

#[test]
fn breaking_and_mending_flip_once_each_and_count_a_generation_each() {
    let mut broken = catalog();
    broken.schemas.get_mut("app").expect("a schema").relations.remove("customers");
    let (ready, _) = look(&unknown(), MAIN, &catalog(), at(1));
    let (gone, flips) = look(&ready, MAIN, &broken, at(2));
    assert_eq!(flips, [flip(CUSTOMERS, Verdict::Ready, Verdict::Broken)]);
    assert_eq!(gone.generation(), ready.generation() + 1);
    assert_eq!(gone.judgement(CUSTOMERS).expect("a judgement").since, at(2));
    let (back, flips) = look(&gone, MAIN, &catalog(), at(3));
    assert_eq!(flips, [flip(CUSTOMERS, Verdict::Broken, Verdict::Ready)]);
    assert_eq!(back.generation(), ready.generation() + 2);
    assert_eq!(back.judgement(CUSTOMERS).expect("a judgement").since, at(3));
    assert_eq!(back.judgement(ORDERS).expect("a judgement").since, at(1));
}

#[test]
fn other_findings_of_the_same_verdict_are_a_new_generation_without_a_flip() {
    let requirements = [requirement("two", [table("orders"), table("bills")])];
    let mut one_more = catalog();
    let public = one_more.schemas.get_mut("public").expect("a schema");
    public.relations.insert("orders".into(), crate::sample::relation(&["id text"]));
    let look = |snapshot: &Snapshot, catalog: &Catalog, began| {
        snapshot.after_look(&requirements, MAIN, catalog, began, MAX_AGE)
    };
    let (first, _) = look(&Snapshot::unknown(&requirements, 1), &catalog(), at(1));
    let (second, flips) = look(&first, &one_more, at(2));
    assert_eq!(flips, []);
    assert_eq!(second.generation(), first.generation() + 1);
    assert_eq!(second.judgement(CUSTOMERS).expect("a judgement").findings.len(), 1);
    assert_eq!(second.judgement(CUSTOMERS).expect("a judgement").since, at(1));
}

#[test]
fn a_verdict_counts_for_max_age_from_when_its_look_began() {
    let (snapshot, _) = look(&unknown(), MAIN, &catalog(), at(10));
    assert_eq!(snapshot.verdict(ORDERS, at(40)), Verdict::Broken);
    assert_eq!(snapshot.verdict(ORDERS, at(41)), Verdict::Unknown);
    assert!(!snapshot.is_fresh(MAIN, at(41)));
    // What was last learnt is still there to be told.
    assert_eq!(snapshot.judgement(ORDERS).expect("a judgement").verdict, Verdict::Broken);
}

#[test]
fn one_database_grows_old_without_the_other() {
    let (snapshot, _) = look(&unknown(), MAIN, &catalog(), at(1));
    let (snapshot, _) = look(&snapshot, BILLING, &catalog(), at(20));
    assert_eq!(verdicts(&snapshot, at(40)), [Verdict::Unknown, Verdict::Unknown, Verdict::Broken]);
}

#[test]
fn a_verdict_that_had_grown_old_flips_from_unknown() {
    let (snapshot, _) = look(&unknown(), MAIN, &catalog(), at(1));
    let (again, flips) = look(&snapshot, MAIN, &catalog(), at(100));
    assert_eq!(
        flips,
        [flip(CUSTOMERS, Verdict::Unknown, Verdict::Ready), flip(ORDERS, Verdict::Unknown, Verdict::Broken)]
    );
    assert_eq!(again.generation(), snapshot.generation() + 1);
    assert_eq!(again.judgement(ORDERS).expect("a judgement").since, at(100));
}

#[test]
fn a_database_that_nobody_configured_is_never_fresh() {
    let (snapshot, _) = look(&unknown(), DatabaseId(7), &catalog(), at(1));
    assert!(!snapshot.is_fresh(DatabaseId(7), at(1)));
    assert_eq!(verdicts(&snapshot, at(1)), [Verdict::Unknown; 3]);
}

fn rules(requirements: Vec<Requirement>) -> crate::Rules {
    crate::Rules::new(vec![], requirements, 2, crate::MatchingForm::default(), None).expect("rules")
}

#[test]
fn under_other_rules_what_is_said_as_before_of_the_same_database_stands_as_it_did() {
    let (known, _) = look(&unknown(), MAIN, &catalog(), at(5));
    let before = rules(requirements());
    // Another order of databases and requirements, one that is new, and one that says something else.
    let bills = Requirement { database: MAIN, ..requirement("bills", [table("bills")]) };
    let in_main = |requirement: Requirement| Requirement { database: BILLING, ..requirement };
    let new = in_main(requirement("new", [table("customers")]));
    let orders = in_main(requirement("orders", [table("customers")]));
    let customers = in_main(requirement("customers", [table("customers")]));
    let after = rules(vec![new, bills, orders, customers]);
    let carried = known.carried_over(&before, &after, &[Some(BILLING), Some(MAIN)]);
    let verdict = |id| carried.verdict(RequirementId(id), at(6));
    assert_eq!([0, 1, 2, 3].map(verdict), [Verdict::Unknown, Verdict::Unknown, Verdict::Unknown, Verdict::Ready]);
    assert_eq!(carried.judgement(RequirementId(3)).map(|judgement| judgement.since), Some(at(5)));
    assert_eq!((carried.last_look(BILLING), carried.last_look(MAIN)), (Some(at(5)), None));
    assert_ne!(carried.generation(), known.generation());
}

#[test]
fn under_other_rules_nothing_is_known_of_a_database_that_is_another_one() {
    let (known, _) = look(&unknown(), MAIN, &catalog(), at(5));
    let carried = known.carried_over(&rules(requirements()), &rules(requirements()), &[None, Some(BILLING)]);
    assert_eq!(verdicts(&carried, at(6)), [Verdict::Unknown; 3]);
}

#[test]
fn under_other_rules_it_is_known_still_when_each_part_was_looked_at() {
    let (known, _) = look(&unknown(), MAIN, &catalog(), at(5));
    let part = Extent::tenant("a");
    let (known, _) = known.after_look_at(&part, &requirements(), MAIN, &catalog(), at(8), MAX_AGE);
    let carried = known.carried_over(&rules(requirements()), &rules(requirements()), &[Some(BILLING), Some(MAIN)]);
    let seen = carried.sightings(BILLING).expect("looks");
    assert!(seen.are_since(at(8), &part) && !seen.are_since(at(8), &Extent::Everything));
    let expiry = at(5).plus(MAX_AGE);
    assert!(carried.is_fresh(BILLING, expiry) && !carried.is_fresh(BILLING, expiry.plus(Duration::from_nanos(1))));
    assert!(!carried.is_fresh(MAIN, at(5)));
}
