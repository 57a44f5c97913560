//! The spool as the engine and all uplinks share it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use quorate_agent_spool::{Depth, Limits, MemorySpool, Read, ReaderId, Spool, SpoolError};
use quorate_model::{Record, Seq};

/// One spool for one writer and a reader for each collector. The lock is held for one call, never across an await.
#[derive(Clone, Debug)]
pub(crate) struct SharedSpool {
    spool: Arc<Mutex<MemorySpool>>,
}

impl SharedSpool {
    pub(crate) fn new(limits: Limits) -> Self {
        Self { spool: Arc::new(Mutex::new(MemorySpool::new(limits))) }
    }

    pub(crate) fn add_reader(&self) -> ReaderId {
        self.lock().add_reader()
    }

    pub(crate) fn append(&self, record: Record) -> Result<(), SpoolError> {
        self.lock().append(record)
    }

    pub(crate) fn read(&self, reader: ReaderId, from: Seq, max_samples: usize) -> Read {
        self.lock().read(reader, from, max_samples).expect("the reader was added to this very spool")
    }

    pub(crate) fn settle(&self, reader: ReaderId, upto: Seq) {
        self.lock().settle(reader, upto).expect("the reader was added to this very spool");
    }

    pub(crate) fn depth(&self) -> Depth {
        self.lock().depth()
    }

    fn lock(&self) -> MutexGuard<'_, MemorySpool> {
        self.spool.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
