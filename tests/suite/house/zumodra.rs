//! A Django application with django-tenants: a schema per tenant, found by host.

use reqwest::Method;

use super::client::{Answer, Client};
use super::cluster::{Cluster, Database};

/// The domain below which tenants are.
pub(crate) const DOMAIN: &str = "zumodra.rhematek-solutions.com";

/// The tables of a complete tenant.
pub(crate) const TABLES: &str = "
    CREATE TABLE messages_sys_userstatus (id serial PRIMARY KEY, status text NOT NULL);
    INSERT INTO messages_sys_userstatus (status) VALUES ('online');
";

/// The application's database.
pub(crate) struct Zumodra {
    pub(crate) database: Database,
}

impl Zumodra {
    /// With these tenants, all of them complete, and the tenant of the schema that all share.
    pub(crate) async fn with(tenants: &[&str]) -> Self {
        let house = Self { database: Cluster::shared().database().await };
        let watcher = house.database.watcher();
        house
            .database
            .execute(&format!(
                "CREATE TABLE customers_client (id serial PRIMARY KEY, schema_name varchar(63) NOT NULL UNIQUE);
                 CREATE TABLE customers_domain (id serial PRIMARY KEY, domain varchar(253) NOT NULL UNIQUE,
                     is_primary boolean NOT NULL DEFAULT true,
                     tenant_id int NOT NULL REFERENCES customers_client ON DELETE CASCADE);
                 CREATE TABLE auth_user (id serial PRIMARY KEY, name text NOT NULL);
                 INSERT INTO auth_user (name) VALUES ('the operator');
                 GRANT SELECT ON customers_client, customers_domain TO {watcher}",
            ))
            .await;
        house.register("public", DOMAIN).await;
        for tenant in tenants {
            house.create(tenant).await;
        }
        house
    }

    /// A row for a tenant, and one for its host.
    pub(crate) async fn register(&self, schema: &str, domain: &str) {
        let rows = format!(
            "WITH t AS (INSERT INTO customers_client (schema_name) VALUES ('{schema}') RETURNING id) \
             INSERT INTO customers_domain (domain, tenant_id) SELECT '{domain}', id FROM t"
        );
        self.database.execute(&rows).await;
    }

    /// A tenant that is complete, with users of its own.
    pub(crate) async fn create(&self, tenant: &str) {
        self.database
            .execute(&format!(
                "CREATE SCHEMA {tenant}; SET search_path TO {tenant}; {TABLES}
                 CREATE TABLE auth_user (id serial PRIMARY KEY, name text NOT NULL);
                 INSERT INTO auth_user (name) VALUES ('a user of {tenant}')"
            ))
            .await;
        self.register(tenant, &host(tenant)).await;
    }

    /// Takes a tenant away, as the application does: its row and its schema.
    pub(crate) async fn delete(&self, tenant: &str) {
        self.database
            .execute(&format!(
                "DELETE FROM customers_client WHERE schema_name = '{tenant}'; DROP SCHEMA {tenant} CASCADE"
            ))
            .await;
    }

    /// Breaks a tenant as in the night of the incident.
    pub(crate) async fn break_tenant(&self, tenant: &str) {
        self.database.execute(&format!("DROP TABLE {tenant}.messages_sys_userstatus")).await;
    }

    /// Mends it.
    pub(crate) async fn mend_tenant(&self, tenant: &str) {
        self.database.execute(&format!("SET search_path TO {tenant}; {TABLES}")).await;
    }
}

/// A tenant's host.
pub(crate) fn host(tenant: &str) -> String {
    format!("{tenant}.{DOMAIN}")
}

/// A plain request of a host's.
pub(crate) async fn ask(client: &Client, method: Method, host: &str, path: &str) -> Answer {
    Answer::to(client.request(method, path).header("host", host)).await
}
