//! Something to probe.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use quorate_proto::v1;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::collector::PATIENCE;

/// A TCP server that greets everyone who connects.
pub(crate) struct Target {
    address: SocketAddr,
    silent: Arc<AtomicBool>,
    callers: watch::Receiver<Vec<IpAddr>>,
    accepting: JoinHandle<()>,
}

impl Target {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback can be bound");
        let address = listener.local_addr().expect("bound");
        let silent = Arc::new(AtomicBool::new(false));
        let (seen, callers) = watch::channel(Vec::new());
        let quiet = Arc::clone(&silent);
        let accepting = tokio::spawn(async move {
            // Connections that get no answer stay open.
            let mut unanswered = Vec::new();
            while let Ok((mut stream, caller)) = listener.accept().await {
                seen.send_modify(|callers| callers.push(caller.ip()));
                if quiet.load(Ordering::SeqCst) {
                    unanswered.push(stream);
                } else {
                    // The probe may be gone already.
                    drop(stream.write_all(b"hello\r\n").await);
                }
            }
        });
        Self { address, silent, callers, accepting }
    }

    /// From now on it accepts and says nothing.
    pub(crate) fn fall_silent(&self) {
        self.silent.store(true, Ordering::SeqCst);
    }

    /// From now on connections are refused.
    pub(crate) async fn close(&mut self) {
        self.accepting.abort();
        assert!((&mut self.accepting).await.is_err_and(|error| error.is_cancelled()));
    }

    pub(crate) fn callers(&self) -> Vec<IpAddr> {
        self.callers.borrow().clone()
    }

    /// Waits until it was connected to so often in all.
    pub(crate) async fn until_asked(&self, times: usize) {
        let mut callers = self.callers.clone();
        let asked = callers.wait_for(|callers| callers.len() >= times);
        let waited = tokio::time::timeout(PATIENCE, asked).await;
        drop(waited.expect("asked in time").expect("the target runs"));
    }

    /// A check of it.
    pub(crate) fn check(&self, id: &str, interval_ms: u32) -> v1::Check {
        v1::Check {
            id: id.to_owned(),
            version: 1,
            interval_ms,
            timeout_ms: 2000,
            confirm_retries: 2,
            confirm_after_ms: 50,
            confirm_solicit: true,
            probe: Some(self.probe()),
            ..v1::Check::default()
        }
    }

    pub(crate) fn probe(&self) -> v1::Probe {
        v1::Probe {
            kind: Some(v1::probe::Kind::Tcp(v1::TcpProbe {
                address: self.address.to_string(),
                family: v1::Family::Any.into(),
                send: None,
                expect: Some("hello".to_owned()),
            })),
        }
    }
}

/// A full assignment of these checks.
pub(crate) fn assignment(revision: u64, checks: Vec<v1::Check>) -> v1::collector_message::Kind {
    v1::collector_message::Kind::Assignment(v1::Assignment { revision, upsert: checks, ..v1::Assignment::default() })
}
