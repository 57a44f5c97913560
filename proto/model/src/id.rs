//! Names of things, and the identity of a sample.

use alloc::borrow::ToOwned;
use alloc::string::String;
use alloc::sync::Arc;
use core::fmt;

/// The longest name accepted for any id, in bytes.
pub const MAX_ID_LEN: usize = 64;

/// Why a text is not an id.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum IdError {
    /// The text is empty.
    Empty,
    /// The text is longer than [`MAX_ID_LEN`] bytes; holds its length.
    TooLong(usize),
    /// The text has a character that is not allowed, or one of `.` and `-` in first place; holds the whole text.
    BadCharacter(String),
}

impl fmt::Display for IdError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => write!(f, "is empty; an id has 1 to {MAX_ID_LEN} characters"),
            Self::TooLong(len) => write!(f, "has {len} bytes; an id has at most {MAX_ID_LEN}"),
            Self::BadCharacter(text) => write!(
                f,
                "{text:?} is not an id; allowed are letters and digits of ASCII, '_', and, not in first place, '-' and '.'"
            ),
        }
    }
}

impl core::error::Error for IdError {}

fn check_id(text: &str) -> Result<(), IdError> {
    if text.is_empty() {
        return Err(IdError::Empty);
    }
    if text.len() > MAX_ID_LEN {
        return Err(IdError::TooLong(text.len()));
    }
    let plain = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
    let mut bytes = text.bytes();
    let first_is_plain = bytes.next().is_some_and(plain);
    if first_is_plain && bytes.all(|b| plain(b) || b == b'-' || b == b'.') {
        Ok(())
    } else {
        Err(IdError::BadCharacter(text.to_owned()))
    }
}

macro_rules! name_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        ///
        /// 1 to 64 characters: ASCII letters and digits, `_`, and, not in first place, `-` and `.`. Cloning is cheap.
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Arc<str>);

        impl $name {
            /// Parses a name.
            ///
            /// # Errors
            /// Says what is wrong with the text and what is allowed.
            pub fn new(text: &str) -> Result<Self, IdError> {
                check_id(text)?;
                Ok(Self(text.into()))
            }

            /// The name as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{:?}", &*self.0)
            }
        }

        impl core::str::FromStr for $name {
            type Err = IdError;

            fn from_str(text: &str) -> Result<Self, IdError> {
                Self::new(text)
            }
        }

        impl core::borrow::Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }
    };
}

name_id! {
    /// A process on a node that probes targets.
    AgentId
}
name_id! {
    /// A target with the way to probe it and the policy to judge it.
    CheckId
}
name_id! {
    /// Where agents stand; the unit that votes.
    RegionId
}
name_id! {
    /// Who runs the network in a region; the failure domain.
    ProviderId
}

/// One life of an agent process: grows with every start of the same agent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Boot(u64);

impl Boot {
    /// Wraps a boot number.
    pub const fn new(number: u64) -> Self {
        Self(number)
    }

    /// The boot number.
    pub const fn get(self) -> u64 {
        self.0
    }
}

/// The place of a sample in its boot, counted from 1 without holes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Seq(u64);

impl Seq {
    /// Wraps a sequence number; 0 stands before the first sample.
    pub const fn new(number: u64) -> Self {
        Self(number)
    }

    /// The sequence number.
    pub const fn get(self) -> u64 {
        self.0
    }

    /// The number after this one; the last one stays the last.
    pub const fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

/// The identity of a sample: two samples with the same identity are the same sample.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SampleId {
    /// Who took it.
    pub agent: AgentId,
    /// In which life.
    pub boot: Boot,
    /// As which sample of that life.
    pub seq: Seq,
}

#[cfg(test)]
mod tests;
