//! What schemagate needs of the machine that it runs on.

use std::fs;
use std::io;
use std::path::Path;
use std::time::Duration;

use rustix::fs::statvfs;

use super::finding::Finding;
use crate::cli::admin_client::{AdminClient, Tokens};
use crate::config::Config;

/// Less free space than this is as good as none.
const ENOUGH: u64 = 64 << 20;

/// How long a schemagate that runs may take to say so.
const ANSWER: Duration = Duration::from_secs(3);

/// Whether the orders of operators can be kept.
pub(super) fn state(config: &Config) -> Finding {
    const OF: &str = "machine";
    let path = &config.control.state;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let shown = path.display();
    if let Err(error) = writable(folder) {
        let why = match error.kind() {
            io::ErrorKind::NotFound => "its folder is not there".to_owned(),
            _ => error.to_string(),
        };
        let text =
            format!("the state file {shown} cannot be written ({why}): orders of operators do not outlive a restart");
        let mend = format!(
            "let schemagate's user write into {}, or name another file as `state` under [control]",
            folder.display()
        );
        return Finding::warning(OF, "disk", text, mend);
    }
    let free = statvfs(folder).map_or(u64::MAX, |disk| disk.f_bavail.saturating_mul(disk.f_frsize));
    if free < ENOUGH {
        let text = format!("the disk of the state file {shown} has {} MiB left", free >> 20);
        return Finding::warning(
            OF,
            "disk",
            text,
            "make room, or name a file on another disk as `state` under [control]",
        );
    }
    Finding::ok(OF, "disk", format!("the state file {shown} can be written by this user"))
}

/// Writes as the state file is written: another file beside it.
fn writable(folder: &Path) -> io::Result<()> {
    let probe = folder.join(format!(".schemagate-doctor.{}", std::process::id()));
    fs::File::create_new(&probe)?;
    fs::remove_file(probe)
}

/// Whether a schemagate runs with this configuration.
pub(super) async fn running(config: &Config) -> Finding {
    let client = AdminClient::at_address(&config.admin.listen, Tokens::None);
    let text = match client.lives(ANSWER).await {
        Ok(()) => format!("schemagate runs, and answers at {client}; `schemagate status` says how it stands"),
        Err(_) => format!("nothing answers at {client}: schemagate does not run with this configuration, or not here"),
    };
    Finding::ok("machine", "running", text)
}
