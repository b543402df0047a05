//! What the API says of itself: made of its types by a test of the api Worker, which also holds the files against them.

use anyhow::Result;

use crate::{
    proc::{cargo, shown},
    repo::Repo,
};

/// Set, the test writes the files.
const WRITE: &str = "TMINUS_WRITE_OPENAPI";
const TEST: &str = "openapi::tests::the_document_and_its_page_are_golden";

/// Writes the document and the page that is made of it.
pub(crate) fn write(repo: &Repo) -> Result<()> {
    let mut command = cargo();
    command.args(["test", "--quiet", "--package", "tminus-api", "--lib", "--", "--exact", TEST]);
    shown(command.current_dir(&repo.root).env(WRITE, "1"))
}
