//! The smallest shop: an SQLite database, a backend that echoes, and a route that needs the table `orders`.

use super::echo::Echo;
use super::gateway::Gateway;
use super::sqlite_file::SqliteFile;

/// Starts one. `sql` makes the database, `admin` are more lines for `[admin]`, `more` comes after the routes `orders`
/// (`/orders/*`) and `the rest`, which needs nothing.
pub(crate) async fn shop(sql: &str, admin: &str, more: &str) -> (SqliteFile, Echo, Gateway) {
    let database = SqliteFile::of(sql);
    let echo = Echo::start().await;
    let config = format!(
        r#"
        [databases.main]
        url = "{}"
        refresh = "100ms"
        [upstreams.api]
        servers = ["{}"]
        [requirements.orders]
        tables = ["orders"]
        mend = "npm run migrate"
        [[routes]]
        name = "orders"
        path = "/orders/*"
        needs = ["orders"]
        [[routes]]
        name = "the rest"
        path = "/*"
        {more}
        "#,
        database.url(),
        echo.address()
    );
    let gateway = Gateway::start_with("", admin, &config).await;
    (database, echo, gateway)
}
