//! Load on a server, and what comes of it.
//!
//! Requests are sent by the clock, whether or not others are answered (open loop), and each is measured from the moment
//! that it was due: what a stalled server keeps waiting is counted, and not left out because nobody asked meanwhile.
//!
//! `pace` says when, `sender` asks, `tally` counts, `outcome` says what it came to, `page` shows it in a browser.

mod chart;
mod outcome;
mod pace;
mod page;
mod sender;
mod tally;

pub use chart::{Chart, Line};
pub use outcome::{Judged, Outcome};
pub use page::page;
pub use sender::{LoadError, Manner, run};
pub use tally::Tally;
