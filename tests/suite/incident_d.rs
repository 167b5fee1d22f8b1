//! One tenant's schema is incomplete (Django, django-tenants).

use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use reqwest::Method;
use serde_json::Value as Json;

use crate::house::zumodra::{DOMAIN, Zumodra, ask, host};
use crate::house::{Answer, Backend, Client, Echo, Gateway, Run, eventually};

/// The promise is refresh + one read + 250 ms, and `detection` holds it; a busy machine with two cores gets five seconds more.
const T: Duration = Duration::from_millis(200 + 250 + 5000);
const LIMIT: Duration = Duration::from_secs(15);

const MESSAGES: &str = "/en/app/messages/";
const MESSAGES_IN_FRENCH: &str = "/fr/app/messages/";
const MEND: &str = "python manage.py migrate_schemas --schema=demo";

fn config(house: &Zumodra, upstream: &str, more: &str) -> String {
    format!(
        r#"
        [databases.main]
        url = "{url}"
        refresh = "200ms"
        [upstreams.django]
        servers = ["{upstream}"]
        [tenants]
        from = "django-tenants"
        needs = ["messages"]
        {more}
        [requirements.messages]
        per_tenant = true
        tables = ["messages_sys_userstatus"]
        [[routes]]
        path = "/healthz"
        tenant_needs = false
        [[routes]]
        path = "/*"
        "#,
        url = house.database.watcher_url(),
    )
}

struct Scene {
    house: Zumodra,
    _backend: Backend,
    gateway: Gateway,
    client: Client,
}

impl Scene {
    /// With the tenants `acme`, `beta` and `demo`.
    async fn set(more: &str) -> Self {
        let house = Zumodra::with(&["acme", "beta", "demo"]).await;
        let backend = Backend::start(&house.database).await;
        let gateway = Gateway::start(&config(&house, &backend.address(), more)).await;
        let client = gateway.client();
        Self { house, _backend: backend, gateway, client }
    }

    async fn get(&self, tenant: &str, path: &str) -> Answer {
        ask(&self.client, Method::GET, &host(tenant), path).await
    }

    /// Waits until a tenant is answered so. Meanwhile it gets no 500: the backend's is held back.
    async fn turns(&self, tenant: &str, status: u16, limit: Duration) {
        let what = format!("{tenant} gets {status}");
        eventually(&what, limit, async || {
            let answer = self.get(tenant, MESSAGES).await;
            assert_ne!(answer.status, 500, "a failure leaked");
            (answer.status == status).then_some(())
        })
        .await;
    }

    async fn report(&self) -> Json {
        self.gateway.admin().get("/health/migrations").await.expect(200).json()
    }

    fn check(&self, code: i32, format: &str) -> String {
        let folder = tempfile::tempdir().expect("a folder");
        fs::write(folder.path().join("proxy.toml"), config(&self.house, "127.0.0.1:1", "")).expect("a file");
        Run::of(folder.path(), &["check", "--database", "--format", format]).expect(code).stdout
    }
}

#[tokio::test]
async fn on_the_incomplete_tenants_host_everything_is_refused_and_opens_within_t_of_the_migration() {
    let scene = Scene::set("").await;
    assert_eq!(scene.get("demo", MESSAGES).await.expect(200).json()[0]["status"], "online");
    scene.house.break_tenant("demo").await;
    scene.turns("demo", 503, T).await;
    let methods = [Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE, Method::OPTIONS];
    for (method, path) in
        methods.iter().flat_map(|method| [MESSAGES, MESSAGES_IN_FRENCH, "/", "/x/y?z"].map(|path| (method, path)))
    {
        ask(&scene.client, method.clone(), &host("demo"), path).await.expect(503);
    }

    scene.house.mend_tenant("demo").await;
    scene.turns("demo", 200, T).await;
    assert_eq!(scene.get("demo", MESSAGES_IN_FRENCH).await.expect(200).json()[0]["status"], "online");
}

#[tokio::test]
async fn the_page_is_in_the_sites_language_and_names_no_table_schema_tenant_or_command() {
    let scene = Scene::set("").await;
    scene.house.break_tenant("demo").await;
    scene.turns("demo", 503, LIMIT).await;
    for (path, language) in [(MESSAGES, "en"), (MESSAGES_IN_FRENCH, "fr")] {
        let page = Answer::to(
            scene.client.request(Method::GET, path).header("host", host("demo")).header("accept", "text/html"),
        )
        .await
        .expect(503);
        assert_eq!(page.header("content-language"), language);
        assert!(page.text().contains(&format!("<html lang=\"{language}\"")), "{}", page.text());
        let json = scene.get("demo", path).await.expect(503);
        for text in [page.text(), json.text(), &format!("{:?}", json.headers)] {
            for secret in ["messages_sys", "userstatus", "demo", "acme", "schema=", "migrate_schemas", "manage.py"] {
                assert!(!text.contains(secret), "{secret} in {text}");
            }
        }
    }
}

/// Requests of the other tenants, and of nobody, one after the other; stops when told.
struct OtherTenants {
    stop: Arc<AtomicBool>,
    asking: tokio::task::JoinHandle<(usize, Vec<String>)>,
}

impl OtherTenants {
    fn keep_asking(client: &Client) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let (client, ended) = (client.clone(), Arc::clone(&stop));
        let asking = tokio::spawn(async move {
            let (mut asked, mut wrong) = (0, Vec::new());
            while !ended.load(Ordering::Relaxed) {
                for (host, path) in
                    [(host("acme"), MESSAGES), (host("beta"), MESSAGES_IN_FRENCH), (DOMAIN.to_owned(), "/")]
                {
                    let answer = ask(&client, Method::GET, &host, path).await;
                    asked += 1;
                    if answer.status != 200 {
                        wrong.push(format!("{} for {host}", answer.status));
                    }
                }
            }
            (asked, wrong)
        });
        Self { stop, asking }
    }

    async fn were_all_served(self) {
        self.stop.store(true, Ordering::Relaxed);
        let (asked, wrong) = self.asking.await.expect("the asking goes on");
        assert!(wrong.is_empty(), "{wrong:?}");
        assert!(asked > 20, "only {asked} requests");
    }
}

#[tokio::test]
async fn other_tenants_get_not_one_503_while_one_breaks_and_mends() {
    let scene = Scene::set("").await;
    let others = OtherTenants::keep_asking(&scene.client);
    for _ in 0..3 {
        scene.house.break_tenant("demo").await;
        scene.turns("demo", 503, LIMIT).await;
        scene.house.mend_tenant("demo").await;
        scene.turns("demo", 200, LIMIT).await;
    }
    others.were_all_served().await;
}

#[tokio::test]
async fn a_tenant_created_while_running_is_gated_while_incomplete_and_open_within_t_of_its_last_ddl() {
    let scene = Scene::set("unknown = 404").await;
    scene.get("testmigrate", MESSAGES).await.expect(404);
    scene.house.register("testmigrate", &host("testmigrate")).await;
    scene.turns("testmigrate", 503, T).await;
    scene.house.database.execute("CREATE SCHEMA testmigrate; CREATE TABLE testmigrate.auth_user (id int)").await;
    scene.get("testmigrate", MESSAGES).await.expect(503);
    scene.gateway.logged("tenant testmigrate is new and not complete yet").await;

    scene.house.mend_tenant("testmigrate").await;
    scene.turns("testmigrate", 200, T).await;
    scene.gateway.logged("tenant testmigrate is ready").await;
    scene.gateway.counts(|line| line == "schemagate_tenants_created_total 1").await;
    scene.gateway.counts(|line| line == "schemagate_tenant_ready_duration_seconds_count 1").await;

    scene.house.delete("testmigrate").await;
    scene.turns("testmigrate", 404, T).await;
    scene.gateway.counts(|line| line == "schemagate_tenants_gone_total 1").await;
    scene.gateway.logged("tenant testmigrate is gone").await;
}

#[tokio::test]
async fn operators_see_schema_domain_and_command() {
    let scene = Scene::set("").await;
    assert!(scene.check(0, "text").contains("messages: 3 tenants are ready, 0 are not"));
    scene.house.break_tenant("demo").await;
    scene.turns("demo", 503, LIMIT).await;

    let line = scene.gateway.logged("BLOCKED request to tenant 'demo' - migrations incomplete").await;
    let line: Json = serde_json::from_str(&line).expect("a line of JSON");
    let text = line.to_string();
    assert_eq!(line["level"], "ERROR", "{text}");
    for told in ["messages_sys_userstatus", MEND, &host("demo")] {
        assert!(text.contains(told), "{told} in {text}");
    }
    for _ in 0..5 {
        scene.get("demo", MESSAGES).await.expect(503);
    }
    let lines = scene.gateway.log().lines().filter(|line| line.contains("BLOCKED request to tenant")).count();
    assert_eq!(lines, 1, "one line for one change");
    let change = scene.gateway.logged("tenant demo is broken: table messages_sys_userstatus is missing").await;
    assert!(change.contains("WARN") && change.contains(MEND), "{change}");
    scene.gateway.logged("\"tenant\":\"demo\"").await;

    let report = scene.report().await;
    let messages = &report["requirements"][0];
    assert_eq!(report["status"], "degraded");
    assert_eq!((&report["tenants"]["ready"], &report["tenants"]["not_ready"]), (&2.into(), &1.into()));
    assert_eq!(report["tables"]["messages_sys_userstatus"], false);
    let failing = messages["tenants"]["failing"].as_array().expect("a list");
    assert_eq!(failing.len(), 1, "{report}");
    assert_eq!(failing[0]["schema"], "demo");
    assert_eq!(failing[0]["domain"], host("demo"));
    assert_eq!(failing[0]["mend"], MEND);
    assert_eq!(failing[0]["findings"][0]["text"], "table messages_sys_userstatus is missing");
    scene.gateway.admin().get("/health/migrations?strict").await.expect(503);
    let as_django_spells_it = scene.gateway.admin().get("/health/migrations/").await.expect(200).json();
    assert_eq!(as_django_spells_it["requirements"][0]["tenants"]["failing"][0]["schema"], "demo");

    scene.gateway.counts(|line| line == "schemagate_tenants{verdict=\"ready\"} 2").await;
    scene.gateway.counts(|line| line == "schemagate_tenants{verdict=\"broken\"} 1").await;
    let counted = |line: &str| line.starts_with("schemagate_requests_total{") && line.contains("reason=\"broken\"");
    scene.gateway.counts(counted).await;

    let printed = scene.check(1, "text");
    for told in ["broken", "tenant demo, ", "table messages_sys_userstatus is missing", MEND] {
        assert!(printed.contains(told), "{told} in {printed}");
    }
    assert!(scene.check(1, "json").contains("migrate_schemas --schema=demo"));

    scene.house.mend_tenant("demo").await;
    scene.turns("demo", 200, LIMIT).await;
    let mended = scene.gateway.logged("tenant demo is ready, after being broken for").await;
    assert!(mended.contains("requests were refused"), "{mended}");
}

#[tokio::test]
async fn the_container_does_not_start_while_one_tenant_is_incomplete() {
    let house = Zumodra::with(&["acme", "demo"]).await;
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("proxy.toml"), config(&house, "127.0.0.1:1", "")).expect("a file");
    let wait = ["wait", "--timeout", "5s", "--interval", "100ms"];
    Run::of(folder.path(), &wait).expect(0);
    house.break_tenant("demo").await;
    let refused = Run::of(folder.path(), &wait).expect(1).stdout;
    for told in ["messages", "tenant demo, ", "table messages_sys_userstatus is missing", MEND] {
        assert!(refused.contains(told), "{told} in {refused}");
    }
    house.mend_tenant("demo").await;
    Run::of(folder.path(), &wait).expect(0);
}

#[tokio::test]
async fn no_spelling_of_the_host_gets_around_the_gate() {
    let scene = Scene::set("").await;
    scene.house.break_tenant("demo").await;
    scene.turns("demo", 503, LIMIT).await;
    for host in [
        format!("DEMO.{DOMAIN}"),
        format!("demo.{}", DOMAIN.to_uppercase()),
        format!("demo.{DOMAIN}."),
        format!("demo.{DOMAIN}:8443"),
        format!("www.demo.{DOMAIN}"),
        format!("WWW.Demo.{DOMAIN}.:80"),
    ] {
        ask(&scene.client, Method::GET, &host, MESSAGES).await.expect(503);
    }
    for host in [DOMAIN.to_owned(), format!("www.acme.{DOMAIN}"), format!("ACME.{DOMAIN}"), "127.0.0.1".to_owned()] {
        let answer = ask(&scene.client, Method::GET, &host, MESSAGES).await;
        assert_ne!(answer.status, 503, "{host}");
    }
}

#[tokio::test]
async fn a_table_that_is_read_in_public_is_found_although_no_request_fails() {
    let house = Zumodra::with(&["acme", "demo"]).await;
    let backend = Backend::start(&house.database).await;
    let text = config(&house, &backend.address(), "").replace("[\"messages_sys_userstatus\"]", "[\"auth_user\"]");
    let gateway = Gateway::start(&text).await;
    let client = gateway.client();
    let users = async |tenant: &str| ask(&client, Method::GET, &host(tenant), "/en/app/users").await;
    assert_eq!(users("demo").await.expect(200).json()[0]["name"], "a user of demo");

    house.database.execute("DROP TABLE demo.auth_user").await;
    eventually("the leak is closed", T, async || (users("demo").await.status == 503).then_some(())).await;
    assert_eq!(users("acme").await.expect(200).json()[0]["name"], "a user of acme");
    gateway.logged("table auth_user falls through to public").await;
    let report = gateway.admin().get("/health/migrations").await.expect(200).json();
    assert_eq!(report["requirements"][0]["tenants"]["failing"][0]["findings"][0]["kind"], "falls_through");

    // What the backend would have said: another's rows, and a 200.
    let leak =
        Answer::to(Client::new(backend.port()).request(Method::GET, "/en/app/users").header("host", host("demo")));
    assert_eq!(leak.await.expect(200).json()[0]["name"], "the operator");
}

#[tokio::test]
async fn a_failure_before_the_next_look_is_held_back_for_one() {
    let house = Zumodra::with(&["acme", "demo"]).await;
    let backend = Backend::start(&house.database).await;
    let text = config(&house, &backend.address(), "").replace("\"200ms\"", "\"20s\"\nnotify = \"never\"");
    let gateway = Gateway::start(&text).await;
    let client = gateway.client();
    ask(&client, Method::GET, &host("demo"), MESSAGES).await.expect(200);
    house.break_tenant("demo").await;
    ask(&client, Method::GET, &host("demo"), MESSAGES).await.expect(503);
    assert!(backend.requests().iter().any(|request| request.ends_with(" 500")), "the backend was asked");
    ask(&client, Method::POST, &host("demo"), MESSAGES_IN_FRENCH).await.expect(503);
    ask(&client, Method::GET, &host("acme"), MESSAGES).await.expect(200);
    gateway.logged("BLOCKED request to tenant 'demo'").await;
}

#[tokio::test]
async fn a_tenant_without_a_schema_is_broken_and_the_route_that_says_so_is_not_the_tenants_affair() {
    let scene = Scene::set("unknown = \"block\"").await;
    scene.house.register("ghost", &host("ghost")).await;
    scene.gateway.logged("tenant ghost is new and not complete yet: schema ghost is missing").await;
    scene.get("ghost", MESSAGES).await.expect(503);
    let report = scene.report().await;
    let failing = &report["requirements"][0]["tenants"]["failing"][0];
    assert_eq!(failing["findings"][0]["text"], "schema ghost is missing");
    // No tenant's host: refused by `unknown`, but for what the route exempts.
    ask(&scene.client, Method::GET, "nobody.example", "/").await.expect(503);
    ask(&scene.client, Method::GET, "nobody.example", "/healthz").await.expect(404);
    ask(&scene.client, Method::GET, &host("ghost"), "/healthz").await.expect(404);
    ask(&scene.client, Method::GET, DOMAIN, "/").await.expect(200);
}

#[tokio::test]
async fn a_thousand_tenants_that_break_at_once_are_a_few_lines() {
    let house = Zumodra::with(&["acme"]).await;
    let many = "DO $$ BEGIN FOR i IN 1..60 LOOP
        EXECUTE format('CREATE SCHEMA s%s; CREATE TABLE s%s.messages_sys_userstatus (id int)', i, i);
        EXECUTE format('INSERT INTO customers_client (schema_name) VALUES (''s%s'')', i);
        EXECUTE format('INSERT INTO customers_domain (domain, tenant_id) SELECT ''s%s.example'', max(id) FROM customers_client', i);
        END LOOP; END $$";
    house.database.execute(many).await;
    let echo = Echo::start().await;
    let gateway = Gateway::start(&config(&house, &echo.address(), "")).await;
    gateway.logged("61 tenants are ready, 0 are not").await;
    let break_all = "DO $$ BEGIN FOR i IN 1..60 LOOP
        EXECUTE format('DROP TABLE s%s.messages_sys_userstatus', i); END LOOP; END $$";
    house.database.execute(break_all).await;
    let line = gateway.logged("60 tenants are broken: s1, s10, ").await;
    assert!(line.contains("and 50 more") && line.contains("messages_sys_userstatus is missing"), "{line}");
    let client = gateway.client();
    for tenant in 1..=60 {
        ask(&client, Method::GET, &format!("s{tenant}.example"), "/").await.expect(503);
    }
    let blocked = gateway.log().lines().filter(|line| line.contains("BLOCKED request")).count();
    assert_eq!(blocked, 20, "the rest are counted");
    let report = gateway.admin().get("/health/migrations").await.expect(200).json();
    assert_eq!(report["tenants"]["not_ready"], 60);
}

#[tokio::test]
async fn the_bypass_variable_lets_everything_pass_and_the_warnings_and_metrics_go_on() {
    let mut scene = Scene::set("unknown = 404\n[bypass]\nenv = [\"DISABLE_MIGRATION_CHECK=true\"]").await;
    scene.house.break_tenant("demo").await;
    scene.turns("demo", 503, LIMIT).await;
    scene.gateway.restart(&[("DISABLE_MIGRATION_CHECK", "true")]).await;
    // The backend's own failure, as in the night of the incident.
    scene.get("demo", MESSAGES).await.expect(500);
    scene.get("demo", MESSAGES_IN_FRENCH).await.expect(500);
    // It is the backend that does not know who that is.
    scene.get("nobody", MESSAGES).await.expect(404);
    scene.gateway.counts(|line| line.starts_with("schemagate_bypassed_requests_total{reason=\"unknown_tenant\"")).await;
    scene.get("acme", MESSAGES).await.expect(200);
    let warning = scene.gateway.logged("BYPASSED request").await;
    for part in ["\"WARN\"", "\"tenant\":\"demo\"", "DISABLE_MIGRATION_CHECK=true", "\"requirement\":\"messages\""] {
        assert!(warning.contains(part), "{part} in {warning}");
    }
    scene.gateway.counts(|line| line.starts_with("schemagate_bypassed_requests_total{reason=\"broken\"")).await;
    scene.gateway.counts(|line| line == "schemagate_bypasses 1").await;
    assert_eq!(scene.report().await["status"], "degraded");

    scene.gateway.restart(&[]).await;
    scene.turns("demo", 503, LIMIT).await;
}
