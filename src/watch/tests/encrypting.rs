//! TLS to a real server.

use std::os::unix::fs::{PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::*;
use crate::config::{PostgresHost, TlsMode};

/// Runs openssl in a folder.
fn openssl(folder: &Path, arguments: &str) {
    let status = Command::new("openssl")
        .args(arguments.split(' '))
        .current_dir(folder)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    assert!(status.expect("openssl").success(), "openssl {arguments}");
}

const KEY: &str = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes";

/// An authority, and a certificate of it for `localhost`; another authority; one that signed itself.
fn certificates(folder: &Path) {
    for authority in ["root", "other"] {
        openssl(folder, &format!("req -x509 {KEY} -keyout {authority}.key -out {authority}.crt -subj /CN={authority}"));
    }
    let named = "-subj /CN=localhost -addext subjectAltName=DNS:localhost";
    openssl(folder, &format!("req -x509 {KEY} -keyout self.key -out self.crt {named}"));
    openssl(folder, &format!("req {KEY} -keyout server.key -out server.csr {named}"));
    openssl(folder, "x509 -req -in server.csr -CA root.crt -CAkey root.key -copy_extensions copy -out server.crt");
}

/// Makes the server use a certificate.
fn serve(cluster: &Cluster, folder: &Path, certificate: &str) {
    let owner = std::os::unix::fs::MetadataExt::uid(&std::fs::metadata(cluster.data()).expect("the server's folder"));
    for ending in ["crt", "key"] {
        let path = cluster.data().join(format!("server.{ending}"));
        std::fs::copy(folder.join(format!("{certificate}.{ending}")), &path).expect("a copy");
        chown(&path, Some(owner), None).expect("the server's own file");
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).expect("its own alone");
    }
    cluster.sql("postgres", "ALTER SYSTEM SET ssl = on");
    cluster.sql("postgres", "SELECT pg_reload_conf()");
}

#[tokio::test]
async fn certificates_are_checked_as_far_as_sslmode_asks_for() {
    let cluster = Cluster::start();
    cluster.sql("postgres", "CREATE ROLE app LOGIN PASSWORD 'secret'");
    let folder = tempfile::tempdir().expect("a folder");
    certificates(folder.path());
    let connects = async |host: &str, tls: TlsMode, root: Option<&str>| {
        let mut url = cluster::url_at(PostgresHost::Tcp(host.to_owned(), cluster.port), "app", "postgres");
        url.tls = tls;
        url.root_cert = root.map(|root| folder.path().join(root));
        look(&postgres(settings(url)), &tables(&["t"])).await.map(drop)
    };
    serve(&cluster, folder.path(), "server");
    for _ in 0..100 {
        if connects("127.0.0.1", TlsMode::Require, None).await.is_ok() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    for (host, tls, root, advice) in [
        ("127.0.0.1", TlsMode::Disable, None, None),
        ("127.0.0.1", TlsMode::Prefer, None, None),
        ("127.0.0.1", TlsMode::Require, None, None),
        ("127.0.0.1", TlsMode::Require, Some("other.crt"), Some("sslrootcert")),
        ("127.0.0.1", TlsMode::VerifyCa, None, Some("sslrootcert")),
        ("127.0.0.1", TlsMode::VerifyCa, Some("root.crt"), None),
        ("127.0.0.1", TlsMode::VerifyFull, Some("root.crt"), Some("by a name that the certificate bears")),
        ("localhost", TlsMode::VerifyFull, Some("root.crt"), None),
        ("localhost", TlsMode::VerifyFull, Some("other.crt"), Some("sslrootcert")),
        ("localhost", TlsMode::VerifyFull, Some("absent.crt"), Some("absent.crt cannot be read")),
    ] {
        match (connects(host, tls, root).await, advice) {
            (Ok(()), None) => {}
            (Err(error), Some(advice)) => {
                assert_eq!(error.word, "tls", "{error}");
                assert!(error.message.contains(advice), "{error}");
            }
            (outcome, _) => panic!("{host} {tls:?} {root:?}: {outcome:?}"),
        }
    }

    // Only who speaks TLS is let in, and then only who does not.
    let hba: PathBuf = cluster.data().join("pg_hba.conf");
    let rules = std::fs::read_to_string(&hba).expect("rules");
    for (kind, tls, refused) in [
        ("hostssl", TlsMode::Disable, true),
        ("hostssl", TlsMode::Prefer, false),
        ("hostnossl", TlsMode::Prefer, false),
    ] {
        let changed = rules
            .lines()
            .map(|line| line.strip_prefix("host ").map_or(line.to_owned(), |rest| format!("{kind} {rest}")));
        std::fs::write(&hba, changed.collect::<Vec<_>>().join("\n") + "\n").expect("rules");
        cluster.sql("postgres", "SELECT pg_reload_conf()");
        // The server takes new rules in its own time.
        let mut outcome = connects("127.0.0.1", tls, None).await;
        for _ in 0..100 {
            if outcome.is_err() == refused {
                break;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
            outcome = connects("127.0.0.1", tls, None).await;
        }
        assert_eq!(outcome.as_ref().err().map(|error| error.word), refused.then_some("authentication"), "{outcome:?}");
    }
    std::fs::write(&hba, &rules).expect("rules");

    serve(&cluster, folder.path(), "self");
    let mut outcome = connects("localhost", TlsMode::VerifyFull, Some("self.crt")).await;
    for _ in 0..100 {
        if outcome.is_ok() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
        outcome = connects("localhost", TlsMode::VerifyFull, Some("self.crt")).await;
    }
    outcome.expect("a certificate that signed itself is its own root");
}
