//! The parts of the running program, shared by all request handlers.

use std::ops::Deref;
use std::sync::Arc;

use tidemark_store::clock::Clock;

use super::accounts::Accounts;
use super::articles::Articles;
use super::assets::Assets;
use super::cards::Cards;
use super::clients::Clients;
use super::config::Config;
use super::counting::Counting;
use super::counts::Counts;
use super::db::Database;
use super::doctor::Doctor;
use super::documents::Documents;
use super::importing::Importing;
use super::jobs::Jobs;
use super::live::Live;
use super::metrics::Metrics;
use super::page_cache::PageCache;
use super::pictures::Pictures;
use super::reactions::Reactions;
use super::reading::Reading;
use super::request::identity::Identity;
use super::search::Search;
use super::sessions::Sessions;
use super::site::SiteSettings;
use super::stores::Stores;
use super::studio::Studio;

/// The parts behind an `Arc`. Cheap to clone, because each layer a request passes through clones
/// it.
#[derive(Clone, Debug)]
pub struct AppState(Arc<Parts>);

impl AppState {
    /// Shares `parts`.
    pub fn new(parts: Parts) -> Self {
        Self(Arc::new(parts))
    }
}

impl Deref for AppState {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}

impl AsRef<Identity> for AppState {
    fn as_ref(&self) -> &Identity {
        &self.identity
    }
}

/// The parts of the running program. Each holds the parts it depends on;
/// [`Parts::assemble`](super::parts) puts them together.
#[derive(Debug)]
pub struct Parts {
    /// The settings.
    pub config: Config,
    /// The time.
    pub clock: Clock,
    /// The stores, for commands, which may wait longer than requests.
    pub stores: Stores,
    /// The database, for requests.
    pub database: Database,
    /// Sessions of signed-in users.
    pub sessions: Sessions,
    /// The blog's name, description, footer and logo.
    pub site: SiteSettings,
    /// Who sends a request.
    pub identity: Identity,
    /// Sign-in and sign-up.
    pub accounts: Accounts,
    /// Articles as readers see them: lists, rankings.
    pub articles: Articles,
    /// Finds articles by their words.
    pub search: Search,
    /// Likes, collects and follows.
    pub reactions: Reactions,
    /// What authors do with their articles.
    pub studio: Studio,
    /// Counts views.
    pub counting: Counting,
    /// Pictures that authors upload.
    pub pictures: Pictures,
    /// Imports what administrators upload.
    pub importing: Importing,
    /// Loads pages.
    pub reading: Reading,
    /// Caches rendered pages.
    pub page_cache: PageCache,
    /// Reads current counts for cached pages.
    pub counts: Counts,
    /// Caches feeds and the sitemap.
    pub documents: Documents,
    /// Draws pictures for link previews.
    pub cards: Cards,
    /// Tells open pages when counts rise.
    pub live: Live,
    /// The browser's files.
    pub assets: Assets,
    /// Background jobs.
    pub jobs: Jobs,
    /// Metrics for the operator.
    pub metrics: Metrics,
    /// Notices when the server does not see where readers are.
    pub clients: Clients,
    /// Examines the stores.
    pub doctor: Doctor,
}
