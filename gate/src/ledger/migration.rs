//! A migration as the files on disk tell it.

use super::Steps;

/// A migration as the files on disk tell it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Migration {
    /// What people call it: the name that is printed.
    pub name: Box<str>,
    /// What the ledger calls it; see [`crate::ledger::Role::Identity`].
    pub key: Box<str>,
    /// Checksums that mean "not edited", in lower-case hexadecimal or decimal as the ledger has it;
    /// empty if edits cannot be seen.
    pub checksums: Vec<Box<str>>,
    /// Keys of the migrations that must come before it, where the files say so.
    pub parents: Vec<Box<str>>,
    /// Keys of the migrations that it stands for (Django's squashes).
    pub replaces: Vec<Box<str>>,
    /// Whether it is applied again whenever its checksum changes (Flyway's repeatables).
    pub repeatable: bool,
    /// The file, relative to the folder of migrations.
    pub place: Box<str>,
    /// What it does, as far as its file tells.
    pub steps: Steps,
}

impl Migration {
    /// The package that it belongs to, where identities say so (`shop` of `shop.0001_initial`).
    pub fn package(&self) -> &str {
        Self::package_of(&self.key)
    }

    /// The same, of a key.
    pub(crate) fn package_of(key: &str) -> &str {
        key.split_once('.').map_or(key, |(package, _)| package)
    }
}
