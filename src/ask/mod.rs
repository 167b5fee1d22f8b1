//! What other proxies ask ("external authorization", forward-auth): which request of theirs they mean.
//!
//! A proxy that asks sends the header of its client's request, and says in a few more headers what that was about; which
//! ones, it says by the path that it asks at. Headers of another language are not looked at, so that a client cannot
//! slip its own in. Pure: what is done with the request is decided elsewhere, as with any other.
//!
//! | file | what it holds |
//! | --- | --- |
//! | `language` | the paths, and what is said in which header |
//! | `field` | one header that must be there, once |
//! | `question` | a whole question, read |

mod field;
mod language;
mod question;

pub use field::Unclear;
pub use language::Language;
pub use question::Question;

#[cfg(test)]
mod tests;
