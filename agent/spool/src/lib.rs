//! The agent's bounded queue of samples with several independent readers.
