//! The probes: one module per protocol behind one trait.
