use super::*;

fn postgres(text: &str) -> PostgresUrl {
    text.parse().unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn refused(text: &str) -> String {
    match DatabaseUrl::parse(text, &|_| None) {
        Err(DatabaseUrlError(message)) => message,
        Ok(url) => panic!("{text} was read as {url:?}"),
    }
}

fn tcp(host: &str, port: u16) -> PostgresHost {
    PostgresHost::Tcp(host.to_owned(), port)
}

fn unix(folder: &str, port: u16) -> PostgresHost {
    PostgresHost::Unix(PathBuf::from(folder), port)
}

#[test]
fn every_form_leads_to_its_hosts_user_password_and_database() {
    let socket = || unix("/var/run/postgresql", 5432);
    for (text, hosts, user, password, database) in [
        ("postgresql://app:pw@db:5433/shop", vec![tcp("db", 5433)], "app", Some("pw"), "shop"),
        ("postgres://app@db", vec![tcp("db", 5432)], "app", None, "app"),
        ("POSTGRES://app@db/x", vec![tcp("db", 5432)], "app", None, "x"),
        ("postgis://app:pw@db/gis", vec![tcp("db", 5432)], "app", Some("pw"), "gis"),
        ("psql://app@db/x", vec![tcp("db", 5432)], "app", None, "x"),
        ("pgsql://app@db/x", vec![tcp("db", 5432)], "app", None, "x"),
        ("postgresql+psycopg2://app@db/x", vec![tcp("db", 5432)], "app", None, "x"),
        ("postgres+asyncpg://app@db/x", vec![tcp("db", 5432)], "app", None, "x"),
        ("django.db.backends.postgresql://app@db/x", vec![tcp("db", 5432)], "app", None, "x"),
        ("django.contrib.gis.db.backends.postgis://app@db/x", vec![tcp("db", 5432)], "app", None, "x"),
        ("jdbc:postgresql://db/x?user=app&password=pw", vec![tcp("db", 5432)], "app", Some("pw"), "x"),
        ("  postgres://app@db/x\n", vec![tcp("db", 5432)], "app", None, "x"),
        // Percent-encoding; and escapes that are none.
        ("postgres://a%40b:p%40s%2Fs%23@db/my%20db", vec![tcp("db", 5432)], "a@b", Some("p@s/s#"), "my db"),
        ("postgres://app:100%zz@db/x", vec![tcp("db", 5432)], "app", Some("100%zz"), "x"),
        ("postgres://app:a:b@db/x", vec![tcp("db", 5432)], "app", Some("a:b"), "x"),
        // libpq: several hosts, IPv6, sockets.
        ("postgres://app@a:1,b:2/x", vec![tcp("a", 1), tcp("b", 2)], "app", None, "x"),
        ("postgres://app@a,b:2/x", vec![tcp("a", 5432), tcp("b", 2)], "app", None, "x"),
        ("postgres://app@[::1]:5433/x", vec![tcp("::1", 5433)], "app", None, "x"),
        ("postgres://app@[2001:db8::1]/x", vec![tcp("2001:db8::1", 5432)], "app", None, "x"),
        ("postgres://app@/x", vec![socket()], "app", None, "x"),
        ("postgres:///x?user=app", vec![socket()], "app", None, "x"),
        ("postgres://app@%2Fcloudsql%2Fp:r:i/x", vec![unix("/cloudsql/p:r:i", 5432)], "app", None, "x"),
        ("postgres://app@%2fcloudsql%2fp:r:i:5433/x", vec![unix("/cloudsql/p:r:i", 5433)], "app", None, "x"),
        ("postgres://app:pw@//cloudsql/p:r:i/x", vec![unix("/cloudsql/p:r:i", 5432)], "app", Some("pw"), "x"),
        ("postgres://app@%2Fvar%2Frun:5433/x", vec![unix("/var/run", 5433)], "app", None, "x"),
        ("postgres://app@db:1/x?host=other&port=2", vec![tcp("other", 2)], "app", None, "x"),
        ("postgres://db/x?user=a@b", vec![tcp("db", 5432)], "a@b", None, "x"),
        ("postgres://db:5432/x?user=app&application_name=a@b", vec![tcp("db", 5432)], "app", None, "x"),
        ("postgres://app@/x?hostaddr=10.0.0.1", vec![tcp("10.0.0.1", 5432)], "app", None, "x"),
        // Prisma on Cloud SQL.
        (
            "postgresql://app:pw@localhost/x?host=/cloudsql/p:r:i&schema=public",
            vec![unix("/cloudsql/p:r:i", 5432)],
            "app",
            Some("pw"),
            "x",
        ),
        // Keywords.
        ("host=db port=5433 user=app dbname=x password=pw", vec![tcp("db", 5433)], "app", Some("pw"), "x"),
        (r"host = db user=app password='it\'s a b' dbname=x", vec![tcp("db", 5432)], "app", Some("it's a b"), "x"),
        (r"host=/run/pg user=app password=a\ b", vec![unix("/run/pg", 5432)], "app", Some("a b"), "app"),
        ("host=a,b port=1,2 user=app", vec![tcp("a", 1), tcp("b", 2)], "app", None, "app"),
        ("host=a,b port=9 user=app", vec![tcp("a", 9), tcp("b", 9)], "app", None, "app"),
        ("host='' user=app", vec![socket()], "app", None, "app"),
    ] {
        let url = postgres(text);
        assert_eq!(url.hosts, hosts, "{text}");
        assert_eq!(url.user, user, "{text}");
        assert_eq!(url.password.as_ref().map(Secret::expose), password, "{text}");
        assert_eq!(url.database, database, "{text}");
    }
}

#[test]
fn tls_is_what_libpq_and_prisma_mean_by_their_words() {
    for (query, mode, root) in [
        ("", TlsMode::Prefer, None),
        ("sslmode=disable", TlsMode::Disable, None),
        ("sslmode=allow", TlsMode::Prefer, None),
        ("sslmode=require", TlsMode::Require, None),
        ("sslmode=no-verify", TlsMode::Require, None),
        ("sslmode=verify-ca&sslrootcert=ca.pem", TlsMode::VerifyCa, Some("ca.pem")),
        ("sslmode=verify-full&sslrootcert=/etc/ca.pem", TlsMode::VerifyFull, Some("/etc/ca.pem")),
        ("sslrootcert=system", TlsMode::VerifyFull, None),
        ("ssl=true", TlsMode::Require, None),
        ("sslmode=require&sslaccept=strict", TlsMode::VerifyFull, None),
        ("sslmode=require&sslaccept=strict&sslcert=ca.pem", TlsMode::VerifyFull, Some("ca.pem")),
        ("sslmode=require&sslaccept=accept_invalid_certs&sslcert=ca.pem", TlsMode::Require, None),
        ("sslmode=require&sslcert=ca.pem", TlsMode::Require, None),
        ("sslaccept=strict", TlsMode::Prefer, None),
    ] {
        let url = postgres(&format!("postgres://app@db/x?{query}"));
        assert_eq!((url.tls, url.root_cert), (mode, root.map(PathBuf::from)), "{query}");
    }
}

#[test]
fn search_path_pooler_and_limits_come_from_the_parameters() {
    for (query, path) in [
        ("schema=tenant", Some(vec!["tenant"])),
        ("options=-c%20search_path%3Da,b", Some(vec!["a", "b"])),
        ("options=-csearch_path=a", Some(vec!["a"])),
        ("options=--search_path=a,%22B%22", Some(vec!["a", "B"])),
        ("options=-c+statement_timeout%3D5s+-c+search_path%3Da", Some(vec!["a"])),
        ("currentSchema=a,b", Some(vec!["a", "b"])),
        ("options=-c%20geqo%3Doff", None),
        ("", None),
    ] {
        let url = postgres(&format!("postgres://app@db/x?{query}"));
        let wanted = path.map(|path| path.into_iter().map(str::to_owned).collect::<Vec<_>>());
        assert_eq!(url.search_path, wanted, "{query}");
    }
    let url = postgres(
        "postgres://app@db/x?pgbouncer=true&connect_timeout=7&socket_timeout=9&connection_limit=1&pool_timeout=0\
         &statement_cache_size=0&target_session_attrs=any&application_name=app&whatever=%3F",
    );
    assert!(url.pooled);
    assert_eq!(url.connect_timeout, Some(Duration::from_secs(7)));
    assert_eq!(url.statement_timeout, Some(Duration::from_secs(9)));
    let url = postgres("postgres://app@db/x?connect_timeout=0");
    assert!(!url.pooled);
    assert_eq!(url.connect_timeout, None, "zero is no limit");
}

#[test]
fn what_a_url_leaves_out_comes_from_libpqs_variables() {
    let env = |name: &str| {
        let value = match name {
            "PGHOST" => "db.internal",
            "PGUSER" => "someone",
            "PGPASSWORD" => "pw",
            "PGSSLMODE" => "require",
            _ => return None,
        };
        Some(value.to_owned())
    };
    let Ok(DatabaseUrl::Postgres(url)) = DatabaseUrl::parse("postgres:///shop", &env) else { panic!("no URL") };
    assert_eq!(url.to_string(), "postgresql://someone@db.internal:5432/shop");
    assert_eq!((url.tls, url.password.as_ref().map(Secret::expose)), (TlsMode::Require, Some("pw")));
    let Ok(DatabaseUrl::Postgres(url)) = DatabaseUrl::parse("postgres://app@db/x", &env) else { panic!("no URL") };
    assert_eq!(url.to_string(), "postgresql://app@db:5432/x");
}

#[test]
fn sqlite_has_many_spellings() {
    for (text, path) in [
        ("sqlite:app.db", "app.db"),
        ("sqlite:./app.db", "./app.db"),
        ("sqlite:/var/lib/app.db", "/var/lib/app.db"),
        ("sqlite://app.db", "app.db"),
        ("sqlite:///db.sqlite3", "db.sqlite3"),
        ("sqlite:///var/lib/app.db", "/var/lib/app.db"),
        ("sqlite:////var/lib/app.db", "/var/lib/app.db"),
        ("sqlite:////app.db", "/app.db"),
        ("sqlite3:///db.sqlite3", "db.sqlite3"),
        ("file:./dev.db", "./dev.db"),
        ("file:./dev.db?connection_limit=1", "./dev.db"),
    ] {
        assert_eq!(DatabaseUrl::parse(text, &|_| None), Ok(DatabaseUrl::Sqlite(PathBuf::from(path))), "{text}");
    }
}

#[test]
fn a_url_that_is_none_says_what_to_do_and_never_the_password() {
    for (text, part) in [
        ("", "is empty"),
        ("db.internal", "not a database URL"),
        ("postgres:app@db/x", "two slashes"),
        ("postgers://app:hunter2@db/x", "did you mean `postgres`"),
        ("mysql://app:hunter2@db/x", "MySQL is not supported yet"),
        ("mariadb://app@db/x", "MariaDB is not supported yet"),
        ("mongodb+srv://app@db/x", "MongoDB is not supported yet"),
        ("prisma://accelerate.prisma-data.net/?api_key=hunter2", "Prisma Accelerate"),
        ("prisma+postgres://accelerate.prisma-data.net/?api_key=hunter2", "Prisma Accelerate"),
        ("postgres://db/x", "names no user"),
        ("postgres://app:hunt@hunter2@db/x", "raw `@`; percent-encode it as %40"),
        ("postgres://app:hunter2/x@db/x", "raw `/`; percent-encode it as %2F"),
        ("postgres://app:12/hunter2@db/x", "raw `/`; percent-encode it as %2F"),
        ("postgres://app:hunter2#x@db/x", "raw `#`; percent-encode it as %23"),
        ("postgres://app:hunter2?x@db/x", "raw `?`; percent-encode it as %3F"),
        ("postgres://app:hunter2@db/x#y", "raw `#` begins a fragment"),
        ("postgres://app:hunter2", "a port is not a number"),
        ("postgres://app@db:99999/x", "a port is not a number"),
        ("postgres://app@db:0/x", "a port is not a number"),
        ("postgres://app@::1/x", "[::1]:5432"),
        ("postgres://app@[::1/x", "not closed"),
        ("postgres://app@a:1,b:2/x?port=1,2,3", "2 hosts and 3 ports"),
        ("postgres://app@db/x?sslmode=on", "`sslmode` of the database URL is none of disable"),
        ("postgres://app@db/x?sslaccept=yes", "`sslaccept`"),
        ("postgres://app@db/x?pgbouncer=yes", "`pgbouncer`"),
        ("postgres://app@db/x?connect_timeout=5s", "`connect_timeout`"),
        ("postgres://app@db/x?sslidentity=client.p12", "client certificates"),
        ("postgres://app@db/x?sslcert=c.pem&sslkey=k.pem", "client certificates"),
        ("postgres://app@db/%ff", "not UTF-8"),
        ("host=db user='app", "a quote"),
        ("host=db user", "has no `=`"),
        ("my host=db", "neither a URL nor keywords"),
        ("sqlite:", "is missing"),
        ("sqlite::memory:", "in memory"),
        ("file::memory:?cache=shared", "in memory"),
    ] {
        let message = refused(text);
        assert!(message.contains(part), "{text}: {message}");
        assert!(!message.contains("hunt"), "{text}: {message}");
    }
}

#[test]
fn no_print_of_a_url_holds_the_password() {
    let url = postgres("postgres://app:hunter2@db/x");
    assert!(!format!("{url} {url:?}").contains("hunter2"));
}
