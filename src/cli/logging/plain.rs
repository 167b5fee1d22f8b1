//! The fields of a line of text: `name=value`, without a style.

use std::fmt::{self, Debug};

use tracing::field::{Field, Visit};
use tracing_subscriber::field::RecordFields;
use tracing_subscriber::fmt::FormatFields;
use tracing_subscriber::fmt::format::Writer;

/// Writes fields as [`tracing_subscriber::fmt::format::DefaultFields`] does for whoever has no colours, and does not ask for
/// each what its colour would be.
#[derive(Debug)]
pub(super) struct Plain;

struct Visitor<'w> {
    writer: Writer<'w>,
    is_first: bool,
    result: fmt::Result,
}

impl<'w> FormatFields<'w> for Plain {
    fn format_fields<R: RecordFields>(&self, writer: Writer<'w>, fields: R) -> fmt::Result {
        let mut visitor = Visitor { writer, is_first: true, result: Ok(()) };
        fields.record(&mut visitor);
        visitor.result
    }
}

impl Visitor<'_> {
    fn write(&mut self, field: &Field, value: impl FnOnce(&mut Writer<'_>) -> fmt::Result) {
        let name = field.name();
        // What a line of the `log` crate says of itself is in its place already.
        if self.result.is_err() || name.starts_with("log.") {
            return;
        }
        let writer = &mut self.writer;
        let before = if std::mem::take(&mut self.is_first) { "" } else { " " };
        let named = |writer: &mut Writer<'_>| {
            writer.write_str(before)?;
            if name == "message" {
                return Ok(());
            }
            writer.write_str(name.strip_prefix("r#").unwrap_or(name))?;
            writer.write_char('=')
        };
        self.result = named(writer).and_then(|()| value(writer));
    }
}

impl Visit for Visitor<'_> {
    fn record_str(&mut self, field: &Field, value: &str) {
        // Most say plainly what they are quoted as.
        let is_plain = value.bytes().fold(true, |plain, byte| plain & is_plain(byte));
        self.write(field, |writer| {
            if field.name() == "message" {
                return writer.write_str(value);
            }
            if !is_plain {
                return write!(writer, "{value:?}");
            }
            writer.write_char('"')?;
            writer.write_str(value)?;
            writer.write_char('"')
        });
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.write(field, |writer| write!(writer, "{value:?}"));
    }
}

/// Whether a byte stands for itself between quotes.
const fn is_plain(byte: u8) -> bool {
    matches!(byte, b' '..=b'~') & !matches!(byte, b'"' | b'\\')
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use tracing::subscriber::with_default;
    use tracing_subscriber::fmt::format::{DefaultFields, Format};

    use super::*;

    #[derive(Clone, Default)]
    struct Written(Arc<Mutex<Vec<u8>>>);

    impl std::io::Write for Written {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().expect("nobody panicked").extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    fn written<F: for<'w> FormatFields<'w> + Send + Sync + 'static>(fields: F) -> String {
        let out = Written::default();
        let writer = out.clone();
        let subscriber = tracing_subscriber::fmt()
            .event_format(Format::default().without_time().with_ansi(false))
            .with_ansi(false)
            .fmt_fields(fields)
            .with_writer(move || writer.clone())
            .finish();
        with_default(subscriber, || {
            let nothing: Option<&str> = None;
            tracing::info!(text = "a \"b\" \\ \u{e9}\n", plain = "GET", nothing, none = "", "a message: {}", 1);
            tracing::warn!(shown = %"a b", kept = ?Some("x"), half = 0.5, whole = 2.0, count = 7_u16, yes = true);
            tracing::info!(r#type = "a", inner.part = 1);
            tracing::info!(message = "no \"format\" at all", last = 1);
        });
        let bytes = out.0.lock().expect("nobody panicked").clone();
        String::from_utf8(bytes).expect("text")
    }

    #[test]
    fn a_line_looks_as_the_librarys_own_does() {
        let ours = written(Plain);
        assert_eq!(ours, written(DefaultFields::new()));
        assert_eq!(ours.lines().count(), 4, "{ours}");
    }
}
