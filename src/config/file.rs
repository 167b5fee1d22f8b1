//! What can be typed: the tables of `proxy.toml`. What it means is decided in `check`.
//!
//! The comments here are what an editor shows, by way of the JSON Schema.

mod action;
mod alert;
mod control;
mod control_file;
mod decisions;
mod limits;
mod lock;
mod log;
mod maintenance;
mod migrations;
mod operators;
mod probe;
mod scenario;
mod tenants;
mod tls;
mod traces;

use gate::{EncodedSlash, Mode};

use super::reader::table;
use super::size::Size;
use super::values::{Either, Json, Limit, List, Named, Word, Words};
use super::{May, Notify};
use crate::wire::ProxyVersion;
use std::time::Duration;

pub(super) use action::{ActionValue, Elsewhere, Rescue};
pub(super) use alert::{AlertFormatWord, AlertTable, OftenTable};
pub(super) use control::{BypassTable, ControlTable, EnvBypassTable};
pub(super) use control_file::{ControlBypassTable, ControlFileTable, ControlHoldTable, ControlWindowTable};
pub(super) use decisions::DecisionsTable;
pub(super) use limits::LimitsTable;
pub(super) use lock::LockTable;
pub(super) use log::{AccessTable, LogTable};
pub(super) use maintenance::{JwtTable, MaintenanceTable, OrganisationTable, PlannedWindowTable, WindowTableTable};
pub(super) use migrations::MigrationsTable;
pub(super) use operators::OperatorsTable;
pub(super) use probe::ProbeTable;
pub(super) use scenario::{AskedTable, ScenarioTable};
pub(super) use tenants::TenantsTable;
pub(super) use tls::{HttpsTable, UpstreamTlsTable};
pub(super) use traces::TracesTable;

/// Whether a difference between two paths counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Strictness {
    Ignore,
    Strict,
}

impl Words for Strictness {
    const WORDS: &'static [(&'static str, Self)] = &[("ignore", Self::Ignore), ("strict", Self::Strict)];
}

impl Words for EncodedSlash {
    const WORDS: &'static [(&'static str, Self)] = &[("reject", Self::Reject), ("keep", Self::Keep)];
}

impl Words for Mode {
    const WORDS: &'static [(&'static str, Self)] = &[("enforce", Self::Enforce), ("observe", Self::Observe)];
}

impl Words for ProxyVersion {
    const WORDS: &'static [(&'static str, Self)] = &[("v1", Self::V1), ("v2", Self::V2)];
}

impl Words for Notify {
    const WORDS: &'static [(&'static str, Self)] =
        &[("auto", Self::Auto), ("always", Self::Always), ("never", Self::Never)];
}

impl Words for May {
    const WORDS: &'static [(&'static str, Self)] = &[("read", Self::Read), ("control", Self::Control)];
}

table! {
    /// schemagate's configuration. Values may hold ${VAR} and ${VAR:-default}; $$ is a literal dollar.
    File {
        /// "enforce", or "observe": pass everything and log what would have been refused. A route's own mode goes before it.
        mode: Word<Mode> = "enforce",
        /// Where clients come in.
        listen: ListenTable = {},
        /// Where other proxies ask what is to be done with a request; nowhere if left out.
        decisions: DecisionsTable,
        /// Where operators and probes come in.
        admin: AdminTable = {},
        /// What is watched, by names of your own.
        databases: Named<DatabaseTable> = {},
        /// Where requests go, by names of your own.
        upstreams: Named<UpstreamTable> = {},
        /// What must be in a database, by names of your own. A route names what it needs of these.
        requirements: Named<RequirementTable> = {},
        /// Which requests go where and what they need. The most specific route serves a request, whatever the order here.
        routes: List<RouteTable> = [],
        /// Tenants with a schema each; none if left out.
        tenants: TenantsTable,
        /// Maintenance windows, and what is said while one is open.
        maintenance: MaintenanceTable = {},
        /// What routes do that do not say otherwise.
        defaults: DefaultsTable = {},
        /// Requests that wait for a verdict to turn, of all routes together.
        hold: HoldLimitsTable = {},
        /// What is kept of good answers, of all routes together.
        stale: StaleStoreTable = {},
        /// How much a client may take of schemagate, and for how long.
        limits: LimitsTable = {},
        /// How paths are compared.
        matching: MatchingTable = {},
        /// The public health answer.
        health: HealthTable = {},
        /// Operators, who get to the backend although others are kept out.
        operators: OperatorsTable = {},
        /// How pages look.
        brand: BrandTable = {},
        /// Who is told of changes, by webhook.
        alerts: List<AlertTable> = [],
        /// Requests that schemagate sends to itself, to see whether clients get what they should.
        probes: List<ProbeTable> = [],
        /// Bypasses: requests pass although something would keep them.
        bypass: BypassTable = {},
        /// Orders of the operators that stand in no configuration.
        control: ControlTable = {},
        /// What the bodies of failures say of the schema.
        symptoms: SymptomsTable = {},
        /// How log lines look.
        log: LogTable = {},
        /// Spans for an OpenTelemetry collector.
        traces: TracesTable = {},
    }
}

table! {
    /// Where clients come in.
    ListenTable {
        /// Addresses for plain HTTP/1.1 and HTTP/2: "host:port" or "unix:/path". With `https` alone there is none.
        http: List<String> = "0.0.0.0:8080",
        /// A TLS listener for HTTP/2 and HTTP/1.1.
        https: HttpsTable,
        /// Peers that begin every connection with a PROXY header (v1 or v2), which says who their client is: addresses, ranges, or "private". Nobody else's is read.
        proxy_protocol: List<String> = [],
        /// Peers whose X-Forwarded-* headers are believed: addresses, ranges, or "private" for loopback, private, link-local and carrier-grade NAT addresses.
        trusted_proxies: List<String> = "private",
        /// Worker threads; as many as there are processors if left out.
        threads: u16,
        /// How long requests in flight may take to end after SIGTERM.
        drain: Duration = "5s",
        /// How long before that `/ready` says no while clients are still let in, so that load balancers go elsewhere first.
        drain_wait: Duration = "0s",
    }
}

table! {
    /// Where operators and probes come in.
    AdminTable {
        /// "host:port" or "unix:/path"; off loopback only with a token.
        listen: String = "127.0.0.1:9901",
        /// Names by which it is asked beside addresses and localhost; requests that name another host are refused.
        hosts: List<String> = [],
        /// Lets whoever sends it as `Authorization: Bearer …` read. Everything but /live, /ready and the dashboard's page asks for a token, if any is set.
        read_token: String,
        /// A file that holds the read token.
        read_token_file: String,
        /// Lets whoever sends it read and change things.
        control_token: String,
        /// A file that holds the control token.
        control_token_file: String,
        /// More tokens, each with a name that the log has of what was done by it.
        tokens: List<TokenTable> = [],
        /// Requirements that must be ready before /ready says yes.
        ready_needs: List<String> = [],
        /// How long the first look at a database may take before traffic is let in without it.
        startup_timeout: Duration = "5s",
    }
}

table! {
    /// A token of the admin listener.
    TokenTable {
        /// Whose it is, for the log.
        name: String = required,
        /// What is sent as `Authorization: Bearer …`.
        token: String,
        /// A file that holds it.
        token_file: String,
        /// What it may do: "read", or "control", which is to read and to change.
        may: Word<May> = "read",
    }
}

table! {
    /// A database that is watched. schemagate only reads its catalog.
    DatabaseTable {
        /// As the application has it: Prisma's, Django's and libpq's forms, or sqlite:path.
        url: String,
        /// A file that holds the URL.
        url_file: String,
        /// A URL past the connection pooler, for LISTEN.
        direct_url: String,
        /// A file that holds the direct URL.
        direct_url_file: String,
        /// How often to look, start to start; at least 50ms.
        refresh: Duration = "1s",
        /// How long the last look counts while the database cannot be asked; then verdicts are `unknown`.
        max_age: Duration = "30s",
        /// Look less often while no requests come: for databases that fall asleep.
        idle: IdleTable,
        /// Schemas in which names without a schema are looked for; the URL's or the server's if left out.
        search_path: List<String>,
        /// The application's role, whose privileges are judged; the URL's user if left out.
        role: String,
        /// Whether to LISTEN for changes: "auto" where the connection reaches the server itself, "always", or "never".
        notify: Word<Notify> = "auto",
        /// Limit of each statement on the server; the URL's if it has one.
        statement_timeout: Duration = "2s",
        /// Limit of opening a connection; the URL's if it has one.
        connect_timeout: Duration = "5s",
    }
}

table! {
    /// Looking less often while no requests come.
    IdleTable {
        /// After so long without a request …
        after: Duration = required,
        /// … look this seldom. The next request brings an immediate look.
        refresh: Duration = required,
    }
}

table! {
    /// Servers that requests go to.
    UpstreamTable {
        /// "host:port", "unix:/path", "http://host:port" or "https://host:port".
        servers: List<String> = required,
        /// Speak HTTP/2 to the servers; without TLS by prior knowledge.
        http2: bool = false,
        /// TLS to the servers; as their URLs say if left out.
        tls: Either<bool, UpstreamTlsTable>,
        /// Begin every connection to the servers with a PROXY header that says who asks: "v1" or "v2"; none if left out.
        proxy_protocol: Word<ProxyVersion>,
        /// How a server's health is asked: a TCP connection every 5s where there are several servers, not at all where there is one. `false`: never.
        health: Either<bool, HealthCheckTable>,
        /// Limit of opening a connection.
        connect_timeout: Duration = "5s",
        /// Limit between two reads of an answer, or "never"; not applied to WebSockets and event streams.
        read_timeout: Limit = "5m",
        /// Limit of a request's way to the servers while they take none of it, or "never"; as read_timeout if left out.
        write_timeout: Limit,
        /// Limit of a whole exchange, from the choice of a server to the end of its answer, or "never"; not applied to WebSockets and event streams.
        total_timeout: Limit = "never",
        /// How often names are resolved anew.
        resolve_every: Duration = "30s",
    }
}

table! {
    /// How a server's health is asked.
    HealthCheckTable {
        /// GET this path and expect 2xx or 3xx; a TCP connection will do if left out.
        path: String,
        /// How often.
        interval: Duration = "5s",
    }
}

table! {
    /// What must be in a database. Names are exact, upper and lower case too; "schema.name" is allowed everywhere.
    RequirementTable {
        /// Which database, or several: then it must hold in each. Needless where there is one.
        database: List<String>,
        /// Tables; views, materialized views, partitioned and foreign tables count as tables.
        tables: List<String>,
        /// Columns by table: "name", "name type", "name type not null", "name null"; odd names in double quotes.
        columns: Named<List<String>>,
        /// Schemas.
        schemas: List<String>,
        /// Enum types and the values that each must have.
        enums: Named<List<String>>,
        /// Indexes, which must be valid.
        indexes: List<String>,
        /// Constraints by table, which must be validated.
        constraints: Named<List<String>>,
        /// Functions: "name", or "name(integer, text)" for one overload.
        functions: List<String>,
        /// Installed extensions.
        extensions: List<String>,
        /// Privileges by table that the application's role must have: SELECT, INSERT, UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER.
        privileges: Named<List<String>>,
        /// A folder of migrations, all of which must be applied: of Prisma, Django, Knex, Rails and many others.
        migrations: MigrationsTable,
        /// A lock that `schemagate lock` wrote, all of which must be there; or a table, for some of it.
        lock: Either<String, LockTable>,
        /// Whether it is one of each tenant: names without a schema are then in each tenant's own, and nowhere else.
        per_tenant: bool = false,
        /// The command that mends it; only operators see it. {schema}, {tenant} and {domain} are the tenant's. A migration tool's own if left out.
        mend: String,
        /// A label of your own for logs and alerts.
        component: String,
        /// A label of your own for logs and alerts.
        release: String,
    }
}

table! {
    /// Requests, where they go and what they need.
    RouteTable {
        /// Its name in logs and metrics; methods, host and path if left out.
        name: String,
        /// Hosts: "app.example.com", "*.example.com" (not the apex); every host if left out.
        host: List<String>,
        /// "/a/b" exactly, "*" or "{name}" for one segment, a final "/*" for the path itself and all below it.
        path: String = required,
        /// Methods; every method if left out. GET includes HEAD.
        methods: List<String>,
        /// Where requests go; needless where there is one upstream.
        upstream: String,
        /// Releases that go before `upstream` as soon as all that they need is ready; the newest first.
        versions: List<VersionTable>,
        /// Requirements that must be ready; where there are versions, those of `upstream`.
        needs: List<String>,
        /// Whether what [tenants] says of needs and of requests without a tenant is said of this route.
        tenant_needs: bool = true,
        /// Whether maintenance windows are about this route.
        windows: bool = true,
        /// While a need is unmet.
        on_broken: ActionValue,
        /// While the migration ledger says that all is applied and the catalog says otherwise; as on_broken if left out.
        on_contradicted: ActionValue,
        /// While a need is unmet and a migration runs; as on_broken if left out.
        on_migrating: ActionValue,
        /// While nothing recent is known of a need.
        on_unknown: ActionValue,
        /// "enforce", or "observe": pass and log what would have been refused.
        mode: Word<Mode>,
    }
}

table! {
    /// A release of the application that is used while all that it needs is ready.
    VersionTable {
        /// Where its requests go.
        upstream: String = required,
        /// Requirements that must be ready before it is used.
        needs: List<String> = required,
    }
}

table! {
    /// What routes do that do not say otherwise.
    DefaultsTable {
        /// While a need is unmet.
        on_broken: ActionValue = "block",
        /// While the migration ledger contradicts the catalog; as on_broken if left out.
        on_contradicted: ActionValue,
        /// While a need is unmet and a migration runs; as on_broken if left out.
        on_migrating: ActionValue,
        /// While nothing recent is known of a need.
        on_unknown: ActionValue = "pass",
        /// Mode of routes that have none: the same as `mode` at the top.
        mode: Word<Mode>,
        /// Upstream of routes that name none; needless where there is one upstream.
        upstream: String,
        /// Code of refusals, for programs.
        code: String = "SCHEMA_NOT_READY",
        /// Sentence of refusals, for people; a sentence in the client's language if left out.
        message: String,
        /// When a refused client may come back, at least 1s.
        retry_after: Duration = "30s",
        /// Whether a page reloads itself after that time.
        refresh: bool = false,
        /// A template file of your own for the pages of refusals.
        page: String,
    }
}

table! {
    /// The content of a refusal (503).
    BlockTable {
        /// Code for programs.
        code: String,
        /// Sentence for people.
        message: String,
        /// When the client may come back, at least 1s.
        retry_after: Duration,
        /// Whether the page reloads itself after that time.
        refresh: bool,
        /// A template file of your own for the page.
        page: String,
    }
}

table! {
    /// A fixed answer, given without asking the upstream and marked as degraded. It has one body: json, text or html.
    RespondTable {
        /// Status, 200 to 599.
        status: u16 = 200,
        /// Headers of your own.
        headers: Named<List<String>> = {},
        /// A body of application/json.
        json: Json,
        /// A body of text/plain.
        text: String,
        /// A body of text/html.
        html: String,
    }
}

table! {
    /// The upstream is asked, and its 2xx, 3xx and 4xx pass; a 5xx is replaced by this answer, marked as degraded. Other methods than `methods` are refused.
    RescueTable {
        /// Status, 200 to 599.
        status: u16 = 200,
        /// Headers of your own.
        headers: Named<List<String>> = {},
        /// A body of application/json.
        json: Json,
        /// A body of text/plain.
        text: String,
        /// A body of text/html.
        html: String,
        /// Methods whose 5xx is replaced. GET includes HEAD.
        methods: List<String> = ["GET"],
        /// In the refusal of other methods: code for programs.
        code: String,
        /// In the refusal of other methods: sentence for people.
        message: String,
        /// In the refusal of other methods: when the client may come back, at least 1s.
        retry_after: Duration,
        /// In the refusal of other methods: whether the page reloads itself after that time.
        refresh: bool,
        /// In the refusal of other methods: a template file of your own for the page.
        page: String,
    }
}

table! {
    /// The last good answer to the same GET or HEAD, marked with its age; a refusal where there is none, and to other methods.
    StaleTable {
        /// How old the answer may be.
        up_to: Duration = required,
        /// What tells two requests apart, beside what always does. Of one route it is the same in all its actions.
        key: StaleKeyTable = {},
        /// The refusal.
        otherwise: BlockTable = {},
    }
}

table! {
    /// What tells two requests apart for the action stale, beside host, path, query and every header that is not known to make no difference. Without their being named here, requests with Authorization or Cookie get and leave no answer.
    StaleKeyTable {
        /// Headers by which answers differ.
        headers: List<String> = [],
        /// Headers that make no difference.
        ignore: List<String> = [],
    }
}

table! {
    /// Another upstream, such as the previous release: it is asked, and a refusal takes the place of its 5xx and of its silence.
    OtherUpstreamTable {
        /// Its name.
        name: String = required,
        /// The refusal.
        otherwise: BlockTable = {},
    }
}

table! {
    /// The request waits for the verdict to turn; then it is let go, or gets what is due by then.
    HoldTable {
        /// How long it waits at most, 50ms to 5m.
        up_to: Duration = "8s",
        /// How many wait at most on one route.
        max_requests: u16 = 1000,
        /// How large a body may be to wait, at most 64KiB.
        max_body: Size = "64KiB",
        /// How many are let go in a second once the verdict has turned.
        release_per_second: u16 = 1000,
        /// The action for those that cannot wait or waited in vain: any but hold.
        then: ActionValue = "block",
    }
}

table! {
    /// Requests that wait for a verdict to turn, of all routes together.
    HoldLimitsTable {
        /// How many wait at most.
        max_requests: u16 = 10000,
        /// How many bytes their bodies may have in all.
        max_bytes: Size = "64MiB",
        /// How long one waits at most that `schemagate hold` lets wait, on a route without an action hold; 50ms to 5m.
        up_to: Duration = "60s",
    }
}

table! {
    /// What is kept of good answers for the action stale, of all routes together.
    StaleStoreTable {
        /// Memory that they may take.
        max_bytes: Size = "64MiB",
        /// How large the body of one may be; at most a quarter of `max_bytes`, for those that are just being read.
        max_answer_bytes: Size = "1MiB",
    }
}

table! {
    /// How paths are compared. Backends that ignore a difference that is strict here can be reached around the gate.
    MatchingTable {
        /// "strict": /Admin is not /admin.
        case: Word<Strictness> = "ignore",
        /// "strict": /admin/ is not /admin.
        trailing_slash: Word<Strictness> = "ignore",
        /// What becomes of %2F: "reject" answers 400; "keep" forwards it and decides by the stricter of both readings.
        encoded_slash: Word<EncodedSlash> = "reject",
    }
}

table! {
    /// The public health answer: a status and nothing else.
    HealthTable {
        /// Its path on the public listener; it shadows the application's own. None if left out.
        path: String,
    }
}

table! {
    /// How pages look.
    BrandTable {
        /// The application's name, as its users know it.
        name: String,
        /// A logo file (svg, png, jpg, webp, gif; at most 64 KiB), written into the page itself.
        logo: String,
        /// Accent colour in light mode, #rrggbb.
        color: String,
        /// Accent colour in dark mode, #rrggbb.
        color_dark: String,
        /// Whom to turn to: a URL or an e-mail address.
        contact: String,
        /// Language of clients that ask for none that is known: "en" or "fr".
        language: Word<Language>,
        /// A template file of your own for every page.
        page: String,
    }
}

table! {
    /// What the bodies of 5xx answers say of the schema: a missing table, column, type or function.
    SymptomsTable {
        /// Refuse a request whose 5xx names what no requirement of its route covers, with the route's refusal. Whoever can write into the application's errors can cause it.
        act: bool = false,
    }
}

/// A language that pages are written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Language {
    English,
    French,
}

impl Language {
    pub(super) const fn tag(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::French => "fr",
        }
    }
}

impl Words for Language {
    const WORDS: &'static [(&'static str, Self)] = &[("en", Self::English), ("fr", Self::French)];
}
