//! Search by text.

use tminus_user_graph::reading_contract::Indexing;

use super::*;

fn text(text: &str) -> EventFilter {
    EventFilter { text: Some(text.to_owned()), ..EventFilter::default() }
}

fn found(stage: &Stage, words: &str) -> Vec<String> {
    let mut found = titles(&listed(stage, NINE - 100 * DAY, NINE + 200 * DAY, &text(words), 3));
    found.sort();
    found
}

#[test]
fn words_are_found_in_any_text_whatever_their_case_and_accents() {
    let stage = Stage::settled(1, 2);
    let cafe = EventContent { location: Some("Café Übersee, Köln".to_owned()), ..hour("Lunch", NINE) };
    let plan = EventContent {
        description: Some("the quarterly plan, and what follows".to_owned()),
        ..hour("Review", NINE + HOUR)
    };
    let weekly = series("Weekly plan", NINE + DAY, "RRULE:FREQ=WEEKLY;COUNT=3");
    let all = vec![present("a", 1, cafe), present("b", 1, plan), present("c", 1, weekly)];
    applied(&stage, 0, 1, all);
    assert_eq!(found(&stage, "cafe koln"), ["Lunch"]);
    assert_eq!(found(&stage, "ÜBERSEE"), ["Lunch"]);
    assert_eq!(found(&stage, "plan"), ["Review", "Weekly plan", "Weekly plan", "Weekly plan"]);
    assert_eq!(found(&stage, "review quart"), ["Review"], "the last word is only begun");
    assert!(found(&stage, "quart review").is_empty());
    assert_eq!(found(&stage, "\"quarterly plan\""), ["Review"]);
    assert!(found(&stage, "\"plan quarterly\"").is_empty());
    assert!(found(&stage, "lunch review").is_empty());
    assert!(found(&stage, "lunch OR review").is_empty(), "no word of the user's is an operator");
    assert_eq!(found(&stage, "title:lunch* -"), [] as [&str; 0]);
    unfit(&stage, &list(" -*\" "), "a letter or a digit");
    unfit(&stage, &list(&"word ".repeat(17)), "at most 16 words");
    unfit(&stage, &list(&"w".repeat(201)), "at most 200 characters");
}

fn list(words: &str) -> ListEvents {
    ListEvents { from: at(NINE), to: at(NINE + DAY), filter: text(words), limit: 10, after: None }
}

#[test]
fn what_changes_is_found_as_it_is_now() {
    let stage = Stage::settled(1, 2);
    applied(&stage, 0, 1, vec![present("a", 1, hour("red", NINE)), present("b", 1, hour("green", NINE))]);
    assert_eq!(found(&stage, "red"), ["red"]);
    applied(&stage, 0, 2, vec![present("a", 2, hour("blue", NINE)), present("c", 2, hour("red sky", NINE))]);
    assert_eq!(
        (found(&stage, "red"), found(&stage, "blue")),
        (vec!["red sky".to_owned()], vec!["blue".to_owned()])
    );
    let indexed = count(&stage, "searched_events");
    // Moved: its texts are the same.
    applied(&stage, 0, 3, vec![present("a", 3, hour("blue", NINE + DAY))]);
    applied(&stage, 0, 4, vec![Delta::Deleted { id: "c".to_owned() }]);
    assert!(found(&stage, "red").is_empty());
    assert_eq!(count(&stage, "searched_events"), indexed - 1);
    applied(&stage, 0, 5, vec![present("c", 5, hour("red again", NINE))]);
    assert_eq!(found(&stage, "red"), ["red again"]);
}

#[test]
fn the_index_of_a_large_store_is_made_in_steps_and_says_how_far_it_is() {
    let mut stage = Stage::settled(1, 1);
    let event =
        |nth: u32| present(&format!("e{nth}"), 1, hour(&format!("number{nth} any"), NINE + i64::from(nth)));
    for part in 0..5 {
        applied(&stage, 0, 1 + part, (part * 500..part * 500 + 500).map(event).collect());
    }
    assert_eq!(count(&stage, "search_progress"), 0, "nobody searches");
    assert_eq!(count(&stage, "searched_events"), 0);
    let page = ask(&stage, &list("number7")).unwrap();
    assert_eq!(page.search, Some(Indexing { indexed: 1_000, of: 2_500 }));
    assert!(!page.events.is_empty());
    // It is not begun anew.
    let again = ask(&stage, &list("number7")).unwrap();
    assert_eq!((again.search, again.events), (page.search, page.events));
    // What changes meanwhile is in it once.
    applied(
        &stage,
        0,
        9,
        vec![
            present("e2499", 9, hour("number2499 other", NINE)),
            present("new", 9, hour("number any", NINE)),
        ],
    );
    stage.settle();
    let page = ask(&stage, &list("number2499")).unwrap();
    assert_eq!((page.search, titles(&page.events)), (None, vec!["number2499 other".to_owned()]));
    assert_eq!(count(&stage, "searched_events"), 2_501);
    assert_eq!(found(&stage, "any").len(), 2_500);
    assert_eq!(stage.graph("/* t */ SELECT kind FROM timers WHERE kind = 'index'").len(), 0);
}

#[test]
fn nothing_of_an_account_that_was_unlinked_is_found() {
    let mut stage = Stage::settled(1, 2);
    let _ = stage.add(0, "secret", "2026-02-02T09:00:00Z", "2026-02-02T10:00:00Z");
    stage.settle();
    assert_eq!(found(&stage, "secret"), ["secret"]);
    let unlink = tminus_user_graph::contract::UnlinkAccount { account: stage.accounts[0], generation: 1_000 };
    ask(&stage, &unlink).unwrap();
    stage.settle();
    assert!(found(&stage, "secret").is_empty());
    assert_eq!(count(&stage, "searched_events"), 0);
}
