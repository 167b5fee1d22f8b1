//! The program itself: which one it is, with which configuration, and what it takes of the machine.

use jiff::Timestamp;
use prometheus::{IntGauge, Registry};

use super::Metrics;
use super::register::Register;
use super::shown::Shown;
use crate::config::Config;

/// What is told of the program.
#[derive(Debug, Clone)]
pub(super) struct Program {
    config: Shown<1>,
    reload: IntGauge,
    reloaded: IntGauge,
}

impl Program {
    pub(super) fn new(register: &mut Register) -> Result<Self, prometheus::Error> {
        let build = register.fractions(
            "schemagate_build_info",
            &["version"],
            "1, with the version of the program that runs.",
        )?;
        build.with_label_values(&[env!("CARGO_PKG_VERSION")]).set(1.0);
        let config = Shown::new(register.fractions(
            "schemagate_config_info",
            &["sha256"],
            "1, with the beginning of the SHA-256 of the configuration file in force: replicas that differ show.",
        )?);
        let reload = register.gauge(
            "schemagate_config_last_reload_success",
            "1 if the configuration could be read the last time that it was tried, 0 if the one before is in force.",
        )?;
        let reloaded = register.gauge(
            "schemagate_config_last_reload_timestamp_seconds",
            "When the configuration in force was read (Unix time).",
        )?;
        Ok(Self { config, reload, reloaded })
    }

    pub(super) fn stand(&self, config: &Config) {
        self.config.show([([&*config.fingerprint], 1.0)]);
    }
}

/// Memory, processor time, file descriptors and threads, by Prometheus' usual names (`process_*`).
#[cfg(target_os = "linux")]
pub(super) fn watch_process(registry: &Registry) -> Result<(), prometheus::Error> {
    registry.register(Box::new(prometheus::process_collector::ProcessCollector::for_self()))
}

/// They are read from /proc, which Linux alone has.
#[cfg(not(target_os = "linux"))]
pub(super) fn watch_process(_registry: &Registry) -> Result<(), prometheus::Error> {
    Ok(())
}

impl Metrics {
    /// Says that the configuration was read just now, or was to be.
    pub fn reloaded(&self, successfully: bool) {
        self.program.reload.set(i64::from(successfully));
        if successfully {
            self.program.reloaded.set(Timestamp::now().as_second());
        }
    }
}
