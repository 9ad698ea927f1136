//! What authors do with their articles: create, save, preview, bin, compare.

pub mod drafts;
pub mod form;

use std::sync::atomic::AtomicBool;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use tidemark_content::difference::{Differences, compare};
use tidemark_content::front_matter::is_picture_address;
use tidemark_content::markdown::{self, Note, Rendered, plain_line};
use tidemark_content::slug::slugify;
use tidemark_counting::{ArticleId, UserId, Views};
use tidemark_store::clock::{Clock, Millis};

use self::form::{
    check, fits, one_line, parse_time, slugs, tags, time_has_passed, typed_of, typed_of_revision,
};
use super::accounts::FieldErrors;
use super::articles::totals;
use super::author_counts::AuthorCounts;
use super::config;
use super::content::rerender::with_sizes;
use super::db::Database;
use super::db::actor::Role;
use super::db::articles::{ArticleFields, Kind, Status};
use super::db::drafts::{EditorForm, NEW_ARTICLE};
use super::db::revisions::Revision;
use super::db::studio::{Added, EditableArticle, Saved, TableQuery, TableRow};
use super::db::users::User;
use super::visibility::Visibility;
use super::work::Work;
use crate::draft::Typed;
use crate::error::Error;
use crate::message::Message;
use crate::model::article::{ArticleContent, Heading, may_be_page};
use crate::model::language::Language;
use crate::model::page::Page;

/// What a save does to the article's status.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Intent {
    /// Keeps the status: a draft stays a draft.
    Save,
    /// Publishes it now.
    Publish,
    /// Publishes it at a time.
    Schedule {
        /// The time as the form sends it.
        time: String,
        /// The time zone in which the form showed times.
        zone: TimeZone,
    },
    /// Makes it a draft again.
    Unpublish,
}

/// What a save has done, for its author.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Done {
    /// The text was stored.
    Saved,
    /// Readers can see it now.
    Published,
    /// Readers will see it at its time.
    Scheduled,
    /// Readers see it under another date.
    Dated,
    /// Readers can't see it any more.
    Unpublished,
    /// It was scheduled, and is a draft again.
    Unscheduled,
}

/// The result of a save.
#[derive(Clone, Debug, PartialEq)]
pub enum SaveOutcome {
    /// Stored, by this request or by the same one before.
    Saved(Done),
    /// Nothing to store.
    Unchanged,
    /// The article was changed since the form was opened.
    Conflict,
    /// Invalid fields.
    Invalid(FieldErrors),
}

/// The result of saving a new article.
#[derive(Clone, Debug, PartialEq)]
pub enum CreateOutcome {
    /// Stored as the article with this ID, by this request or by the same one before.
    Saved(ArticleId, Done),
    /// The form was saved before as the article with this ID, with another text.
    SavedBefore(ArticleId),
    /// Invalid fields.
    Invalid(FieldErrors),
}

impl Done {
    /// What a save with this intent has done at `now`, with the status before and the date after.
    fn of(
        intent: &Intent,
        (status, before): (Status, Option<Millis>),
        after: Option<Millis>,
        now: Millis,
    ) -> Self {
        let is_later = |at: Option<Millis>| at.is_some_and(|at| at > now);
        match intent {
            Intent::Save => Done::Saved,
            Intent::Publish => Done::Published,
            Intent::Schedule { .. } if is_later(after) => Done::Scheduled,
            Intent::Schedule { .. } => Done::Dated,
            Intent::Unpublish if status == Status::Published && is_later(before) => {
                Done::Unscheduled
            }
            Intent::Unpublish => Done::Unpublished,
        }
    }
}

/// The same answer whether the article does not exist or belongs to somebody else.
pub fn no_article() -> Error {
    Error::NotFound(Message::text("no-such-article"))
}

/// The authors' desk. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Studio {
    database: Database,
    clock: Clock,
    views: Views,
    visibility: Visibility,
    author_counts: AuthorCounts,
    revisions: config::Revisions,
    /// Renders what is saved, a few at a time.
    saves: Work,
    /// Renders previews. Apart from saves, which must not wait for them.
    previews: Work,
    /// Compares texts, which takes less time than to render them.
    comparisons: Work,
}

impl Studio {
    /// The desk for the articles in `database`. After a change it invalidates what `visibility` and
    /// `author_counts` have cached; `views` has the current counts.
    pub fn new(
        database: Database,
        clock: Clock,
        views: Views,
        visibility: Visibility,
        author_counts: AuthorCounts,
        revisions: config::Revisions,
    ) -> Self {
        let (saves, previews, comparisons) = (Work::default(), Work::default(), Work::default());
        Self {
            database,
            clock,
            views,
            visibility,
            author_counts,
            revisions,
            saves,
            previews,
            comparisons,
        }
    }

    /// Renders a user's text in one of the pools.
    ///
    /// # Errors
    /// Those of [`Work::run_for`]; any database error.
    async fn render(&self, pool: &Work, user: UserId, markdown: String) -> Result<Rendered, Error> {
        let render = move |is_stopped: &AtomicBool| markdown::render_until(&markdown, is_stopped);
        // Rendering returns `None` only if the caller has gone.
        let rendered = pool.run_for(user, render).await?;
        let mut rendered = rendered.ok_or(Error::Unavailable)?;
        rendered.html = with_sizes(&self.database, rendered.html).await?;
        Ok(rendered)
    }

    /// The form for an article. A generated summary is left empty.
    ///
    /// # Errors
    /// Those of [`Work::run`].
    pub async fn typed_of(&self, fields: &ArticleFields) -> Result<Typed, Error> {
        self.without_own_summary(typed_of(fields)).await
    }

    /// The form for a revision. A generated summary is left empty.
    ///
    /// # Errors
    /// Those of [`Work::run`].
    pub async fn typed_of_revision(&self, revision: &Revision) -> Result<Typed, Error> {
        self.without_own_summary(typed_of_revision(revision)).await
    }

    /// Clears a summary that was generated from the text, so that it keeps following the text.
    async fn without_own_summary(&self, mut typed: Typed) -> Result<Typed, Error> {
        let work = move |is_stopped: &AtomicBool| {
            if markdown::summary_of(&typed.markdown, is_stopped)? == typed.summary {
                typed.summary.clear();
            }
            Some(typed)
        };
        self.comparisons.run(work).await?.ok_or(Error::Unavailable)
    }

    /// Compares two forms. Returns the name of the label and the differences of each field that
    /// differs. Their kinds are words of `language`.
    ///
    /// # Errors
    /// Those of [`Work::run`].
    pub async fn differences(
        &self,
        language: Language,
        old: Typed,
        new: Typed,
    ) -> Result<Vec<(&'static str, Differences)>, Error> {
        let kind = move |is_page| match is_page {
            true => language.text("kind-page"),
            false => language.text("kind-article"),
        };
        let work = move |is_stopped: &AtomicBool| {
            let fields = [
                ("title", old.title, new.title),
                ("text", old.markdown, new.markdown),
                ("summary", old.summary, new.summary),
                ("tags", old.tags, new.tags),
                ("series", old.series, new.series),
                ("address", old.slug, new.slug),
                ("cover-picture", old.cover, new.cover),
                ("kind", kind(old.is_page), kind(new.is_page)),
            ];
            let differ = fields.into_iter().filter(|(_, old, new)| old != new);
            differ
                .map(|(label, old, new)| (label, compare(&old, &new, is_stopped)))
                .collect::<Vec<_>>()
        };
        self.comparisons.run(work).await
    }

    /// Loads an article for editing. Authors in its byline and administrators may edit it.
    ///
    /// # Errors
    /// [`Error::NotFound`] for everybody else; any database error.
    pub async fn editable(&self, user: &User, id: ArticleId) -> Result<EditableArticle, Error> {
        let article = self.database.editable(id).await?.ok_or_else(no_article)?;
        let is_own = article.fields.authors.iter().any(|author| author.username == user.username);
        if is_own || user.role >= Role::Admin { Ok(article) } else { Err(no_article()) }
    }

    /// A page of the studio's table of articles, with current counts. Sorting by views uses the
    /// counts in SQL.
    ///
    /// # Errors
    /// Any database error.
    pub async fn table(&self, query: &TableQuery) -> Result<Page<TableRow>, Error> {
        let mut table = self.database.table(query, self.clock.now()).await?;
        let ids: Vec<ArticleId> = table.items.iter().map(|row| row.id).collect();
        let totals = totals(&self.views, &self.database, &ids).await.unwrap_or_default();
        for row in &mut table.items {
            row.views = totals.get(&row.id).copied().unwrap_or(row.views);
        }
        Ok(table)
    }

    /// Creates an article by `user`, unless the same form was saved before.
    ///
    /// # Errors
    /// [`Error::Unavailable`] or [`Error::BadRequest`] if the text can't be rendered; any database
    /// error.
    pub async fn create_article(
        &self,
        user: &User,
        form: &EditorForm,
        typed: &Typed,
        intent: &Intent,
    ) -> Result<CreateOutcome, Error> {
        if let Some(Some(id)) = self.database.use_of_form(user.id, &form.key).await? {
            return self.created_before(user, id, typed, intent).await;
        }
        let mut fields = match self.fields_of(user.id, typed, intent, None).await? {
            Ok(fields) => fields,
            Err(errors) => return Ok(CreateOutcome::Invalid(errors)),
        };
        fields.authors = vec![user.author()];
        let now = self.clock.now();
        for slug in slugs(&fields.slug) {
            fields.slug = slug;
            match self.database.add_article(&fields, user.actor(), form, now).await? {
                Added::Done(id) => {
                    self.article_written(id).await;
                    self.forget_old_revisions(user, id).await;
                    let done = Done::of(intent, (Status::Draft, None), fields.published_at, now);
                    return Ok(CreateOutcome::Saved(id, done));
                }
                // The same request is being handled elsewhere, and was faster.
                Added::SavedBefore(id) => {
                    return self.created_before(user, id, typed, intent).await;
                }
                // A slug that the author typed is never changed.
                Added::SlugTaken if !typed.slug.is_empty() => break,
                Added::SlugTaken => {}
            }
        }
        Ok(CreateOutcome::Invalid(vec![("slug", slug_taken())]))
    }

    /// The answer to a form for a new article that was saved before, as the article `id`.
    async fn created_before(
        &self,
        user: &User,
        id: ArticleId,
        typed: &Typed,
        intent: &Intent,
    ) -> Result<CreateOutcome, Error> {
        let stored = self.editable(user, id).await?;
        Ok(match self.done_already(user.id, &stored, typed, intent).await? {
            Some(done) => CreateOutcome::Saved(id, done),
            None => CreateOutcome::SavedBefore(id),
        })
    }

    /// What a save has done, if its result is what is stored; `None` if anything differs.
    async fn done_already(
        &self,
        user: UserId,
        stored: &EditableArticle,
        typed: &Typed,
        intent: &Intent,
    ) -> Result<Option<Done>, Error> {
        let before = &stored.fields;
        let Ok(mut fields) = self.fields_of(user, typed, intent, Some(stored)).await? else {
            return Ok(None);
        };
        // A slug that nobody typed may have got a number.
        if typed.slug.is_empty() && slugs(&fields.slug).any(|slug| slug == before.slug) {
            fields.slug.clone_from(&before.slug);
        }
        fields.authors.clone_from(&before.authors);
        fields.aliases.clone_from(&before.aliases);
        let done = Done::of(intent, (Status::Draft, None), fields.published_at, self.clock.now());
        Ok(before.changes(&fields).is_empty().then_some(done))
    }

    /// Saves an article if it is still at `version`, or if there is nothing to change: a save that
    /// is sent twice is no conflict with itself.
    ///
    /// # Errors
    /// [`Error::NotFound`] if `user` may not edit it; [`Error::Unavailable`] or
    /// [`Error::BadRequest`] if the text can't be rendered; any database error.
    pub async fn save_article(
        &self,
        user: &User,
        id: ArticleId,
        version: i64,
        form: &EditorForm,
        typed: &Typed,
        intent: &Intent,
    ) -> Result<SaveOutcome, Error> {
        let stored = self.editable(user, id).await?;
        let mut fields = match self.fields_of(user.id, typed, intent, Some(&stored)).await? {
            Ok(fields) => fields,
            Err(errors) => return Ok(SaveOutcome::Invalid(errors)),
        };
        let now = self.clock.now();
        for slug in slugs(&fields.slug) {
            fields.slug = slug;
            match self
                .database
                .save_article(id, version, &fields, user.actor(), form, now)
                .await?
                .ok_or_else(no_article)?
            {
                Saved::Done(_) => {
                    self.article_written(id).await;
                    self.forget_old_revisions(user, id).await;
                    let before = (stored.fields.status, stored.fields.published_at);
                    let done = Done::of(intent, before, fields.published_at, now);
                    return Ok(SaveOutcome::Saved(done));
                }
                Saved::Unchanged(_) => return Ok(SaveOutcome::Unchanged),
                Saved::Conflict(stored) => {
                    let done = self.done_already(user.id, &stored, typed, intent).await?;
                    if done.is_some() {
                        self.database.finish_form(user.actor(), id, form, now).await?;
                    }
                    return Ok(done.map_or(SaveOutcome::Conflict, SaveOutcome::Saved));
                }
                Saved::SlugTaken if typed.slug.is_empty() => {}
                Saved::SlugTaken => break,
            }
        }
        Ok(SaveOutcome::Invalid(vec![("slug", slug_taken())]))
    }

    /// Moves an article to the bin, or restores it, if it is still at `version`. Otherwise returns
    /// who changed it, as a sentence.
    ///
    /// # Errors
    /// [`Error::NotFound`] if `user` may not edit it; any database error.
    pub async fn bin_article(
        &self,
        user: &User,
        id: ArticleId,
        version: i64,
        is_deleted: bool,
    ) -> Result<Result<(), Message>, Error> {
        self.editable(user, id).await?;
        let now = self.clock.now();
        let saved = self.database.set_deleted(id, version, is_deleted, user.actor(), now).await?;
        match saved.ok_or_else(no_article)? {
            Saved::Conflict(stored) => Ok(Err(self.last_change(user, &stored).await?)),
            Saved::Done(_) | Saved::Unchanged(_) | Saved::SlugTaken => {
                self.article_written(id).await;
                Ok(Ok(()))
            }
        }
    }

    /// Says who changed an article last, to `user`, whose page shows an older version.
    ///
    /// # Errors
    /// Any database error.
    pub async fn last_change(
        &self,
        user: &User,
        article: &EditableArticle,
    ) -> Result<Message, Error> {
        let editor = self.database.editor_of(article.id, article.version).await?;
        Ok(match editor {
            Some((id, _)) if id == user.id => Message::text("changed-in-another-tab"),
            Some((_, name)) => Message::text("changed-by").with("name", name),
            None if article.deleted_at.is_some() => Message::text("changed-to-bin"),
            None => Message::text("changed-since"),
        })
    }

    /// A revision of an article, and the one before it.
    ///
    /// # Errors
    /// [`Error::NotFound`] if `user` may not edit the article or it has no such revision; any
    /// database error.
    pub async fn revision(
        &self,
        user: &User,
        id: ArticleId,
        version: i64,
    ) -> Result<(Revision, Option<Revision>), Error> {
        self.editable(user, id).await?;
        let mut revisions = self.database.revision_and_before(id, version).await?.into_iter();
        let revision = revisions.next().filter(|revision| revision.version == version);
        let revision =
            revision.ok_or_else(|| Error::NotFound(Message::text("no-such-revision")))?;
        Ok((revision, revisions.next()))
    }

    /// Renders what was typed for an article ([`NEW_ARTICLE`]: a new one) as readers would see it,
    /// and returns notes for its author. Saves nothing.
    ///
    /// # Errors
    /// [`Error::TooLarge`]; [`Error::NotFound`] if `user` may not edit the article;
    /// [`Error::Unavailable`] or [`Error::BadRequest`] if the text can't be rendered; any database
    /// error.
    pub async fn preview(
        &self,
        user: &User,
        id: ArticleId,
        typed: &Typed,
    ) -> Result<(ArticleContent, Vec<Note>), Error> {
        if !fits(typed) {
            return Err(Error::TooLarge);
        }
        let stored = match id {
            NEW_ARTICLE => None,
            id => Some(self.editable(user, id).await?.fields),
        };
        let now = self.clock.now();
        let (authors, published_at) = match stored {
            // A draft gets the date of the day on which it is published.
            Some(fields) => {
                (fields.authors, fields.published_at.filter(|_| fields.status == Status::Published))
            }
            None => (vec![user.author()], None),
        };
        let Rendered { html, contents, reading_minutes, language, notes, .. } =
            self.render(&self.previews, user.id, typed.markdown.clone()).await?;
        let content = ArticleContent {
            title: plain_line(&one_line(&typed.title)),
            cover: Some(typed.cover.clone()).filter(|cover| is_picture_address(cover)),
            authors,
            published_at: Timestamp::from_millisecond(published_at.unwrap_or(now).0)
                .unwrap_or_default(),
            updated_at: None,
            reading_minutes,
            contents: contents.into_iter().map(Heading::from).collect(),
            html,
            language,
            tags: tags(typed).unwrap_or_default(),
            is_page: typed.is_page,
        };
        Ok((content, notes))
    }

    /// Deletes revisions beyond the configured limits. Failures are only logged, because the next
    /// save tries again.
    async fn forget_old_revisions(&self, user: &User, id: ArticleId) {
        let number = |setting: usize| i64::try_from(setting).unwrap_or(i64::MAX);
        let settings = &self.revisions;
        let (of_article, of_user) = (number(settings.per_article), number(settings.per_user));
        if let Err(error) =
            self.database.forget_old_revisions(id, of_article, user.id, of_user).await
        {
            tracing::error!(error = %error, article = id.0, "old revisions could not be forgotten");
        }
    }

    /// Invalidates caches after an article has changed.
    async fn article_written(&self, id: ArticleId) {
        self.visibility.forget(id);
        self.author_counts.articles_changed().await;
    }

    /// Checks and renders what was typed, and returns the fields to store with the intended status.
    async fn fields_of(
        &self,
        user: UserId,
        typed: &Typed,
        intent: &Intent,
        stored: Option<&EditableArticle>,
    ) -> Result<Result<ArticleFields, FieldErrors>, Error> {
        let mut errors = check(typed);
        let now = self.clock.now();
        let before = stored.map(|stored| &stored.fields);
        let status = before.map_or(Status::Draft, |before| before.status);
        let published_at = before.and_then(|before| before.published_at);
        let seen_since = published_at.filter(|at| status == Status::Published && *at <= now);
        let (status, published_at) = match intent {
            Intent::Save => (status, published_at),
            Intent::Unpublish => (Status::Draft, published_at),
            // An article that readers see keeps its date.
            Intent::Publish => (Status::Published, seen_since.or(Some(now))),
            Intent::Schedule { time, zone } => match parse_time(time, zone) {
                // The date of an article that readers see may be corrected.
                Some(at) if at > now || seen_since.is_some() => (Status::Published, Some(at)),
                Some(_) => {
                    errors.push(("published_at", time_has_passed(now, zone)));
                    (status, published_at)
                }
                None => {
                    errors.push(("published_at", Message::text("time-missing")));
                    (status, published_at)
                }
            },
        };
        let slug = if typed.slug.is_empty() { slugify(&typed.title) } else { typed.slug.clone() };
        if errors.is_empty() && typed.is_page && !slug.is_empty() && !may_be_page(&slug) {
            let error = Message::text("address-reserved").with("address", format!("/{slug}"));
            errors.push(("slug", error));
        }
        if !errors.is_empty() {
            return Ok(Err(errors));
        }
        let Rendered { html, contents, reading_minutes, language, summary, .. } =
            self.render(&self.saves, user, typed.markdown.clone()).await?;
        let typed_summary = one_line(&typed.summary);
        Ok(Ok(ArticleFields {
            kind: Kind::of(typed.is_page),
            slug: if slug.is_empty() { "article".into() } else { slug },
            title: one_line(&typed.title),
            summary: if typed_summary.is_empty() { summary } else { typed_summary },
            markdown: typed.markdown.clone(),
            html,
            contents: contents.into_iter().map(Heading::from).collect(),
            reading_minutes,
            language,
            status,
            published_at,
            updated_at: None,
            authors: vec![],
            tags: tags(typed).unwrap_or_default(),
            series: Some(one_line(&typed.series)).filter(|series| !series.is_empty()),
            aliases: vec![],
            cover: Some(typed.cover.clone()).filter(|cover| !cover.is_empty()),
        }))
    }
}

fn slug_taken() -> Message {
    Message::text("address-taken")
}
