//! The generators of load, and what they print.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, ensure};

use super::stage::{AROUND, on_core};

/// Connections of wrk.
const CONNECTIONS: &str = "32";

/// What a generator says.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Load {
    /// Right answers.
    pub(crate) answers: f64,
    pub(crate) errors: f64,
    lasted: Duration,
    /// `None` where the generator does not tell.
    pub(crate) p50: Option<Duration>,
    pub(crate) p99: Option<Duration>,
}

impl Load {
    /// Right answers a second.
    pub(crate) fn rate(&self) -> f64 {
        self.answers / self.lasted.as_secs_f64()
    }
}

/// `script` is wrk's own, in Lua.
pub(crate) fn wrk(url: &str, script: Option<&Path>, status: u16, lasts: Duration) -> anyhow::Result<Load> {
    let (seconds, script) = (format!("{}s", lasts.as_secs()), script.map(|script| script.display().to_string()));
    let mut arguments = vec!["-t1", "-c", CONNECTIONS, "-d", &seconds, "--latency"];
    if let Some(script) = &script {
        arguments.extend(["-s", script]);
    }
    arguments.push(url);
    let text = output("wrk", &arguments)?;
    let found = |name: &str| text.lines().find_map(|line| line.trim().strip_prefix(name)).map(str::trim);
    let rate: f64 = found("Requests/sec:").context("wrk: no Requests/sec")?.parse()?;
    let lasted = text.lines().find_map(|line| line.trim().split_once(" requests in "));
    let (all, rest) = lasted.with_context(|| format!("wrk says something else: {text}"))?;
    let all: f64 = all.parse()?;
    let lasted = time(rest.split(',').next().unwrap_or_default())?;
    let unlike: f64 = found("Non-2xx or 3xx responses:").map_or(Ok(0.0), str::parse)?;
    let broken: f64 = found("Socket errors:").map_or(0.0, |line| {
        line.split(|c: char| !c.is_ascii_digit()).filter_map(|number| number.parse::<f64>().ok()).sum()
    });
    ensure!(rate > 0.0, "wrk: nothing was answered at {url}: {text}");
    let wrong = if status < 400 { unlike } else { all - unlike };
    Ok(Load {
        answers: all - wrong,
        errors: wrong + broken,
        lasted,
        p50: Some(time(found("50%").context("wrk: no 50%")?)?),
        p99: Some(time(found("99%").context("wrk: no 99%")?)?),
    })
}

pub(crate) fn h2load(url: &str, status: u16, lasts: Duration) -> anyhow::Result<Load> {
    let seconds = lasts.as_secs().to_string();
    let text = output("h2load", &["-t1", "-c4", "-m8", "-D", &seconds, url])?;
    let line = |name: &str| text.lines().find_map(|line| line.trim().strip_prefix(name));
    let number = |line: &str, word: &str| -> Option<f64> {
        line.split(',').find_map(|part| part.trim().strip_suffix(word))?.trim().parse().ok()
    };
    let (_, finished) =
        text.split_once("finished in ").with_context(|| format!("h2load says something else: {text}"))?;
    let lasted = time(finished.split(',').next().unwrap_or_default())?;
    let requests = line("requests:").context("h2load: no requests")?;
    let classes = line("status codes:").context("h2load: no status codes")?;
    let answers = number(classes, &format!("{}xx", status / 100)).context("h2load: no status codes")?;
    let errors = number(requests, "errored").context("h2load: no errors")?;
    ensure!(answers > 0.0, "h2load: nothing was answered at {url}: {text}");
    Ok(Load { answers, errors, lasted, p50: None, p99: None })
}

fn output(program: &str, arguments: &[&str]) -> anyhow::Result<String> {
    let output =
        on_core(AROUND, Path::new(program)).args(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).output();
    let output = output.with_context(|| format!("{program} cannot be started"))?;
    ensure!(output.status.success(), "{program} failed: {}", String::from_utf8_lossy(&output.stderr));
    Ok(String::from_utf8(output.stdout)?)
}

/// A length of time as wrk and h2load print it: `1.23ms`, `4.00s`, `812.00us`, `1.50m`.
fn time(text: &str) -> anyhow::Result<Duration> {
    let text = text.trim();
    let unit = text.find(|c: char| c.is_ascii_alphabetic()).with_context(|| format!("`{text}` has no unit"))?;
    let (number, unit) = text.split_at(unit);
    let seconds = match unit {
        "us" => 1e-6,
        "ms" => 1e-3,
        "s" => 1.0,
        "m" => 60.0,
        "h" => 3600.0,
        _ => anyhow::bail!("`{unit}` is no unit of time"),
    };
    Ok(Duration::from_secs_f64(number.parse::<f64>()? * seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_as_the_generators_print_them() {
        for (text, micros) in [("1.50ms", 1500), ("812.00us", 812), ("4.00s", 4_000_000), ("1.50m", 90_000_000)] {
            assert_eq!(time(text).expect(text), Duration::from_micros(micros), "{text}");
        }
        assert!(time("12").is_err() && time("1 parsec").is_err());
    }
}
