use std::collections::BTreeMap;

use std::path::Path;

use gate::{Action, Fact, Mode, ObjectName};

use super::*;

mod control_file;
mod lock;
mod maintenance;
mod mistakes;
mod reference;
mod tenants;

/// A configuration that is complete and says little.
const SMALL: &str = r#"
    [databases.main]
    url = "postgres://app@127.0.0.1/app"
    [upstreams.api]
    servers = ["127.0.0.1:3000"]
    [requirements.users]
    tables = ["users"]
    [[routes]]
    path = "/users/*"
    needs = ["users"]
    [[routes]]
    path = "/*"
"#;

fn parse(text: &str) -> Result<Config, ConfigErrors> {
    parse_with(text, &[])
}

fn parse_with(text: &str, env: &[(&str, &str)]) -> Result<Config, ConfigErrors> {
    let env: BTreeMap<String, String> = env.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
    Config::parse(text, Path::new("/etc/schemagate/proxy.toml"), &|name| env.get(name).cloned())
}

fn valid(text: &str) -> Config {
    parse(text).unwrap_or_else(|errors| panic!("{errors}"))
}

/// The messages of everything that is wrong with a text.
fn messages(text: &str) -> Vec<String> {
    let errors = parse(text).expect_err("a configuration with mistakes");
    let list = errors.to_json();
    list.as_array().expect("a list").iter().map(|one| one["message"].as_str().expect("a text").to_owned()).collect()
}

#[test]
fn what_is_left_out_has_its_default() {
    let config = valid(SMALL);
    assert_eq!(config.warnings, Vec::<String>::new());
    assert_eq!(config.listen.http, [Address::Tcp("0.0.0.0:8080".to_owned())]);
    assert_eq!((config.listen.drain, config.listen.drain_wait), (Duration::from_secs(5), Duration::ZERO));
    assert!(
        config
            .listen
            .trusted_proxies
            .iter()
            .any(|range| range.contains(&"10.1.2.3".parse::<std::net::IpAddr>().unwrap()))
    );
    assert_eq!(config.admin.listen, Address::Tcp("127.0.0.1:9901".to_owned()));
    assert_eq!(config.admin.startup_timeout, Duration::from_secs(5));
    let database = &config.databases[0];
    assert_eq!((database.refresh, database.max_age), (Duration::from_secs(1), Duration::from_secs(30)));
    let Source::Postgres(postgres) = &database.source else { panic!("not PostgreSQL") };
    assert_eq!(postgres.statement_timeout, Duration::from_secs(2));
    assert_eq!((postgres.connect_timeout, postgres.notify), (Duration::from_secs(5), Notify::Auto));
    let upstream = &config.upstreams[0];
    assert_eq!(upstream.servers, [Server::Tcp { host: "127.0.0.1".to_owned(), port: 3000 }]);
    assert!(upstream.tls.is_none() && upstream.health.is_none() && !upstream.http2);
    assert_eq!(upstream.read_timeout, Some(Duration::from_secs(300)));
    let route = &config.rules.routes()[0];
    assert_eq!(&*route.name, "/users/*");
    assert_eq!(route.mode, Mode::Enforce);
    assert_eq!(route.actions.on_broken, route.actions.on_contradicted);
    assert_eq!(route.actions.on_broken, route.actions.on_migrating);
    assert_eq!(route.actions.on_unknown, Action::Pass);
    let AnswerSpec::Block(block) = &config.answers[0] else { panic!("not a refusal") };
    assert_eq!((block.code.as_str(), block.retry_after), ("SCHEMA_NOT_READY", Duration::from_secs(30)));
    assert_eq!(config.log.level, "info");
}

#[test]
fn equal_refusals_are_one_answer() {
    let text =
        SMALL.to_owned() + "[[routes]]\npath = \"/a\"\nneeds = \"users\"\n[[routes]]\npath = \"/b\"\nneeds = \"users\"";
    assert_eq!(valid(&text).answers.len(), 1);
}

#[test]
fn every_kind_of_requirement_becomes_its_fact() {
    let config = valid(&SMALL.replace(
        "tables = [\"users\"]",
        r#"
        tables = ["users", "app.Orders"]
        columns = { users = ["email", "\"odd name\" text not null"] }
        schemas = ["app"]
        enums = { Status = ["A", "B"] }
        indexes = ["users_email_idx"]
        constraints = { users = ["users_pkey"] }
        functions = ["recount", "total(int, text)"]
        extensions = ["pg_trgm"]
        privileges = { users = ["select"] }
        mend = "migrate"
        "#,
    ));
    let facts = &config.rules.requirements()[0].facts;
    let users = || ObjectName::unqualified("users");
    for wanted in [
        Fact::Table(ObjectName::qualified("app", "Orders")),
        Fact::Column { table: users(), column: "email".into(), ty: None, nullable: None },
        Fact::Column { table: users(), column: "odd name".into(), ty: "text".parse().ok(), nullable: Some(false) },
        Fact::Schema("app".into()),
        Fact::Enum { name: ObjectName::unqualified("Status"), values: vec!["A".into(), "B".into()] },
        Fact::Index(ObjectName::unqualified("users_email_idx")),
        Fact::Constraint { table: users(), constraint: "users_pkey".into() },
        Fact::Function { name: ObjectName::unqualified("recount"), arguments: None },
        Fact::Extension("pg_trgm".into()),
        Fact::Privilege { table: users(), privilege: gate::Privilege::Select },
    ] {
        assert!(facts.contains(&wanted), "{wanted:?} is not among {facts:?}");
    }
    assert_eq!(config.notes[0].mend.as_deref(), Some("migrate"));
}

#[test]
fn a_requirement_of_several_databases_is_several_and_a_route_needs_them_all() {
    let config = valid(&SMALL.replace(
        "[requirements.users]",
        "[databases.replica]\nurl = \"postgres://app@replica/app\"\n[requirements.users]\ndatabase = [\"main\", \"replica\"]",
    ));
    assert_eq!(config.rules.requirements().len(), 2);
    assert_eq!(config.notes.len(), 2);
    assert_eq!(config.rules.routes()[0].needs.as_slice(), [RequirementId(0), RequirementId(1)]);
}

#[test]
fn actions_are_the_routes_own_then_the_defaults_then_on_broken() {
    let config = valid(
        &(SMALL
            .replace("needs = [\"users\"]", "needs = [\"users\"]\non_broken = \"read_only\"\non_unknown = \"block\"")
            + "[defaults]\non_migrating = \"pass\"\ncode = \"WAIT\""),
    );
    let actions = config.rules.routes()[0].actions;
    let Action::ReadOnly(answer) = actions.on_broken else { panic!("{actions:?}") };
    assert_eq!(actions.on_contradicted, Action::ReadOnly(answer));
    assert_eq!(actions.on_migrating, Action::Pass);
    assert_eq!(actions.on_unknown, Action::Block(answer), "the same refusal");
    let AnswerSpec::Block(block) = &config.answers[answer.0 as usize] else { panic!("not a refusal") };
    assert_eq!(block.code, "WAIT");
}

#[test]
fn a_fixed_answer_has_its_body_its_type_and_its_route() {
    let config = valid(&SMALL.replace(
        "needs = [\"users\"]",
        r#"
        name = "people"
        needs = ["users"]
        on_broken = { respond = { status = 203, headers = { X-A = "b", Content-Type = "application/vnd.api+json" }, json = { data = [1, true, "${HOME:-x}"] } } }
        "#,
    ));
    let Action::Respond(answer) = config.rules.routes()[0].actions.on_broken else { panic!("not a fixed answer") };
    let AnswerSpec::Respond(respond) = &config.answers[answer.0 as usize] else { panic!("not a fixed answer") };
    assert_eq!(respond.route, "people");
    assert_eq!(respond.status, 203);
    assert_eq!(respond.body, r#"{"data":[1,true,"x"]}"#);
    assert_eq!(respond.content_type, "application/vnd.api+json");
    assert_eq!(respond.headers.len(), 1);
}

#[test]
fn a_rescue_has_an_answer_for_reads_and_a_refusal_for_the_rest() {
    let config = valid(&SMALL.replace(
        "needs = [\"users\"]",
        r#"
        name = "people"
        needs = ["users"]
        on_broken = { rescue = { json = [], code = "PEOPLE_NOT_READY" } }
        on_unknown = { rescue = { status = 204, methods = ["POST"] } }
        "#,
    ));
    let actions = config.rules.routes()[0].actions;
    let Action::Rescue { answer, methods, otherwise } = actions.on_broken else { panic!("{actions:?}") };
    assert_eq!(methods, gate::KnownMethods::new(["GET"]));
    let AnswerSpec::Respond(respond) = &config.answers[answer.0 as usize] else { panic!("not a fixed answer") };
    assert_eq!((respond.status.as_u16(), &respond.body[..], &*respond.route), (200, &b"[]"[..], "people"));
    let AnswerSpec::Block(block) = &config.answers[otherwise.0 as usize] else { panic!("not a refusal") };
    assert_eq!((&*block.code, block.retry_after), ("PEOPLE_NOT_READY", Duration::from_secs(30)));
    let Action::Rescue { methods, .. } = actions.on_unknown else { panic!("{actions:?}") };
    assert_eq!(methods, gate::KnownMethods::new(["POST"]));
}

#[test]
fn a_route_with_several_hosts_is_several_routes() {
    let config = valid(&SMALL.replace(
        "path = \"/users/*\"",
        "path = \"/users/*\"\nmethods = \"GET\"\nhost = [\"a.example\", \"*.b.example\"]",
    ));
    let names: Vec<&str> = config.rules.routes().iter().map(|route| &*route.name).collect();
    assert_eq!(names, ["GET a.example /users/*", "GET *.b.example /users/*", "/*"]);
}

#[test]
fn a_routes_mode_goes_before_the_mode_of_all() {
    let config = valid(&("mode = \"observe\"\n".to_owned() + SMALL + "mode = \"enforce\""));
    let modes: Vec<Mode> = config.rules.routes().iter().map(|route| route.mode).collect();
    assert_eq!(modes, [Mode::Observe, Mode::Enforce]);
}

#[test]
fn variables_expand_in_values_of_every_type() {
    let text = "mode = \"${MODE:-observe}\"\n[listen]\nhttp = \"0.0.0.0:${PORT:-8080}\"\nthreads = \"${THREADS}\"\n[log]\naccess = \"${ACCESS}\"\n".to_owned() + SMALL;
    let config = parse_with(&text, &[("PORT", "9000"), ("THREADS", "3"), ("ACCESS", "false")]).expect("valid");
    assert_eq!(config.listen.http, [Address::Tcp("0.0.0.0:9000".to_owned())]);
    assert_eq!((config.listen.threads, config.log.access.sample), (3, 0.0));
    assert_eq!(config.rules.routes()[0].mode, Mode::Observe);
}

#[test]
fn servers_have_many_forms() {
    let servers = r#"["http://a", "http://b:81/", "c:82", "[::1]:83", "unix:/run/d.sock"]"#;
    let config = valid(&SMALL.replace(r#"["127.0.0.1:3000"]"#, servers));
    let tcp = |host: &str, port| Server::Tcp { host: host.to_owned(), port };
    let upstream = &config.upstreams[0];
    assert_eq!(
        upstream.servers,
        [tcp("a", 80), tcp("b", 81), tcp("c", 82), tcp("::1", 83), Server::Unix(PathBuf::from("/run/d.sock"))]
    );
    assert!(upstream.health.as_ref().is_some_and(|health| health.path.is_none()), "several servers are asked");
    let config = valid(&SMALL.replace(r#"["127.0.0.1:3000"]"#, r#""https://api.internal""#));
    assert_eq!(config.upstreams[0].servers, [tcp("api.internal", 443)]);
    assert!(config.upstreams[0].tls.as_ref().is_some_and(|tls| tls.verify));
}

#[test]
fn secrets_come_from_files_and_paths_begin_at_the_files_folder() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("url"), "postgres://app:hunter2@db/app?sslmode=verify-ca&sslrootcert=ca.pem\n")
        .unwrap();
    std::fs::write(folder.path().join("token"), "  abc\n").unwrap();
    let text = SMALL.replace("url = \"postgres://app@127.0.0.1/app\"", "url_file = \"url\"")
        + "[admin]\nlisten = \"0.0.0.0:9901\"\nread_token_file = \"token\"";
    let file = folder.path().join("proxy.toml");
    std::fs::write(&file, text).unwrap();
    let config = Config::load(&file).unwrap_or_else(|errors| panic!("{errors}"));
    let Source::Postgres(postgres) = &config.databases[0].source else { panic!("not PostgreSQL") };
    assert_eq!(postgres.url.password.as_ref().map(Secret::expose), Some("hunter2"));
    assert_eq!(postgres.url.root_cert, Some(folder.path().join("ca.pem")));
    assert_eq!(config.admin.token_for(May::Read).map(Secret::expose), Some("abc"));
    assert!(!format!("{config:?}").contains("hunter2"));
}

#[test]
fn with_https_alone_there_is_no_plain_listener() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("cert.pem"), "-----BEGIN CERTIFICATE-----").unwrap();
    std::fs::write(folder.path().join("key.pem"), "-----BEGIN PRIVATE KEY-----").unwrap();
    let text =
        "[listen.https]\naddress = \"unix:run/tls.sock\"\ncert = \"cert.pem\"\nkey = \"key.pem\"\n".to_owned() + SMALL;
    let config =
        Config::parse(&text, &folder.path().join("proxy.toml"), &|_| None).unwrap_or_else(|errors| panic!("{errors}"));
    assert_eq!(config.listen.http, []);
    let https = config.listen.https.expect("a TLS listener");
    assert_eq!(https.address, Address::Unix(folder.path().join("run/tls.sock")));
    assert_eq!(https.certificate.cert, folder.path().join("cert.pem"));
}

#[test]
fn limits_of_the_url_go_before_the_defaults_and_after_what_was_typed() {
    let url = "postgres://app@db/app?connect_timeout=9&socket_timeout=8";
    let config = valid(&SMALL.replace("postgres://app@127.0.0.1/app\"", &format!("{url}\"\nconnect_timeout = \"1s\"")));
    let Source::Postgres(postgres) = &config.databases[0].source else { panic!("not PostgreSQL") };
    assert_eq!(postgres.connect_timeout, Duration::from_secs(1));
    assert_eq!(postgres.statement_timeout, Duration::from_secs(8));
}

#[test]
fn a_logo_and_a_template_are_read_when_the_file_is() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(
        folder.path().join("logo.svg"),
        "<?xml version=\"1.0\"?><svg xmlns=\"http://www.w3.org/2000/svg\"/>",
    )
    .unwrap();
    std::fs::write(folder.path().join("page.html"), "<h1>{{ title }}</h1>").unwrap();
    let text = SMALL.to_owned() + "[brand]\nlogo = \"logo.svg\"\ncolor = \"#0BF\"\npage = \"page.html\"";
    let config =
        Config::parse(&text, &folder.path().join("proxy.toml"), &|_| None).unwrap_or_else(|errors| panic!("{errors}"));
    assert!(matches!(&config.brand.logo, Some(Logo::Svg(svg)) if svg.starts_with("<svg")));
    assert_eq!(config.brand.color.as_deref(), Some("#00bbff"));
    assert_eq!(config.brand.page.as_ref().map(|page| &*page.source), Some("<h1>{{ title }}</h1>"));
}

#[test]
fn what_is_valid_and_probably_not_meant_is_warned_of() {
    let config = valid(
        r#"
[databases.main]
url = "sqlite:gone.db"
[databases.spare]
url = "postgres://app@db/app"
[upstreams.api]
servers = "127.0.0.1:3000"
[upstreams.spare]
servers = "127.0.0.1:3001"
[requirements.users]
database = "main"
tables = "users"
[requirements.idle]
database = "main"
tables = "idle"
[health]
path = "/health"
[[routes]]
path = "/users"
needs = "users"
upstream = "api"
[[routes]]
host = "app.example.com"
path = "/*"
methods = ["GET", "GTE"]
upstream = "api"
on_broken = "pass"
[[routes]]
host = "www.example.com"
path = "/*"
upstream = "api"
[[routes]]
path = "/Health/"
upstream = "api"
"#,
    );
    insta::assert_snapshot!(config.warnings.join("\n"));
}

proptest::proptest! {
    #[test]
    fn no_text_makes_the_reader_panic(text in "(?s).{0,200}") {
        let _ = parse(&text).map_err(|errors| (errors.render(true), errors.to_json()));
    }

    #[test]
    fn no_damage_to_a_file_makes_the_reader_panic(
        at in 0_usize..6000, length in 0_usize..40, put in "(?s)[\\[\\]{}\"'=.,#$\\n a-z0-9:/@é-]{0,20}"
    ) {
        let mut text = reference::TEXT.to_owned();
        let cut = place::Place { start: at, end: at + length }.within(&text);
        text.replace_range(cut.range(), &put);
        let _ = parse(&text).map_err(|errors| (errors.render(false), errors.to_json()));
    }
}

#[test]
fn a_hold_a_stale_answer_and_another_upstream_are_read_with_their_defaults() {
    let config = valid(
        r#"
        [databases.main]
        url = "postgres://app@127.0.0.1/app"
        [upstreams.api]
        servers = ["127.0.0.1:3000"]
        [upstreams.previous]
        servers = ["127.0.0.1:3001"]
        [requirements.users]
        tables = ["users"]
        [[routes]]
        path = "/*"
        upstream = "api"
        needs = ["users"]
        on_broken = { stale = { up_to = "10m", key = { headers = ["Cookie"] }, otherwise = { code = "GONE" } } }
        on_migrating = { hold = { up_to = "2s", then = { upstream = "previous" } } }
        on_unknown = { upstream = { name = "previous", otherwise = { code = "GONE" } } }
        "#,
    );
    assert_eq!(config.warnings, Vec::<String>::new());
    let actions = config.rules.routes()[0].actions;
    let Action::Stale { up_to, otherwise } = actions.on_broken else { panic!("{actions:?}") };
    assert_eq!(up_to, Duration::from_secs(600));
    assert_eq!(actions.on_unknown, Action::Upstream { upstream: UpstreamId(1), otherwise }, "the same refusal");
    let Action::Hold(hold) = actions.on_migrating else { panic!("{actions:?}") };
    let hold = *config.rules.hold(hold).expect("the hold");
    assert_eq!((hold.up_to, hold.max_requests), (Duration::from_secs(2), 1000));
    assert_eq!((hold.max_body, hold.release_per_second), (65_536, 1000));
    assert!(matches!(hold.then, Action::Upstream { upstream: UpstreamId(1), .. }));
    let key = StaleKey { names: vec![http::header::COOKIE], ignores: Vec::new() };
    assert_eq!(config.stale_keys, [Some(key)]);
    assert_eq!((config.hold.max_requests, config.hold.max_bytes), (10_000, 64 << 20));
    assert_eq!((config.stale.max_bytes, config.stale.max_answer_bytes), (64 << 20, 1 << 20));
}

#[test]
fn in_whatever_order_the_headers_of_a_key_are_typed_it_is_the_same_key() {
    let stale = |headers: &str| format!("{{ stale = {{ up_to = \"1m\", key = {{ headers = [{headers}] }} }} }}");
    let (one, other) = (stale("\"Cookie\", \"X-User\""), stale("\"x-user\", \"cookie\""));
    let actions = format!("needs = [\"users\"]\non_broken = {one}\non_migrating = {other}");
    let config = valid(&SMALL.replace("needs = [\"users\"]", &actions));
    assert_eq!(config.stale_keys[0].as_ref().expect("a key").names, ["cookie", "x-user"]);
}

#[test]
fn a_route_that_waits_and_then_gives_a_stale_answer_keeps_them_too() {
    let hold = r#"on_broken = { hold = { then = { stale = { up_to = "1m" } } } }"#;
    let config = valid(&SMALL.replace("needs = [\"users\"]", &format!("needs = [\"users\"]\n{hold}")));
    assert_eq!(config.stale_keys, [Some(StaleKey::default()), None]);
}

#[test]
fn versions_go_before_the_routes_own_upstream_the_newest_first() {
    let version = "[[routes.versions]]\nupstream = \"api\"\nneeds = [\"users\"]\n";
    let config = valid(&format!("{SMALL}{version}{version}"));
    let route = &config.rules.routes()[1];
    assert_eq!(route.versions.len(), 2);
    assert_eq!(route.versions[0].needs.as_slice(), [RequirementId(0)]);
    let AnswerSpec::Block(block) = &config.answers[route.versions[0].otherwise.0 as usize] else {
        panic!("no refusal")
    };
    assert_eq!(block.code, "SCHEMA_NOT_READY");
    assert!(config.warnings[0].contains("this version is never used"), "{:?}", config.warnings);
}
