//! From samples to consensus downtime: a pure function and its incremental twin.
