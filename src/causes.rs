//! Why something failed, of errors that keep it in what they were caused by.

use std::error::Error;
use std::iter::successors;

/// What all others come of. What HTTP clients put around it says again what was asked for.
pub fn innermost(error: &(dyn Error + 'static)) -> String {
    causes(error).last().unwrap_or(error).to_string()
}

/// The error with all that it comes of, in one line.
pub fn chain(error: &(dyn Error + 'static)) -> String {
    causes(error).fold(error.to_string(), |line, cause| format!("{line}: {cause}"))
}

fn causes<'e>(error: &'e (dyn Error + 'static)) -> impl Iterator<Item = &'e (dyn Error + 'static)> {
    successors(error.source(), |&cause| cause.source())
}
