//! Numbers in English, for the command line and the studio. Readers' pages use `text`.

/// Formats a count with a comma every three digits: `1234567` becomes `1,234,567`.
pub fn format_count(count: i64) -> String {
    let digits = count.unsigned_abs().to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3 + 1);
    if count < 0 {
        text.push('-');
    }
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Formats a view count with its noun: `1 view`, `2 views`.
pub fn format_views(count: i64) -> String {
    format!("{} {}", format_count(count), if count == 1 { "view" } else { "views" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_count_has_a_comma_every_three_digits() {
        for (count, text) in
            [(0, "0"), (999, "999"), (1000, "1,000"), (1_234_567, "1,234,567"), (-1234, "-1,234")]
        {
            assert_eq!(format_count(count), text);
        }
    }

    #[test]
    fn one_view_is_singular() {
        assert_eq!(format_views(1), "1 view");
        assert_eq!(format_views(0), "0 views");
    }
}
