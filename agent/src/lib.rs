//! The agent: probes targets and streams samples to its collectors.
