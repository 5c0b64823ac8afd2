//! A picture that an app reads: the modules of a QR code as one path, dark on light whatever the theme.

use qrcode::{Color, EcLevel, QrCode};

/// Light modules around it, without which cameras do not find it.
const QUIET: usize = 4;

/// A path in a square view box.
pub(super) struct Picture {
    /// The side of the square.
    pub side: usize,
    /// The dark modules, a run of them a step.
    pub path: String,
}

/// The picture of a text; `None` for one that is too long.
pub(super) fn picture(text: &str) -> Option<Picture> {
    let code = QrCode::with_error_correction_level(text, EcLevel::M).ok()?;
    let (width, modules) = (code.width(), code.to_colors());
    let mut path = String::new();
    for (y, row) in modules.chunks(width).enumerate() {
        let mut x = 0;
        for run in row.chunk_by(|one, other| one == other) {
            if run[0] == Color::Dark {
                path.push_str(&format!("M{} {}h{}v1h-{}z", x + QUIET, y + QUIET, run.len(), run.len()));
            }
            x += run.len();
        }
    }
    Some(Picture { side: width + 2 * QUIET, path })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// its three corners are where they belong: seven dark modules in a row
    #[test]
    fn a_text_is_a_path_of_dark_runs() {
        let picture = picture("otpauth://totp/Claviger:mk%40acme.example?secret=GEZDGNBVGY3TQOJQ").expect("a picture");
        let right = picture.side - QUIET - 7;
        for corner in ["M4 4h7v1h-7z".to_owned(), format!("M{right} 4h7v1h-7z"), format!("M4 {right}h7v1h-7z")] {
            assert!(picture.path.contains(&corner), "{corner}: {}", picture.path);
        }
        assert!(picture.path.len() < 15_000, "{}", picture.path.len());
        assert!(super::picture(&"x".repeat(4_000)).is_none());
    }
}
