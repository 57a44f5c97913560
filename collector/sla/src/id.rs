//! Names of contracts, plans and customers.

use alloc::sync::Arc;
use core::fmt;

use quorate_model::{CheckId, IdError};

macro_rules! name_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        ///
        /// Written like every other id of Quorate: 1 to 64 characters, ASCII letters and digits, `_`, and, not in first
        /// place, `-` and `.`. Cloning is cheap.
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Arc<str>);

        impl $name {
            /// Parses a name.
            ///
            /// # Errors
            /// Says what is wrong with the text and what is allowed.
            pub fn new(text: &str) -> Result<Self, IdError> {
                // The rule for names is kept in one place, the model's.
                CheckId::new(text)?;
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
    };
}

name_id! {
    /// A service level agreement.
    ContractId
}
name_id! {
    /// A tier of the offer, such as `gold`.
    PlanId
}
name_id! {
    /// Who is owed the service.
    CustomerId
}
