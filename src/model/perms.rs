//! The three permission bits: read 4, write 2, execute or delete 1.

pub const READ: u8 = 4;
pub const WRITE: u8 = 2;
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

pub fn by_name(name: &str) -> Option<u8> {
    NAMES.iter().find(|(known, _)| *known == name).map(|(_, mask)| *mask)
}

/// `perms.RW_`, and for no bit at all `no permission`.
pub fn shown(mask: u8) -> String {
    match NAMES.iter().find(|(_, known)| *known == mask) {
        Some((name, _)) => format!("perms.{name}"),
        None => "no permission".to_owned(),
    }
}
