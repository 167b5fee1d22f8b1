//! The header of the PROXY protocol: who is behind the proxy that connects.
//!
//! Versions 1 and 2, as `HAProxy`'s `doc/proxy-protocol.txt` has them (2020/03/05).

use std::fmt::Write as _;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

const V1: &[u8] = b"PROXY ";
const V2: &[u8] = b"\r\n\r\n\0\r\nQUIT\n";

/// The longest line of version 1, its end included.
const LONGEST_V1: usize = 107;

/// Signature, version and command, family, length.
const V2_HEAD: usize = 16;

/// What may follow that in version 2: addresses, and what proxies tell beside them.
const LONGEST_V2: usize = 4096;

/// Who speaks to whom by way of a proxy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ends {
    /// The client.
    pub source: SocketAddr,
    /// Where it connected to.
    pub destination: SocketAddr,
}

/// A header, read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProxyHeader {
    /// How many bytes it has; what follows is the client's.
    pub length: usize,
    /// `None`: the proxy speaks for itself, or does not know.
    pub ends: Option<Ends>,
}

/// Why a connection does not begin with a header.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct NoProxyHeader(&'static str);

/// How a header is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProxyVersion {
    /// A line of text.
    V1,
    /// Binary.
    V2,
}

impl ProxyHeader {
    /// What a connection may have to begin with, at most.
    pub const LONGEST: usize = V2_HEAD + LONGEST_V2;

    /// Reads the header at the beginning of all that has come so far. `None`: more of it has to come.
    pub fn read(bytes: &[u8]) -> Result<Option<Self>, NoProxyHeader> {
        if begins(bytes, V2) {
            return if bytes.len() < V2_HEAD { Ok(None) } else { read_v2(bytes) };
        }
        if begins(bytes, V1) {
            return read_v1(bytes);
        }
        Err(NoProxyHeader("it does not begin with a PROXY header"))
    }

    /// A header that says this; `None`: a proxy speaks for itself.
    pub fn write(version: ProxyVersion, ends: Option<Ends>) -> Vec<u8> {
        match version {
            ProxyVersion::V1 => write_v1(ends),
            ProxyVersion::V2 => write_v2(ends),
        }
    }
}

/// Whether as much of `signature` is there as can be.
fn begins(bytes: &[u8], signature: &[u8]) -> bool {
    bytes.iter().zip(signature).all(|(byte, wanted)| byte == wanted)
}

fn read_v1(bytes: &[u8]) -> Result<Option<ProxyHeader>, NoProxyHeader> {
    let line = bytes.get(..LONGEST_V1).unwrap_or(bytes);
    let Some(end) = line.iter().position(|byte| *byte == b'\n') else {
        let too_long = line.len() == LONGEST_V1;
        return if too_long { Err(NoProxyHeader("its PROXY line has no end")) } else { Ok(None) };
    };
    let length = end + 1;
    let line = line.get(..end).and_then(|line| line.strip_suffix(b"\r")).ok_or(NoProxyHeader("a bare line feed"))?;
    let line = std::str::from_utf8(line).map_err(|_| NoProxyHeader("its PROXY line is no text"))?;
    let mut words = line.split(' ').skip(1);
    let family = words.next();
    if family == Some("UNKNOWN") {
        return Ok(Some(ProxyHeader { length, ends: None }));
    }
    let words: Vec<&str> = words.collect();
    let (Some(family @ ("TCP4" | "TCP6")), [source, destination, source_port, destination_port]) =
        (family, words.as_slice())
    else {
        return Err(NoProxyHeader("its PROXY line has other words than a family, two addresses and two ports"));
    };
    let address = |text: &str| match family {
        "TCP4" => text.parse().map(IpAddr::V4),
        _ => text.parse().map(IpAddr::V6),
    };
    let port = |text: &str| match text.as_bytes() {
        [b'0', _, ..] | [b'+', ..] => None,
        _ => text.parse().ok(),
    };
    let end = |address_text: &str, port_text: &str| -> Result<SocketAddr, NoProxyHeader> {
        let wrong = NoProxyHeader("an address or a port of its PROXY line is none");
        Ok(SocketAddr::new(address(address_text).map_err(|_| wrong)?, port(port_text).ok_or(wrong)?))
    };
    let ends = Ends { source: end(source, source_port)?, destination: end(destination, destination_port)? };
    Ok(Some(ProxyHeader { length, ends: Some(ends) }))
}

fn read_v2(bytes: &[u8]) -> Result<Option<ProxyHeader>, NoProxyHeader> {
    let (head, rest) = bytes.split_at_checked(V2_HEAD).ok_or(NoProxyHeader("too short"))?;
    let [.., version_and_command, family, long, short] = *head else { return Ok(None) };
    if version_and_command >> 4 != 2 {
        return Err(NoProxyHeader("its PROXY header has another version than 1 and 2"));
    }
    let content = usize::from(u16::from_be_bytes([long, short]));
    if content > LONGEST_V2 {
        return Err(NoProxyHeader("its PROXY header is too long"));
    }
    let Some(content) = rest.get(..content) else { return Ok(None) };
    let length = V2_HEAD + content.len();
    let ends = match (version_and_command & 0xf, family) {
        (1, 0x11) => Some(ends::<4>(content)?),
        (1, 0x21) => Some(ends::<16>(content)?),
        // A proxy's own, such as its health checks; unix sockets, datagrams and what is not known.
        (0 | 1, _) => None,
        _ => return Err(NoProxyHeader("its PROXY header has an unknown command")),
    };
    Ok(Some(ProxyHeader { length, ends }))
}

/// Two addresses of `N` bytes, then two ports.
fn ends<const N: usize>(content: &[u8]) -> Result<Ends, NoProxyHeader>
where
    IpAddr: From<[u8; N]>,
{
    let short = NoProxyHeader("its PROXY header is too short for its addresses");
    let (source, rest) = content.split_first_chunk::<N>().ok_or(short)?;
    let (destination, rest) = rest.split_first_chunk::<N>().ok_or(short)?;
    let (source_port, rest) = rest.split_first_chunk().ok_or(short)?;
    let (destination_port, _) = rest.split_first_chunk().ok_or(short)?;
    let end = |address: &[u8; N], port: &[u8; 2]| SocketAddr::new(IpAddr::from(*address), u16::from_be_bytes(*port));
    Ok(Ends { source: end(source, source_port), destination: end(destination, destination_port) })
}

/// Both in one family: IPv4 stands in IPv6 where the other is of that.
fn in_one_family(ends: Ends) -> (SocketAddr, SocketAddr) {
    let Ends { source, destination } = ends;
    if source.is_ipv4() == destination.is_ipv4() {
        return (source, destination);
    }
    let mapped = |end: SocketAddr| match end.ip() {
        IpAddr::V4(address) => SocketAddr::new(address.to_ipv6_mapped().into(), end.port()),
        IpAddr::V6(_) => end,
    };
    (mapped(source), mapped(destination))
}

fn write_v1(ends: Option<Ends>) -> Vec<u8> {
    let mut line = String::from("PROXY ");
    match ends.map(in_one_family) {
        None => line.push_str("UNKNOWN"),
        Some((source, destination)) => {
            let family = if source.is_ipv4() { "TCP4" } else { "TCP6" };
            let (from, to) = (source.ip(), destination.ip());
            // Writing to a text cannot fail.
            let _ = write!(line, "{family} {from} {to} {} {}", source.port(), destination.port());
        }
    }
    line.push_str("\r\n");
    line.into_bytes()
}

fn write_v2(ends: Option<Ends>) -> Vec<u8> {
    let mut content = Vec::new();
    let (command, family) = match ends.map(in_one_family) {
        None => (0x20, 0),
        Some((source, destination)) => {
            for end in [source, destination] {
                match end.ip() {
                    IpAddr::V4(address) => content.extend(Ipv4Addr::octets(&address)),
                    IpAddr::V6(address) => content.extend(Ipv6Addr::octets(&address)),
                }
            }
            for end in [source, destination] {
                content.extend(end.port().to_be_bytes());
            }
            (0x21, if source.is_ipv4() { 0x11 } else { 0x21 })
        }
    };
    // 36 bytes at most.
    let length = u8::try_from(content.len()).unwrap_or(u8::MAX);
    [V2, &[command, family, 0, length], &content].concat()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn told(source: &str, destination: &str) -> Ends {
        let end = |text: &str| text.parse().expect("an address and a port");
        Ends { source: end(source), destination: end(destination) }
    }

    fn v2(command: u8, family: u8, content: &[u8]) -> Vec<u8> {
        let length = u16::try_from(content.len()).expect("a short one").to_be_bytes();
        [V2, &[command, family], &length, content].concat()
    }

    #[test]
    fn both_versions_say_who_is_behind_the_proxy() {
        let four = [192, 0, 2, 1, 198, 51, 100, 2, 0x30, 0x39, 1, 0xbb];
        let with_more = [&four[..], &[4, 0, 1, 0]].concat();
        for (header, ends) in [
            (
                b"PROXY TCP4 192.0.2.1 198.51.100.2 12345 443\r\n".to_vec(),
                Some(told("192.0.2.1:12345", "198.51.100.2:443")),
            ),
            (b"PROXY TCP6 2001:db8::1 ::1 1 65535\r\n".to_vec(), Some(told("[2001:db8::1]:1", "[::1]:65535"))),
            (b"PROXY UNKNOWN\r\n".to_vec(), None),
            (b"PROXY UNKNOWN what ever it says\r\n".to_vec(), None),
            (v2(0x21, 0x11, &four), Some(told("192.0.2.1:12345", "198.51.100.2:443"))),
            (v2(0x21, 0x11, &with_more), Some(told("192.0.2.1:12345", "198.51.100.2:443"))),
            (v2(0x20, 0x11, &four), None),
            (v2(0x20, 0, &[]), None),
            (v2(0x21, 0x31, &[0; 216]), None),
            (v2(0x21, 0x12, &four), None),
        ] {
            let bytes = [&header[..], b"GET / HTTP/1.1\r\n"].concat();
            let expected = ProxyHeader { length: header.len(), ends };
            assert_eq!(ProxyHeader::read(&bytes), Ok(Some(expected)), "{header:?}");
            for come in 0..header.len() {
                assert_eq!(ProxyHeader::read(&bytes[..come]), Ok(None), "{come} bytes of {header:?}");
            }
        }
    }

    #[test]
    fn what_is_no_header_is_refused() {
        for bytes in [
            b"GET / HTTP/1.1\r\n".to_vec(),
            b"PROXY TCP4 192.0.2.1 198.51.100.2 12345\r\n".to_vec(),
            b"PROXY TCP4 192.0.2.1 198.51.100.2 12345 443 1\r\n".to_vec(),
            b"PROXY TCP4 192.0.2.1  198.51.100.2 12345 443\r\n".to_vec(),
            b"PROXY TCP4 ::1 ::1 1 2\r\n".to_vec(),
            b"PROXY TCP6 192.0.2.1 198.51.100.2 1 2\r\n".to_vec(),
            b"PROXY TCP4 192.0.2.1 198.51.100.2 1 65536\r\n".to_vec(),
            b"PROXY TCP4 192.0.2.1 198.51.100.2 +1 2\r\n".to_vec(),
            b"PROXY TCP4 192.0.2.1 198.51.100.2 01 2\r\n".to_vec(),
            b"PROXY UNIX a b 1 2\r\n".to_vec(),
            b"PROXY UNKNOWN\n".to_vec(),
            b"PROXY TCP4 \xff\r\n".to_vec(),
            [&b"PROXY UNKNOWN "[..], &[b'a'; 100]].concat(),
            v2(0x11, 0x11, &[0; 12]),
            v2(0x22, 0x11, &[0; 12]),
            v2(0x21, 0x11, &[0; 11]),
            v2(0x21, 0x21, &[0; 35]),
            v2(0x21, 0x21, &[0; LONGEST_V2 + 1]),
        ] {
            assert!(ProxyHeader::read(&bytes).is_err(), "{bytes:?}");
        }
    }

    fn end() -> impl Strategy<Value = SocketAddr> {
        (any::<IpAddr>(), any::<u16>()).prop_map(|(address, port)| SocketAddr::new(address.to_canonical(), port))
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(source in end(), destination in end(), known in any::<bool>()) {
            let ends = known.then_some(Ends { source, destination });
            for version in [ProxyVersion::V1, ProxyVersion::V2] {
                let bytes = ProxyHeader::write(version, ends);
                let read = ProxyHeader::read(&bytes).expect("a header").expect("whole");
                prop_assert_eq!(read.length, bytes.len());
                let canonical = |end: SocketAddr| SocketAddr::new(end.ip().to_canonical(), end.port());
                let read = read.ends.map(|ends| (canonical(ends.source), canonical(ends.destination)));
                prop_assert_eq!(read, ends.map(|ends| (ends.source, ends.destination)));
            }
        }

        #[test]
        fn no_bytes_are_waited_for_without_an_end(bytes in prop::collection::vec(any::<u8>(), 0..300), signature in 0_usize..3) {
            let signature: &[u8] = [&b""[..], V1, V2][signature];
            let mut bytes = [signature, bytes.as_slice()].concat();
            bytes.resize(ProxyHeader::LONGEST, b'a');
            prop_assert_ne!(ProxyHeader::read(&bytes), Ok(None));
        }
    }
}
