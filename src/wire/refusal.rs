//! Every reason for which a request goes no further.

use core::fmt;

/// Declares the reasons, one a row: variant, word, status, sentence.
macro_rules! refusals {
    ($($variant:ident = $word:literal $status:literal $sentence:literal;)*) => {
        /// Why a request goes no further. After any of these nobody knows where the next request begins, so that the
        /// connection is closed.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum WireRefusal {
            $(#[doc = $sentence] $variant,)*
        }

        impl WireRefusal {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// One fixed word, for the log, metrics and `Proxy-Status`.
            pub const fn word(self) -> &'static str {
                match self { $(Self::$variant => $word),* }
            }

            /// The status of the answer.
            pub const fn status(self) -> u16 {
                match self { $(Self::$variant => $status),* }
            }

            /// A sentence for the client; it names nothing but the client's own bytes.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $sentence),* }
            }
        }
    };
}

refusals! {
    Incomplete = "incomplete" 400 "the request's head ends early";
    BareLf = "bare_lf" 400 "a line ends without a carriage return";
    BareCr = "bare_cr" 400 "a carriage return stands alone";
    ControlByte = "control_byte" 400 "the request has a control byte";
    BadRequestLine = "bad_request_line" 400 "the request line is not a method, a target and a version, one blank between each";
    BadMethod = "bad_method" 400 "the method is not a word of capital letters";
    BadVersion = "bad_version" 400 "the version is neither HTTP/1.1 nor HTTP/1.0";
    BadTarget = "bad_target" 400 "the target is neither a path nor the URL of one";
    UnescapedByte = "unescaped_byte" 400 "the target has a character that must be escaped";
    Fragment = "fragment" 400 "the target has a raw #";
    Userinfo = "userinfo" 400 "the target names a user";
    Asterisk = "asterisk" 400 "the target * is for OPTIONS alone";
    TargetTooLong = "target_too_long" 414 "the target is too long";
    MissingHost = "missing_host" 400 "the Host header is missing";
    RepeatedHost = "repeated_host" 400 "the Host header came more than once";
    BadHost = "bad_host" 400 "the Host header is not a host";
    HostConflict = "host_conflict" 400 "the Host header and the target name different hosts";
    BadFieldName = "bad_field_name" 400 "a header's name is missing or malformed";
    SpaceBeforeColon = "space_before_colon" 400 "a header has a blank before its colon";
    FoldedField = "folded_field" 400 "a header goes on in another line";
    FieldTooLarge = "field_too_large" 431 "a header is too large";
    TooManyFields = "too_many_fields" 431 "there are too many headers";
    HeadTooLarge = "head_too_large" 431 "the headers are too large together";
    BadLength = "bad_length" 400 "the Content-Length is not a number";
    RepeatedLength = "repeated_length" 400 "the Content-Length came more than once";
    LengthAndEncoding = "length_and_encoding" 400 "there are both a Content-Length and a Transfer-Encoding";
    UnknownEncoding = "unknown_encoding" 400 "the Transfer-Encoding is not chunked alone";
    RepeatedEncoding = "repeated_encoding" 400 "the Transfer-Encoding came more than once";
    EncodingInHttp10 = "encoding_in_http10" 400 "HTTP/1.0 has no Transfer-Encoding";
    LookAlike = "look_alike" 400 "a header with an underscore passes for one that frames the request";
    NominatedField = "nominated_field" 400 "the Connection header names one that the request cannot do without";
    BodyTooLarge = "body_too_large" 413 "the body is too large";
    UnknownExpectation = "unknown_expectation" 417 "only 100-continue can be expected";
    BadChunkSize = "bad_chunk_size" 400 "a chunk's size is malformed";
    BadChunkEnd = "bad_chunk_end" 400 "a chunk is longer or shorter than it says";
    ChunkExtensions = "chunk_extensions" 400 "the extensions of chunks are too long";
    BadTrailer = "bad_trailer" 400 "a trailer is malformed";
    TrailersTooLarge = "trailers_too_large" 431 "the trailers are too large";
}

impl fmt::Display for WireRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl core::error::Error for WireRefusal {}
