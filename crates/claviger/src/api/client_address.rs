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
    pub(crate) fn client(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        self.named(peer, entries(headers))
    }

    /// The same, where the peer is a gateway that tells the request instead of passing it on: it was connected from
    /// `source`, and these headers were in the request.
    pub(crate) fn client_of_told(&self, peer: IpAddr, source: Option<IpAddr>, headers: &HeaderMap) -> IpAddr {
        let source = source.map(|source| source.to_canonical());
        self.named(peer, std::iter::once(source).chain(entries(headers)))
    }

    fn named(&self, peer: IpAddr, mut entries: impl Iterator<Item = Option<IpAddr>>) -> IpAddr {
        let mut client = peer.to_canonical();
        while self.trusts(client) {
            // What is no address was not added by a proxy that can be relied on: the one that sent it answers for it.
            let Some(entry) = entries.next().flatten() else { break };
            client = entry;
        }
        client
    }

    /// Whether what stands at this address is one of them.
    pub(crate) fn trusts(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| network.contains(&address))
    }
}

/// From the end of the list; `None` for what is no address.
fn entries(headers: &HeaderMap) -> impl Iterator<Item = Option<IpAddr>> {
    let fields = headers.get_all(FORWARDED_FOR).iter().rev();
    fields.flat_map(|field| field.as_bytes().rsplit(|byte| *byte == b',')).map(address)
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
    use claviger_access::policy::network;

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
    fn a_trusted_gateway_tells_whom_it_was_connected_from() {
        let trusted: TrustedProxies = [network("10.0.0.0/8").expect("a network")].into_iter().collect();
        let told = |peer: &str, source: &str, field: &'static str| {
            let headers = [(FORWARDED_FOR, HeaderValue::from_static(field))].into_iter().collect();
            trusted.client_of_told(peer.parse().expect("an address"), source.parse().ok(), &headers).to_string()
        };
        assert_eq!(told("192.0.2.1", "198.51.100.7", "203.0.113.9"), "192.0.2.1");
        assert_eq!(told("10.0.0.1", "198.51.100.7", "203.0.113.9"), "198.51.100.7");
        assert_eq!(told("10.0.0.1", "10.0.0.2", "192.0.2.9, 203.0.113.9"), "203.0.113.9");
        // Some gateways add whom they were connected from to the list before they tell it.
        assert_eq!(told("10.0.0.1", "10.0.0.2", "203.0.113.9, 10.0.0.2"), "203.0.113.9");
        assert_eq!(told("10.0.0.1", "::ffff:198.51.100.7", ""), "198.51.100.7");
        assert_eq!(told("10.0.0.1", "no address", "203.0.113.9"), "10.0.0.1");
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
}
