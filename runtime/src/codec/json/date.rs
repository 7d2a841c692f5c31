//! Dates as JavaScript reads and writes them: RFC 3339, with years beyond four digits as ECMAScript
//! has them (`+012345-…`).

/// The most milliseconds before and after 1970 that a `Date` holds.
pub const LIMIT: f64 = 8.64e15;

const DAY: i64 = 86_400_000;

/// Milliseconds since 1970, where the text is a date.
#[allow(clippy::cast_precision_loss, reason = "what is out of LIMIT is refused")]
pub fn parse(text: &str) -> Option<f64> {
    let mut rest = Rest(text.as_bytes());
    let year = match rest.0.first()? {
        sign @ (b'+' | b'-') => {
            rest.0 = &rest.0[1..];
            let year = rest.digits(6)?;
            // There is no year -0.
            if *sign == b'-' && year == 0 {
                return None;
            }
            if *sign == b'-' { -year } else { year }
        }
        _ => rest.digits(4)?,
    };
    rest.one_of(b"-")?;
    let month = rest.digits(2).filter(|month| (1..=12).contains(month))?;
    rest.one_of(b"-")?;
    let day = rest.digits(2).filter(|day| (1..=days_in(year, month)).contains(day))?;
    rest.one_of(b"Tt")?;
    let hour = rest.digits(2).filter(|hour| *hour < 24)?;
    rest.one_of(b":")?;
    let minute = rest.digits(2).filter(|minute| *minute < 60)?;
    rest.one_of(b":")?;
    let second = rest.digits(2).filter(|second| *second < 60)?;
    let mut milliseconds = 0;
    if rest.one_of(b".").is_some() {
        let digits = rest.0.iter().take_while(|byte| byte.is_ascii_digit()).count();
        if digits == 0 {
            return None;
        }
        for index in 0..3 {
            let digit = rest.0.get(index).filter(|_| index < digits);
            milliseconds = 10 * milliseconds + digit.map_or(0, |byte| i64::from(byte - b'0'));
        }
        rest.0 = &rest.0[digits..];
    }
    let offset = match rest.one_of(b"Zz+-")? {
        sign @ (b'+' | b'-') => {
            let hours = rest.digits(2).filter(|hours| *hours < 24)?;
            rest.one_of(b":")?;
            let minutes = rest.digits(2).filter(|minutes| *minutes < 60)?;
            let offset = 60 * hours + minutes;
            if sign == b'-' { -offset } else { offset }
        }
        _ => 0,
    };
    if !rest.0.is_empty() {
        return None;
    }
    let minutes = 60 * hour + minute - offset;
    let time =
        DAY * days_since_1970(year, month, day) + 60_000 * minutes + 1000 * second + milliseconds;
    Some(time as f64).filter(|time| time.abs() <= LIMIT)
}

/// As `Date.prototype.toISOString` writes it; None where the time is none.
#[allow(clippy::cast_possible_truncation, reason = "LIMIT is a safe integer")]
#[allow(clippy::cast_sign_loss, reason = "no digit is below zero")]
pub fn text(time: f64) -> Option<String> {
    if time.is_nan() || time.abs() > LIMIT {
        return None;
    }
    let time = time as i64;
    let (year, month, day) = civil(time.div_euclid(DAY));
    let in_day = time.rem_euclid(DAY);
    let mut text = String::with_capacity(27);
    match year {
        0..=9999 => {}
        10_000.. => text.push('+'),
        _ => text.push('-'),
    }
    let parts = [
        (year.abs(), if (0..=9999).contains(&year) { 4 } else { 6 }, '-'),
        (month, 2, '-'),
        (day, 2, 'T'),
        (in_day / 3_600_000, 2, ':'),
        (in_day / 60_000 % 60, 2, ':'),
        (in_day / 1000 % 60, 2, '.'),
        (in_day % 1000, 3, 'Z'),
    ];
    for (number, width, end) in parts {
        for place in (0..width).rev() {
            let digit = number / 10_i64.pow(place) % 10;
            text.push(char::from(b'0' + digit as u8));
        }
        text.push(end);
    }
    Some(text)
}

struct Rest<'t>(&'t [u8]);

impl Rest<'_> {
    fn digits(&mut self, count: usize) -> Option<i64> {
        let (digits, rest) = self.0.split_at_checked(count)?;
        let mut number = 0;
        for byte in digits {
            number = 10 * number + i64::from(byte.is_ascii_digit().then(|| byte - b'0')?);
        }
        self.0 = rest;
        Some(number)
    }

    fn one_of(&mut self, bytes: &[u8]) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        bytes.contains(first).then(|| self.0 = rest)?;
        Some(*first)
    }
}

fn days_in(year: i64, month: i64) -> i64 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days before the year of the proleptic Gregorian calendar that begins in March, from then on the
/// months repeat in groups of 153 days.
fn days_since_1970(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = 365 * year_of_era + year_of_era / 4 - year_of_era / 100 + day_of_year;
    146_097 * era + day_of_era - 719_468
}

/// The other way round: year, month, day.
fn civil(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = (month_from_march + 2) % 12 + 1;
    let year = 400 * era + year_of_era + i64::from(month <= 2);
    (year, month, day)
}
