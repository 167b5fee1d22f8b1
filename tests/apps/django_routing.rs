//! What Django's own router takes for a gated path.

use std::process::Command;

use crate::house::Backend;
use crate::project::{beside, home};
use crate::routing::hold_against;

const COUNT: usize = 4_000;

#[tokio::test]
async fn no_spelling_of_a_gated_path_gets_past_its_gate_to_django() {
    let python = home("django-tenants").join(".venv/bin/python");
    let django = Backend::serve(Command::new(python).arg(beside().join("routing/routes.py"))).await;
    for (encoded_slash, seed) in [("reject", 3), ("keep", 4)] {
        let found = hold_against(&django, encoded_slash, COUNT, seed).await;
        assert!(found.leaks.is_empty(), "{encoded_slash}: {:#?}", found.leaks);
        assert!(found.gated > COUNT / 40, "the spellings mean something to Django: {}", found.gated);
        println!("{encoded_slash}: {} gated, {:?}, stricter {}", found.gated, found.statuses, found.strict.len());
    }
}
