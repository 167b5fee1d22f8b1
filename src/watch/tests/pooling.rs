//! Through PgBouncer, where connections are everybody's.

use std::fs;
use std::net::TcpStream;
use std::os::unix::fs::chown;
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::Instant;

use gate::Verdict;

use super::cluster::{as_server_user, free_port, settings};
use super::watched::Lines;
use super::*;
use crate::config::PostgresHost;

/// PgBouncer in transaction mode with one connection to the server; gone when dropped.
struct Bouncer {
    folder: tempfile::TempDir,
    port: u16,
    process: Child,
}

impl Bouncer {
    fn start(cluster: &Cluster) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let port = free_port();
        let users = folder.path().join("users.txt");
        fs::write(&users, "\"app\" \"secret\"\n").expect("users");
        let ini = folder.path().join("pgbouncer.ini");
        let text = format!(
            "[databases]\npostgres = host=127.0.0.1 port={} dbname=postgres\n[pgbouncer]\nlisten_addr = 127.0.0.1\n\
             listen_port = {port}\nunix_socket_dir = {}\nauth_type = plain\nauth_file = {}\npool_mode = transaction\n\
             default_pool_size = 1\n",
            cluster.port,
            folder.path().display(),
            users.display(),
        );
        fs::write(&ini, text).expect("a configuration");
        for path in [folder.path(), &users, &ini] {
            if let Some(user) =
                nix::unistd::User::from_name("postgres").ok().flatten().filter(|_| nix::unistd::geteuid().is_root())
            {
                chown(path, Some(user.uid.as_raw()), Some(user.gid.as_raw())).expect("a file of the pooler's");
            }
        }
        let process = as_server_user(Path::new("/usr/sbin/pgbouncer"))
            .arg("-q")
            .arg(&ini)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("pgbouncer, which `apt-get install pgbouncer` installs");
        let bouncer = Self { folder, port, process };
        let until = Instant::now() + Duration::from_secs(5);
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(Instant::now() < until, "PgBouncer did not start within five seconds");
            std::thread::sleep(Duration::from_millis(50));
        }
        bouncer
    }
}

impl Drop for Bouncer {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[tokio::test]
async fn through_a_transaction_pooler_it_polls_and_leaves_nothing_behind() {
    let cluster = Cluster::start();
    cluster.sql("postgres", "CREATE ROLE app LOGIN PASSWORD 'secret'");
    cluster.sql("postgres", "CREATE TABLE customers (id int, \"agreementUrl\" text)");
    let bouncer = Bouncer::start(&cluster);
    let (lines, _guard) = Lines::collect();
    // Over TCP and over its socket alike, a pooler announces a process that does not serve.
    let over_tcp = PostgresHost::Tcp("127.0.0.1".to_owned(), bouncer.port);
    let over_socket = PostgresHost::Unix(bouncer.folder.path().to_owned(), bouncer.port);
    for host in [over_tcp.clone(), over_socket] {
        let watched = Watched::start(postgres(settings(cluster::url_at(host, "app", "postgres"))));
        watched.until(Verdict::Ready).await;
        cluster.sql("postgres", "ALTER TABLE customers DROP COLUMN \"agreementUrl\"");
        assert!(watched.until(Verdict::Broken).await < Duration::from_millis(450));
        cluster.sql("postgres", "ALTER TABLE customers ADD COLUMN \"agreementUrl\" text");
        assert!(watched.until(Verdict::Ready).await < Duration::from_millis(450));
        watched.until_metric("schemagate_look_duration_seconds_count", 8.0).await;

        // Another client is given the same connection of the server, between two looks.
        let (client, connection) = tokio_postgres::connect(
            &format!("host=127.0.0.1 port={} user=app password=secret dbname=postgres", bouncer.port),
            tokio_postgres::NoTls,
        )
        .await
        .expect("a client");
        tokio::spawn(connection);
        let answer = client
            .simple_query(
                "SELECT current_setting('application_name') || '|' || current_setting('search_path') || '|' || current_setting('statement_timeout') || '|' || \
                 current_setting('lock_timeout') || '|' || current_setting('idle_in_transaction_session_timeout') || '|' || \
                 current_setting('transaction_read_only') || '|' || current_setting('transaction_isolation') || '|' || \
                 (SELECT count(*) FROM pg_prepared_statements) || '|' || (SELECT count(*) FROM pg_listening_channels())",
            )
            .await
            .expect("an answer");
        let left = answer.iter().find_map(|message| match message {
            tokio_postgres::SimpleQueryMessage::Row(row) => row.get(0),
            _ => None,
        });
        assert_eq!(left, Some("|\"$user\", public|0|0|0|off|read committed|0|0"));
    }
    let servers = "SELECT count(*) FROM pg_stat_activity WHERE usename = 'app'";
    assert_eq!(cluster.sql("postgres", servers), "1", "all of them shared one connection");
    let said = lines.with("leads to a pooler");
    assert_eq!(said.len(), 2, "once for each watch");
    assert!(said[0].contains("direct_url") && said[0].contains("notify = \"always\""), "{}", said[0]);
    assert!(lines.with("listening for notifications").is_empty());
    assert_eq!(lines.with("WARN"), Vec::<String>::new());
}
