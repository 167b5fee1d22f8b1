//! A running watch, and waiting for what it learns.

use std::sync::Mutex;
use std::time::Instant;

use gate::{DatabaseId, Fact, MatchingForm, Requirement, RequirementId, Rules, Verdict};
use tokio::task::JoinSet;

use super::*;
use crate::config::{
    AccessLog, Address, Admin, Brand, Config, HoldLimits, Listen, Log, LogFormat, RequirementNotes, StaleStore,
};
use crate::live::{GateReader, live, orders};

/// Limit of everything that is waited for.
const LIMIT: Duration = Duration::from_secs(20);

/// A watch over one database that must hold the table `customers` with the column `agreementUrl`.
pub(super) struct Watched {
    pub(super) reader: GateReader,
    pub(super) metrics: Metrics,
    _task: JoinSet<()>,
}

impl Watched {
    pub(super) fn start(database: Database) -> Self {
        let fact = Fact::Column {
            table: ObjectName::unqualified("customers"),
            column: "agreementUrl".into(),
            ty: None,
            nullable: None,
        };
        let requirement =
            Requirement { name: "agreements".into(), database: DatabaseId(0), per_tenant: false, facts: vec![fact] };
        let rules = Arc::new(Rules::new(vec![], vec![requirement], 1, MatchingForm::default(), None).expect("rules"));
        let config = Arc::new(Config {
            listen: Listen {
                http: vec![],
                https: None,
                proxy_protocol: vec![],
                trusted_proxies: vec![],
                threads: 1,
                drain: Duration::from_secs(1),
                drain_wait: Duration::ZERO,
            },
            decisions: None,
            admin: Admin {
                listen: Address::Tcp("127.0.0.1:0".to_owned()),
                local: true,
                hosts: Vec::new(),
                tokens: Vec::new(),
                ready_needs: vec![],
                startup_timeout: Duration::from_secs(1),
            },
            databases: vec![database],
            upstreams: vec![],
            rules,
            tenant_header: None,
            notes: vec![RequirementNotes { mend: Some("npx prisma migrate deploy".to_owned()), ..Default::default() }],
            answers: vec![],
            maintenance: crate::config::Maintenance::default(),
            hold: HoldLimits { max_requests: 0, max_bytes: 0 },
            stale: StaleStore { max_bytes: 0, max_answer_bytes: 0 },
            limits: crate::config::ClientLimits::NONE,
            stale_keys: vec![],
            operators: crate::config::Operators::default(),
            brand: Brand::default(),
            alerts: vec![],
            probes: vec![],
            symptoms: crate::config::ActOnSymptoms::No,
            fingerprint: String::new(),
            log: Log { format: LogFormat::Text, level: String::new(), access: AccessLog { sample: 0.0, apart: None } },
            traces: crate::config::Traces::default(),
            control: crate::config::Control::default(),
            warnings: vec![],
        });
        let metrics = Metrics::new().expect("metrics");
        let (reader, writer) = live(config);
        let mut task = JoinSet::new();
        let (_, renewing) = renewals();
        task.spawn(watch(writer, renewing, orders().1, metrics.clone(), Traces::default()));
        Self { reader, metrics, _task: task }
    }

    pub(super) fn verdict(&self) -> Verdict {
        self.reader.pin().snapshot().verdict(RequirementId(0), self.reader.now())
    }

    /// Waits for a verdict; how long it took.
    pub(super) async fn until(&self, verdict: Verdict) -> Duration {
        let since = Instant::now();
        while self.verdict() != verdict {
            assert!(since.elapsed() < LIMIT, "still {} and not {verdict}", self.verdict());
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        since.elapsed()
    }

    /// A counter or the like, by the start of its line in the exposition.
    pub(super) fn metric(&self, start: &str) -> f64 {
        let text = self.metrics.render().expect("metrics");
        let line = text.lines().find(|line| line.starts_with(start));
        line.and_then(|line| line.rsplit(' ').next()?.parse().ok()).unwrap_or_default()
    }

    /// Waits until a counter has reached a value.
    pub(super) async fn until_metric(&self, start: &str, least: f64) {
        let since = Instant::now();
        while self.metric(start) < least {
            assert!(since.elapsed() < LIMIT, "{start} did not reach {least}");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}

/// Log lines of this thread, which a test with a runtime of one thread has for itself.
#[derive(Clone, Default)]
pub(super) struct Lines(Arc<Mutex<Vec<u8>>>);

impl Lines {
    /// Collects until the guard is dropped.
    pub(super) fn collect() -> (Self, tracing::subscriber::DefaultGuard) {
        let lines = Self::default();
        let writer = lines.clone();
        let subscriber = tracing_subscriber::fmt()
            .with_ansi(false)
            .with_max_level(tracing::Level::INFO)
            .with_writer(move || writer.clone())
            .finish();
        (lines, tracing::subscriber::set_default(subscriber))
    }

    /// Those that contain a text.
    pub(super) fn with(&self, text: &str) -> Vec<String> {
        let bytes = self.0.lock().expect("lines");
        String::from_utf8_lossy(&bytes).lines().filter(|line| line.contains(text)).map(str::to_owned).collect()
    }

    /// Waits for a line that contains a text.
    pub(super) async fn until(&self, text: &str) -> String {
        let since = Instant::now();
        loop {
            if let Some(line) = self.with(text).pop() {
                return line;
            }
            assert!(since.elapsed() < LIMIT, "no line with {text:?} in {:#?}", self.with(""));
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}

impl std::io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().expect("lines").extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
