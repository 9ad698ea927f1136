//! Finds the client's address behind proxies. `X-Forwarded-For` is trusted only as far as trusted
//! proxies wrote it.

use std::net::{IpAddr, SocketAddr};

use ipnet::IpNet;

/// The client's address. That is the peer itself, unless the peer is a trusted proxy. Then it is
/// the rightmost address in the `lines` of `X-Forwarded-For` that is not a trusted proxy. Anything
/// further left is only a claim of the client and is not read.
pub fn client_address<'a>(
    peer: IpAddr,
    lines: impl DoubleEndedIterator<Item = &'a [u8]>,
    trusted: &[IpNet],
) -> IpAddr {
    let mut client = peer;
    // Bytes, not text: the client's part of a line may not be valid UTF-8.
    let mut hops = lines.rev().flat_map(|line| line.rsplit(|byte| *byte == b','));
    while is_in(client, trusted) {
        // Stop at the end of the list or at anything that is not an address. The last address found
        // is the last one that can be trusted.
        let Some(address) = hops.next().and_then(parse_hop) else { break };
        client = address;
    }
    client
}

/// Whether an address is in one of these networks. An IPv4-mapped IPv6 address counts as its IPv4
/// address.
pub fn is_in(address: IpAddr, networks: &[IpNet]) -> bool {
    let address = address.to_canonical();
    networks.iter().any(|network| network.contains(&address))
}

/// Parses one entry: an address, with a port if the proxy adds one.
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
    fn c3_only_a_trusted_proxy_can_name_another_address() {
        assert_eq!(client("192.0.2.1", &["198.51.100.7"], &[]), "192.0.2.1");
        assert_eq!(client("192.0.2.1", &["198.51.100.7"], &["10.0.0.0/8"]), "192.0.2.1");
    }

    #[test]
    fn c3_the_rightmost_address_that_is_not_a_trusted_proxy_is_the_client() {
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
    fn c3_text_before_the_proxys_part_of_a_header_hides_no_client() {
        let line: &[u8] = b"\xff\xfe, 198.51.100.7";
        assert_eq!(client_of("127.0.0.1", &[line], &["127.0.0.1/32"]), "198.51.100.7");
    }

    #[test]
    fn c3_an_invalid_address_ends_the_search() {
        let trusted = ["127.0.0.1/32"];
        assert_eq!(client("127.0.0.1", &["1.1.1.1, unknown"], &trusted), "127.0.0.1");
        assert_eq!(client("127.0.0.1", &[], &trusted), "127.0.0.1");
        assert_eq!(client("127.0.0.1", &["", "127.0.0.1"], &trusted), "127.0.0.1");
    }
}
