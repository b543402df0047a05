//! People, their organisations and the identities that they sign in with.
//!
//! A person is found by the provider's subject only. The address is kept to show it and to refuse a second person
//! with the same one: providers hand addresses on, so an address proves nobody.

use tminus_domain::ids::{OrgId, UserId};
use tminus_domain::time::Timestamp;
use tminus_store::Value;

use crate::{RegistryError, RegistrySql, Subject};

/// A person who signs in for the first time. `Debug` does not show the address.
#[derive(Clone, PartialEq, Eq)]
pub struct NewUser {
    /// The id of the person's own organisation.
    pub org: OrgId,
    /// The person's id.
    pub user: UserId,
    /// The identity that the person signs in with.
    pub subject: Subject,
    /// The address, as the provider vouches for it.
    pub email: String,
    /// When.
    pub now: Timestamp,
}

impl std::fmt::Debug for NewUser {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NewUser").field("org", &self.org).field("user", &self.user).finish_non_exhaustive()
    }
}

/// The person who signs in as `subject`: by identity, else by a linked account of that subject.
///
/// # Errors
/// [`RegistryError::Store`].
pub async fn find_user_by_subject(
    registry: &impl RegistrySql,
    subject: &Subject,
) -> Result<Option<UserId>, RegistryError> {
    // The identity goes first: whoever signed up with a subject stays that person, whoever links it later. An account
    // that was unlinked is nobody's: it signs nobody in.
    let rows = registry
        .query(
            "/* find_user_by_subject */
             SELECT user_id, 0 AS place FROM identities WHERE provider = ?1 AND provider_subject = ?2
             UNION ALL
             SELECT user_id, 1 AS place FROM accounts
             WHERE provider = ?1 AND provider_subject = ?2 AND status <> 'unlinked'
             ORDER BY place LIMIT 1",
            &[Value::text(&subject.provider), Value::text(&subject.id)],
        )
        .await?;
    rows.first().map(|row| row.parse(0, "user_id")).transpose().map_err(Into::into)
}

/// Creates a person with an organisation and an identity, all or nothing. If the identity exists already (a
/// repeat, or the same person in two windows), its person is answered and nothing is created.
///
/// # Errors
/// [`RegistryError::EmailTaken`] if the address belongs to a person with another identity.
pub async fn create_user_with_org(
    registry: &impl RegistrySql,
    new: &NewUser,
) -> Result<UserId, RegistryError> {
    if let Some(user) = find_user_by_subject(registry, &new.subject).await? {
        return Ok(user);
    }
    let now = Value::text(new.now.to_rfc3339());
    let statements = vec![
        (
            "/* create_org */ INSERT INTO orgs (org_id, name, created_at, updated_at) VALUES (?1, ?2, ?3, ?3)"
                .to_owned(),
            vec![Value::text(new.org), "personal".into(), now.clone()],
        ),
        (
            "/* create_user */ INSERT INTO users (user_id, org_id, email, created_at) VALUES (?1, ?2, ?3, ?4)"
                .to_owned(),
            vec![Value::text(new.user), Value::text(new.org), Value::text(&new.email), now.clone()],
        ),
        (
            "/* create_identity */
             INSERT INTO identities (provider, provider_subject, user_id, created_at) VALUES (?1, ?2, ?3, ?4)"
                .to_owned(),
            vec![
                Value::text(&new.subject.provider),
                Value::text(&new.subject.id),
                Value::text(new.user),
                now,
            ],
        ),
    ];
    let Err(refusal) = registry.batch(statements).await else { return Ok(new.user) };
    // Engines name a broken key each in their own words, so what stands there now decides what it was. It also
    // covers a batch that was committed but whose answer was lost.
    if let Some(user) = find_user_by_subject(registry, &new.subject).await? {
        return Ok(user);
    }
    let same_address = registry
        .query("/* user_of_email */ SELECT user_id FROM users WHERE email = ?1", &[Value::text(&new.email)])
        .await?;
    if same_address.is_empty() { Err(refusal.into()) } else { Err(RegistryError::EmailTaken) }
}
