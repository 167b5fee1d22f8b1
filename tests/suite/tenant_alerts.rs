//! Operators are told, by webhook, which tenant it is.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};

use crate::house::zumodra::{Zumodra, ask, host};
use crate::house::{Echo, Gateway, Receiver, eventually, holds_for};

const LIMIT: Duration = Duration::from_secs(15);
/// So long nothing is told that should not be.
const QUIET: Duration = Duration::from_millis(1500);

struct Scene {
    zumodra: Zumodra,
    _echo: Echo,
    receiver: Receiver,
    gateway: Gateway,
}

impl Scene {
    /// With some tenants, and webhooks in whose text `RECEIVER` is the receiver's address.
    async fn set(tenants: &[&str], alerts: &str) -> Self {
        Self::of(Zumodra::with(tenants).await, alerts).await
    }

    async fn of(zumodra: Zumodra, alerts: &str) -> Self {
        let echo = Echo::start().await;
        let receiver = Receiver::start().await;
        let alerts = alerts.replace("RECEIVER", &receiver.address());
        let gateway = Gateway::start(&format!(
            r#"
            [databases.main]
            url = "{url}"
            refresh = "100ms"
            [upstreams.django]
            servers = ["{echo}"]
            [tenants]
            from = "django-tenants"
            needs = ["messages"]
            [requirements.messages]
            per_tenant = true
            tables = ["messages_sys_userstatus"]
            mend = "python manage.py migrate_schemas --schema={{schema}}"
            component = "inbox"
            [[routes]]
            name = "app"
            path = "/*"
            {alerts}
            "#,
            url = zumodra.database.watcher_url(),
            echo = echo.address(),
        ))
        .await;
        gateway.logged("tenants are ready, 0 are not").await;
        Self { zumodra, _echo: echo, receiver, gateway }
    }

    async fn sixty() -> Zumodra {
        let zumodra = Zumodra::with(&[]).await;
        let sixty = "DO $$ BEGIN FOR i IN 1..60 LOOP
            EXECUTE format('CREATE SCHEMA s%s; CREATE TABLE s%s.messages_sys_userstatus (id int)', i, i);
            EXECUTE format('INSERT INTO customers_client (schema_name) VALUES (''s%s'')', i);
            EXECUTE format('INSERT INTO customers_domain (domain, tenant_id) SELECT ''s%s.example'', max(id) FROM customers_client', i);
            END LOOP; END $$";
        zumodra.database.execute(sixty).await;
        zumodra
    }

    /// In one transaction, so that a look sees all of it.
    async fn for_each(&self, tenants: &str, sql: &str) {
        let sql = format!("DO $$ BEGIN FOR i IN {tenants} LOOP EXECUTE format('{sql}', i); END LOOP; END $$");
        self.zumodra.database.execute(&sql).await;
    }

    async fn refuses(&self, tenant: &str) {
        let client = self.gateway.client();
        eventually("it is refused", LIMIT, async || {
            (ask(&client, Method::GET, &host(tenant), "/").await.status == 503).then_some(())
        })
        .await;
    }

    async fn no_more_than(&self, messages: usize) {
        let what = format!("{messages} messages");
        holds_for(&what, QUIET, async || self.receiver.received().len() <= messages).await;
    }
}

const JSON: &str = "[[alerts]]\nwebhook = \"http://RECEIVER/hook\"";

/// Some fields of a message.
fn fields<const N: usize>(message: &Value, names: [&str; N]) -> [Value; N] {
    names.map(|name| message[name].clone())
}

#[tokio::test]
async fn each_tenant_that_breaks_is_told_of_by_name_and_resolved_by_itself() {
    let scene = Scene::set(&["acme", "beta", "demo"], JSON).await;
    scene.zumodra.break_tenant("demo").await;
    let demo = scene.receiver.message(0).await;
    let told = fields(&demo, ["event", "status", "severity", "title", "requirement", "database", "tenant", "domain"]);
    let expected = [
        "broken",
        "firing",
        "error",
        "messages is broken for tenant 'demo'",
        "messages",
        "main",
        "demo",
        "demo.zumodra.rhematek-solutions.com",
    ];
    assert_eq!(told, expected.map(|text| json!(text)), "{demo}");
    assert_eq!(demo["findings"], json!(["table messages_sys_userstatus is missing"]));
    assert_eq!(demo["mend"], "python manage.py migrate_schemas --schema=demo");
    assert_eq!((&demo["component"], &demo["routes"]), (&json!("inbox"), &json!(["app"])));

    scene.zumodra.break_tenant("acme").await;
    let acme = scene.receiver.message(1).await;
    assert_eq!(fields(&acme, ["event", "tenant"]), [json!("broken"), json!("acme")]);
    assert_ne!(acme["key"], demo["key"], "another subject");

    scene.zumodra.mend_tenant("demo").await;
    let mended = scene.receiver.message(2).await;
    assert_eq!(fields(&mended, ["event", "status", "tenant"]), [json!("recovered"), json!("resolved"), json!("demo")]);
    assert_eq!((&mended["key"], &mended["findings"]), (&demo["key"], &json!([])));
    assert!(
        mended["title"].as_str().expect("a title").starts_with("messages is ready again for tenant 'demo', after ")
    );

    // A tenant that goes is no longer broken.
    scene.zumodra.delete("acme").await;
    let gone = scene.receiver.message(3).await;
    assert_eq!(fields(&gone, ["status", "title"]), [json!("resolved"), json!("tenant 'acme' is gone")]);
    assert_eq!(gone["key"], acme["key"]);
    scene.no_more_than(4).await;
}

#[tokio::test]
async fn each_receiver_hears_of_the_tenant_in_its_own_words() {
    let scene = Scene::set(
        &["acme", "demo"],
        "[[alerts]]\nwebhook = \"http://RECEIVER/slack\"\nformat = \"slack\"\n\
         [[alerts]]\nwebhook = \"http://RECEIVER/v2/enqueue\"\nformat = \"pagerduty\"\nkey = \"R0UT1NG\"\n\
         [[alerts]]\nwebhook = \"http://abc@RECEIVER/42\"\nformat = \"sentry\"",
    )
    .await;
    let bodies = async |count: usize| {
        eventually("messages", LIMIT, async || (scene.receiver.received().len() >= count).then_some(())).await;
        let bodies: Vec<String> = scene.receiver.received().drain(count - 3..).map(|(_, body)| body).collect();
        let of = |part: &str| bodies.iter().find(|body| body.contains(part)).expect("it was told").clone();
        let pagerduty: Value = serde_json::from_str(&of("R0UT1NG")).expect("JSON");
        let event: Value = serde_json::from_str(of("event_id").lines().nth(2).expect("an event")).expect("JSON");
        let slack: Value = serde_json::from_str(&of("\"text\"")).expect("JSON");
        (slack["text"].as_str().expect("text").to_owned(), pagerduty, event)
    };
    scene.zumodra.break_tenant("demo").await;
    let (slack, pagerduty, event) = bodies(3).await;
    for part in
        ["*messages is broken for tenant 'demo'*", "tenant: demo, demo.zumodra", "migrate_schemas --schema=demo"]
    {
        assert!(slack.contains(part), "{part} in {slack}");
    }
    assert_eq!(pagerduty["payload"]["summary"], "messages is broken for tenant 'demo'");
    assert_eq!(fields(&pagerduty["payload"], ["group", "component"]), [json!("demo"), json!("inbox")]);
    assert_eq!(event["message"]["formatted"], "messages is broken for tenant 'demo'");
    assert_eq!(fields(&event["tags"], ["tenant", "component"]), [json!("demo"), json!("inbox")]);
    let key = pagerduty["dedup_key"].clone();
    assert_eq!(event["fingerprint"], json!([key]));
    for details in [&pagerduty["payload"]["custom_details"], &event["extra"]] {
        assert_eq!(fields(details, ["tenant", "requirement", "key"]), [json!("demo"), json!("messages"), key.clone()]);
        assert_eq!(details["mend"], "python manage.py migrate_schemas --schema=demo");
    }

    scene.zumodra.break_tenant("acme").await;
    let (_, acme, _) = bodies(6).await;
    assert_eq!(acme["event_action"], "trigger");
    assert_ne!(acme["dedup_key"], key, "an incident of its own");
    scene.zumodra.mend_tenant("demo").await;
    let (slack, resolved, event) = bodies(9).await;
    assert_eq!(fields(&resolved, ["event_action", "dedup_key"]), [json!("resolve"), key.clone()]);
    assert!(slack.contains("ready again for tenant 'demo'"), "{slack}");
    assert_eq!((&event["level"], &event["fingerprint"]), (&json!("info"), &json!([key])));
}

#[tokio::test]
async fn many_that_break_at_once_are_one_message_and_one_end() {
    let scene = Scene::of(Scene::sixty().await, JSON).await;
    scene.for_each("1..60", "DROP TABLE s%1$s.messages_sys_userstatus").await;
    let many = scene.receiver.message(0).await;
    let names = ["s1", "s10", "s11", "s12", "s13", "s14", "s15", "s16", "s17", "s18"];
    assert_eq!(many["title"], format!("messages is broken for 60 tenants: {} and 50 more", names.join(", ")));
    assert_eq!(fields(&many, ["event", "tenants", "tenant_count"]), [json!("broken"), json!(names), json!(60)]);
    assert_eq!(many["findings"][1], "tenant s10: table messages_sys_userstatus is missing");
    assert_eq!(many["mend"], "python manage.py migrate_schemas --schema=s1");
    scene.no_more_than(1).await;

    scene.for_each("1..60", "CREATE TABLE s%1$s.messages_sys_userstatus (id int)").await;
    let over = scene.receiver.message(1).await;
    assert_eq!(fields(&over, ["status", "key", "tenant_count"]), [json!("resolved"), many["key"].clone(), json!(60)]);
    // The next one alone is told of by itself.
    scene.for_each("7..7", "DROP TABLE s%1$s.messages_sys_userstatus").await;
    assert_eq!(scene.receiver.message(2).await["tenant"], "s7");
    scene.no_more_than(3).await;
}

#[tokio::test]
async fn what_was_told_of_a_tenant_is_known_still_after_a_reload() {
    let scene = Scene::set(&["acme", "demo"], JSON).await;
    scene.zumodra.break_tenant("demo").await;
    let demo = scene.receiver.message(0).await;
    let teapot = "\n[[routes]]\npath = \"/teapot\"\n";
    // Another route, then other wishes of the same webhook.
    scene.gateway.rewrite(|text| format!("{text}{teapot}"));
    scene.gateway.reload().await.expect(200);
    scene.gateway.rewrite(|text| text.replace("/hook\"", "/hook\"\non = [\"broken\", \"migrating\", \"recovered\"]"));
    scene.gateway.reload().await.expect(200);
    scene.no_more_than(1).await;
    scene.zumodra.break_tenant("acme").await;
    assert_eq!(scene.receiver.message(1).await["tenant"], "acme");
    scene.zumodra.mend_tenant("demo").await;
    let mended = scene.receiver.message(2).await;
    assert_eq!(fields(&mended, ["status", "key"]), [json!("resolved"), demo["key"].clone()]);

    // Nobody asks for it any more.
    scene.gateway.rewrite(|text| text.replace("needs = [\"messages\"]", "").replace("per_tenant = true", ""));
    scene.gateway.reload().await.expect(200);
    let over = eventually("what was told of acme ends", LIMIT, async || {
        let told = scene.receiver.received();
        let told = told.iter().skip(3).map(|(_, body)| serde_json::from_str::<Value>(body).expect("JSON"));
        told.into_iter().find(|message| message["tenant"] == "acme")
    })
    .await;
    assert_eq!(fields(&over, ["status", "title"]), [json!("resolved"), json!("messages is required no longer")]);
}

#[tokio::test]
async fn requests_of_a_tenant_that_are_refused_are_told_to_whoever_asks_for_that() {
    let alerts = format!("{JSON}\non = [\"blocked\", \"recovered\"]");
    let scene = Scene::set(&["acme", "demo"], &alerts).await;
    scene.zumodra.break_tenant("demo").await;
    scene.gateway.logged("tenant demo is broken").await;
    scene.no_more_than(0).await;
    scene.refuses("demo").await;
    let blocked = scene.receiver.message(0).await;
    assert_eq!(blocked["title"], "BLOCKED request to tenant 'demo' - migrations incomplete");
    assert_eq!(fields(&blocked, ["event", "tenant", "severity"]), [json!("blocked"), json!("demo"), json!("error")]);
    scene.refuses("demo").await;
    scene.no_more_than(1).await;
    scene.zumodra.mend_tenant("demo").await;
    let mended = scene.receiver.message(1).await;
    assert_eq!(fields(&mended, ["status", "key"]), [json!("resolved"), blocked["key"].clone()]);
}

#[tokio::test]
async fn a_database_that_is_away_is_no_tenants_affair() {
    let alerts = format!("{JSON}\non = [\"broken\", \"unknown\", \"recovered\"]");
    let scene = Scene::set(&["acme", "demo"], &alerts).await;
    scene.zumodra.break_tenant("demo").await;
    assert_eq!(scene.receiver.message(0).await["tenant"], "demo");
    // The watcher may no longer come in.
    let watcher = scene.zumodra.database.watcher();
    scene.gateway.rewrite(|text| text.replace("refresh = \"100ms\"", "refresh = \"100ms\"\nmax_age = \"3s\""));
    scene.gateway.reload().await.expect(200);
    let away = format!(
        "ALTER ROLE {watcher} NOLOGIN; SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '{watcher}'"
    );
    scene.zumodra.database.execute(&away).await;
    let unknown = scene.receiver.message(1).await;
    assert_eq!(
        fields(&unknown, ["event", "title", "tenant"]),
        [json!("unknown"), json!("messages is unknown"), Value::Null]
    );
    scene.zumodra.database.execute(&format!("ALTER ROLE {watcher} LOGIN")).await;
    let known = scene.receiver.message(2).await;
    assert_eq!(fields(&known, ["status", "key"]), [json!("resolved"), unknown["key"].clone()]);
    // It stands as it was told.
    scene.no_more_than(3).await;
}
