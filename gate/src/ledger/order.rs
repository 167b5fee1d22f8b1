//! The order in which migrations are applied.

use super::{Cycle, Migration, sort_by_parents, version};

/// The order in which a tool applies its migrations.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// By name, byte by byte.
    Name,
    /// By the leading number; equal numbers by name.
    Number,
    /// By dotted version; what has none comes last, by name.
    Version,
    /// Parents first; otherwise by name.
    Parents,
    /// As the reader found them.
    AsRead,
}

impl Order {
    /// Puts migrations into this order.
    pub fn sort(self, mut migrations: Vec<Migration>) -> Result<Vec<Migration>, Cycle> {
        match self {
            Self::AsRead => {}
            Self::Name | Self::Parents => migrations.sort_by(|a, b| a.name.cmp(&b.name)),
            Self::Number => migrations.sort_by(|a, b| (leading(a), &a.name).cmp(&(leading(b), &b.name))),
            Self::Version => migrations.sort_by(|a, b| {
                let order = |migration: &Migration| {
                    let version = version(&migration.key);
                    (version.is_none(), version)
                };
                order(a).cmp(&order(b)).then_with(|| a.name.cmp(&b.name))
            }),
        }
        if self == Self::Parents { sort_by_parents(migrations) } else { Ok(migrations) }
    }
}

/// The number that the name begins with; names without one come last.
fn leading(migration: &Migration) -> u128 {
    let end = migration.name.find(|c: char| !c.is_ascii_digit()).unwrap_or(migration.name.len());
    migration.name.get(..end).and_then(|digits| digits.parse().ok()).unwrap_or(u128::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sorted(order: Order, names: &[(&str, &[&str])]) -> Vec<String> {
        let migration = |(name, parents): &(&str, &[&str])| Migration {
            name: (*name).into(),
            key: (*name).into(),
            parents: parents.iter().map(|&parent| parent.into()).collect(),
            ..Migration::default()
        };
        let sorted = order.sort(names.iter().map(migration).collect()).expect("no circle");
        sorted.into_iter().map(|migration| migration.name.into()).collect()
    }

    #[test]
    fn names_sort_byte_by_byte_and_numbers_by_their_value() {
        assert_eq!(
            sorted(Order::Name, &[("20251120_b", &[]), ("20251119000000_a", &[])]),
            ["20251119000000_a", "20251120_b"]
        );
        assert_eq!(sorted(Order::Number, &[("10_b", &[]), ("9_a", &[]), ("x", &[])]), ["9_a", "10_b", "x"]);
    }

    #[test]
    fn versions_sort_part_by_part_and_repeatables_come_last() {
        assert_eq!(
            sorted(Order::Version, &[("R__v.sql", &[]), ("1.10", &[]), ("1.9", &[])]),
            ["1.9", "1.10", "R__v.sql"]
        );
    }

    #[test]
    fn parents_come_first_whatever_their_names() {
        assert_eq!(
            sorted(Order::Parents, &[("a", &["c"]), ("b", &["a"]), ("c", &[]), ("d", &[])]),
            ["c", "a", "b", "d"]
        );
    }

    #[test]
    fn a_circle_of_parents_is_named() {
        let migration = |key: &str, parent: &str| Migration {
            key: key.into(),
            name: key.into(),
            parents: vec![parent.into()],
            ..Migration::default()
        };
        let circle = Order::Parents.sort(vec![migration("a", "b"), migration("b", "a"), migration("c", "c")]);
        assert_eq!(circle, Err(Cycle(vec!["a".into(), "b".into()])));
    }
}
