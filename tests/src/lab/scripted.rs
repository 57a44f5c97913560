//! A TCP server that plays a script on every connection.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use rustls::ServerConfig;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

/// The most connections one server plays to at once.
const MAX_AT_ONCE: usize = 64;
/// The most bytes read while waiting for the end of a request.
const MAX_REQUEST_BYTES: usize = 64 * 1024;

/// One step of a script.
#[derive(Clone, Debug)]
pub(super) enum Step {
    /// Reads until these bytes came.
    Await(&'static [u8]),
    /// Sends bytes.
    Send(Vec<u8>),
    /// Sends the same again and again until the client goes.
    Repeat(Vec<u8>),
    /// Sends byte after byte with a pause between them.
    Trickle(Vec<u8>, Duration),
    /// Waits.
    Pause(Duration),
    /// Says nothing more until the client goes.
    Hold,
    /// Closes with a reset instead of an end.
    Reset,
}

/// The script of an HTTP server that answers with `answer` and closes.
pub(super) fn answers(answer: impl Into<Vec<u8>>) -> Vec<Step> {
    vec![Step::Await(b"\r\n\r\n"), Step::Send(answer.into())]
}

/// Plays `script` on every connection to a port of its own.
pub(super) async fn serve(tasks: &mut JoinSet<()>, script: Vec<Step>) -> Result<SocketAddr> {
    start(tasks, script, None).await
}

/// The same inside TLS.
pub(super) async fn serve_tls(
    tasks: &mut JoinSet<()>,
    script: Vec<Step>,
    config: Arc<ServerConfig>,
) -> Result<SocketAddr> {
    start(tasks, script, Some(TlsAcceptor::from(config))).await
}

async fn start(tasks: &mut JoinSet<()>, script: Vec<Step>, tls: Option<TlsAcceptor>) -> Result<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let script: Arc<[Step]> = script.into();
    tasks.spawn(async move {
        let mut connections = JoinSet::new();
        while let Ok((stream, _)) = listener.accept().await {
            while connections.try_join_next().is_some() {}
            if connections.len() < MAX_AT_ONCE {
                connections.spawn(connection(stream, Arc::clone(&script), tls.clone()));
            }
        }
    });
    Ok(address)
}

/// A client that goes early is no concern of the server's.
async fn connection(stream: TcpStream, script: Arc<[Step]>, tls: Option<TlsAcceptor>) {
    let ends_with_reset = script.iter().any(|step| matches!(step, Step::Reset));
    if ends_with_reset {
        stream.set_zero_linger().ok();
    }
    match tls {
        None => {
            let mut stream = stream;
            play(&mut stream, &script).await.ok();
            if !ends_with_reset {
                stream.shutdown().await.ok();
            }
        }
        Some(tls) => {
            let Ok(mut stream) = tls.accept(stream).await else { return };
            play(&mut stream, &script).await.ok();
            stream.shutdown().await.ok();
        }
    }
}

async fn play<S: AsyncRead + AsyncWrite + Unpin>(stream: &mut S, script: &[Step]) -> Result<()> {
    let mut read = Vec::new();
    for step in script {
        match step {
            Step::Await(end) => {
                while !read.windows(end.len()).any(|window| window == *end) {
                    anyhow::ensure!(read.len() < MAX_REQUEST_BYTES && stream.read_buf(&mut read).await? > 0);
                }
            }
            Step::Send(bytes) => {
                stream.write_all(bytes).await?;
                stream.flush().await?;
            }
            Step::Repeat(bytes) => loop {
                stream.write_all(bytes).await?;
            },
            Step::Trickle(bytes, pause) => {
                for byte in bytes {
                    stream.write_all(&[*byte]).await?;
                    stream.flush().await?;
                    tokio::time::sleep(*pause).await;
                }
            }
            Step::Pause(pause) => tokio::time::sleep(*pause).await,
            Step::Hold => while stream.read_buf(&mut read).await? > 0 && read.len() < MAX_REQUEST_BYTES {},
            Step::Reset => {}
        }
    }
    Ok(())
}
