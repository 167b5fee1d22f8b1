//! What pingora's errors mean to a client.

use std::io;

use pingora::{Error, ErrorSource, ErrorType};

use crate::answer::UpstreamFailure;
use crate::wire::WireRefusal;

/// Whose fault it was that a request was not answered by a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Failing {
    /// The client left; there is nobody to answer.
    Gone,
    /// The client's request was malformed or did not come to its end: 400.
    Request(&'static str),
    /// The client's body could be read differently by others.
    Wire(WireRefusal),
    /// The server's, or the way to it: 502 or 504.
    Upstream(UpstreamFailure),
}

const TOO_SLOW: &str = "the request's body did not arrive in time";

/// Reads an error of pingora's.
pub(super) fn read(error: &Error) -> Failing {
    use ErrorType as E;
    if error.esource() == &ErrorSource::Downstream {
        if let Some(unfinished) = unfinished(error) {
            return unfinished;
        }
        return match error.etype() {
            E::InvalidHTTPHeader => Failing::Request("the request's header is malformed"),
            E::ReadTimedout => Failing::Request(TOO_SLOW),
            _ => Failing::Gone,
        };
    }
    Failing::Upstream(match error.etype() {
        E::ConnectRefused | E::ConnectError => UpstreamFailure::Refused,
        E::ConnectNoRoute | E::InternalError => UpstreamFailure::Unavailable,
        E::ConnectTimedout | E::TLSHandshakeTimedout => UpstreamFailure::ConnectTimeout,
        E::TLSHandshakeFailure | E::HandshakeError | E::InvalidCert => UpstreamFailure::Tls,
        E::ReadTimedout | E::WriteTimedout => UpstreamFailure::ResponseTimeout,
        _ => UpstreamFailure::Broken,
    })
}

/// Why a connection gives no more of a request's body, if it is there still.
fn unfinished(error: &Error) -> Option<Failing> {
    let error = error.root_cause().downcast_ref::<io::Error>()?;
    match error.get_ref().and_then(|cause| cause.downcast_ref::<WireRefusal>()) {
        Some(refusal) => Some(Failing::Wire(*refusal)),
        None => (error.kind() == io::ErrorKind::TimedOut).then_some(Failing::Request(TOO_SLOW)),
    }
}

/// Whether the connection broke, rather than what came over it.
pub(super) fn is_torn(error: &Error) -> bool {
    use ErrorType as E;
    error.esource() == &ErrorSource::Upstream
        && matches!(error.etype(), E::ReadError | E::WriteError | E::ConnectionClosed)
}

/// Whether nothing can have been sent: there was no connection yet.
pub(super) fn is_before_sending(failure: UpstreamFailure) -> bool {
    matches!(
        failure,
        UpstreamFailure::Refused
            | UpstreamFailure::ConnectTimeout
            | UpstreamFailure::Tls
            | UpstreamFailure::Unavailable
            | UpstreamFailure::Dns
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_that_left_is_not_answered() {
        for etype in [ErrorType::ReadError, ErrorType::WriteError, ErrorType::ConnectionClosed, ErrorType::ConnectError]
        {
            assert_eq!(read(&Error::new_down(etype)), Failing::Gone);
        }
    }

    #[test]
    fn a_malformed_request_is_the_clients_fault_and_a_malformed_answer_is_not() {
        assert!(matches!(read(&Error::new_down(ErrorType::InvalidHTTPHeader)), Failing::Request(_)));
        assert_eq!(read(&Error::new_up(ErrorType::InvalidHTTPHeader)), Failing::Upstream(UpstreamFailure::Broken));
    }

    #[test]
    fn every_way_of_not_connecting_has_its_word() {
        for (etype, failure) in [
            (ErrorType::ConnectRefused, "connection_refused"),
            (ErrorType::ConnectTimedout, "connection_timeout"),
            (ErrorType::TLSHandshakeFailure, "tls_protocol_error"),
            (ErrorType::InvalidCert, "tls_protocol_error"),
            (ErrorType::ReadTimedout, "http_response_timeout"),
            (ErrorType::ConnectionClosed, "http_response_incomplete"),
            (ErrorType::ConnectNoRoute, "destination_unavailable"),
        ] {
            let Failing::Upstream(read) = read(&Error::new_up(etype)) else { panic!("the server's fault") };
            assert_eq!(read.as_str(), failure);
        }
    }
}
