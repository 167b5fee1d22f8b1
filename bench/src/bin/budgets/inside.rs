//! Work that this program does itself, for callgrind to count.

use std::hint::black_box;
use std::process::Command;

use anyhow::Context;
use gate::{MatchingForm, Request, Target};
use schemagate_bench::{NOW, Scene};

use super::subject::SUBJECTS;

/// Has this program do a subject's work and nothing else: `--inside SUBJECT TIMES`.
pub(crate) const ARGUMENT: &str = "--inside";

/// How many paths or decisions each time brings.
pub(crate) const ONES: u32 = 20_000;

/// What paths look like.
const PATHS: [&str; 5] = [
    "/",
    "/api/v1/orders/17",
    "/api/v1/orders/8f14e45f-ceea-467f-ab56-10a2f8d41f1e/items/42",
    "/files/r%C3%A9sum%C3%A9%20final%20(2).pdf",
    "/a/b/../c/./d",
];

#[derive(Debug, Clone, Copy)]
pub(crate) enum Inside {
    /// Paths are brought into canonical form.
    Path,
    /// Requests for so many routes are decided.
    Routes(u32),
    /// Requests of so many tenants are.
    Tenants(u32),
}

impl Inside {
    fn work(self, times: u32) {
        match self {
            Self::Path => paths(times),
            Self::Routes(routes) => decisions(&Scene::of(routes), times),
            Self::Tenants(tenants) => decisions(&Scene::of_tenants(tenants), times),
        }
    }
}

/// This program, doing a subject's work so many times.
pub(crate) fn command(subject: &str, times: u32) -> anyhow::Result<Command> {
    let mut command = Command::new(std::env::current_exe()?);
    command.args([ARGUMENT, subject]).arg(times.to_string());
    Ok(command)
}

/// What the arguments after [`ARGUMENT`] ask for.
pub(crate) fn work(mut arguments: impl Iterator<Item = String>) -> anyhow::Result<()> {
    let name = arguments.next().context("which subject?")?;
    let subject = SUBJECTS.iter().find(|subject| subject.name == name).context("there is no such subject")?;
    let times = arguments.next().context("how many times?")?.parse()?;
    subject.inside().context("it is a proxy's")?.work(times);
    Ok(())
}

fn paths(times: u32) {
    for path in PATHS.iter().cycle().take(index(times * ONES)) {
        black_box(Target::parse(black_box(path.as_bytes()), MatchingForm::default()).is_ok());
    }
}

fn decisions(scene: &Scene, times: u32) {
    let parsed: Vec<_> = scene.requests.iter().map(|sent| (sent.host(), sent.target(), sent.method())).collect();
    for (host, target, method) in parsed.iter().cycle().take(index(times * ONES)) {
        let request = Request { host, target, method: *method, tenant: None, organisation: None };
        black_box(scene.gate.decide(black_box(&request), NOW));
    }
}

fn index(count: u32) -> usize {
    usize::try_from(count).unwrap_or(usize::MAX)
}
