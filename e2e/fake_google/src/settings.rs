//! Knobs: everything undocumented about Google, and everything a scenario wants to bend.

use serde::{Deserialize, Serialize};

/// What a PUT on a cancelled event does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PutOnCancelled {
    /// 200, the event lives again.
    Revive200,
    /// 403 `forbidden`.
    Forbidden403,
    /// 410 `deleted`.
    Gone410,
}

/// What a sync token which has expired gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ExpiredSyncToken {
    /// 410 `fullSyncRequired`.
    Gone410,
    /// 400 `invalid`, "Invalid sync token value."
    Invalid400,
}

/// How an exceeded per-minute quota is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RateLimitForm {
    /// 403 `rateLimitExceeded`.
    Forbidden403,
    /// 403 `userRateLimitExceeded`.
    UserForbidden403,
    /// 429 `rateLimitExceeded`.
    TooMany429,
}

/// Order in which the parts of a batch are executed and answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BatchOrder {
    /// As sent.
    Same,
    /// Backwards.
    Reverse,
    /// Shuffled, reproducibly.
    Shuffle,
}

/// All knobs. `POST /control/settings` sets the named ones and leaves the others.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// `/auth` with a known `login_hint` redirects at once.
    pub auto_consent: bool,
    /// Every consent ends with `error=access_denied`.
    pub deny_consent: bool,
    /// Scopes the human unticks.
    pub declined_scopes: Vec<String>,
    /// Lifetime of access tokens in seconds.
    pub access_token_ttl_s: i64,
    /// Lifetime of authorization codes in seconds.
    pub code_ttl_s: i64,
    /// Live refresh tokens per user and client; the oldest die silently.
    pub refresh_token_limit: usize,
    /// Lifetime of refresh tokens in seconds; an app in testing gets seven days.
    pub refresh_token_ttl_s: Option<i64>,
    /// Access tokens of 2048 and refresh tokens of 512 bytes.
    pub long_tokens: bool,
    /// A refresh also hands out a new refresh token.
    pub rotate_refresh_tokens: bool,
    /// Changes made through the API push too.
    pub echo_pushes: bool,
    /// Any pushes at all.
    pub pushes_enabled: bool,
    /// Share of `exists` pushes which get lost, 0..=1.
    pub push_drop_rate: f64,
    /// Share of `exists` pushes which are sent twice, 0..=1.
    pub push_duplicate_rate: f64,
    /// Share of `exists` pushes which come only after the channel's next one, 0..=1.
    pub push_reorder_rate: f64,
    /// Delay of every push in milliseconds; their order stays.
    pub push_delay_ms: u64,
    /// Up to this much more for each `exists` push, from the seed; pushes overtake each other.
    pub push_jitter_ms: u64,
    /// The `sync` push arrives before the answer to its `watch`.
    pub sync_push_first: bool,
    /// So many further changes are still pushed on a channel which has been stopped.
    pub pushes_after_stop: u32,
    /// `expiration` of a channel is a number instead of a string.
    pub channel_expiration_as_number: bool,
    /// Further attempts after 500, 502, 503, 504 or a failed connection.
    pub push_retries: u32,
    /// First pause between attempts in milliseconds; doubles each time.
    pub push_retry_base_ms: u64,
    /// Upper bound of every page.
    pub page_size_cap: Option<usize>,
    /// The first page of a list is empty but has a `nextPageToken`.
    pub empty_first_page: bool,
    /// Full lists run backwards, exceptions before their masters.
    pub reverse_full_list: bool,
    /// Incremental lists run backwards, the newest change first.
    pub reverse_delta: bool,
    /// What an expired sync token gets, on the first page or on a later one.
    pub expired_sync_token: ExpiredSyncToken,
    /// `created` is year zero: 0001-01-01 by `get`, 0000-12-31 in a list.
    pub year_zero_created: bool,
    /// Every calendar is shown with this access role, known to clients or not.
    pub shown_access_role: Option<String>,
    /// `events.instances` shows cancelled instances only with `showDeleted=true`.
    pub instances_hide_cancelled: bool,
    /// Incremental lists do not show changes younger than this: a lagging replica.
    pub list_lag_ms: i64,
    /// A write which changes nothing moves the etag and pushes all the same.
    pub noop_write_bumps: bool,
    /// An incremental list honours the window of the initial list.
    pub sync_token_remembers_window: bool,
    /// Lists with `orderBy`, `q`, `iCalUID` or property filters carry no `nextSyncToken`.
    pub filters_suppress_sync_token: bool,
    /// `updatedMin` older than this answers 410.
    pub updated_min_horizon_days: i64,
    /// Deleting a master shows a row for each of its exceptions.
    pub tombstone_exceptions: bool,
    /// Exceptions that a shortened or moved series no longer has stay; else they are cancelled.
    pub keep_orphaned_exceptions: bool,
    /// An event inserted through the API is rewritten at once: the etag in the answer is stale.
    pub rewrite_after_create: bool,
    /// A sub-daily rule crashes the server (500) instead of being refused (400).
    pub sub_daily_rule_crashes: bool,
    /// PUT on a cancelled event.
    pub put_on_cancelled: PutOnCancelled,
    /// PUT on a cancelled instance of a live series brings it back; else it is 403 `forbidden`.
    pub revive_cancelled_instance: bool,
    /// Webhook addresses may be plain http.
    pub allow_http: bool,
    /// Channel lifetime when none is asked for, in seconds.
    pub default_channel_ttl_s: i64,
    /// Longest channel lifetime, in seconds.
    pub max_channel_ttl_s: i64,
    /// Most parts of one batch.
    pub batch_cap: usize,
    /// Order of a batch.
    pub batch_order: BatchOrder,
    /// Calls a minute of one user through one project; Google grants 600. Batches count by their parts.
    pub quota_per_minute_per_user: Option<u64>,
    /// Calls a minute of one project; Google grants 10,000.
    pub quota_per_minute_per_project: Option<u64>,
    /// Event writes a minute to one calendar, whoever writes; Google keeps its limit to itself.
    pub writes_per_minute_per_calendar: Option<u64>,
    /// What one `events.patch` costs.
    pub patch_quota_units: u64,
    /// How an exceeded per-minute quota is told.
    pub rate_limit_form: RateLimitForm,
    /// `Retry-After` of an answer which tells of a quota; Google does not document any.
    pub retry_after_s: Option<u64>,
    /// Writes and guests of one user before 403 `quotaExceeded`, however slowly they come.
    pub usage_limit_writes: Option<u64>,
    /// How long a write counts against it, in seconds.
    pub usage_limit_window_s: i64,
    /// Delay of every answer outside `/control`, in milliseconds.
    pub response_delay_ms: u64,
    /// Added to the time of every call, to let tokens and channels expire.
    pub clock_offset_ms: i64,
    /// Seed of the losses and shuffles.
    pub seed: u64,
}

impl Default for Settings {
    fn default() -> Self {
        const DAY_S: i64 = 86_400;
        Self {
            auto_consent: true,
            deny_consent: false,
            declined_scopes: Vec::new(),
            access_token_ttl_s: 3599,
            code_ttl_s: 600,
            refresh_token_limit: 100,
            refresh_token_ttl_s: None,
            long_tokens: false,
            rotate_refresh_tokens: false,
            echo_pushes: true,
            pushes_enabled: true,
            push_drop_rate: 0.0,
            push_duplicate_rate: 0.0,
            push_reorder_rate: 0.0,
            push_delay_ms: 0,
            push_jitter_ms: 0,
            sync_push_first: false,
            pushes_after_stop: 0,
            channel_expiration_as_number: false,
            push_retries: 4,
            push_retry_base_ms: 500,
            page_size_cap: None,
            empty_first_page: false,
            reverse_full_list: false,
            reverse_delta: false,
            expired_sync_token: ExpiredSyncToken::Gone410,
            year_zero_created: false,
            shown_access_role: None,
            instances_hide_cancelled: false,
            list_lag_ms: 0,
            noop_write_bumps: true,
            sync_token_remembers_window: false,
            filters_suppress_sync_token: true,
            updated_min_horizon_days: 28,
            tombstone_exceptions: false,
            keep_orphaned_exceptions: true,
            rewrite_after_create: false,
            sub_daily_rule_crashes: false,
            put_on_cancelled: PutOnCancelled::Revive200,
            revive_cancelled_instance: true,
            allow_http: true,
            default_channel_ttl_s: 7 * DAY_S,
            max_channel_ttl_s: 30 * DAY_S,
            batch_cap: 1000,
            batch_order: BatchOrder::Same,
            quota_per_minute_per_user: None,
            quota_per_minute_per_project: None,
            writes_per_minute_per_calendar: None,
            patch_quota_units: 3,
            rate_limit_form: RateLimitForm::Forbidden403,
            retry_after_s: None,
            usage_limit_writes: None,
            usage_limit_window_s: 6 * 3600,
            response_delay_ms: 0,
            clock_offset_ms: 0,
            seed: 1,
        }
    }
}
