//! Number formatting for readers.

use super::article::Baseline;

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

/// Formats a follower count with its noun: `1 follower`, `2 followers`.
pub fn format_followers(count: i64) -> String {
    format!("{} {}", format_count(count), if count == 1 { "follower" } else { "followers" })
}

/// Says which part of a total was counted elsewhere: `1,234 from WordPress until November 27,
/// 2026`. `None` if nothing was.
pub fn format_baselines(baselines: &[Baseline]) -> Option<String> {
    let parts: Vec<String> = baselines
        .iter()
        .map(|Baseline { source, views, until }| {
            let until = until.map(|day| day.strftime(" until %B %-d, %Y").to_string());
            format!("{} from {source}{}", format_count(*views), until.unwrap_or_default())
        })
        .collect();
    (!parts.is_empty()).then(|| parts.join("; "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn views_from_elsewhere_are_named_by_source() {
        let baseline = |source: &str, views, until: Option<&str>| Baseline {
            source: source.into(),
            views,
            until: until.map(|day| day.parse().unwrap()),
        };
        assert_eq!(format_baselines(&[]), None);
        assert_eq!(
            format_baselines(&[
                baseline("WordPress", 12_345, Some("2026-11-27")),
                baseline("busuanzi", 1, None)
            ])
            .unwrap(),
            "12,345 from WordPress until November 27, 2026; 1 from busuanzi"
        );
    }

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
        assert_eq!(
            (format_followers(1), format_followers(2)),
            ("1 follower".into(), "2 followers".into())
        );
    }
}
