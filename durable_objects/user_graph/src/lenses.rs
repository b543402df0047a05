//! The policy as it is read: its edges as lenses, by the calendars that they leave.

use std::collections::BTreeMap;

use tminus_domain::hours::WorkingHours;
use tminus_domain::ids::{AccountId, CalendarId};
use tminus_domain::policy::{CalendarRole, DetailLevel, Edge};
use tminus_domain::projection::Lens;
use tminus_domain::rules::EdgeRules;
use tminus_ports::ObjectHost;
use tminus_store::{Row, StoreError};

use crate::context::Context;

/// The default policy, read once a command.
pub(crate) struct Lenses {
    edges: Vec<Leaving>,
    /// Calendars of linked accounts, with what they are.
    calendars: BTreeMap<CalendarId, (AccountId, CalendarRole)>,
}

/// An edge, and what it leaves.
struct Leaving {
    account: AccountId,
    /// `None`: every calendar that has no edge of its own to that account.
    calendar: Option<CalendarId>,
    to: AccountId,
    /// `None`: it is switched off, or the calendar that it writes into is not known yet.
    lens: Option<Lens>,
}

impl Lenses {
    /// Reads the policy. An edge whose target calendar is not known yet leads nowhere: a job projects again when it is.
    pub(crate) fn load<H: ObjectHost>(ctx: &Context<'_, H>) -> Result<Self, StoreError> {
        let hours = working_hours(ctx)?;
        let edges = ctx
            .query(
                "/* policy_edges */ SELECT e.from_account_id, e.from_calendar_id, e.to_account_id, e.is_on,
                   c.calendar_id, e.detail_level, e.calendar_kind, e.rules_json
                 FROM policy_edges e
                 JOIN policies p ON p.policy_id = e.policy_id AND p.is_default = 1
                 LEFT JOIN calendars c ON c.account_id = e.to_account_id
                  AND c.kind = CASE e.calendar_kind WHEN 'TRUE_MIRROR' THEN 'PRIMARY' ELSE 'BUSY_OVERLAY' END
                 ORDER BY e.from_account_id, e.from_calendar_id, e.to_account_id, c.calendar_id",
                &[],
            )?
            .iter()
            .map(|row| leaving(row, hours.as_ref()))
            .collect::<Result<_, StoreError>>()?;
        let calendars = ctx
            .query("/* calendars */ SELECT calendar_id, account_id, kind FROM calendars", &[])?
            .iter()
            .map(|row| {
                let role = row.parse(2, "calendar kind")?;
                Ok((row.parse(0, "calendar id")?, (row.parse(1, "account id")?, role)))
            })
            .collect::<Result<_, StoreError>>()?;
        Ok(Self { edges, calendars })
    }

    /// The lenses that an event of this calendar is seen through: for each target account that of its calendar, or
    /// else that of its account.
    pub(crate) fn of(&self, account: AccountId, calendar: CalendarId) -> Vec<&Lens> {
        let mut chosen: BTreeMap<AccountId, &Leaving> = BTreeMap::new();
        let fits = |edge: &&Leaving| {
            edge.account == account && edge.calendar.is_none_or(|wanted| wanted == calendar)
        };
        for edge in self.edges.iter().filter(fits) {
            let known = chosen.entry(edge.to).or_insert(edge);
            if edge.calendar.is_some() {
                *known = edge;
            }
        }
        chosen.into_values().filter_map(|edge| edge.lens.as_ref()).collect()
    }

    /// Whether it is a calendar of a linked account.
    pub(crate) fn knows(&self, calendar: CalendarId) -> bool {
        self.calendars.contains_key(&calendar)
    }

    /// The calendars that events of other accounts come from.
    pub(crate) fn other_sources(&self, account: AccountId) -> impl Iterator<Item = CalendarId> + '_ {
        self.calendars
            .iter()
            .filter(move |(_, (owner, role))| *owner != account && role.is_source())
            .map(|(calendar, _)| *calendar)
    }

    /// The lenses that show an event differently as time goes by.
    pub(crate) fn with_clock(&self) -> impl Iterator<Item = &Lens> {
        self.edges.iter().filter_map(|edge| edge.lens.as_ref()).filter(|lens| lens.needs_clock())
    }
}

fn leaving(row: &Row, hours: Option<&WorkingHours>) -> Result<Leaving, StoreError> {
    let is_on: bool = row.get(3)?;
    let target: Option<CalendarId> = row.parse_opt(4, "calendar id")?;
    let to = row.parse(2, "account id")?;
    let lens = match target.filter(|_| is_on) {
        None => None,
        Some(target_calendar) => {
            let edge = |detail, rules| -> Result<Edge, StoreError> {
                let kind = row.parse(6, "calendar kind")?;
                Ok(Edge { target_account: to, target_calendar, detail, kind, rules })
            };
            let rules = serde_json::from_str(&row.get::<String>(7)?).ok();
            let set = match rules {
                Some(rules) => Lens::new(edge(row.parse(5, "detail level")?, rules)?, hours.cloned()).ok(),
                None => None,
            };
            match set {
                Some(lens) => Some(lens),
                // They were checked when they were set. Should a later version not follow them any more, time stays
                // blocked and nothing is shown.
                None => {
                    tracing::error!(to = %to, "the rules of an edge cannot be followed; it shows busy");
                    Lens::new(edge(DetailLevel::Busy, EdgeRules::default())?, None).ok()
                }
            }
        }
    };
    Ok(Leaving {
        account: row.parse(0, "account id")?,
        calendar: Some(row.get::<String>(1)?)
            .filter(|calendar| !calendar.is_empty())
            .map(|calendar| calendar.parse().map_err(|_| StoreError::Corrupt { what: "calendar id" }))
            .transpose()?,
        to,
        lens,
    })
}

/// The user's working hours, if they are known.
pub(crate) fn working_hours<H: ObjectHost>(ctx: &Context<'_, H>) -> Result<Option<WorkingHours>, StoreError> {
    let row = ctx.first(
        "/* working_hours */ SELECT config_json FROM constraints WHERE kind = 'working_hours'
         ORDER BY constraint_id LIMIT 1",
        &[],
    )?;
    let Some(row) = row else { return Ok(None) };
    serde_json::from_str(&row.get::<String>(0)?)
        .map(Some)
        .map_err(|_| StoreError::Corrupt { what: "working hours" })
}
