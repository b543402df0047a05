//! Bad answers, and what must hold after each.

use fake_google::faults::{Effect, Fault, Match};
use serde_json::{Value, json};
use tminus_ports::ObjectClass;
use tminus_simulation::Stage;

/// Stands in every bad answer: must be found nowhere.
pub(crate) const CANARY: &str = "canary.ada@private.invalid";

/// An answer that is not what was asked for.
#[derive(Debug, Clone)]
pub(crate) enum Bad {
    /// A refusal of the calendar, in its own envelope.
    Refused(u16, &'static str),
    /// The same reason in the envelope of Google's front end.
    FrontEnd(u16, &'static str),
    /// A refusal that says how many seconds to wait.
    Wait(u16, &'static str, u32),
    /// Any status with any body.
    Body(u16, String),
    /// The connection closes before anything was done.
    Closed,
    /// It is done, and the connection closes in mid-answer.
    Lost,
}

impl Bad {
    /// The page of a proxy.
    pub(crate) fn html(status: u16) -> Self {
        Self::Body(status, format!("<!DOCTYPE html><html><title>Error {CANARY}</title><p>{CANARY}</html>"))
    }

    /// An answer of success that breaks off in the middle of its JSON.
    pub(crate) fn truncated() -> Self {
        Self::Body(
            200,
            format!(r#"{{"kind":"calendar#events","items":[{{"id":"{CANARY}","summary":"{CANARY}"#),
        )
    }

    /// Five megabytes that are no JSON.
    pub(crate) fn huge(status: u16) -> Self {
        Self::Body(status, CANARY.repeat(5_000_000 / CANARY.len()))
    }

    /// More than the client takes.
    pub(crate) fn too_large() -> Self {
        Self::Body(200, CANARY.repeat(11_000_000 / CANARY.len()))
    }

    pub(crate) fn effect(&self) -> Effect {
        let body = |status: u16, body: String| Effect {
            status: Some(status),
            body: Some(body),
            ..Effect::default()
        };
        let item = |reason: &str| json!({"domain": "global", "reason": reason, "message": CANARY});
        match self {
            Self::Refused(status, reason) | Self::Wait(status, reason, _) => {
                let envelope =
                    json!({"error": {"errors": [item(reason)], "code": status, "message": CANARY}});
                let mut effect = body(*status, envelope.to_string());
                if let Self::Wait(_, _, seconds) = self {
                    effect.headers.insert("retry-after".to_owned(), seconds.to_string());
                }
                effect
            }
            Self::FrontEnd(status, reason) => {
                let details = json!([{"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": reason,
                    "domain": "googleapis.com", "metadata": {"service": CANARY}}]);
                let envelope = json!({"error": {"code": status, "message": CANARY, "errors": [item(reason)],
                    "status": "PERMISSION_DENIED", "details": details}});
                body(*status, envelope.to_string())
            }
            Self::Body(status, text) => body(*status, text.clone()),
            Self::Closed => Effect { drop_connection_before: true, ..Effect::default() },
            Self::Lost => Effect { drop_answer_after: true, ..Effect::default() },
        }
    }

    /// Short, for the message of a failed assertion.
    pub(crate) fn name(&self) -> String {
        format!("{self:?}").chars().take(60).collect()
    }

    /// The next so many calls of an operation (0: all) are answered so, in one calendar if one is named.
    pub(crate) fn answer(&self, stage: &Stage, operation: &str, calendar: Option<&str>, times: u64) {
        let matches = Match {
            operation: Some(operation.to_owned()),
            calendar: calendar.map(str::to_owned),
            times: Some(times),
            ..Match::default()
        };
        let fault = Fault { matches, effect: self.effect(), seen: 0 };
        stage.world.google(|google| google.faults.push(fault));
    }
}

/// The provider is well again.
pub(crate) fn heal(stage: &Stage) {
    stage.world.google(|google| google.faults.clear());
    stage.world.no_tamper();
}

/// Neither a log line nor a table holds a text of an answer.
pub(crate) fn kept_nowhere(stage: &Stage, lines: &[String]) {
    assert!(!lines.is_empty());
    for line in lines.iter().chain(&stage.world.state()) {
        assert!(!line.contains("canary") && !line.contains("private.invalid"), "{line}");
    }
}

/// Nothing was given up, and nothing waits.
pub(crate) fn nothing_is_left(stage: &Stage) {
    assert_eq!(stage.world.dead_letters(), Vec::<String>::new());
    assert!(stage.world.waiting().is_empty(), "{:?}", stage.world.waiting());
}

/// Start and end of the n-th half hour of a month.
pub(crate) fn slot(nth: usize) -> (String, String) {
    let (day, half) = (nth / 40 + 1, nth % 40);
    let hour = 2 + half / 2;
    let (from, to) = if half % 2 == 0 { ("00", "20") } else { ("30", "50") };
    (format!("2026-02-{day:02}T{hour:02}:{from}:00Z"), format!("2026-02-{day:02}T{hour:02}:{to}:00Z"))
}

/// Whether an account's overlay shows a block at the n-th half hour.
pub(crate) fn shows(stage: &Stage, account: usize, nth: usize) -> bool {
    let (start, end) = slot(nth);
    stage.shown(account).contains(&("Busy".to_owned(), start, end))
}

/// The first column of the first row of a statement on an account's object, as text.
pub(crate) fn of_account(stage: &Stage, account: usize, statement: &str) -> Option<String> {
    let rows = stage.world.rows(ObjectClass::Account, &stage.accounts[account].to_string(), statement);
    rows.first().and_then(|row| row.get::<Option<String>>(0).unwrap())
}

/// Milliseconds as text, as whole seconds from now.
pub(crate) fn seconds_from_now(stage: &Stage, at: Option<String>) -> Option<i64> {
    let at: i64 = at?.parse().ok()?;
    Some((at - stage.world.now().millis() + 500).div_euclid(1_000)).filter(|seconds| *seconds > 0)
}

/// A value with another in a place of it.
pub(crate) fn with(mut value: Value, key: &str, other: Value) -> Value {
    value[key] = other;
    value
}
