//! A QR code as SVG, without any style of its own: the content security policy allows none in a page. Pure.

use std::fmt::Write;

use maud::{Markup, html};
use qrcode::{Color, EcLevel, QrCode};

/// Light modules around the code, which scanners need.
const MARGIN: usize = 4;

/// Nothing for a text that is too long for a QR code. `name` is for who cannot see it.
pub(super) fn qr_code(content: &str, name: &str) -> Markup {
    let Ok(code) = QrCode::with_error_correction_level(content, EcLevel::M) else {
        return html! {};
    };
    let width = code.width();
    let side = width + 2 * MARGIN;
    html! {
        svg.qr-code viewBox={ "0 0 " (side) " " (side) } role="img" aria-label=(name) shape-rendering="crispEdges" {
            path d=(dark_modules(&code.to_colors(), width)) {}
        }
    }
}

/// Each run of dark modules in a row is a rectangle.
fn dark_modules(modules: &[Color], width: usize) -> String {
    let mut path = String::new();
    for (y, row) in modules.chunks(width).enumerate() {
        let mut x = 0;
        for run in row.chunk_by(|one, next| one == next) {
            if run[0] == Color::Dark {
                let (left, top, length) = (x + MARGIN, y + MARGIN, run.len());
                // Writing to a text cannot fail.
                let _ = write!(path, "M{left} {top}h{length}v1h-{length}z");
            }
            x += run.len();
        }
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_run_of_dark_modules_is_a_rectangle_within_the_margin() {
        use Color::{Dark as D, Light as L};
        let modules = [D, D, L, L, D, L, D, L, D];
        assert_eq!(
            dark_modules(&modules, 3),
            "M4 4h2v1h-2zM5 5h1v1h-1zM4 6h1v1h-1zM6 6h1v1h-1z"
        );
    }

    #[test]
    fn a_code_has_a_name_and_no_style() {
        let svg = qr_code("otpauth://totp/Confab:ada?secret=GEZDGNBV", "QR code").into_string();
        assert!(svg.contains(r#"role="img" aria-label="QR code""#), "{svg}");
        assert!(!svg.contains("style"), "{svg}");
        // The finder pattern in the corner: seven dark modules.
        assert!(svg.contains("M4 4h7v1h-7z"), "{svg}");
        assert_eq!(qr_code(&"x".repeat(5000), "QR code").into_string(), "");
    }
}
