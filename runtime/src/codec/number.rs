//! Numbers as JavaScript prints them.

/// As `String(number)` does, but for -0.
pub fn text(number: f64) -> String {
    if number == 0.0 && number.is_sign_negative() {
        return "-0".to_owned();
    }
    ryu_js::Buffer::new().format(number).to_owned()
}

/// Of a finite number, as JSON has it: -0 is 0.
#[allow(clippy::cast_possible_truncation, reason = "of safe integers only")]
pub fn write(out: &mut Vec<u8>, number: f64) {
    const SAFE: f64 = 9_007_199_254_740_991.0;
    if number.fract() == 0.0 && number.abs() <= SAFE {
        out.extend_from_slice(itoa::Buffer::new().format(number as i64).as_bytes());
    } else {
        out.extend_from_slice(ryu_js::Buffer::new().format_finite(number).as_bytes());
    }
}
