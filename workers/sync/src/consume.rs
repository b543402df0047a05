//! Consuming nudges: a calendar's page is fetched, or an account is maintained.

use tminus_ports::{Ports, Verdict};
use tminus_queues::{Message, Queue, SyncMessage, decode};
use tminus_registry::RegistrySql;
use tracing::Instrument as _;

use crate::{Config, fetch, maintain};

/// Consumes one nudge.
pub async fn consume<P: Ports + RegistrySql>(
    ports: &P,
    config: &Config,
    _queue: Queue,
    text: &str,
    attempts: u32,
) -> Verdict {
    let message: Message<SyncMessage> = match decode(text) {
        Ok(message) => message,
        Err(error) => return Verdict::of(&error),
    };
    let (id, trace, account) = (message.id, message.trace, message.body.account());
    let span = tracing::info_span!("nudge", worker = "sync", %trace, %account, message_id = %id, attempts);
    async {
        let done = match message.body {
            SyncMessage::Calendar { account, calendar, mark } => {
                fetch::page(ports, config, fetch::Nudge { account, calendar, mark, holder: id, trace }).await
            }
            SyncMessage::Maintain { account } => {
                maintain::account(ports, config, maintain::Nudge { account, holder: id, trace }).await
            }
        };
        match done {
            Ok(()) => Verdict::Ack,
            Err(error) if error.is_gone() => Verdict::Ack,
            Err(error) => Verdict::of(&error),
        }
    }
    .instrument(span)
    .await
}
