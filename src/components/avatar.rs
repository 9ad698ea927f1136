//! What stands for an author's face: their initials in a colour of their own.

use leptos::prelude::*;

use crate::model::article::Author;
use crate::text::language;

/// The number of colours in the style sheet (`.avatar-0` and so on).
const COLOURS: u32 = 8;

/// The initials of an author, in a colour that follows from the user name. Only a decoration: the
/// name always stands beside it.
#[component]
pub fn Avatar(author: Author) -> impl IntoView {
    let class = format!("avatar avatar-{}", colour(&author.username));
    view! { <span class=class aria-hidden="true">{initials(&author.name)}</span> }
}

/// The avatars of an article's first authors.
#[component]
pub fn Avatars(authors: Vec<Author>) -> impl IntoView {
    let avatars = authors.into_iter().take(3).map(|author| view! { <Avatar author /> });
    view! { <span class="avatars">{avatars.collect_view()}</span> }
}

/// Who wrote an article, at its end.
#[component]
pub fn AuthorCards(authors: Vec<Author>) -> impl IntoView {
    let cards = authors.into_iter().map(|author| {
        let (address, name) = (format!("/authors/{}", author.username), author.name.clone());
        view! {
            <div class="author-card">
                <Avatar author />
                <p>
                    <strong dir="auto">{name.clone()}</strong>
                    <a href=address rel="author">{language().with("all-articles-by", [("name", (&name).into())])}</a>
                </p>
            </div>
        }
    });
    view! { <div class="author-cards">{cards.collect_view()}</div> }
}

/// The same for the same user name, on every page and after a new display name.
fn colour(username: &str) -> u32 {
    username.bytes().fold(0_u32, |sum, byte| sum.wrapping_mul(31).wrapping_add(byte.into()))
        % COLOURS
}

/// The first letters of the first and the last word. Of a name in Chinese, Japanese or Korean it is
/// the first character.
fn initials(name: &str) -> String {
    let mut letters =
        name.split_whitespace().filter_map(|word| word.chars().find(|char| char.is_alphanumeric()));
    let first = letters.next();
    let last = letters.next_back();
    first.into_iter().chain(last).flat_map(char::to_uppercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn initials_are_those_of_the_first_and_the_last_word() {
        for (name, expected) in [
            ("Jo Doe", "JD"),
            ("jo", "J"),
            ("Ada King of Lovelace", "AL"),
            ("«Ωmega» (ß)", "ΩSS"),
            ("王小波", "王"),
            ("🙂", ""),
            ("", ""),
        ] {
            assert_eq!(initials(name), expected, "{name}");
        }
    }

    #[test]
    fn a_colour_belongs_to_a_user_name() {
        let colours: std::collections::BTreeSet<u32> =
            ["jo-doe", "ada", "grace", "linus", "margaret", "dennis"].map(colour).into();
        assert!(colours.len() > 2 && colours.iter().all(|one| *one < COLOURS), "{colours:?}");
        let css = include_str!("../../style/tidemark.css");
        for number in 0..COLOURS {
            assert!(css.contains(&format!(".avatar-{number} ")), "{number}");
        }
    }
}
