//! Form fields, each with its label, its hint, the submitted value and its error.

use leptos::prelude::*;

use crate::server::request::forms::SentForm;
use crate::text::language;

/// The rejected form that this page shows again, if it was sent to `action`; otherwise an empty
/// form.
pub fn sent_form(action: &str) -> SentForm {
    use_context::<SentForm>().filter(|sent| sent.action == action).unwrap_or_default()
}

/// A single-line input. A submitted value takes precedence over `value`.
#[component]
pub fn Field(
    /// The submitted form, with its values and errors.
    sent: SentForm,
    /// The field's name. Also its `id`, so it must be unique on the page.
    name: &'static str,
    /// The visible label.
    #[prop(into)]
    label: String,
    /// The input's `type`: `text`, `password`, `email` and so on.
    #[prop(default = "text")]
    kind: &'static str,
    /// The input's `autocomplete` token.
    #[prop(default = "off")]
    autocomplete: &'static str,
    /// The initial value.
    #[prop(optional, into)]
    value: String,
    /// Help text below the input.
    #[prop(optional, into)]
    hint: String,
    /// Whether the field may be left empty.
    #[prop(optional)]
    optional: bool,
) -> impl IntoView {
    let value = sent.value(name).map(str::to_owned).unwrap_or(value);
    let error = sent.error(name);
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

/// Escapes a text for the inside of a `<textarea>`, which Leptos writes unescaped. Starts with a
/// line break, because browsers drop the first one.
pub fn textarea_text(text: &str) -> String {
    format!("\n{}", text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;"))
}

/// The notes below a field: its error, if there is one, and its hint.
#[component]
pub fn FieldNotes(
    /// The field's name.
    name: &'static str,
    /// Help text; may be empty.
    hint: String,
    /// The error message.
    error: Option<String>,
) -> impl IntoView {
    view! {
        {error.map(|error| view! { <p class="field-error" id=format!("{name}-error")>{error}</p> })}
        {(!hint.is_empty()).then(|| view! { <p class="field-hint" id=format!("{name}-hint")>{hint}</p> })}
    }
}

/// The `aria-describedby` value for the notes that [`FieldNotes`] shows.
pub fn described_by(name: &str, hint: &str, error: Option<&str>) -> Option<String> {
    let error = error.map(|_| format!("{name}-error"));
    let hint = (!hint.is_empty()).then(|| format!("{name}-hint"));
    let ids: Vec<String> = error.into_iter().chain(hint).collect();
    (!ids.is_empty()).then(|| ids.join(" "))
}

/// An alert above a rejected form. Screen readers announce it first.
#[component]
pub fn FormErrors(
    /// The submitted form, with its errors.
    sent: SentForm,
) -> impl IntoView {
    // Errors of the form as a whole are stored under the empty name.
    let whole = sent.error("");
    sent.is_refused().then(|| {
        view! { <p class="error" role="alert">{whole.unwrap_or_else(|| language().text("correct-fields"))}</p> }
    })
}

/// A form that only asks for a confirmation. Until it is opened, its button can't be pressed by
/// mistake; this needs no script.
#[component]
pub fn Confirm(
    /// Where the form is sent to.
    action: String,
    /// What opens it, in a word or two.
    #[prop(into)]
    label: String,
    /// What it is about; only screen readers read it after the label.
    of: String,
    /// What will happen.
    #[prop(into)]
    text: String,
    /// The words on the button.
    button: String,
) -> impl IntoView {
    view! {
        <details class="confirm">
            <summary>{label} <span class="visually-hidden">{format!(" {of}")}</span></summary>
            <form method="post" action=action>
                <p>{text}</p>
                <button type="submit" class="button button-danger">{button}</button>
            </form>
        </details>
    }
}

/// A success message, shown after a form redirects back to the page.
#[component]
pub fn Notice(
    /// The message.
    #[prop(into)]
    text: String,
) -> impl IntoView {
    view! { <p class="notice" role="status">{text}</p> }
}
