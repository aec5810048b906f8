//! Quiet hours in the time zone of a user. Pure: the time zone database is compiled in.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::store::push::QuietHours;

/// Whether the IANA database has this time zone.
pub(crate) fn is_valid_time_zone(name: &str) -> bool {
    TimeZone::get(name).is_ok()
}

/// Whether the local time is within these hours. A zone that has been removed from the database counts as UTC.
pub(crate) fn is_quiet(hours: &QuietHours, now: Timestamp) -> bool {
    let zone = TimeZone::get(&hours.zone).unwrap_or(TimeZone::UTC);
    let there = now.to_zoned(zone);
    let minute = i16::from(there.hour()) * 60 + i16::from(there.minute());
    if hours.from <= hours.to {
        (hours.from..hours.to).contains(&minute)
    } else {
        minute >= hours.from || minute < hours.to
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn quiet(from: i16, to: i16, zone: &str, now: &str) -> bool {
        let hours = QuietHours {
            from,
            to,
            zone: zone.to_owned(),
        };
        is_quiet(&hours, now.parse().unwrap())
    }

    #[test]
    fn quiet_hours_span_midnight_in_the_time_zone_of_the_user() {
        let night = |zone, now| quiet(22 * 60, 7 * 60, zone, now);
        assert!(night("UTC", "2026-01-01T23:00:00Z"));
        assert!(night("UTC", "2026-01-01T06:59:59Z"));
        assert!(!night("UTC", "2026-01-01T07:00:00Z"));
        assert!(!night("Asia/Tokyo", "2026-01-01T23:00:00Z"));
        // Summer time: 05:30 UTC is 07:30 in Berlin in July, 06:30 in January.
        assert!(!night("Europe/Berlin", "2026-07-01T05:30:00Z"));
        assert!(night("Europe/Berlin", "2026-01-01T05:30:00Z"));
    }

    #[test]
    fn quiet_hours_include_their_start_and_exclude_their_end() {
        assert!(quiet(720, 780, "UTC", "2026-01-01T12:00:00Z"));
        assert!(!quiet(720, 780, "UTC", "2026-01-01T13:00:00Z"));
        assert!(!quiet(720, 720, "UTC", "2026-01-01T12:00:00Z"));
    }

    #[test]
    fn zones_are_known_by_their_iana_name() {
        assert!(is_valid_time_zone("Europe/Berlin") && is_valid_time_zone("UTC"));
        assert!(
            !is_valid_time_zone("")
                && !is_valid_time_zone("Middle/Earth")
                && !is_valid_time_zone("/etc/passwd")
        );
        assert!(quiet(0, 60, "Middle/Earth", "2026-01-01T00:30:00Z"));
    }
}
