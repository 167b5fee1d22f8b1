//! Headers that pass for others at a backend which hands them on as variables: to CGI and WSGI, `X_Tenant` and
//! `X-Tenant` are both `HTTP_X_TENANT`.

use http::{HeaderName, header};

use super::amendments::Amendments;
use crate::head::Fields;
use crate::wire::is_told_by_proxies;

/// What a backend may take the path from: gunicorn believes them from a proxy on its own machine, which we are, and
/// would route another path than the one that was decided.
const PATHS: [&str; 2] = ["script_name", "path_info"];

/// What frames a request, and who is asked.
const FRAMING: [HeaderName; 3] = [header::CONTENT_LENGTH, header::TRANSFER_ENCODING, header::HOST];

/// Has the backend told nothing that passes for a header that is decided by, that frames the request or that tells of
/// other proxies, nor what names another path; whoever sent it. `tenant` is the header that names the tenant.
pub(super) fn tell_nothing_of(fields: Fields<'_>, tenant: Option<&HeaderName>, amendments: &mut Amendments<'_>) {
    let underscored =
        fields.names().filter(|name| name.contains(&b'_')).filter_map(|name| HeaderName::from_bytes(name).ok());
    let passes_for_another = |name: &HeaderName| {
        let Ok(other) = HeaderName::try_from(name.as_str().replace('_', "-")) else { return false };
        PATHS.contains(&name.as_str())
            || FRAMING.contains(&other)
            || is_told_by_proxies(other.as_str().as_bytes())
            || tenant == Some(&other)
    };
    underscored.filter(passes_for_another).for_each(|name| amendments.remove(name));
}

#[cfg(test)]
mod tests {
    use pingora::http::RequestHeader;

    use super::*;

    #[test]
    fn only_what_passes_for_a_header_that_matters_is_taken_away() {
        let tenant = HeaderName::from_static("x-tenant");
        for (name, stays) in [
            ("script_name", false),
            ("path_info", false),
            ("x_forwarded_for", false),
            ("x-forwarded_proto", false),
            ("x_real_ip", false),
            ("content_length", false),
            ("transfer_encoding", false),
            ("x_tenant", false),
            ("x-tenant", true),
            ("api_key", true),
            ("x_request_id", true),
            ("script-name", true),
        ] {
            let mut request = RequestHeader::build("GET", b"/", None).expect("a request");
            request.append_header(name, "a").expect("a header");
            let mut amendments = Amendments::default();
            tell_nothing_of(Fields::Map(&request.headers), Some(&tenant), &mut amendments);
            assert_eq!(amendments.made_in(&request).headers.contains_key(name), stays, "{name}");
        }
    }
}
