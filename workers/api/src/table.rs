//! Every route: its name, method, path, parameters, body and answers. The router goes by it, and so does what
//! `openapi.json` and docs/API.md say, which are made of it.
//!
//! A line is: the route with its places, its name, who may take it, its method and path; `query`, the type of its
//! parameters (`open_query`: it takes others too); `body`, the type of its body; each status that it answers with, and the
//! type of the answer. Refusals follow from that; `refuses` adds those that do not.

use tminus_domain::ids::{AccountId, CalendarId, ConstraintId, DeadLetterId, EventId, UserId};
use tminus_ports::Method;

use crate::router::{Access, ObjectName, Row, Takes, place};
use crate::{oauth, routes};

macro_rules! routes {
    ($(
        $(#[doc = $doc:literal])+
        $route:ident $(($($place:ident: $kind:ty),+))? $name:literal $access:ident $method:ident $path:literal
            $(query($query:ty))? $(open_query($open:ty))? $(body($body:ty))? $(refuses($($refusal:literal)+))?
            $(=> $status:literal $reply:ty)+
    ;)*) => {
        /// A route.
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub(crate) enum Route {
            $($(#[doc = $doc])+ $route $(($($kind),+))?,)*
        }

        /// All routes.
        pub(crate) const TABLE: &[Row] = &[$(Row {
            name: $name,
            method: Method::$method,
            path: $path,
            access: Access::$access,
            takes: routes!(@takes $($query)? $(open $open)?),
            make: |_places| {
                let mut _places = _places.iter();
                Ok(Route::$route $(($(place::<$kind>(_places.next())?),+))?)
            },
        }),*];

        /// What is to be said of each line of the table, in its order.
        #[cfg(test)]
        pub(crate) fn described(schemas: &mut crate::openapi::Schemas) -> Vec<crate::openapi::Described> {
            vec![$(crate::openapi::Described {
                text: [$($doc),+].map(str::trim).join("\n"),
                places: vec![$($((stringify!($place), schemas.taken::<$kind>())),+)?],
                parameters: vec![$(schemas.taken::<$query>(),)? $(schemas.taken::<$open>(),)?].pop(),
                body: vec![$(schemas.taken::<$body>())?].pop(),
                answers: vec![$(($status, schemas.shown::<$reply>())),+],
                refusals: vec![$($($refusal),+)?],
            }),*]
        }
    };
    (@takes) => { Takes::Only(&[]) };
    (@takes $query:ty) => { Takes::Only(<$query>::NAMES) };
    (@takes open $query:ty) => { Takes::Any };
}

routes! {
    /// Whether the Worker answers.
    Health "health" Open Get "/healthz"
        => 200 routes::Health;
    /// This description, as OpenAPI 3.1.
    Description "openapi" Open Get "/v1/openapi.json"
        => 200 serde_json::Value;

    /// Signs in: sends the browser to the provider, which sends it back.
    SignIn "signin" Open Get "/v1/auth/signin"
        query(oauth::SignInQuery)
        => 302 ();
    /// Links an account: sends the browser to the provider, which sends it back.
    Link "link" Session Get "/v1/auth/link"
        query(oauth::LinkQuery)
        => 302 ();
    /// Where the provider sends the browser back to.
    /// A browser gets a page, a program JSON; a sign-in sets the session's cookie.
    Callback "callback" Open Get "/v1/auth/callback"
        open_query(oauth::CallbackQuery)
        refuses(401 403 409)
        => 200 oauth::Returned;

    /// Your accounts and how each stands.
    Accounts "accounts" Session Get "/v1/accounts"
        => 200 routes::accounts::Accounts;
    /// Unlinks an account: its events, its blocks and what is kept of it are deleted, step by step.
    Unlink(account: AccountId) "unlink" Session Delete "/v1/accounts/{account}"
        => 202 routes::unlink::Unlinking;
    /// How your federation stands.
    Status "status" Session Get "/v1/status"
        => 200 routes::status::Status;

    /// What takes place between two times, in all of your accounts, in order of its start.
    /// Of a series, each occurrence. A meeting that two accounts hold is listed for both.
    Events "events" Session Get "/v1/events"
        query(routes::events::EventsQuery) refuses(422)
        => 200 routes::events::Events;
    /// The same as an iCalendar file, each occurrence of a series by itself, with times in UTC.
    /// It has at most 5,000 events or 8 MB of text. If it is cut, `x-tminus-cut-at` says where: the next file is from
    /// there, and programs know by its UID what is in both.
    EventsFile "events_file" Session Get "/v1/events.ics"
        query(routes::ics::IcsQuery)
        => 200 routes::ics::File;
    /// Makes an event of your own, that belongs to no account; it blocks accounts along the edges from
    /// `acc_00000000000000000000000000`.
    /// Under a key, its id follows from key and request.
    CreateEvent "create_event" Session Post "/v1/events"
        body(tminus_domain::own_event::OwnEvent)
        => 201 tminus_user_graph::own_contract::OwnStanding;
    /// One event with its mirrors, also one that is deleted.
    Event(event: EventId) "event" Session Get "/v1/events/{event}"
        => 200 tminus_user_graph::reading_contract::EventDetails;
    /// Changes an event of your own; what is left out stays.
    /// An empty text takes a text away, an empty list the series.
    /// One of an account is refused as `owned_by_account`, and `details.owner` is the account; if another version stands,
    /// as `version_conflict`, and `details.version` is that.
    ChangeEvent(event: EventId) "change_event" Session Patch "/v1/events/{event}"
        query(routes::own_events::VersionQuery) body(tminus_domain::own_event::OwnEventPatch)
        => 200 tminus_user_graph::own_contract::OwnStanding;
    /// Deletes an event of your own; it is refused as a change is.
    DeleteEvent(event: EventId) "delete_event" Session Delete "/v1/events/{event}"
        query(routes::own_events::VersionQuery)
        => 200 routes::own_events::Deleted;
    /// What became of an event and of its mirrors, the newest first.
    Journal(event: EventId) "journal" Session Get "/v1/events/{event}/journal"
        query(routes::journal::JournalQuery)
        => 200 routes::journal::Journal;
    /// What an event was at a time, and what was known of its mirrors.
    /// Before it was seen: `not_yet`, and `details.since` is when that was. Longer ago than journals are kept:
    /// `forgotten`, and `details.earliest` is the earliest time that can be asked for.
    AsOf(event: EventId) "as_of" Session Get "/v1/events/{event}/as-of"
        query(routes::journal::AsOfQuery) refuses(410)
        => 200 tminus_user_graph::explaining_contract::Was;
    /// Why an event is mirrored or not, calendar by calendar.
    ExplainEvent(event: EventId) "explain_event" Session Get "/v1/events/{event}/explanation"
        => 200 tminus_user_graph::explaining_contract::ExplainedEvent;
    /// Why a calendar is blocked at a time, or not.
    ExplainSlot(calendar: CalendarId) "explain_slot" Session Get "/v1/calendars/{calendar}/explanation"
        query(routes::journal::AsOfQuery)
        => 200 tminus_user_graph::explaining_contract::ExplainedSlot;
    /// Whether every event is accounted for along every edge.
    Conservation "conservation" Session Get "/v1/conservation"
        => 200 tminus_user_graph::explaining_contract::Conservation;
    /// When you are taken and when free, merged over your accounts, trips and overrides.
    FreeBusy "free_busy" Session Get "/v1/free-busy"
        query(routes::free_busy::FreeBusyQuery)
        => 200 tminus_user_graph::reading_contract::FreeBusy;
    /// Sets what becomes of blocks of one event that are deleted by hand.
    SetHandDeletedOf(event: EventId) "set_hand_deleted_of" Session Put "/v1/events/{event}/hand-deleted"
        body(routes::mirrors::Becomes)
        => 200 routes::mirrors::Became;
    /// What the policy says of blocks that are deleted by hand applies to the event again.
    UnsetHandDeletedOf(event: EventId) "unset_hand_deleted_of" Session Delete "/v1/events/{event}/hand-deleted"
        => 200 routes::mirrors::Became;
    /// No block for this event in this calendar.
    Dismiss(event: EventId, calendar: CalendarId) "dismiss" Session
        Put "/v1/events/{event}/mirrors/{calendar}/dismissal"
        => 200 routes::mirrors::Dismissal;
    /// Takes back that there is to be no block for this event in this calendar.
    TakeBack(event: EventId, calendar: CalendarId) "take_back" Session
        Delete "/v1/events/{event}/mirrors/{calendar}/dismissal"
        => 200 routes::mirrors::Dismissal;

    /// What is copied between your accounts, and how it looks.
    Policy "policy" Session Get "/v1/policy"
        => 200 tminus_user_graph::policy_contract::Policy;
    /// Adds an edge or replaces it.
    /// The edge of a calendar goes before that of its account. Everything is projected again.
    PutEdge "put_edge" Session Put "/v1/policy/edges"
        body(routes::policy::EdgeBody)
        => 200 tminus_user_graph::policy_contract::Policy;
    /// Removes the edge of a calendar; that of an account is switched `off` instead.
    RemoveEdge "remove_edge" Session Delete "/v1/policy/edges"
        query(routes::policy::EdgeQuery)
        => 200 tminus_user_graph::policy_contract::Policy;
    /// What a change of the policy would do; nothing is changed.
    /// Each answer is one step: until `so_far` is `null`, ask again with the same change and the `so_far` of the answer. If
    /// the policy is changed meanwhile, begin again.
    PreviewPolicy "preview_policy" Session Post "/v1/policy/preview"
        body(routes::preview::PreviewBody)
        => 200 routes::preview::PreviewStep;
    /// Sets what becomes of blocks that are deleted by hand.
    SetHandDeleted "set_hand_deleted" Session Put "/v1/policy/hand-deleted"
        body(routes::mirrors::Becomes)
        => 200 routes::mirrors::Became;
    /// Sets your working hours; `null`: there are none.
    SetWorkingHours "set_working_hours" Session Put "/v1/working-hours"
        body(Option<tminus_domain::hours::WorkingHours>)
        => 200 tminus_user_graph::policy_contract::Policy;

    /// What was changed of one of your settings, the newest first.
    SettingsJournal "settings_journal" Session Get "/v1/settings/journal"
        query(routes::journal::SettingsQuery)
        => 200 routes::journal::Settings;

    /// Your trips, and what is busy or free whatever your calendars say.
    Constraints "constraints" Session Get "/v1/constraints"
        query(routes::constraints::ConstraintsQuery)
        => 200 routes::constraints::Constraints;
    /// Sets a trip or an override. One that is busy blocks time in every account.
    /// Under a key, its id follows from key and request.
    AddConstraint "add_constraint" Session Post "/v1/constraints"
        body(tminus_domain::constraint::Constraint)
        => 201 routes::constraints::Known<tminus_domain::constraint::Constraint>;
    /// Replaces a trip or an override.
    ReplaceConstraint(constraint: ConstraintId) "replace_constraint" Session Put "/v1/constraints/{constraint}"
        body(tminus_domain::constraint::Constraint)
        => 200 routes::constraints::Known<tminus_domain::constraint::Constraint>;
    /// Removes a trip or an override, and what it blocks.
    RemoveConstraint(constraint: ConstraintId) "remove_constraint" Session Delete "/v1/constraints/{constraint}"
        => 200 routes::constraints::Removed;

    /// Held sweeps: events that are gone from a calendar all at once, too many to be believed.
    Holds "holds" Session Get "/v1/holds"
        => 200 tminus_user_graph::policy_contract::Holds;
    /// What a held sweep would delete.
    Hold(calendar: CalendarId) "hold" Session Get "/v1/holds/{calendar}"
        query(routes::holds::HoldQuery)
        => 200 routes::holds::HeldPage;
    /// Decides on a held sweep.
    /// Answers how many events are being deleted, or stay; none if that run holds nothing (any more).
    DecideHold(calendar: CalendarId) "decide_hold" Session Post "/v1/holds/{calendar}"
        body(routes::holds::DecisionBody)
        => 200 tminus_user_graph::policy_contract::Decided
        => 202 tminus_user_graph::policy_contract::Decided;

    /// What was given up, by account.
    DeadLetters "dead_letters" Session Get "/v1/dead_letters"
        => 200 routes::dead_letters::Letters;
    /// Discards what was given up.
    DiscardDeadLetter(account: AccountId, letter: DeadLetterId) "discard_dead_letter" Session
        Delete "/v1/accounts/{account}/dead_letters/{letter}"
        => 200 routes::replay::Handled;
    /// Does once more what was given up.
    ReplayDeadLetter(account: AccountId, letter: DeadLetterId) "replay_dead_letter" Session
        Post "/v1/accounts/{account}/dead_letters/{letter}/replay"
        body(routes::Nothing)
        => 202 routes::replay::Handled;
    /// Fetches again what could not be understood.
    ReplayQuarantine(account: AccountId) "replay_quarantine" Session
        Post "/v1/accounts/{account}/quarantine/replay"
        body(routes::Nothing)
        => 202 routes::replay::Asked;

    /// The newest dead letters of all objects, at most 100.
    AdminDeadLetters "admin_dead_letters" Operator Get "/v1/admin/dead_letters"
        => 200 routes::dead_letters::Newest;
    /// How an account stands.
    AdminAccountStatus(account: AccountId) "admin_account_status" Operator
        Get "/v1/admin/accounts/{account}/status"
        => 200 tminus_account::contract::AccountStatus;
    /// Fetches calendars of an account; all that are watched if none is named.
    AdminResync(account: AccountId) "admin_resync" Operator Post "/v1/admin/accounts/{account}/resync"
        body(routes::admin::Resync)
        => 202 routes::admin::Marked;
    /// Maintains an account: its calendars, its overlay, its channels.
    AdminMaintain(account: AccountId) "admin_maintain" Operator Post "/v1/admin/accounts/{account}/maintain"
        => 202 routes::admin::Nudged;
    /// Unlinks an account of anybody's.
    AdminUnlink(account: AccountId) "admin_unlink" Operator Post "/v1/admin/accounts/{account}/unlink"
        => 202 routes::unlink::Unlinking;
    /// The dead letters of an account, or of `acc_unroutable`, which keeps those that belong to none.
    AdminAccountDeadLetters(account: ObjectName) "admin_account_dead_letters" Operator
        Get "/v1/admin/accounts/{account}/dead_letters"
        => 200 routes::dead_letters::ObjectLetters;
    /// Discards a dead letter.
    AdminDiscardDeadLetter(account: ObjectName, letter: DeadLetterId) "admin_discard_dead_letter" Operator
        Delete "/v1/admin/accounts/{account}/dead_letters/{letter}"
        => 200 routes::replay::Handled;
    /// Does once more what a dead letter was about.
    AdminReplayDeadLetter(account: ObjectName, letter: DeadLetterId) "admin_replay_dead_letter" Operator
        Post "/v1/admin/accounts/{account}/dead_letters/{letter}/replay"
        => 202 routes::replay::Handled;
    /// How the federation of a person stands.
    AdminUserStatus(user: UserId) "admin_user_status" Operator Get "/v1/admin/users/{user}/status"
        => 200 routes::status::Status;
    /// The events of a person between two times.
    AdminUserEvents(user: UserId) "admin_user_events" Operator Get "/v1/admin/users/{user}/events"
        query(routes::events::EventsQuery) refuses(422)
        => 200 routes::events::Events;
}
