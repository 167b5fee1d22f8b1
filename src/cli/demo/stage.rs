//! The demo's app, database and proxy, started and ready.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use tokio::net::TcpListener;
use tokio::process::{Child, Command};
use tokio::time::{Instant, sleep};

use super::app;

/// Where the browser goes unless something else is there.
const FAVOURITE: u16 = 8080;

/// Everything runs; what a visitor needs to know.
pub(super) struct Stage {
    /// The app behind the proxy, as `http://…`.
    pub(super) url: String,
    /// The app without the proxy.
    pub(super) direct: String,
    /// The admin listener.
    pub(super) admin: String,
    /// The proxy's configuration.
    pub(super) config: PathBuf,
    /// The proxy; ends with this value.
    pub(super) proxy: Child,
    _folder: Folder,
}

impl Stage {
    /// Starts everything and waits until the proxy is ready.
    pub(super) async fn set(port: Option<u16>, show_log: bool) -> Result<Self> {
        let folder = Folder::new()?;
        let backend = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.context("cannot listen for the app")?;
        let backend_address = backend.local_addr()?;
        let database = folder.path.join("demo.db");
        let app = app::app(&database, backend_address).context("cannot make the demo's database")?;
        tokio::spawn(async move { axum::serve(backend, app).await });

        let public = public_address(port).await?;
        let admin = free_address().await?;
        let config = folder.path.join("proxy.toml");
        let text = configuration(public, admin, backend_address, &database);
        std::fs::write(&config, text).with_context(|| format!("cannot write {}", config.display()))?;
        let program = std::env::current_exe().context("cannot find this program")?;
        let proxy = Command::new(program)
            .args(["run", "--config"])
            .arg(&config)
            .stderr(if show_log { Stdio::inherit() } else { Stdio::null() })
            .kill_on_drop(true)
            .spawn()
            .context("cannot start the proxy")?;
        let mut stage = Self {
            url: format!("http://{public}"),
            direct: format!("http://{backend_address}"),
            admin: format!("http://{admin}"),
            config,
            proxy,
            _folder: folder,
        };
        stage.until_ready().await?;
        Ok(stage)
    }

    async fn until_ready(&mut self) -> Result<()> {
        let limit = Instant::now() + Duration::from_secs(20);
        let ready = format!("{}/ready", self.admin);
        while Instant::now() < limit {
            if reqwest::get(&ready).await.is_ok_and(|answer| answer.status().is_success()) {
                return Ok(());
            }
            if let Some(ended) = self.proxy.try_wait()? {
                bail!("the proxy did not start: {ended}");
            }
            sleep(Duration::from_millis(20)).await;
        }
        bail!("the proxy was not ready within 20 seconds")
    }
}

/// A folder of the demo's own, gone at its end.
struct Folder {
    path: PathBuf,
}

impl Folder {
    fn new() -> Result<Self> {
        let path = std::env::temp_dir().join(format!("schemagate-demo-{}", uuid::Uuid::now_v7()));
        std::fs::create_dir(&path).with_context(|| format!("cannot make the folder {}", path.display()))?;
        Ok(Self { path })
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // A folder that stays behind in the temporary directory is no harm.
        let _ = std::fs::remove_dir_all(&self.path);
    }
}

/// The wished port, or the usual one if it is free, or any.
async fn public_address(port: Option<u16>) -> Result<SocketAddr> {
    let wished = SocketAddr::from((Ipv4Addr::LOCALHOST, port.unwrap_or(FAVOURITE)));
    match (TcpListener::bind(wished).await, port) {
        (Ok(_), _) => Ok(wished),
        (Err(error), Some(port)) => bail!("port {port} cannot be used: {error}; choose another with --port"),
        (Err(_), None) => free_address().await,
    }
}

async fn free_address() -> Result<SocketAddr> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?.local_addr()?)
}

fn configuration(public: SocketAddr, admin: SocketAddr, backend: SocketAddr, database: &Path) -> String {
    let database = database.display();
    format!(
        r#"# The demo's configuration. See the reference, proxy.toml, for everything else.
[listen]
http = "{public}"

[admin]
listen = "{admin}"

[databases.main]
url = "sqlite:{database}"
refresh = "100ms"

[upstreams.app]
servers = ["{backend}"]

[requirements.agreements]                 # what the newest release of the app reads
columns = {{ customers = ["name text", "agreementUploadedAt"] }}
mend = "curl -X POST http://{public}/demo/mend"

[[routes]]
name = "customers"
path = "/api/customers/*"
needs = ["agreements"]

[[routes]]
name = "customer pages"
path = "/customers/*"
needs = ["agreements"]

[[routes]]
path = "/*"

[defaults]
retry_after = "5s"

[brand]
name = "Larder & Co"
contact = "help@larder.example"
"#
    )
}
