//! What people do: sign in, link accounts, edit their calendars.

use std::collections::BTreeMap;

use chrono_tz::Tz;
use fake_google::events::write::{Actor, Change, Options};
use fake_google::http::Request;
use fake_google::model::{Object, Role};
use serde_json::Value;
use tminus_api::{ApiRequest, ApiResponse};
use tminus_domain::ids::{AccountId, UserId};

use super::World;
use super::config::GOOGLE;
use super::task::{Step, Task};

/// A browser: cookies, and nothing else.
#[derive(Debug, Default)]
pub struct Browser {
    cookies: BTreeMap<String, String>,
}

/// Someone who has signed in.
#[derive(Debug)]
pub struct Person {
    /// Who.
    pub user: UserId,
    /// With what.
    pub browser: Browser,
}

impl World {
    /// Someone with a Google account.
    pub fn person_at_google(&self, email: &str) {
        self.google(|google| google.create_user(email, None, None, Tz::UTC));
    }

    /// Another calendar of a Google account, made by its owner.
    pub fn calendar_at_google(&self, email: &str, id: &str) {
        self.google(|google| {
            google.add_calendar(email, id, Role::Owner, |calendar| id.clone_into(&mut calendar.summary));
        });
    }

    /// Signs in through the api Worker and Google's consent page.
    ///
    /// # Panics
    /// If that fails.
    pub fn sign_in(&self, email: &str) -> Person {
        let mut browser = Browser::default();
        let answer = self
            .consent(&mut browser, "/v1/auth/signin", &[("login_hint", email)])
            .expect("the sign-in answers");
        let user = answer["user_id"].as_str().expect("a user").parse().expect("an id");
        Person { user, browser }
    }

    /// Links an account through the api Worker and Google's consent page; `None` if the handler crashed or failed.
    pub fn link(&self, person: &mut Person, email: &str) -> Option<AccountId> {
        let answer = self.consent(&mut person.browser, "/v1/auth/link", &[("login_hint", email)])?;
        answer["account_id"].as_str()?.parse().ok()
    }

    /// Links an account so that blocks go into its primary calendar; `None` if that fails.
    pub fn link_primary(&self, person: &mut Person, email: &str) -> Option<AccountId> {
        let query = [("login_hint", email), ("mode", "primary")];
        let answer = self.consent(&mut person.browser, "/v1/auth/link", &query)?;
        answer["account_id"].as_str()?.parse().ok()
    }

    /// Goes to Google's consent page and back; answers path and query of the callback, which is not called yet.
    pub fn begin_consent(
        &self,
        browser: &mut Browser,
        path: &str,
        query: &[(&str, &str)],
    ) -> Option<(String, String)> {
        let query = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(query).finish();
        let leaving = self.api(browser, "GET", path, &query)?;
        let to_google = leaving.header("location")?.strip_prefix(GOOGLE)?.to_owned();
        let back = self.inner.provider.request(&self.inner.clock, &Request::new("GET", &to_google));
        let callback = url::Url::parse(back.get_header("location")?).ok()?;
        Some((callback.path().to_owned(), callback.query().unwrap_or_default().to_owned()))
    }

    fn consent(&self, browser: &mut Browser, path: &str, query: &[(&str, &str)]) -> Option<Value> {
        let (path, query) = self.begin_consent(browser, path, query)?;
        let answer = self.api(browser, "GET", &path, &query)?;
        (answer.status == 200).then(|| serde_json::from_slice(&answer.body).ok())?
    }

    /// Unlinks an account; answers the status, `None` if the handler crashed.
    pub fn unlink(&self, person: &mut Person, account: AccountId) -> Option<u16> {
        Some(self.api(&mut person.browser, "DELETE", &format!("/v1/accounts/{account}"), "")?.status)
    }

    /// One request to the api Worker, without a body; `None` if its handler crashes.
    pub fn api(&self, browser: &mut Browser, method: &str, path: &str, query: &str) -> Option<ApiResponse> {
        let request = ApiRequest {
            method: method.to_owned(),
            path: path.to_owned(),
            query: query.to_owned(),
            headers: vec![("content-type".to_owned(), "application/json".to_owned())],
            body: Vec::new(),
        };
        self.send(browser, request)
    }

    /// One request to the api Worker, with the browser's cookies; `None` if its handler crashes.
    pub fn send(&self, browser: &mut Browser, mut request: ApiRequest) -> Option<ApiResponse> {
        let cookies: Vec<_> = browser.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        request.headers.push(("cookie".to_owned(), cookies.join("; ")));
        let (ports, crashed) = self.ports();
        let work = Box::pin(async move { tminus_api::handle(&ports, &ports.inner.api, request).await });
        let mut task = Task::new(work, crashed);
        let answer = loop {
            match task.step() {
                Step::Done(answer) => break answer,
                Step::Crashed => return None,
                Step::Waiting => self.not_held(),
            }
        };
        for (_, cookie) in answer.headers.iter().filter(|(name, _)| name == "set-cookie") {
            let pair = cookie.split(';').next().and_then(|pair| pair.split_once('='));
            let Some((name, value)) = pair else { continue };
            if cookie.contains("Max-Age=0") {
                browser.cookies.remove(name);
            } else {
                browser.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        Some(answer)
    }

    /// The human makes an event; answers it as Google keeps it.
    ///
    /// # Panics
    /// If Google refuses it.
    pub fn insert(&self, email: &str, calendar: &str, event: &Value) -> Object {
        let event = event.as_object().expect("an object");
        let actor = Actor::Human(email.to_owned());
        let written = self.google(|google| google.insert_event(&actor, calendar, event, &Options::default()));
        written.unwrap_or_else(|error| panic!("Google refused: {error:?}")).stored.full()
    }

    /// The human changes an event; answers it as Google keeps it, `None` if it is gone.
    pub fn patch(&self, email: &str, calendar: &str, id: &str, patch: &Value) -> Option<Object> {
        let change = Change::Patch(patch.as_object().expect("an object"));
        let actor = Actor::Human(email.to_owned());
        let written =
            self.google(|google| google.change_event(&actor, calendar, id, change, &Options::default()));
        written.ok().map(|written| written.stored.full())
    }

    /// The human deletes an event; `false` if it was gone.
    pub fn delete(&self, email: &str, calendar: &str, id: &str) -> bool {
        let actor = Actor::Human(email.to_owned());
        self.google(|google| google.delete_event(&actor, calendar, id, &Options::default())).is_ok()
    }
}
