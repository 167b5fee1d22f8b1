//! Ways to spell a path, among them those that have got past a gate somewhere.

use fastrand::Rng;

/// What is put in somewhere.
const INSERTED: [&[u8]; 22] = [
    b"/",
    b"//",
    b"/./",
    b"/.",
    b"/x/../",
    b"/x/%2e%2e/",
    b"/.%2E/",
    b"/%2e/",
    b"/..;/",
    b"/x/..;a=b/",
    b";",
    b";a=b",
    b"%2f",
    b"%2F",
    b"%5c",
    b"\\",
    b"%00",
    b"%0a",
    b"%20",
    b"\xc2\xa0",
    b"%252e",
    b".",
];

/// What is put at the end.
const APPENDED: [&[u8]; 28] = [
    b"/",
    b"//",
    b"/.",
    b"/x/..",
    b"?",
    b"?a=/../b",
    b"??",
    b"?#",
    b"#",
    b"#/../x",
    b"%3f",
    b"%23",
    b"%0a",
    b"%0D%0A",
    b"%00",
    b"%20",
    b"%09",
    b"%a0",
    b"\xa0",
    b"\xc2\xa0",
    b"%c2%85",
    b";",
    b";a",
    b"%3b",
    b".",
    b"%2e",
    b"/%2e",
    b"\\",
];

/// What is put in front.
const PREFIXED: [&[u8]; 12] =
    [b"/", b"//", b"//x", b"/.", b"/x/..", b"/%2e", b"/;", b"/..;", b"\\", b"%2f", b"http://HOST", b"HTTP://HOST/"];

/// Other spellings of a byte.
const REPLACED: [(u8, &[u8]); 20] = [
    (b'/', b"%2f"),
    (b'/', b"\\"),
    (b'/', b"%5C"),
    (b'/', b"%c0%af"),
    (b'/', b"\xc0\xaf"),
    (b'/', b"%e0%80%af"),
    (b'/', b"%u002f"),
    (b'/', b"%ef%bc%8f"),
    (b'/', b"%252f"),
    (b'/', b"//"),
    (b'.', b"%c0%ae"),
    (b'.', b"%u002e"),
    (b's', b"%c5%bf"),
    (b's', b"\xc5\xbf"),
    (b'k', b"%E2%84%AA"),
    (b'i', b"%c4%b1"),
    (b'i', b"%C4%B0"),
    (b'a', b"%u0061"),
    (b'a', b"%ef%bd%81"),
    (b'e', b"%65%cc%81"),
];

/// Spells `paths` in `count` ways, some of which are none; `HOST` in what comes is for the host. The same every time.
pub(crate) fn spellings(paths: &[&str], count: usize, seed: u64) -> Vec<Vec<u8>> {
    let mut rng = Rng::with_seed(seed);
    let mut all: Vec<Vec<u8>> = paths.iter().map(|path| path.as_bytes().to_vec()).collect();
    while all.len() < count {
        let mut path = rng.choice(paths).expect("a path").as_bytes().to_vec();
        for _ in 0..rng.usize(1..=4) {
            spell(&mut path, &mut rng);
        }
        // A blank or a line's end is another request: the corpus of raw requests has these.
        path.retain(|byte| *byte > b' ');
        all.push(path);
    }
    all.sort();
    all.dedup();
    rng.shuffle(&mut all);
    all
}

/// Spells one thing otherwise.
fn spell(path: &mut Vec<u8>, rng: &mut Rng) {
    let at = rng.usize(0..path.len().max(1));
    match rng.u8(0..8) {
        0 | 1 => {
            let Some(byte) = path.get(at).copied() else { return };
            let escape = if rng.bool() { format!("%{byte:02x}") } else { format!("%{byte:02X}") };
            path.splice(at..=at, escape.into_bytes());
        }
        2 => {
            let twice = |byte: u8| format!("%25{byte:02x}").into_bytes();
            let Some(byte) = path.get(at).copied() else { return };
            path.splice(at..=at, twice(byte));
        }
        3 => path.iter_mut().skip(at).step_by(rng.usize(1..3)).for_each(|byte| {
            *byte = if byte.is_ascii_lowercase() { byte.to_ascii_uppercase() } else { byte.to_ascii_lowercase() };
        }),
        4 => {
            let inserted = *rng.choice(&INSERTED).expect("some");
            path.splice(at..at, inserted.iter().copied());
        }
        5 => path.extend_from_slice(rng.choice(&APPENDED).expect("some")),
        6 => {
            let front = *rng.choice(&PREFIXED).expect("some");
            path.splice(0..0, front.iter().copied());
        }
        _ => {
            let (byte, spelled) = *rng.choice(&REPLACED).expect("some");
            if let Some(at) = path.iter().position(|found| *found == byte) {
                path.splice(at..=at, spelled.iter().copied());
            }
        }
    }
}
