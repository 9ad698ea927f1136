//! The JSON API for people: each of its requests with a form to send it.

use leptos::prelude::*;

use crate::components::page::{Content, Head, LoadedPage};
use crate::server::state::AppState;

/// A request that the API takes, as its description has it.
#[derive(Clone, Debug)]
pub struct Operation {
    /// Its name; unique.
    pub id: String,
    /// Its method, in capitals.
    pub method: String,
    /// Its address, with places for the fields in it: `/articles/{id}`.
    pub path: String,
    /// What it is for, in a sentence.
    pub summary: String,
    /// What else there is to know; may be empty.
    pub description: String,
    /// What can be filled in.
    pub fields: Vec<Field>,
}

/// A parameter of a request.
#[derive(Clone, Debug)]
pub struct Field {
    /// Its name in the address.
    pub name: String,
    /// Whether it is in the path, and so can't be left out, rather than in the query.
    pub is_in_path: bool,
    /// What it is.
    pub description: String,
    /// What it is if it is left out.
    pub default: Option<i64>,
    /// What it may be.
    pub kind: Kind,
}

/// What a parameter may be.
#[derive(Clone, Debug)]
pub enum Kind {
    /// A whole number within these, both included.
    Number {
        /// The least.
        least: Option<i64>,
        /// The most.
        most: Option<i64>,
    },
    /// One of these.
    Choice(Vec<String>),
    /// A text.
    Text {
        /// The most characters.
        longest: Option<i64>,
    },
}

impl Field {
    /// What stands for it in the path.
    pub fn place(&self) -> String {
        format!("{{{}}}", self.name)
    }
}

/// `/docs/api`, with these requests.
pub async fn page(operations: &'static [Operation]) -> LoadedPage {
    let site = expect_context::<AppState>().config.site.clone();
    let requests = operations
        .iter()
        .map(|operation| view! { <Request operation base_url=site.base_url.clone() /> })
        .collect_view();
    let view = view! {
        <header class="intro">
            <h1>"JSON API"</h1>
            <p>
                "Everybody may use it. What it takes and answers is described in "
                <a href="/api/v1/openapi.json">"openapi.json"</a> " (OpenAPI 3.1), from which this page is made."
            </p>
        </header>
        {requests}
        <script type="module" src="/api-docs.js"></script>
    };
    let content = Content::new(Head::hidden(format!("JSON API · {}", site.title)), view);
    LoadedPage::of(false, async move { Ok(content) }).await
}

/// A request, with a form to send it. A form that reads works without JavaScript: it leads to the answer. One that writes appears with it,
/// because no form by itself sends a PUT.
#[component]
fn Request(operation: &'static Operation, base_url: String) -> impl IntoView {
    let Operation { id, method, path, summary, description, fields } = operation;
    let is_read = method == "GET";
    let command = match is_read {
        true => format!("curl '{base_url}{}'", filled_in(operation)),
        false => format!("curl -X {method} '{base_url}{}'", filled_in(operation)),
    };
    let fields = fields.iter().map(|field| view! { <Input operation=id.as_str() field /> }).collect_view();
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
                            <p class="field-hint">"This page can't send it without JavaScript, but the command below does."</p>
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

/// The address of a request with something in its path.
fn filled_in(operation: &Operation) -> String {
    let in_path = operation.fields.iter().filter(|field| field.is_in_path);
    in_path.fold(operation.path.clone(), |path, field| path.replace(&field.place(), "1"))
}

/// A parameter's field with its label and what it is for. What stands in it is what is sent.
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
                    <option value="">"(left out)"</option>
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
