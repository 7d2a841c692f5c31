//! URLs and forms: the `url` crate is the URL Standard.

use rquickjs::convert::List;
use url::{Url, form_urlencoded, quirks};

use crate::engine::ops::Ops;

pub fn add(ops: &Ops<'_>) -> rquickjs::Result<()> {
    ops.add("parse", |text: String, base: Option<String>| parse(&text, base.as_deref()))?;
    ops.add("change", |href: String, part: String, value: String| change(&href, &part, &value))?;
    ops.add("parseForm", |text: String| -> Vec<List<(String, String)>> {
        form_urlencoded::parse(text.as_bytes()).into_owned().map(List).collect()
    })?;
    ops.add("formatForm", |pairs: Vec<List<(String, String)>>| {
        let pairs = pairs.into_iter().map(|List(pair)| pair);
        form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
    })
}

/// The parts in the order in which `url.js` reads them; None where the text is no URL.
fn parse(text: &str, base: Option<&str>) -> Option<Vec<String>> {
    let base = base.map(Url::parse).transpose().ok()?;
    let url = Url::options().base_url(base.as_ref()).parse(text).ok()?;
    Some(parts(&url))
}

fn parts(url: &Url) -> Vec<String> {
    vec![
        quirks::href(url).to_owned(),
        quirks::origin(url),
        quirks::protocol(url).to_owned(),
        quirks::username(url).to_owned(),
        quirks::password(url).to_owned(),
        quirks::host(url).to_owned(),
        quirks::hostname(url).to_owned(),
        quirks::port(url).to_owned(),
        quirks::pathname(url).to_owned(),
        quirks::search(url).to_owned(),
        quirks::hash(url).to_owned(),
    ]
}

/// The parts after one was set; None where that is not possible, and nothing changes.
fn change(href: &str, part: &str, value: &str) -> Option<Vec<String>> {
    let mut url = Url::parse(href).ok()?;
    match part {
        "href" => quirks::set_href(&mut url, value).ok()?,
        "protocol" => quirks::set_protocol(&mut url, value).ok()?,
        "username" => quirks::set_username(&mut url, value).ok()?,
        "password" => quirks::set_password(&mut url, value).ok()?,
        "host" => quirks::set_host(&mut url, value).ok()?,
        "hostname" => quirks::set_hostname(&mut url, value).ok()?,
        "port" => quirks::set_port(&mut url, value).ok()?,
        "pathname" => quirks::set_pathname(&mut url, value),
        "search" => quirks::set_search(&mut url, value),
        "hash" => quirks::set_hash(&mut url, value),
        _ => return None,
    }
    Some(parts(&url))
}
