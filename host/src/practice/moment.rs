//! Moments as the platforms write them.

use jiff::Timestamp;

/// As Python's `datetime.utcnow().isoformat()`: no zone, microseconds.
pub(super) fn iso(moment: Timestamp) -> String {
    moment.strftime("%Y-%m-%dT%H:%M:%S%.6f").to_string()
}

/// As PYBOSSA writes `fired_at`: UTC, no zone, whole seconds.
pub(super) fn fired_at(moment: Timestamp) -> String {
    moment.strftime("%Y-%m-%d %H:%M:%S").to_string()
}

/// As Appen writes moments: RFC 3339 with an offset in digits.
pub(super) fn with_offset(moment: Timestamp) -> String {
    moment.strftime("%Y-%m-%dT%H:%M:%S+00:00").to_string()
}
