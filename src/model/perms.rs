//! The three permission bits: read 4, write 2, remove 1.

pub const READ: u8 = 4;
pub const WRITE: u8 = 2;
pub const REMOVE: u8 = 1;
/// A field without `@perm`.
pub const FIELD_DEFAULT: u8 = READ | WRITE;

/// The constants of `perms`, as the npm package exports them.
pub const NAMES: &[(&str, u8)] = &[
    ("R__", 4),
    ("_W_", 2),
    ("__X", 1),
    ("RW_", 6),
    ("WR_", 6),
    ("R_X", 5),
    ("_WX", 3),
    ("RWX", 7),
];

/// What sessions without an account may do.
#[derive(Clone, Copy, Debug)]
pub struct Guests {
    /// None: there are no such sessions.
    pub perm: Option<u8>,
}

impl Guests {
    /// A route without a group, whose permission they have.
    pub fn may_call(self, perm: u8, ugroup: Option<&str>) -> bool {
        ugroup.is_none() && self.perm.is_some_and(|guests| perm & !guests == 0)
    }
}

pub fn by_name(name: &str) -> Option<u8> {
    NAMES.iter().find(|(known, _)| *known == name).map(|(_, mask)| *mask)
}

/// `R_X`.
pub fn letters(mask: u8) -> String {
    [(READ, 'R'), (WRITE, 'W'), (REMOVE, 'X')]
        .into_iter()
        .map(|(bit, letter)| if mask & bit == 0 { '_' } else { letter })
        .collect()
}
