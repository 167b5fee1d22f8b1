//! Headers of the user's own.

use http::{HeaderName, HeaderValue, header};

use super::Check;
use crate::config::place::Placed;
use crate::config::reader::Key;
use crate::config::values::{List, Named};

/// Headers that are the connection's or the body's own affair.
const RESERVED: [HeaderName; 6] = [
    header::CONTENT_LENGTH,
    header::TRANSFER_ENCODING,
    header::CONNECTION,
    header::UPGRADE,
    header::TE,
    header::TRAILER,
];

impl Check<'_> {
    /// Each header and its values, in the order of the file.
    pub(super) fn headers(&mut self, typed: &Key<Named<List<String>>>) -> Vec<(HeaderName, HeaderValue)> {
        let mut headers = Vec::new();
        for (name, values) in typed.get().map_or(&[][..], |headers| &headers.0) {
            let Some(parsed) = self.header_name(name) else { continue };
            headers.extend(self.header_values(values).into_iter().map(|value| (parsed.clone(), value)));
        }
        headers
    }

    pub(super) fn header_name(&mut self, name: &Placed<String>) -> Option<HeaderName> {
        let parsed = HeaderName::from_bytes(name.value.as_bytes()).ok();
        match &parsed {
            None => {
                self.error(name.place, format!("`{}` is not a header's name", name.value));
            }
            Some(parsed) if RESERVED.contains(parsed) => {
                self.error(name.place, format!("the header `{parsed}` is schemagate's own to set")).help("remove it");
            }
            Some(_) => {}
        }
        parsed
    }

    fn header_values(&mut self, values: &List<String>) -> Vec<HeaderValue> {
        let mut parsed = Vec::new();
        for value in &values.0 {
            match HeaderValue::from_str(&value.value) {
                Ok(header) => parsed.push(header),
                Err(_) => {
                    self.error(value.place, "a header's value has characters that no header may have")
                        .help("printable ASCII only");
                }
            }
        }
        parsed
    }
}
