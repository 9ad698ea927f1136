//! What islands need of the browser. Called from effects and event handlers only, which never run on the server.

use std::cell::Cell;

use leptos::prelude::*;
use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;

/// The document's element, `<html>`.
pub fn root_element() -> Option<web_sys::Element> {
    document().document_element()
}

/// Whether somebody can see the page. A page in a background tab is hidden. A prerendered one is hidden too, but on its way to
/// the screen it becomes visible a moment before it stops prerendering, and a request that it sends in that moment is still
/// marked as speculative.
fn is_visible() -> bool {
    let is_prerendering =
        js_sys::Reflect::get(&document(), &"prerendering".into()).is_ok_and(|value| value.is_truthy());
    document().visibility_state() == web_sys::VisibilityState::Visible && !is_prerendering
}

/// Calls `act` as soon as somebody can see the page: now, or when the page is first shown, or never.
pub fn when_visible(act: impl FnOnce() + 'static) {
    if is_visible() {
        act();
        return;
    }
    let act = Cell::new(Some(act));
    let on_change = Closure::<dyn Fn()>::new(move || {
        if is_visible()
            && let Some(act) = act.take()
        {
            act();
        }
    });
    for event in ["visibilitychange", "prerenderingchange"] {
        let _ = document().add_event_listener_with_callback(event, on_change.as_ref().unchecked_ref());
    }
    // The listener lives as long as the page: it does nothing the second time.
    on_change.forget();
}

/// Calls `act` each time the page comes back from the browser's back/forward cache, where it was frozen with its scripts.
pub fn when_restored(act: impl Fn() + 'static) {
    let _ = window_event_listener_untyped("pageshow", move |event| {
        let is_restored = event.dyn_ref::<web_sys::PageTransitionEvent>().is_some_and(|event| event.persisted());
        if is_restored {
            act();
        }
    });
}

/// The elements whose attribute `name` is `value`.
pub fn elements_with(name: &str, value: i64) -> Vec<web_sys::Element> {
    let Ok(elements) = document().query_selector_all(&format!("[{name}=\"{value}\"]")) else { return vec![] };
    (0..elements.length()).filter_map(|index| elements.item(index)?.dyn_into().ok()).collect()
}

/// Milliseconds since 1970 by the reader's clock.
pub fn now_ms() -> f64 {
    js_sys::Date::now()
}

/// A number that this tab was asked to remember. None if there is none or the reader forbids storage.
pub fn remembered(key: &str) -> Option<f64> {
    let storage = window().session_storage().ok()??;
    storage.get_item(key).ok()??.parse().ok()
}

/// Asks this tab to remember a number until it is closed, or its reader signs out: what somebody has read is nobody's business who uses the
/// browser later. It may refuse; nothing depends on it.
pub fn remember(key: &str, number: f64) {
    if let Ok(Some(storage)) = window().session_storage() {
        let _ = storage.set_item(key, &number.to_string());
    }
}

/// The key by which a tab tells the others that somebody signs out.
const SIGNED_OUT: &str = "tidemark.signed-out";

/// Forgets what [`remember`] was asked for, in all tabs, when somebody sends the form that signs out in one of them.
pub fn forget_at_sign_out() {
    let forget = || {
        if let Ok(Some(storage)) = window().session_storage() {
            let _ = storage.clear();
        }
    };
    let _ = window_event_listener_untyped("submit", move |event| {
        let form = event.target().and_then(|target| target.dyn_into::<web_sys::Element>().ok());
        if form.and_then(|form| form.get_attribute("action")).as_deref() != Some("/logout") {
            return;
        }
        forget();
        // The others hear of what changes here, and nothing of it is left.
        if let Ok(Some(storage)) = window().local_storage() {
            let _ = storage.set_item(SIGNED_OUT, "");
            let _ = storage.remove_item(SIGNED_OUT);
        }
    });
    let _ = window_event_listener_untyped("storage", move |event| {
        let key = js_sys::Reflect::get(&event, &"key".into()).ok().and_then(|key| key.as_string());
        if key.as_deref() == Some(SIGNED_OUT) {
            forget();
        }
    });
}

/// Sets a cookie for the whole site for a year.
pub fn set_cookie(name: &str, value: &str) {
    let secure =
        if window().location().protocol().is_ok_and(|protocol| protocol == "https:") { "; Secure" } else { "" };
    if let Some(document) = document().dyn_ref::<web_sys::HtmlDocument>() {
        let _ = document.set_cookie(&format!("{name}={value}; Path=/; Max-Age=31536000; SameSite=Lax{secure}"));
    }
}
