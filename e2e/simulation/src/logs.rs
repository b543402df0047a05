//! What is logged, as text: so that a test can tell that something is not.

use std::fmt::{Debug, Write as _};
use std::sync::{Arc, Mutex, OnceLock};

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Dispatch, Event, Metadata, Subscriber};

/// Runs `act`; answers what it answered, and every event and span that was logged meanwhile, one a line.
///
/// # Panics
/// If `act` does.
pub fn logged<T>(act: impl FnOnce() -> T) -> (T, Vec<String>) {
    // Of one subscriber alone tracing asks the thread that is first at a place, which may be another test's.
    static SECOND: OnceLock<Dispatch> = OnceLock::new();
    SECOND.get_or_init(|| Dispatch::new(Recorder(Arc::default())));
    let lines = Arc::new(Mutex::new(Vec::new()));
    let out = tracing::subscriber::with_default(Recorder(Arc::clone(&lines)), act);
    let lines = std::mem::take(&mut *lines.lock().expect("a lock"));
    (out, lines)
}

struct Recorder(Arc<Mutex<Vec<String>>>);

impl Recorder {
    fn put(&self, line: String) {
        self.0.lock().expect("a lock").push(line);
    }
}

struct Line(String);

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        let _ = write!(self.0, " {}={value:?}", field.name());
    }
}

impl Subscriber for Recorder {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        let mut line = Line(format!("SPAN {}", span.metadata().name()));
        span.record(&mut line);
        self.put(line.0);
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, values: &Record<'_>) {
        let mut line = Line("SPAN".to_owned());
        values.record(&mut line);
        self.put(line.0);
    }

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut line = Line(event.metadata().level().to_string());
        event.record(&mut line);
        self.put(line.0);
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}
