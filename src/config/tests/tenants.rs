//! What `[tenants]` means, and what is wrong with it.

use gate::{DatabaseId, DomainTables, RequirementId, Stranger, Tenant, TenantKey};

use super::*;

/// A database of tenants; `tenants` is the content of `[tenants]`.
fn text(tenants: &str, messages: &str) -> String {
    format!(
        r#"
        [databases.main]
        url = "postgres://app@127.0.0.1/app"
        [upstreams.api]
        servers = ["127.0.0.1:3000"]
        [tenants]
        {tenants}
        [requirements.messages]
        tables = ["messages_sys_userstatus"]
        {messages}
        [requirements.users]
        tables = ["users"]
        [[routes]]
        path = "/users/*"
        needs = ["users"]
        [[routes]]
        path = "/healthz"
        tenant_needs = false
        [[routes]]
        path = "/*"
        "#
    )
}

fn tenants(tenants: &str) -> Config {
    valid(&text(tenants, "per_tenant = true"))
}

fn demo() -> Tenant {
    Tenant { schema: "t_demo".into(), domains: ["demo.example.com".into()].into() }
}

#[test]
fn django_tenants_needs_no_more_than_its_name() {
    let config = tenants("from = \"django-tenants\"\nneeds = [\"messages\"]");
    assert_eq!(config.warnings, Vec::<String>::new());
    let tenancy = config.rules.tenancy().expect("tenants");
    let TenantKey::Domains(DomainTables { domains, domain, tenant, tenants, id, schema }) = &tenancy.key else {
        panic!("{:?}", tenancy.key);
    };
    assert_eq!((domains, tenants), (&None, &None));
    assert_eq!([&**domain, tenant, id, schema], ["domain", "tenant_id", "id", "schema_name"]);
    assert_eq!((&tenancy.shared[..], tenancy.stranger), (&["public".into()][..], Stranger::Pass));
    assert_eq!(tenancy.database, DatabaseId(0));
    let mend = config.notes(RequirementId(0)).and_then(|notes| notes.mend_of(&demo(), "demo"));
    assert_eq!(mend.as_deref(), Some("python manage.py migrate_schemas --schema=t_demo"));
}

#[test]
fn every_route_needs_what_a_tenants_request_does_unless_it_says_otherwise() {
    let config = tenants("from = \"django-tenants\"\nneeds = [\"messages\"]");
    let needs: Vec<&[RequirementId]> = config.rules.routes().iter().map(|route| &route.needs[..]).collect();
    let (messages, users) = (RequirementId(0), RequirementId(1));
    assert_eq!(needs, [&[users, messages][..], &[], &[messages]]);
    let are_tenants: Vec<bool> = config.rules.routes().iter().map(|route| route.tenant_needs).collect();
    assert_eq!(are_tenants, [true, false, true]);
}

#[test]
fn hosts_and_headers_are_templates_of_schemas() {
    let config = tenants("host = \"{tenant}.Example.com\"\nschema = \"t_{tenant}\"\nunknown = 404");
    let tenancy = config.rules.tenancy().expect("tenants");
    let TenantKey::Host { host, schema } = &tenancy.key else { panic!("{:?}", tenancy.key) };
    assert_eq!((host.to_string(), schema.to_string()), ("{tenant}.example.com".to_owned(), "t_{tenant}".to_owned()));
    assert_eq!((tenancy.stranger, tenancy.word("t_demo")), (Stranger::NotFound, "demo"));

    let config = tenants("header = \"X-Tenant\"\nunknown = \"block\"\nshared = [\"public\", \"extensions\"]");
    assert_eq!(config.tenant_header.as_ref().map(http::HeaderName::as_str), Some("x-tenant"));
    let tenancy = config.rules.tenancy().expect("tenants");
    assert!(matches!(tenancy.stranger, Stranger::Block(_)));
    assert_eq!(tenancy.shared.len(), 2);
}

#[test]
fn tables_of_ones_own_may_be_named() {
    let config = tenants(
        "from = \"django-tenants\"\n\
         domains = { table = \"customers_domain\", domain = \"host\", tenant = \"client_id\" }\n\
         tenants = { table = \"shared.customers_client\", id = \"uuid\", schema = \"schema\" }",
    );
    let tenancy = config.rules.tenancy().expect("tenants");
    let TenantKey::Domains(DomainTables { domains, tenants, id, .. }) = &tenancy.key else { panic!("a table") };
    assert_eq!(domains.as_ref().map(ToString::to_string).as_deref(), Some("customers_domain"));
    assert_eq!(tenants.as_ref().map(ToString::to_string).as_deref(), Some("shared.customers_client"));
    assert_eq!(&**id, "uuid");
}

#[test]
fn a_mend_of_ones_own_names_the_tenant() {
    let config = valid(&text(
        "header = \"X-Tenant\"\nschema = \"t_{tenant}\"",
        "per_tenant = true\nmend = \"migrate {schema} of {tenant} at {domain}\"",
    ));
    let mend = config.notes(RequirementId(0)).and_then(|notes| notes.mend_of(&demo(), "demo"));
    assert_eq!(mend.as_deref(), Some("migrate t_demo of demo at demo.example.com"));
}

#[test]
fn each_mistake_about_tenants_has_its_message() {
    let of = |tenants: &str| text(tenants, "per_tenant = true");
    let django = "from = \"django-tenants\"";
    for (text, message) in [
        (of(""), "`tenants` does not say how a request names its tenant"),
        (of("from = \"djang-tenants\""), "`tenants.from` knows no `djang-tenants`"),
        (of("from = \"django-tenants\"\nheader = \"X-Tenant\""), "`tenants.from` and `tenants.header` are both given"),
        (of("host = \"example.com\""), "`tenants.host`: `{tenant}` does not stand in it"),
        (of("host = \"{tenant}.{tenant}.com\""), "`{tenant}` stands in it more than once"),
        (of("host = \"*.{tenant}.com\""), "`tenants.host` is for one tenant a host, without `*`"),
        (of("host = \"https://{tenant}.com\""), "`tenants.host`: a host has no scheme, port or path"),
        (of("header = \"X Tenant\""), "`tenants.header`: `X Tenant` is not the name of a header"),
        (of("header = \"X-Tenant\"\nschema = \"t\""), "`tenants.schema`: `{tenant}` does not stand in it"),
        (of(&format!("{django}\nschema = \"t_{{tenant}}\"")), "`tenants.schema` goes with `host` or `header`"),
        (of("header = \"X\"\ndomains = { table = \"d\" }"), "`tenants.domains` goes with `from`"),
        (of(&format!("{django}\nunknown = 403")), "`tenants.unknown` knows no `403`"),
        (of(&format!("{django}\nneeds = [\"message\"]")), "there is no requirement `message`"),
        (of(&format!("{django}\nneeds = [\"users\"]")), "the requirement `users` is not one of each tenant"),
        (of(&format!("{django}\ndatabase = \"other\"")), "there is no database `other`"),
        (of(&format!("{django}\ntenants = {{ table = \"a.b.c\" }}")), "`tenants.tenants.table`: `a.b.c` is not a name"),
        (
            text(django, "per_tenant = true").replace("[tenants]\n        from = \"django-tenants\"", ""),
            "requirement `messages` is one of each tenant, and there is no [tenants]",
        ),
        (
            of(django).replace("postgres://app@127.0.0.1/app", "sqlite:app.db"),
            "`tenants`: the database `main` is SQLite, which has one schema alone",
        ),
        (
            of(django).replace("[upstreams.api]", "[databases.other]\nurl = \"postgres://b/b\"\n[upstreams.api]"),
            "`tenants` names no database, and there are several",
        ),
        (
            text(&format!("{django}\ndatabase = \"main\""), "per_tenant = true\ndatabase = \"other\"")
                .replace("[upstreams.api]", "[databases.other]\nurl = \"postgres://b/b\"\n[upstreams.api]"),
            "requirement `messages` is one of each tenant, and names another database than theirs",
        ),
    ] {
        let messages = messages(&text);
        assert!(messages.iter().any(|one| one.contains(message)), "wanted: {message}\ngot: {messages:#?}");
    }
}

#[test]
fn what_is_odd_about_tenants_is_warned_of() {
    let nothing = valid(&text("from = \"django-tenants\"", ""));
    let warned = |config: &Config, words: &str| config.warnings.iter().any(|warning| warning.contains(words));
    assert!(warned(&nothing, "nothing is required of tenants"), "{:?}", nothing.warnings);
    let config = text("from = \"django-tenants\"", "per_tenant = true");
    let qualified = valid(&config.replace("\"messages_sys_userstatus\"", "\"public.users\""));
    assert!(warned(&qualified, "it says the same of all tenants"), "{:?}", qualified.warnings);
}
