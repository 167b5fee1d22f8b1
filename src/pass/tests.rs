use proptest::prelude::*;

use super::*;

const NOW: i64 = 1_763_740_000;

fn key(text: &str) -> PassKey {
    PassKey::new(&Secret::new(text)).expect("a key")
}

fn pass() -> Pass {
    Pass { id: "k3f9".into(), until: NOW + 60, routes: ["orders".into()].into(), reason: Some("a look".into()) }
}

#[test]
fn a_pass_is_read_as_it_was_signed_until_it_is_over() {
    let (key, pass) = (key("0123456789abcdef"), pass());
    let text = key.sign(&pass);
    assert_eq!(key.read(&text, NOW), Ok(pass.clone()));
    assert_eq!(key.read(&text, pass.until - 1), Ok(pass.clone()));
    assert_eq!(key.read(&text, pass.until), Err(PassError::Expired));
    let short = Pass { routes: Box::default(), reason: None, ..pass };
    assert_eq!(key.read(&key.sign(&short), NOW), Ok(short));
}

#[test]
fn a_pass_of_another_key_is_forged() {
    let text = key("0123456789abcdef").sign(&pass());
    assert_eq!(key("0123456789abcdeg").read(&text, NOW), Err(PassError::Forged));
}

#[test]
fn whatever_is_changed_of_a_pass_makes_it_none() {
    let key = key("0123456789abcdef");
    let text = key.sign(&pass());
    for place in 0..text.len() {
        for other in ['A', 'b', '.', '='] {
            let mut changed = text.clone();
            changed.replace_range(place..=place, &other.to_string());
            assert!(changed == text || key.read(&changed, NOW).is_err(), "{changed}");
        }
    }
    for end in 0..text.len() {
        assert!(key.read(&text[..end], NOW).is_err());
    }
    assert!(key.read(&format!("{text}A"), NOW).is_err());
    assert_eq!(key.read(&format!("v1.{}.{}", "A".repeat(4000), "A"), NOW), Err(PassError::Malformed));
}

#[test]
fn a_pass_stands_in_a_cookie_and_in_a_query_as_it_is() {
    let text = key("0123456789abcdef").sign(&pass());
    assert!(text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte)), "{text}");
}

proptest! {
    #[test]
    fn no_text_is_a_pass_by_chance(text in "(v1\\.)?[A-Za-z0-9_.=-]{0,200}|\\PC{0,100}") {
        prop_assert!(key("0123456789abcdef").read(&text, NOW).is_err());
    }
}
