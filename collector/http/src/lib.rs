//! JSON API and exporter: pure rendering of views.
