//! The dashboard's state as server-sent events.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::sse::{Event, KeepAlive, Sse};
use futures_util::stream::{Stream, unfold};
use gate::Verdict;
use tokio::time::{Instant, sleep};

use super::Admin;
use super::board::Board;
use super::bounds::STREAMS;
use super::incidents::Incident;
use super::problem::Problem;
use crate::metrics::Taken;

/// How often it is told at least: ages, and what ends by the clock, change by themselves.
const SELDOM: Duration = Duration::from_secs(10);

/// How often at most what requests got and what grew old is told.
const NOW_AND_THEN: Duration = Duration::from_secs(1);

/// A look that changes something is often followed by another one: they are told together.
const TOGETHER: Duration = Duration::from_millis(200);

/// What is told anew when it differs; looks that change nothing are made every second and told nobody.
#[derive(Debug, PartialEq)]
struct News {
    generation: u64,
    verdicts: Vec<Verdict>,
    taken: Vec<Taken>,
    incidents: Vec<Incident>,
}

impl News {
    fn of(admin: &Admin) -> Self {
        let (live, now) = (admin.reader.pin(), admin.reader.now());
        let verdicts = live.rules().declared().map(|(id, _)| live.snapshot().verdict(id, now));
        Self {
            generation: live.snapshot().generation(),
            verdicts: verdicts.collect(),
            taken: admin.metrics.taken(),
            incidents: admin.incidents.list(),
        }
    }
}

/// Waits until there is something to tell by one who was told `told` at `last`.
async fn next(admin: &Admin, told: &News, last: Instant) {
    loop {
        let changed = admin.reader.changed();
        if admin.reader.pin().snapshot().generation() != told.generation {
            return sleep(TOGETHER).await;
        }
        tokio::select! {
            () = changed => {}
            () = sleep(NOW_AND_THEN) => {
                if last.elapsed() >= SELDOM || News::of(admin) != *told {
                    return;
                }
            }
        }
    }
}

/// The whole of it at once, again whenever a look changed something, once a second while requests come, and every ten.
pub(super) async fn events(
    State(admin): State<Admin>,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, Problem> {
    let place = Arc::clone(&admin.streams).try_acquire_owned().map_err(|_| {
        let detail =
            format!("{STREAMS} event streams are open, and there are no more; close one, or ask /api/v1/snapshot");
        Problem::new(StatusCode::TOO_MANY_REQUESTS, "streams", detail)
    })?;
    let states = unfold((admin, place, None::<(News, Instant)>), |(admin, place, told)| async move {
        if let Some((told, last)) = &told {
            next(&admin, told, *last).await;
        }
        let told = (News::of(&admin), Instant::now());
        let event = Event::default().event("board").json_data(Board::of(&admin));
        let event = event.unwrap_or_else(|error| Event::default().comment(error.to_string()));
        Some((Ok(event), (admin, place, Some(told))))
    });
    Ok(Sse::new(states).keep_alive(KeepAlive::default()))
}
