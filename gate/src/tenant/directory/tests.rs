use proptest::prelude::*;

use super::*;
use crate::{DomainTables, MatchingForm, Method, Target};

fn domains() -> TenantKey {
    TenantKey::Domains(DomainTables {
        domains: None,
        domain: "domain".into(),
        tenant: "tenant_id".into(),
        tenants: None,
        id: "id".into(),
        schema: "schema_name".into(),
    })
}

/// Rows of `schema: host host`.
fn listed(rows: &[(&str, &[&str])]) -> Directory {
    let rows = rows.iter().map(|(schema, hosts)| ((*schema).into(), hosts.iter().map(|host| (*host).into()).collect()));
    Directory::of_domains(rows, &["public".into()])
}

fn zumodra() -> Directory {
    listed(&[
        ("demo", &["demo.zumodra.rhematek-solutions.com", "www.demo.example"]),
        ("public", &["zumodra.rhematek-solutions.com"]),
        ("acme", &["acme.zumodra.rhematek-solutions.com", "Acme.Example"]),
        ("hostless", &[]),
    ])
}

fn find(directory: &Directory, key: &TenantKey, host: &str, tenant: Option<&str>) -> String {
    let target = Target::parse(b"/", MatchingForm::default()).expect("a path");
    let request =
        Request { host: &Host::parse(host), target: &target, method: Method::new("GET"), tenant, organisation: None };
    match directory.find(key, &request) {
        Whose::Tenant(id) => directory.tenant(id).expect("a tenant").schema.to_string(),
        other => format!("{other:?}"),
    }
}

#[test]
fn a_host_is_looked_up_as_django_tenants_does() {
    let directory = zumodra();
    let of = |host| find(&directory, &domains(), host, None);
    assert_eq!(of("demo.zumodra.rhematek-solutions.com"), "demo");
    assert_eq!(of("demo.zumodra.rhematek-solutions.com:8443"), "demo");
    assert_eq!(of("www.demo.zumodra.rhematek-solutions.com"), "demo");
    assert_eq!(of("acme.zumodra.rhematek-solutions.com"), "acme");
    assert_eq!(of("zumodra.rhematek-solutions.com"), "Shared");
    assert_eq!(of("www.zumodra.rhematek-solutions.com"), "Shared");
}

#[test]
fn other_spellings_of_a_host_lead_to_the_same_tenant() {
    let directory = zumodra();
    for host in [
        "DEMO.zumodra.rhematek-solutions.com",
        "demo.zumodra.rhematek-solutions.com.",
        "WWW.Demo.Zumodra.Rhematek-Solutions.com.:80",
        "www.demo.example",
    ] {
        assert_eq!(find(&directory, &domains(), host, None), "demo", "{host}");
    }
    assert_eq!(find(&directory, &domains(), "acme.example", None), "acme");
}

#[test]
fn a_host_that_is_not_listed_is_nobodys() {
    let directory = zumodra();
    for host in [
        "",
        "www.",
        "demo",
        "x.demo.zumodra.rhematek-solutions.com",
        "www.www.demo.zumodra.rhematek-solutions.com",
        "demo.zumodra.rhematek-solutions.com.evil.example",
        "demo.zumodra.rhematek-solutions.com..",
        "127.0.0.1",
        "[::1]",
    ] {
        assert_eq!(find(&directory, &domains(), host, None), "Stranger", "{host}");
    }
}

#[test]
fn of_hosts_that_differ_in_case_the_one_in_lower_case_counts() {
    for rows in [
        [("a", &["Shop.example"][..]), ("b", &["shop.example"])],
        [("a", &["shop.example"][..]), ("b", &["SHOP.example"])],
    ] {
        let lower = rows.iter().find(|(_, hosts)| hosts == &["shop.example"]).expect("one").0;
        assert_eq!(find(&listed(&rows), &domains(), "shop.EXAMPLE", None), lower);
    }
}

#[test]
fn a_tenant_without_a_host_is_a_tenant() {
    let directory = zumodra();
    let schemas: Vec<&str> = directory.tenants().iter().map(|tenant| &*tenant.schema).collect();
    assert_eq!(schemas, ["acme", "demo", "hostless"]);
    assert_eq!(directory.id_of("demo"), Some(TenantId(1)));
    assert_eq!(directory.id_of("public"), None);
}

fn by_label() -> (Directory, TenantKey) {
    let (host, schema) =
        ("{tenant}.example.com".parse().expect("a template"), "t_{tenant}".parse().expect("a template"));
    let schemas = ["public", "t_demo", "t_Acme", "t_", "other", "t_a.b"];
    (Directory::of_schemas(schemas, &schema, &["public".into()]), TenantKey::Host { host, schema })
}

#[test]
fn a_label_of_the_host_names_whoever_has_a_schema() {
    let (directory, key) = by_label();
    let of = |host| find(&directory, &key, host, None);
    assert_eq!(of("demo.example.com"), "t_demo");
    assert_eq!(of("www.demo.example.com:80"), "t_demo");
    assert_eq!(of("ACME.example.com."), "t_Acme");
    for host in ["nobody.example.com", "example.com", "a.b.example.com", "x.demo.example.com", "other.example.com"] {
        assert_eq!(of(host), "Stranger", "{host}");
    }
}

#[test]
fn the_systems_and_shared_schemas_are_no_tenants() {
    let schemas = ["public", "pg_catalog", "pg_toast", "information_schema", "extensions", "demo"];
    let template = "{tenant}".parse().expect("a template");
    let directory = Directory::of_schemas(schemas, &template, &["public".into(), "extensions".into()]);
    let schemas: Vec<&str> = directory.tenants().iter().map(|tenant| &*tenant.schema).collect();
    assert_eq!(schemas, ["demo"]);
}

#[test]
fn a_header_names_a_tenant_in_any_case() {
    let schema: Template = "t_{tenant}".parse().expect("a template");
    let directory = Directory::of_schemas(["t_demo", "t_acme"], &schema, &[]);
    let key = TenantKey::Header { schema };
    let of = |header| find(&directory, &key, "demo.example.com", header);
    for header in ["demo", "Demo", " demo "] {
        assert_eq!(of(Some(header)), "t_demo", "{header}");
    }
    for header in [None, Some(""), Some("t_demo"), Some("demo, acme"), Some(&*"x".repeat(100_000))] {
        assert_eq!(of(header), "Stranger");
    }
}

proptest! {
    /// Whatever Django answers for the tenant of a listed domain is gated as that tenant's.
    #[test]
    fn no_spelling_of_a_listed_host_gets_around_its_tenant(
        domain in "[a-z0-9]{1,8}(\\.[a-z0-9-]{1,8}){1,3}",
        upper in any::<bool>(), www in any::<bool>(), dot in any::<bool>(), port in proptest::option::of(any::<u16>()),
    ) {
        prop_assume!(!domain.starts_with("www."));
        let directory = listed(&[("other", &["other.invalid-"]), ("tenant", &[domain.as_str()])]);
        let mut sent = if www { format!("www.{domain}") } else { domain };
        if upper { sent.make_ascii_uppercase(); }
        if dot { sent.push('.'); }
        if let Some(port) = port { sent = format!("{sent}:{port}"); }
        prop_assert_eq!(find(&directory, &domains(), &sent, None), "tenant");
    }

    /// As django-tenants' `remove_www(request.get_host().split(":")[0])` and an exact comparison.
    #[test]
    fn whatever_django_finds_is_found(
        domains_of in proptest::collection::vec("(www\\.)?[ab]{1,2}\\.[ab]", 0..6),
        host in "(www\\.){0,2}[ab]{1,2}\\.[ab](:80)?",
    ) {
        let rows: Vec<(String, [&str; 1])> =
            domains_of.iter().enumerate().map(|(place, domain)| (format!("t{place:03}"), [domain.as_str()])).collect();
        let rows: Vec<(&str, &[&str])> = rows.iter().map(|(schema, hosts)| (schema.as_str(), &hosts[..])).collect();
        let name = host.split(':').next().unwrap_or_default();
        let name = name.strip_prefix("www.").unwrap_or(name);
        let django: Vec<&str> =
            rows.iter().filter(|(_, hosts)| hosts == &[name]).map(|(schema, _)| *schema).collect();
        let found = find(&listed(&rows), &domains(), &host, None);
        // The column is unique; a table that is not has the last one here.
        prop_assert!(django.is_empty() || django.contains(&found.as_str()), "{host}: {found} of {django:?}");
    }

    #[test]
    fn any_host_and_header_belong_to_somebody(host in ".*", header in proptest::option::of(".*")) {
        let (directory, key) = by_label();
        find(&directory, &key, &host, header.as_deref());
        find(&zumodra(), &domains(), &host, header.as_deref());
        find(&directory, &TenantKey::Header { schema: "{tenant}".parse().expect("a template") }, &host, header.as_deref());
    }
}
