//! Whether a request that changes something comes from a page of ours, or from a program.
//!
//! The session's cookie is `SameSite=Lax`, so a page of another site cannot send one that brings it. That leaves pages
//! of the same site under another host, and browsers that know no `SameSite`: the headers that a browser adds by itself
//! tell where its page is from, and what none of them sends without asking us first (a preflight, which nothing here
//! answers) is a method other than POST, or a body of JSON. An operator's token is no cookie: no page sends it by
//! accident.

use crate::config::Config;
use crate::conventions::{ApiError, Code, require_json};
use crate::http::ApiRequest;

/// Refuses a request that a page of anybody else's may have sent.
pub(crate) fn require_own_page(config: &Config, request: &ApiRequest) -> Result<(), ApiError> {
    let foreign_site =
        request.header("sec-fetch-site").is_some_and(|site| !matches!(site, "same-origin" | "none"));
    let foreign_origin =
        request.header("origin").is_some_and(|origin| !origin.eq_ignore_ascii_case(&config.origin));
    if foreign_site || foreign_origin {
        return Err(ApiError::refused(
            Code::CrossSite,
            "this can only be asked for by a page of T-Minus itself",
        ));
    }
    if request.method == "POST" { require_json(request) } else { Ok(()) }
}
