//! Puts the program together from its settings: for the server, for the commands and for the tests.

use std::time::Duration;

use tidemark_counting::Views;
use tidemark_counting::batcher::{Worker, batcher};
use tidemark_counting::follow::Follower;
use tidemark_counting::identifier::Identifier;
use tidemark_store::clock::Clock;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::accounts::Accounts;
use super::article_reader::{ArticleReader, articles_by_slug};
use super::articles::Articles;
use super::assets::Assets;
use super::cards::Cards;
use super::clients::Clients;
use super::config::Config;
use super::counting::{Counting, Observers};
use super::counts::{CountsReader, Sources, counts};
use super::doctor::Doctor;
use super::documents::Documents;
use super::importing::Importing;
use super::jobs::Jobs;
use super::live::{Live, LiveReader};
use super::metrics::Metrics;
use super::page_cache::PageCache;
use super::page_cache::watch::Watch;
use super::pictures::Pictures;
use super::reactions::Reactions;
use super::reading::Reading;
use super::request::identity::Identity;
use super::search::{Engine, Search};
use super::site::SiteSettings;
use super::state::{AppState, Parts};
use super::stores::{Stores, StoresError};
use super::studio::Studio;
use super::uncounted::Uncounted;
use super::visibility::Visibility;
use crate::components::ranking::render_long_ranking;
use crate::components::sidebar::{render_rankings, render_unavailable};
use crate::shell::scripts;

/// How long [`Tasks::look_once`] reads the dedup log. The rest is read in the background.
const FIRST_LOOK: Duration = Duration::from_secs(1);

/// The background tasks that the parts need in a server. Commands drop them.
#[derive(Debug)]
pub struct Tasks {
    workers: Vec<Worker>,
    counts_reader: CountsReader,
    live_reader: LiveReader,
    article_reader: ArticleReader,
    watch: Watch,
    follower: Follower,
    importing: Importing,
    uncounted: Uncounted,
}

impl Tasks {
    /// Reads, before the first request, what pages take from memory: who was counted, and which
    /// version the content has. If a store doesn't answer, the tasks try again once they run.
    pub async fn look_once(&mut self) {
        let _ = tokio::time::timeout(FIRST_LOOK, self.follower.step()).await;
        self.watch.step().await;
    }

    /// Starts the tasks. Those that follow the stores run in `tasks` until `stop` is cancelled. The
    /// returned ones write views and read for pages: they end once the last [`AppState`] is
    /// dropped and all that was asked of them is done.
    pub fn spawn(self, tasks: &TaskTracker, stop: &CancellationToken) -> JoinSet<()> {
        let Self {
            workers,
            counts_reader,
            live_reader,
            article_reader,
            watch,
            follower,
            importing,
            uncounted,
        } = self;
        tasks.spawn(uncounted.run(stop.clone()));
        tasks.spawn(live_reader.run(stop.clone()));
        tasks.spawn(watch.run(stop.clone()));
        tasks.spawn(importing.run_until_stopped(stop.clone()));
        tasks.spawn(follower.run(stop.clone()));
        let mut counting: JoinSet<()> = workers.into_iter().map(Worker::run).collect();
        counting.spawn(counts_reader.run());
        counting.spawn(article_reader.run());
        counting
    }
}

impl Parts {
    /// Opens the stores, migrates the database if needed, and puts the parts together. Nothing runs
    /// yet.
    ///
    /// # Errors
    /// [`StoresError`]
    pub async fn assemble(config: Config, clock: Clock) -> Result<(AppState, Tasks), StoresError> {
        let stores = Stores::open(&config, &clock).await?;
        let metrics = Metrics::new();
        let jobs = Jobs::new(&stores, clock.clone(), &config, metrics.clone());
        let for_requests = stores.clone().for_requests();
        let clients = Clients::new(for_requests.database.clone(), clock.clone(), &config);
        let doctor = Doctor::new(&for_requests, clients.clone(), clock.clone());
        let Stores { database, views: store, sessions, pictures, author_counts, throttle, .. } =
            for_requests;

        let (batcher, workers) = batcher(store.clone(), config.views.queue);
        let identifier = Identifier::new(store.clone(), clock.clone(), config.views.window);
        let follower = Follower::new(identifier.clone(), store.clone());
        let views = Views::new(identifier, batcher, store);
        let visibility = Visibility::new(database.clone(), clock.clone());
        let uncounted = Uncounted::new(database.clone(), clock.clone());
        let counting = Counting::new(
            views.clone(),
            visibility.clone(),
            sessions.clone(),
            database.clone(),
            Observers {
                metrics: metrics.clone(),
                clients: clients.clone(),
                uncounted: uncounted.clone(),
            },
            config.views.count_authors,
        );

        let (by_slug, article_reader) = articles_by_slug(database.clone(), clock.clone());
        let articles = Articles::new(database.clone(), clock.clone(), views.clone(), by_slug);
        let engine = match stores.open_search.clone() {
            Some(open_search) => Engine::OpenSearch(Box::new(open_search)),
            None => Engine::Sql,
        };
        let search = Search::new(engine, database.clone(), clock.clone(), views.clone());
        let reactions = Reactions::new(database.clone(), clock.clone(), author_counts.clone());
        let studio = Studio::new(
            database.clone(),
            clock.clone(),
            views.clone(),
            visibility,
            author_counts.clone(),
            config.revisions.clone(),
        );
        let identity = Identity::new(database.clone(), &config);
        let reading = Reading::new(
            database.clone(),
            clock.clone(),
            articles.clone(),
            search.clone(),
            reactions.clone(),
            counting.clone(),
            identity.clone(),
        );

        let live = Live::default();
        let live_reader =
            LiveReader::new(live.clone(), views.clone(), database.clone(), clock.clone());
        let (counts, counts_reader) = counts(Sources {
            database: database.clone(),
            views,
            author_counts,
            clock: clock.clone(),
            render: render_rankings,
            render_long: render_long_ranking,
        });
        let bytes = u64::try_from(config.pages.cache).unwrap_or(u64::MAX) << 20;
        let version = database.content_version().clone();
        let page_cache = PageCache::new(bytes, version, render_unavailable);
        let watch = Watch::new(database.clone(), clock.clone());

        let accounts = Accounts::new(database.clone(), sessions.clone(), throttle, clock.clone());
        let quota = config.pictures.quota();
        let importing = Importing::new(
            stores.database.clone(),
            Pictures::new(stores.database.clone(), pictures.clone(), clock.clone(), quota),
            stores.author_counts.clone(),
            clock.clone(),
            &config.import,
        );
        let pictures = Pictures::new(database.clone(), pictures, clock.clone(), quota);
        let site = SiteSettings::new(database.clone(), &config.site);
        let assets = Assets::new(config.site.clone(), scripts);
        let state = AppState::new(Parts {
            config,
            clock,
            stores,
            database,
            sessions,
            site,
            identity,
            accounts,
            articles,
            search,
            reactions,
            studio,
            counting,
            pictures,
            importing: importing.clone(),
            reading,
            page_cache,
            counts,
            documents: Documents::default(),
            cards: Cards::default(),
            live,
            assets,
            jobs,
            metrics,
            clients,
            doctor,
        });
        let tasks = Tasks {
            workers,
            counts_reader,
            live_reader,
            article_reader,
            watch,
            follower,
            importing,
            uncounted,
        };
        Ok((state, tasks))
    }
}
