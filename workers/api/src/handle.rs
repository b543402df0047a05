//! The way of a request: traced, routed, authenticated, answered.

use tminus_domain::ids::TraceId;
use tminus_domain::time::Timestamp;
use tminus_ports::{Ports, fresh_id};
use tminus_registry::RegistrySql;
use tminus_user_graph::policy_contract::MirrorWish;
use tracing::Instrument as _;

use crate::admin_auth::require_admin;
use crate::config::Config;
use crate::conventions::idempotency::{self, Start};
use crate::conventions::{ApiError, Code, Query};
use crate::http::{ApiRequest, ApiResponse, MAX_BODY_BYTES};
use crate::own_page::require_own_page;
use crate::router::{Access, Row, route};
use crate::session::Session;
use crate::table::Route;
use crate::{oauth, routes};

/// What a handler works with.
pub(crate) struct Context<'a, P> {
    pub(crate) ports: &'a P,
    pub(crate) config: &'a Config,
    pub(crate) request: &'a ApiRequest,
    pub(crate) query: Query,
    pub(crate) trace: TraceId,
    pub(crate) now: Timestamp,
}

impl<P> Context<'_, P> {
    /// Who is signed in.
    pub(crate) fn session(&self) -> Result<Session, ApiError> {
        Session::of(self.config, self.request, self.now)
    }
}

/// Answers a request. Never fails: what goes wrong is an answer too. Every answer names its trace.
pub async fn handle<P: Ports + RegistrySql>(ports: &P, config: &Config, request: ApiRequest) -> ApiResponse {
    let trace: TraceId = fresh_id(ports);
    let span = tracing::info_span!("request", %trace, worker = "api");
    let answer = async {
        let route = route(&request.method, &request.path);
        let name = route.as_ref().map_or("none", |(row, _)| row.name);
        let answer = match route {
            Ok((row, route)) => serve(ports, config, &request, trace, row, route).await,
            Err(error) => Err(error),
        };
        match answer {
            Ok(answer) => {
                tracing::info!(route = name, status = answer.status, "answered");
                answer
            }
            Err(error) => {
                match error.detail() {
                    Some(detail) => {
                        tracing::error!(route = name, status = error.status(), detail, "failed");
                    }
                    None => {
                        tracing::info!(
                            route = name,
                            status = error.status(),
                            code = error.code().as_str(),
                            "refused"
                        );
                    }
                }
                error.response(trace)
            }
        }
    };
    answer.instrument(span).await.with("x-tminus-trace", &trace.to_string())
}

async fn serve<P: Ports + RegistrySql>(
    ports: &P,
    config: &Config,
    request: &ApiRequest,
    trace: TraceId,
    row: &Row,
    route: Route,
) -> Result<ApiResponse, ApiError> {
    if request.body.len() > MAX_BODY_BYTES {
        return Err(ApiError::refused(Code::TooLarge, "the body is over 64 KB"));
    }
    if row.access == Access::Operator {
        require_admin(config, request)?;
    }
    if row.changes_by_session() {
        require_own_page(config, request)?;
    }
    let query = Query::parse(&request.query)?;
    row.check(&query)?;
    let cx = Context { ports, config, request, query, trace, now: ports.now() };
    if row.access == Access::Session {
        cx.session()?;
    }
    let mut key = None;
    if row.changes_by_session() {
        match idempotency::begin(&cx).await? {
            Start::Answered(answer) => return Ok(answer),
            Start::Do(keyed) => key = keyed,
        }
    }
    let came = dispatch(&cx, route).await;
    if let Some(key) = key {
        key.end(&cx, &came).await;
    }
    came
}

async fn dispatch<P: Ports + RegistrySql>(
    cx: &Context<'_, P>,
    route: Route,
) -> Result<ApiResponse, ApiError> {
    let ask = match route {
        // More than one question, or none of a graph.
        Route::Health => return ApiResponse::json(200, &routes::Health { ok: true }),
        Route::Description => return Ok(ApiResponse::description()),
        Route::SignIn => return oauth::begin_sign_in(cx),
        Route::Link => return oauth::begin_link(cx),
        Route::Callback => return oauth::callback(cx).await,
        Route::Accounts => return routes::accounts::own(cx).await,
        Route::EventsFile => return routes::ics::own(cx).await,
        Route::ChangeEvent(event) => return routes::own_events::change(cx, event).await,
        Route::DeleteEvent(event) => return routes::own_events::delete(cx, event).await,
        Route::ReplaceConstraint(id) => {
            return routes::constraints::if_set(cx, id, routes::constraints::replace(cx, id)?).await;
        }
        Route::RemoveConstraint(id) => {
            return routes::constraints::if_set(cx, id, routes::constraints::remove(cx, id)?).await;
        }
        Route::Status => return routes::status::own(cx).await,
        Route::DeadLetters => return routes::dead_letters::own(cx).await,
        Route::Unlink(account) => return routes::unlink::own(cx, account).await,
        Route::ReplayDeadLetter(account, letter) => {
            return routes::replay::own_letter(cx, account, letter).await;
        }
        Route::DiscardDeadLetter(account, letter) => {
            return routes::replay::discard_own(cx, account, letter).await;
        }
        Route::ReplayQuarantine(account) => return routes::replay::quarantine(cx, account).await,
        Route::AdminUnlink(account) => return routes::unlink::by_operator(cx, account).await,
        Route::AdminReplayDeadLetter(object, letter) => {
            return routes::replay::letter_of(cx, &object.0, letter).await;
        }
        Route::AdminDiscardDeadLetter(object, letter) => {
            return routes::replay::discard(cx, &object.0, letter).await;
        }
        Route::AdminResync(account) => return routes::admin::resync(cx, account).await,
        Route::AdminMaintain(account) => return routes::admin::maintain(cx, account).await,
        Route::AdminAccountStatus(account) => return routes::admin::account_status(cx, account).await,
        Route::AdminAccountDeadLetters(object) => {
            return routes::dead_letters::of_object(cx, &object.0).await;
        }
        Route::AdminUserStatus(user) => return routes::status::of_user(cx, user).await,
        Route::AdminDeadLetters => return routes::dead_letters::newest(cx).await,
        // One question to a graph.
        Route::Events => routes::events::own(cx),
        Route::Event(event) => routes::events::one(cx, event),
        Route::CreateEvent => routes::own_events::create(cx),
        Route::Journal(event) => routes::journal::of_event(cx, event),
        Route::AsOf(event) => routes::journal::as_of(cx, event),
        Route::ExplainEvent(event) => routes::explain::event(cx, event),
        Route::ExplainSlot(calendar) => routes::explain::slot(cx, calendar),
        Route::Conservation => routes::explain::conservation(cx),
        Route::FreeBusy => routes::free_busy::own(cx),
        Route::PreviewPolicy => routes::preview::step(cx),
        Route::SettingsJournal => routes::journal::of_settings(cx),
        Route::Constraints => routes::constraints::own(cx),
        Route::AddConstraint => routes::constraints::add(cx),
        Route::Policy => routes::policy::own(cx),
        Route::PutEdge => routes::policy::put_edge(cx),
        Route::RemoveEdge => routes::policy::remove_edge(cx),
        Route::SetHandDeleted => routes::mirrors::set_hand_deleted(cx, None),
        Route::SetHandDeletedOf(event) => routes::mirrors::set_hand_deleted(cx, Some(event)),
        Route::UnsetHandDeletedOf(event) => routes::mirrors::unset_hand_deleted(cx, event),
        Route::SetWorkingHours => routes::policy::set_working_hours(cx),
        Route::Dismiss(event, calendar) => {
            routes::mirrors::set_dismissed(cx, event, calendar, MirrorWish::Dismissed)
        }
        Route::TakeBack(event, calendar) => {
            routes::mirrors::set_dismissed(cx, event, calendar, MirrorWish::AsPolicy)
        }
        Route::Holds => routes::holds::own(cx),
        Route::Hold(calendar) => routes::holds::one(cx, calendar),
        Route::DecideHold(calendar) => routes::holds::decide(cx, calendar),
        Route::AdminUserEvents(user) => routes::events::of_user(cx, user),
    };
    ask?.send(cx).await
}
