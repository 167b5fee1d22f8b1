//! Did you mean?

/// The known word that was probably meant by `typed`.
pub(crate) fn nearest<'k>(typed: &str, known: impl IntoIterator<Item = &'k str>) -> Option<&'k str> {
    let plain = |word: &str| word.to_lowercase().replace(['-', ' '], "_");
    let typed = plain(typed);
    known
        .into_iter()
        .map(|word| (strsim::damerau_levenshtein(&typed, &plain(word)), word))
        // A third of the letters wrong is another word.
        .filter(|(distance, word)| distance * 3 <= word.chars().count().max(typed.chars().count()))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, word)| word)
}

/// "did you mean" where there is a near word, else all that are known.
pub fn suggestion<'k>(typed: &str, known: impl IntoIterator<Item = &'k str> + Clone, what: &str) -> String {
    if let Some(word) = nearest(typed, known.clone()) {
        return format!("did you mean `{word}`?");
    }
    let list = known.into_iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ");
    if list.is_empty() { format!("there are no {what}") } else { format!("{what}: {list}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_of_the_finger_is_recognised_and_another_word_is_not() {
        let known = ["needs", "refresh", "on_broken"];
        assert_eq!(nearest("need", known), Some("needs"));
        assert_eq!(nearest("refesh", known), Some("refresh"));
        assert_eq!(nearest("on-broken", known), Some("on_broken"));
        assert_eq!(nearest("tenants", known), None);
    }

    #[test]
    fn without_a_near_word_all_are_listed() {
        assert_eq!(suggestion("x", ["a", "b"], "known keys"), "known keys: `a`, `b`");
        assert_eq!(suggestion("x", [], "requirements"), "there are no requirements");
    }
}
