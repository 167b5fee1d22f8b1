//! Types.

use gate::TypeName;
use sqlparser::ast::{ArrayElemTypeDef, DataType};
use sqlparser::parser::Parser;
use sqlparser::tokenizer::Token;

use super::bounds;
use super::cursor::{Cursor, plain};

/// A column's type; `None` if it cannot be told.
pub(super) fn type_name(ty: &DataType) -> Option<TypeName> {
    spelled(ty)?.parse().ok()
}

/// Types that fill themselves, and so accept no NULL.
const SERIAL: &[&str] = &["serial", "bigserial", "smallserial", "serial2", "serial4", "serial8"];

/// Whether a column of that type accepts no NULL by that alone.
pub(super) fn is_serial(ty: &DataType) -> bool {
    spelled(ty).is_some_and(|ty| SERIAL.contains(&&*ty.to_ascii_lowercase()))
}

fn spelled(ty: &DataType) -> Option<String> {
    Some(match ty {
        DataType::Array(ArrayElemTypeDef::SquareBracket(element, _) | ArrayElemTypeDef::Qualified(element, _)) => {
            format!("{}[]", spelled(element)?)
        }
        DataType::Custom(name, modifiers) => {
            let parts: Option<Vec<String>> = name
                .0
                .iter()
                .map(|part| {
                    let ident = part.as_ident()?;
                    let name = plain(ident)?;
                    // Without quotes a built-in type is known by its name, and in lower case with them
                    // too; but for "char", which is no `char`.
                    let is_plain = name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
                    Some(match ident.quote_style {
                        Some(_) if !is_plain || &*name == "char" => format!("\"{}\"", name.replace('"', "\"\"")),
                        _ => name.into(),
                    })
                })
                .collect();
            let mut parts = parts?;
            if parts.len() > 1 && parts.first().is_some_and(|schema| schema == "pg_catalog") {
                parts.remove(0);
            }
            let name = parts.join(".");
            if modifiers.is_empty() { name } else { format!("{name}({})", modifiers.join(",")) }
        }
        ty => ty.to_string().to_ascii_lowercase(),
    })
}

/// The types of a function's input arguments; `None` if they cannot be told.
pub(super) fn arguments(list: Cursor<'_>) -> Option<Vec<TypeName>> {
    list.items().filter_map(argument).collect()
}

/// One argument: its mode and its name may be left out. `None` if it is for output alone.
fn argument(mut item: Cursor<'_>) -> Option<Option<TypeName>> {
    if item.words("OUT") {
        return None;
    }
    if !item.any(&["IN OUT", "INOUT", "VARIADIC"]) {
        // `in` alone may also be half of nothing else: a type has no such name.
        item.words("IN");
    }
    let end = item.find("DEFAULT").or_else(|| find_mark(item, &Token::Eq));
    let item = end.map_or(item, |end| item.until(end));
    let read = |part: Cursor<'_>| bounds::parse(part, Parser::parse_data_type).as_ref().and_then(type_name);
    // `double precision` is a type, `id integer` a name and a type.
    let whole = read(item);
    let mut behind_name = item;
    behind_name.ident();
    Some(if behind_name.is_empty() { whole } else { whole.or_else(|| read(behind_name)) })
}

fn find_mark<'t>(item: Cursor<'t>, mark: &Token) -> Option<Cursor<'t>> {
    let mut cursor = item;
    while let Some(next) = cursor.peek() {
        if next == mark {
            return Some(cursor);
        }
        cursor.token();
    }
    None
}
