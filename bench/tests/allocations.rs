//! A request's decision asks the allocator for nothing.

use allocation_counter::measure;
use gate::{Blocks, Host, MatchingForm, Outcome, Request, Target, Window, WindowScope, WindowSource};
use schemagate_bench::{NOW, Scene};

#[test]
fn parsing_and_deciding_an_ordinary_request_allocates_nothing() {
    allocates_nothing(&Scene::of(1_000));
    allocates_nothing(&Scene::of_tenants(1_000));
}

fn allocates_nothing(scene: &Scene) {
    for sent in &scene.requests {
        let mut outcome = Outcome::NoRoute;
        let counted = measure(|| {
            let request = Request {
                host: &sent.host(),
                target: &sent.target(),
                method: sent.method(),
                tenant: None,
                organisation: None,
            };
            outcome = scene.gate.decide(&request, NOW).outcome;
        });
        assert_eq!(counted.count_total, 0, "{sent:?}");
        assert_ne!(outcome, Outcome::NoRoute, "{sent:?}");
    }
}

#[test]
fn deciding_under_a_thousand_windows_allocates_nothing() {
    let scene = Scene::of(1_000);
    let windows = (0..1_000).map(|number: u32| Window {
        name: format!("w{number}").into(),
        source: WindowSource::Operator,
        from: NOW,
        until: None,
        until_ready: false,
        blocks: Blocks::Writes,
        scope: WindowScope {
            routes: ["GET /admin/section1/export".into()].into(),
            organisation: (number > 10).then(|| format!("org{number}").into()),
            ..WindowScope::default()
        },
        message: None,
    });
    let snapshot = scene.gate.snapshot().with_windows(WindowSource::Operator, windows.collect());
    let gate = scene.gate.with_snapshot(snapshot);
    for sent in scene.requests.iter().take(100) {
        let counted = measure(|| {
            let organisation = Some("org500");
            let (host, target) = (sent.host(), sent.target());
            let request = Request { host: &host, target: &target, method: sent.method(), tenant: None, organisation };
            gate.decide(&request, NOW);
        });
        assert_eq!(counted.count_total, 0, "{sent:?}");
    }
}

#[test]
fn an_escaped_path_of_120_bytes_and_an_ipv6_host_allocate_nothing() {
    let path = "/files/R%C3%A9sum%C3%A9/".to_owned() + &"x".repeat(96);
    let counted = measure(|| {
        assert!(Target::parse(path.as_bytes(), MatchingForm::default()).is_ok());
        assert_eq!(Host::parse("[2001:DB8:0:0::1]:8443").as_str(), "[2001:db8::1]");
    });
    assert_eq!(counted.count_total, 0);
}
