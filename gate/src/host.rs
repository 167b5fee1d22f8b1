//! The host that a request asks for, and the hosts that a route serves.

use core::fmt;

use smallvec::SmallVec;

/// A request's host in the form in which it is matched: lower case, no port, no final dot.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Host(SmallVec<[u8; 64]>);

impl Host {
    /// Reads an authority as it stands in `Host` or `:authority`.
    pub fn parse(authority: &str) -> Self {
        let host = match authority.rsplit_once(':') {
            Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
            _ => authority,
        };
        let host = host.strip_suffix('.').unwrap_or(host);
        Self(host.bytes().map(|byte| byte.to_ascii_lowercase()).collect())
    }

    /// The host as text.
    pub fn as_str(&self) -> &str {
        core::str::from_utf8(&self.0).unwrap_or_default()
    }
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
    /// A port, a path or a scheme beside the host.
    NotAHost,
}

impl fmt::Display for HostError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Empty => "a host is empty; leave `host` out to serve every host",
            Self::Star => "`*` stands for whole labels at the front, such as `*.example.com`",
            Self::NotAHost => "a host has no scheme, port or path",
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
        let (name, below) = match text.strip_prefix("*.") {
            Some(name) => (name, true),
            None => (text, false),
        };
        let address = name.starts_with('[') && name.ends_with(']');
        if name.is_empty() {
            return Err(HostError::Empty);
        }
        if name.contains('*') {
            return Err(HostError::Star);
        }
        if !address
            && !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte) || !byte.is_ascii())
        {
            return Err(HostError::NotAHost);
        }
        let name = name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase().into_boxed_str();
        Ok(if below { Self::Below(name) } else { Self::Exact(name) })
    }

    /// Whether a request for `host` belongs here.
    pub fn contains(&self, host: &Host) -> bool {
        match self {
            Self::Any => true,
            Self::Exact(name) => host.as_str() == &**name,
            Self::Below(name) => host
                .as_str()
                .strip_suffix(&**name)
                .and_then(|front| front.strip_suffix('.'))
                .is_some_and(|label| !label.is_empty()),
        }
    }
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
        assert_eq!(Host::parse("[::1]:8080").as_str(), "[::1]");
        assert_eq!(Host::parse("[::1]").as_str(), "[::1]");
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
        assert_eq!(HostPattern::parse(""), Err(HostError::Empty));
        assert_eq!(HostPattern::parse("a.*.com"), Err(HostError::Star));
        assert_eq!(HostPattern::parse("https://a.com"), Err(HostError::NotAHost));
        assert_eq!(HostPattern::parse("a.com:80"), Err(HostError::NotAHost));
    }
}
