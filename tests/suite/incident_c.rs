//! Columns that exist in the code and in no migration: every customer endpoint answered 500 for
//! ten minutes (Express, Prisma).

use std::time::{Duration, Instant};

use http::Method;

use crate::house::{Answer, Backend, Client, Cluster, Database, Gateway, eventually};

/// The database as production had it.
const BEFORE: &str = r#"
    CREATE TABLE "customers" ("id" serial PRIMARY KEY, "name" text NOT NULL);
    CREATE TABLE "contacts" ("id" serial PRIMARY KEY, "customerId" int REFERENCES "customers", "email" text);
    INSERT INTO "customers" ("name") VALUES ('Ada'), ('Grace');
    INSERT INTO "contacts" ("customerId", "email") VALUES (1, 'ada@example.com');
"#;

/// `20260209132434_add_customer_agreement_fields`, a column at a time.
const MIGRATION: [&str; 5] = [
    r#"ADD COLUMN "agreementFileUrl" TEXT"#,
    r#"ADD COLUMN "agreementFileName" TEXT"#,
    r#"ADD COLUMN "agreementFileMimeType" TEXT"#,
    r#"ADD COLUMN "agreementUploadedAt" TIMESTAMP(3)"#,
    r#"ADD COLUMN "agreementUploadedByEmail" TEXT"#,
];

const REFRESH: Duration = Duration::from_millis(500);
/// The promise is refresh + one read + 250 ms, and `detection` holds it; a busy machine with two cores gets five seconds more.
const T: Duration = Duration::from_millis(500 + 250 + 5000);

struct Odcrm {
    database: Database,
    backend: Backend,
    gateway: Gateway,
    client: Client,
}

impl Odcrm {
    async fn before_the_migration() -> Self {
        let database = Cluster::shared().database().await;
        database.execute(BEFORE).await;
        let backend = Backend::start(&database).await;
        let gateway = Gateway::start(&format!(
            r#"
            [databases.main]
            url = "{database}"
            refresh = "{refresh}ms"
            [upstreams.api]
            servers = ["{backend}"]
            [requirements.agreements]
            columns = {{ customers = ["agreementFileUrl text", "agreementFileName text", "agreementFileMimeType text",
                                      "agreementUploadedAt timestamp(3)", "agreementUploadedByEmail text"] }}
            [[routes]]
            path = "/api/customers/*"
            needs = ["agreements"]
            [[routes]]
            path = "/api/contacts/*"
            needs = ["agreements"]
            [[routes]]
            path = "/*"
            "#,
            database = database.watcher_url(),
            backend = backend.address(),
            refresh = REFRESH.as_millis(),
        ))
        .await;
        let client = gateway.client();
        Self { database, backend, gateway, client }
    }

    async fn alter(&self, changes: &[&str]) {
        self.database.execute(&format!(r#"ALTER TABLE "customers" {}"#, changes.join(", "))).await;
    }

    /// Waits for a look that began after now.
    async fn has_looked_again(&self) {
        // One look may be under way already.
        self.gateway.looks_again(2).await;
    }

    async fn refuses_every_customer_request(&self) {
        for (method, path) in gated_requests() {
            self.client.fetch(method, path).await.expect(503);
        }
    }

    fn leaked(&self) -> Vec<String> {
        self.backend.requests().into_iter().filter(|line| line.ends_with(" 500")).collect()
    }
}

fn gated_requests() -> impl Iterator<Item = (Method, &'static str)> {
    let paths = [
        "/api/customers",
        "/api/customers/",
        "/API/Customers/1",
        "/api/customers/1",
        "/api/customers/1/agreement/file",
        "/api//customers/./1",
        "/api/%63ustomers",
        "/api/contacts",
        "/api/contacts/1?include=customer",
    ];
    let methods = [Method::GET, Method::HEAD, Method::POST, Method::PUT, Method::PATCH, Method::DELETE];
    paths.into_iter().flat_map(move |path| methods.clone().into_iter().map(move |method| (method, path)))
}

fn is_a_page(answer: &Answer) {
    assert!(answer.header("content-type").starts_with("text/html"), "{answer:?}");
    let text = answer.text();
    assert_eq!(text.matches("<h1").count(), 1, "{text}");
    assert!(text.contains("lang=\"en\""), "{text}");
    for name in ["agreement", "prisma", "column", "migrat", "schema "] {
        assert!(!text.to_lowercase().contains(name), "the page says {name:?}: {text}");
    }
}

fn is_a_problem(answer: &Answer) {
    assert_eq!(answer.header("content-type"), "application/problem+json", "{answer:?}");
    let json = answer.json();
    assert_eq!(json["status"], 503, "{json}");
    assert!(json["title"].is_string() && json["code"].is_string(), "{json}");
    assert!(!answer.text().contains("agreement"), "{json}");
}

#[tokio::test]
async fn every_customer_request_is_refused_with_503_and_never_with_500() {
    let house = Odcrm::before_the_migration().await;
    house.refuses_every_customer_request().await;
    assert_eq!(house.backend.requests(), Vec::<String>::new(), "the backend was asked");
}

#[tokio::test]
async fn a_navigation_gets_a_page_and_a_fetch_gets_a_problem() {
    let house = Odcrm::before_the_migration().await;
    let page = house.client.navigate("/api/customers/1").await.expect(503);
    is_a_page(&page);
    let problem = house.client.fetch(Method::GET, "/api/customers/1").await.expect(503);
    is_a_problem(&problem);
    for answer in [page, problem] {
        assert!(answer.header("retry-after").parse::<u64>().is_ok_and(|seconds| seconds > 0), "{answer:?}");
        assert_eq!(answer.header("cache-control"), "no-store", "{answer:?}");
        assert!(answer.header("proxy-status").starts_with("schemagate; error="), "{answer:?}");
    }
}

#[tokio::test]
async fn health_and_static_files_pass_while_customers_are_refused() {
    let house = Odcrm::before_the_migration().await;
    assert_eq!(house.client.get("/api/health").await.expect(200).json()["ok"], true);
    assert!(house.client.navigate("/").await.expect(200).text().contains("<h1>CRM</h1>"));
    house.client.get("/assets/app.js").await.expect(200);
    house.client.get("/no/such/page").await.expect(404);
}

#[tokio::test]
async fn four_of_five_columns_are_not_enough() {
    let house = Odcrm::before_the_migration().await;
    for lacking in 0..MIGRATION.len() {
        house.database.execute(r#"DROP TABLE "contacts", "customers""#).await;
        house.database.execute(BEFORE).await;
        let four: Vec<&str> =
            MIGRATION.iter().enumerate().filter(|(index, _)| *index != lacking).map(|(_, sql)| *sql).collect();
        house.alter(&four).await;
        house.has_looked_again().await;
        house.refuses_every_customer_request().await;
    }
    assert_eq!(house.leaked(), Vec::<String>::new());
}

#[tokio::test]
async fn a_lower_case_namesake_is_not_the_column() {
    let house = Odcrm::before_the_migration().await;
    house.alter(&MIGRATION[1..]).await;
    house.alter(&["ADD COLUMN agreementFileUrl TEXT"]).await;
    let folded = house.database.value("SELECT attname FROM pg_attribute WHERE attname = 'agreementfileurl'").await;
    assert_eq!(folded.as_deref(), Some("agreementfileurl"));
    house.has_looked_again().await;
    house.refuses_every_customer_request().await;
}

#[tokio::test]
async fn a_column_of_another_type_is_not_the_column() {
    let house = Odcrm::before_the_migration().await;
    house.alter(&MIGRATION).await;
    for wrong in ["timestamp(6)", "timestamp(3) with time zone", "text", "timestamp(3)[]"] {
        house.alter(&[r#"DROP COLUMN "agreementUploadedAt""#]).await;
        house.alter(&[&format!(r#"ADD COLUMN "agreementUploadedAt" {wrong}"#)]).await;
        house.has_looked_again().await;
        house.refuses_every_customer_request().await;
    }
}

#[tokio::test]
async fn after_the_migration_the_upstreams_200_comes_within_t_and_not_one_500_was_seen() {
    let house = Odcrm::before_the_migration().await;
    house.client.navigate("/api/customers").await.expect(503);
    house.alter(&MIGRATION).await;
    let mended = Instant::now();
    loop {
        let answer = house.client.navigate("/api/customers").await;
        if answer.status == 200 {
            break;
        }
        assert_eq!(answer.status, 503, "{answer:?}");
        assert!(mended.elapsed() < T, "still refused {:?} after the migration", mended.elapsed());
    }
    println!("open {:?} after the migration (poll every {REFRESH:?})", mended.elapsed());

    let direct = Client::new(house.backend.port());
    for path in ["/api/customers", "/api/customers/1", "/api/contacts"] {
        let (through, straight) = (house.client.get(path).await.expect(200), direct.get(path).await.expect(200));
        assert_eq!(through.body, straight.body, "byte for byte");
    }
    house.client.fetch(Method::POST, "/api/customers").await.expect(201);
    house.client.fetch(Method::PUT, "/api/customers/1").await.expect(200);
    house.client.fetch(Method::DELETE, "/api/customers/2").await.expect(204);
    house.client.get("/api/customers/2").await.expect(404);
    assert_eq!(house.leaked(), Vec::<String>::new());
}

#[tokio::test]
async fn breaking_it_again_closes_it_again_within_t_and_leaves_the_rest_open() {
    let house = Odcrm::before_the_migration().await;
    house.alter(&MIGRATION).await;
    eventually("customers are open", T, async || {
        (house.client.get("/api/customers").await.status == 200).then_some(())
    })
    .await;
    house.alter(&[r#"DROP COLUMN "agreementFileName""#]).await;
    eventually("customers are closed", T, async || {
        house.client.get("/api/health").await.expect(200);
        (house.client.get("/api/contacts").await.status == 503).then_some(())
    })
    .await;
    house.refuses_every_customer_request().await;
    assert_eq!(house.client.get("/api/health").await.expect(200).json()["ok"], true);
}
