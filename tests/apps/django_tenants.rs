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
        let file = zumodra.project.path().join(USER_STATUS);
        let migration = fs::read(&file).expect("the migration");
        fs::remove_file(&file).expect("the copy's own file");
        zumodra.manage(&["migrate_schemas", "--shared"], 0);
        for (schema, domain) in [("demo", DEMO), ("acme", ACME)] {
            zumodra.tenant(schema, domain);
        }
        fs::write(&file, migration).expect("the release's file");
        zumodra
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

    fn config(&self, upstream: &str) -> String {
        let requirement = |schema: &str| {
            format!(
                "[requirements.{schema}]\n\
                 migrations = {{ tool = \"django\", path = \"{}\", schema = \"{schema}\" }}\n\
                 tables = [\"{schema}.messages_sys_userstatus\"]\n\
                 mend = \"python manage.py migrate_schemas --schema={schema}\"\n",
                self.project.path().display()
            )
        };
        let route = |host: &str, schema: &str| {
            format!("[[routes]]\nhost = \"{host}\"\npath = \"/*\"\nneeds = [\"{schema}\"]\n")
        };
        format!(
            "[databases.main]\nurl = \"{}\"\nrefresh = \"200ms\"\nnotify = \"never\"\n\
             [upstreams.app]\nservers = [\"{upstream}\"]\n{}{}{}{}",
            self.project.database.url(),
            requirement("demo"),
            requirement("acme"),
            route(DEMO, "demo"),
            route(ACME, "acme"),
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
    Answer::to(client.request(Method::GET, MESSAGES).header("host", host)).await
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
    assert!(ask(&client, ACME).await.expect(200).text().contains("acme"));
    let checked = zumodra.check(1);
    for expected in [
        "broken       demo",
        "migration messages_sys.0002_userstatus is pending",
        "table demo.messages_sys_userstatus is missing",
        "python manage.py migrate_schemas --schema=demo",
        "ready        acme",
    ] {
        assert!(checked.contains(expected), "no {expected:?} in {checked}");
    }

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
    assert!(
        !checked.contains("pending") && checked.contains("table demo.messages_sys_userstatus is missing"),
        "{checked}"
    );
    let (app, gateway) = zumodra.deploy().await;
    ask(&Client::new(app.port()), DEMO).await.expect(500);
    ask(&gateway.client(), DEMO).await.expect(503);
    ask(&gateway.client(), ACME).await.expect(200);
}

#[tokio::test]
async fn init_finds_django_and_its_tenants() {
    let project = Project::copy("django-tenants", ".venv").await;
    let said = project.schemagate(&["init"]).expect(0).stdout;
    assert!(said.contains("3 migrations of Django") && said.contains("django-tenants"), "{said}");
    project.schemagate(&["check"]).expect(0);
}
