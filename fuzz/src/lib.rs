//! Everything that reads what strangers or people wrote, one function each: whatever the bytes, it
//! ends soon, does not panic, and keeps the promises that are asserted here.

#![expect(
    clippy::panic,
    clippy::expect_used,
    clippy::missing_panics_doc,
    reason = "a panic is how a fuzzer learns of a find"
)]

mod configuration;
mod migrations;
mod orders;
mod requests;

pub use configuration::{config, lock, names};
pub use migrations::{django_migration, migration_folder, prisma_schema, sql_migration};
pub use orders::{desk_files, order};
pub use requests::{answer, proxy_header, request, symptom, wire};

/// A target: what it is called, here and among the seeds, and what it does with bytes.
pub type Target = (&'static str, fn(&[u8]));

/// All of them.
pub const TARGETS: [Target; 14] = [
    ("answer", answer),
    ("config", config),
    ("desk_files", desk_files),
    ("django_migration", django_migration),
    ("lock", lock),
    ("migration_folder", migration_folder),
    ("names", names),
    ("order", order),
    ("prisma_schema", prisma_schema),
    ("proxy_header", proxy_header),
    ("request", request),
    ("sql_migration", sql_migration),
    ("symptom", symptom),
    ("wire", wire),
];

/// The target of this name.
///
/// # Panics
///
/// Where there is none.
pub fn target(name: &str) -> fn(&[u8]) {
    let found = TARGETS.iter().find(|(known, _)| *known == name);
    found.unwrap_or_else(|| panic!("no target `{name}`; there are {:?}", TARGETS.map(|(known, _)| known))).1
}
