//! The share of all connections that one address may have, and one network.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use ipnet::IpNet;
use tidemark_content::forwarded::is_in;
use tidemark_counting::visitor::{address_bucket, network_bucket};
use tokio::time::Instant;

use super::Said;
use super::activity::Activity;

/// The share of all connections that one address may have: a quarter. One address may be a
/// household, but also an office or a provider's customers behind a shared IPv4 address.
const PART_OF_AN_ADDRESS: usize = 4;

/// How many connections an address may always have, however small its share: a browser opens six.
pub(super) const LEAST_OF_AN_ADDRESS: usize = 16;

/// How many shares (of one IPv6 /64 each) an IPv6 /48 may have. Anybody who rents a server may have
/// a /48, which has 65,536 /64s.
const ADDRESSES_OF_A_NETWORK: usize = 2;

/// How long a full share is not searched for an idle connection again after none was found.
const SEARCH_AGAIN: Duration = Duration::from_millis(100);

/// The open connections of each address (or network).
type Open = HashMap<[u8; 8], Share>;

/// The open connections of one address (or network).
#[derive(Default)]
struct Share {
    /// In order of arrival.
    open: BTreeMap<u64, Arc<Activity>>,
    /// When a search last found none of them idle.
    none_idle_at: Option<Instant>,
}

/// The share of all connections that each address (or network) may have.
struct Parts {
    most: usize,
    open: Arc<Mutex<Open>>,
}

impl Parts {
    fn new(most: usize) -> Self {
        Self { most, open: Arc::default() }
    }

    /// Whether `peer` may have one more connection. If its share is full, tells the connection that
    /// has been idle longest to close, which makes room. Returns false if all of them are in use.
    fn has_room(&self, peer: [u8; 8]) -> bool {
        let mut open = lock(&self.open);
        let Some(share) = open.get_mut(&peer).filter(|share| share.open.len() >= self.most) else {
            return true;
        };
        // A search costs more than opening a connection, and everybody else waits meanwhile.
        let now = Instant::now();
        if share.none_idle_at.is_some_and(|at| now.duration_since(at) < SEARCH_AGAIN) {
            return false;
        }
        // An idle connection that was told to close counts as closed. If a request arrived on it at
        // the same moment, it counts until that is answered, which may take the client long.
        let is_told = |activity: &Activity| Activity::is(&activity.finish);
        let staying =
            share.open.values().filter(|activity| !is_told(activity) || !activity.is_idle());
        if staying.count() < self.most {
            return true;
        }
        let idle = share.open.values().filter(|activity| !is_told(activity) && activity.is_idle());
        let longest =
            idle.min_by_key(|activity| Reverse(activity.idle_steps.load(Ordering::Relaxed)));
        let Some(longest) = longest else {
            share.none_idle_at = Some(now);
            return false;
        };
        // If a request arrives on it at this very moment, it is still answered.
        longest.finish();
        true
    }

    /// Takes a place in the share for a connection.
    fn take(&self, peer: [u8; 8], number: u64, activity: &Arc<Activity>) -> Place {
        lock(&self.open).entry(peer).or_default().open.insert(number, activity.clone());
        Place { open: self.open.clone(), peer, number }
    }
}

/// A connection's place in a share, released on drop.
pub(super) struct Place {
    open: Arc<Mutex<Open>>,
    peer: [u8; 8],
    number: u64,
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut open = lock(&self.open);
        if let Some(share) = open.get_mut(&self.peer) {
            share.open.remove(&self.number);
            if share.open.is_empty() {
                open.remove(&self.peer);
            }
        }
    }
}

fn lock(open: &Mutex<Open>) -> MutexGuard<'_, Open> {
    // Nothing panics while holding the lock.
    open.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The connections of each peer. An address is an IPv4 address or an IPv6 /64, which is what one
/// household gets. A network is an IPv6 /48.
pub(super) struct Peers {
    addresses: Parts,
    networks: Parts,
    trusted_proxies: Vec<IpNet>,
    /// How many connections there have been so far.
    count: u64,
    said: Said,
}

impl Peers {
    /// `connections` is the total for all peers.
    pub(super) fn new(connections: usize, trusted_proxies: Vec<IpNet>) -> Self {
        let most = (connections / PART_OF_AN_ADDRESS).max(LEAST_OF_AN_ADDRESS);
        let networks = Parts::new(most.saturating_mul(ADDRESSES_OF_A_NETWORK));
        Self {
            addresses: Parts::new(most),
            networks,
            trusted_proxies,
            count: 0,
            said: Said::default(),
        }
    }

    /// The places for one more connection of `peer`, released on drop. Empty for a trusted proxy,
    /// which no share limits. `None` if all connections that the address or its network may have
    /// are in use.
    pub(super) fn place(&mut self, peer: IpAddr, activity: &Arc<Activity>) -> Option<Vec<Place>> {
        if is_in(peer, &self.trusted_proxies) {
            return Some(Vec::new());
        }
        // The network of an IPv4 address is the address itself, so the share of the network never
        // limits it.
        let (address, network) = (address_bucket(peer), network_bucket(peer));
        if !self.addresses.has_room(address) || !self.networks.has_room(network) {
            let most = self.addresses.most;
            // The address is left out: addresses are never logged.
            self.said.now_and_then(|| {
                tracing::warn!(
                    "an address has {most} connections, or an IPv6 /48 {ADDRESSES_OF_A_NETWORK} times as many, and none of them is idle, so \
                     new ones are closed at once; if this is a proxy, list it in server.trusted-proxies; if these are readers, raise \
                     server.connections"
                );
            });
            return None;
        }
        self.count += 1;
        let number = self.count;
        Some(vec![
            self.addresses.take(address, number, activity),
            self.networks.take(network, number, activity),
        ])
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::sleep;

    use super::*;

    /// Takes as many places as one address may have, all for connections in use.
    fn places_of(peers: &mut Peers, peer: &str) -> Vec<Vec<Place>> {
        let peer: IpAddr = peer.parse().unwrap();
        std::iter::repeat_n(peer, 1_000)
            .map_while(|peer| peers.place(peer, &Arc::default()))
            .collect()
    }

    #[test]
    fn an_address_has_a_share_of_the_connections_and_a_trusted_proxy_has_no_limit() {
        let mut peers = Peers::new(80, vec!["10.0.0.0/8".parse().unwrap()]);
        let one = places_of(&mut peers, "192.0.2.1");
        assert_eq!(one.len(), 20);
        assert_eq!(
            places_of(&mut peers, "::ffff:192.0.2.1").len(),
            0,
            "an IPv4-mapped address is the same"
        );
        assert_eq!(places_of(&mut peers, "192.0.2.2").len(), 20, "nobody else's");
        let network = places_of(&mut peers, "2001:db8:0:1::1");
        assert_eq!(
            (network.len(), places_of(&mut peers, "2001:db8:0:1:ffff::2").len()),
            (20, 0),
            "the same /64"
        );
        assert_eq!(places_of(&mut peers, "2001:db8:0:2::1").len(), 20);
        for proxy in ["10.1.2.3", "::ffff:10.1.2.3"] {
            assert_eq!(places_of(&mut peers, proxy).len(), 1_000);
        }
        drop(one);
        assert_eq!(
            places_of(&mut peers, "192.0.2.1").len(),
            20,
            "closed connections no longer count"
        );
        drop(network);
        let is_empty = |parts: &Parts| lock(&parts.open).is_empty();
        assert!(is_empty(&peers.addresses) && is_empty(&peers.networks), "no address is kept");
        assert_eq!(Peers::new(72, Vec::new()).addresses.most, 18);
        assert_eq!(Peers::new(4, Vec::new()).addresses.most, LEAST_OF_AN_ADDRESS);
    }

    #[test]
    fn a_48_has_twice_the_share_of_an_address_however_many_64s_it_has() {
        let mut peers = Peers::new(80, Vec::new());
        let of_one_48: Vec<_> = (0..10)
            .map(|number| places_of(&mut peers, &format!("2001:db8:0:{number:x}::1")))
            .collect();
        assert_eq!(
            of_one_48.iter().map(Vec::len).collect::<Vec<_>>(),
            [20, 20, 0, 0, 0, 0, 0, 0, 0, 0]
        );
        assert_eq!(places_of(&mut peers, "2001:db8:1::1").len(), 20, "nobody else's");
    }

    /// A connection that has answered a request, and has been idle for `steps` clock steps since.
    fn idle_for(steps: u32) -> Arc<Activity> {
        let activity = Arc::<Activity>::default();
        activity.came(1);
        activity.answering();
        activity.answered();
        activity.idle_steps.store(steps, Ordering::Relaxed);
        activity
    }

    #[test]
    fn an_addresss_longest_idle_connection_makes_room_for_its_next_one() {
        let mut peers = Peers::new(64, Vec::new());
        let [one, other]: [IpAddr; 2] =
            ["2001:db8:0:1::1", "2001:db8:0:2::1"].map(|peer| peer.parse().unwrap());
        let elsewhere = idle_for(9);
        let idle = [idle_for(1), idle_for(5), idle_for(3), idle_for(5)];
        let mut places = vec![peers.place(other, &elsewhere).unwrap()];
        places.extend(idle.iter().map(|activity| peers.place(one, activity).unwrap()));
        places.extend((4..16).map(|_| peers.place(one, &Arc::default()).unwrap()));
        let told =
            || idle.iter().map(|activity| Activity::is(&activity.finish)).collect::<Vec<_>>();
        for expected in [
            [false, true, false, false],
            [false, true, false, true],
            [false, true, true, true],
            [true; 4],
        ] {
            places.push(peers.place(one, &Arc::default()).unwrap());
            assert_eq!(told(), expected);
        }
        assert!(peers.place(one, &Arc::default()).is_none(), "all are in use");
        assert!(!Activity::is(&elsewhere.finish), "no other connection is closed");
    }

    #[tokio::test(start_paused = true)]
    async fn a_full_share_without_idle_connections_is_not_searched_each_time() {
        let mut peers = Peers::new(64, Vec::new());
        let one: IpAddr = "192.0.2.1".parse().unwrap();
        let first = Arc::<Activity>::default();
        let _first = peers.place(one, &first).unwrap();
        // The last of these finds that none is idle.
        let _busy = places_of(&mut peers, "192.0.2.1");
        first.came(1);
        first.answering();
        first.answered();
        assert!(peers.place(one, &Arc::default()).is_none(), "the share was searched recently");
        sleep(SEARCH_AGAIN).await;
        assert!(peers.place(one, &Arc::default()).is_some());
    }

    #[test]
    fn a_closing_connection_that_gets_another_request_still_counts() {
        let mut peers = Peers::new(64, Vec::new());
        let one: IpAddr = "192.0.2.1".parse().unwrap();
        let idle = idle_for(1);
        let _idle = peers.place(one, &idle).unwrap();
        let mut busy = places_of(&mut peers, "192.0.2.1");
        assert_eq!(busy.len(), 16);
        assert!(Activity::is(&idle.finish), "it made room for the new one");
        idle.came(1);
        idle.answering();
        drop(busy.pop());
        assert!(peers.place(one, &Arc::default()).is_none(), "16 are in use");
        drop(busy.pop());
        assert!(peers.place(one, &Arc::default()).is_some());
    }

    #[test]
    fn an_idle_connection_of_a_full_48_makes_room_for_another_64() {
        let mut peers = Peers::new(64, Vec::new());
        let idle = idle_for(1);
        let _idle = peers.place("2001:db8:0:1::1".parse().unwrap(), &idle).unwrap();
        let busy =
            [places_of(&mut peers, "2001:db8:0:2::1"), places_of(&mut peers, "2001:db8:0:3::1")];
        assert_eq!(busy.map(|places| places.len()), [16, 16]);
        assert!(Activity::is(&idle.finish));
    }
}
