//! One spelling of the lines of a series, by their text alone.

use std::collections::{BTreeMap, BTreeSet};

/// The parts of a rule, in the order in which they are written.
const PARTS: [&str; 14] = [
    "FREQ",
    "UNTIL",
    "COUNT",
    "INTERVAL",
    "WKST",
    "BYMONTH",
    "BYWEEKNO",
    "BYYEARDAY",
    "BYMONTHDAY",
    "BYDAY",
    "BYHOUR",
    "BYMINUTE",
    "BYSECOND",
    "BYSETPOS",
];

/// The lines of a series, in order.
const NAMES: [&str; 4] = ["RRULE", "EXRULE", "RDATE", "EXDATE"];

/// The lines in one spelling: names in capitals, X- parts and defaults dropped, everything in one order, all dates of
/// one kind and zone in one line. Spellings that differ in no more than that become equal; what is no line of a
/// series stays as it is, at the end.
#[must_use]
pub fn canonical_lines(lines: &[String]) -> Vec<String> {
    let mut rules = BTreeSet::new();
    let mut dates: BTreeMap<(usize, String), BTreeSet<String>> = BTreeMap::new();
    let mut others = BTreeSet::new();
    for line in lines.iter().map(|line| line.trim()).filter(|line| !line.is_empty()) {
        let Some((head, body)) = split_head(line) else {
            others.insert(line.to_owned());
            continue;
        };
        let mut parameters = head.split(';').map(str::trim);
        let name = parameters.next().unwrap_or_default().to_ascii_uppercase();
        match NAMES.iter().position(|known| *known == name) {
            Some(rank) if rank < 2 => {
                rules.insert((rank, format!("{name}:{}", rule(body))));
            }
            Some(rank) => {
                let zone = parameters.find_map(zone_of).unwrap_or_default();
                for date in body.split(',').map(str::trim).filter(|date| !date.is_empty()) {
                    let (parameter, date) = dated(&zone, date);
                    if !date.is_empty() {
                        dates.entry((rank, format!("{name}{parameter}"))).or_default().insert(date);
                    }
                }
            }
            None if name.starts_with("X-") => {}
            None => {
                others.insert(line.to_owned());
            }
        }
    }
    let mut found: Vec<_> = rules.into_iter().map(|(_, line)| line).collect();
    found.extend(dates.into_iter().map(|((_, head), dates)| {
        let dates: Vec<_> = dates.into_iter().collect();
        format!("{head}:{}", dates.join(","))
    }));
    found.extend(others);
    found
}

/// Splits at the first colon outside of quotes (a parameter may hold one within them).
fn split_head(line: &str) -> Option<(&str, &str)> {
    let mut is_quoted = false;
    let colon = line.find(|c| {
        is_quoted ^= c == '"';
        c == ':' && !is_quoted
    })?;
    let (head, body) = line.split_at_checked(colon)?;
    Some((head, body.strip_prefix(':')?))
}

fn zone_of(parameter: &str) -> Option<String> {
    let (key, value) = parameter.split_once('=')?;
    key.trim().eq_ignore_ascii_case("TZID").then(|| value.replace('"', "").trim().to_owned())
}

/// A date of an RDATE or EXDATE, with the parameter that its kind needs: a day is in no zone and neither is an instant
/// in UTC; of a period the start counts.
fn dated(zone: &str, date: &str) -> (String, String) {
    let date = date.split('/').next().unwrap_or(date).trim().to_ascii_uppercase();
    if date.ends_with('Z') {
        (String::new(), date)
    } else if !date.contains('T') {
        (";VALUE=DATE".to_owned(), date)
    } else if zone.eq_ignore_ascii_case("UTC") {
        (String::new(), format!("{date}Z"))
    } else if zone.is_empty() {
        (String::new(), date)
    } else {
        // In quotes if the text could not be told from the rest without them.
        let quote = if zone.contains([':', ';', ',']) { "\"" } else { "" };
        (format!(";TZID={quote}{zone}{quote}"), date)
    }
}

/// The parts of a rule.
fn rule(body: &str) -> String {
    let mut parts = BTreeSet::new();
    for part in body.split(';').map(str::trim).filter(|part| !part.is_empty()) {
        let (key, value) = part.split_once('=').unwrap_or((part, ""));
        let key = key.trim().to_ascii_uppercase();
        let value = list(value);
        let is_default = matches!((key.as_str(), value.as_str()), ("INTERVAL", "1") | ("WKST", "MO"));
        if !is_default && !key.starts_with("X-") {
            let rank = PARTS.iter().position(|known| *known == key).unwrap_or(PARTS.len());
            parts.insert((rank, format!("{key}={value}")));
        }
    }
    let parts: Vec<_> = parts.into_iter().map(|(_, part)| part).collect();
    parts.join(";")
}

/// A list of numbers, days or words, sorted, each once.
fn list(value: &str) -> String {
    let value = value.to_ascii_uppercase();
    let items: BTreeSet<_> =
        value.split(',').map(str::trim).filter(|item| !item.is_empty()).map(item).collect();
    let items: Vec<_> = items.into_iter().map(|(_, item)| item).collect();
    items.join(",")
}

/// One item, and what it sorts by: the number that it is or starts with, `1` and `+01` being the same.
fn item(text: &str) -> (i64, String) {
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '+' && c != '-').unwrap_or(text.len());
    match text.split_at_checked(end) {
        // A date is no number, and too long for one.
        Some((number, rest)) if number.len() < 8 => match number.parse::<i64>() {
            Ok(number) => (number, format!("{number}{rest}")),
            Err(_) => (0, text.to_owned()),
        },
        _ => (0, text.to_owned()),
    }
}
