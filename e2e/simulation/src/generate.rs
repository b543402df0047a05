//! Histories from seeds.

use tminus_testkit::SeededRng;

use crate::model::{Answer, Calls, Op, Shape, Trouble, Twist};
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
    /// What the provider does its own way.
    pub habits: Habits,
    /// What happens.
    pub ops: Vec<Op>,
}

/// What a provider may do one way or another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Habits {
    /// Lists run backwards: exceptions come before their masters, and the newest change first.
    pub backwards: bool,
    /// A series that is deleted shows a row for each of its exceptions.
    pub tombstones: bool,
    /// Exceptions that their series no longer has are cancelled.
    pub cancels_orphans: bool,
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

    /// By how many minutes something moves.
    fn distance(&self) -> i16 {
        self.one_of(&[-1_440, -60, 30, 60, 90, 1_440, 2_880])
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
    let habits = Habits {
        backwards: dice.below(2) == 0,
        tombstones: dice.below(2) == 0,
        cancels_orphans: dice.below(2) == 0,
    };
    let length = LENGTH / 2 + dice.below(LENGTH);
    let mut mirror_edits = 0;
    let mut ops = Vec::new();
    // Something to work on.
    for _ in 0..=dice.below(4) {
        ops.push(match dice.below(3) {
            0 => Op::Create(dice.byte(), dice.hour(), dice.minutes(), dice.shape()),
            1 => Op::Repeat(dice.byte(), dice.hour(), dice.byte()),
            _ => Op::Invite(dice.byte(), dice.byte(), dice.hour(), dice.byte()),
        });
    }
    while (ops.len() as u64) < length {
        let op = one(&dice);
        if is_hand_on_mirror(op) {
            mirror_edits += 1;
            if mirror_edits > MIRROR_EDITS {
                continue;
            }
        }
        ops.push(op);
    }
    History { seed, accounts, unsettled, page_size, habits, ops }
}

const fn is_hand_on_mirror(op: Op) -> bool {
    matches!(
        op,
        Op::MoveMirror(..) | Op::DeleteMirror(..) | Op::MoveMirrorInstance(..) | Op::DeleteMirrorInstance(..)
    )
}

fn one(dice: &Dice) -> Op {
    match dice.below(100) {
        0..=39 => edit(dice),
        40..=42 => meddle(dice),
        43..=46 => Op::Deliver(dice.word()),
        47..=54 => Op::DeliverNext(1 + dice.byte() % 8),
        55..=60 => Op::Together(2 + dice.byte() % 5),
        61..=63 => Op::Redeliver(dice.word()),
        64..=65 => Op::Lose(dice.word()),
        66..=68 => Op::Push(dice.word()),
        69..=72 => Op::Pushes,
        73 => Op::LosePush(dice.word()),
        74..=76 => Op::Alarms,
        77..=78 => Op::Wait(dice.one_of(&[1, 2, 5, 12, 40, 70, 600, 3600])),
        79..=84 => Op::Live(dice.one_of(&[1, 3, 10, 30, 90, 600, 7200])),
        85..=88 => Op::Fault(calls(dice), trouble(dice), 1 + dice.byte() % 3),
        89 => Op::ExpireAccess(dice.byte()),
        90..=91 => Op::ExpireCursor(dice.byte()),
        92..=95 => Op::Crash(dice.byte() % 12, dice.side()),
        96 => Op::Restart(dice.below(2) == 0),
        97 => Op::Cron,
        98 => Op::Resync(dice.byte()),
        _ => match dice.below(2) {
            0 => Op::Unlink(dice.byte()),
            _ => Op::Relink(dice.byte()),
        },
    }
}

/// A human edits an own calendar.
fn edit(dice: &Dice) -> Op {
    match dice.below(40) {
        0..=5 => Op::Create(dice.byte(), dice.hour(), dice.minutes(), dice.shape()),
        6..=8 => Op::Repeat(dice.byte(), dice.hour(), dice.byte()),
        9..=10 => Op::Invite(dice.byte(), dice.byte(), dice.hour(), dice.byte()),
        11 => Op::InviteToInstance(dice.word(), dice.byte() % 8, dice.byte()),
        12..=14 => Op::Move(dice.word(), dice.hour(), dice.minutes(), dice.shape()),
        15..=16 => Op::Retitle(dice.word()),
        17 => Op::Free(dice.word()),
        18 => Op::Busy(dice.word()),
        19..=21 => Op::Delete(dice.word()),
        22..=23 => Op::Shift(dice.word(), dice.distance()),
        24..=25 => Op::Rerule(dice.word(), dice.byte()),
        26..=32 => Op::Twist(dice.word(), dice.byte() % 8, twist(dice)),
        33..=34 => Op::Restore(dice.word()),
        35..=36 => Op::Split(dice.word(), dice.byte() % 8, dice.distance()),
        37..=38 => {
            Op::Respond(dice.word(), dice.one_of(&[Answer::Accepted, Answer::Declined, Answer::Tentative]))
        }
        _ => match dice.below(2) {
            0 => Op::Nosync(dice.word()),
            _ => Op::Special(dice.byte(), dice.hour(), dice.byte()),
        },
    }
}

fn twist(dice: &Dice) -> Twist {
    match dice.below(9) {
        0..=2 => Twist::Move(dice.distance()),
        3 => Twist::Retitle,
        4..=5 => Twist::Cancel,
        6 => Twist::Decline,
        7 => Twist::Accept,
        _ => match dice.below(2) {
            0 => Twist::Free,
            _ => Twist::Nosync,
        },
    }
}

/// A human lays hands on an overlay.
fn meddle(dice: &Dice) -> Op {
    match dice.below(6) {
        0 => Op::MoveMirror(dice.byte(), dice.word()),
        1 => Op::DeleteMirror(dice.byte(), dice.word()),
        2 => Op::MoveMirrorInstance(dice.byte(), dice.word(), dice.byte() % 8),
        3 => Op::DeleteMirrorInstance(dice.byte(), dice.word(), dice.byte() % 8),
        4 => Op::CopyMirror(dice.byte(), dice.word()),
        _ => Op::Dismissing(dice.below(3) > 0),
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
