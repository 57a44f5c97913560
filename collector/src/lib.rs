//! The collector: samples in, consensus downtime out.
