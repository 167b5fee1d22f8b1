//! A schema that was written down, as it is typed.

use crate::config::reader::table;
use crate::config::values::List;

table! {
    /// What a lock holds must be in the database; more may be there. Tables, views, their columns with type and nullability, and enums with their values always count.
    LockTable {
        /// The lock, as `schemagate lock` wrote it. It is read when the configuration is.
        path: String = required,
        /// Only these tables of it, with their indexes and enums; `*` stands for any characters: "admin*". All of it if left out.
        tables: List<String>,
        /// Whether unique indexes must be there and valid, those of unique constraints and primary keys among them: ON CONFLICT fails without.
        unique: bool = true,
        /// Whether the other indexes must be there and valid; without them, requests are slow and right.
        indexes: bool = false,
        /// Whether constraints must be there and validated.
        constraints: bool = false,
        /// Whether functions must be there; not asked of a lock of which only some tables count.
        functions: bool = true,
        /// Whether extensions must be installed; not asked of a lock of which only some tables count.
        extensions: bool = true,
    }
}
