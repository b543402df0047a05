//! What is missing or malformed is named at the start, all of it at once.

use anyhow::{Result, ensure};
use serde_json::{Value, json};
use tminus_e2e::http::Http;
use tminus_e2e::runtime::{RuntimeOptions, check};

use crate::stage::Stage;

pub(crate) fn launcher(_stage: &Stage) -> Result<()> {
    let (status, answer) = check(&RuntimeOptions::default())?;
    ensure!(status == Some(2), "status {status:?}");
    let missing = json!(["GOOGLE_CLIENT_ID is missing", "GOOGLE_CLIENT_SECRET is missing"]);
    ensure!(answer == json!({"ready": false, "problems": missing}), "{answer}");

    let env = [
        ("MASTER_KEYS", "planted-secret"),
        ("GOOGLE_API_BASE_URL", "planted-secret"),
        ("GOOGLE_CLIENT_ID", "x"),
    ];
    let env = env.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
    let (status, answer) = check(&RuntimeOptions { env, ..RuntimeOptions::default() })?;
    ensure!(status == Some(2), "status {status:?}");
    let problems: Vec<&str> =
        answer["problems"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let names: Vec<&str> = problems.iter().filter_map(|problem| problem.split(' ').next()).collect();
    ensure!(names == ["GOOGLE_API_BASE_URL", "GOOGLE_CLIENT_SECRET", "MASTER_KEYS"], "{problems:?}");
    ensure!(!answer.to_string().contains("planted-secret"), "a value shows");
    let (status, answer) =
        check(&RuntimeOptions { google: "http://127.0.0.1:1".to_owned(), ..RuntimeOptions::default() })?;
    ensure!(status == Some(0), "a good configuration is refused: {answer}");
    Ok(())
}

/// The launcher looks at forms only: a ring with the same id twice is for the Workers to find.
pub(crate) fn worker(stage: &Stage) -> Result<()> {
    let key = "A".repeat(43);
    let twice = format!("k1:{key}=,k1:{key}=");
    let env = ["STATE_KEYS", "CHANNEL_KEYS"].map(|name| (name.to_owned(), twice.clone())).to_vec();
    let world = stage.apart("misconfigured", env)?;
    let http = Http::new()?;
    for (url, name) in [
        (world.runtime.api("/v1/status"), "STATE_KEYS"),
        (world.runtime.ready.urls.webhook.clone(), "CHANNEL_KEYS"),
    ] {
        let reply = http.send("POST", &url, &[], Vec::new())?;
        let answer: Value = reply.expect(500)?;
        ensure!(answer.to_string().contains(&format!("{name} is malformed")), "{answer}");
        ensure!(!answer.to_string().contains(&key), "a value shows");
    }
    stage.collect(&world);
    Ok(())
}
