//! Connections to collectors: mutual TLS, or plain text on loopback.
//!
//! TLS is our own rustls with ring, so that files are read anew for each connection and the agent's certificate can say who
//! the agent is.

use std::fs;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use hyper_util::rt::TokioIo;
use quorate_proto::identity::AgentIdentity;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, pem::PemObject};
use rustls::{ClientConfig, RootCertStore};
use thiserror::Error;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpSocket, TcpStream, lookup_host};
use tonic::transport::{Channel, Endpoint};
use tower::service_fn;

use crate::config::{CollectorUrl, TlsFiles};

/// Bytes the collector may send ahead of what was read on a stream.
const STREAM_WINDOW_BYTES: u32 = 128 * 1024;
/// The same for the connection; there is one stream on it.
const CONNECTION_WINDOW_BYTES: u32 = 2 * STREAM_WINDOW_BYTES;
/// An idle connection is tested this often.
const KEEPALIVE: Duration = Duration::from_secs(30);
/// And is dead without an answer for so long.
const KEEPALIVE_TIMEOUT: Duration = Duration::from_secs(10);
/// Looking up, connecting and the TLS handshake together may take so long.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// So many addresses of a name are tried.
const MAX_ADDRESSES: usize = 4;

/// Why the files of mutual TLS cannot be used.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum TlsError {
    /// A file cannot be read, or holds no PEM of the wanted kind.
    #[error("tls.{key}: {}: {reason}", path.display())]
    File {
        /// The key in the configuration.
        key: &'static str,
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// rustls refuses them; most often the key does not belong to the certificate.
    #[error("certificate and key cannot be used together")]
    Rustls(#[source] rustls::Error),
    /// The certificate does not say which agent it is for.
    #[error("tls.certificate: {}: {reason}", path.display())]
    Identity {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
}

/// Why a connection did not come up.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ConnectError {
    /// The name has no address.
    #[error("{host}: cannot be resolved")]
    Resolve {
        /// The name.
        host: String,
        /// What the resolver says.
        #[source]
        source: io::Error,
    },
    /// Plain text to an address that is not loopback.
    #[error("{0} is not loopback; http would send samples and orders in plain text there, so it is refused: use https")]
    PlainText(IpAddr),
    /// No address answered; holds the last one's error.
    #[error("{address}: connection failed")]
    Connect {
        /// The address tried last.
        address: SocketAddr,
        /// What the system says.
        #[source]
        source: io::Error,
    },
    /// No source address has the family of the collector's addresses, or there is no address at all.
    #[error("{0}: no address that can be reached from the source addresses")]
    NoAddress(String),
    /// The host cannot be the name in a certificate.
    #[error("{0}: not a name a certificate can be for")]
    Name(String),
    /// The TLS handshake failed.
    #[error("TLS handshake failed")]
    Handshake(#[source] io::Error),
    /// The files of mutual TLS cannot be used.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// It took too long.
    #[error("no connection within {} s", CONNECT_TIMEOUT.as_secs())]
    Timeout,
    /// HTTP/2 could not be set up.
    #[error("HTTP/2 set-up failed")]
    Http2(#[source] tonic::transport::Error),
}

/// Opens connections to one collector.
#[derive(Clone, Debug)]
pub(crate) struct Connector {
    url: CollectorUrl,
    tls: Option<TlsFiles>,
    sources: Vec<IpAddr>,
}

trait Io: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Io for T {}

impl Connector {
    pub(crate) fn new(url: CollectorUrl, tls: Option<TlsFiles>, sources: Vec<IpAddr>) -> Self {
        Self { url, tls, sources }
    }

    /// Opens a connection; the whole of it within [`CONNECT_TIMEOUT`].
    pub(crate) async fn connect(&self) -> Result<Channel, ConnectError> {
        let stream = tokio::time::timeout(CONNECT_TIMEOUT, self.open()).await.map_err(|_| ConnectError::Timeout)??;
        let endpoint = Endpoint::from_shared(self.url.to_string())
            .map_err(ConnectError::Http2)?
            .user_agent(concat!("quorate-agent/", env!("CARGO_PKG_VERSION")))
            .map_err(ConnectError::Http2)?
            .initial_stream_window_size(STREAM_WINDOW_BYTES)
            .initial_connection_window_size(CONNECTION_WINDOW_BYTES)
            .http2_keep_alive_interval(KEEPALIVE)
            .keep_alive_timeout(KEEPALIVE_TIMEOUT)
            .keep_alive_while_idle(true)
            .connect_timeout(CONNECT_TIMEOUT);
        // The connection is there already, and there is only this one: when it breaks, the session opens another.
        let mut once = Some(TokioIo::new(stream));
        let connector = service_fn(move |_| {
            let taken = once.take().ok_or_else(|| io::Error::from(io::ErrorKind::NotConnected));
            async move { taken }
        });
        endpoint.connect_with_connector(connector).await.map_err(ConnectError::Http2)
    }

    async fn open(&self) -> Result<Pin<Box<dyn Io>>, ConnectError> {
        let tcp = self.open_tcp().await?;
        let Some(files) = self.tls.as_ref().filter(|_| self.url.is_secure()) else {
            return Ok(Box::pin(tcp));
        };
        let name = ServerName::try_from(self.url.host().to_owned())
            .map_err(|_| ConnectError::Name(self.url.host().to_owned()))?;
        let connector = tokio_rustls::TlsConnector::from(Arc::new(client_config(files)?));
        let stream = connector.connect(name, tcp).await.map_err(ConnectError::Handshake)?;
        Ok(Box::pin(stream))
    }

    async fn open_tcp(&self) -> Result<TcpStream, ConnectError> {
        let host = self.url.host();
        let addresses = lookup_host((host, self.url.port()))
            .await
            .map_err(|source| ConnectError::Resolve { host: host.to_owned(), source })?;
        let mut last = None;
        for address in addresses.take(MAX_ADDRESSES) {
            if !self.url.is_secure() && !address.ip().to_canonical().is_loopback() {
                return Err(ConnectError::PlainText(address.ip()));
            }
            let source = self.sources.iter().find(|source| source.is_ipv4() == address.is_ipv4());
            if source.is_none() && !self.sources.is_empty() {
                continue;
            }
            match dial(address, source.copied()).await {
                Ok(stream) => return Ok(stream),
                Err(source) => last = Some(ConnectError::Connect { address, source }),
            }
        }
        Err(last.unwrap_or_else(|| ConnectError::NoAddress(host.to_owned())))
    }
}

async fn dial(address: SocketAddr, source: Option<IpAddr>) -> io::Result<TcpStream> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    // An uplink to loopback cannot leave from another address, so the source is for the way out only.
    if let Some(source) = source.filter(|_| !address.ip().is_loopback()) {
        socket.bind(SocketAddr::new(source, 0))?;
    }
    let stream = socket.connect(address).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

fn client_config(files: &TlsFiles) -> Result<ClientConfig, TlsError> {
    let mut roots = RootCertStore::empty();
    for authority in certificates("ca", &files.ca)? {
        roots.add(authority).map_err(|error| file_error("ca", &files.ca, error))?;
    }
    let chain = certificates("certificate", &files.certificate)?;
    let key = PrivateKeyDer::from_pem_slice(&read("key", &files.key)?)
        .map_err(|error| file_error("key", &files.key, format_args!("no private key in PEM ({error})")))?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(TlsError::Rustls)?
        .with_root_certificates(roots)
        .with_client_auth_cert(chain, key)
        .map_err(TlsError::Rustls)?;
    config.alpn_protocols = vec![b"h2".to_vec()];
    // One connection lasts minutes; remembering sessions would only cost memory.
    config.resumption = rustls::client::Resumption::disabled();
    Ok(config)
}

/// Reads the files once, so that a mistake shows at the start, and says who the certificate is for.
pub(crate) fn certified_identity(files: &TlsFiles) -> Result<AgentIdentity, TlsError> {
    client_config(files)?;
    let error = |reason: String| TlsError::Identity { path: files.certificate.clone(), reason };
    let chain = certificates("certificate", &files.certificate)?;
    let leaf = chain.first().ok_or_else(|| error("no certificate in it".to_owned()))?;
    let (_, leaf) = x509_parser::parse_x509_certificate(leaf).map_err(|e| error(format!("not a certificate: {e}")))?;
    let names = leaf
        .subject_alternative_name()
        .map_err(|e| error(format!("its alternative names cannot be read: {e}")))?
        .map(|extension| extension.value.general_names.as_slice())
        .unwrap_or_default();
    let uris = names.iter().filter_map(|name| match name {
        x509_parser::extensions::GeneralName::URI(uri) => Some(*uri),
        _ => None,
    });
    let mut reason = "it names no agent; expected is a URI quorate://agent/<id>/region/<region>".to_owned();
    for uri in uris {
        match uri.parse() {
            Ok(identity) => return Ok(identity),
            Err(e) => reason = format!("{e}"),
        }
    }
    Err(error(reason))
}

fn certificates(key: &'static str, path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let pem = read(key, path)?;
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&pem).collect();
    match found {
        Ok(found) if !found.is_empty() => Ok(found),
        Ok(_) => Err(file_error(key, path, "no certificate in PEM")),
        Err(error) => Err(file_error(key, path, format_args!("no certificate in PEM ({error})"))),
    }
}

fn read(key: &'static str, path: &Path) -> Result<Vec<u8>, TlsError> {
    fs::read(path).map_err(|error| file_error(key, path, error))
}

fn file_error(key: &'static str, path: &Path, reason: impl std::fmt::Display) -> TlsError {
    TlsError::File { key, path: path.to_owned(), reason: reason.to_string() }
}

#[cfg(test)]
mod tests;
