//! Django and django-tenants: a tenant's schema that `migrate_schemas` left behind.

use std::fs;
use std::time::Duration;

use http::Method;

use crate::house::{Answer, Backend, Client, Gateway, Run, eventually, holds_for};
use crate::project::{Project, home};

/// Refresh and 250 ms.
const T: Duration = Duration::from_millis(450);

const DEMO: &str = "demo.zumodra.test";
const ACME: &str = "acme.zumodra.test";
const USER_STATUS: &str = "messages_sys/migrations/0002_userstatus.py";
const MESSAGES: &str = "/en/app/messages/";

struct Zumodra {
    project: Project,
}

impl Zumodra {
    /// Two tenants as of the release before `UserStatus`, and then that release's files.
    async fn behind() -> Self {
        let zumodra = Self { project: Project::copy("django-tenants", ".venv").await };
        zumodra.with_last_release(|| {
            zumodra.manage(&["migrate_schemas", "--shared"], 0);
            for (schema, domain) in [("demo", DEMO), ("acme", ACME)] {
                zumodra.tenant(schema, domain);
            }
        });
        zumodra
    }

    /// Does something with the migrations as they were before `UserStatus`.
    fn with_last_release(&self, something: impl FnOnce()) {
        let file = self.project.path().join(USER_STATUS);
        let migration = fs::read(&file).expect("the migration");
        fs::remove_file(&file).expect("the copy's own file");
        something();
        fs::write(&file, migration).expect("the release's file");
    }

    /// Django's own command.
    #[track_caller]
    fn manage(&self, args: &[&str], code: i32) -> Run {
        let python = home("django-tenants").join(".venv/bin/python");
        let python = python.to_str().expect("a plain path");
        self.project.run(python, &[&["manage.py"], args].concat(), code)
    }

    /// A tenant, its schema migrated by the same command.
    fn tenant(&self, schema: &str, domain: &str) {
        let (schema_name, domain) = (format!("--schema_name={schema}"), format!("--domain-domain={domain}"));
        let name = format!("--name={schema}");
        self.manage(&["create_tenant", "--noinput", &schema_name, &name, &domain, "--domain-is_primary=True"], 0);
    }

    /// What every tenant needs: each migration of the project, and two tables by name.
    fn config(&self, upstream: &str) -> String {
        format!(
            r#"
            [databases.main]
            url = "{}"
            refresh = "200ms"
            notify = "never"
            [upstreams.app]
            servers = ["{upstream}"]
            [tenants]
            from = "django-tenants"
            needs = ["release"]
            [requirements.release]
            per_tenant = true
            migrations = {{ tool = "django", path = "{}" }}
            tables = ["messages_sys_userstatus", "django_content_type"]
            [[routes]]
            path = "/*"
            "#,
            self.project.database.url(),
            self.project.path().display(),
        )
    }

    async fn deploy(&self) -> (Backend, Gateway) {
        let python = home("django-tenants").join(".venv/bin/python");
        let app =
            self.project.serve(&mut self.project.command(python.to_str().expect("a plain path"), &["serve.py"])).await;
        let gateway = Gateway::start(&self.config(&app.address())).await;
        (app, gateway)
    }

    /// What `check --database` says.
    #[track_caller]
    fn check(&self, code: i32) -> String {
        self.project.configure(&self.config("127.0.0.1:1"));
        self.project.schemagate(&["check", "--database"]).expect(code).stdout
    }
}

async fn ask(client: &Client, host: &str) -> Answer {
    get(client, host, MESSAGES).await
}

async fn get(client: &Client, host: &str, path: &str) -> Answer {
    Answer::to(client.request(Method::GET, path).header("host", host)).await
}

async fn becomes(client: &Client, host: &str, status: u16) {
    let what = format!("{host} answers {status}");
    eventually(&what, T, async || (ask(client, host).await.status == status).then_some(())).await;
}

#[tokio::test]
async fn a_tenant_that_was_left_behind_is_gated_alone_until_its_own_command_has_migrated_it() {
    let zumodra = Zumodra::behind().await;
    zumodra.manage(&["migrate_schemas", "--schema=acme"], 0);
    let (app, gateway) = zumodra.deploy().await;
    ask(&Client::new(app.port()), DEMO).await.expect(500);
    let client = gateway.client();
    ask(&client, DEMO).await.expect(503);
    ask(&client, &format!("www.{DEMO}:8080")).await.expect(503);
    let write = client.request(Method::POST, "/fr/anything").header("host", DEMO).header("accept", "text/html");
    let page = Answer::to(write.header("accept-language", "fr")).await.expect(503);
    assert!(page.text().contains("lang=\"fr\"") && !page.text().contains("messages_sys"), "{}", page.text());
    assert!(ask(&client, ACME).await.expect(200).text().contains("acme"));
    gateway.logged("BLOCKED request to tenant 'demo' - migrations incomplete").await;
    let checked = zumodra.check(1);
    for expected in [
        "tenant demo, demo.zumodra.test",
        "migration messages_sys.0002_userstatus is pending",
        "messages_sys_userstatus is missing",
        "python manage.py migrate_schemas --schema=demo",
    ] {
        assert!(checked.contains(expected), "no {expected:?} in {checked}");
    }
    assert!(!checked.contains("acme"), "{checked}");

    zumodra.manage(&["migrate_schemas", "--schema=demo"], 0);
    becomes(&client, DEMO, 200).await;
    zumodra.check(0);

    // Taken back in one tenant; the other goes on.
    zumodra.manage(&["migrate_schemas", "messages_sys", "0001", "--schema=demo"], 0);
    becomes(&client, DEMO, 503).await;
    holds_for("acme is served", Duration::from_millis(500), async || ask(&client, ACME).await.status == 200).await;
    assert!(zumodra.check(1).contains("migration messages_sys.0002_userstatus is pending"));
}

#[tokio::test]
async fn a_migration_that_was_only_faked_is_seen_by_what_it_should_have_made() {
    let zumodra = Zumodra::behind().await;
    zumodra.manage(&["migrate_schemas", "--schema=acme"], 0);
    zumodra.manage(&["migrate_schemas", "--schema=demo", "--fake"], 0);
    let checked = zumodra.check(1);
    assert!(!checked.contains("pending") && checked.contains("messages_sys_userstatus is missing"), "{checked}");
    let (app, gateway) = zumodra.deploy().await;
    ask(&Client::new(app.port()), DEMO).await.expect(500);
    ask(&gateway.client(), DEMO).await.expect(503);
    ask(&gateway.client(), ACME).await.expect(200);
}

#[tokio::test]
async fn a_tenant_that_reads_anothers_rows_without_a_word_is_gated() {
    let zumodra = Zumodra::behind().await;
    zumodra.manage(&["migrate_schemas"], 0);
    let (app, gateway) = zumodra.deploy().await;
    let kinds = "/en/app/kinds/";
    get(&gateway.client(), DEMO, kinds).await.expect(200);
    zumodra.project.database.execute("DROP TABLE demo.django_content_type CASCADE").await;
    // Django does not notice: the search path leads it to the public schema's table.
    get(&Client::new(app.port()), DEMO, kinds).await.expect(200);
    becomes(&gateway.client(), DEMO, 503).await;
    ask(&gateway.client(), ACME).await.expect(200);
    assert!(zumodra.check(1).contains("falls through to"), "{}", zumodra.check(1));
}

#[tokio::test]
async fn a_tenant_that_is_made_while_it_runs_is_gated_until_it_is_complete_and_unknown_once_deleted() {
    let zumodra = Zumodra::behind().await;
    zumodra.manage(&["migrate_schemas"], 0);
    let (_app, gateway) = zumodra.deploy().await;
    let (client, host) = (gateway.client(), "testmigrate.zumodra.test");
    ask(&client, host).await.expect(404);
    // Somebody makes it with the last release's migrations.
    zumodra.with_last_release(|| zumodra.tenant("testmigrate", host));
    becomes(&client, host, 503).await;
    zumodra.manage(&["migrate_schemas", "--schema=testmigrate"], 0);
    becomes(&client, host, 200).await;
    zumodra.manage(&["delete_tenant", "--schema=testmigrate", "--noinput"], 0);
    becomes(&client, host, 404).await;
    ask(&client, ACME).await.expect(200);
}

#[tokio::test]
async fn wait_holds_the_container_while_one_tenant_is_incomplete() {
    let zumodra = Zumodra::behind().await;
    zumodra.project.configure(&zumodra.config("127.0.0.1:1"));
    zumodra.manage(&["migrate_schemas", "--schema=acme"], 0);
    let late = zumodra.project.schemagate(&["wait", "--timeout", "1s"]).expect(1);
    for said in [&late.stdout, &late.stderr] {
        assert!(said.contains("tenant demo") && said.contains("migrate_schemas --schema=demo"), "{said}");
        assert!(!said.contains("acme"), "{said}");
    }
    zumodra.manage(&["migrate_schemas"], 0);
    zumodra.project.schemagate(&["wait", "--timeout", "10s"]).expect(0);
}

#[tokio::test]
async fn what_init_writes_judges_every_tenant() {
    let zumodra = Zumodra::behind().await;
    let said = zumodra.project.schemagate(&["init"]).expect(0).stdout;
    assert!(said.contains("3 migrations of Django") && said.contains("django-tenants"), "{said}");
    let checked = zumodra.project.schemagate(&["check", "--database"]).expect(1).stdout;
    assert!(checked.contains("tenant acme") && checked.contains("tenant demo"), "{checked}");
    zumodra.manage(&["migrate_schemas"], 0);
    zumodra.project.schemagate(&["check", "--database"]).expect(0);
}
