//! Connections of `fetch`: to public hosts, and to hosts that are named.

use std::{
    cell::RefCell,
    net::{IpAddr, SocketAddr},
    rc::Rc,
    sync::{Arc, OnceLock},
};

use reqwest::{
    Client,
    dns::{Addrs, Name, Resolve, Resolving},
    redirect::Policy,
};
use rustls::{ClientConfig, RootCertStore, crypto::ring};
use rustls_platform_verifier::BuilderVerifierExt;
use url::{Host, Url};

use super::egress::{Allows, Egress, Refused};

/// The clients of a thread: connections belong to the runtime that made them.
pub struct Clients {
    entries: Vec<String>,
    egress: Egress,
    /// Checks each address that it connects to.
    checked: Client,
    /// For hosts that `egress` names.
    named: Client,
}

impl Clients {
    /// Those of this thread.
    pub fn of_thread(entries: &[String]) -> Result<Rc<Self>, String> {
        CLIENTS.with_borrow_mut(|known| {
            if let Some(clients) = known.as_ref().filter(|clients| clients.entries == entries) {
                return Ok(Rc::clone(clients));
            }
            let clients = Rc::new(Self::new(entries)?);
            *known = Some(Rc::clone(&clients));
            Ok(clients)
        })
    }

    fn new(entries: &[String]) -> Result<Self, String> {
        let egress = Egress::parse(entries)?;
        let everywhere = Resolver { allows: None };
        let checked = Resolver { allows: Some(egress.allows) };
        Ok(Self {
            entries: entries.to_vec(),
            checked: client(checked)?,
            named: client(everywhere)?,
            egress,
        })
    }

    /// The client that may go to this URL. Names are judged when they are resolved; an address in
    /// the URL is never resolved, so it is judged here.
    pub fn of(&self, url: &Url) -> Result<&Client, Refused> {
        if self.egress.names(url) {
            return Ok(&self.named);
        }
        let address = match url.host() {
            Some(Host::Ipv4(address)) => IpAddr::V4(address),
            Some(Host::Ipv6(address)) => IpAddr::V6(address),
            Some(Host::Domain(_)) => return Ok(&self.checked),
            None => return Err(Refused),
        };
        self.egress.allows.check(address).map(|()| &self.checked)
    }
}

fn client(resolver: Resolver) -> Result<Client, String> {
    Client::builder()
        .tls_backend_preconfigured(tls()?)
        .dns_resolver(Arc::new(resolver))
        .redirect(Policy::none())
        .no_proxy()
        .referer(false)
        .build()
        .map_err(|error| error.to_string())
}

/// Trusts whom the system trusts; its certificates are read once. Where it has none `https` fails, and
/// plain hosts of an inner network can still be reached.
fn tls() -> Result<ClientConfig, String> {
    static TLS: OnceLock<ClientConfig> = OnceLock::new();
    if let Some(config) = TLS.get() {
        return Ok(config.clone());
    }
    let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?;
    let builder = match builder.clone().with_platform_verifier() {
        Ok(verified) => verified,
        Err(error) => {
            tracing::warn!(target: "kontract", %error, "no certificates are trusted");
            builder.with_root_certificates(RootCertStore::empty())
        }
    };
    Ok(TLS.get_or_init(|| builder.with_no_client_auth()).clone())
}

/// The system's resolver; what it finds must be allowed.
struct Resolver {
    allows: Option<Allows>,
}

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let allows = self.allows;
        Box::pin(async move {
            let found: Vec<SocketAddr> =
                tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            if let Some(allows) = allows {
                // One address that is refused refuses the name: no choice between inside and outside.
                found.iter().try_for_each(|address| allows.check(address.ip()))?;
            }
            Ok(Box::new(found.into_iter()) as Addrs)
        })
    }
}

thread_local! {
    static CLIENTS: RefCell<Option<Rc<Clients>>> = const { RefCell::new(None) };
}
