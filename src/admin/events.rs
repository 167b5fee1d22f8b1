//! The dashboard's state as server-sent events.

use std::convert::Infallible;
use std::time::Duration;

use axum::extract::State;
use axum::response::sse::{Event, KeepAlive, Sse};
use futures_util::stream::{Stream, unfold};
use tokio::time::{Instant, sleep, sleep_until};

use super::Admin;
use super::board::Board;

/// How often what requests got is told, at least …
const SELDOM: Duration = Duration::from_secs(2);

/// … and how often at most, however often something is swapped.
const OFTEN: Duration = Duration::from_millis(200);

/// The whole of it at once, and again whenever a look changed something, and every two seconds.
pub(super) async fn events(State(admin): State<Admin>) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let swaps = admin.reader.swaps();
    let states = unfold((admin, swaps, None::<Instant>), |(admin, mut swaps, last)| async move {
        if let Some(last) = last {
            tokio::select! {
                () = sleep_until(last + SELDOM) => {}
                Ok(()) = swaps.changed() => sleep(OFTEN).await,
            }
        }
        swaps.mark_unchanged();
        let event = Event::default().event("board").json_data(Board::of(&admin));
        let event = event.unwrap_or_else(|error| Event::default().comment(error.to_string()));
        Some((Ok(event), (admin, swaps, Some(Instant::now()))))
    });
    Sse::new(states).keep_alive(KeepAlive::default())
}
