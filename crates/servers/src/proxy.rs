//! A network between the program and a store, which can be slow or be cut.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// What the network does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Network {
    /// Passes everything on.
    Well = 0,
    /// Passes each answer on 200 ms later.
    Slow = 1,
    /// Passes nothing on, and closes nothing. A connection that lost bytes never passes any again,
    /// whatever the network does later.
    Cut = 2,
    /// Closes every connection.
    Refusing = 3,
}

/// Passes connections on to a server.
#[derive(Debug)]
pub struct Proxy {
    port: u16,
    network: Arc<AtomicU8>,
    to_lose: Arc<Mutex<Option<Vec<u8>>>>,
}

impl Proxy {
    /// To the server on that port of this machine.
    pub fn to(server: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let network = Arc::new(AtomicU8::new(Network::Well as u8));
        let to_lose = Arc::<Mutex<_>>::default();
        let (shared, losing) = (network.clone(), to_lose.clone());
        std::thread::spawn(move || {
            for client in listener.incoming() {
                let (Ok(client), Ok(server)) = (client, TcpStream::connect(("127.0.0.1", server)))
                else {
                    continue;
                };
                let is_lost = Arc::new(AtomicBool::new(false));
                let pairs = [
                    (client.try_clone(), server.try_clone(), false),
                    (Ok(server), Ok(client), true),
                ];
                for (from, to, is_answer) in pairs {
                    let (Ok(from), Ok(to)) = (from, to) else { continue };
                    let (network, losing, is_lost) =
                        (shared.clone(), losing.clone(), is_lost.clone());
                    std::thread::spawn(move || {
                        pass(from, to, &network, &losing, &is_lost, is_answer)
                    });
                }
            }
        });
        Self { port, network, to_lose }
    }

    /// The port of 127.0.0.1 where it listens.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Changes what the network does.
    pub fn set(&self, network: Network) {
        self.network.store(network as u8, Ordering::SeqCst);
    }

    /// Loses the next answer that has this text in it, and everything after it on that connection.
    /// The connection stays open.
    pub fn lose_answer_with(&self, text: &str) {
        *self.to_lose.lock().unwrap() = Some(text.into());
    }

    /// Whether the answer was lost that was to be.
    pub fn has_lost_it(&self) -> bool {
        self.to_lose.lock().unwrap().is_none()
    }
}

/// Passes on what comes, as the network is at that moment.
fn pass(
    mut from: TcpStream,
    mut to: TcpStream,
    network: &AtomicU8,
    to_lose: &Mutex<Option<Vec<u8>>>,
    is_lost: &AtomicBool,
    is_answer: bool,
) {
    let is = |other: Network| network.load(Ordering::SeqCst) == other as u8;
    // So that a connection that is silent notices a network that closes it.
    let _ = from.set_read_timeout(Some(Duration::from_millis(20)));
    // A network that is well holds nothing back.
    let _ = to.set_nodelay(true);
    let mut bytes = [0; 16 * 1024];
    loop {
        if is(Network::Refusing) {
            break;
        }
        let count = match from.read(&mut bytes) {
            Ok(0) => break,
            Ok(count) => count,
            Err(error)
                if matches!(
                    error.kind(),
                    std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut
                ) =>
            {
                continue;
            }
            Err(_) => break,
        };
        if is_answer && is(Network::Slow) {
            std::thread::sleep(Duration::from_millis(200));
        }
        let has = |text: &Vec<u8>| memchr::memmem::find(&bytes[..count], text).is_some();
        if is_answer && to_lose.lock().unwrap().take_if(|text| has(text)).is_some() {
            is_lost.store(true, Ordering::SeqCst);
        }
        if is(Network::Cut) {
            is_lost.store(true, Ordering::SeqCst);
        }
        if is_lost.load(Ordering::SeqCst) {
            continue;
        }
        if to.write_all(&bytes[..count]).is_err() {
            break;
        }
    }
    let _ = from.shutdown(Shutdown::Both);
    let _ = to.shutdown(Shutdown::Both);
}
