//! Delivering messages, pushes and alarms, and letting the world settle.

use std::rc::Rc;

use tminus_domain::time::Timestamp;
use tminus_ports::{Verdict, fresh_id, fresh_nonce};
use tminus_queues::{Body as _, Message, Queue, Rejected, retry_delay_seconds};
use tminus_webhook::PushRequest;

use super::inner::alarm;
use super::provider::Pushed;
use super::queues::spec;
use super::task::{Step, Task};
use super::{Hand, HandlerPorts, Outcome, Queued, World};

/// More steps than any honest settling takes: beyond it something goes round in circles.
pub const MAX_STEPS: u32 = 20_000;
/// How often the provider sends a push again, and the first pause.
const PUSH_RETRIES: u32 = 4;
const PUSH_RETRY_MS: i64 = 500;
/// How long after a delivery the next one happens: nothing is infinitely fast.
const STEP_MS: i64 = 3;

/// How settling ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Idle {
    /// Nothing is on its way and no alarm is armed before the bound.
    Settled,
    /// Something was still on its way at the bound.
    Busy,
}

impl World {
    /// The messages that can be delivered now, in the order of their sending.
    #[must_use]
    pub fn ready(&self) -> Vec<u64> {
        self.inner.queues.ready(self.now())
    }

    /// Everything that waits on a queue.
    #[must_use]
    pub fn waiting(&self) -> Vec<Queued> {
        self.inner.queues.waiting()
    }

    /// Every message that was ever delivered: the binding of its queue and its text.
    #[must_use]
    pub fn delivered(&self) -> Vec<(&'static str, String)> {
        self.inner.queues.delivered()
    }

    /// The pushes that can be delivered now.
    #[must_use]
    pub fn pushes(&self) -> Vec<u64> {
        self.inner.provider.ready(self.now())
    }

    /// Delivers a message and runs its handler to the end.
    pub fn deliver(&mut self, seq: u64) {
        self.start(seq);
        self.finish();
    }

    /// Puts a text on a queue again, as it was delivered before.
    pub fn redeliver(&self, binding: &'static str, text: String) {
        let not_before = self.now();
        self.inner.queues.put(Queued { seq: 0, binding, text, attempts: 0, not_before });
    }

    /// Loses a waiting message.
    pub fn lose(&self, seq: u64) {
        self.inner.queues.lose(seq);
    }

    /// Starts the handler of a message. It goes on with [`World::finish`], among others that were started.
    pub fn start(&mut self, seq: u64) {
        let Some(message) = self.inner.queues.take(seq) else { return };
        let (ports, crashed) = self.ports();
        let in_hand = message.clone();
        let work = Box::pin(async move {
            let verdict = consume(&ports, &message).await;
            let delay_s = retry_delay_seconds(message.attempts, fresh_nonce::<1>(&ports)[0]);
            Outcome::Message(message, verdict, delay_s)
        });
        self.tasks.push((Hand::Message(in_hand), Task::new(work, crashed)));
    }

    /// Delivers a push to the webhook.
    pub fn deliver_push(&mut self, seq: u64) {
        let Some(pushed) = self.inner.provider.take(seq) else { return };
        let (ports, crashed) = self.ports();
        let in_hand = Box::new(pushed.clone());
        let work = Box::pin(async move {
            let request =
                PushRequest { method: "POST".to_owned(), headers: pushed.push.headers.clone(), body_len: 0 };
            let answer = tminus_webhook::receive(&ports, &ports.inner.webhook, request).await;
            Outcome::Push(Box::new(pushed), answer.status)
        });
        self.tasks.push((Hand::Push(in_hand), Task::new(work, crashed)));
        self.finish();
    }

    /// The status that each delivered push was answered with, in order.
    #[must_use]
    pub fn push_answers(&self) -> &[u16] {
        &self.push_answers
    }

    /// Loses a push for good. Only a later push of the same calendar tells of its change.
    pub fn lose_push(&mut self, seq: u64) {
        let lost = self.inner.provider.take(seq);
        self.pushes_lost += u64::from(lost.is_some_and(|pushed| pushed.push.state == "exists"));
    }

    /// Loses every push that is on its way, now or later.
    pub fn lose_all_pushes(&mut self) {
        for push in self.inner.provider.all() {
            self.lose_push(push);
        }
    }

    /// Whether pushes were lost for good.
    #[must_use]
    pub const fn lost_pushes(&self) -> bool {
        self.pushes_lost > 0
    }

    /// One push by hand on every live channel: what the daily reconcile will make up for.
    pub fn push_all(&mut self) {
        self.google(|google| {
            let channels: Vec<_> = google.channels.values().cloned().collect();
            for channel in channels {
                google.push_by_hand(&channel, "exists");
            }
        });
        self.pushes_lost = 0;
    }

    /// Runs every alarm that is due; answers how many.
    pub fn run_alarms(&mut self) -> usize {
        let now = self.now();
        let mut due: Vec<_> = self.inner.slots();
        due.retain(|(_, slot)| slot.alarm.get().is_some_and(|at| at <= now));
        for (_, slot) in &due {
            self.start_alarm(slot);
            self.finish();
        }
        due.len()
    }

    fn start_alarm(&mut self, slot: &Rc<super::objects::Slot>) {
        let (inner, slot) = (Rc::clone(&self.inner), Rc::clone(slot));
        let work = Box::pin(async move {
            alarm(inner, slot).await;
            Outcome::Done
        });
        self.tasks.push((Hand::Nothing, Task::new(work, Rc::default())));
    }

    /// Runs the cron Worker.
    pub fn run_cron(&mut self) {
        let (ports, crashed) = self.ports();
        let work = Box::pin(async move {
            // What it could not do, the next run does.
            let _ = tminus_cron::run(&ports).await;
            Outcome::Done
        });
        self.tasks.push((Hand::Nothing, Task::new(work, crashed)));
        self.finish();
    }

    /// Delivers these messages at once, their handlers interleaved at every effect in an order of the seed.
    pub fn deliver_together(&mut self, seqs: &[u64]) {
        self.inner.interleaved.set(true);
        for seq in seqs {
            self.start(*seq);
        }
        self.finish();
        self.inner.interleaved.set(false);
    }

    /// Runs everything that was started to its end, to its crash, or to where it is held.
    ///
    /// # Panics
    /// If a handler never ends.
    pub fn finish(&mut self) {
        let mut polls = 0_u32;
        while !self.tasks.is_empty() {
            polls += 1;
            assert!(polls < MAX_STEPS, "a handler never ends");
            let at = if self.tasks.len() == 1 { 0 } else { self.below(self.tasks.len()) };
            let step = self.tasks[at].1.step();
            match step {
                Step::Waiting => {
                    if let Some(gate) = self.inner.traps.caught() {
                        let (hand, task) = self.tasks.swap_remove(at);
                        self.held.push((gate, hand, task));
                    }
                }
                Step::Done(outcome) => {
                    self.tasks.swap_remove(at);
                    self.conclude(outcome);
                }
                Step::Crashed => {
                    let (hand, task) = self.tasks.swap_remove(at);
                    drop(task);
                    self.drop_hand(hand);
                }
            }
        }
        self.inner.clock.advance_millis(STEP_MS);
    }

    fn conclude(&mut self, outcome: Outcome) {
        let now = self.now();
        match outcome {
            Outcome::Done => {}
            Outcome::Message(message, verdict, delay_s) => {
                let letter = |original: &str| match &verdict {
                    Verdict::Reject { reason } => self.letter(reason, original),
                    _ => original.to_owned(),
                };
                self.inner.queues.settle(message, &verdict, delay_s, now, letter);
            }
            Outcome::Push(pushed, status) => {
                self.push_answers.push(status);
                if matches!(status, 500 | 502 | 503 | 504) {
                    self.push_failed(*pushed);
                }
            }
        }
    }

    /// The text of a refused message as the consumers' shell puts it on a dead-letter queue.
    fn letter(&self, reason: &str, original: &str) -> String {
        let (ports, _) = self.ports();
        let body = Rejected { rejected: reason.to_owned(), original: original.to_owned() };
        let message = Message {
            v: Rejected::VERSION,
            id: fresh_id(&ports),
            trace: fresh_id(&ports),
            enqueued_at: self.now(),
            body,
        };
        serde_json::to_string(&message).expect("a letter encodes")
    }

    pub(super) fn drop_hand(&self, hand: Hand) {
        match hand {
            Hand::Message(message) => self.inner.queues.again(message, self.now()),
            Hand::Push(pushed) => self.push_failed(*pushed),
            Hand::Nothing => {}
        }
    }

    fn push_failed(&self, mut pushed: Pushed) {
        // Given up, the push counts as delivered: its calendar may have been marked dirty all the same.
        if pushed.failed < PUSH_RETRIES {
            pushed.not_before = self.now().plus_millis(PUSH_RETRY_MS << pushed.failed);
            pushed.failed += 1;
            self.inner.provider.put(pushed);
        }
    }

    /// When something happens next by itself: a message, a push or an alarm.
    #[must_use]
    pub fn next_event(&self) -> Option<Timestamp> {
        let alarms = self.inner.slots().into_iter().filter_map(|(_, slot)| slot.alarm.get());
        alarms.chain(self.inner.queues.next()).chain(self.inner.provider.next()).min()
    }

    /// Does one thing that can be done now, the oldest first; `false` if there is none.
    pub fn step(&mut self) -> bool {
        if let Some(seq) = self.pushes().first() {
            self.deliver_push(*seq);
        } else if let Some(seq) = self.ready().first() {
            self.deliver(*seq);
        } else if self.run_alarms() == 0 {
            return false;
        }
        true
    }

    /// Lets the world go on by itself until nothing is on its way any more, for at most `bound_ms` of its time.
    ///
    /// # Panics
    /// If it does more than [`MAX_STEPS`] things.
    pub fn settle(&mut self, bound_ms: i64) -> Idle {
        let end = self.now().plus_millis(bound_ms);
        for _ in 0..MAX_STEPS {
            if self.step() {
                continue;
            }
            match self.next_event() {
                None => return Idle::Settled,
                Some(next) if next > end => {
                    self.inner.clock.set(end);
                    let messages = !self.waiting().is_empty() || self.inner.provider.next().is_some();
                    return if messages { Idle::Busy } else { Idle::Settled };
                }
                Some(next) => self.inner.clock.set(next.max(self.now())),
            }
        }
        panic!("the world goes round in circles: {:?}", self.waiting().first());
    }
}

/// Hands a message to its consumer.
async fn consume(ports: &HandlerPorts, message: &Queued) -> Verdict {
    let Some((spec, is_letter)) = spec(message.binding) else {
        return Verdict::Reject { reason: "no such queue".to_owned() };
    };
    let (inner, text, attempts) = (&ports.inner, message.text.as_str(), message.attempts);
    if is_letter {
        return tminus_dead_letter::consume(ports, spec.dlq_name, text, attempts).await;
    }
    match spec.queue {
        queue @ (Queue::Sync | Queue::Backfill) => {
            tminus_sync::consume(ports, &inner.sync, queue, text, attempts).await
        }
        queue @ (Queue::Delta | Queue::DeltaBulk) => {
            tminus_canonicalize::consume(ports, queue, text, attempts).await
        }
        queue @ (Queue::Mirror | Queue::MirrorBulk) => {
            tminus_mirror::consume(ports, &inner.mirror, queue, text, attempts).await
        }
    }
}
