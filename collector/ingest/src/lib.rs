//! gRPC in: admission, dedup, group commit, acknowledgement.
