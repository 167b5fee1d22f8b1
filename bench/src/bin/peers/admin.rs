//! What schemagate says of itself.

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;

use anyhow::Context;

use super::arm::Arm;
use super::stage::Stage;

/// The sum of a metric over all its labels.
pub(crate) fn metric(stage: &Stage, arm: &Arm, name: &str) -> anyhow::Result<f64> {
    let mut admin = UnixStream::connect(stage.folder().join(format!("admin-{}.sock", arm.port)))?;
    admin.write_all(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")?;
    let mut text = String::new();
    admin.read_to_string(&mut text)?;
    let values = text.lines().filter_map(|line| {
        let rest = line.strip_prefix(name)?;
        if rest.starts_with([' ', '{']) { rest.rsplit(' ').next()?.trim().parse::<f64>().ok() } else { None }
    });
    let values: Vec<f64> = values.collect();
    (!values.is_empty()).then(|| values.iter().sum()).with_context(|| format!("there is no {name}"))
}
