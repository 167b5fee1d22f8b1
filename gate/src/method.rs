//! Request methods, and sets of them.

/// A request's method.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Method<'a>(&'a str);

/// Methods that only read (RFC 9110, section 9.2.1).
const SAFE: [&str; 4] = ["GET", "HEAD", "OPTIONS", "TRACE"];

impl<'a> Method<'a> {
    /// A method as it stands in the request line; methods are case-sensitive.
    pub const fn new(name: &'a str) -> Self {
        Self(name)
    }

    /// The name as sent.
    pub const fn as_str(self) -> &'a str {
        self.0
    }

    /// Whether it is one of the two that may be sent once more, and that the last good answer is given to.
    pub fn is_get_or_head(self) -> bool {
        matches!(self.0, "GET" | "HEAD")
    }

    /// Whether a request with this method may change something.
    pub fn writes(self) -> bool {
        !SAFE.contains(&self.0)
    }
}

/// Methods that people mean (RFC 9110, RFC 5789, RFC 4918); another one is a slip more often than not.
#[rustfmt::skip] // Words in rows.
const KNOWN: [&str; 16] = [
    "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT",
    "PROPFIND", "PROPPATCH", "MKCOL", "COPY", "MOVE", "LOCK", "UNLOCK",
];

/// A set of known methods, small enough to be copied with an action.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct KnownMethods(u16);

impl KnownMethods {
    /// Every name that such a set may hold.
    pub const NAMES: [&'static str; 16] = KNOWN;

    /// The set of those among `names` that are known.
    pub fn new<'m>(names: impl IntoIterator<Item = &'m str>) -> Self {
        Self(names.into_iter().filter_map(Self::bit).fold(0, |set, bit| set | bit))
    }

    /// Whether a request with `method` belongs here. GET includes HEAD.
    pub fn contains(self, method: Method<'_>) -> bool {
        let holds = |name| Self::bit(name).is_some_and(|bit| self.0 & bit != 0);
        holds(method.0) || (method.0 == "HEAD" && holds("GET"))
    }

    fn bit(name: &str) -> Option<u16> {
        KNOWN.iter().position(|known| *known == name).map(|place| 1 << place)
    }
}

/// The methods of a route.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct MethodSet {
    names: Vec<Box<str>>,
    /// Those that are known: nearly every request is answered from here, and not from somewhere on the heap.
    known: KnownMethods,
}

impl MethodSet {
    /// A set of the named methods; an empty one stands for every method.
    pub fn new<'m>(names: impl IntoIterator<Item = &'m str>) -> Self {
        let names: Vec<Box<str>> = names.into_iter().map(Into::into).collect();
        let known = KnownMethods::new(names.iter().map(|name| &**name));
        Self { names, known }
    }

    /// Whether the set stands for every method.
    pub fn is_any(&self) -> bool {
        self.names.is_empty()
    }

    /// Whether a request with `method` belongs here. GET includes HEAD.
    pub fn contains(&self, method: Method<'_>) -> bool {
        let is_named = || match KnownMethods::bit(method.0) {
            Some(_) => self.known.contains(method),
            None => self.names.iter().any(|name| **name == *method.0),
        };
        self.is_any() || is_named()
    }

    /// Whether some request belongs to both sets and neither is the more specific one.
    pub(crate) fn conflicts_with(&self, other: &Self) -> bool {
        match (self.is_any(), other.is_any()) {
            (true, true) => true,
            (false, false) => {
                self.names.iter().any(|name| other.contains(Method(name)))
                    || other.names.iter().any(|name| self.contains(Method(name)))
            }
            _ => false,
        }
    }

    /// The named methods; empty for every method.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.names.iter().map(AsRef::as_ref)
    }
}
