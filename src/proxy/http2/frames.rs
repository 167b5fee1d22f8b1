//! The frames that a client sends, by their headers alone (RFC 9113, section 4.1).

/// How long a client's preface is (RFC 9113, section 3.4).
const PREFACE: usize = 24;

/// What goes before each frame's content.
const HEADER: usize = 9;

const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const WINDOW_UPDATE: u8 = 8;
const CONTINUATION: u8 = 9;

const ACK_OR_END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;

/// Reads the frames of a connection in whatever pieces they come, and keeps no content.
#[derive(Debug)]
pub(super) struct Frames {
    /// What of the preface is to come.
    preface: usize,
    header: [u8; HEADER],
    /// How much of the header is there.
    came: usize,
    /// What of the present frame's content is to come.
    content: usize,
    /// Whether a request's header goes on after that.
    within_head: bool,
}

/// What a frame costs whoever gets it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Costs {
    /// A stream is taken back: what was begun for it was in vain.
    Reset,
    /// It has to be answered or read, and brings nothing.
    Work,
}

impl Frames {
    pub(super) const fn new() -> Self {
        Self { preface: PREFACE, header: [0; HEADER], came: 0, content: 0, within_head: false }
    }

    /// Whether a request's header has begun and not ended, or nothing has begun yet.
    pub(super) const fn is_within_head(&self) -> bool {
        self.preface > 0 || self.within_head
    }

    /// Reads on, and tells of each frame that costs more than it brings.
    pub(super) fn read(&mut self, mut bytes: &[u8], mut costs: impl FnMut(Costs)) {
        while let Some(rest) = self.step(bytes, &mut costs) {
            bytes = rest;
        }
    }

    /// Reads at most one part; `None` if nothing is left.
    fn step<'b>(&mut self, bytes: &'b [u8], costs: &mut impl FnMut(Costs)) -> Option<&'b [u8]> {
        if bytes.is_empty() {
            return None;
        }
        let part = if self.preface > 0 { &mut self.preface } else { &mut self.content };
        if *part > 0 {
            let (read, rest) = bytes.split_at(bytes.len().min(*part));
            *part -= read.len();
            self.end_frame();
            return Some(rest);
        }
        let (read, rest) = bytes.split_at(bytes.len().min(HEADER - self.came));
        let place = self.header.get_mut(self.came..self.came + read.len())?;
        place.copy_from_slice(read);
        self.came += read.len();
        if self.came == HEADER {
            let [long, longer, length, kind, flags, ..] = self.header;
            self.content = usize::from(long) << 16 | usize::from(longer) << 8 | usize::from(length);
            self.within_head |= kind == HEADERS;
            match (kind, flags & ACK_OR_END_STREAM == 0) {
                (RST_STREAM, _) => costs(Costs::Reset),
                (HEADERS | WINDOW_UPDATE | CONTINUATION, _) => {}
                (DATA, goes_on) => {
                    if self.content == 0 && goes_on {
                        costs(Costs::Work);
                    }
                }
                // An acknowledgement was asked for.
                (_, asks) => {
                    if asks {
                        costs(Costs::Work);
                    }
                }
            }
            self.end_frame();
        }
        Some(rest)
    }

    /// Makes ready for the next frame where the present one has ended.
    fn end_frame(&mut self) {
        let [.., kind, flags, _, _, _, _] = self.header;
        if self.content > 0 || self.came < HEADER {
            return;
        }
        self.came = 0;
        if matches!(kind, HEADERS | CONTINUATION) && flags & END_HEADERS != 0 {
            self.within_head = false;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn frame(kind: u8, flags: u8, content: &[u8]) -> Vec<u8> {
        let length = u8::try_from(content.len()).expect("a short one");
        [&[0, 0, length, kind, flags, 0, 0, 0, 1], content].concat()
    }

    fn read(frames: &mut Frames, bytes: &[u8], size: usize) -> Vec<Costs> {
        let mut found = Vec::new();
        for piece in bytes.chunks(size) {
            frames.read(piece, |costs| found.push(costs));
        }
        found
    }

    fn begun() -> Frames {
        let mut frames = Frames::new();
        assert!(frames.is_within_head());
        assert_eq!(read(&mut frames, &[b'P'; PREFACE], 7), []);
        assert!(!frames.is_within_head());
        frames
    }

    #[test]
    fn what_has_to_be_answered_or_brings_nothing_costs() {
        for (kind, flags, content, expected) in [
            (RST_STREAM, 0, &b"1234"[..], Some(Costs::Reset)),
            (6, 0, b"12345678", Some(Costs::Work)),
            (6, 1, b"12345678", None),
            (4, 0, b"", Some(Costs::Work)),
            (4, 1, b"", None),
            (2, 0, b"12345", Some(Costs::Work)),
            (0xbe, 0, b"grease", Some(Costs::Work)),
            (DATA, 0, b"", Some(Costs::Work)),
            (DATA, 1, b"", None),
            (DATA, 0, b"body", None),
            (WINDOW_UPDATE, 0, b"1234", None),
            (HEADERS, 5, b"\x82", None),
        ] {
            let found = read(&mut begun(), &frame(kind, flags, content), 100);
            assert_eq!(found, Vec::from_iter(expected), "{kind} {flags} {content:?}");
        }
    }

    #[test]
    fn a_header_lasts_from_its_first_frame_to_the_last_byte_of_the_one_that_ends_it() {
        let mut frames = begun();
        let bytes =
            [frame(HEADERS, 0, b"ab"), frame(CONTINUATION, 0, b""), frame(CONTINUATION, END_HEADERS, b"c")].concat();
        let lasts: Vec<bool> = bytes
            .chunks(1)
            .map(|byte| {
                frames.read(byte, |_| ());
                frames.is_within_head()
            })
            .collect();
        let from = lasts.iter().position(|within| *within).expect("it began");
        assert_eq!(from, HEADER - 1);
        assert_eq!(lasts.iter().filter(|within| **within).count(), bytes.len() - HEADER, "{lasts:?}");
        assert!(!frames.is_within_head());
    }

    proptest! {
        #[test]
        fn pieces_make_no_difference(bytes in prop::collection::vec(any::<u8>(), 0..200), size in 1_usize..20) {
            let (mut whole, mut pieces) = (begun(), begun());
            prop_assert_eq!(read(&mut whole, &bytes, 1000), read(&mut pieces, &bytes, size));
            prop_assert_eq!(whole.is_within_head(), pieces.is_within_head());
        }
    }
}
