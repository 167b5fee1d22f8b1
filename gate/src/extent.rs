//! How much of a database a look sees.

use std::collections::BTreeSet;

/// More schemas than so many are seen by looking at everything.
const MOST: usize = 100;

/// How much of a database a look sees, or is to see.
///
/// Where there are no tenants, there is nothing but everything.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Extent {
    /// All there is.
    Everything,
    /// What the tenants share: whatever is required of the database as a whole, and who they are.
    /// And of their own schemas these.
    Shared(BTreeSet<Box<str>>),
}

impl Extent {
    /// What the tenants share, and nobody's schema.
    pub const fn shared() -> Self {
        Self::Shared(BTreeSet::new())
    }

    /// What the tenants share, and one's schema.
    pub fn tenant(schema: &str) -> Self {
        Self::Shared([schema.into()].into())
    }

    /// What either of the two sees.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Shared(mut schemas), Self::Shared(others)) => {
                schemas.extend(others);
                if schemas.len() > MOST { Self::Everything } else { Self::Shared(schemas) }
            }
            _ => Self::Everything,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_extents_together_are_the_schemas_of_both() {
        assert_eq!(Extent::shared().and(Extent::tenant("a")), Extent::tenant("a"));
        let both = Extent::Shared(["a".into(), "b".into()].into());
        assert_eq!(Extent::tenant("a").and(Extent::tenant("b")), both);
        assert_eq!(Extent::tenant("a").and(Extent::Everything), Extent::Everything);
        assert_eq!(Extent::Everything.and(Extent::shared()), Extent::Everything);
    }

    #[test]
    fn many_schemas_are_everything() {
        let many =
            |count: usize| (0..count).map(|i| Extent::tenant(&i.to_string())).fold(Extent::shared(), Extent::and);
        assert!(matches!(many(MOST), Extent::Shared(schemas) if schemas.len() == MOST));
        assert_eq!(many(MOST + 1), Extent::Everything);
    }
}
