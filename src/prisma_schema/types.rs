//! The types that Prisma gives to columns in PostgreSQL.
//!
//! Source: Prisma's PostgreSQL connector reference (Prisma 6).

use gate::TypeName;

use super::schema::{Enum, Field};

/// The type of a column whose field says no more than its own.
const DEFAULTS: &[(&str, &str)] = &[
    ("String", "text"),
    ("Boolean", "boolean"),
    ("Int", "integer"),
    ("BigInt", "bigint"),
    ("Float", "double precision"),
    ("Decimal", "numeric(65,30)"),
    ("DateTime", "timestamp(3)"),
    ("Json", "jsonb"),
    ("Bytes", "bytea"),
];

/// The type that `@db.…` names, where PostgreSQL calls it otherwise.
const NATIVE: &[(&str, &str)] = &[("DoublePrecision", "double precision"), ("JsonB", "jsonb"), ("ByteA", "bytea")];

/// The type that the column of a field should have; `None` if it cannot be told.
pub(super) fn expected(field: &Field, enumeration: Option<&Enum>) -> Option<TypeName> {
    let ty = field.ty.as_deref()?;
    let base = match (enumeration, &field.native) {
        // Whichever schema the enum is in: its values are held against it there.
        (Some(found), _) => format!("\"{}\"", found.map.as_deref().unwrap_or(&found.name).replace('"', "\"\"")),
        (None, Some((native, arguments))) => {
            let name = NATIVE.iter().find(|(name, _)| *name == &**native).map(|(_, ty)| (*ty).to_owned());
            let name = name.unwrap_or_else(|| native.to_ascii_lowercase());
            if arguments.is_empty() { name } else { format!("{name}({})", arguments.join(",")) }
        }
        (None, None) => DEFAULTS.iter().find(|(name, _)| *name == ty).map(|(_, ty)| (*ty).to_owned())?,
    };
    format!("{base}{}", if field.list { "[]" } else { "" }).parse().ok()
}
