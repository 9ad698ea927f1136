//! A page to try the JSON API: a form for each operation.

use leptos::prelude::*;

use crate::components::page::{Content, Head, LoadedPage, site};
use crate::server::state::AppState;

/// An operation of the API, from its OpenAPI description.
#[derive(Clone, Debug)]
pub struct Operation {
    /// The operation id; unique.
    pub id: String,
    /// The method, in capitals.
    pub method: String,
    /// The path template: `/articles/{id}`.
    pub path: String,
    /// What it does, in a sentence.
    pub summary: String,
    /// More about it; may be empty.
    pub description: String,
    /// Its parameters.
    pub fields: Vec<Field>,
}

/// A parameter of an operation.
#[derive(Clone, Debug)]
pub struct Field {
    /// The parameter's name.
    pub name: String,
    /// Whether it is part of the path, and so required, rather than of the query.
    pub is_in_path: bool,
    /// What it means.
    pub description: String,
    /// The value if it is left out.
    pub default: Option<i64>,
    /// The values it accepts.
    pub kind: Kind,
}

/// The values a parameter accepts.
#[derive(Clone, Debug)]
pub enum Kind {
    /// An integer within these bounds, both inclusive.
    Number {
        /// The lower bound.
        least: Option<i64>,
        /// The upper bound.
        most: Option<i64>,
    },
    /// One of these.
    Choice(Vec<String>),
    /// A text.
    Text {
        /// The maximum length in characters.
        longest: Option<i64>,
    },
}

impl Field {
    /// Its placeholder in the path template.
    pub fn place(&self) -> String {
        format!("{{{}}}", self.name)
    }
}

/// `/docs/api`, with these operations.
pub async fn page(operations: &'static [Operation]) -> LoadedPage {
    let base_url = expect_context::<AppState>().config.site.base_url.clone();
    let requests = operations
        .iter()
        .map(|operation| view! { <Request operation base_url=base_url.clone() /> })
        .collect_view();
    let view = view! {
        <header class="intro">
            <h1>"JSON API"</h1>
            <p>
                "Try each operation here. The full description is in "
                <a href="/api/v1/openapi.json">"openapi.json"</a> " (OpenAPI 3.1)."
            </p>
        </header>
        {requests}
        <script type="module" src="/api-docs.js"></script>
    };
    let content = Content::new(Head::hidden(format!("JSON API · {}", site().title)), view);
    LoadedPage::of(false, async move { Ok(content) }).await
}

/// An operation with a form to send it.
///
/// A GET works without JavaScript: the form redirects to the answer. A PUT needs JavaScript, so its
/// form stays hidden until the script runs.
#[component]
fn Request(operation: &'static Operation, base_url: String) -> impl IntoView {
    let Operation { id, method, path, summary, description, fields } = operation;
    let is_read = method == "GET";
    let command = match is_read {
        true => format!("curl '{base_url}{}'", filled_in(operation)),
        false => format!("curl -X {method} '{base_url}{}'", filled_in(operation)),
    };
    let fields =
        fields.iter().map(|field| view! { <Input operation=id.as_str() field /> }).collect_view();
    view! {
        <section class="card api-request" aria-labelledby=id.as_str()>
            <h2 id=id.as_str()>
                <code>{format!("{method} {path}")}</code>
            </h2>
            <p>{summary.as_str()}</p>
            {(!description.is_empty()).then(|| view! { <p>{description.as_str()}</p> })}
            {(!is_read)
                .then(|| {
                    view! {
                        <noscript>
                            <p class="field-hint">"Sending this needs JavaScript. You can use the command below."</p>
                        </noscript>
                    }
                })}
            <form
                class="form"
                method="get"
                action=format!("/docs/api/{id}")
                data-method=method.as_str()
                data-path=path.as_str()
                hidden=!is_read
            >
                {fields}
                <button type="submit" class="button button-primary">
                    "Send"
                </button>
            </form>
            <pre class="api-text" tabindex="0">{command}</pre>
            <div class="api-answer" role="status"></div>
        </section>
    }
}

/// The path of an operation with an example in place of each placeholder.
fn filled_in(operation: &Operation) -> String {
    let in_path = operation.fields.iter().filter(|field| field.is_in_path);
    in_path.fold(operation.path.clone(), |path, field| path.replace(&field.place(), "1"))
}

/// A parameter's input with its label and hint.
#[component]
fn Input(operation: &'static str, field: &'static Field) -> impl IntoView {
    let Field { name, is_in_path, description, default, kind } = field;
    let id = format!("{operation}-{name}");
    let hint = format!("{id}-hint");
    let input = match kind {
        Kind::Choice(choices) => {
            let choices = choices
                .iter()
                .map(|choice| view! { <option value=choice.as_str()>{choice.as_str()}</option> })
                .collect_view();
            view! {
                <select id=id.clone() name=name.as_str() aria-describedby=hint.clone()>
                    <option value="">"(not sent)"</option>
                    {choices}
                </select>
            }
            .into_any()
        }
        Kind::Number { least, most } => view! {
            <input
                id=id.clone()
                name=name.as_str()
                type="number"
                min=least.map(|least| least.to_string())
                max=most.map(|most| most.to_string())
                placeholder=default.map(|default| default.to_string())
                required=*is_in_path
                aria-describedby=hint.clone()
            />
        }
        .into_any(),
        Kind::Text { longest } => view! {
            <input
                id=id.clone()
                name=name.as_str()
                type="text"
                maxlength=longest.map(|longest| longest.to_string())
                required=*is_in_path
                autocapitalize="none"
                spellcheck="false"
                aria-describedby=hint.clone()
            />
        }
        .into_any(),
    };
    view! {
        <label for=id>{name.as_str()}</label>
        {input}
        <p class="field-hint" id=hint>
            {description.as_str()}
        </p>
    }
}
