//! Rule 22, meetings: what an account holds itself is no block there, and it holds what its own series has.

use tminus_simulation::Stage;

use crate::series::{answer, instance, starts, with_a_meeting};

/// The organizer answered an instance, which is an exception by that. The series is moved in both accounts, and the
/// provider keeps the exception: the guest's series does not have it any more.
#[test]
fn rule_22_what_a_moved_series_left_behind_is_held_by_no_series() {
    let (mut stage, id) = with_a_meeting(22);
    let both = [stage.emails[0].clone(), stage.emails[1].clone()];
    let move_by = |stage: &Stage, minutes: i64| {
        for email in &both {
            stage.world.google(|google| google.move_by(email, &id, minutes)).unwrap();
        }
    };
    answer(&stage, 0, &instance(&id, "03"), "accepted");
    stage.settle();
    assert_eq!(starts(&stage, 1), Vec::<String>::new());
    move_by(&stage, 60);
    stage.settle();
    assert_eq!(starts(&stage, 1), ["03T09"]);
    assert_eq!(starts(&stage, 0), Vec::<String>::new());
    move_by(&stage, -60);
    stage.settle();
    assert_eq!((starts(&stage, 0), starts(&stage, 1)), (Vec::new(), Vec::new()), "both have it again");
}

/// The same where only the guest's series is moved: the copy of the organizer is looked at again.
#[test]
fn rule_22_a_series_that_is_moved_by_its_guest_holds_other_occurrences() {
    let (mut stage, id) = with_a_meeting(22);
    let guest = stage.emails[1].clone();
    answer(&stage, 0, &instance(&id, "03"), "accepted");
    stage.settle();
    stage.world.google(|google| google.move_by(&guest, &id, 60)).unwrap();
    stage.settle();
    assert_eq!(starts(&stage, 1), ["03T09"]);
    stage.world.google(|google| google.move_by(&guest, &id, -60)).unwrap();
    stage.settle();
    assert_eq!(starts(&stage, 1), Vec::<String>::new());
}
