//! Addresses to listen on and to connect to.

use std::net::IpAddr;
use std::path::PathBuf;

use ipnet::IpNet;

use super::Check;
use crate::config::place::Placed;
use crate::config::{Address, Server};

/// What "private" stands for: loopback, RFC 1918, link-local, carrier-grade NAT (RFC 6598), and
/// their like in IPv6 (RFC 4193, RFC 4291).
const PRIVATE: [&str; 9] = [
    "127.0.0.0/8",
    "10.0.0.0/8",
    "172.16.0.0/12",
    "192.168.0.0/16",
    "169.254.0.0/16",
    "100.64.0.0/10",
    "::1/128",
    "fc00::/7",
    "fe80::/10",
];

/// Host and port of `host:port`, or what is wrong with it.
fn host_and_port(text: &str) -> Result<(&str, u16), &'static str> {
    let (host, port) = text.rsplit_once(':').ok_or("has no port")?;
    let port = port.parse().map_err(|_| "has no port from 0 to 65535 after its last colon")?;
    let bare = match host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        Some(inside) => {
            inside.parse::<std::net::Ipv6Addr>().map_err(|_| "has no IPv6 address within its brackets")?;
            inside
        }
        None if host.contains(':') => return Err("is an IPv6 address without brackets"),
        None => host,
    };
    if bare.is_empty() {
        return Err("has no host");
    }
    if bare.contains(|c: char| c.is_whitespace() || c.is_control() || "/@?#[]".contains(c)) {
        return Err("has a host that is neither a name nor an address");
    }
    Ok((bare, port))
}

impl Check<'_> {
    /// An address to listen on.
    pub(super) fn address(&mut self, name: &str, typed: &Placed<String>) -> Option<Address> {
        if let Some(path) = typed.value.strip_prefix("unix:") {
            return self.socket(name, typed, path).map(Address::Unix);
        }
        match host_and_port(&typed.value) {
            Ok(_) => Some(Address::Tcp(typed.value.clone())),
            Err(why) => {
                let help = match typed.value.trim_start_matches(':').parse::<u16>() {
                    Ok(port) => format!(
                        "write \"0.0.0.0:{port}\" for every address of this machine, \"127.0.0.1:{port}\" for itself"
                    ),
                    Err(_) => {
                        "write \"host:port\", such as \"0.0.0.0:8080\" or \"[::]:8080\", or \"unix:/path\"".to_owned()
                    }
                };
                self.error(typed.place, format!("`{name}`: `{}` {why}", typed.value)).help(help);
                None
            }
        }
    }

    fn socket(&mut self, name: &str, typed: &Placed<String>, path: &str) -> Option<PathBuf> {
        // RFC 3986 would have `unix:///path`.
        let path = path.strip_prefix("//").unwrap_or(path);
        if path.is_empty() {
            self.error(typed.place, format!("`{name}`: the path of the socket is missing"))
                .help("write \"unix:/path\"");
            return None;
        }
        Some(self.path(path))
    }

    /// A server to connect to, and the scheme where one was given.
    pub(super) fn server<'t>(&mut self, name: &str, typed: &'t Placed<String>) -> Option<(Server, Option<&'t str>)> {
        let text = typed.value.as_str();
        if let Some(path) = text.strip_prefix("unix:") {
            return self.socket(name, typed, path).map(|path| (Server::Unix(path), None));
        }
        let (scheme, rest) = match text.split_once("://") {
            Some((scheme @ ("http" | "https"), rest)) => (Some(scheme), rest.strip_suffix('/').unwrap_or(rest)),
            Some((scheme, _)) => {
                self.error(typed.place, format!("`{name}`: `{scheme}` is neither http nor https"));
                return None;
            }
            None => (None, text),
        };
        if rest.contains('@') {
            self.error(typed.place, format!("`{name}`: a server has no user and password"))
                .help("what clients send as Authorization is passed on");
            return None;
        }
        if scheme.is_some() && rest.contains(['/', '?', '#']) {
            self.error(typed.place, format!("`{name}`: a server has no path; requests keep theirs"))
                .help("leave out what follows the port");
            return None;
        }
        let has_port = rest.rsplit_once(':').is_some_and(|(_, port)| !port.contains(']'));
        let whole = match scheme {
            Some("https") if !has_port => format!("{rest}:443"),
            Some(_) if !has_port => format!("{rest}:80"),
            _ => rest.to_owned(),
        };
        match host_and_port(&whole) {
            Ok((host, port)) if port > 0 => Some((Server::Tcp { host: host.to_owned(), port }, scheme)),
            bad => {
                let why = bad.err().unwrap_or("has the port 0");
                self.error(typed.place, format!("`{name}`: `{text}` {why}"))
                    .help("write \"host:port\", such as \"127.0.0.1:3000\", \"http://host\", \"https://host\" or \"unix:/path\"");
                None
            }
        }
    }

    /// Ranges of peers.
    pub(super) fn ranges(&mut self, name: &str, typed: &[Placed<String>]) -> Vec<IpNet> {
        let mut ranges = Vec::new();
        for one in typed {
            if one.value == "private" {
                ranges.extend(PRIVATE.iter().filter_map(|range| range.parse::<IpNet>().ok()));
                continue;
            }
            match one.value.parse::<IpNet>().or_else(|_| one.value.parse::<IpAddr>().map(IpNet::from)) {
                Ok(range) => ranges.push(range.trunc()),
                Err(_) => {
                    self.error(one.place, format!("`{name}`: `{}` is no address and no range", one.value))
                        .help("write an address, a range such as \"10.0.0.0/8\", or \"private\"");
                }
            }
        }
        ranges
    }
}

/// Whether only this machine can reach an address.
pub(super) fn is_local(address: &Address) -> bool {
    match address {
        Address::Unix(_) => true,
        Address::Tcp(text) => host_and_port(text).is_ok_and(|(host, _)| {
            host.eq_ignore_ascii_case("localhost") || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn host_and_port_come_apart_and_what_is_neither_says_why() {
        for (text, wanted) in [
            ("127.0.0.1:80", Ok(("127.0.0.1", 80))),
            ("[::1]:80", Ok(("::1", 80))),
            ("api.internal:3000", Ok(("api.internal", 3000))),
            ("8080", Err("has no port")),
            (":8080", Err("has no host")),
            ("a:b", Err("has no port from 0 to 65535 after its last colon")),
            ("a:70000", Err("has no port from 0 to 65535 after its last colon")),
            ("::1:80", Err("is an IPv6 address without brackets")),
            ("[x]:80", Err("has no IPv6 address within its brackets")),
            ("a b:80", Err("has a host that is neither a name nor an address")),
        ] {
            assert_eq!(host_and_port(text), wanted, "{text}");
        }
    }

    #[test]
    fn every_private_range_parses() {
        assert!(PRIVATE.iter().all(|range| range.parse::<IpNet>().is_ok()));
    }

    #[test]
    fn only_loopback_and_sockets_are_local() {
        for (text, local) in [
            ("127.0.0.1:1", true),
            ("127.9.9.9:1", true),
            ("[::1]:1", true),
            ("localhost:1", true),
            ("0.0.0.0:1", false),
        ] {
            assert_eq!(is_local(&Address::Tcp(text.to_owned())), local, "{text}");
        }
        assert!(is_local(&Address::Unix(PathBuf::from("/run/x"))));
    }
}
