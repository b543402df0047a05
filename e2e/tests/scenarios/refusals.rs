//! Bad input at the doors: each gets a clear refusal, and nothing else is delayed or lost.

use anyhow::{Context, Result, ensure};
use fake_google::push::Channel;
use serde_json::json;
use tminus_domain::channel_token::{self, ChannelClaims};
use tminus_domain::ids::{AccountId, CalendarId, PrefixedId, Ulid};
use tminus_domain::signed::sign;
use tminus_domain::time::Timestamp;
use tminus_e2e::federation::rest;
use tminus_e2e::http::{Browser, Reply};
use tminus_e2e::person::{DOMAIN, Person};

use crate::stage::{SOON, Stage, timed};

pub(crate) fn pushes(stage: &Stage) -> Result<()> {
    let (world, person) = (&stage.world, stage.person("pushes", 2)?);
    let channel = world.google.with(|google| {
        google.channels.values().find(|channel| channel.calendar == person.primary(0)).cloned()
    });
    let channel = channel.context("the primary calendar has no channel")?;
    let token = channel.token.clone().context("the channel has no token")?;

    refused(&push(stage, &channel, None, 0)?, 403, "token_missing")?;
    let mut forged = token.clone();
    forged.pop();
    forged.push(if token.ends_with('A') { 'E' } else { 'A' });
    refused(&push(stage, &channel, Some(&forged), 0)?, 403, "token_invalid")?;
    refused(&push(stage, &channel, Some("planted-secret"), 0)?, 403, "token_invalid")?;
    // A good token, but of another channel.
    let other = Channel { id: "chn_01J00000000000000000000000".to_owned(), ..channel.clone() };
    refused(&push(stage, &other, Some(&token), 0)?, 403, "token_invalid")?;
    refused(&push(stage, &channel, Some(&token), 1025)?, 413, "body_too_large")?;
    refused(&push(stage, &channel, Some(&token), 20_000)?, 413, "body_too_large")?;
    // Of one that is far too large not even the rest is read: the connection may break before the answer is seen.
    if let Ok(reply) = push(stage, &channel, Some(&token), 5_000_000) {
        refused(&reply, 413, "body_too_large")?;
    }
    let reply = stage.http().get(&channel.address, &[])?;
    refused(&reply, 405, "method_not_allowed")?;

    // Signed by us for an account that is gone: taken and dropped, so that Google stops asking.
    let claims = ChannelClaims { account: id::<AccountId>(1), calendar: id::<CalendarId>(2) };
    let gone = channel_token::issue(&world.runtime.keys("CHANNEL_KEYS")?, &channel.id, claims);
    let reply = push(stage, &channel, Some(&gone), 0)?;
    ensure!(reply.status == 200, "{}", reply.shown());

    let reply = push(stage, &channel, Some(&token), 1024)?;
    ensure!(reply.status == 200, "{}", reply.shown());
    world.insert(person.primary(0), &timed("2026-04-01", 9, 10))?;
    ensure!(rest(world, &person, SOON)?.found == 1, "a good push was lost");
    Ok(())
}

fn push(stage: &Stage, channel: &Channel, token: Option<&str>, body: usize) -> Result<Reply> {
    let mut headers = vec![
        ("x-goog-channel-id", channel.id.as_str()),
        ("x-goog-resource-id", channel.resource_id.as_str()),
        ("x-goog-resource-state", "exists"),
        ("x-goog-message-number", "7"),
    ];
    headers.extend(token.map(|token| ("x-goog-channel-token", token)));
    stage.http().send("POST", &channel.address, &headers, vec![b'x'; body])
}

fn id<I: PrefixedId>(number: u128) -> I {
    I::from_ulid(Ulid::from_parts(1_700_000_000_000, number))
}

fn refused(reply: &Reply, status: u16, code: &str) -> Result<()> {
    let told = reply.status == status && reply.error_code().as_deref() == Some(code);
    ensure!(told, "expected {status} {code}, got {}", reply.shown());
    Ok(())
}

pub(crate) fn callbacks(stage: &Stage) -> Result<()> {
    let world = &stage.world;
    let (email, other) = (format!("callback-1@{DOMAIN}"), format!("callback-2@{DOMAIN}"));
    world.create_account(&email);
    world.create_account(&other);
    let browser = Browser::new(world.http.clone());
    let api = |path: &str| world.runtime.api(path);
    let callback = |query: &str| browser.get(&api(&format!("/v1/auth/callback{query}")));

    refused(&callback("")?, 400, "state_missing")?;
    refused(&callback("?state=x")?, 400, "code_missing")?;
    refused(&callback("?code=x")?, 400, "state_missing")?;
    refused(&callback("?code=x&state=planted-secret")?, 400, "state_invalid")?;
    refused(&callback("?code=x&state=a&state=b")?, 400, "invalid_parameter")?;
    refused(&callback(&format!("?state=x&code={}", "x".repeat(4000)))?, 400, "code_invalid")?;
    refused(&callback("?error=access_denied&state=x")?, 403, "consent_denied")?;
    refused(&callback("?error=server_error")?, 400, "consent_failed")?;
    let keys = world.runtime.keys("STATE_KEYS")?;
    let expired = sign(&keys, "oauth-state", b"{}", Timestamp::from_millis(1_000_000_000_000));
    refused(&callback(&format!("?code=x&state={expired}"))?, 400, "state_expired")?;
    let session = sign(&keys, "session", b"{}", Timestamp::from_millis(9_000_000_000_000));
    refused(&callback(&format!("?code=x&state={session}"))?, 400, "state_invalid")?;

    // A state of this browser's, finished by another.
    let google = browser.location(&api(&format!("/v1/auth/signin?login_hint={email}")))?;
    let back = browser.location(google.as_str())?;
    let stranger = Browser::new(world.http.clone());
    refused(&stranger.get(back.as_str())?, 400, "state_invalid")?;
    let reply = browser.get(back.as_str())?;
    ensure!(reply.status == 200, "{}", reply.shown());
    let again = browser.get(back.as_str())?;
    ensure!(again.status == 400, "a state works twice: {}", again.shown());

    // A box left unticked at Google.
    let calendars = "https://www.googleapis.com/auth/calendar.app.created".to_owned();
    world.google.with(|google| google.settings.declined_scopes = vec![calendars]);
    let reply = browser.follow(&api(&format!("/v1/auth/link?login_hint={email}")))?;
    refused(&reply, 403, "scopes_missing")?;
    stage.reset();

    // Somebody else's account.
    let mut first = Person::sign_in(world, &email)?;
    first.link_account(&email)?;
    let second = Person::sign_in(world, &other)?;
    let reply = second.browser.follow(&api(&format!("/v1/auth/link?login_hint={email}")))?;
    refused(&reply, 409, "account_taken")?;
    // Nothing of that has hurt the account.
    first.wait_ready()
}

pub(crate) fn requests(stage: &Stage) -> Result<()> {
    let world = &stage.world;
    let browser = Browser::new(world.http.clone());
    let get = |path: &str| browser.get(&world.runtime.api(path));
    for path in ["/v1/accounts", "/v1/status", "/v1/dead_letters", "/v1/auth/link"] {
        refused(&get(path)?, 401, "unauthenticated")?;
    }
    refused(&get("/v1/nothing")?, 404, "not_found")?;
    refused(&get("/v1/admin/dead_letters")?, 401, "unauthenticated")?;
    let wrong = [("authorization", "Bearer planted-secret")];
    let reply = stage.http().get(&world.runtime.api("/v1/admin/dead_letters"), &wrong)?;
    ensure!([401, 403].contains(&reply.status), "{}", reply.shown());
    let person = stage.person("requests", 1)?;
    let path = format!("/v1/admin/accounts/{}/resync", person.accounts[0].account);
    refused(&world.admin_post(&path, &json!({"level": "planted-secret"}))?, 400, "body_invalid")?;
    let bearer = format!("Bearer {}", world.runtime.ready.admin_token);
    let headers = [("authorization", bearer.as_str()), ("content-type", "application/json")];
    let large = stage.http().send("POST", &world.runtime.api(&path), &headers, vec![b' '; 70_000])?;
    refused(&large, 413, "too_large")?;
    let reply = world.admin_post(&path, &json!({"level": "full"}))?;
    ensure!(reply.status == 202, "{}", reply.shown());
    person.wait_settled(SOON)
}
