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

    /// Whether a request with this method may change something.
    pub fn writes(self) -> bool {
        !SAFE.contains(&self.0)
    }
}

/// The methods of a route.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct MethodSet(Vec<Box<str>>);

impl MethodSet {
    /// A set of the named methods; an empty one stands for every method.
    pub fn new<'m>(names: impl IntoIterator<Item = &'m str>) -> Self {
        Self(names.into_iter().map(Into::into).collect())
    }

    /// Whether the set stands for every method.
    pub fn is_any(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether a request with `method` belongs here. GET includes HEAD.
    pub fn contains(&self, method: Method<'_>) -> bool {
        self.is_any() || self.0.iter().any(|name| &**name == method.0 || (&**name == "GET" && method.0 == "HEAD"))
    }

    /// Whether some request belongs to both sets and neither is the more specific one.
    pub(crate) fn conflicts_with(&self, other: &Self) -> bool {
        match (self.is_any(), other.is_any()) {
            (true, true) => true,
            (false, false) => {
                self.0.iter().any(|name| other.contains(Method(name)))
                    || other.0.iter().any(|name| self.contains(Method(name)))
            }
            _ => false,
        }
    }

    /// The named methods; empty for every method.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(AsRef::as_ref)
    }
}
