//! The log: one flat JSON object a line.
//!
//! A line has `timestamp` (ms), `level`, `target`, `worker`, `message`, the fields of the event and those of the
//! spans around it (`trace` above all); the innermost wins where names collide.

use std::fmt::Debug;

use serde_json::{Map, Value};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;
use tracing_subscriber::registry::LookupSpan;

/// Writes the log of a Worker to the console from now on, panics included.
#[cfg(target_arch = "wasm32")]
pub fn install(worker: &'static str) {
    use tracing_subscriber::prelude::*;
    let lines = Lines { worker, now: crate::clock::now_millis, write: |line| worker::console_log!("{line}") };
    let subscriber =
        tracing_subscriber::registry().with(lines.with_filter(tracing::level_filters::LevelFilter::INFO));
    // Refused only if a log is installed already.
    drop(tracing::subscriber::set_global_default(subscriber));
    // Where a panic aborts, the platform's own hook is what begins the recovery.
    if cfg!(panic = "unwind") {
        crate::unwind::log_places(worker);
    }
}

/// Makes a line of every event.
struct Lines {
    worker: &'static str,
    now: fn() -> i64,
    write: fn(&str),
}

/// The fields of a span or event.
#[derive(Default)]
struct Fields(Map<String, Value>);

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.put(field, format!("{value:?}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.put(field, value);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.put(field, value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.put(field, value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.put(field, value);
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.put(field, value);
    }
}

impl Fields {
    fn put(&mut self, field: &Field, value: impl Into<Value>) {
        self.0.insert(field.name().to_owned(), value.into());
    }
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Lines {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        if let Some(span) = context.span(id) {
            let mut fields = Fields::default();
            attributes.record(&mut fields);
            span.extensions_mut().insert(fields);
        }
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        if let Some(span) = context.span(id)
            && let Some(fields) = span.extensions_mut().get_mut::<Fields>()
        {
            values.record(fields);
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let metadata = event.metadata();
        let mut line = Fields::default();
        for span in context.event_scope(event).into_iter().flat_map(|scope| scope.from_root()) {
            if let Some(fields) = span.extensions().get::<Fields>() {
                line.0.extend(fields.0.clone());
            }
        }
        event.record(&mut line);
        let mut line = line.0;
        line.insert("timestamp".to_owned(), (self.now)().into());
        line.insert("level".to_owned(), metadata.level().as_str().to_ascii_lowercase().into());
        line.insert("target".to_owned(), metadata.target().into());
        line.insert("worker".to_owned(), self.worker.into());
        (self.write)(&Value::Object(line).to_string());
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use tracing_subscriber::prelude::*;

    use super::*;

    thread_local! {
        static WRITTEN: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
    }

    #[test]
    fn a_line_is_flat_and_carries_the_spans_around_it() {
        let write = |line: &str| WRITTEN.with_borrow_mut(|written| written.push(line.to_owned()));
        let lines = Lines { worker: "sync", now: || 7, write };
        tracing::subscriber::with_default(tracing_subscriber::registry().with(lines), || {
            let outer = tracing::info_span!("message", trace = %"trc_1", queue = "outer", late = tracing::field::Empty);
            outer.record("late", true);
            outer.in_scope(|| {
                tracing::info_span!("inner", queue = "inner")
                    .in_scope(|| tracing::warn!(attempts = 2_u32, "tried \"again\""));
            });
            tracing::error!(worker = "forged", "alone");
        });
        let written = WRITTEN.with_borrow(|written| written.join("\n"));
        let expected = [
            r#"{"attempts":2,"late":true,"level":"warn","message":"tried \"again\"","queue":"inner","target":"#,
            r#""tminus_cloudflare::logs::tests","timestamp":7,"trace":"trc_1","worker":"sync"}"#,
            "\n",
            r#"{"level":"error","message":"alone","target":"tminus_cloudflare::logs::tests","timestamp":7,"worker":"sync"}"#,
        ];
        assert_eq!(written, expected.concat());
    }
}
