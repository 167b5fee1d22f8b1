#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| schemagate_fuzz::wire(data));
