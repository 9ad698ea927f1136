//! The button that signs out, in a form that works without it.

use leptos::prelude::*;

use super::browser;

/// Lets all tabs of this browser forget what was read as soon as somebody signs out in one of them: not every browser heeds the server's
/// `Clear-Site-Data` for what a tab remembers.
#[island]
pub fn SignOutButton() -> impl IntoView {
    Effect::new(|_| browser::forget_at_sign_out());
    view! { <button type="submit" class="link-button">"Sign out"</button> }
}
