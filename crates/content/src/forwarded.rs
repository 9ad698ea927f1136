//! Where a request comes from, if proxies are between: what `X-Forwarded-For` says, as far as it
//! can be believed.

use std::net::{IpAddr, SocketAddr};

use ipnet::IpNet;

/// The peer, or, if the peer is a trusted proxy, the rightmost address in the `lines` of
/// `X-Forwarded-For` that is not one. What stands further left is what the client claims, so it is
/// not read.
pub fn client_address<'a>(
    peer: IpAddr,
    lines: impl DoubleEndedIterator<Item = &'a [u8]>,
    trusted: &[IpNet],
) -> IpAddr {
    let mut client = peer;
    // By bytes: what the client wrote in the same line before the proxy's part may be no text.
    let mut hops = lines.rev().flat_map(|line| line.rsplit(|byte| *byte == b','));
    while is_in(client, trusted) {
        // The end of the list, or something that is no address: what is known so far is all that
        // can be believed.
        let Some(address) = hops.next().and_then(parse_hop) else { break };
        client = address;
    }
    client
}

/// Whether an address is in one of these networks. An IPv4 address in IPv6 clothes is the IPv4
/// address.
pub fn is_in(address: IpAddr, networks: &[IpNet]) -> bool {
    let address = address.to_canonical();
    networks.iter().any(|network| network.contains(&address))
}

/// An address, perhaps with a port, as some proxies write it.
fn parse_hop(hop: &[u8]) -> Option<IpAddr> {
    let text = str::from_utf8(hop).ok()?.trim();
    text.parse()
        .ok()
        .or_else(|| text.parse::<SocketAddr>().ok().map(|address| address.ip()))
        .or_else(|| text.strip_prefix('[')?.strip_suffix(']')?.parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(peer: &str, forwarded: &[&str], trusted: &[&str]) -> String {
        let lines: Vec<&[u8]> = forwarded.iter().map(|line| line.as_bytes()).collect();
        client_of(peer, &lines, trusted)
    }

    fn client_of(peer: &str, lines: &[&[u8]], trusted: &[&str]) -> String {
        let trusted: Vec<IpNet> = trusted.iter().map(|network| network.parse().unwrap()).collect();
        client_address(peer.parse().unwrap(), lines.iter().copied(), &trusted).to_string()
    }

    #[test]
    fn c3_nobody_but_a_trusted_proxy_can_name_another_address() {
        assert_eq!(client("192.0.2.1", &["198.51.100.7"], &[]), "192.0.2.1");
        assert_eq!(client("192.0.2.1", &["198.51.100.7"], &["10.0.0.0/8"]), "192.0.2.1");
    }

    #[test]
    fn c3_the_rightmost_address_that_is_no_trusted_proxy_is_the_client() {
        let trusted = ["127.0.0.1/32", "10.0.0.0/8"];
        assert_eq!(client("127.0.0.1", &["198.51.100.7"], &trusted), "198.51.100.7");
        assert_eq!(
            client("127.0.0.1", &["1.1.1.1, 198.51.100.7, 10.0.0.2"], &trusted),
            "198.51.100.7"
        );
        assert_eq!(
            client("127.0.0.1", &["1.1.1.1", "198.51.100.7", "10.0.0.2"], &trusted),
            "198.51.100.7"
        );
        assert_eq!(client("127.0.0.1", &["198.51.100.7:4711"], &trusted), "198.51.100.7");
        assert_eq!(client("::ffff:127.0.0.1", &["[2001:db8::1]"], &trusted), "2001:db8::1");
    }

    #[test]
    fn c3_what_a_client_writes_before_the_proxys_part_of_a_line_hides_nobody() {
        let line: &[u8] = b"\xff\xfe, 198.51.100.7";
        assert_eq!(client_of("127.0.0.1", &[line], &["127.0.0.1/32"]), "198.51.100.7");
    }

    #[test]
    fn c3_what_is_no_address_ends_the_search() {
        let trusted = ["127.0.0.1/32"];
        assert_eq!(client("127.0.0.1", &["1.1.1.1, unknown"], &trusted), "127.0.0.1");
        assert_eq!(client("127.0.0.1", &[], &trusted), "127.0.0.1");
        assert_eq!(client("127.0.0.1", &["", "127.0.0.1"], &trusted), "127.0.0.1");
    }
}
