//! Fields of forms: each with its label, its hint, what was typed into it, and what is wrong with
//! it.

use leptos::prelude::*;

use crate::server::request::forms::SentForm;

/// The form that is shown again, if it was sent to `action`; otherwise an empty one.
pub fn sent_form(action: &str) -> SentForm {
    use_context::<SentForm>().filter(|sent| sent.action == action).unwrap_or_default()
}

/// A text field of one line. What was sent stands in it, or `value`.
#[component]
pub fn Field(
    /// The form.
    sent: SentForm,
    /// The field's name; its `id` too, so a page may have it once.
    name: &'static str,
    /// What it is for, to people.
    label: &'static str,
    /// `text`, `password`, `email` and so on.
    #[prop(default = "text")]
    kind: &'static str,
    /// What browsers may fill in.
    #[prop(default = "off")]
    autocomplete: &'static str,
    /// What stands in it at first.
    #[prop(optional, into)]
    value: String,
    /// What helps to fill it in.
    #[prop(optional, into)]
    hint: String,
    /// Whether it may stay empty.
    #[prop(optional)]
    optional: bool,
) -> impl IntoView {
    let value = sent.value(name).map(str::to_owned).unwrap_or(value);
    let error = sent.error(name).map(str::to_owned);
    let is_name = matches!(autocomplete, "username" | "current-password" | "new-password");
    view! {
        <label for=name>{label}</label>
        <input
            id=name
            name=name
            type=kind
            value=(kind != "password").then_some(value)
            autocomplete=autocomplete
            autocapitalize=is_name.then_some("none")
            spellcheck=is_name.then_some("false")
            aria-invalid=error.as_ref().map(|_| "true")
            aria-describedby=described_by(name, &hint, error.as_deref())
            autofocus=error.is_some()
            required=!optional
        />
        <FieldNotes name hint error />
    }
}

/// A text as the content of a `<textarea>`. Leptos writes what is in one as it is, so it has to be
/// escaped here; and browsers drop a line end that comes first.
pub fn textarea_text(text: &str) -> String {
    format!("\n{}", text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;"))
}

/// What stands below a field: the error, if there is one, and the hint.
#[component]
pub fn FieldNotes(
    /// The field's name.
    name: &'static str,
    /// What helps to fill it in; may be empty.
    hint: String,
    /// What is wrong with it.
    error: Option<String>,
) -> impl IntoView {
    view! {
        {error.map(|error| view! { <p class="field-error" id=format!("{name}-error")>{error}</p> })}
        {(!hint.is_empty()).then(|| view! { <p class="field-hint" id=format!("{name}-hint")>{hint}</p> })}
    }
}

/// The ids of what [`FieldNotes`] shows, for `aria-describedby`.
pub fn described_by(name: &str, hint: &str, error: Option<&str>) -> Option<String> {
    let error = error.map(|_| format!("{name}-error"));
    let hint = (!hint.is_empty()).then(|| format!("{name}-hint"));
    let ids: Vec<String> = error.into_iter().chain(hint).collect();
    (!ids.is_empty()).then(|| ids.join(" "))
}

/// Says above a form that something in it is wrong; screen readers say it first.
#[component]
pub fn FormErrors(
    /// The form.
    sent: SentForm,
) -> impl IntoView {
    // What concerns the form as a whole has no field to stand beside.
    let whole = sent.error("").map(str::to_owned);
    sent.is_refused().then(|| {
        view! { <p class="error" role="alert">{whole.unwrap_or_else(|| "Please correct what is marked below.".into())}</p> }
    })
}

/// Says that something was done, after the page of a form led back here.
#[component]
pub fn Notice(
    /// What was done.
    #[prop(into)]
    text: String,
) -> impl IntoView {
    view! { <p class="notice" role="status">{text}</p> }
}
