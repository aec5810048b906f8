//! The timing of the browser's scripts. No I/O.

pub(super) const SILENCE_MS: u64 = 22_000;
pub(super) const CONNECT_MS: u64 = 8_000;
/// How often live.js checks for silence.
pub(super) const WATCH_MS: u64 = 5_000;
pub(super) const FIRST_RETRY_MS: u64 = 300;
pub(super) const LAST_RETRY_MS: u64 = 10_000;
pub(super) const QUICK_RETRIES: u32 = 5;
pub(super) const SESSION_REVOKED: u16 = 4401;
/// How long a gap may last before the tab asks for it.
pub(super) const GAP_MS: u64 = 150;
/// How long the tab waits before it asks again.
pub(super) const RETRY_MS: u64 = 1_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tabs_have_the_timing_of_the_scripts() {
        let live = include_str!("../../../../../chat-app/static/js/live.js");
        let log = include_str!("../../../../../chat-app/static/js/log.js");
        for (script, name, value) in [
            (live, "SILENCE_MS", SILENCE_MS),
            (live, "CONNECT_MS", CONNECT_MS),
            (live, "FIRST_RETRY_MS", FIRST_RETRY_MS),
            (live, "LAST_RETRY_MS", LAST_RETRY_MS),
            (live, "QUICK_RETRIES", u64::from(QUICK_RETRIES)),
            (live, "SESSION_REVOKED", u64::from(SESSION_REVOKED)),
            (log, "GAP_MS", GAP_MS),
            (log, "RETRY_MS", RETRY_MS),
        ] {
            // JavaScript may write 22_000.
            let line = format!("const {name} = {value};").replace('_', "");
            assert!(script.replace('_', "").contains(&line), "no {line}");
        }
    }
}
