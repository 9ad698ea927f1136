//! Asks a running server whether it is up.

use std::io::{Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream};
use std::time::Duration;

/// How long connecting may take, and each step after it.
const PATIENCE: Duration = Duration::from_secs(3);

/// Asks the server that listens on `address`. Waits at most three times [`PATIENCE`].
///
/// # Errors
/// One line, if there is no answer or a bad one.
pub(super) fn health(address: SocketAddr) -> Result<(), String> {
    let address = reachable(address);
    let ask = || -> std::io::Result<[u8; 12]> {
        let mut connection = TcpStream::connect_timeout(&address, PATIENCE)?;
        connection.set_read_timeout(Some(PATIENCE))?;
        connection.set_write_timeout(Some(PATIENCE))?;
        let request =
            format!("GET /healthz HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
        connection.write_all(request.as_bytes())?;
        let mut status = [0; 12];
        connection.read_exact(&mut status)?;
        Ok(status)
    };
    match ask() {
        Ok(status) if &status == b"HTTP/1.1 200" => {
            say!("ok");
            Ok(())
        }
        Ok(_) => Err(format!("what answers on {address} is not well, or not Tidemark")),
        Err(error) => Err(format!("no answer from http://{address}: {error}")),
    }
}

/// An address at which a server on this machine can be reached, if it may listen on all of them.
fn reachable(mut address: SocketAddr) -> SocketAddr {
    match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => address.set_ip(Ipv4Addr::LOCALHOST.into()),
        IpAddr::V6(ip) if ip.is_unspecified() => address.set_ip(Ipv6Addr::LOCALHOST.into()),
        _ => {}
    }
    address
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_that_listens_on_all_addresses_is_asked_on_this_machine() {
        for (listens, asked) in [
            ("0.0.0.0:3000", "127.0.0.1:3000"),
            ("[::]:3000", "[::1]:3000"),
            ("192.0.2.1:80", "192.0.2.1:80"),
        ] {
            assert_eq!(reachable(listens.parse().unwrap()), asked.parse().unwrap(), "{listens}");
        }
    }
}
