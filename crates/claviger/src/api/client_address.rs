//! Whose request it is, by address: the peer's, or the one that a trusted proxy in front names.
//!
//! A proxy appends the address that it was connected from to `X-Forwarded-For`; whatever stands before its own entry
//! the client may have written himself. So the list is read from its end, and only as long as whoever added the entry
//! is trusted. `Forwarded` (RFC 7239) is not read: of two families one could be the client's own.
//!
//! What must stay true: from a peer that is no trusted proxy nothing is taken, and nobody but a trusted proxy chooses
//! the address that the log, the audit events and address policies speak of.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use axum::http::{HeaderMap, HeaderName};
use ipnet::IpNet;

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// The proxies whose `X-Forwarded-For` counts, by address or network.
#[derive(Debug, Clone, Default)]
pub struct TrustedProxies(Arc<[IpNet]>);

impl FromIterator<IpNet> for TrustedProxies {
    fn from_iter<T: IntoIterator<Item = IpNet>>(networks: T) -> Self {
        Self(networks.into_iter().collect())
    }
}

impl TrustedProxies {
    /// The address that a request comes from, in its canonical form: an IPv4 address mapped into IPv6 is that IPv4
    /// address.
    pub(super) fn client(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let mut client = peer.to_canonical();
        let fields = headers.get_all(FORWARDED_FOR).iter().rev();
        let mut entries = fields.flat_map(|field| field.as_bytes().rsplit(|byte| *byte == b','));
        while self.trusts(client) {
            // What is no address was not added by a proxy that can be relied on: the one that sent it answers for it.
            let Some(entry) = entries.next().and_then(address) else { break };
            client = entry;
        }
        client
    }

    fn trusts(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| network.contains(&address))
    }
}

/// A network that is trusted: `10.0.0.0/8`, or one address.
pub fn network(text: &str) -> Result<IpNet, NoNetwork> {
    let network = text.parse::<IpNet>().or_else(|_| text.parse::<IpAddr>().map(IpNet::from));
    let network = network.map_err(|_| NoNetwork::Unreadable(text.to_owned()))?;
    match network {
        IpNet::V6(mapped) if mapped.addr().to_ipv4_mapped().is_some() => Err(NoNetwork::Mapped),
        network if network.addr() != network.network() => {
            Err(NoNetwork::HostBits { text: text.to_owned(), network: network.trunc() })
        }
        network => Ok(network),
    }
}

/// Why a text names no network.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoNetwork {
    /// It is neither a network nor an address.
    #[error("“{0}” is no network; write 10.0.0.0/8, 2001:db8::/32 or one address")]
    Unreadable(String),
    /// It may be a mistyped address or a mistyped length.
    #[error("“{text}” has bits beyond its length; write {network}, or the address alone")]
    HostBits {
        /// What was written.
        text: String,
        /// The network that it lies in.
        network: IpNet,
    },
    /// Addresses are compared in their canonical form.
    #[error("write the IPv4 network itself, such as 10.0.0.0/8, not mapped into IPv6")]
    Mapped,
}

/// An entry of the list: an address, which some proxies write with a port.
fn address(entry: &[u8]) -> Option<IpAddr> {
    let text = std::str::from_utf8(entry).ok()?.trim_matches([' ', '\t']);
    let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
    let address = bare.parse().or_else(|_| text.parse::<SocketAddr>().map(|address| address.ip()));
    address.ok().map(|address: IpAddr| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn client(peer: &str, fields: &[&[u8]]) -> String {
        let trusted: TrustedProxies =
            ["10.0.0.0/8", "2001:db8:1::/48"].iter().map(|text| network(text).expect("a network")).collect();
        let mut headers = HeaderMap::new();
        for field in fields {
            headers.append(FORWARDED_FOR, HeaderValue::from_bytes(field).expect("a value"));
        }
        trusted.client(peer.parse().expect("an address"), &headers).to_string()
    }

    #[test]
    fn only_what_a_trusted_proxy_added_counts() {
        for (peer, fields, expected) in [
            ("192.0.2.1", &[b"198.51.100.7".as_slice()][..], "192.0.2.1"),
            ("10.0.0.1", &[], "10.0.0.1"),
            ("10.0.0.1", &[b"198.51.100.7"], "198.51.100.7"),
            ("10.0.0.1", &[b"203.0.113.9, 198.51.100.7"], "198.51.100.7"),
            ("10.0.0.1", &[b"203.0.113.9", b"198.51.100.7"], "198.51.100.7"),
            ("10.0.0.1", &[b"203.0.113.9, 198.51.100.7 ,\t10.2.3.4"], "198.51.100.7"),
            ("10.0.0.1", &[b"10.9.9.9,10.2.3.4"], "10.9.9.9"),
            ("2001:db8:1::5", &[b"2001:db8:ffff::1"], "2001:db8:ffff::1"),
        ] {
            assert_eq!(client(peer, fields), expected, "{peer} {fields:?}");
        }
    }

    #[test]
    fn what_is_no_address_leaves_the_one_that_sent_it() {
        for field in [
            b"".as_slice(),
            b"unknown",
            b"198.51.100.7,",
            b"198.51.100.7, x",
            b"198.51.100.7, \xff",
            b"198.51.100",
            b"0x7f.1",
        ] {
            assert_eq!(client("10.0.0.1", &[field]), "10.0.0.1", "{field:?}");
        }
        assert_eq!(client("10.0.0.1", &[b"198.51.100.7, nonsense, 10.0.0.2"]), "10.0.0.2");
    }

    #[test]
    fn ports_brackets_and_mapped_addresses_are_read() {
        for (entry, expected) in [
            (b"198.51.100.7:4711".as_slice(), "198.51.100.7"),
            (b"[2001:db8::7]:4711", "2001:db8::7"),
            (b"[2001:db8::7]", "2001:db8::7"),
            (b"::ffff:198.51.100.7", "198.51.100.7"),
        ] {
            assert_eq!(client("10.0.0.1", &[entry]), expected);
        }
        assert_eq!(client("::ffff:10.0.0.1", &[b"198.51.100.7"]), "198.51.100.7");
    }

    #[test]
    fn a_network_is_written_exactly() {
        assert_eq!(network("10.0.0.0/8").map(|network| network.to_string()), Ok("10.0.0.0/8".to_owned()));
        assert_eq!(network("192.0.2.1").map(|network| network.to_string()), Ok("192.0.2.1/32".to_owned()));
        assert_eq!(network("::1").map(|network| network.to_string()), Ok("::1/128".to_owned()));
        assert!(matches!(network("10.0.0.1/8"), Err(NoNetwork::HostBits { .. })));
        assert_eq!(network("::ffff:10.0.0.0/104"), Err(NoNetwork::Mapped));
        for text in ["", "10.0.0.0/33", "10.0.0.0/", "localhost", "*"] {
            assert!(matches!(network(text), Err(NoNetwork::Unreadable(_))), "{text}");
        }
    }
}
