//! All targets in one program, for libFuzzer: the variable FUZZ names the one.

#![no_main]

use std::sync::LazyLock;

/// The target that FUZZ names.
static TARGET: LazyLock<fn(&[u8])> = LazyLock::new(|| {
    let name = std::env::var("FUZZ").unwrap_or_default();
    schemagate_fuzz::target(&name)
});

libfuzzer_sys::fuzz_target!(|data: &[u8]| TARGET(data));
