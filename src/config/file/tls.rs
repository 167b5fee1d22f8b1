//! TLS, as it is typed: to clients and to servers.

use std::time::Duration;

use crate::config::reader::table;
use crate::config::values::List;

table! {
    /// A TLS listener for HTTP/2 and HTTP/1.1.
    HttpsTable {
        /// "host:port" or "unix:/path".
        address: String = required,
        /// PEM file: the certificate, then its chain.
        cert: String = required,
        /// PEM file: the private key.
        key: String = required,
        /// More certificates, chosen by the name that a client asks for (SNI) among the names in them; for any other name there is `cert`.
        more: List<CertificateTable> = [],
        /// Whether requests over plain HTTP get 308 and the same address with https.
        redirect: bool = false,
        /// The port that clients reach this listener by, for those addresses.
        redirect_port: u16 = 443,
        /// For how long browsers are to use nothing but https (Strict-Transport-Security on every answer over TLS); none if left out.
        hsts: Duration,
        /// Whether that is said of all subdomains, too.
        hsts_subdomains: bool = false,
        /// Whether browsers' makers may build it in (hstspreload.org).
        hsts_preload: bool = false,
    }
}

table! {
    /// A certificate and its key.
    CertificateTable {
        /// PEM file: the certificate, then its chain.
        cert: String = required,
        /// PEM file: the private key.
        key: String = required,
    }
}

table! {
    /// TLS to the servers of an upstream.
    UpstreamTlsTable {
        /// The name asked for and verified; the server's host if left out.
        server_name: String,
        /// Whether the certificate is verified.
        verify: bool = true,
        /// PEM file: the roots that servers' certificates must lead to; the system's if left out.
        roots: String,
        /// PEM file: the certificate that is shown to servers that ask for one, then its chain.
        cert: String,
        /// PEM file: its private key.
        key: String,
    }
}
