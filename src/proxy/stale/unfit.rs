//! Why an answer is not kept, or why there is none to be given.

/// Why an answer is not kept, or why there is none to be given: the word in metrics.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::proxy) enum Unfit {
    /// Nothing was kept for this request, or it had to make room.
    Absent,
    /// What was kept is older than it may be.
    TooOld,
    /// Another method than GET, or than GET and HEAD.
    Method,
    /// It bears `Authorization` or `Cookie`, and the key does not name them.
    Credentials,
    /// It asks for a part.
    Range,
    /// It has a precondition that only the backend can judge.
    Precondition,
    /// It has a body.
    Body,
    /// It nominates headers that the backend will not see, or asks for another protocol.
    Connection,
    /// `no-store`, said by either side.
    NoStore,
    /// `private`
    Private,
    /// `no-cache`
    NoCache,
    /// `must-revalidate`, `proxy-revalidate` or `s-maxage`, and no time in which it is fresh.
    Revalidate,
    /// It sets a cookie.
    SetCookie,
    /// It varies by something that is not in the key.
    Vary,
    /// Not a status that is good for another time.
    Status,
    /// Its end is that of the connection: no telling whether it is whole.
    Framing,
    /// It broke off.
    Broken,
    /// It is larger than one answer may be.
    TooLarge,
    /// Too much is being read at once.
    Crowded,
    /// While it came, its route stopped being ready, or the resource was changed.
    Overtaken,
}

impl Unfit {
    /// The word in metrics.
    pub(in crate::proxy) const fn as_str(self) -> &'static str {
        match self {
            Self::Absent => "absent",
            Self::TooOld => "too_old",
            Self::Method => "method",
            Self::Credentials => "credentials",
            Self::Range => "range",
            Self::Precondition => "precondition",
            Self::Body => "body",
            Self::Connection => "connection",
            Self::NoStore => "no_store",
            Self::Private => "private",
            Self::NoCache => "no_cache",
            Self::Revalidate => "revalidate",
            Self::SetCookie => "set_cookie",
            Self::Vary => "vary",
            Self::Status => "status",
            Self::Framing => "framing",
            Self::Broken => "broken",
            Self::TooLarge => "too_large",
            Self::Crowded => "crowded",
            Self::Overtaken => "overtaken",
        }
    }
}
