//! The host that a request asks for, and the hosts that a route serves.

use core::fmt::{self, Write};
use core::net::Ipv6Addr;

use smallvec::SmallVec;

/// A request's host in the form in which it is matched: lower case, no port, no final dot, an IPv6
/// address in brackets as RFC 5952 writes it. It lives on the stack up to 64 bytes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Host(SmallVec<[u8; 64]>);

impl Host {
    /// Reads an authority as it stands in `Host` or `:authority`.
    ///
    /// Never fails: what is not a host is matched by no host pattern but `*`.
    pub fn parse(authority: &str) -> Self {
        let without_digits = authority.trim_end_matches(|c: char| c.is_ascii_digit());
        let host = without_digits.strip_suffix(':').unwrap_or(authority);
        if let Some(address) = ipv6(host) {
            return Self::of_ipv6(address);
        }
        let host = host.strip_suffix('.').unwrap_or(host);
        let mut lower = SmallVec::from_slice(host.as_bytes());
        lower.make_ascii_lowercase();
        Self(lower)
    }

    /// One address has many spellings; a route's host must hold in all of them.
    fn of_ipv6(address: Ipv6Addr) -> Self {
        let mut host = Self::default();
        // Cannot fail: `write_str` of a host never does.
        let _ = write!(host, "[{address}]");
        host
    }

    /// The host as text.
    pub fn as_str(&self) -> &str {
        core::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl Write for Host {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0.extend_from_slice(text.as_bytes());
        Ok(())
    }
}

/// The address in `[::1]`.
fn ipv6(host: &str) -> Option<Ipv6Addr> {
    host.strip_prefix('[')?.strip_suffix(']')?.parse().ok()
}

/// The hosts that a route serves.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum HostPattern {
    /// Every host.
    Any,
    /// One or more labels below this one: `*.example.com` holds `example.com`.
    Below(Box<str>),
    /// This host.
    Exact(Box<str>),
}

/// Why a text is not a host pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HostError {
    /// Nothing there.
    Empty,
    /// A star that is not the whole first label.
    Star,
    /// A port, a path or a scheme beside the host, or a spelling that no request sends.
    NotAHost,
}

impl fmt::Display for HostError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Empty => "a host is empty; leave `host` out to serve every host",
            Self::Star => "`*` stands for whole labels at the front, such as `*.example.com`",
            Self::NotAHost => {
                "a host has no scheme, port or path; \
                 an IPv6 address stands in brackets, and an international name in its `xn--` form"
            }
        })
    }
}

impl core::error::Error for HostError {}

impl HostPattern {
    /// Reads `example.com`, `*.example.com` or `*`.
    pub fn parse(text: &str) -> Result<Self, HostError> {
        if text == "*" {
            return Ok(Self::Any);
        }
        if let Some(address) = ipv6(text) {
            return Ok(Self::Exact(Host::of_ipv6(address).as_str().into()));
        }
        let (name, below) = match text.strip_prefix("*.") {
            Some(name) => (name, true),
            None => (text, false),
        };
        let name = name.strip_suffix('.').unwrap_or(name);
        if name.is_empty() {
            return Err(HostError::Empty);
        }
        if name.contains('*') {
            return Err(HostError::Star);
        }
        let is_label = |label: &str| {
            !label.is_empty() && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
        };
        if !name.split('.').all(is_label) {
            return Err(HostError::NotAHost);
        }
        let name = name.to_ascii_lowercase().into_boxed_str();
        Ok(if below { Self::Below(name) } else { Self::Exact(name) })
    }

    /// Whether every host that belongs to `narrower` belongs here too, and others besides.
    pub(crate) fn is_wider_than(&self, narrower: &Self) -> bool {
        match (self, narrower) {
            (Self::Any, narrower) => *narrower != Self::Any,
            (Self::Below(wide), Self::Below(name) | Self::Exact(name)) => is_below(name, wide),
            _ => false,
        }
    }

    /// Whether a request for `host` belongs here.
    pub fn contains(&self, host: &Host) -> bool {
        match self {
            Self::Any => true,
            Self::Exact(name) => host.as_str() == &**name,
            Self::Below(name) => is_below(host.as_str(), name),
        }
    }
}

/// Whether `host` is one or more labels and then `name`.
fn is_below(host: &str, name: &str) -> bool {
    host.strip_suffix(name).and_then(|front| front.strip_suffix('.')).is_some_and(|labels| !labels.is_empty())
}

impl fmt::Display for HostPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any => f.write_str("*"),
            Self::Below(name) => write!(f, "*.{name}"),
            Self::Exact(name) => f.write_str(name),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_matched_without_port_case_and_final_dot() {
        for sent in ["Demo.Example.com", "demo.example.com:8080", "demo.example.com.", "DEMO.EXAMPLE.COM.:443"] {
            assert_eq!(Host::parse(sent).as_str(), "demo.example.com", "{sent}");
        }
    }

    #[test]
    fn an_ipv6_address_is_one_host_in_every_spelling() {
        let pattern = HostPattern::parse("[2001:DB8:0::1]").expect("a pattern");
        assert_eq!(pattern.to_string(), "[2001:db8::1]");
        for sent in ["[2001:db8::1]", "[2001:DB8::1]:8080", "[2001:0db8:0:0:0:0:0:1]", "[2001:db8::0.0.0.1]:"] {
            assert!(pattern.contains(&Host::parse(sent)), "{sent}");
        }
        assert_eq!(Host::parse("[::1]:8080").as_str(), "[::1]");
    }

    #[test]
    fn what_is_no_host_is_matched_by_the_star_alone() {
        for sent in ["", ".", "..", ":", ":80", "a:b:80", "::1", "[", "[]", "[::1", "[zz]:80", "a b", "a\0"] {
            let host = Host::parse(sent);
            assert!(HostPattern::Any.contains(&host), "{sent}");
            for pattern in ["a.com", "*.com", "a", "b", "[::1]"] {
                assert!(!HostPattern::parse(pattern).expect("a pattern").contains(&host), "{pattern} for {sent}");
            }
        }
    }

    #[test]
    fn a_star_is_one_or_more_labels_and_not_the_apex() {
        let pattern = HostPattern::parse("*.example.com").expect("a pattern");
        assert!(pattern.contains(&Host::parse("a.example.com")));
        assert!(pattern.contains(&Host::parse("a.b.example.com")));
        assert!(!pattern.contains(&Host::parse("example.com")));
        assert!(!pattern.contains(&Host::parse(".example.com")));
        assert!(!pattern.contains(&Host::parse("badexample.com")));
    }

    #[test]
    fn what_is_not_a_host_is_refused() {
        for text in ["", "*.", ".", "*.."] {
            assert_eq!(HostPattern::parse(text), Err(HostError::Empty), "{text}");
        }
        assert_eq!(HostPattern::parse("a.*.com"), Err(HostError::Star));
        assert_eq!(HostPattern::parse("*.*.com"), Err(HostError::Star));
        for text in
            ["https://a.com", "a.com:80", "a.com/b", ".a.com", "a..com", "[a/b]", "*.[::1]", "::1", "bücher.de", "a b"]
        {
            assert_eq!(HostPattern::parse(text), Err(HostError::NotAHost), "{text}");
        }
    }
}
