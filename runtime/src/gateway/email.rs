//! What counts as an e-mail address, and which of them are the same.

use icu_normalizer::ComposingNormalizerBorrowed;
use icu_properties::{CodePointMapData, props::GeneralCategory};

use crate::failure::Failure;

/// The address in the one spelling that it is kept and found under.
pub fn parse(email: &str) -> Result<String, Failure> {
    let address = normalize(email);
    let expected = || Failure::invalid("email: expected an e-mail address").at("email");
    is_plausible(&address).then_some(address).ok_or_else(expected)
}

/// Addresses that differ in case only are one account.
pub fn normalize(email: &str) -> String {
    ComposingNormalizerBorrowed::new_nfc().normalize(email).to_lowercase()
}

/// In UTF-16 units, as other hosts count.
pub fn is_too_long(address: &str) -> bool {
    address.encode_utf16().count() > MAX_LENGTH
}

fn is_plausible(address: &str) -> bool {
    let Some((name, domain)) = address.rsplit_once('@') else { return false };
    let category = CodePointMapData::<GeneralCategory>::new();
    let is_hidden =
        |c| matches!(category.get(c), GeneralCategory::Control | GeneralCategory::Format);
    !is_too_long(address)
        && !name.is_empty()
        && !name.contains('@')
        && !address.contains(|c: char| c.is_whitespace() || is_hidden(c))
        && domain.contains('.')
        && domain.split('.').all(|label| !label.is_empty())
}

const MAX_LENGTH: usize = 254;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_one_address_are_one() {
        assert_eq!(parse("Ada@Example.com").as_deref(), Ok("ada@example.com"));
        assert_eq!(parse("JOSE\u{301}@b.example").as_deref(), Ok("jos\u{e9}@b.example"));
    }

    #[test]
    fn what_is_no_address_is_refused() {
        let endless = format!("a@{}example", "b.".repeat(200));
        for email in [
            "",
            "ada",
            "@b.example",
            "a@",
            "a b@c.example",
            "a@b@c.example",
            "a@b.example\n",
            "a\u{200b}@b.example",
            "a@b..example",
            "a@example",
            "a@b.example\u{0}",
            &endless,
        ] {
            assert_eq!(parse(email).map_err(|failure| failure.status), Err(400), "{email}");
        }
    }
}
