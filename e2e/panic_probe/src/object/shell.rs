//! The Durable Object: one row for everything that it was told, and several ways to panic.

use std::cell::Cell;
use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures::lock::Mutex;
use serde_json::json;
use tminus_cloudflare::{CfHost, object_shell};
use tminus_ports::{Clock, ObjectHost};
use tminus_store::{Sql, StoreError, Value};
use worker::{Delay, DurableObject, Env, Request, Response, Result, State, durable_object, wasm_bindgen};

const INSERT: &str = "INSERT INTO told (what) VALUES (?1)";

/// The probe's object.
#[durable_object(alarm)]
pub struct PanicProbe {
    host: CfHost,
    // What the product's objects keep in memory is of these kinds.
    lock: AssertUnwindSafe<Mutex<()>>,
    commands: AssertUnwindSafe<Cell<u32>>,
}

impl DurableObject for PanicProbe {
    fn new(state: State, env: Env) -> Self {
        let host = CfHost::new(&state, env);
        drop(host.sql().script("CREATE TABLE IF NOT EXISTS told (what TEXT NOT NULL)"));
        Self { host, lock: AssertUnwindSafe(Mutex::new(())), commands: AssertUnwindSafe(Cell::new(0)) }
    }

    async fn fetch(&self, request: Request) -> Result<Response> {
        object_shell::answer("panic_probe", request, async |name: &str, _: &str, body: &str| {
            self.commands.set(self.commands.get().saturating_add(1));
            let answer = match name {
                "list" => self.list(),
                "slow" => self.slow(body).await,
                "panic_in_transaction" => self.panic_in_transaction(body),
                "panic_under_lock" => self.panic_under_lock(body).await,
                "take_lock" => {
                    drop(self.lock.lock().await);
                    self.tell(body)
                }
                "arm" => {
                    // The failure shows as an alarm that never comes.
                    drop(self.host.set_alarm(self.host.now().plus_millis(100)).await);
                    self.tell(body)
                }
                _ => self.tell(body),
            };
            answer
                .map_or_else(|error| json!({"Err": error.to_string()}), |told| json!({"Ok": told}))
                .to_string()
        })
        .await
    }

    async fn alarm(&self) -> Result<Response> {
        object_shell::alarm("panic_probe", &self.host, async {
            let first = self.list().is_ok_and(|told| !told.to_string().contains("alarm"));
            drop(self.tell("alarm"));
            if first {
                panic("in an alarm");
            }
        })
        .await
    }
}

impl PanicProbe {
    fn tell(&self, what: &str) -> std::result::Result<serde_json::Value, StoreError> {
        self.host.sql().query(INSERT, &[Value::Text(what.to_owned())])?;
        Ok(json!(null))
    }

    fn list(&self) -> std::result::Result<serde_json::Value, StoreError> {
        let rows = self.host.sql().query("SELECT what FROM told ORDER BY rowid", &[])?;
        let told: Vec<String> = rows.iter().map(|row| row.get(0)).collect::<std::result::Result<_, _>>()?;
        Ok(json!({"told": told, "commands": self.commands.get()}))
    }

    async fn slow(&self, what: &str) -> std::result::Result<serde_json::Value, StoreError> {
        Delay::from(Duration::from_millis(3_000)).await;
        self.tell(what)
    }

    fn panic_in_transaction(&self, what: &str) -> std::result::Result<serde_json::Value, StoreError> {
        self.host.sql().in_transaction(&mut || {
            self.tell(what)?;
            panic("in a transaction")
        })?;
        Ok(json!(null))
    }

    async fn panic_under_lock(&self, what: &str) -> std::result::Result<serde_json::Value, StoreError> {
        let _guard = self.lock.lock().await;
        self.tell(what)?;
        // The panic comes in a later poll than the lock.
        Delay::from(Duration::from_millis(50)).await;
        panic("under a lock")
    }
}

#[expect(clippy::panic, reason = "that is what the probe is for")]
pub(crate) fn panic(place: &str) -> ! {
    panic!("asked to, {place}; planted-secret")
}
