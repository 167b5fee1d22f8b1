//! How operators overrule what is configured, as it is typed.

use std::time::Duration;

use gate::Skips;

use crate::config::reader::table;
use crate::config::values::{Either, List, Word, Words};

impl Words for Skips {
    const WORDS: &'static [(&'static str, Self)] =
        &[("needs", Self::Needs), ("windows", Self::Windows), ("both", Self::Both)];
}

table! {
    /// Bypasses: requests pass although something would keep them.
    BypassTable {
        /// Variables of the environment that switch a bypass on: "NAME=value" for needs, or a table.
        env: List<Either<String, EnvBypassTable>> = [],
        /// How long a bypass lasts that `schemagate bypass on` switches on, if that says nothing else.
        ttl: Duration = "30m",
    }
}

table! {
    /// A bypass that a variable of the environment switches on.
    EnvBypassTable {
        /// "NAME=value"; upper and lower case of the value are the same.
        env: String = required,
        /// What is passed over: "needs", maintenance "windows", or "both".
        skips: Word<Skips> = "needs",
        /// Routes that it is about; all if left out.
        routes: List<String> = [],
        /// Requirements that it is about; all if left out.
        requirements: List<String> = [],
        /// Tenants that it is about, by schema or as requests name them; all if left out.
        tenants: List<String> = [],
    }
}

table! {
    /// Orders of the operators that stand in no configuration.
    ControlTable {
        /// A file of bypasses, windows and holds that is watched: for fleets, where Kubernetes brings it as a ConfigMap.
        file: String,
        /// Where orders of commands and of the API are kept over a restart.
        state: String = "schemagate.state.json",
    }
}
