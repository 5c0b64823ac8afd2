//! Ranges of addresses that calls may come from.

use std::fmt;
use std::net::IpAddr;

use ipnet::IpNet;

use crate::refusal::Refusal;

/// Ranges of addresses. None at all means every address.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Addresses(Vec<IpNet>);

/// Why texts are no ranges.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoAddresses {
    /// One is none.
    #[error(transparent)]
    Network(#[from] NoNetwork),
    /// There are more than are looked through at each request.
    #[error("{0} address ranges are more than {max}, which is the limit; join some into larger ones", max = Addresses::MOST)]
    TooMany(usize),
}

impl Addresses {
    /// Every address.
    pub const ALL: Self = Self(Vec::new());
    /// So many at most: they are looked through at each request.
    pub const MOST: usize = 64;

    /// Reads ranges, or single addresses; sorted, without repetitions.
    pub fn parse<'t>(texts: impl IntoIterator<Item = &'t str>) -> Result<Self, NoAddresses> {
        let mut networks = texts.into_iter().map(network).collect::<Result<Vec<_>, _>>()?;
        networks.sort();
        networks.dedup();
        if networks.len() > Self::MOST {
            return Err(NoAddresses::TooMany(networks.len()));
        }
        Ok(Self(networks))
    }

    /// Whether every address is in them.
    pub fn are_all(&self) -> bool {
        self.0.is_empty()
    }

    /// Each as text.
    pub fn iter(&self) -> impl Iterator<Item = String> + '_ {
        self.0.iter().map(IpNet::to_string)
    }

    /// May somebody call from there? An address that is not known is in no range.
    pub fn permit(&self, address: Option<IpAddr>) -> Result<(), Refusal> {
        let address = address.map(|address| address.to_canonical());
        if self.are_all() || address.is_some_and(|address| self.0.iter().any(|range| range.contains(&address))) {
            Ok(())
        } else {
            Err(Refusal::AddressNotAllowed { address })
        }
    }
}

impl fmt::Display for Addresses {
    /// Parted by blanks, which [`Addresses::parse`] reads back when split there.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.iter().collect::<Vec<_>>().join(" "))
    }
}

/// Why a text names no network. What is none is not given back: it may be a secret in the wrong place.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoNetwork {
    /// It is neither a network nor an address.
    #[error("an address range is written 10.0.0.0/8, 2001:db8::/32 or as one address")]
    Unreadable,
    /// It may be a mistyped address or a mistyped length.
    #[error("{0} has bits beyond its length; write {trunc}, or the address alone", trunc = .0.trunc())]
    HostBits(IpNet),
    /// Addresses are compared in their canonical form.
    #[error("write the IPv4 range itself, such as 10.0.0.0/8, not mapped into IPv6")]
    Mapped,
}

/// A network: `10.0.0.0/8`, or one address.
pub fn network(text: &str) -> Result<IpNet, NoNetwork> {
    let network = text.parse::<IpNet>().or_else(|_| text.parse::<IpAddr>().map(IpNet::from));
    let network = network.map_err(|_| NoNetwork::Unreadable)?;
    match network {
        IpNet::V6(mapped) if mapped.addr().to_ipv4_mapped().is_some() => Err(NoNetwork::Mapped),
        network if network.addr() != network.network() => Err(NoNetwork::HostBits(network)),
        network => Ok(network),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_is_written_exactly() {
        assert_eq!(network("10.0.0.0/8").map(|network| network.to_string()), Ok("10.0.0.0/8".to_owned()));
        assert_eq!(network("192.0.2.1").map(|network| network.to_string()), Ok("192.0.2.1/32".to_owned()));
        assert_eq!(network("::1").map(|network| network.to_string()), Ok("::1/128".to_owned()));
        assert!(matches!(network("10.0.0.1/8"), Err(NoNetwork::HostBits(_))));
        assert_eq!(network("::ffff:10.0.0.0/104"), Err(NoNetwork::Mapped));
        for text in ["", "10.0.0.0/33", "10.0.0.0/", "localhost", "*"] {
            assert_eq!(network(text), Err(NoNetwork::Unreadable), "{text}");
        }
    }

    #[test]
    fn ranges_are_sorted_and_read_back() {
        let ranges = Addresses::parse(["2001:db8::/32", "10.0.0.0/8", "192.0.2.1", "10.0.0.0/8"]).expect("ranges");
        assert_eq!(ranges.to_string(), "10.0.0.0/8 192.0.2.1/32 2001:db8::/32");
        assert_eq!(Addresses::parse(ranges.to_string().split(' ')), Ok(ranges));
        let many: Vec<String> = (0..65).map(|third| format!("10.0.{third}.0/24")).collect();
        assert_eq!(Addresses::parse(many.iter().map(String::as_str)), Err(NoAddresses::TooMany(65)));
    }

    #[test]
    fn an_address_is_in_a_range_in_whatever_form_it_comes() {
        let ranges = Addresses::parse(["10.0.0.0/8", "2001:db8::/32"]).expect("ranges");
        let permits = |address: &str| ranges.permit(Some(address.parse().expect("an address"))).is_ok();
        assert!(permits("10.1.2.3") && permits("::ffff:10.1.2.3") && permits("2001:db8:1::1"));
        assert!(!permits("11.0.0.0") && !permits("::1") && ranges.permit(None).is_err());
        assert!(Addresses::default().permit(None).is_ok());
    }
}
