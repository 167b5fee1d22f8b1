//! Where a head has its parts, and what stands in them.

/// Where a head has its parts, as [`super::inspect`] finds them: by their places, so that a head can be moved, and one
/// outline serves one head after another.
#[derive(Debug, Default)]
pub struct Outline {
    method: Place,
    target: Place,
    /// Whether it is HTTP/1.0.
    is_http10: bool,
    fields: Vec<Field>,
}

/// From this byte to before that one. No head is as long as those reach.
#[derive(Debug, Clone, Copy, Default)]
struct Place(u32, u32);

#[derive(Debug, Clone, Copy)]
struct Field {
    name: Place,
    value: Place,
}

impl Place {
    fn new(start: usize, length: usize) -> Self {
        let at = |place| u32::try_from(place).unwrap_or(u32::MAX);
        Self(at(start), at(start + length))
    }

    const fn length(self) -> usize {
        (self.1 - self.0) as usize
    }

    fn of(self, head: &[u8]) -> &[u8] {
        head.get(self.0 as usize..self.1 as usize).unwrap_or_default()
    }
}

impl Outline {
    /// That of a head without anything.
    pub const NONE: Self = Self { method: Place(0, 0), target: Place(0, 0), is_http10: false, fields: Vec::new() };

    /// Begins with another head, whose request line stands at `start`.
    pub(super) fn begin(&mut self, start: usize, method: &[u8], target: &[u8], is_http10: bool) {
        self.method = Place::new(start, method.len());
        self.target = Place::new(start + method.len() + 1, target.len());
        self.is_http10 = is_http10;
        self.fields.clear();
    }

    /// The next field: its name at `start`, and its value so many bytes behind that.
    pub(super) fn field(&mut self, start: usize, name: usize, behind: usize, value: usize) {
        self.fields.push(Field { name: Place::new(start, name), value: Place::new(start + behind, value) });
    }
}

/// A head that [`super::inspect`] found nothing wrong with, part by part.
#[derive(Debug, Clone, Copy)]
pub struct Parts<'h> {
    head: &'h [u8],
    outline: &'h Outline,
}

impl<'h> Parts<'h> {
    /// Those of nothing.
    pub const NONE: Self = Self { head: &[], outline: &Outline::NONE };

    /// Those of the head that `outline` is of.
    pub const fn new(head: &'h [u8], outline: &'h Outline) -> Self {
        Self { head, outline }
    }

    /// Its method, as it was sent.
    pub fn method(self) -> &'h [u8] {
        self.outline.method.of(self.head)
    }

    /// Its target, as it was sent.
    pub fn target(self) -> &'h [u8] {
        self.outline.target.of(self.head)
    }

    /// Whether it is HTTP/1.0.
    pub const fn is_http10(self) -> bool {
        self.outline.is_http10
    }

    /// Its fields in the order of their coming, each with its value.
    pub fn fields(self) -> impl Iterator<Item = (&'h [u8], &'h [u8])> {
        self.outline.fields.iter().map(move |field| (field.name.of(self.head), field.value.of(self.head)))
    }

    /// The values of a field, whatever the letters of its name.
    pub fn values<'n>(self, name: &'n [u8]) -> impl Iterator<Item = &'h [u8]> + use<'h, 'n> {
        // Most names are told apart by their length.
        let is_it = move |field: &&Field| {
            field.name.length() == name.len() && field.name.of(self.head).eq_ignore_ascii_case(name)
        };
        self.outline.fields.iter().filter(is_it).map(move |field| field.value.of(self.head))
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Limits, inspect};
    use super::*;

    #[test]
    fn every_part_is_as_it_was_sent_and_an_outline_can_be_used_again() {
        let mut outline = Outline::default();
        for (before, version) in [("", "1.1"), ("\r\n", "1.0")] {
            let fields = "Accept:*/*\r\nhOsT: \t example.com \r\nX-Empty:\r\nX: \u{e9}:1\r\nX:2\r\n";
            let head = format!("{before}GET /a?b HTTP/{version}\r\n{fields}\r\n");
            inspect(head.as_bytes(), &Limits::default(), &mut outline).expect("a head");
            let parts = Parts::new(head.as_bytes(), &outline);
            assert_eq!(
                (parts.method(), parts.target(), parts.is_http10()),
                (&b"GET"[..], &b"/a?b"[..], version == "1.0")
            );
            let fields: Vec<_> = parts.fields().collect();
            let expected: [(&[u8], &[u8]); 5] = [
                (b"Accept", b"*/*"),
                (b"hOsT", b"example.com"),
                (b"X-Empty", b""),
                (b"X", b"\xc3\xa9:1"),
                (b"X", b"2"),
            ];
            assert_eq!(fields, expected);
            let values = |name: &str| parts.values(name.as_bytes()).map(<[u8]>::to_vec).collect::<Vec<_>>();
            assert_eq!(values("host"), [b"example.com"]);
            assert_eq!(values("x").len(), 2);
            assert_eq!(values("x-empty"), [b""]);
        }
        assert_eq!(Parts::NONE.fields().count(), 0);
        assert_eq!((Parts::NONE.method(), Parts::NONE.target()), (&b""[..], &b""[..]));
    }
}
