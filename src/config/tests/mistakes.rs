//! What is wrong is said, all of it, with its place and without secrets.

use super::*;

const TEN: &str = r#"[listen]
htp = "0.0.0.0:8080"
drain = 5

[admin]
listen = "0.0.0.0:9901"

[databases.main]
url = "postgres://app:hunter2@@db/app"
refresh = "10ms"

[upstreams.api]
servers = ["127.0.0.1"]

[requirements.backups]
tables = ["AdminBackupJob", ""]
columns = { customers = ["agreementUploadedAt timestamp(3"] }

[[routes]]
path = "/admin/backups"
needs = ["backup"]
on_broken = { stale = { up_to = "10ms" } }

[[routes]]
path = "/admin/Backups/"
on_broken = "${NOT_SET}"

[[routes]]
methods = ["get"]
"#;

#[test]
fn ten_mistakes_and_more_are_shown_in_one_run_each_with_its_place() {
    let errors = parse(TEN).expect_err("mistakes");
    insta::assert_snapshot!(errors.render(false));
    assert!(errors.count() >= 10);
}

#[test]
fn programs_get_the_same_as_json() {
    let errors = parse("[listen]\nhtp = 1\n").expect_err("mistakes");
    assert_eq!(
        errors.to_json(),
        serde_json::json!([{
            "file": "/etc/schemagate/proxy.toml", "line": 2, "column": 1,
            "message": "unknown key `htp` in `listen`", "help": "did you mean `http`?",
        }])
    );
}

#[test]
fn every_syntax_error_is_shown() {
    let errors =
        parse("a = \nb = 'x\nurl = \"postgres://app:hunter2@db\nc = 1 2\nd = 1\nd = 2\n").expect_err("mistakes");
    assert!(errors.count() >= 4, "{errors}");
    assert!(!errors.to_string().contains("hunter2"), "{errors}");
}

#[test]
fn two_routes_for_the_same_requests_are_named_with_both_places() {
    let errors =
        parse(&(SMALL.to_owned() + "[[routes]]\nname = \"other\"\npath = \"/Users/*\"")).expect_err("mistakes");
    insta::assert_snapshot!(errors.render(false));
}

#[test]
fn a_password_is_never_shown() {
    for url in [
        "postgres://app:hunter2@@db/app",
        "postgres://app:hunter2",
        "postgers://app:hunter2@db/app",
        "app:hunter2@db/app",
        "host=db password=hunter2 port=x user=app",
        "postgres://db/app?password=hunter2&sslmode=x",
    ] {
        let text = SMALL.replace("postgres://app@127.0.0.1/app", url);
        let errors = parse(&text).expect_err("mistakes");
        let shown = format!("{errors} {} {errors:?} {}", errors.to_json(), errors.render(true));
        assert!(!shown.contains("hunter2"), "{shown}");
        // From a variable, too.
        let text = SMALL.replace("postgres://app@127.0.0.1/app", "${URL}");
        let errors = parse_with(&text, &[("URL", url)]).expect_err("mistakes");
        assert!(!errors.to_string().contains("hunter2"), "{errors}");
    }
    // A URL in the wrong place.
    let text = SMALL.replace("127.0.0.1:3000", "postgres://app:hunter2@db/app");
    let errors = parse(&text).expect_err("mistakes");
    assert!(!errors.to_string().contains("hunter2"), "{errors}");
}

#[test]
fn a_file_that_cannot_be_read_is_one_line_that_says_what_to_do() {
    let folder = tempfile::tempdir().expect("a folder");
    let shown = |path: &Path| Config::load(path).expect_err("no file").to_string();
    let missing = shown(&folder.path().join("proxy.toml"));
    assert!(missing.contains("proxy.toml: there is no such file; give its path with --config"), "{missing}");
    assert_eq!(missing.lines().count(), 1, "{missing}");
    assert!(shown(folder.path()).contains("it is a folder"));
    let latin = folder.path().join("latin.toml");
    std::fs::write(&latin, b"a = \"\xe9\"").unwrap();
    assert!(shown(&latin).contains("not UTF-8 at byte 5"));
}

/// Each text has, among what is wrong with it, the message.
fn assert_messages(cases: impl IntoIterator<Item = (String, &'static str)>) {
    for (text, message) in cases {
        let messages = messages(&text);
        assert!(messages.iter().any(|one| one.contains(message)), "wanted: {message}\ngot: {messages:#?}");
    }
}

#[test]
fn each_mistake_of_a_route_has_its_message() {
    let route = |more: &str| SMALL.replace("needs = [\"users\"]", &format!("needs = [\"users\"]\n{more}"));
    assert_messages([
        (route("name = \" \""), "`name` is empty, has control characters"),
        (route("host = \"https://a\""), "`https://a`: a host has no scheme, port or path"),
        (route("host = []"), "`host` is empty, so the route serves nothing"),
        (route("methods = [\"post\"]"), "`post`: methods are written in capital letters"),
        (route("methods = []"), "`methods` is empty"),
        (route("upstream = \"apo\""), "there is no upstream `apo`"),
        (route("on_broken = \"hold\""), "`routes.on_broken`: `hold` needs to be told more"),
        (route("on_broken = \"rescue\""), "`routes.on_broken`: `rescue` needs to be told more"),
        (route("on_broken = { rescue = { methods = [\"get\"] } }"), "`get` is not a method that can be rescued"),
        (route("on_broken = { rescue = { methods = [] } }"), "`methods` is empty, so that nothing is rescued"),
        (route("on_broken = \"bloc\""), "`routes.on_broken` knows no action `bloc`"),
        (route("on_broken = \"respond\""), "`routes.on_broken`: `respond` needs to be told more"),
        (route("on_broken = { block = {}, read_only = {} }"), "`routes.on_broken` must name exactly one action"),
        (route("on_broken = { block = { cod = \"X\" } }"), "unknown key `cod` in `routes.on_broken.block`"),
        (route("on_broken = { respond = { status = 99 } }"), "`status` is 99, and must be from 200 to 599"),
        (route("on_broken = { respond = { json = [], text = \"\" } }"), "`json` and `text` are both given"),
        (route("on_broken = { respond = { status = 204, text = \"\" } }"), "has no body"),
        (route("on_broken = { respond = { headers = { \"a b\" = \"x\" } } }"), "`a b` is not a header's name"),
        (
            route("on_broken = { respond = { headers = { Content-Length = \"1\" } } }"),
            "the header `content-length` is schemagate's own",
        ),
        (SMALL.replace("\"/users/*\"", "\"users\""), "`users` is not a path"),
        (SMALL.replace("\"/users/*\"", "\"/us*rs\""), "`/us*rs` is not a path"),
        (route("on_broken = { block = { page = \"gone.html\" } }"), "`page`: cannot read /etc/schemagate/gone.html"),
    ]);
}

#[test]
fn each_mistake_of_waiting_keeping_and_leading_elsewhere_has_its_message() {
    let route = |more: &str| SMALL.replace("needs = [\"users\"]", &format!("needs = [\"users\"]\n{more}"));
    let hold = |more: &str| route(&format!("on_broken = {{ hold = {{ {more} }} }}"));
    let stale = |more: &str| route(&format!("on_broken = {{ stale = {{ up_to = \"1m\", {more} }} }}"));
    let version = |more: &str| SMALL.to_owned() + "[[routes.versions]]\n" + more;
    assert_messages([
        (hold("then = { hold = {} }"), "`then` is a hold: whoever waited in vain would wait again"),
        (hold("then = { upstream = \"previous\" }"), "there is no upstream `previous`"),
        (hold("up_to = \"1ms\""), "`up_to` is 1ms, and must be at least 50ms"),
        (hold("up_to = \"10m\""), "`up_to` is 10m, and must be at most 5m"),
        (hold("max_requests = 0"), "`max_requests` is 0, and must be at least 1"),
        (hold("release_per_second = 0"), "`release_per_second` is 0, and must be at least 1"),
        (hold("max_body = \"1MiB\""), "`max_body` is 1MiB, and must be at most 64KiB"),
        (hold("max_body = \"64kB\""), "is not an amount of bytes: a whole number and B, KiB, MiB or GiB"),
        (hold("max_body = 65536"), "is an integer, expected an amount of bytes such as \"64KiB\""),
        (route("on_broken = { stale = {} }"), "`routes.on_broken.stale` lacks the key `up_to`"),
        (route("on_broken = { stale = { up_to = \"1ms\" } }"), "`up_to` is 1ms, and must be at least 1s"),
        (route("on_broken = { stale = { up_to = \"999h\" } }"), "and must be at most"),
        (stale("key = { ignore = [\"Cookie\"] }"), "`cookie` says who asks, and cannot be ignored"),
        (stale("key = { ignore = [\"Host\"] }"), "`host` says who is asked, and cannot be ignored"),
        (stale("key = { headers = [\"X-A\"], ignore = [\"x-a\"] }"), "`x-a` is both in `headers` and in `ignore`"),
        (
            stale("key = { headers = [\"Cookie\"] } } }\non_migrating = { stale = { up_to = \"2m\""),
            "the route's stale answers have two different keys",
        ),
        (route("on_broken = { upstream = \"apo\" }"), "there is no upstream `apo`"),
        (route("on_broken = { upstream = {} }"), "`routes.on_broken.upstream` lacks the key `name`"),
        (version("upstream = \"apo\"\nneeds = [\"users\"]"), "there is no upstream `apo`"),
        (version("upstream = \"api\"\nneeds = [\"user\"]"), "there is no requirement `user`"),
        (version("upstream = \"api\"\nneeds = []"), "a version that needs nothing would always be used"),
        (version("upstream = \"api\""), "`routes.versions` lacks the key `needs`"),
        (
            "stale = { max_bytes = \"1KiB\" }\n".to_owned() + SMALL,
            "`stale.max_bytes` is 1KiB, and must be at least 64KiB",
        ),
        (
            "stale = { max_bytes = \"1MiB\", max_answer_bytes = \"2MiB\" }\n".to_owned() + SMALL,
            "`stale.max_answer_bytes` is more than a quarter of `stale.max_bytes`",
        ),
    ]);
}

#[test]
fn each_mistake_in_what_is_told_has_its_message() {
    let on = |word: &str| format!("alerts = [{{ webhook = \"http://a/\", on = [\"{word}\"] }}]\n{SMALL}");
    assert_messages([
        (on("brokn"), "`alerts.on` knows no `brokn`"),
        (on("blocked"), "`alerts.on` has `blocked`, which is of tenants, and there are no [tenants]"),
    ]);
}

#[test]
fn each_mistake_has_its_message() {
    let database = |more: &str| SMALL.replace("[upstreams.api]", &format!("{more}\n[upstreams.api]"));
    let top = |more: &str| format!("{more}\n{SMALL}");
    assert_messages([
        (top("tenants = {}"), "`tenants` does not say how a request names its tenant"),
        (top("mode = \"watch\""), "`mode` knows no `watch`"),
        (top("listen = 5"), "`listen` is an integer, expected a table"),
        (top("listen = { http = \"8080\" }"), "`listen.http`: `8080` has no port"),
        (top("listen = { http = [] }"), "there is no address to listen on"),
        (top("listen = { http = [\"a:1\", \"a:1\"] }"), "two listeners have the address `a:1`"),
        (top("listen = { http = \"127.0.0.1:9901\" }"), "two listeners have the address `127.0.0.1:9901`"),
        (top("listen = { threads = 0 }"), "`listen.threads` must be from 1 to 1024"),
        (top("listen = { threads = 70000 }"), "`listen.threads` is not a whole number from 0 to 65535"),
        (
            top("listen = { trusted_proxies = \"10.0.0.0/99\" }"),
            "`listen.trusted_proxies`: `10.0.0.0/99` is no address and no range",
        ),
        (top("listen = { https = { address = \"a:1\", cert = \"/gone\" } }"), "`listen.https` lacks the key `key`"),
        (top("admin = { listen = \":9901\" }"), "`admin.listen`: `:9901` has no host"),
        (top("admin = { ready_needs = \"user\" }"), "there is no requirement `user`"),
        (top("admin = { read_token = \"\" }"), "the token `read_token` is empty, or holds spaces"),
        (top("admin = { control_token = \"a b\" }"), "the token `control_token` is empty, or holds spaces"),
        (
            top("admin = { read_token = \"a\", control_token = \"a\" }"),
            "the tokens `read_token` and `control_token` are the same",
        ),
        (top("admin = { tokens = { name = \"alice\" } }"), "the token `alice` has no `token` and no `token_file`"),
        (top("admin = { tokens = { name = \"\", token = \"a\" } }"), "`admin.tokens.name` is empty"),
        (
            top("admin = { tokens = [{ name = \"a\", token = \"a\" }, { name = \"a\", token = \"b\" }] }"),
            "two tokens are named `a`",
        ),
        (
            top("admin = { tokens = { name = \"a\", token = \"a\", may = \"write\" } }"),
            "`admin.tokens.may` knows no `write`",
        ),
        (top("admin = { hosts = \"https://a\" }"), "`admin.hosts`: `https://a` is no host name"),
        (
            top("admin = { read_token = \"a\", read_token_file = \"b\" }"),
            "`admin.read_token` and `admin.read_token_file` are both given",
        ),
        (top("log = { level = \"schemagate=loud\" }"), "`log.level`: `schemagate=loud` is no level and no filter"),
        (top("log = { format = \"jason\" }"), "`log.format` knows no `jason`"),
        (top("brand = { color = \"red\" }"), "`brand.color`: `red` is not a colour"),
        (top("brand = { contact = \"me\" }"), "`brand.contact`: `me` is neither a URL nor an e-mail address"),
        (top("health = { path = \"health\" }"), "`health.path`: the path does not begin with a slash"),
        (top("defaults = { code = \"not ready\" }"), "`defaults.code` must be 1 to 100 letters"),
        (top("defaults = { retry_after = \"10ms\" }"), "`defaults.retry_after` is 10ms, and must be at least 1s"),
        (top("mode = \"observe\"\ndefaults = { mode = \"observe\" }"), "`mode` is given at the top and in [defaults]"),
        (database("refresh = \"1\""), "`databases.main.refresh` is not a length of time"),
        (database("refresh = 1"), "`databases.main.refresh` is an integer, expected a length of time"),
        (database("refresh = \"-1s\""), "`databases.main.refresh` is negative"),
        (database("refresh = \"1m\""), "`databases.main.max_age` (30s) must be longer than `refresh` (1m)"),
        (database("url_file = \"x\""), "`databases.main.url` and `databases.main.url_file` are both given"),
        (database("direct_url = \"mysql://x\""), "`databases.main.direct_url`: MySQL is not supported yet"),
        (database("direct_url = \"sqlite:x\""), "`databases.main.direct_url` is an SQLite file, and `url` is not"),
        (database("idle = { after = \"1m\" }"), "`databases.main.idle` lacks the key `refresh`"),
        (database("[databases.two]\nrole = \"x\""), "`databases.two` has no `url` and no `url_file`"),
        (
            database("[databases.two]\nurl = \"postgres://a@b\""),
            "requirement `users` names no database, and there are several",
        ),
        (
            database("[databases.two]\nurl = \"sqlite:x\"\nrole = \"x\""),
            "`databases.two.role` means nothing to an SQLite file",
        ),
        (SMALL.replace("[\"127.0.0.1:3000\"]", "[]"), "`upstreams.api.servers` is empty"),
        (SMALL.replace("127.0.0.1:3000", "http://a/b"), "`upstreams.api.servers`: a server has no path"),
        (SMALL.replace("127.0.0.1:3000", "ftp://a"), "`upstreams.api.servers`: `ftp` is neither http nor https"),
        (
            SMALL.replace("[\"127.0.0.1:3000\"]", "[\"http://a\", \"https://b\"]"),
            "some servers are https and some are not",
        ),
        (
            SMALL.replace("[upstreams.api]", "[upstreams.web]\nservers = \"a:1\"\n[upstreams.api]"),
            "the route names no upstream, and there are several",
        ),
        (SMALL.replace("tables = [\"users\"]", ""), "requirement `users` requires nothing"),
        (
            SMALL.replace("[\"users\"]\n    [[", "[\"a.b.c\"]\n    [["),
            "`requirements.users.tables`: `a.b.c` is not a name",
        ),
        (
            SMALL.replace("tables = [\"users\"]", "privileges = { users = \"SELCT\" }"),
            "`SELCT` is not a privilege; did you mean `SELECT`?",
        ),
        (SMALL.replace("tables = [\"users\"]", "functions = \"f(\""), "`f(` has a parenthesis that is not closed"),
        (
            SMALL.replace("tables = [\"users\"]", "database = \"mein\"\ntables = \"users\""),
            "there is no database `mein`",
        ),
        (
            SMALL
                .replace("postgres://app@127.0.0.1/app", "sqlite:x")
                .replace("tables = [\"users\"]", "enums = { A = [\"B\"] }"),
            "the database `main` is SQLite, which has none",
        ),
    ]);
}

#[test]
fn one_mistake_is_one_message() {
    for text in [
        SMALL.replace("needs = [\"users\"]", "needs = [\"usres\"]"),
        SMALL.replace("servers = [\"127.0.0.1:3000\"]", "servers = 5"),
        SMALL.replace("servers = [\"127.0.0.1:3000\"]", "servers = [5]"),
        SMALL.replace("url = \"postgres://app@127.0.0.1/app\"", "url = 5"),
        SMALL.replace("url = \"postgres://app@127.0.0.1/app\"", "url = \"${GONE}\""),
        SMALL.replace("tables = [\"users\"]", "tables = 5"),
        SMALL.replace("path = \"/users/*\"", "path = 5"),
        SMALL.to_owned() + "[defaults]\non_broken = \"hold\"",
        SMALL.to_owned() + "[defaults]\non_broken = { respond = { status = 1 } }",
        SMALL.to_owned() + "[defaults]\nupstream = \"gone\"",
        SMALL.to_owned() + "[defaults]\npage = \"gone\"",
    ] {
        assert_eq!(messages(&text).len(), 1, "{:#?}", messages(&text));
    }
}
