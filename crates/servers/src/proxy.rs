//! A fake network between the program and a store. Tests can make it slow or cut it.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use crate::process::{PAUSE, TIMEOUT};

/// What the network does with the traffic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Network {
    /// Forwards everything.
    Well = 0,
    /// Forwards each answer 200 ms late.
    Slow = 1,
    /// Drops all traffic but keeps connections open. A connection that has lost bytes stays dead,
    /// even after the network recovers.
    Cut = 2,
    /// Closes every connection.
    Refusing = 3,
}

/// A TCP proxy in front of one server.
#[derive(Debug)]
pub struct Proxy {
    port: u16,
    network: Arc<AtomicU8>,
    to_lose: Arc<Mutex<Option<Vec<u8>>>>,
    /// Each open connection has clones of it.
    open: Arc<Mutex<Arc<()>>>,
}

impl Proxy {
    /// Starts a proxy to the server on that port of 127.0.0.1.
    pub fn to(server: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let network = Arc::new(AtomicU8::new(Network::Well as u8));
        let to_lose = Arc::<Mutex<_>>::default();
        let open = Arc::<Mutex<Arc<()>>>::default();
        let (shared, losing, opening) = (network.clone(), to_lose.clone(), open.clone());
        std::thread::spawn(move || {
            for client in listener.incoming() {
                let (Ok(client), Ok(server)) = (client, TcpStream::connect(("127.0.0.1", server)))
                else {
                    continue;
                };
                let is_lost = Arc::new(AtomicBool::new(false));
                let is_open = opening.lock().unwrap().clone();
                let pairs = [
                    (client.try_clone(), server.try_clone(), false),
                    (Ok(server), Ok(client), true),
                ];
                for (from, to, is_answer) in pairs {
                    let (Ok(from), Ok(to)) = (from, to) else { continue };
                    let (network, losing, is_lost) =
                        (shared.clone(), losing.clone(), is_lost.clone());
                    let is_open = is_open.clone();
                    std::thread::spawn(move || {
                        pass(from, to, &network, &losing, &is_lost, is_answer);
                        drop(is_open);
                    });
                }
            }
        });
        Self { port, network, to_lose, open }
    }

    /// The port of 127.0.0.1 it listens on.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Changes the state of the network.
    pub fn set(&self, network: Network) {
        self.network.store(network as u8, Ordering::SeqCst);
    }

    /// Has the network refuse, and waits until no connection from before is open.
    pub fn close_connections(&self) {
        self.set(Network::Refusing);
        // Connections from now on have clones of another one.
        let open = std::mem::take(&mut *self.open.lock().unwrap());
        let deadline = Instant::now() + TIMEOUT;
        while Arc::strong_count(&open) > 1 {
            assert!(Instant::now() < deadline, "a connection stays open");
            std::thread::sleep(PAUSE);
        }
    }

    /// Drops the next answer that contains `text`, and everything after it on that connection. The
    /// connection stays open.
    pub fn lose_answer_with(&self, text: &str) {
        *self.to_lose.lock().unwrap() = Some(text.into());
    }

    /// Whether the answer chosen with [`Self::lose_answer_with`] has been dropped.
    pub fn has_lost_it(&self) -> bool {
        self.to_lose.lock().unwrap().is_none()
    }
}

/// Forwards one direction of a connection, under the current state of the network.
fn pass(
    mut from: TcpStream,
    mut to: TcpStream,
    network: &AtomicU8,
    to_lose: &Mutex<Option<Vec<u8>>>,
    is_lost: &AtomicBool,
    is_answer: bool,
) {
    let is = |other: Network| network.load(Ordering::SeqCst) == other as u8;
    // So that an idle connection also notices when the network is to close it.
    let _ = from.set_read_timeout(Some(Duration::from_millis(20)));
    // A healthy network delays nothing.
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
