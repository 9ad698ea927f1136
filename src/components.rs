//! What pages are made of. Islands are compiled for the browser too; the rest is rendered on the server alone.

pub mod browser;
pub mod editor;
pub mod reaction_button;
pub mod sign_out_button;
pub mod theme_toggle;
pub mod view_counter;

#[cfg(feature = "ssr")]
pub mod article_body;
#[cfg(feature = "ssr")]
pub mod article_list;
#[cfg(feature = "ssr")]
pub mod diff;
#[cfg(feature = "ssr")]
pub mod form;
#[cfg(feature = "ssr")]
pub mod hole;
#[cfg(feature = "ssr")]
pub mod layout;
#[cfg(feature = "ssr")]
pub mod page;
#[cfg(feature = "ssr")]
pub mod sidebar;
