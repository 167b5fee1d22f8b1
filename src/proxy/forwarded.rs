//! How a backend is told who asked: `X-Forwarded-*`, `X-Real-IP` and `Forwarded` (RFC 7239).
//!
//! What a trusted peer says of those before it is kept and extended; what anybody else says is
//! replaced. A trusted peer that speaks only one of the two languages is continued in that one:
//! in the other, the chain would seem to begin with the peer itself.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr as InetAddr};

use http::{HeaderName, header};
use ipnet::IpNet;
use pingora::protocols::l4::socket::SocketAddr;
use pingora::proxy::Session;

use super::amendments::Amendments;
use super::client::Client;
use super::facts::authority;
use crate::head::{Fields, RequestHead, text};
use crate::wire::{self, Ends, is_told_by_proxies};

/// A field, and the letters that it is sent in.
type Field = (HeaderName, &'static str);

static FOR: Field = (HeaderName::from_static("x-forwarded-for"), "X-Forwarded-For");
static PROTO: Field = (HeaderName::from_static("x-forwarded-proto"), "X-Forwarded-Proto");
static HOST: Field = (HeaderName::from_static("x-forwarded-host"), "X-Forwarded-Host");
static PORT: Field = (HeaderName::from_static("x-forwarded-port"), "X-Forwarded-Port");
static REAL_IP: Field = (HeaderName::from_static("x-real-ip"), "X-Real-IP");
static FORWARDED: Field = (header::FORWARDED, "Forwarded");

/// Who asks, as a backend is told it.
struct Asker<'c, 'r> {
    client: &'c Client,
    /// The client's address; `None` on a unix socket.
    address: Option<String>,
    /// What was asked for; may be empty.
    host: &'r str,
}

/// Has the backend that gets `request` told who asked.
pub(super) fn tell<'r>(request: &RequestHead<'r>, client: &Client, trusted: &[IpNet], amendments: &mut Amendments<'r>) {
    // Most requests tell nothing of others: then there is nothing to look up.
    let mut told = request.fields.names().any(is_told_by_proxies);
    if told && !client.trusted {
        let forged = request.fields.names().filter(|name| is_told_by_proxies(name));
        forged.filter_map(|name| HeaderName::from_bytes(name).ok()).for_each(|forged| amendments.remove(forged));
        told = false;
    }
    let [chain, elements] = [&FOR, &FORWARDED].map(|field| if told { joined(request.fields, field) } else { None });
    let asker = Asker { client, address: client.address.map(shown), host: authority(request).unwrap_or_default() };
    let (speaks_x, speaks_forwarded) = (chain.is_some(), elements.is_some());
    if speaks_forwarded || !speaks_x {
        amendments.set(FORWARDED.1, after(elements, asker.element()));
    }
    if speaks_x || !speaks_forwarded {
        let before = if told { request.fields } else { Fields::NONE };
        tell_x_forwarded(asker, before, chain, trusted, amendments);
    }
}

/// The same in `X-Forwarded-*` and `X-Real-IP`; `chain` is who asked `before`, where that is told.
fn tell_x_forwarded<'r>(
    Asker { client, address, host }: Asker<'_, 'r>,
    before: Fields<'_>,
    chain: Option<String>,
    trusted: &[IpNet],
    amendments: &mut Amendments<'r>,
) {
    let said = |(name, _): &Field| before.get(name);
    // The port goes with the scheme that the client used, which may be that of a proxy before us.
    let encrypted = said(&PROTO).map_or(client.tls, |said| said.eq_ignore_ascii_case(b"https"));
    let real_ip = match &chain {
        _ if said(&REAL_IP).is_some() => None,
        Some(chain) => real_ip(chain, client.address, trusted).map(|address| address.to_string()),
        None => address.clone(),
    };
    if let Some(real_ip) = real_ip {
        amendments.set(REAL_IP.1, real_ip);
    }
    if let Some(address) = address {
        amendments.set(FOR.1, after(chain, address));
    }
    if said(&PROTO).is_none() {
        amendments.set(PROTO.1, if client.tls { "https" } else { "http" });
    }
    if said(&PORT).is_none() {
        amendments.set(PORT.1, port(host).unwrap_or(if encrypted { "443" } else { "80" }));
    }
    if said(&HOST).is_none() && !host.is_empty() {
        amendments.set(HOST.1, host);
    }
}

/// An address as text. Nearly every one is of IPv4, and said in every request.
fn shown(address: IpAddr) -> String {
    let IpAddr::V4(address) = address else { return address.to_string() };
    let mut text = String::with_capacity(15);
    for (place, octet) in address.octets().into_iter().enumerate() {
        text.push_str(if place == 0 { "" } else { "." });
        text.push_str(itoa::Buffer::new().format(octet));
    }
    text
}

/// A list with one more at its end.
fn after(before: Option<String>, last: String) -> String {
    match before {
        Some(before) => format!("{before}, {last}"),
        None => last,
    }
}

/// Several lines of one list are one list (RFC 9110, section 5.3).
fn joined(fields: Fields<'_>, (name, _): &Field) -> Option<String> {
    let mut lines = fields.texts(name);
    let mut all = lines.next()?.to_owned();
    for line in lines {
        all.push_str(", ");
        all.push_str(line);
    }
    Some(all)
}

/// The nearest address that is not one of our own proxies.
fn real_ip(chain: &str, peer: Option<IpAddr>, trusted: &[IpNet]) -> Option<IpAddr> {
    let is_ours = |address: &IpAddr| trusted.iter().any(|range| range.contains(address));
    let known = chain.rsplit(',').map_while(address);
    let mut farthest = None;
    for address in peer.into_iter().chain(known) {
        farthest = Some(address);
        if !is_ours(&address) {
            break;
        }
    }
    farthest
}

/// The address in an entry of `X-Forwarded-For`. Some proxies say the port as well (Azure's gateways do).
fn address(entry: &str) -> Option<IpAddr> {
    let entry = entry.trim();
    let bracketed = || entry.strip_prefix('[')?.strip_suffix(']')?.parse().ok();
    let with_port = || entry.parse::<InetAddr>().ok().map(|address| address.ip());
    entry.parse().ok().or_else(with_port).or_else(bracketed)
}

/// Who asks, for the right to something: the nearest address that is not one of our own proxies. `None` where a proxy
/// of ours does not say for whom it asks in a way that is understood: nobody is let in by a guess.
pub(super) fn asks(fields: Fields<'_>, client: &Client, trusted: &[IpNet]) -> Option<IpAddr> {
    let is_ours = |address: &IpAddr| trusted.iter().any(|range| range.contains(address));
    if !client.trusted {
        return client.address;
    }
    let lines = fields.all(&FOR.0).map(text);
    let chain = lines.collect::<Option<Vec<&str>>>()?.join(",");
    if chain.is_empty() {
        let speaks_otherwise = fields.names().any(is_told_by_proxies);
        return client.address.filter(|_| !speaks_otherwise);
    }
    let mut farthest = None;
    for address in chain.rsplit(',') {
        let address = self::address(address)?.to_canonical();
        farthest = Some(address);
        if !is_ours(&address) {
            break;
        }
    }
    farthest
}

/// Who asks, and where, for a server that is told by the PROXY protocol. `None` where nobody knows.
pub(super) fn ends(session: &Session, client: &Client, trusted: &[IpNet]) -> Option<Ends> {
    let asks = asks(Fields::Map(&session.req_header().headers), client, trusted)?;
    let at = |end: Option<&SocketAddr>| {
        let end = end.and_then(SocketAddr::as_inet)?;
        Some(InetAddr::new(end.ip().to_canonical(), end.port()))
    };
    // What a proxy says of its client has no port.
    let peer = at(session.client_addr()).filter(|peer| peer.ip() == asks);
    let nowhere = if asks.is_ipv4() { Ipv4Addr::UNSPECIFIED.into() } else { Ipv6Addr::UNSPECIFIED.into() };
    Some(Ends {
        source: peer.unwrap_or(InetAddr::new(asks, 0)),
        destination: at(session.server_addr()).unwrap_or(InetAddr::new(nowhere, 0)),
    })
}

/// Whether the client that asked speaks TLS: what a proxy of ours says of it, or else what we see.
pub(super) fn came_encrypted(fields: Fields<'_>, client: &Client) -> bool {
    let first = |(name, _): &Field| fields.text(name)?.split(',').next();
    let told = || first(&PROTO).or_else(|| first(&FORWARDED).and_then(proto));
    let scheme = if client.trusted { told() } else { None };
    scheme.map_or(client.tls, |scheme| scheme.trim().trim_matches('"').eq_ignore_ascii_case("https"))
}

/// What an element of `Forwarded` says of the scheme (RFC 7239, section 5.4).
fn proto(element: &str) -> Option<&str> {
    let mut pairs = element.split(';').filter_map(|pair| pair.split_once('='));
    pairs.find_map(|(name, value)| name.trim().eq_ignore_ascii_case("proto").then_some(value))
}

impl Asker<'_, '_> {
    /// One element of `Forwarded`: `for=192.0.2.1;host=example.com;proto=https`.
    fn element(&self) -> String {
        let Self { client, address, host } = self;
        let mut element = String::with_capacity(96);
        match (client.address, address.as_deref()) {
            // A colon is no token character, and IPv6 stands in brackets (RFC 7239, section 6).
            (Some(IpAddr::V6(_)), Some(address)) => element.extend(["for=\"[", address, "]\""]),
            (_, address) => element.extend(["for=", address.unwrap_or("unknown")]),
        }
        if !host.is_empty() {
            let quote = if wire::is_token(host.as_bytes()) { "" } else { "\"" };
            element.extend([";host=", quote, host, quote]);
        }
        element.push_str(if client.tls { ";proto=https" } else { ";proto=http" });
        element
    }
}

/// The port of an authority, where it names one.
pub(super) fn port(authority: &str) -> Option<&str> {
    let (_, port) = authority.rsplit_once(':')?;
    (!port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit())).then_some(port)
}

#[cfg(test)]
mod tests {
    use http::HeaderMap;
    use pingora::http::RequestHeader;

    use super::*;

    fn client(address: &str, trusted: bool, tls: bool) -> Client {
        Client { address: address.parse().ok(), trusted, tls }
    }

    fn told(client: &Client, sent: &[(&'static str, &str)]) -> RequestHeader {
        let mut request = RequestHeader::build("GET", b"/", None).expect("a request");
        for (name, value) in sent {
            request.append_header(*name, *value).expect("a header");
        }
        let trusted = ["10.0.0.0/8".parse().expect("a range")];
        let mut amendments = Amendments::default();
        tell(&(&request).into(), client, &trusted, &mut amendments);
        amendments.made_in(&request)
    }

    fn get<'r>(request: &'r RequestHeader, (name, _): &Field) -> &'r str {
        request.headers.get(name).map_or("-", |value| value.to_str().expect("text"))
    }

    #[test]
    fn a_backend_hears_both_languages() {
        let request = told(&client("192.0.2.1", false, true), &[("Host", "example.com:8443")]);
        assert_eq!(get(&request, &FOR), "192.0.2.1");
        assert_eq!(get(&request, &PROTO), "https");
        assert_eq!(get(&request, &HOST), "example.com:8443");
        assert_eq!(get(&request, &PORT), "8443");
        assert_eq!(get(&request, &REAL_IP), "192.0.2.1");
        assert_eq!(get(&request, &FORWARDED), "for=192.0.2.1;host=\"example.com:8443\";proto=https");
    }

    #[test]
    fn what_an_untrusted_client_says_of_others_is_replaced() {
        let forged = [
            ("Host", "h"),
            ("X-Forwarded-For", "1.1.1.1"),
            ("X-Forwarded-For", "2.2.2.2"),
            ("X-Forwarded-Proto", "https"),
            ("X-Forwarded-User", "root"),
            ("X-Real-IP", "1.1.1.1"),
            ("Forwarded", "for=1.1.1.1"),
        ];
        let request = told(&client("192.0.2.1", false, false), &forged);
        assert_eq!(request.headers.get_all(&FOR.0).iter().count(), 1);
        assert_eq!(get(&request, &FOR), "192.0.2.1");
        assert_eq!(get(&request, &PROTO), "http");
        assert_eq!(get(&request, &PORT), "80");
        assert!(!request.headers.contains_key("x-forwarded-user"));
        assert_eq!(get(&request, &REAL_IP), "192.0.2.1");
        assert_eq!(get(&request, &FORWARDED), "for=192.0.2.1;host=h;proto=http");
    }

    #[test]
    fn what_a_trusted_proxy_says_is_extended() {
        let sent = [
            ("Host", "inside"),
            ("X-Forwarded-For", "192.0.2.9, 10.0.0.7"),
            ("X-Forwarded-Proto", "https"),
            ("X-Forwarded-Host", "example.com"),
            ("Forwarded", "for=192.0.2.9"),
        ];
        let request = told(&client("10.0.0.1", true, false), &sent);
        assert_eq!(get(&request, &FOR), "192.0.2.9, 10.0.0.7, 10.0.0.1");
        assert_eq!(get(&request, &PROTO), "https");
        assert_eq!(get(&request, &HOST), "example.com");
        assert_eq!(get(&request, &PORT), "443");
        assert_eq!(get(&request, &REAL_IP), "192.0.2.9");
        assert_eq!(get(&request, &FORWARDED), "for=192.0.2.9, for=10.0.0.1;host=inside;proto=http");
    }

    #[test]
    fn a_trusted_proxy_is_continued_in_its_own_language() {
        let x = told(&client("10.0.0.1", true, false), &[("Host", "h"), ("X-Forwarded-For", "192.0.2.9")]);
        assert_eq!((get(&x, &FOR), get(&x, &FORWARDED)), ("192.0.2.9, 10.0.0.1", "-"));
        let forwarded = told(&client("10.0.0.1", true, false), &[("Host", "h"), ("Forwarded", "for=192.0.2.9")]);
        assert_eq!((get(&forwarded, &FOR), get(&forwarded, &PROTO)), ("-", "-"));
        assert_eq!(get(&forwarded, &FORWARDED), "for=192.0.2.9, for=10.0.0.1;host=h;proto=http");
    }

    #[test]
    fn an_ipv6_address_is_quoted_where_it_must_be() {
        let request = told(&client("2001:db8::1", false, false), &[("Host", "[2001:db8::2]:80")]);
        assert_eq!(get(&request, &FOR), "2001:db8::1");
        assert_eq!(get(&request, &FORWARDED), "for=\"[2001:db8::1]\";host=\"[2001:db8::2]:80\";proto=http");
    }

    #[test]
    fn a_peer_on_a_unix_socket_has_no_address_to_tell() {
        let peer = Client { address: None, trusted: true, tls: false };
        let alone = told(&peer, &[("Host", "h")]);
        assert_eq!((get(&alone, &FOR), get(&alone, &REAL_IP)), ("-", "-"));
        assert_eq!(get(&alone, &FORWARDED), "for=unknown;host=h;proto=http");
        let speaking = told(&peer, &[("Host", "h"), ("X-Forwarded-For", "192.0.2.9")]);
        assert_eq!((get(&speaking, &FOR), get(&speaking, &REAL_IP)), ("192.0.2.9", "192.0.2.9"));
    }

    #[test]
    fn nobody_is_let_in_by_an_address_that_is_not_sure() {
        let trusted: Vec<IpNet> = vec!["10.0.0.0/8".parse().expect("a range")];
        let (proxy, stranger) = ("10.0.0.1", "203.0.113.9");
        for (peer, headers, address) in [
            (stranger, vec![], Some(stranger)),
            (stranger, vec![("x-forwarded-for", "10.1.1.1")], Some(stranger)),
            (proxy, vec![], Some(proxy)),
            (proxy, vec![("x-forwarded-for", "192.0.2.7")], Some("192.0.2.7")),
            (proxy, vec![("x-forwarded-for", "10.1.1.1, 203.0.113.9")], Some(stranger)),
            (
                proxy,
                vec![("x-forwarded-for", "10.1.1.1"), ("x-forwarded-for", "203.0.113.9, 10.0.0.2")],
                Some(stranger),
            ),
            (proxy, vec![("x-forwarded-for", "10.1.1.1, 10.0.0.2")], Some("10.1.1.1")),
            (proxy, vec![("x-forwarded-for", "10.1.1.1, unknown")], None),
            (proxy, vec![("x-forwarded-for", "203.0.113.9:80, 10.1.1.1:443")], Some(stranger)),
            (proxy, vec![("x-forwarded-for", "[2001:db8::1]:80")], Some("2001:db8::1")),
            (proxy, vec![("x-forwarded-for", "[2001:db8::1]")], Some("2001:db8::1")),
            (proxy, vec![("x-forwarded-for", "10.1.1.1:http")], None),
            (proxy, vec![("forwarded", "for=10.1.1.1")], None),
            (proxy, vec![("x-real-ip", "10.1.1.1")], None),
            (proxy, vec![("x-forwarded-proto", "https")], None),
        ] {
            let peer: IpAddr = peer.parse().expect("an address");
            let client = Client { address: Some(peer), trusted: trusted[0].contains(&peer), tls: false };
            let mut map = HeaderMap::new();
            for (name, value) in &headers {
                map.append(*name, value.parse().expect("a value"));
            }
            let found = asks(Fields::Map(&map), &client, &trusted).map(|address| address.to_string());
            assert_eq!(found.as_deref(), address, "{peer} {headers:?}");
        }
        let by_socket = Client { address: None, trusted: true, tls: false };
        assert_eq!(asks(Fields::NONE, &by_socket, &trusted), None);
    }
}
