//! An author's picture, or else their initials in a colour of their own.

use leptos::prelude::*;
use tidemark_content::pictures::name::{FOLDER, parse};

use super::follow::FollowButton;
use crate::model::article::Author;
use crate::model::pages::Follow;
use crate::text::language;

/// The number of colours in the style sheet (`.avatar-0` and so on).
const COLOURS: u32 = 8;

/// The picture of an author, or their initials in a colour that follows from the user name. Only a
/// decoration: the name always stands beside it.
#[component]
pub fn Avatar(author: Author) -> impl IntoView {
    let Some(address) = author.avatar else {
        let class = format!("avatar avatar-{}", colour(&author.username));
        return view! { <span class=class aria-hidden="true">{initials(&author.name)}</span> }
            .into_any();
    };
    let size = parse(address.strip_prefix(FOLDER).unwrap_or_default()).and_then(|(_, size)| size);
    let tint = size.and_then(|size| size.tint).map(|tint| format!(" {}", tint.classes()));
    view! {
        <img
            class=format!("avatar{}", tint.unwrap_or_default())
            width=size.map(|size| size.width.to_string())
            height=size.map(|size| size.height.to_string())
            loading="lazy"
            decoding="async"
            alt=""
            src=address
        />
    }
    .into_any()
}

/// The avatars of an article's first authors.
#[component]
pub fn Avatars(authors: Vec<Author>) -> impl IntoView {
    let avatars = authors.into_iter().take(3).map(|author| view! { <Avatar author /> });
    view! { <span class="avatars">{avatars.collect_view()}</span> }
}

/// Who wrote an article, at its end.
#[component]
pub fn AuthorCards(
    authors: Vec<Author>,
    /// Whether the reader can follow each of them.
    follows: Vec<Follow>,
    /// The path of the article's page.
    path: String,
) -> impl IntoView {
    let cards = authors.into_iter().zip(follows).map(|(author, follow)| {
        let (address, name) = (format!("/authors/{}", author.username), author.name.clone());
        let button = (follow != Follow::Own)
            .then(|| view! { <FollowButton author=author.clone() follow next=path.clone() /> });
        view! {
            <div class="author-card">
                <Avatar author=author.clone() />
                <p>
                    <strong dir="auto">{name.clone()}</strong>
                    <About author />
                    <a href=address rel="author">{language().with("all-articles-by", [("name", (&name).into())])}</a>
                </p>
                {button}
            </div>
        }
    });
    view! { <div class="author-cards">{cards.collect_view()}</div> }
}

/// The line about an author, if there is one.
#[component]
pub fn About(author: Author) -> impl IntoView {
    let about = author.about;
    (!about.is_empty()).then(|| view! { <span class="about" dir="auto">{about}</span> })
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
    fn a_picture_takes_the_place_of_the_initials() {
        let author = Author::named("jo-doe", "Jo Doe");
        let initials = view! { <Avatar author=author.clone() /> }.to_html();
        assert!(initials.contains(">JD<") && !initials.contains("<img"), "{initials}");
        let name = "0123456789abcdef0123456789abcdef-192x192-9ab.webp";
        let author = Author { avatar: Some(format!("/pictures/{name}")), ..author };
        let picture = view! { <Avatar author /> }.to_html();
        for part in [
            "class=\"avatar tint-r9 tint-ga tint-bb\"",
            "width=\"192\" height=\"192\"",
            "alt=\"\"",
            &format!("src=\"/pictures/{name}\""),
        ] {
            assert!(picture.contains(part), "{part} in {picture}");
        }
        assert!(!picture.contains("JD"), "{picture}");
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
