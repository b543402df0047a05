//! Histories from seeds.

use tminus_testkit::SeededRng;

use crate::model::{Calls, Op, Shape, Trouble};
use crate::world::Side;

/// How many operations a history has.
const LENGTH: u64 = 40;
/// A mirror that people change more often in a day is given up: a rule, not a failure.
const MIRROR_EDITS: u32 = 3;

/// A history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct History {
    /// The seed of the world: ids, jitter, the order of interleavings.
    pub seed: u64,
    /// How many accounts.
    pub accounts: usize,
    /// Whether the operations begin before the accounts' first sync is done.
    pub unsettled: bool,
    /// The largest page that the provider answers.
    pub page_size: Option<usize>,
    /// What happens.
    pub ops: Vec<Op>,
}

struct Dice(SeededRng);

impl Dice {
    fn below(&self, bound: u64) -> u64 {
        self.0.below(bound)
    }

    fn byte(&self) -> u8 {
        self.below(256) as u8
    }

    fn word(&self) -> u16 {
        self.below(65_536) as u16
    }

    fn one_of<T: Copy>(&self, all: &[T]) -> T {
        all[self.below(all.len() as u64) as usize]
    }

    fn shape(&self) -> Shape {
        use Shape::{AllDay, Free, Private, Series, Tentative, Timed};
        self.one_of(&[Timed, Timed, Timed, Timed, AllDay, AllDay, Tentative, Free, Private, Series])
    }

    fn side(&self) -> Side {
        self.one_of(&[Side::Before, Side::After])
    }

    fn hour(&self) -> u16 {
        self.below(28 * 24) as u16
    }

    fn minutes(&self) -> u16 {
        self.one_of(&[0, 15, 30, 60, 60, 90, 24 * 60, 50 * 60])
    }
}

/// The history of this seed.
#[must_use]
pub fn history(seed: u64) -> History {
    let dice = Dice(SeededRng::new(seed ^ 0x5EED_0F0A_11BA_D1CE));
    let accounts = 2 + dice.below(2) as usize;
    let unsettled = dice.below(5) == 0;
    let page_size = (dice.below(3) == 0).then(|| 1 + dice.below(3) as usize);
    let length = LENGTH / 2 + dice.below(LENGTH);
    let mut mirror_edits = 0;
    let mut ops = Vec::new();
    // Something to work on.
    for _ in 0..=dice.below(4) {
        ops.push(Op::Create(dice.byte(), dice.hour(), dice.minutes(), dice.shape()));
    }
    while (ops.len() as u64) < length {
        let op = one(&dice);
        if matches!(op, Op::MoveMirror(..) | Op::DeleteMirror(..)) {
            mirror_edits += 1;
            if mirror_edits > MIRROR_EDITS {
                continue;
            }
        }
        ops.push(op);
    }
    History { seed, accounts, unsettled, page_size, ops }
}

fn one(dice: &Dice) -> Op {
    match dice.below(100) {
        0..=11 => Op::Create(dice.byte(), dice.hour(), dice.minutes(), dice.shape()),
        12..=18 => Op::Move(dice.word(), dice.hour(), dice.minutes(), dice.shape()),
        19..=21 => Op::Retitle(dice.word()),
        22 => Op::Free(dice.word()),
        23 => Op::Busy(dice.word()),
        24..=28 => Op::Delete(dice.word()),
        29 => Op::MoveMirror(dice.byte(), dice.word()),
        30 => Op::DeleteMirror(dice.byte(), dice.word()),
        31 => Op::CopyMirror(dice.byte(), dice.word()),
        32..=36 => Op::Deliver(dice.word()),
        37..=45 => Op::DeliverNext(1 + dice.byte() % 8),
        46..=53 => Op::Together(2 + dice.byte() % 5),
        54..=57 => Op::Redeliver(dice.word()),
        58..=60 => Op::Lose(dice.word()),
        61..=64 => Op::Push(dice.word()),
        65..=69 => Op::Pushes,
        70 => Op::LosePush(dice.word()),
        71..=74 => Op::Alarms,
        75..=77 => Op::Wait(dice.one_of(&[1, 2, 5, 12, 40, 70, 600, 3600])),
        78..=83 => Op::Live(dice.one_of(&[1, 3, 10, 30, 90, 600, 7200])),
        84..=88 => Op::Fault(calls(dice), trouble(dice), 1 + dice.byte() % 3),
        89 => Op::ExpireAccess(dice.byte()),
        90..=91 => Op::ExpireCursor(dice.byte()),
        92..=96 => Op::Crash(dice.byte() % 12, dice.side()),
        97 => Op::Restart(dice.below(2) == 0),
        98 => Op::Cron,
        _ => Op::Resync(dice.byte()),
    }
}

fn calls(dice: &Dice) -> Calls {
    use Calls::{Batch, CalendarInsert, CalendarList, Delete, Insert, List, Token, Update, Watch};
    dice.one_of(&[
        List,
        List,
        List,
        Batch,
        Batch,
        Batch,
        Insert,
        Update,
        Delete,
        Token,
        CalendarList,
        CalendarInsert,
        Watch,
    ])
}

fn trouble(dice: &Dice) -> Trouble {
    use Trouble::{AnswerLost, Error, RateLimited, TooMany, Unavailable, Unreached};
    dice.one_of(&[AnswerLost, AnswerLost, Error, RateLimited, TooMany, Unavailable, Unreached])
}
