//! The durable store: received batches, column chunks, histograms, incidents.
