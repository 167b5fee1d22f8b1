//! How log lines look, and where they go.

use super::Check;
use crate::config::file::{AccessTable, File};
use crate::config::values::{Either, Share};
use crate::config::{AccessApart, AccessFormat, AccessLog, Log, LogFormat, LogTarget};

impl Check<'_> {
    pub(super) fn log(&mut self, file: &File) -> Option<Log> {
        let log = file.log.get()?;
        if let Some(level) = log.level.placed()
            && tracing_subscriber::EnvFilter::builder().parse(&level.value).is_err()
        {
            self.error(level.place, format!("`log.level`: `{}` is no level and no filter", level.value))
                .help("write error, warn, info, debug or trace, or a filter such as \"info,schemagate::watch=debug\"");
        }
        let format = log.format.copied()?.0;
        let access = match log.access.get() {
            None | Some(Either::Plain(true)) => AccessLog { sample: 1.0, apart: None },
            Some(Either::Plain(false)) => AccessLog { sample: 0.0, apart: None },
            Some(Either::Table(table)) => self.access_log(table, format)?,
        };
        Some(Log { format, level: log.level.get()?.clone(), access })
    }

    fn access_log(&mut self, table: &AccessTable, other: LogFormat) -> Option<AccessLog> {
        let Share(sample) = table.sample.copied()?;
        let to = table.to.placed()?;
        let target = match &*to.value {
            "stderr" => LogTarget::Stderr,
            "stdout" => LogTarget::Stdout,
            path => LogTarget::File(self.path(path)),
        };
        if let LogTarget::File(path) = &target
            && (to.value.is_empty() || path.is_dir())
        {
            self.error(to.place, format!("`log.access.to`: `{}` is no file", to.value))
                .help("write \"stderr\", \"stdout\", or the path of a file such as \"/var/log/schemagate/access.log\"");
        }
        let format = table.format.copied().map_or(AccessFormat::Line(other), |word| word.0);
        Some(AccessLog { sample, apart: Some(AccessApart { format, to: target }) })
    }
}
