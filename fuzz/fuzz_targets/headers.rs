//! Parses arbitrary bytes as `X-Forwarded-For` and `User-Agent`. Only trusted proxies may name
//! another address. A User-Agent that names a crawler is one, and case makes no difference.
#![no_main]

use std::net::IpAddr;

use ipnet::IpNet;
use libfuzzer_sys::fuzz_target;
use tidemark_content::forwarded::client_address;
use tidemark_counting::gate::check;

fuzz_target!(|bytes: &[u8]| {
    let lines = || bytes.split(|byte| *byte == b'\n');
    let peer: IpAddr = [192, 0, 2, 1].into();
    let trusted: [IpNet; 3] =
        ["192.0.2.0/24", "10.0.0.0/8", "2001:db8::/32"].map(|network| network.parse().expect("a network"));
    assert_eq!(client_address(peer, lines(), &[]), peer);
    let client = client_address(peer, lines(), &trusted);
    // Lines written by an untrusted peer must not matter.
    let claimed = [&b"203.0.113.9"[..]];
    let with_claim = client_address(peer, claimed.into_iter().chain(lines()), &trusted);
    assert!(client == with_claim || trusted.iter().any(|network| network.contains(&client.to_canonical())));
    // Longer ones are truncated before they are used.
    let user_agent = String::from_utf8_lossy(&bytes[..bytes.len().min(512)]);
    assert_eq!(check(&user_agent, &[]), check(&user_agent.to_ascii_uppercase(), &[]));
    assert!(check(&format!("{user_agent} (compatible; Examplebot/1.0)"), &[]).is_some());
});
