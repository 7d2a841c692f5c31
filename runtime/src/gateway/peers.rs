//! Open connections. Those that wait for their callers, for a head or for the rest of a body, have
//! room for so many and so many bytes, as there is for answers that were not taken; whoever has waited longest makes way for the next. Streams
//! whose clients have shown their keys count by themselves, as long as there are files for them.

use std::{
    net::IpAddr,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, Weak,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
    },
    time::Instant,
};

use rustc_hash::FxHashMap;
use tokio::sync::Notify;

pub struct Peers {
    begun: Instant,
    most: usize,
    /// With those that are known.
    most_in_all: usize,
    known: AtomicUsize,
    most_bytes: usize,
    /// Of bodies that have not arrived whole.
    bytes: AtomicUsize,
    most_unread: usize,
    /// Of answers that were not taken.
    unread: AtomicUsize,
    next: AtomicU64,
    open: Mutex<FxHashMap<u64, Weak<Peer>>>,
}

/// Whoever is at the other end of a connection.
pub struct Peer {
    pub local: IpAddr,
    pub remote: IpAddr,
    number: u64,
    peers: Arc<Peers>,
    /// The microsecond since which the caller is waited for.
    waits_since: AtomicU64,
    /// Of its unfinished body.
    bytes: AtomicUsize,
    /// Of its answers.
    unread: AtomicUsize,
    known: AtomicBool,
    leave: Notify,
}

/// A time in which a body arrives.
pub struct Arrival<'a>(&'a Peer);

/// A time in which the peer waits for us.
pub struct Served<'a>(&'a Peer);

impl Peers {
    pub fn new(
        most: usize,
        most_in_all: usize,
        most_bytes: usize,
        most_unread: usize,
    ) -> Arc<Self> {
        Arc::new(Self {
            begun: Instant::now(),
            most,
            most_in_all,
            known: AtomicUsize::default(),
            most_bytes,
            bytes: AtomicUsize::default(),
            most_unread,
            unread: AtomicUsize::default(),
            next: AtomicU64::default(),
            open: Mutex::default(),
        })
    }

    /// Takes a connection.
    pub fn enter(self: &Arc<Self>, local: IpAddr, remote: IpAddr) -> Arc<Peer> {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let peer = Arc::new(Peer {
            local,
            remote,
            number,
            peers: Arc::clone(self),
            waits_since: AtomicU64::new(self.now()),
            bytes: AtomicUsize::default(),
            unread: AtomicUsize::default(),
            known: AtomicBool::default(),
            leave: Notify::new(),
        });
        let mut open = self.open();
        let strangers = open.len().saturating_sub(self.known.load(Ordering::Relaxed));
        if strangers >= self.most || open.len() >= self.most_in_all {
            dismiss_longest(&open, |_| true);
        }
        open.insert(number, Arc::downgrade(&peer));
        peer
    }

    fn now(&self) -> u64 {
        u64::try_from(self.begun.elapsed().as_micros()).unwrap_or(NEVER - 1)
    }

    fn open(&self) -> MutexGuard<'_, FxHashMap<u64, Weak<Peer>>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Asks the peer that has been waited for longest to go.
fn dismiss_longest(open: &FxHashMap<u64, Weak<Peer>>, which: impl Fn(&Peer) -> bool) {
    let waiting = open.values().filter_map(Weak::upgrade);
    let waiting = waiting.filter(|peer| peer.waits_since() != NEVER && which(peer));
    if let Some(peer) = waiting.min_by_key(|peer| peer.waits_since()) {
        // What it holds is as good as gone, and it is not asked twice.
        peer.waits_since.store(NEVER, Ordering::Relaxed);
        peer.release();
        peer.sent(usize::MAX);
        peer.leave.notify_one();
    }
}

impl Peer {
    /// Resolves when the connection is to be given up.
    pub async fn dismissed(&self) {
        self.leave.notified().await;
    }

    /// The peer has shown that it holds the keys of a session: it does not count with those that have not.
    pub fn recognize(&self) {
        if !self.known.swap(true, Ordering::Relaxed) {
            self.peers.known.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Whether another peer can be known without taking the places of those that are not.
    pub fn has_room(&self) -> bool {
        let Peers { most, most_in_all, known, .. } = &*self.peers;
        known.load(Ordering::Relaxed) < most_in_all - (*most).min(most_in_all / 2)
    }

    /// Nobody waits for the peer until this is dropped.
    pub fn serve(&self) -> Served<'_> {
        self.waits_since.store(NEVER, Ordering::Relaxed);
        Served(self)
    }

    /// The peer is waited for until this is dropped.
    pub fn arrival(&self) -> Arrival<'_> {
        self.waits_since.store(self.peers.now(), Ordering::Relaxed);
        Arrival(self)
    }

    /// Counts bytes of an answer until the peer has taken them.
    pub fn owe(&self, bytes: usize) {
        let Peers { unread, most_unread, .. } = &*self.peers;
        self.unread.fetch_add(bytes, Ordering::Relaxed);
        if unread.fetch_add(bytes, Ordering::Relaxed) + bytes > *most_unread {
            dismiss_longest(&self.peers.open(), |peer| peer.unread.load(Ordering::Relaxed) > 0);
        }
    }

    /// So many bytes are on their way.
    pub fn sent(&self, bytes: usize) {
        let rest = |unread: usize| Some(unread.saturating_sub(bytes));
        let before = self.unread.fetch_update(Ordering::Relaxed, Ordering::Relaxed, rest);
        let taken = before.unwrap_or_default().min(bytes);
        self.peers.unread.fetch_sub(taken, Ordering::Relaxed);
    }

    fn waits_since(&self) -> u64 {
        self.waits_since.load(Ordering::Relaxed)
    }

    fn release(&self) {
        let bytes = self.bytes.swap(0, Ordering::Relaxed);
        self.peers.bytes.fetch_sub(bytes, Ordering::Relaxed);
    }
}

impl Arrival<'_> {
    /// Counts bytes that have arrived of a body that is not whole.
    pub fn holds(&self, bytes: usize) {
        let Peer { peers, bytes: own, .. } = self.0;
        let all = peers.bytes.fetch_add(bytes, Ordering::Relaxed) + bytes;
        own.fetch_add(bytes, Ordering::Relaxed);
        if all > peers.most_bytes {
            dismiss_longest(&peers.open(), |peer| peer.bytes.load(Ordering::Relaxed) > 0);
        }
    }
}

impl Drop for Arrival<'_> {
    fn drop(&mut self) {
        self.0.waits_since.store(NEVER, Ordering::Relaxed);
        self.0.release();
    }
}

impl Drop for Served<'_> {
    fn drop(&mut self) {
        self.0.waits_since.store(self.0.peers.now(), Ordering::Relaxed);
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        self.release();
        self.sent(usize::MAX);
        let mut open = self.peers.open();
        open.remove(&self.number);
        if *self.known.get_mut() {
            self.peers.known.fetch_sub(1, Ordering::Relaxed);
        }
    }
}

/// Who waits for us is waited for by nobody.
const NEVER: u64 = u64::MAX;

#[cfg(test)]
mod tests {
    use std::{net::Ipv4Addr, thread::sleep, time::Duration};

    use super::*;

    fn enter(peers: &Arc<Peers>) -> Arc<Peer> {
        later();
        peers.enter(Ipv4Addr::LOCALHOST.into(), Ipv4Addr::LOCALHOST.into())
    }

    fn later() {
        sleep(Duration::from_millis(1));
    }

    async fn is_dismissed(peer: &Peer) -> bool {
        tokio::time::timeout(Duration::ZERO, peer.dismissed()).await.is_ok()
    }

    #[tokio::test]
    async fn whoever_has_waited_longest_makes_way_for_the_next() {
        let peers = Peers::new(3, 10, 0, 0);
        let (called, silent, late) = (enter(&peers), enter(&peers), enter(&peers));
        let served = called.serve();
        let next = enter(&peers);
        assert!(is_dismissed(&silent).await);
        drop(silent);
        drop(enter(&peers));
        assert!(is_dismissed(&late).await);
        drop(served);
        for peer in [&called, &next] {
            assert!(!is_dismissed(peer).await);
        }
        assert_eq!(peers.open().len(), 3);
    }

    #[tokio::test]
    async fn who_is_known_takes_no_strangers_place() {
        let peers = Peers::new(2, 4, 0, 0);
        let known = [enter(&peers), enter(&peers)];
        known[0].recognize();
        known[0].recognize();
        assert!(known[1].has_room());
        known[1].recognize();
        assert!(!known[1].has_room());
        let served = known.each_ref().map(|peer| peer.serve());
        let (first, second) = (enter(&peers), enter(&peers));
        for peer in [&known[0], &known[1], &first, &second] {
            assert!(!is_dismissed(peer).await);
        }
        // There are no more files.
        let third = enter(&peers);
        assert!(is_dismissed(&first).await && !is_dismissed(&second).await);
        drop(served);
        drop((first, second, third, known));
        assert_eq!((peers.open().len(), peers.known.load(Ordering::Relaxed)), (0, 0));
    }

    #[tokio::test]
    async fn bodies_that_do_not_end_hold_so_many_bytes() {
        let peers = Peers::new(10, 10, 100, 0);
        let (idle, first, second) = (enter(&peers), enter(&peers), enter(&peers));
        let first_arrival = first.arrival();
        later();
        let arrivals = (first_arrival, second.arrival());
        arrivals.0.holds(60);
        arrivals.1.holds(40);
        assert!(!is_dismissed(&first).await);
        arrivals.1.holds(1);
        assert!(is_dismissed(&first).await && !is_dismissed(&second).await);
        arrivals.1.holds(59);
        drop(arrivals);
        assert!(!is_dismissed(&second).await && !is_dismissed(&idle).await);
        assert_eq!(peers.bytes.load(Ordering::Relaxed), 0);
    }

    #[tokio::test]
    async fn answers_that_are_not_taken_hold_so_many_bytes() {
        let peers = Peers::new(10, 10, 0, 100);
        let (idle, first, second) = (enter(&peers), enter(&peers), enter(&peers));
        first.owe(60);
        second.owe(60);
        assert!(is_dismissed(&first).await && !is_dismissed(&second).await);
        second.sent(50);
        second.sent(50);
        assert_eq!(peers.unread.load(Ordering::Relaxed), 0);
        second.owe(100);
        assert!(!is_dismissed(&second).await && !is_dismissed(&idle).await);
        drop(second);
        assert_eq!(peers.unread.load(Ordering::Relaxed), 0);
    }
}
