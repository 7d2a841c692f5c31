//! Who may begin a handshake on a node, and which half-open ones make way (wire document, State
//! machine, Errors and limits).

use std::collections::{BTreeMap, HashMap};
use std::net::{IpAddr, Ipv6Addr};

use crate::limits::{
    COOKIES_ABOVE, HANDSHAKE_BURST, HANDSHAKES_PER_SECOND, SESSIONS, UNCONFIRMED,
    UNCONFIRMED_PER_ADDRESS,
};

/// What an INIT may expect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// The handshake goes on.
    Proceed,
    /// It goes on for who shows a cookie.
    Cookie,
    /// It does not.
    Refuse,
}

/// A half-open or open session, as a node counts it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Slot(u64);

/// The sessions of a node, by address.
#[derive(Debug, Default)]
pub struct Admission {
    next: u64,
    /// Half-open sessions, oldest first.
    unconfirmed: BTreeMap<Slot, IpAddr>,
    open: usize,
    addresses: HashMap<IpAddr, Address>,
    swept: u64,
}

#[derive(Debug, Default)]
struct Address {
    /// Its half-open sessions, oldest first.
    unconfirmed: Vec<Slot>,
    open: usize,
    /// Thousandths of a handshake that it has used up, at this time.
    used: u64,
    at: u64,
}

impl Admission {
    /// Counts an INIT from an address, at a monotonic time in milliseconds.
    pub fn knock(&mut self, address: IpAddr, now: u64) -> Verdict {
        self.sweep(now);
        let one = self.addresses.entry(network(address)).or_default();
        one.drain(now);
        if one.used.saturating_add(1000) > HANDSHAKE_BURST.saturating_mul(1000)
            || self.open >= SESSIONS
        {
            return Verdict::Refuse;
        }
        one.used = one.used.saturating_add(1000);
        if self.unconfirmed.len() > COOKIES_ABOVE { Verdict::Cookie } else { Verdict::Proceed }
    }

    /// Whether an address may open a session beside the `most` that it may have. This machine's own
    /// is not counted: a proxy that does not say whom it speaks for speaks for everybody.
    pub fn has_room(&self, address: IpAddr, most: usize) -> bool {
        let known = self.addresses.get(&network(address));
        address.to_canonical().is_loopback() || known.is_none_or(|known| known.open < most)
    }

    /// Takes a session in whose INIT was answered. Where there are too many of them, the oldest
    /// of the address or of all makes way: it must be ended.
    pub fn enter(&mut self, address: IpAddr) -> (Slot, Option<Slot>) {
        let network = network(address);
        let own = self.addresses.entry(network).or_default();
        let evicted = if own.unconfirmed.len() >= UNCONFIRMED_PER_ADDRESS {
            own.unconfirmed.first().copied()
        } else if self.unconfirmed.len() >= UNCONFIRMED {
            self.unconfirmed.first_key_value().map(|(slot, _)| *slot)
        } else {
            None
        };
        if let Some(slot) = evicted {
            self.forget(slot);
        }
        let slot = Slot(self.next);
        self.next = self.next.saturating_add(1);
        self.unconfirmed.insert(slot, network);
        self.addresses.entry(network).or_default().unconfirmed.push(slot);
        (slot, evicted)
    }

    /// The first record of a session has come. False where it had to make way before, or its
    /// address has `most` of them.
    pub fn confirm(&mut self, slot: Slot, most: usize) -> bool {
        let Some(network) = self.forget(slot) else { return false };
        if !self.has_room(network, most) {
            return false;
        }
        self.open = self.open.saturating_add(1);
        let address = self.addresses.entry(network).or_default();
        address.open = address.open.saturating_add(1);
        true
    }

    /// A half-open session has ended.
    pub fn abandon(&mut self, slot: Slot) {
        self.forget(slot);
    }

    /// An open session has ended.
    pub fn leave(&mut self, address: IpAddr) {
        self.open = self.open.saturating_sub(1);
        if let Some(address) = self.addresses.get_mut(&network(address)) {
            address.open = address.open.saturating_sub(1);
        }
    }

    /// Sessions without a first record.
    pub fn unconfirmed(&self) -> usize {
        self.unconfirmed.len()
    }

    /// Returns the network of a session that was half-open.
    fn forget(&mut self, slot: Slot) -> Option<IpAddr> {
        let network = self.unconfirmed.remove(&slot)?;
        if let Some(address) = self.addresses.get_mut(&network) {
            address.unconfirmed.retain(|other| *other != slot);
        }
        Some(network)
    }

    /// Forgets, once a minute, addresses of which nothing is left to know.
    fn sweep(&mut self, now: u64) {
        if now.saturating_sub(self.swept) >= SWEEP_MS {
            self.swept = now;
            self.addresses.retain(|_, address| {
                address.drain(now);
                address.used > 0 || address.open > 0 || !address.unconfirmed.is_empty()
            });
        }
    }
}

impl Address {
    fn drain(&mut self, now: u64) {
        let gained = now.saturating_sub(self.at).saturating_mul(HANDSHAKES_PER_SECOND);
        self.used = self.used.saturating_sub(gained);
        self.at = now;
    }
}

/// Whoever has an address of version 6 has the 2^64 of its network.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) if !address.is_loopback() => {
            let [a, b, c, d, ..] = address.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
        address => address,
    }
}

const SWEEP_MS: u64 = 60_000;
