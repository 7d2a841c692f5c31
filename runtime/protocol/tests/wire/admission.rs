//! How many handshakes and sessions a node takes.

use std::net::IpAddr;

use kontract_protocol::admission::{Admission, Verdict};

use crate::support::ADDRESS;

fn knocks(admission: &mut Admission, address: IpAddr, now: u64, times: usize) -> usize {
    let refused = |_: &usize| admission.knock(address, now) == Verdict::Refuse;
    times - (0..times).filter(refused).count()
}

#[test]
fn an_address_makes_forty_handshakes_at_once_and_twenty_a_second() {
    let mut admission = Admission::default();
    assert_eq!(knocks(&mut admission, ADDRESS, 0, 100), 40);
    assert_eq!(knocks(&mut admission, ADDRESS, 49, 100), 0);
    assert_eq!(knocks(&mut admission, ADDRESS, 50, 100), 1);
    assert_eq!(knocks(&mut admission, ADDRESS, 1050, 100), 20);
    assert_eq!(knocks(&mut admission, [192, 0, 2, 9].into(), 1050, 100), 40);
    assert_eq!(knocks(&mut admission, ADDRESS, 600_000, 100), 40);
}

#[test]
fn a_network_of_version_six_is_one_address() {
    let mut admission = Admission::default();
    let address = |text: &str| text.parse::<IpAddr>().unwrap();
    assert_eq!(knocks(&mut admission, address("2001:db8::1"), 0, 30), 30);
    assert_eq!(knocks(&mut admission, address("2001:db8::ffff:2"), 0, 30), 10);
    assert_eq!(knocks(&mut admission, address("2001:db8:0:1::1"), 0, 30), 30);
    assert_eq!(knocks(&mut admission, address("::ffff:192.0.2.1"), 0, 30), 30);
    assert_eq!(knocks(&mut admission, ADDRESS, 0, 30), 10);
}

#[test]
fn a_node_has_a_hundred_thousand_sessions_and_then_room_for_who_follows() {
    let mut admission = Admission::default();
    for _ in 0..100_000 {
        let (slot, _) = admission.enter(ADDRESS);
        assert!(admission.confirm(slot, usize::MAX));
        assert!(!admission.confirm(slot, usize::MAX));
    }
    assert_eq!(admission.knock(ADDRESS, 0), Verdict::Refuse);
    admission.leave(ADDRESS);
    assert_eq!(admission.knock(ADDRESS, 0), Verdict::Proceed);
}

#[test]
fn cookies_are_asked_for_above_five_hundred() {
    let mut admission = Admission::default();
    let mut slots = Vec::new();
    for index in 0..501_u32 {
        assert_eq!(admission.knock(ADDRESS, u64::from(index) * 50), Verdict::Proceed);
        slots.push(admission.enter(IpAddr::from(index.to_be_bytes())).0);
    }
    assert_eq!(admission.knock(ADDRESS, 60_000), Verdict::Cookie);
    admission.abandon(slots[0]);
    assert_eq!(admission.knock(ADDRESS, 60_000), Verdict::Proceed);
}

#[test]
fn an_address_has_so_many_sessions_and_this_machine_any_number() {
    let mut admission = Admission::default();
    let opened = |admission: &mut Admission, address: &str, times: usize| {
        let address = address.parse().unwrap();
        let opened = (0..times).filter(|_| {
            let (slot, _) = admission.enter(address);
            admission.confirm(slot, 3)
        });
        opened.count()
    };
    assert_eq!(opened(&mut admission, "2001:db8::1", 2), 2);
    assert!(admission.has_room("2001:db8::2".parse().unwrap(), 3));
    assert_eq!(opened(&mut admission, "2001:db8::3", 5), 1);
    assert!(!admission.has_room("2001:db8::2".parse().unwrap(), 3));
    assert_eq!(opened(&mut admission, "2001:db8:0:1::1", 5), 3);
    // The minutes in which nothing is heard of an address do not end its sessions.
    admission.knock(ADDRESS, 600_000);
    assert_eq!(opened(&mut admission, "2001:db8::1", 1), 0);
    admission.leave("2001:db8::4".parse().unwrap());
    assert_eq!(opened(&mut admission, "2001:db8::1", 2), 1);
    for address in ["127.0.0.1", "::1", "::ffff:127.0.0.2"] {
        assert_eq!(opened(&mut admission, address, 5), 5);
        assert!(admission.has_room(address.parse().unwrap(), 3));
    }
}
