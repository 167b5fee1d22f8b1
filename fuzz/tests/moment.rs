//! Each target for a moment, from its seeds and from what chance makes of them: what `make fuzz` does for long and
//! with instruments.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a panic is how a test fails; clippy.toml's leave for tests does not reach their fixtures"
)]

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use schemagate_fuzz::TARGETS;

const EACH: Duration = Duration::from_millis(1500);
const LONGEST: usize = 8192;

fn seeds(target: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("seeds").join(target);
    let entries = fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.expect("an entry").path()).collect();
    files.sort();
    files.iter().map(|file| fs::read(file).expect("a seed")).collect()
}

/// Takes out, doubles, flips or writes in bytes, or puts two inputs together.
fn change(bytes: &mut Vec<u8>, others: &[Vec<u8>], dice: &mut fastrand::Rng) {
    let at = dice.usize(..=bytes.len());
    let end = (at + dice.usize(..32)).min(bytes.len());
    match dice.u8(..6) {
        0 => drop(bytes.drain(at..end)),
        1 => {
            let part = bytes[at..end].to_vec();
            bytes.splice(at..at, part);
        }
        2 if at < bytes.len() => bytes[at] ^= 1 << dice.u8(..8),
        3 => bytes.insert(at, dice.u8(..)),
        4 => {
            let odd =
                [&b"%2e"[..], b"/", b"\"", b"'", b"(", b"$$", b"--", b"\n", b"\0", b"\xff", b"{", b"[[", b"${", b"\\"];
            bytes.splice(at..at, odd[dice.usize(..odd.len())].iter().copied());
        }
        _ => {
            let other = &others[dice.usize(..others.len())];
            let from = dice.usize(..=other.len());
            bytes.truncate(at);
            bytes.extend_from_slice(&other[from..]);
        }
    }
    bytes.truncate(LONGEST);
}

fn run(name: &str, target: fn(&[u8]), input: &[u8]) {
    let found = std::panic::catch_unwind(|| target(input));
    assert!(found.is_ok(), "{name} fails on {:?}", String::from_utf8_lossy(input));
}

#[test]
fn no_target_fails_on_its_seeds_or_on_what_chance_makes_of_them() {
    for (name, target) in TARGETS {
        let seeds = seeds(name);
        assert!(!seeds.is_empty(), "{name} has no seeds");
        for seed in &seeds {
            run(name, target, seed);
        }
        let mut dice = fastrand::Rng::with_seed(7);
        let (start, mut runs) = (Instant::now(), 0);
        while start.elapsed() < EACH {
            let mut input = seeds[dice.usize(..seeds.len())].clone();
            for _ in 0..dice.usize(1..6) {
                change(&mut input, &seeds, &mut dice);
            }
            run(name, target, &input);
            runs += 1;
        }
        println!("{name}: {runs} inputs");
    }
}
