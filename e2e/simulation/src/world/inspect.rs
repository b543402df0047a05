//! What tests look at.

use std::collections::BTreeMap;

use fake_google::model::Object;
use tminus_domain::ids::{PrefixedId, Ulid};
use tminus_domain::mark::{MARK_PROPERTY, Mark, Ownership, ownership};
use tminus_ports::ObjectClass;
use tminus_registry::RegistrySql as _;
use tminus_store::{Row, Sql as _, Sqlite};

use super::World;
use now::block;

mod now {
    use std::pin::pin;
    use std::task::{Context, Poll, Waker};

    /// The value of a future that never waits.
    pub(super) fn block<T>(work: impl Future<Output = T>) -> T {
        match pin!(work).poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(value) => value,
            Poll::Pending => panic!("the registry never waits"),
        }
    }
}

/// A live event in an overlay calendar.
#[derive(Debug, Clone)]
pub struct LiveMirror {
    /// Its mark, if it is provably ours.
    pub mark: Option<Mark>,
    /// The event as Google keeps it.
    pub event: Object,
}

/// Calls that write at the provider, by operation.
pub type Writes = BTreeMap<String, u64>;

/// Operations that change something at the provider.
const WRITING: &[&str] = &[
    "calendars.insert",
    "calendars.delete",
    "events.insert",
    "events.update",
    "events.patch",
    "events.delete",
    "events.watch",
    "channels.stop",
];

impl World {
    /// The calls so far that write at the provider.
    #[must_use]
    pub fn writes(&self) -> Writes {
        self.google(|google| {
            let operations = google.counters.operations.iter();
            operations
                .filter(|(name, _)| WRITING.contains(&name.as_str()))
                .map(|(name, count)| (name.clone(), *count))
                .collect()
        })
    }

    /// How often an operation was called.
    #[must_use]
    pub fn calls(&self, operation: &str) -> u64 {
        self.google(|google| google.counters.operations.get(operation).copied().unwrap_or_default())
    }

    /// The calendars that T-Minus made in a Google account.
    #[must_use]
    pub fn overlays(&self, email: &str) -> Vec<String> {
        self.google(|google| {
            let calendars = google.calendars.values();
            calendars
                .filter(|calendar| calendar.created_by_client.is_some() && calendar.role(email).is_some())
                .map(|calendar| calendar.id.clone())
                .collect()
        })
    }

    /// The live events of a calendar, as Google keeps them.
    ///
    /// # Panics
    /// If there is no such calendar.
    #[must_use]
    pub fn events(&self, calendar: &str) -> Vec<Object> {
        self.google(|google| google.live_events(calendar).expect("the calendar is there"))
    }

    /// The live events of a calendar that T-Minus made.
    #[must_use]
    pub fn mirrors(&self, calendar: &str) -> Vec<LiveMirror> {
        let events = self.events(calendar).into_iter();
        events.map(|event| LiveMirror { mark: mark_of(&event), event }).collect()
    }

    /// Rows of an object's storage. Every statement starts with its name in a comment.
    ///
    /// # Panics
    /// If the statement is none.
    #[must_use]
    pub fn rows(&self, class: ObjectClass, object: &str, statement: &str) -> Vec<Row> {
        self.inner.slot(class, object).sql.query(statement, &[]).expect("a statement")
    }

    /// Every row of every table of all objects and of the registry, as text, but for what repeats may change:
    /// timers (when something is looked at again) and tokens (refreshed when they end).
    #[must_use]
    pub fn state(&self) -> Vec<String> {
        let mut lines = Vec::new();
        for ((class, name), slot) in self.inner.slots() {
            let object = format!("{} {name}", class.binding());
            lines.extend(dump(&slot.sql).into_iter().map(|row| format!("{object} {row}")));
        }
        let tables = ["orgs", "users", "identities", "accounts", "dead_letter_index"];
        for table in tables {
            let statement = format!("/* dump */ SELECT * FROM {table}");
            let rows = block(self.inner.registry.query(&statement, &[])).expect("a table");
            lines.extend(rows.iter().map(|row| format!("registry {table} {row:?}")));
        }
        lines.sort();
        lines
    }

    /// Queue and reason of every dead letter that is listed.
    #[must_use]
    pub fn dead_letters(&self) -> Vec<String> {
        let statement =
            "/* letters */ SELECT queue || ': ' || reason FROM dead_letter_index ORDER BY letter_id";
        let rows = block(self.inner.registry.query(statement, &[])).expect("a table");
        rows.iter().map(|row| row.get(0).expect("a text")).collect()
    }
}

/// An id as a literal of SQL, in the tables of the graph that keep ids as bytes.
#[must_use]
pub fn bytes_of<I: PrefixedId>(id: I) -> String {
    format!("x'{}'", data_encoding::HEXLOWER.encode(&id.ulid().to_bytes()))
}

/// The id in a column that keeps it as bytes.
///
/// # Panics
/// If it is none.
#[must_use]
pub fn id_in<I: PrefixedId>(row: &Row, column: usize) -> I {
    I::from_ulid(Ulid::from_bytes(row.get::<[u8; 16]>(column).expect("16 bytes")))
}

/// The mark of an event that is provably ours; of an instance, that of its series.
#[must_use]
pub fn mark_of(event: &Object) -> Option<Mark> {
    let id = event.get("recurringEventId").or_else(|| event.get("id"))?.as_str()?;
    let mark = event.get("extendedProperties")?.get("private")?.get(MARK_PROPERTY)?.as_str();
    match ownership(id, mark) {
        Ownership::Mirror(mark) => Some(mark),
        Ownership::Origin | Ownership::Foreign => None,
    }
}

/// Every row of every table, but for timers and tokens.
pub(super) fn dump(sql: &Sqlite) -> Vec<String> {
    let mut lines = Vec::new();
    let tables = sql
        .query(
            "/* tables */ SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT IN ('timers', 'auth')
             ORDER BY name",
            &[],
        )
        .expect("a schema");
    for table in tables {
        let table: String = table.get(0).expect("a name");
        let rows = sql.query(&format!("/* dump */ SELECT * FROM {table}"), &[]).expect("a table");
        lines.extend(rows.iter().map(|row| format!("{table} {row:?}")));
    }
    lines
}
