use Verdict::{Broken, Contradicted, Ready};

use super::*;

fn wishes(recovery: bool) -> Wishes {
    Wishes { verdicts: vec![Broken, Contradicted], blocked: true, recovery, only: Vec::new(), after: Duration::ZERO }
}

/// A fleet of forty, of which some are not well.
struct Scene {
    fleet: Fleet,
    wishes: Wishes,
    tenants: BTreeMap<String, (Option<Verdict>, bool)>,
}

impl Scene {
    fn new(recovery: bool) -> Self {
        let tenants = (0..40).map(|tenant| (format!("t{tenant:02}"), (Some(Ready), false)));
        Self { fleet: Fleet::default(), wishes: wishes(recovery), tenants: tenants.collect() }
    }

    fn turn(&mut self, tenants: impl IntoIterator<Item = u32>, verdict: Verdict) {
        for tenant in tenants {
            self.tenants.insert(format!("t{tenant:02}"), (Some(verdict), false));
        }
    }

    /// What is told within ten seconds, of which this is the number.
    fn told(&mut self, tens: u64) -> Vec<String> {
        let began = tens * 10_000;
        [began, began + 1000].into_iter().flat_map(|millis| self.told_at(millis)).collect()
    }

    /// What is told at a moment: `t07 broken`, or of many `12 broken`.
    fn told_at(&mut self, millis: u64) -> Vec<String> {
        let seen = self.tenants.iter().map(|(schema, (verdict, blocked))| Seen {
            schema,
            verdict: *verdict,
            blocked: *blocked,
        });
        let news = self.fleet.look(&self.wishes, seen, Moment::from_origin(Duration::from_millis(millis)));
        let told = news.into_iter().map(|news| match news {
            News::One { schema, state } => format!("{schema} {}", state.as_str()),
            News::Gone { schema, state } => format!("{schema} gone, {}", state.as_str()),
            News::Many { count, state, .. } => format!("{count} {}", state.as_str()),
        });
        told.collect()
    }
}

#[test]
fn each_tenant_is_told_once_and_so_is_its_end() {
    let mut scene = Scene::new(true);
    scene.turn([3], Broken);
    assert_eq!(scene.told(1), ["t03 broken"]);
    scene.turn([7], Broken);
    assert_eq!(scene.told(2), ["t07 broken"]);
    assert_eq!(scene.told(3), [""; 0]);
    scene.turn([3], Ready);
    assert_eq!(scene.told(4), ["t03 recovered"]);
    scene.turn([7], Contradicted);
    assert_eq!(scene.told(5), ["t07 contradicted"]);
    scene.turn([7], Ready);
    assert_eq!(scene.told(6), ["t07 recovered"]);
}

#[test]
fn many_at_once_are_one_message_until_none_of_them_is_left() {
    let mut scene = Scene::new(true);
    scene.turn(0..30, Broken);
    assert_eq!(scene.told(1), ["30 broken"]);
    scene.turn(20..30, Ready);
    assert_eq!(scene.told(2), [""; 0]);
    scene.turn(5..20, Ready);
    assert_eq!(scene.told(3), ["5 broken"], "less than half of them");
    scene.turn(0..5, Ready);
    assert_eq!(scene.told(4), ["30 recovered"]);
    scene.turn([1], Broken);
    assert_eq!(scene.told(5), ["t01 broken"]);
}

#[test]
fn one_after_the_other_is_told_by_itself_while_they_are_few_and_then_seldom() {
    let mut scene = Scene::new(true);
    let mut told = Vec::new();
    for tenant in 0..40 {
        scene.turn([tenant], Broken);
        told.extend(scene.told(u64::from(tenant)));
    }
    let singly = (0..10).map(|tenant| format!("t{tenant:02} broken"));
    assert_eq!(told, singly.chain(["11 broken", "22 broken"].map(str::to_owned)).collect::<Vec<_>>());
    assert_eq!(scene.told(21 + 31), ["40 broken"], "after a while all that came since");
    assert_eq!(scene.told(21 + 62), [""; 0], "and not again");
    // Whoever was told of by itself is also ended by itself.
    scene.turn(0..40, Ready);
    let ended = scene.told(1000);
    assert_eq!((ended.len(), &*ended[0], &*ended[10]), (11, "t00 recovered", "40 recovered"));
}

#[test]
fn what_comes_bit_by_bit_is_gathered_until_a_second_is_quiet_and_for_five_at_most() {
    let mut scene = Scene::new(true);
    for (tenants, millis) in [(0..4, 0), (4..8, 600), (8..30, 1500)] {
        scene.turn(tenants, Broken);
        assert_eq!(scene.told_at(millis), [""; 0]);
    }
    assert_eq!(scene.told_at(2500), ["30 broken"]);
    scene.turn(10..30, Ready);
    assert_eq!(scene.told_at(3000), [""; 0], "the others may follow");
    scene.turn(0..10, Ready);
    assert_eq!(scene.told_at(3100), ["30 recovered"]);

    scene.turn([1], Broken);
    assert_eq!(scene.told_at(4000), [""; 0]);
    scene.turn([1], Ready);
    assert_eq!(scene.told_at(9000), [""; 0], "it was over before it was told");

    let mut told = Vec::new();
    for tenant in 0..7 {
        scene.turn([tenant], Broken);
        told.push(scene.told_at(10_000 + u64::from(tenant) * 900).len());
    }
    assert_eq!(told, [0, 0, 0, 0, 0, 0, 7]);
}

#[test]
fn whoever_wants_no_recovery_hears_of_none() {
    let mut scene = Scene::new(false);
    scene.turn(0..30, Broken);
    assert_eq!(scene.told(1), ["30 broken"]);
    scene.turn(0..29, Ready);
    assert_eq!(scene.told(2), [""; 0]);
    assert_eq!(scene.told(1000), [""; 0]);
    scene.turn([29], Ready);
    assert_eq!(scene.told(1001), [""; 0]);
    scene.turn(0..12, Broken);
    assert_eq!(scene.told(1002), ["12 broken"]);
}

#[test]
fn a_tenant_that_goes_is_over_and_one_that_is_not_known_just_now_stays_as_it_was() {
    let mut scene = Scene::new(true);
    scene.turn([1, 2], Broken);
    assert_eq!(scene.told(1), ["t01 broken", "t02 broken"]);
    scene.tenants.remove("t01");
    scene.tenants.insert("t02".to_owned(), (None, false));
    assert_eq!(scene.told(2), ["t01 gone, recovered"]);
    scene.turn([2], Broken);
    assert_eq!(scene.told(3), [""; 0]);
}

#[test]
fn a_refusal_is_told_after_the_verdict_and_of_many_only_if_all_were_refused() {
    let mut scene = Scene::new(true);
    scene.turn([1], Broken);
    assert_eq!(scene.told(1), ["t01 broken"]);
    scene.tenants.insert("t01".to_owned(), (Some(Broken), true));
    assert_eq!(scene.told(2), ["t01 blocked"]);
    assert_eq!(scene.told(3), [""; 0]);
    scene.turn(2..20, Broken);
    assert_eq!(scene.told(4), ["19 broken"]);
}

#[test]
fn a_requirement_that_goes_ends_what_was_told_of_it() {
    let mut scene = Scene::new(true);
    scene.turn([1], Broken);
    scene.told(1);
    scene.turn(2..20, Broken);
    scene.told(2);
    let ended = scene.fleet.end(&scene.wishes, Moment::from_origin(Duration::from_secs(5)));
    assert_eq!(ended.len(), 2, "{ended:?}");
    assert!(scene.fleet.end(&scene.wishes, Moment::from_origin(Duration::from_secs(6))).is_empty());
}
