//! What a series of measurements comes to.

/// The median, and between what the middle half lies.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Middle {
    pub(crate) low: f64,
    pub(crate) median: f64,
    pub(crate) high: f64,
}

impl Middle {
    /// `None` of nothing.
    pub(crate) fn of(values: impl IntoIterator<Item = f64>) -> Option<Self> {
        let mut values: Vec<f64> = values.into_iter().collect();
        values.sort_by(f64::total_cmp);
        let at = |part: usize| values.get((values.len().checked_sub(1)? * part + 2) / 4).copied();
        Some(Self { low: at(1)?, median: at(2)?, high: at(3)? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_middle_of_a_few() {
        let of = |values: &[f64]| Middle::of(values.iter().copied());
        assert_eq!(of(&[]), None);
        assert_eq!(of(&[3.0]), Some(Middle { low: 3.0, median: 3.0, high: 3.0 }));
        assert_eq!(of(&[5.0, 1.0, 4.0, 2.0, 3.0]), Some(Middle { low: 2.0, median: 3.0, high: 4.0 }));
    }
}
