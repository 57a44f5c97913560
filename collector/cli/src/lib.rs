//! The operators' command line: quorate.
