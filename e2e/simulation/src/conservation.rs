//! Whether every event is accounted for, held against what the provider has: nothing here is read from our own counts.

use std::collections::{BTreeMap, BTreeSet};

use fake_google::model::Object;
use serde_json::Value;
use tminus_user_graph::explaining_contract::GetConservation;

use crate::calendar::{Meeting, meeting, stands};
use crate::laws::Violations;
use crate::model::Model;
use crate::stage::Stage;
use crate::world::mark_of;

/// The report balances, nothing waits, and each class is what the provider's calendars come to.
pub(crate) fn balances(stage: &Stage, model: &Model, found: &mut Violations) {
    let report = match stage.world.call(&stage.person.user.to_string(), &GetConservation {}) {
        Ok(report) => report,
        Err(error) => {
            found.push(format!("conservation: {error}"));
            return;
        }
    };
    let linked = (0..stage.emails.len()).filter(|account| model.is_linked(*account)).count();
    let own = |account| model.calendars.iter().filter(move |(of, _)| *of == account);
    let events = |account: usize| own(account).map(|(_, calendar)| stage.world.events(calendar).len()).sum();
    let accounts = (0..stage.emails.len()).filter(|account| model.is_linked(*account));
    let expected: usize = accounts.clone().map(|account| -> usize { events(account) }).sum();
    let mirrored: usize = accounts.map(|account| blocks(stage, account)).sum();
    let mut holds = |law: &str, is: u64, should: usize| {
        if is != should as u64 {
            found.push(format!("conservation: {law} is {is}, and should be {should}: {report:?}"));
        }
    };
    holds("reprojecting", u64::from(report.reprojecting), 0);
    holds("balanced", u64::from(report.balanced), 1);
    holds("expected", report.expected, expected * linked.saturating_sub(1));
    holds("mirrored", report.mirrored, mirrored);
    holds("pending", report.pending, 0);
    holds("failed", report.failed, 0);
    if model.dismissed.is_empty() {
        holds("dismissed", report.dismissed, 0);
        singles(stage, model, found);
    }
}

/// Events of ours in the overlays of an account: singles and masters of series. Instances belong to theirs.
fn blocks(stage: &Stage, account: usize) -> usize {
    let overlays = stage.world.overlays(&stage.emails[account]);
    let mirrors = overlays.iter().flat_map(|overlay| stage.world.mirrors(overlay));
    mirrors
        .filter(|mirror| mark_of(&mirror.event).is_some() && !mirror.event.contains_key("recurringEventId"))
        .count()
}

/// Events that are no part of a series, by why they are not mirrored: each as often as the provider's own calendars say.
fn singles(stage: &Stage, model: &Model, found: &mut Violations) {
    let linked: Vec<usize> = (0..stage.emails.len()).filter(|account| model.is_linked(*account)).collect();
    let of = |account: usize| -> Vec<Object> {
        let own = model.calendars.iter().filter(|(of, _)| *of == account);
        own.flat_map(|(_, calendar)| stage.world.events(calendar)).collect()
    };
    let mut should: BTreeMap<String, usize> = BTreeMap::new();
    for target in &linked {
        let held: BTreeSet<Meeting> = of(*target).iter().filter(|event| stands(event)).map(meeting).collect();
        for source in linked.iter().filter(|source| *source != target) {
            for event in of(*source).iter().filter(|event| is_single(event)) {
                let reason = if held.contains(&meeting(event)) { Some("duplicate") } else { reason(event) };
                if let Some(reason) = reason {
                    *should.entry(reason.to_owned()).or_default() += 1;
                }
            }
        }
    }
    let is: BTreeMap<String, usize> = stage.counts(
        "/* singles */ SELECT m.reason, COUNT(*) FROM event_mirrors m JOIN canonical_events e USING (canonical_event_id)
         WHERE e.deleted = 0 AND e.recurrence_rule IS NULL AND e.recurring_event_id IS NULL
           AND m.reason IS NOT NULL AND m.reason <> 'no_edge' GROUP BY m.reason",
    );
    if is != should {
        found.push(format!(
            "conservation: of single events {is:?} are not mirrored, and should be {should:?}"
        ));
    }
}

fn is_single(event: &Object) -> bool {
    !event.contains_key("recurrence") && !event.contains_key("recurringEventId")
}

/// Why an event is not mirrored under the policy that holds at first; `None`: it is.
fn reason(event: &Object) -> Option<&'static str> {
    let text = |key: &str| event.get(key).and_then(Value::as_str).unwrap_or_default();
    if !stands(event) {
        Some("declined")
    } else if text("transparency") == "transparent" {
        Some("free")
    } else if ["birthday", "workingLocation"].contains(&text("eventType")) {
        Some("event_type")
    } else if text("summary").contains("#nosync") || text("description").contains("#nosync") {
        Some("nosync")
    } else {
        None
    }
}
