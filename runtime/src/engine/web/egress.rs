//! Where `fetch` may go: public addresses, and what `[server] egress` names.
//!
//! A name is judged by the addresses it resolves to, when it is connected to: what a name says, or
//! what it resolved to a moment ago, is no evidence.

use std::{
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    str::FromStr,
};

use url::{Host, Url};

/// `[server] egress`.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Egress {
    pub allows: Allows,
    hosts: Vec<Named>,
}

/// The addresses that are open besides public ones.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Allows {
    pub loopback: bool,
    pub private: bool,
}

/// A host by its name; it may be anywhere.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Named {
    host: Host,
    port: Option<u16>,
}

impl Egress {
    /// Entries are `"loopback"`, `"private"` or `host[:port]`. The error names the entry.
    pub fn parse(entries: &[String]) -> Result<Self, String> {
        let mut egress = Self::default();
        for entry in entries {
            match entry.as_str() {
                "loopback" => egress.allows.loopback = true,
                "private" => egress.allows.private = true,
                _ => egress.hosts.push(entry.parse()?),
            }
        }
        Ok(egress)
    }

    /// Whether this host is named, so that its addresses do not matter.
    pub fn names(&self, url: &Url) -> bool {
        self.hosts.iter().any(|named| {
            let is_port = named.port.is_none() || named.port == url.port_or_known_default();
            is_port && url.host().is_some_and(|host| host.to_owned() == named.host)
        })
    }
}

impl FromStr for Named {
    type Err = String;

    fn from_str(entry: &str) -> Result<Self, String> {
        let wrong = || format!("egress: '{entry}' is not host[:port], \"loopback\" or \"private\"");
        // A scheme without a default port, so that every port is kept.
        let url = Url::parse(&format!("ftp://{entry}")).map_err(|_| wrong())?;
        let host = url.host().ok_or_else(wrong)?.to_owned();
        let port = entry.rsplit_once(':').and_then(|(_, port)| port.parse().ok());
        let is_bare = !entry.contains('*')
            && url.path() == "/"
            && url.username().is_empty()
            && url.password().is_none()
            && url.query().is_none()
            && url.fragment().is_none()
            && !entry.ends_with('/');
        if is_bare { Ok(Self { host, port }) } else { Err(wrong()) }
    }
}

impl Allows {
    pub fn check(self, address: IpAddr) -> Result<(), Refused> {
        let is_allowed = match scope(address) {
            Scope::Public => true,
            Scope::Loopback => self.loopback,
            Scope::Private => self.private,
            Scope::Closed => false,
        };
        if is_allowed { Ok(()) } else { Err(Refused) }
    }
}

/// An address that `fetch` must not connect to. It is not told to whoever chose the name: a handler
/// that passes messages on would map the network behind the gateway.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Refused;

impl fmt::Display for Refused {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("this host is not public; [server] egress can allow it")
    }
}

impl std::error::Error for Refused {}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Scope {
    Public,
    Loopback,
    Private,
    /// Link-local, metadata services, multicast, reserved: never by a kind, only by name.
    Closed,
}

fn scope(address: IpAddr) -> Scope {
    match address {
        IpAddr::V4(address) => scope_v4(address),
        IpAddr::V6(address) => embedded(address).map_or_else(|| scope_v6(address), scope_v4),
    }
}

// <https://www.iana.org/assignments/iana-ipv4-special-registry>
fn scope_v4(address: Ipv4Addr) -> Scope {
    match address.octets() {
        METADATA_ALIBABA => Scope::Closed,
        [127, ..] => Scope::Loopback,
        [10, ..] | [172, 16..=31, ..] | [192, 168, ..] | [100, 64..=127, ..] => Scope::Private,
        [0 | 224..=255, ..] | [169, 254, ..] => Scope::Closed,
        [192, 0, 0 | 2, _] | [192, 88, 99, _] | [198, 18 | 19, ..] => Scope::Closed,
        [198, 51, 100, _] | [203, 0, 113, _] => Scope::Closed,
        _ => Scope::Public,
    }
}

// <https://www.iana.org/assignments/iana-ipv6-special-registry>
fn scope_v6(address: Ipv6Addr) -> Scope {
    if address == Ipv6Addr::LOCALHOST {
        return Scope::Loopback;
    }
    match address.segments() {
        METADATA_AWS => Scope::Closed,
        [0xfc00..=0xfdff, ..] => Scope::Private,
        // Documentation, ORCHID, Teredo and benchmarks are parts of 2000::/3 that are not routed.
        [0x2001, 0..=0x01ff | 0x0db8, ..] | [0x3fff, 0..=0x0fff, ..] => Scope::Closed,
        [0x2000..=0x3fff, ..] => Scope::Public,
        _ => Scope::Closed,
    }
}

/// The IPv4 address that an IPv6 address stands for: mapped, compatible, NAT64, 6to4.
fn embedded(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let [high, low] = match address.segments() {
        [0, 0, 0, 0, 0, 0, 0, 0 | 1] => return None,
        [0, 0, 0, 0, 0, 0 | 0xffff, high, low] => [high, low],
        [0, 0, 0, 0, 0xffff, 0, high, low] => [high, low],
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] => [high, low],
        [0x2002, high, low, ..] => [high, low],
        _ => return None,
    };
    let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
    Some(Ipv4Addr::new(a, b, c, d))
}

const METADATA_ALIBABA: [u8; 4] = [100, 100, 100, 200];
const METADATA_AWS: [u16; 8] = [0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254];

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
mod tests {
    use super::*;

    fn scope_of(address: &str) -> Scope {
        scope(address.parse().unwrap())
    }

    #[test]
    fn only_public_addresses_are_public() {
        for address in ["1.1.1.1", "93.184.216.34", "2606:4700::1111", "::ffff:8.8.8.8"] {
            assert_eq!(scope_of(address), Scope::Public, "{address}");
        }
        for address in ["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1", "64:ff9b::7f00:1"] {
            assert_eq!(scope_of(address), Scope::Loopback, "{address}");
        }
        for address in ["10.1.2.3", "172.31.0.1", "192.168.1.1", "100.64.0.1", "fd12::1"] {
            assert_eq!(scope_of(address), Scope::Private, "{address}");
        }
        for address in [
            ["0.0.0.0", "169.254.169.254", "255.255.255.255", "224.0.0.1"],
            ["::", "fe80::1", "ff02::1", "fd00:ec2::254"],
            ["::ffff:169.254.169.254", "2002:a9fe:a9fe::1", "100.100.100.200", "2001:db8::1"],
            ["::ffff:0.0.0.0", "fec0::1", "198.18.0.1", "2001::1"],
        ]
        .concat()
        {
            assert_eq!(scope_of(address), Scope::Closed, "{address}");
        }
    }

    #[test]
    fn entries_are_kinds_or_hosts() {
        let entries =
            ["loopback", "db.internal", "10.0.0.5:5432", "[fd00::1]:80"].map(str::to_owned);
        let egress = Egress::parse(&entries).unwrap();
        let names = |url: &str| egress.names(&Url::parse(url).unwrap());
        assert!(egress.allows.loopback && !egress.allows.private);
        assert!(names("http://DB.internal:99/x") && names("http://10.0.0.5:5432"));
        assert!(names("http://[fd00::1]/") && !names("http://[fd00::1]:81/"));
        assert!(!names("http://10.0.0.5") && !names("http://a.db.internal"));
        for wrong in ["", "http://x", "a/b", "u@host", "host:99999", "*.internal"] {
            assert!(Egress::parse(&[wrong.to_owned()]).is_err(), "{wrong}");
        }
    }
}
