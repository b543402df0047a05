//! Maintenance and unlinking against objects that answer as told, a scripted provider and a real registry.

mod overlay;
mod unlink;

use base64::Engine as _;
use futures::executor::block_on;
use serde_json::{Value, json};
use tminus_account::contract::{BeginMaintenance, Maintenance, TokenGrant};
use tminus_domain::ids::{AccountId, CalendarId, MessageId, PrefixedId, TraceId, Ulid, UserId};
use tminus_domain::mark::{MARK_PROPERTY, Mark};
use tminus_google::AccessToken;
use tminus_ports::{Clock as _, HttpRequest, HttpResponse, ObjectError, Verdict};
use tminus_queues::Queue;
use tminus_registry::Subject;
use tminus_registry::accounts::{Account, NewAccount, account_by_id, upsert_account};
use tminus_registry::users::{NewUser, create_user_with_org};
use tminus_testkit::TestPorts;

use crate::{Config, consume};

pub(super) fn id<I: PrefixedId>(number: u128) -> I {
    I::from_ulid(Ulid::from_parts(1_767_225_600_000, number))
}

/// The Worker and its world: one person with the account 1.
pub(super) struct World {
    pub(super) ports: TestPorts,
    config: Config,
}

impl World {
    pub(super) fn new() -> Self {
        let ports = TestPorts::new().unwrap();
        let now = ports.now();
        let email = "one@example.com".to_owned();
        let subject = Subject::google("one");
        let user = NewUser { org: id(1), user: id(1), subject: subject.clone(), email: email.clone(), now };
        block_on(create_user_with_org(&ports, &user)).unwrap();
        let account = NewAccount { account: id(1), user: id(1), subject, email, now };
        block_on(upsert_account(&ports, &account)).unwrap();
        let key = base64::engine::general_purpose::STANDARD.encode([7_u8; 32]);
        let config = Config::load(|name| {
            Some(match name {
                "CHANNEL_KEYS" => format!("k1:{key}"),
                _ => "https://google.test".to_owned(),
            })
        });
        Self { ports, config: config.unwrap() }
    }

    /// Whoever asks to maintain is answered so.
    pub(super) fn maintainer(&self, answer: Result<Maintenance, ObjectError>) {
        self.ports.objects.on(move |_: &str, _: BeginMaintenance| answer.clone());
    }

    /// Consumes the nudge to maintain the account.
    pub(super) fn maintain(&self) -> Verdict {
        let nudge = json!({
            "v": 1, "id": id::<MessageId>(7), "trace": id::<TraceId>(8), "enqueued_at": 0,
            "body": {"kind": "maintain", "account": id::<AccountId>(1)},
        });
        block_on(consume(&self.ports, &self.config, Queue::Backfill, &nudge.to_string(), 1))
    }

    pub(super) fn answers(&self, status: u16, body: &Value) {
        self.ports.http.then_json(status, &body.to_string());
    }

    /// The provider answers a batch with these statuses.
    pub(super) fn answers_batch(&self, statuses: &[u16]) {
        let parts = statuses.iter().enumerate().map(|(index, status)| {
            format!(
                "--b\r\nContent-Type: application/http\r\nContent-ID: <response-op-{index}@t-minus>\r\n\r\n\
                 HTTP/1.1 {status} X\r\nContent-Type: application/json\r\n\r\n{}\r\n",
                refusal(*status)
            )
        });
        let body = format!("{}--b--\r\n", parts.collect::<String>()).into_bytes();
        let headers = vec![("content-type".to_owned(), "multipart/mixed; boundary=b".to_owned())];
        self.ports.http.then(Ok(HttpResponse { status: 200, headers, body }));
    }

    /// Method and path of everything that the provider was asked.
    pub(super) fn asked(&self) -> Vec<String> {
        let line = |request: HttpRequest| {
            let url = request.url.strip_prefix("https://google.test/").unwrap().to_owned();
            let path = url.split('?').next().unwrap().replace("calendar/v3/", "");
            format!("{} {path}", request.method.as_str())
        };
        self.ports.http.asked().into_iter().map(line).collect()
    }

    /// The account's row.
    pub(super) fn row(&self) -> Account {
        block_on(account_by_id(&self.ports, id(1))).unwrap().unwrap()
    }
}

pub(super) fn refusal(code: u16) -> Value {
    let reason = match code {
        401 => "authError",
        403 => "forbidden",
        404 => "notFound",
        410 => "deleted",
        412 => "conditionNotMet",
        _ => "backendError",
    };
    json!({"error": {"errors": [{"reason": reason}], "code": code, "message": "x"}})
}

pub(super) fn token() -> TokenGrant {
    TokenGrant { access: AccessToken::new("token"), version: 3 }
}

/// A mirror of ours in an account.
pub(super) fn mirror(event: u128, account: u128) -> Value {
    let mark = Mark {
        event: id(event),
        target_account: id(account),
        target_calendar: id::<CalendarId>(5),
        id_generation: 0,
    };
    json!({
        "id": mark.provider_event_id(), "etag": format!("\"{event}\""), "status": "confirmed",
        "extendedProperties": {"private": {MARK_PROPERTY: mark.to_string()}},
    })
}

/// A page of a list of events.
pub(super) fn page(items: &[Value], next: Option<&str>) -> Value {
    json!({"items": items, "nextPageToken": next})
}

pub(super) fn user() -> UserId {
    id(1)
}
