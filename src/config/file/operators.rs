//! Who is an operator, as it is typed.

use crate::config::reader::table;
use crate::config::values::List;

table! {
    /// Operators, who get to the backend although others are kept out.
    OperatorsTable {
        /// What signs the passes of `schemagate pass create`; without it there are none. At least 32 characters.
        key: String,
        /// A file that holds the key.
        key_file: String,
        /// Clients that are operators by their address, also behind trusted proxies: addresses, ranges, or "private".
        from: List<String> = [],
        /// The routes, by name, that `from` is let in by; all if left out. A pass says its own.
        routes: List<String> = [],
    }
}
