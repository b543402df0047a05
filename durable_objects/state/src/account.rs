//! The class `AccountDO`.

use std::panic::AssertUnwindSafe;

use tminus_account::{AccountConfig, AccountObject};
use tminus_cloudflare::{CfHost, config, object_shell};
use tminus_ports::config::ConfigError;
use worker::{DurableObject, Env, Request, Response, Result, State, durable_object, wasm_bindgen};

/// One account's object. With problems in the configuration it answers every command with their names.
#[durable_object(alarm)]
pub struct AccountDO {
    host: CfHost,
    // A panic leaves what it keeps in memory as an error does: see docs/adr/0009-panics.md.
    object: AssertUnwindSafe<std::result::Result<AccountObject, ConfigError>>,
}

impl DurableObject for AccountDO {
    fn new(state: State, env: Env) -> Self {
        let object = AccountConfig::load(config::lookup(&env)).map(AccountObject::new);
        if let Err(error) = &object {
            tracing::error!(object = "account", %error, "misconfigured");
        }
        Self { host: CfHost::new(&state, env), object: AssertUnwindSafe(object) }
    }

    async fn fetch(&self, request: Request) -> Result<Response> {
        object_shell::answer("account", request, async |name: &str, trace: &str, body: &str| {
            match &*self.object {
                Ok(object) => object.handle(&self.host, name, trace, body).await,
                Err(error) => object_shell::misconfigured(error),
            }
        })
        .await
    }

    async fn alarm(&self) -> Result<Response> {
        object_shell::alarm("account", &self.host, async {
            match &*self.object {
                Ok(object) => object.alarm(&self.host).await,
                Err(_) => object_shell::later(&self.host).await,
            }
        })
        .await
    }
}
