//! The dashboard's state as server-sent events.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::sse::{Event, KeepAlive, Sse};
use futures_util::stream::{Stream, unfold};
use tokio::sync::watch;
use tokio::time::{Instant, sleep, sleep_until};

use super::Admin;
use super::board::Board;
use super::bounds::STREAMS;
use super::problem::Problem;

/// How often what requests got is told, at least …
const SELDOM: Duration = Duration::from_secs(2);

/// … and how often at most, however often something is swapped.
const OFTEN: Duration = Duration::from_millis(200);

/// The whole of it at once, and again whenever a look changed something, and every two seconds.
pub(super) async fn events(
    State(admin): State<Admin>,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, Problem> {
    let place = Arc::clone(&admin.streams).try_acquire_owned().map_err(|_| {
        let detail =
            format!("{STREAMS} event streams are open, and there are no more; close one, or ask /api/v1/snapshot");
        Problem::new(StatusCode::TOO_MANY_REQUESTS, "streams", detail)
    })?;
    let swaps = admin.reader.swaps();
    let states = unfold((admin, swaps, place, None), |(admin, mut swaps, place, last)| async move {
        if let Some((at, generation)) = last {
            tokio::select! {
                () = sleep_until(at + SELDOM) => {}
                () = changed(&admin, &mut swaps, generation) => sleep(OFTEN).await,
            }
        }
        let told = (Instant::now(), generation(&admin));
        let event = Event::default().event("board").json_data(Board::of(&admin));
        let event = event.unwrap_or_else(|error| Event::default().comment(error.to_string()));
        Some((Ok(event), (admin, swaps, place, Some(told))))
    });
    Ok(Sse::new(states).keep_alive(KeepAlive::default()))
}

fn generation(admin: &Admin) -> u64 {
    admin.reader.pin().snapshot().generation()
}

/// Waits until something else is known than at `generation`: most looks change nothing, and a board is the whole of it.
async fn changed(admin: &Admin, swaps: &mut watch::Receiver<()>, known: u64) {
    while generation(admin) == known {
        if swaps.changed().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}
