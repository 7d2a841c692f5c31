//! TLS to PostgreSQL, with the meanings that libpq gives to `sslmode`: `disable`, `prefer` and
//! `require` encrypt without asking who answers; `verify-ca` and `verify-full` check the
//! certificate against the system's authorities, and the host's name too.

use std::{str::FromStr as _, sync::Arc};

use rustls::{
    ClientConfig, DigitallySignedStruct, SignatureScheme,
    client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    crypto::{self, CryptoProvider},
    pki_types::{CertificateDer, ServerName, UnixTime},
};
use rustls_platform_verifier::BuilderVerifierExt as _;
use tokio_postgres::config::{Host, SslMode};
use tokio_postgres_rustls::MakeRustlsConnect;
use url::Url;

/// How connections are made: where to, as whom, and how they are encrypted.
#[derive(Clone)]
pub struct Target {
    pub config: tokio_postgres::Config,
    /// None where nothing would be encrypted.
    pub tls: Option<MakeRustlsConnect>,
}

impl Target {
    /// Reads a connection URL, or a string of `key=value`.
    pub fn parse(url: &str) -> Result<Self, String> {
        let (text, verified) = split_verification(url)?;
        // The parser's own message quotes what it read, which may hold the password.
        let mut config = tokio_postgres::Config::from_str(&text)
            .map_err(|_| "it is no PostgreSQL connection URL".to_owned())?;
        if config.get_hosts().is_empty() {
            return Err("it names no host".to_owned());
        }
        let encrypts = config.get_ssl_mode() != SslMode::Disable
            && config.get_hosts().iter().any(|host| matches!(host, Host::Tcp(_)));
        if !encrypts {
            config.ssl_mode(SslMode::Disable);
            return Ok(Self { config, tls: None });
        }
        let client = client_config(verified).map_err(|error| format!("TLS: {error}"))?;
        Ok(Self { config, tls: Some(MakeRustlsConnect::new(client)) })
    }
}

/// tokio-postgres knows three modes; the two that verify become `require` and `true`.
fn split_verification(url: &str) -> Result<(String, bool), String> {
    let Ok(mut parsed) = Url::parse(url) else { return Ok((url.to_owned(), false)) };
    let pairs: Vec<(String, String)> = parsed.query_pairs().into_owned().collect();
    let mode = pairs.iter().find(|(key, _)| key == "sslmode").map(|(_, value)| value.as_str());
    let verified = match mode {
        Some("verify-ca" | "verify-full") => true,
        None | Some("disable" | "prefer" | "require") => return Ok((url.to_owned(), false)),
        Some("allow") => false,
        Some(_) => {
            return Err("sslmode: expected disable, allow, prefer, require, verify-ca or \
                        verify-full"
                .to_owned());
        }
    };
    let replaced = if verified { "require" } else { "prefer" };
    parsed.query_pairs_mut().clear().extend_pairs(pairs.iter().map(|(key, value)| {
        (key.as_str(), if key == "sslmode" { replaced } else { value.as_str() })
    }));
    Ok((parsed.into(), verified))
}

fn client_config(verified: bool) -> Result<ClientConfig, rustls::Error> {
    let provider = Arc::new(crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()?;
    let config = if verified {
        builder.with_platform_verifier()?.with_no_client_auth()
    } else {
        builder
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(AnyServer(provider)))
            .with_no_client_auth()
    };
    Ok(config)
}

/// Takes any certificate, but only signatures that its key made.
#[derive(Debug)]
struct AnyServer(Arc<CryptoProvider>);

impl ServerCertVerifier for AnyServer {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        crypto::verify_tls12_signature(message, certificate, signature, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        crypto::verify_tls13_signature(message, certificate, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
