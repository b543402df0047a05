//! Nothing outside is awaited for ever.

use std::pin::pin;
use std::time::Duration;

use futures::future::{Either, select};
use worker::Delay;

/// What `work` answers, or `None` if it takes longer than `millis`; it is dropped then.
pub(crate) async fn within<T>(millis: u32, work: impl Future<Output = T>) -> Option<T> {
    let limit = Delay::from(Duration::from_millis(u64::from(millis)));
    match select(pin!(work), pin!(limit)).await {
        Either::Left((answer, _)) => Some(answer),
        Either::Right(((), _)) => None,
    }
}
