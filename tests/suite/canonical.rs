//! One path, however it is spelled: matched, forwarded and logged.

use std::path::Path;
use std::process::Command;

use crate::house::Backend;
use crate::routing::hold_against;

/// Enough that each way to spell a byte meets each gated path.
const COUNT: usize = 4_000;

async fn express() -> Backend {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/backends/express/routes.js");
    Backend::serve(Command::new("node").arg(script)).await
}

#[tokio::test]
async fn no_spelling_of_a_gated_path_gets_past_its_gate_to_express() {
    let express = express().await;
    for (encoded_slash, seed) in [("reject", 1), ("keep", 2)] {
        let found = hold_against(&express, encoded_slash, COUNT, seed).await;
        assert!(found.leaks.is_empty(), "{encoded_slash}: {:#?}", found.leaks);
        assert!(found.gated > COUNT / 40, "the spellings mean something to Express: {}", found.gated);
        println!("{encoded_slash}: {} gated, {:?}, stricter {}", found.gated, found.statuses, found.strict.len());
    }
}
