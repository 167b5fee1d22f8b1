//! How each line looks.

use std::fmt;

use tracing::{Event, Subscriber};
use tracing_subscriber::fmt::format::{Format, Full, Json, Writer};
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::registry::LookupSpan;

use super::combined::Combined;
use super::google::Google;
use crate::config::{AccessFormat, Log, LogFormat};
use crate::proxy::ACCESS_LOG;

/// How lines look: those of requests may look otherwise than all others.
#[derive(Debug)]
pub(super) struct Lines {
    others: Form,
    requests: Form,
}

#[derive(Debug)]
enum Form {
    Text(Format<Full>),
    Json(Format<Json>),
    Google(Google),
    Combined(Combined),
}

impl Lines {
    pub(super) fn new(log: &Log) -> Self {
        let requests = log.access.apart.as_ref().map_or(AccessFormat::Line(log.format), |apart| apart.format);
        Self { others: Form::line(log.format), requests: Form::of_requests(requests) }
    }
}

impl Form {
    fn line(format: LogFormat) -> Self {
        match format {
            LogFormat::Text => Self::Text(Format::default().with_ansi(false)),
            LogFormat::Json => {
                let json = Format::default().json().flatten_event(true);
                Self::Json(json.with_current_span(false).with_span_list(false))
            }
            LogFormat::Google => Self::Google(Google::new()),
        }
    }

    fn of_requests(format: AccessFormat) -> Self {
        match format {
            AccessFormat::Line(format) => Self::line(format),
            AccessFormat::Combined => Self::Combined(Combined),
        }
    }
}

impl<S, N> FormatEvent<S, N> for Lines
where
    S: Subscriber + for<'l> LookupSpan<'l>,
    N: for<'w> FormatFields<'w> + 'static,
{
    fn format_event(&self, context: &FmtContext<'_, S, N>, mut writer: Writer<'_>, event: &Event<'_>) -> fmt::Result {
        let form = if event.metadata().target() == ACCESS_LOG { &self.requests } else { &self.others };
        match form {
            Form::Text(text) => {
                let mut line = String::with_capacity(512);
                text.format_event(context, Writer::new(&mut line), event)?;
                write_one_line(&mut writer, line.trim_end_matches('\n'))
            }
            Form::Json(json) => json.format_event(context, writer, event),
            Form::Google(google) => google.format_event(context, writer, event),
            Form::Combined(combined) => combined.format_event(context, writer, event),
        }
    }
}

/// What backends and databases say may stand in a line, and must neither end it nor steer a terminal.
fn write_one_line(writer: &mut Writer<'_>, line: &str) -> fmt::Result {
    // Most are plain from end to end, which is seen many bytes at a time.
    if line.bytes().fold(true, |plain, byte| plain & matches!(byte, b' '..=b'~')) {
        writer.write_str(line)?;
        return writer.write_char('\n');
    }
    for piece in line.split_inclusive(breaks_out) {
        let mut whole = piece.chars();
        match whole.next_back() {
            Some(last) if breaks_out(last) => write!(writer, "{}{}", whole.as_str(), last.escape_default())?,
            _ => writer.write_str(piece)?,
        }
    }
    writer.write_char('\n')
}

/// Control characters, and those that some readers end a line at (Unicode's line and paragraph separator).
fn breaks_out(character: char) -> bool {
    character.is_control() || matches!(character, '\u{2028}' | '\u{2029}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_a_line_holds_it_is_one_line_and_steers_no_terminal() {
        for (line, written) in [
            ("plain: \u{e9}t\u{e9}", "plain: \u{e9}t\u{e9}\n"),
            ("a\nERROR forged", "a\\nERROR forged\n"),
            ("\u{1b}[2J\r\u{85}\u{2028}", "\\u{1b}[2J\\r\\u{85}\\u{2028}\n"),
            ("", "\n"),
        ] {
            let mut out = String::new();
            write_one_line(&mut Writer::new(&mut out), line).expect("written");
            assert_eq!(out, written);
        }
    }
}
