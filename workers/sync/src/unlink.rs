//! Unlinking an account, one step a nudge (protocol rule 29). The object says which step it is, and asks for the next.
//!
//! Effects, and why each may repeat:
//! 1. draining: the graph forgets the account: forgetting it twice is once;
//! 2. purging: events that are provably ours are deleted, each only as it was listed: what is gone is gone, what has
//!    changed is listed again;
//! 3. closing: channels are stopped, the overlay is deleted: what is not there any more is no error;
//! 4. the object gives the grant back and leaves a tombstone: asked again it answers that it is gone;
//! 5. the registry forgets the address: only of an account that is being unlinked.
//!
//! A step that fails is reported to the object, which asks for it again later. Without a grant nothing can be tidied up
//! at the provider; its owner took it away, and the rest is done all the same.

use tminus_account::contract::{
    FinishUnlink, ReportUnauthorized, UnlinkDrained, UnlinkFailed, UnlinkGrant, UnlinkPurged, UnlinkStep,
};
use tminus_google::{CalendarApi, Failure};
use tminus_ports::{CallError, Classify as _, ErrorClass, ObjectError, Ports, call, chain};
use tminus_registry::RegistrySql;
use tminus_registry::unlink::finish_unlink;
use tminus_user_graph::contract::UnlinkAccount;

use crate::error::SyncError;
use crate::maintain::{Nudge, again_after_s, list};
use crate::overlay::remove_extras;
use crate::{Config, channels, purge};

/// Does the step that the account is at.
pub(crate) async fn step<P: Ports + RegistrySql>(
    ports: &P,
    config: &Config,
    nudge: Nudge,
    grant: &UnlinkGrant,
) -> Result<(), SyncError> {
    let done = match grant.step {
        UnlinkStep::Draining => drain(ports, nudge, grant).await,
        UnlinkStep::Purging => purge(ports, config, nudge, grant).await,
        UnlinkStep::Closing => close(ports, config, nudge, grant).await,
    };
    let done = match done {
        Err(error) if !error.is_gone() => put_off(ports, nudge, grant, &error).await,
        done => done,
    };
    match done {
        Ok(()) => {
            tracing::info!(step = %grant.step, "a step of unlinking ended");
            Ok(())
        }
        Err(error) if error.is_gone() => gone(ports, nudge).await,
        Err(error) => Err(error),
    }
}

/// The object is a tombstone, or never was: nothing is left to unlink.
pub(crate) async fn gone<P: RegistrySql>(ports: &P, nudge: Nudge) -> Result<(), SyncError> {
    Ok(finish_unlink(ports, nudge.account).await?)
}

async fn drain<P: Ports>(ports: &P, nudge: Nudge, grant: &UnlinkGrant) -> Result<(), SyncError> {
    let trace = nudge.trace.to_string();
    let unlink = UnlinkAccount { account: nudge.account, generation: grant.generation };
    let claimed_until = match call(ports, &grant.user.to_string(), &trace, &unlink).await {
        Ok(unlinked) => unlinked.claimed_until,
        // A graph that is gone has forgotten everybody.
        Err(error) if error.is_gone() => None,
        Err(error) => return Err(error.into()),
    };
    let drained = UnlinkDrained { holder: nudge.holder, claimed_until };
    Ok(call(ports, &nudge.account.to_string(), &trace, &drained).await?)
}

async fn purge<P: Ports>(
    ports: &P,
    config: &Config,
    nudge: Nudge,
    grant: &UnlinkGrant,
) -> Result<(), SyncError> {
    let found = match &grant.token {
        Some(token) => {
            let api = CalendarApi::new(ports, &config.api_base, &token.access);
            purge::pass(&api, nudge.account, &grant.written).await?
        }
        None => 0,
    };
    tracing::info!(found, "our events were looked for");
    let purged = UnlinkPurged { holder: nudge.holder, found };
    Ok(call(ports, &nudge.account.to_string(), &nudge.trace.to_string(), &purged).await?)
}

async fn close<P: Ports + RegistrySql>(
    ports: &P,
    config: &Config,
    nudge: Nudge,
    grant: &UnlinkGrant,
) -> Result<(), SyncError> {
    if let Some(token) = &grant.token {
        let api = CalendarApi::new(ports, &config.api_base, &token.access);
        for channel in &grant.channels {
            channels::stop(ports, &api, nudge, channel).await?;
        }
        for written in grant.written.iter().filter(|written| written.overlay) {
            purge::remove_calendar(&api, written).await?;
        }
        match list(&api).await {
            // One whose insert was never answered is known by its description alone.
            Ok(mut listed) => remove_extras(&api, grant.overlay_calendar, "", &mut listed).await,
            Err(error) if error.class() == ErrorClass::Reject => {
                tracing::warn!(error = %chain(&error), "the calendars are not listed; an overlay may be left");
            }
            Err(error) => return Err(error),
        }
    }
    let finish = FinishUnlink { holder: nudge.holder };
    call(ports, &nudge.account.to_string(), &nudge.trace.to_string(), &finish).await?;
    Ok(finish_unlink(ports, nudge.account).await?)
}

/// Has the step done again later.
async fn put_off<P: Ports>(
    ports: &P,
    nudge: Nudge,
    grant: &UnlinkGrant,
    error: &SyncError,
) -> Result<(), SyncError> {
    let (object, trace) = (nudge.account.to_string(), nudge.trace.to_string());
    tracing::warn!(step = %grant.step, error = %chain(error), "a step of unlinking was not done");
    let unauthorized =
        matches!(error, SyncError::Provider(refused) if refused.failure == Failure::Unauthorized);
    if let Some(token) = grant.token.as_ref().filter(|_| unauthorized) {
        call(ports, &object, &trace, &ReportUnauthorized { token_version: token.version }).await?;
    }
    let failed = UnlinkFailed { holder: nudge.holder, retry_after_s: again_after_s(error) };
    match call(ports, &object, &trace, &failed).await {
        // The step was done and only its answer lost, or its lease went to somebody else: the object goes on by itself.
        Err(CallError::Object { source: ObjectError::Refused { .. }, .. }) => Ok(()),
        told => Ok(told?),
    }
}
