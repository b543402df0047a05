//! The words by which programs tell refusals apart.

use tminus_domain::words;

words! {
    /// Why a request is refused, for programs.
    Code {
        /// A parameter of the query or a header is missing, malformed, repeated or not known.
        InvalidParameter = "invalid_parameter",
        /// The body is not what the route takes.
        BodyInvalid = "body_invalid",
        /// The cursor, or what a preview came to so far, is none of ours.
        CursorInvalid = "cursor_invalid",
        /// It is of another list, with other parameters, or of somebody else.
        CursorOfAnotherQuery = "cursor_of_another_query",
        /// The provider sent somebody back with an error.
        ConsentFailed = "consent_failed",
        /// The provider sent somebody back without a state.
        StateMissing = "state_missing",
        /// The state is not of this browser.
        StateInvalid = "state_invalid",
        /// The consent took too long.
        StateExpired = "state_expired",
        /// The consent was completed before.
        StateUsed = "state_used",
        /// The provider sent somebody back without a code.
        CodeMissing = "code_missing",
        /// The code is too long.
        CodeInvalid = "code_invalid",
        /// The provider does not accept the code.
        CodeRejected = "code_rejected",
        /// Nobody is signed in, or the operator's token is missing or wrong.
        Unauthenticated = "unauthenticated",
        /// The request may come from a page of somebody else's.
        CrossSite = "cross_site",
        /// The permission was not given.
        ConsentDenied = "consent_denied",
        /// Some of the permissions were not given.
        ScopesMissing = "scopes_missing",
        /// The link was begun in another session.
        SessionMismatch = "session_mismatch",
        /// The provider does not vouch for the address.
        EmailUnverified = "email_unverified",
        /// There is no such thing, or it is somebody else's.
        NotFound = "not_found",
        /// The event was not seen yet at that time.
        NotYet = "not_yet",
        /// The path takes other methods.
        MethodNotAllowed = "method_not_allowed",
        /// No account is linked yet.
        NothingLinked = "nothing_linked",
        /// The account is on its way out.
        UnlinkUnderWay = "unlink_under_way",
        /// The account must be linked again.
        ConsentNeeded = "consent_needed",
        /// The account is linked by somebody else.
        AccountTaken = "account_taken",
        /// The address belongs to somebody else.
        EmailTaken = "email_taken",
        /// The event belongs to an account: its provider owns what it says.
        OwnedByAccount = "owned_by_account",
        /// Another version stands than was to be changed.
        VersionConflict = "version_conflict",
        /// The first request under this key is under way.
        IdempotencyKeyUnderWay = "idempotency_key_under_way",
        /// The letter can only be discarded.
        NotReplayable = "not_replayable",
        /// The journal does not reach back so far.
        Forgotten = "forgotten",
        /// The body is over 64 KB.
        TooLarge = "too_large",
        /// The body is not `application/json`.
        UnsupportedMediaType = "unsupported_media_type",
        /// The body is well formed, and what it asks for cannot be.
        Unprocessable = "unprocessable",
        /// The idempotency key was used for another request.
        IdempotencyKeyReused = "idempotency_key_reused",
        /// A defect of ours.
        Internal = "internal",
        /// Something that T-Minus stands on does not answer; try again later.
        Unavailable = "unavailable",
    }
}

impl Code {
    /// The HTTP status.
    #[must_use]
    pub const fn status(self) -> u16 {
        match self {
            Self::InvalidParameter
            | Self::BodyInvalid
            | Self::CursorInvalid
            | Self::CursorOfAnotherQuery
            | Self::ConsentFailed
            | Self::StateMissing
            | Self::StateInvalid
            | Self::StateExpired
            | Self::StateUsed
            | Self::CodeMissing
            | Self::CodeInvalid
            | Self::CodeRejected => 400,
            Self::Unauthenticated => 401,
            Self::CrossSite
            | Self::ConsentDenied
            | Self::ScopesMissing
            | Self::SessionMismatch
            | Self::EmailUnverified => 403,
            Self::NotFound | Self::NotYet => 404,
            Self::MethodNotAllowed => 405,
            Self::NothingLinked
            | Self::UnlinkUnderWay
            | Self::ConsentNeeded
            | Self::AccountTaken
            | Self::EmailTaken
            | Self::OwnedByAccount
            | Self::VersionConflict
            | Self::IdempotencyKeyUnderWay
            | Self::NotReplayable => 409,
            Self::Forgotten => 410,
            Self::TooLarge => 413,
            Self::UnsupportedMediaType => 415,
            Self::Unprocessable | Self::IdempotencyKeyReused => 422,
            Self::Internal => 500,
            Self::Unavailable => 503,
        }
    }
}
