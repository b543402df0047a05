//! The life of a mirror, history by history.

use super::*;

fn hash(text: &str) -> ProjectionHash {
    ProjectionHash::from_text(text)
}
fn written(text: &str) -> Fact {
    Fact::Written { hash: hash(text), etag: format!("e-{text}"), updated: Some(NOW) }
}
const NOW: Timestamp = Timestamp::from_millis(1_000_000);

#[test]
fn a_mirror_is_inserted_updated_and_deleted() {
    let mut mirror = Mirror::wished(hash("a"));
    assert_eq!(mirror.next(), Some(Step::Insert));
    mirror.learn(1, written("a"), NOW);
    assert_eq!((mirror.next(), mirror.state), (None, MirrorState::Active));
    assert!(!mirror.wish(Some(hash("a"))), "the same wish changes nothing");
    assert!(mirror.wish(Some(hash("b"))));
    assert_eq!(mirror.next(), Some(Step::Update { etag: Some("e-a".into()) }));
    mirror.learn(2, written("b"), NOW);
    assert!(mirror.wish(None));
    assert_eq!(mirror.next(), Some(Step::Delete { etag: Some("e-b".into()) }));
    mirror.learn(3, Fact::Absent, NOW);
    assert_eq!((mirror.next(), mirror.state), (None, MirrorState::Deleted));
}

#[test]
fn settling_an_old_version_leaves_the_mirror_pending() {
    let mut mirror = Mirror::wished(hash("a"));
    mirror.wish(Some(hash("b")));
    mirror.learn(1, written("a"), NOW);
    assert_eq!(mirror.state, MirrorState::Pending);
    assert_eq!(mirror.next(), Some(Step::Update { etag: Some("e-a".into()) }));
}

#[test]
fn a_lost_answer_is_followed_by_a_repeat_and_never_forgotten() {
    let mut mirror = Mirror::wished(hash("a"));
    mirror.learn(1, Fact::InDoubt, NOW);
    assert_eq!(mirror.next(), Some(Step::Insert));
    mirror.learn(1, Fact::Exists { hash: hash("a"), etag: "x".into(), updated: None, shows: None }, NOW);
    assert_eq!(mirror.state, MirrorState::Active);

    let mut mirror = Mirror::wished(hash("a"));
    mirror.learn(1, Fact::InDoubt, NOW);
    mirror.wish(None);
    assert_eq!(mirror.next(), Some(Step::Delete { etag: None }));
    mirror.learn(2, Fact::Absent, NOW);
    assert_eq!(mirror.state, MirrorState::Pending, "the insert may still arrive");
    assert!(mirror.next_attempt > NOW);
    mirror.learn(2, Fact::Absent, NOW);
    assert_eq!(mirror.state, MirrorState::Deleted);
}

#[test]
fn a_wish_that_returns_while_a_write_is_under_way_does_not_rest() {
    let mut mirror = Mirror::wished(hash("a"));
    mirror.learn(1, written("a"), NOW);
    mirror.wish(Some(hash("b")));
    mirror.claim();
    mirror.wish(Some(hash("a")));
    assert_eq!(mirror.state, MirrorState::Pending, "the write of b may arrive");
    // The writer crashed; its claim ran out and another takes over.
    mirror.claim();
    assert_eq!(mirror.next(), Some(Step::Update { etag: Some("e-a".into()) }));
    mirror.learn(3, Fact::Exists { hash: hash("b"), etag: "e-b".into(), updated: None, shows: None }, NOW);
    assert_eq!(mirror.next(), Some(Step::Update { etag: Some("e-b".into()) }));
}

#[test]
fn a_burnt_id_is_replaced_by_the_next_generation() {
    let mut mirror = Mirror::wished(hash("a"));
    mirror.learn(1, Fact::IdBurnt, NOW);
    assert_eq!((mirror.id_generation, mirror.next()), (1, Some(Step::Insert)));
}

#[test]
fn a_mirror_that_never_succeeds_is_given_up_until_its_wish_changes() {
    let mut mirror = Mirror::wished(hash("a"));
    for _ in 0..100 {
        mirror.learn(1, Fact::TryAfter { seconds: 1 }, NOW);
        mirror.learn(1, Fact::InDoubt, NOW);
    }
    assert_eq!(mirror.state, MirrorState::Pending, "neither patience nor an outage gives it up");
    let mut mirror = Mirror::wished(hash("a"));
    for _ in 0..MAX_ATTEMPTS {
        mirror.learn(1, Fact::IdBurnt, NOW);
    }
    assert_eq!(mirror.state, MirrorState::Error);
    assert!(mirror.wish(Some(hash("a"))), "the same wish takes it up again");
    assert_eq!(mirror.state, MirrorState::Pending);
}

#[test]
fn an_echo_changes_nothing_and_an_edit_by_hand_is_undone() {
    let mut mirror = Mirror::wished(hash("a"));
    let (a, x) = (hash("a"), hash("x"));
    assert!(!mirror.see(Sight::Deleted), "pending: ignored");
    mirror.learn(1, written("a"), NOW);
    assert!(!mirror.see(Sight::Live { etag: "e-a", hash: &a, updated: Some(NOW), shows: None }));
    let before = Some(NOW.plus_millis(-1));
    assert!(!mirror.see(Sight::Live { etag: "e-0", hash: &x, updated: before, shows: None }), "old news");
    mirror.claim();
    assert!(
        !mirror.see(Sight::Live { etag: "e-2", hash: &x, updated: Some(NOW), shows: None }),
        "claimed: ignored"
    );
    mirror.release();
    assert!(mirror.see(Sight::Live { etag: "e-2", hash: &a, updated: Some(NOW), shows: None }));
    assert_eq!(mirror.state, MirrorState::Active, "only the etag moved");
    assert!(mirror.see(Sight::Live { etag: "e-3", hash: &x, updated: Some(NOW), shows: None }));
    assert_eq!(mirror.next(), Some(Step::Update { etag: Some("e-3".into()) }));
}

#[test]
fn a_mirror_that_a_whole_list_does_not_hold_is_looked_for_and_made_again() {
    let mut mirror = Mirror::wished(hash("a"));
    mirror.learn(1, written("a"), NOW);
    assert!(mirror.see(Sight::Missing));
    assert_eq!(mirror.next(), Some(Step::Insert));
    let mut gone = mirror.clone();
    let exists = Fact::Exists { hash: hash("a"), etag: "e-a".into(), updated: Some(NOW), shows: None };
    mirror.learn(1, exists, NOW);
    assert_eq!(mirror.state, MirrorState::Active, "the list was older than our write");
    gone.learn(1, Fact::IdBurnt, NOW);
    assert_eq!((gone.id_generation, gone.next()), (1, Some(Step::Insert)));
}

#[test]
fn an_id_that_we_deleted_is_not_used_again() {
    let mut mirror = Mirror::wished(hash("a"));
    mirror.learn(1, written("a"), NOW);
    mirror.wish(None);
    mirror.learn(2, Fact::Absent, NOW);
    mirror.wish(Some(hash("a")));
    assert_eq!((mirror.id_generation, mirror.next()), (1, Some(Step::Insert)));
}

#[test]
fn an_instance_is_replaced_and_deleted_but_never_inserted() {
    let mut moved = Mirror::instance(Some(hash("moved")));
    assert_eq!(moved.next(), Some(Step::Update { etag: None }));
    moved.learn(1, written("moved"), NOW);
    assert_eq!((moved.next(), moved.state), (None, MirrorState::Active));
    moved.wish(None);
    assert_eq!(moved.next(), Some(Step::Delete { etag: Some("e-moved".into()) }));
    moved.learn(2, Fact::Absent, NOW);
    assert_eq!((moved.next(), moved.state), (None, MirrorState::Deleted));
    moved.wish(Some(hash("back")));
    assert_eq!((moved.id_generation, moved.next()), (0, Some(Step::Update { etag: None })));
    moved.start_over(3);
    assert_eq!((moved.id_generation, moved.next()), (3, Some(Step::Update { etag: None })));

    let gone = Mirror::instance(None);
    assert_eq!((gone.next(), gone.state), (Some(Step::Delete { etag: None }), MirrorState::Pending));
}

#[test]
fn a_delete_that_is_refused_holds_no_series_up() {
    let mut instance = Mirror::instance(None);
    instance.learn(1, Fact::Refused { reason: "no".to_owned() }, NOW);
    assert_eq!((instance.next(), instance.state), (None, MirrorState::Deleted));
    let mut own = Mirror::wished(hash("a"));
    own.learn(1, written("a"), NOW);
    own.wish(None);
    own.learn(2, Fact::Refused { reason: "no".to_owned() }, NOW);
    assert_eq!(own.state, MirrorState::Pending, "a block of its own is tried again");
}
