//! Reads ranges, and takes the time: decoding, statements, and the answer's text.

use serde::Serialize;
use tminus_user_graph::contract::EventPage;
use tminus_user_graph::reading_contract::FreeBusy;

use super::measure::{Bench, Platform, TRACE, reply, text};
use crate::steps;

/// What was read at once.
#[derive(Debug, Serialize)]
pub(super) struct Read {
    /// Milliseconds of each: the mean of so many in a row, since the clock shows whole ones only.
    ms: f64,
    /// Milliseconds of the first.
    first_ms: f64,
    /// Events of a page, or spans.
    items: usize,
    /// Of the answer.
    bytes: usize,
}

impl<P: Platform> Bench<'_, P> {
    /// The pages of a range.
    pub(super) async fn range(
        &self,
        day: i64,
        days: i64,
        limit: u32,
        pages: u32,
        times: u32,
    ) -> Result<Vec<Read>, String> {
        let mut all = Vec::new();
        let mut after = None;
        for _ in 0..pages {
            let sent = steps::list(day, days, limit, after).map_err(text)?;
            let (mut read, answer) = self.read(sent.0, &sent.1, times).await?;
            let page: EventPage = reply(&answer)?;
            read.items = page.events.len();
            all.push(read);
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        Ok(all)
    }

    /// When the person is free.
    pub(super) async fn free_busy(&self, day: i64, days: i64, times: u32) -> Result<Read, String> {
        let hours = steps::hours().map_err(text)?;
        self.object.handle(self.host, hours.0, TRACE, &hours.1).await;
        let (name, body) = steps::free_busy(day, days).map_err(text)?;
        let (mut read, answer) = self.read(name, &body, times).await?;
        read.items = reply::<FreeBusy>(&answer)?.busy.len();
        Ok(read)
    }

    /// Sends a command once, and so many times more; answers the last answer.
    pub(super) async fn read(&self, name: &str, body: &str, times: u32) -> Result<(Read, String), String> {
        let started = self.platform.clock();
        let answer = self.object.handle(self.host, name, TRACE, body).await;
        let first_ms = self.platform.clock() - started;
        let started = self.platform.clock();
        for _ in 0..times {
            self.object.handle(self.host, name, TRACE, body).await;
        }
        let ms = (self.platform.clock() - started) / f64::from(times.max(1));
        Ok((Read { ms, first_ms, items: 0, bytes: answer.len() }, answer))
    }
}
