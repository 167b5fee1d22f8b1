//! What a JSON Web Token must be signed with.

use std::fmt;

use ring::{hmac, signature};
use rustls::pki_types::SubjectPublicKeyInfoDer;
use rustls::pki_types::pem::PemObject as _;

use super::Secret;

/// What a JSON Web Token must be signed with (RFC 7518, section 3).
#[derive(Clone)]
pub enum JwtKey {
    /// HS256: a shared secret.
    Hs256(hmac::Key),
    /// RS256: an RSA key of 2048 bits or more.
    Rs256(signature::UnparsedPublicKey<Box<[u8]>>),
    /// ES256: a key on the curve P-256.
    Es256(signature::UnparsedPublicKey<Box<[u8]>>),
}

/// Why a text is no key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum JwtKeyError {
    /// It begins like PEM and is no public key.
    #[error("it is PEM and no public key: give the whole block `-----BEGIN PUBLIC KEY-----`")]
    NotAPublicKey,
    /// A key of another kind.
    #[error("it is a public key of another kind: RSA (RS256) and P-256 (ES256) are understood")]
    UnknownKind,
    /// A secret that can be guessed.
    #[error("the secret is shorter than the 32 bytes that HS256 asks for (RFC 7518, section 3.2)")]
    Short,
}

/// The algorithm identifiers of a public key (RFC 5280, section 4.1), as they are written in DER: RSA (RFC
/// 3279, section 2.3.1), and a curve that is P-256 (RFC 5480, section 2.1.1).
const RSA: &[u8] = &[0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00];
const P256: &[u8] =
    &[0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07];

impl JwtKey {
    /// Reads a public key in PEM, or takes what is none for the secret of HS256.
    pub fn read(text: &Secret) -> Result<Self, JwtKeyError> {
        let text = text.expose();
        if !text.trim_start().starts_with("-----BEGIN") {
            let long_enough = text.len() >= 32;
            let key = hmac::Key::new(hmac::HMAC_SHA256, text.as_bytes());
            return if long_enough { Ok(Self::Hs256(key)) } else { Err(JwtKeyError::Short) };
        }
        let key = SubjectPublicKeyInfoDer::from_pem_slice(text.as_bytes()).map_err(|_| JwtKeyError::NotAPublicKey)?;
        let (algorithm, bits) = split(&key).ok_or(JwtKeyError::NotAPublicKey)?;
        let bits: Box<[u8]> = bits.into();
        match algorithm {
            RSA => Ok(Self::Rs256(signature::UnparsedPublicKey::new(&signature::RSA_PKCS1_2048_8192_SHA256, bits))),
            P256 => Ok(Self::Es256(signature::UnparsedPublicKey::new(&signature::ECDSA_P256_SHA256_FIXED, bits))),
            _ => Err(JwtKeyError::UnknownKind),
        }
    }

    /// The algorithm that a token must name: another one is never tried (RFC 8725, section 3.1).
    pub const fn algorithm(&self) -> &'static str {
        match self {
            Self::Hs256(_) => "HS256",
            Self::Rs256(_) => "RS256",
            Self::Es256(_) => "ES256",
        }
    }

    /// Whether `signature` is its own of `message`.
    pub fn has_signed(&self, message: &[u8], signature: &[u8]) -> bool {
        match self {
            Self::Hs256(key) => hmac::verify(key, message, signature).is_ok(),
            Self::Rs256(key) | Self::Es256(key) => key.verify(message, signature).is_ok(),
        }
    }
}

impl fmt::Debug for JwtKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.algorithm())
    }
}

/// The algorithm and the key of a `SubjectPublicKeyInfo`: a sequence of a sequence and a bit string.
fn split(key: &[u8]) -> Option<(&[u8], &[u8])> {
    let (whole, rest) = element(key, 0x30)?;
    let (algorithm, bits) = element(whole, 0x30)?;
    let (bits, more) = element(bits, 0x03)?;
    let (unused, bits) = bits.split_first()?;
    (rest.is_empty() && more.is_empty() && *unused == 0).then_some((algorithm, bits))
}

/// The content of the element of a kind that DER begins with, and what follows it (X.690, section 8.1).
fn element(der: &[u8], kind: u8) -> Option<(&[u8], &[u8])> {
    let (first, der) = der.split_first()?;
    let (length, der) = der.split_first()?;
    let (length, der) = match *length {
        short @ 0..=0x7f => (usize::from(short), der),
        0x81 => {
            let (length, der) = der.split_first()?;
            (usize::from(*length), der)
        }
        0x82 => {
            let (length, der) = der.split_first_chunk::<2>()?;
            (usize::from(u16::from_be_bytes(*length)), der)
        }
        _ => return None,
    };
    if *first == kind { der.split_at_checked(length) } else { None }
}

#[cfg(test)]
mod tests;
