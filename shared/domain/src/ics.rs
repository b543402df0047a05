//! Events as an iCalendar file (RFC 5545), written by hand: the crate that is kept well (`icalendar` 0.17) would turn on
//! chrono's clock and bring random UUIDs into these rules, and its parser into every Worker's lock file.
//!
//! Each occurrence of a series is an event by itself, with an UID of its own, and times are in UTC: so no reader needs
//! VTIMEZONE, nor follows a rule otherwise than we do, nor meets a RECURRENCE-ID whose master is not in the file, which
//! programs drop or refuse. The UIDs are made of our ids: two accounts hold a meeting under the same iCalUID, and a
//! reader would keep one of them only.

use chrono::NaiveDate;

use crate::event::{EventContent, Status, Transparency, Visibility, When};
use crate::ids::EventId;
use crate::occurrence::Occurrence;
use crate::time::Timestamp;

/// What wrote the file (RFC 5545 section 3.7.3).
const PRODUCT: &str = "-//T-Minus//T-Minus//EN";
/// Most octets of a line without its end (RFC 5545 section 3.1).
const LONGEST: usize = 75;
/// The greatest integer of a property (RFC 5545 section 3.3.8).
const GREATEST: i64 = 2_147_483_647;

/// A calendar as a file, an event at a time.
#[derive(Debug)]
pub struct IcsWriter {
    text: String,
    now: Timestamp,
}

impl IcsWriter {
    /// An empty calendar, written at `now`.
    #[must_use]
    pub fn new(now: Timestamp) -> Self {
        let mut writer = Self { text: String::new(), now };
        writer.line("BEGIN", "VCALENDAR");
        writer.line("VERSION", "2.0");
        writer.line("PRODID", PRODUCT);
        writer.line("CALSCALE", "GREGORIAN");
        writer
    }

    /// Adds an event; of a series, one occurrence with what it says there.
    pub fn event(&mut self, event: EventId, occurrence: Option<Occurrence>, content: &EventContent) {
        self.line("BEGIN", "VEVENT");
        let uid = occurrence
            .map_or_else(|| event.to_string(), |occurrence| format!("{event}_{}", occurrence.stamp()));
        self.line("UID", &uid);
        self.line("DTSTAMP", &instant(self.now));
        self.when(&content.when);
        for (name, text) in [
            ("SUMMARY", &content.title),
            ("DESCRIPTION", &content.description),
            ("LOCATION", &content.location),
        ] {
            if let Some(text) = text {
                self.line(name, &escaped(text));
            }
        }
        let status = match content.status {
            Status::Confirmed => "CONFIRMED",
            Status::Tentative => "TENTATIVE",
            Status::Cancelled => "CANCELLED",
        };
        self.line("STATUS", status);
        let transparency = match content.transparency {
            Transparency::Opaque => "OPAQUE",
            Transparency::Transparent => "TRANSPARENT",
        };
        self.line("TRANSP", transparency);
        match content.visibility {
            Visibility::Default => {}
            Visibility::Public => self.line("CLASS", "PUBLIC"),
            Visibility::Private => self.line("CLASS", "PRIVATE"),
        }
        self.line("SEQUENCE", &content.sequence.clamp(0, GREATEST).to_string());
        self.line("END", "VEVENT");
    }

    /// How long it is so far, in bytes.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.text.len()
    }

    /// The file.
    #[must_use]
    pub fn finish(mut self) -> String {
        self.line("END", "VCALENDAR");
        self.text
    }

    fn when(&mut self, when: &When) {
        match when {
            When::AllDay { start, end } => {
                self.line("DTSTART;VALUE=DATE", &day(*start));
                self.line("DTEND;VALUE=DATE", &day(*end));
            }
            When::Timed { start, end, .. } => {
                let (start, end) = (instant(*start), instant(*end));
                self.line("DTSTART", &start);
                // An end is later than its start; without one the event ends when it starts.
                if start != end {
                    self.line("DTEND", &end);
                }
            }
        }
    }

    /// A line, folded between characters.
    fn line(&mut self, name: &str, value: &str) {
        let mut octets = 0_usize;
        for part in [name, ":", value] {
            for character in part.chars() {
                let more = octets.saturating_add(character.len_utf8());
                octets = if more > LONGEST {
                    self.text.push_str("\r\n ");
                    character.len_utf8().saturating_add(1)
                } else {
                    more
                };
                self.text.push(character);
            }
        }
        self.text.push_str("\r\n");
    }
}

fn instant(at: Timestamp) -> String {
    Occurrence::At(at).stamp()
}

fn day(day: NaiveDate) -> String {
    Occurrence::On(day).stamp()
}

/// A text as the value of a property (RFC 5545 section 3.3.11); control characters, which it cannot have, are left out.
fn escaped(text: &str) -> String {
    let mut value = String::with_capacity(text.len());
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '\\' | ';' | ',' => value.extend(['\\', character]),
            '\n' => value.push_str("\\n"),
            // A line of a text may end in either, or both.
            '\r' if characters.peek() == Some(&'\n') => {}
            '\r' => value.push_str("\\n"),
            '\t' => value.push(character),
            character if character.is_control() => {}
            character => value.push(character),
        }
    }
    value
}

#[cfg(test)]
mod tests;
