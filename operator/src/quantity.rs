//! Kubernetes quantities. Pure.

/// An amount in thousandths, rounded up as Kubernetes does.
pub(crate) fn amount(text: &str) -> Option<i128> {
    let digits = text
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .unwrap_or(text.len());
    let (number, suffix) = text.split_at(digits);
    let (numerator, denominator): (i128, i128) = match suffix {
        "m" => (1, 1),
        "" => (1000, 1),
        "k" => (1000 * 1000, 1),
        "M" => (1000 * 1000i128.pow(2), 1),
        "G" => (1000 * 1000i128.pow(3), 1),
        "T" => (1000 * 1000i128.pow(4), 1),
        "P" => (1000 * 1000i128.pow(5), 1),
        "Ki" => (1000 * 1024, 1),
        "Mi" => (1000 * 1024i128.pow(2), 1),
        "Gi" => (1000 * 1024i128.pow(3), 1),
        "Ti" => (1000 * 1024i128.pow(4), 1),
        "Pi" => (1000 * 1024i128.pow(5), 1),
        "u" => (1, 1000),
        "n" => (1, 1_000_000),
        _ => return None,
    };
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let scale = 10i128.checked_pow(u32::try_from(fraction.len()).ok()?)?;
    let value: i128 = format!("{whole}{fraction}").parse().ok()?;
    let (value, divisor) = (
        value.checked_mul(numerator)?,
        scale.checked_mul(denominator)?,
    );
    Some(value / divisor + i128::from(value % divisor != 0))
}
