use http::{HeaderMap, HeaderName, HeaderValue};
use proptest::prelude::*;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use serde_json::json;

use super::*;
use crate::config::Secret;

const SECRET: &str = "a secret of at least thirty-two bytes";
const NOW: i64 = 1_800_000_000;

fn headers(all: &[(&'static str, &str)]) -> HeaderMap {
    all.iter().map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_str(value).unwrap())).collect()
}

fn token(head: &Value, claims: &Value, sign: impl FnOnce(&[u8]) -> Vec<u8>) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let message = format!("{}.{}", part(head), part(claims));
    let signature = URL_SAFE_NO_PAD.encode(sign(message.as_bytes()));
    format!("{message}.{signature}")
}

fn hs256(secret: &str) -> impl FnOnce(&[u8]) -> Vec<u8> {
    let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, secret.as_bytes());
    move |message| ring::hmac::sign(&key, message).as_ref().to_vec()
}

fn signed(claims: &Value) -> String {
    token(&json!({ "alg": "HS256" }), claims, hs256(SECRET))
}

fn key(text: &str) -> JwtKey {
    JwtKey::read(&Secret::new(text)).unwrap()
}

#[test]
fn a_header_and_a_cookie_name_it_plainly() {
    let header = Organisation::Plain(Carrier::Header(HeaderName::from_static("x-org-id")));
    let told = |by: &Organisation, all: &[(&'static str, &str)]| {
        organisation(by, Fields::Map(&headers(all))).map(Cow::into_owned)
    };
    assert_eq!(told(&header, &[("x-org-id", " org1 ")]).as_deref(), Some("org1"));
    assert_eq!(told(&header, &[]), None);
    assert_eq!(told(&header, &[("x-org-id", "")]), None);
    let cookie = Organisation::Plain(Carrier::Cookie("org".to_owned()));
    assert_eq!(told(&cookie, &[("cookie", "a=b; org=org1; c=d")]).as_deref(), Some("org1"));
    assert_eq!(told(&cookie, &[("cookie", "a=b"), ("cookie", "org=\"org2\"")]).as_deref(), Some("org2"));
    assert_eq!(told(&cookie, &[("cookie", "xorg=1; org2=2; org")]), None);
}

#[test]
fn a_claim_of_a_token_is_believed_as_it_comes_where_there_is_no_key() {
    let by = |claim: &str| Organisation::Jwt {
        token: Carrier::Header(header::AUTHORIZATION),
        claim: claim.to_owned(),
        key: None,
    };
    let claims = json!({ "org_id": "org1", "app": { "org": 7 }, "https://x.y/org": "dotted", "exp": 1 });
    let unsigned = token(&json!({ "alg": "none" }), &claims, |_| Vec::new());
    for sent in [format!("Bearer {unsigned}"), format!("bearer  {unsigned}"), unsigned] {
        let headers = headers(&[("authorization", sent.as_str())]);
        let told = |claim| organisation(&by(claim), Fields::Map(&headers)).map(Cow::into_owned);
        assert_eq!(told("org_id").as_deref(), Some("org1"), "{sent}");
        assert_eq!(told("app.org").as_deref(), Some("7"));
        assert_eq!(told("https://x.y/org").as_deref(), Some("dotted"));
        assert_eq!((told("app"), told("none")), (None, None));
    }
    let basic = headers(&[("authorization", "Basic dXNlcjpwYXNz")]);
    assert_eq!(organisation(&by("org_id"), Fields::Map(&basic)), None);
}

#[test]
fn with_a_key_only_what_is_signed_with_it_is_believed() {
    let own = json!({ "org_id": "org1" });
    assert_eq!(claims(&signed(&own), Some(&key(SECRET)), NOW), Some(own.clone()));
    let other = token(&json!({ "alg": "HS256" }), &own, hs256("another secret of thirty-two bytes or more"));
    assert_eq!(claims(&other, Some(&key(SECRET)), NOW), None);
    let none = token(&json!({ "alg": "none" }), &own, |_| Vec::new());
    assert_eq!(claims(&none, Some(&key(SECRET)), NOW), None);
    let critical = token(&json!({ "alg": "HS256", "crit": ["exp"] }), &own, hs256(SECRET));
    assert_eq!(claims(&critical, Some(&key(SECRET)), NOW), None);
    let (message, signature) = signed(&own).rsplit_once('.').map(|(a, b)| (a.to_owned(), b.to_owned())).unwrap();
    let forged =
        message.replace(&URL_SAFE_NO_PAD.encode(own.to_string()), &URL_SAFE_NO_PAD.encode(r#"{"org_id":"x"}"#));
    assert_eq!(claims(&format!("{forged}.{signature}"), Some(&key(SECRET)), NOW), None);
}

#[test]
fn a_public_key_is_no_secret_that_a_client_may_sign_with() {
    let pem = ec_pem(&ec_pair());
    let confused = token(&json!({ "alg": "HS256" }), &json!({ "org_id": "org1" }), hs256(&pem));
    assert_eq!(claims(&confused, Some(&key(&pem)), NOW), None);
}

#[test]
fn a_verified_token_counts_until_it_expires_and_from_when_it_begins() {
    let believed = |all: Value| claims(&signed(&all), Some(&key(SECRET)), NOW).is_some();
    assert!(believed(json!({ "exp": NOW + 1, "nbf": NOW })));
    assert!(believed(json!({ "exp": NOW - LEEWAY + 1 })));
    assert!(!believed(json!({ "exp": NOW - LEEWAY })));
    assert!(!believed(json!({ "nbf": NOW + LEEWAY + 1 })));
    assert!(!believed(json!({ "exp": "soon" })));
}

fn ec_pair() -> EcdsaKeyPair {
    let random = SystemRandom::new();
    let pkcs8 = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).unwrap();
    EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8.as_ref(), &random).unwrap()
}

/// The public key as `openssl` writes it.
fn ec_pem(pair: &EcdsaKeyPair) -> String {
    let mut der = vec![0x30, 0x59, 0x30, 0x13];
    der.extend([0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08]);
    der.extend([0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00]);
    der.extend(pair.public_key().as_ref());
    let text = base64::engine::general_purpose::STANDARD.encode(der);
    format!("-----BEGIN PUBLIC KEY-----\n{text}\n-----END PUBLIC KEY-----\n")
}

#[test]
fn es256_is_verified() {
    let pair = ec_pair();
    let sign = |message: &[u8]| pair.sign(&SystemRandom::new(), message).unwrap().as_ref().to_vec();
    let own = json!({ "org_id": "org1" });
    let token = token(&json!({ "alg": "ES256" }), &own, sign);
    assert_eq!(claims(&token, Some(&key(&ec_pem(&pair))), NOW), Some(own));
    assert_eq!(claims(&token, Some(&key(&ec_pem(&ec_pair()))), NOW), None);
}

proptest! {
    #[test]
    fn whatever_a_client_sends_is_no_more_than_no_organisation(text in "[ -~]{0,200}") {
        let by = Organisation::Jwt { token: Carrier::Header(header::AUTHORIZATION), claim: "a.b".to_owned(), key: None };
        organisation(&by, Fields::Map(&headers(&[("authorization", text.as_str())])));
        claims(&text, Some(&key(SECRET)), NOW);
    }
}
