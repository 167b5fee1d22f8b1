use super::*;

fn read(text: &str) -> Result<JwtKey, JwtKeyError> {
    JwtKey::read(&Secret::new(text))
}

/// By `openssl genrsa 2048`, and its message `head.body` by `openssl dgst -sha256 -sign`.
const RSA_PEM: &str = include_str!("rsa.pem");
const RSA_SIGNATURE: &[u8] = include_bytes!("rsa.sig");
/// By `openssl ecparam -name secp384r1 -genkey`.
const P384_PEM: &str = include_str!("p384.pem");

#[test]
fn rs256_is_verified_by_a_public_key_in_pem() {
    let key = read(RSA_PEM).unwrap();
    assert_eq!(key.algorithm(), "RS256");
    assert!(key.has_signed(b"head.body", RSA_SIGNATURE));
    assert!(!key.has_signed(b"head.bodx", RSA_SIGNATURE));
}

#[test]
fn what_is_no_key_says_what_a_key_is() {
    let cut: String = RSA_PEM.lines().take(4).collect::<Vec<_>>().join("\n");
    let table = [
        ("short", JwtKeyError::Short),
        (cut.as_str(), JwtKeyError::NotAPublicKey),
        ("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", JwtKeyError::NotAPublicKey),
        ("-----BEGIN PUBLIC KEY-----\nMAA=\n-----END PUBLIC KEY-----\n", JwtKeyError::NotAPublicKey),
        (P384_PEM, JwtKeyError::UnknownKind),
    ];
    for (text, error) in table {
        assert_eq!(read(text).unwrap_err(), error, "{text}");
    }
}

#[test]
fn a_key_is_never_printed() {
    assert_eq!(format!("{:?}", read("a secret of at least thirty-two bytes").unwrap()), "HS256");
}
