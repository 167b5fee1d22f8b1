//! What of an HTTP/1 request goes no further, whatever it means: heads and bodies that two readers might read
//! differently (RFC 9112, section 11.2).
//!
//! Pure checks of bytes, before pingora parses them. [`HeadEnd`] finds where a head ends while it arrives,
//! [`inspect`] reads it once and allocates nothing, and [`BodyEnd`] follows the body to its end.
//!
//! | file | what it holds |
//! | --- | --- |
//! | `refusal` | every reason with its word, status and sentence |
//! | `head_end` | where a head ends |
//! | `request_line`, `fields` | the two parts of a head; `parts`: where each stands, and what stands there |
//! | `authority` | what may name a host |
//! | `places` | which bytes may stand where |
//! | `body_end`, `chunks` | where a body ends |
//! | `proxy_header` | what a proxy says before all that |

mod authority;
mod body_end;
mod chunks;
mod fields;
mod head_end;
mod parts;
mod places;
mod proxy_header;
mod refusal;
mod request_line;

pub use authority::is_authority;
pub use body_end::BodyEnd;
pub use fields::{is_told_by_proxies, length, write_field};
pub use head_end::HeadEnd;
pub use parts::{Outline, Parts};
pub use places::is_token;
pub use proxy_header::{Ends, NoProxyHeader, ProxyHeader, ProxyVersion};
pub use refusal::WireRefusal;
pub use request_line::is_method;

use fields::Fields;
use memchr::memchr;
use request_line::RequestLine;

/// How large the parts of a head may be, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// The request target (RFC 9112, section 3, asks for 8,000 at least).
    pub target: usize,
    /// One field line: its name, its value and what stands between.
    pub field: usize,
    /// The whole head.
    pub head: usize,
    /// How many field lines there may be.
    pub fields: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { target: 8 * 1024, field: 16 * 1024, head: 64 * 1024, fields: 128 }
    }
}

/// What follows a head (RFC 9112, section 6.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Body {
    /// Nothing, or as many bytes.
    Length(u64),
    /// Chunks.
    Chunked,
}

/// What whoever reads on must know of a head.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// What follows it.
    pub body: Body,
    /// Whether another protocol may follow, if the other side agrees.
    pub upgrade: bool,
    /// How many bytes it has, its empty line included.
    pub length: usize,
}

/// Reads a head up to its empty line, and says what follows it, and in `outline` where it has its parts. An empty line
/// before the request line is overlooked (RFC 9112, section 2.2).
pub fn inspect(head: &[u8], limits: &Limits, outline: &mut Outline) -> Result<Head, WireRefusal> {
    if head.len() > limits.head {
        return Err(WireRefusal::HeadTooLarge);
    }
    let begins = head.strip_prefix(b"\r\n").unwrap_or(head);
    let (line, mut rest) = line(begins)?;
    let request = RequestLine::read(line, limits)?;
    outline.begin(head.len() - begins.len(), request.method, request.target, request.is_http10);
    let mut fields = Fields::default();
    loop {
        let start = head.len() - rest.len();
        let (line, after) = self::line(rest)?;
        if line.is_empty() {
            return fields.settle(&request, head.len() - after.len());
        }
        let (name, value) = fields.take(line, limits)?;
        outline.field(start, name.len(), value.start, value.len());
        rest = after;
    }
}

/// The next line, without its end, and what comes after it.
fn line(bytes: &[u8]) -> Result<(&[u8], &[u8]), WireRefusal> {
    let end = memchr(b'\n', bytes).ok_or(WireRefusal::Incomplete)?;
    let (line, rest) = bytes.split_at(end);
    let line = line.strip_suffix(b"\r").ok_or(WireRefusal::BareLf)?;
    Ok((line, rest.get(1..).unwrap_or_default()))
}

/// What keeps a byte out of a line of text; none for tabs, blanks, and bytes beyond ASCII.
const fn misplaced(byte: u8) -> Option<WireRefusal> {
    match byte {
        b'\r' => Some(WireRefusal::BareCr),
        b'\n' => Some(WireRefusal::BareLf),
        b'\t' => None,
        0..=0x1f | 0x7f => Some(WireRefusal::ControlByte),
        _ => None,
    }
}

/// Refuses a line with a byte that has no business in text.
#[expect(clippy::needless_bitwise_bool, reason = "a loop without a branch is done sixteen bytes at a time")]
fn only_text(line: &[u8]) -> Result<(), WireRefusal> {
    let plain = line.iter().fold(true, |plain, byte| plain & ((*byte >= 0x20) & (*byte != 0x7f)));
    if plain {
        return Ok(());
    }
    line.iter().find_map(|byte| misplaced(*byte)).map_or(Ok(()), Err)
}

#[cfg(test)]
mod tests;
