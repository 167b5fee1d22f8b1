//! Dotted versions.

/// A dotted version as its numbers: 1.10 is newer than 1.9, and 1.0 is 1.
pub(super) fn version(key: &str) -> Option<Vec<u64>> {
    let mut numbers: Vec<u64> = key.split('.').map(|part| part.parse().ok()).collect::<Option<_>>()?;
    while numbers.last() == Some(&0) {
        numbers.pop();
    }
    Some(numbers)
}
