#![allow(warnings)]
use tminus_simulation::generate::{Habits, History};
use tminus_simulation::model::{Answer, Calls, Op::*, Shape, Trouble, Twist};
use tminus_simulation::run::run;
use tminus_simulation::world::Side::*;
#[test]
fn scratch() {
    let history = History {
        seed: 3032,
        accounts: 2,
        unsettled: true,
        page_size: Some(3),
        habits: Habits { backwards: true, tombstones: false, cancels_orphans: false },
        ops: vec![
            Create(7, 458, 30, Shape::Timed),
            Invite(136, 0, 66, 119),
            Repeat(156, 202, 158),
            Crash(6, After),
            Respond(51790, Answer::Declined),
            Invite(44, 145, 670, 143),
            Live(3),
            Create(182, 462, 60, Shape::Timed),
            Delete(50267),
            Invite(215, 43, 492, 76),
            InviteToInstance(5901, 7, 30),
            Shift(4291, -60),
        ],
    };
    println!("{:#?}", run(&history));
}
