//! Converts the types of the counting crate to the program's and back.

use crate::model::article::Window;
use crate::model::view::{Reason, ViewOutcome};

impl From<tidemark_counting::ViewOutcome> for ViewOutcome {
    fn from(outcome: tidemark_counting::ViewOutcome) -> Self {
        let tidemark_counting::ViewOutcome { article, views, counted, reason } = outcome;
        Self { article, views, counted, reason: reason.map(Reason::from) }
    }
}

impl From<tidemark_counting::Reason> for Reason {
    fn from(reason: tidemark_counting::Reason) -> Self {
        match reason {
            tidemark_counting::Reason::Repeat => Reason::Repeat,
            tidemark_counting::Reason::Crawler => Reason::Crawler,
            tidemark_counting::Reason::Prefetch => Reason::Prefetch,
            tidemark_counting::Reason::IpCap => Reason::IpCap,
        }
    }
}

impl From<Window> for tidemark_counting::Window {
    fn from(window: Window) -> Self {
        match window {
            Window::All => Self::All,
            Window::Day => Self::Day,
            Window::Week => Self::Week,
            Window::Month => Self::Month,
        }
    }
}
