//! What administrators have set in the browser: the blog's name, description, footer and logo, or
//! else what the settings file says of them; the menu; and redirects.
//!
//! They are read once for each version of the content. Every change raises that version, so all
//! processes read them again within a second, and no remembered page shows the old ones.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tidemark_content::front_matter::one_line_end;
use tidemark_content::markdown;
use tidemark_content::menu::{LineError, MenuProblem, parse_menu};
use tidemark_content::redirects::{
    Destination, RedirectProblem, is_loop, look_up, parse_redirects, table,
};
use tidemark_content::site_texts::{Problem, problems};
use url::Url;

use super::accounts::FieldErrors;
use super::accounts::names::quotable;
use super::config;
use super::db::Database;
use super::db::site::{SiteChange, StoredSite};
use super::db::users::User;
use super::together::Together;
use crate::error::Error;
use crate::message::Message;
use crate::model::site::{Logo, SiteInfo};

/// The settings that administrators change in the browser. Cheap to clone.
#[derive(Clone, Debug)]
pub struct SiteSettings {
    database: Database,
    /// What the settings file says.
    of_file: Arc<SiteInfo>,
    /// The blog's own address.
    own: Option<Url>,
    known: Arc<Mutex<Known>>,
    /// Reads that are under way, by version.
    reading: Together<u64, Known>,
}

/// What was read last.
#[derive(Clone, Debug)]
struct Known {
    /// The version of the content that it was read for; `None` before the first read.
    version: Option<u64>,
    /// The footer that `info` was rendered from.
    footer: Option<String>,
    info: Arc<SiteInfo>,
    redirects: Arc<HashMap<String, Destination>>,
}

/// What an administrator typed. An empty text stands for what the settings file says.
#[derive(Clone, Debug, Default)]
pub struct TypedSite {
    /// The blog's name.
    pub title: String,
    /// One line about the blog.
    pub description: String,
    /// The footer, in Markdown.
    pub footer: String,
}

/// What became of a change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SiteSaved {
    /// The settings are as wanted.
    Saved,
    /// What is wrong with the form.
    Invalid(FieldErrors),
    /// Somebody else has changed the settings since the form was opened. Nothing was changed.
    Conflict,
}

impl SiteSettings {
    /// The settings of `database`, or else of the file.
    pub fn new(database: Database, file: &config::Site) -> Self {
        let of_file = Arc::new(SiteInfo {
            title: file.title.clone(),
            description: file.description.clone(),
            ..SiteInfo::default()
        });
        let known =
            Known { version: None, footer: None, info: of_file.clone(), redirects: Arc::default() };
        let own = Url::parse(&file.base_url).ok();
        let (known, reading) = (Arc::new(Mutex::new(known)), Together::default());
        Self { database, of_file, own, known, reading }
    }

    /// What the settings file says.
    pub fn of_file(&self) -> &SiteInfo {
        &self.of_file
    }

    /// What pages show now. If the database fails, it is what was read last.
    pub async fn current(&self) -> Arc<SiteInfo> {
        self.newest().await.unwrap_or_else(|last| last)
    }

    /// What pages show now, to be remembered.
    ///
    /// # Errors
    /// What was read last, if the database fails. A page with that must not be remembered.
    pub async fn newest(&self) -> Result<Arc<SiteInfo>, Arc<SiteInfo>> {
        self.known().await.map(|known| known.info).map_err(|last| last.info)
    }

    /// Where the path of a request leads at which nothing is. What would lead back there leads
    /// nowhere.
    pub async fn redirect(&self, path: &str) -> Option<Destination> {
        let redirects = self.known().await.unwrap_or_else(|last| last).redirects;
        let destination = look_up(&redirects, path)?;
        (!is_loop(&redirects, destination, self.own.as_ref())).then(|| destination.clone())
    }

    /// What holds for the current version, or else what was read last.
    async fn known(&self) -> Result<Known, Known> {
        let version = self.database.content_version().current();
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if known.version == Some(version) {
            return Ok(known);
        }
        let (this, last) = (self.clone(), known.clone());
        let read = async move { this.read(version, &last).await };
        let read = tokio::select! {
            biased;
            () = self.database.outage().begins() => return Err(known),
            read = self.reading.get(version, read) => read,
        };
        match read {
            Ok(read) => {
                let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
                // A slower read must not replace a later one.
                if known.version.is_none_or(|known| known < version) {
                    *known = read.clone();
                }
                Ok(read)
            }
            Err(error) => {
                tracing::warn!(error = %error, "the site's settings could not be read; pages show the last ones");
                Err(known)
            }
        }
    }

    async fn read(&self, version: u64, known: &Known) -> Result<Known, Error> {
        let stored = self.database.site().await?;
        let menu = self.database.menu().await?;
        let redirects = table(&self.database.redirects().await?);
        let footer = if stored.footer == known.footer {
            known.info.footer.clone()
        } else {
            match stored.footer.clone() {
                Some(text) => Some(rendered(text).await?),
                None => None,
            }
        };
        let logo = match (&stored.logo, stored.logo_width, stored.logo_height) {
            (Some(name), Some(width), Some(height)) => {
                Some(Logo { address: format!("/pictures/{name}"), width, height })
            }
            _ => None,
        };
        let info = SiteInfo {
            title: stored.title.unwrap_or_else(|| self.of_file.title.clone()),
            description: stored.description.unwrap_or_else(|| self.of_file.description.clone()),
            footer,
            logo,
            menu,
        };
        Ok(Known {
            version: Some(version),
            footer: stored.footer,
            info: Arc::new(info),
            redirects: Arc::new(redirects),
        })
    }

    /// What is stored, for the form.
    ///
    /// # Errors
    /// Database errors.
    pub async fn stored(&self) -> Result<StoredSite, Error> {
        Ok(self.database.site().await?)
    }

    /// Saves the texts if the settings are still at `version`.
    ///
    /// # Errors
    /// [`Error::Unauthorized`] and [`Error::Forbidden`] if the administrator was signed out or
    /// demoted in the meantime; database errors.
    pub async fn save(
        &self,
        admin: &User,
        version: i64,
        typed: &TypedSite,
    ) -> Result<SiteSaved, Error> {
        let errors = problems(&typed.title, &typed.description, &typed.footer);
        let errors: FieldErrors =
            errors.into_iter().map(|(field, problem)| (field, of_text(problem))).collect();
        if !errors.is_empty() {
            return Ok(SiteSaved::Invalid(errors));
        }
        let own = |text: &str| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
        let change = SiteChange::Texts {
            title: own(&typed.title),
            description: own(&typed.description),
            footer: own(&one_line_end(&typed.footer)),
        };
        self.change(admin, version, &change).await
    }

    /// Makes a picture the logo, or removes the logo, if the settings are still at `version`.
    ///
    /// # Errors
    /// As for [`SiteSettings::save`].
    pub async fn set_logo(
        &self,
        admin: &User,
        version: i64,
        picture: Option<String>,
    ) -> Result<SiteSaved, Error> {
        self.change(admin, version, &SiteChange::Logo(picture)).await
    }

    /// Saves the menu, one item a line, if it is still at `version`.
    ///
    /// # Errors
    /// As for [`SiteSettings::save`].
    pub async fn save_menu(
        &self,
        admin: &User,
        version: i64,
        lines: &str,
    ) -> Result<SiteSaved, Error> {
        match parse_menu(lines) {
            Ok(items) => self.change(admin, version, &SiteChange::Menu(items)).await,
            Err(error) => Ok(SiteSaved::Invalid(vec![("lines", in_line(error, of_menu))])),
        }
    }

    /// Saves the redirects, one a line, if they are still at `version`.
    ///
    /// # Errors
    /// As for [`SiteSettings::save`].
    pub async fn save_redirects(
        &self,
        admin: &User,
        version: i64,
        lines: &str,
    ) -> Result<SiteSaved, Error> {
        match parse_redirects(lines) {
            Ok(redirects) => self.change(admin, version, &SiteChange::Redirects(redirects)).await,
            Err(error) => Ok(SiteSaved::Invalid(vec![("lines", in_line(error, of_redirect))])),
        }
    }

    async fn change(
        &self,
        admin: &User,
        version: i64,
        change: &SiteChange,
    ) -> Result<SiteSaved, Error> {
        let is_made = self.database.change_site(Some(admin.actor()), version, change).await?;
        Ok(if is_made { SiteSaved::Saved } else { SiteSaved::Conflict })
    }
}

fn of_text(problem: Problem) -> Message {
    match problem {
        Problem::TooLong(most) => {
            Message::text("site-text-too-long").with("most", most.to_string())
        }
        Problem::SeveralLines => Message::text("site-text-of-one-line"),
        Problem::FooterTooLong(most) => {
            Message::text("site-footer-too-long").with("most", most.to_string())
        }
        Problem::Unprintable => Message::text("site-text-unprintable"),
    }
}

fn in_line<P: std::fmt::Display>(error: LineError<P>, message: fn(P) -> Message) -> Message {
    let LineError { line, problem } = error;
    let line = line.to_string();
    Message::text("problem-in-line").with("line", line).with("problem", message(problem))
}

fn of_menu(problem: MenuProblem) -> Message {
    match problem {
        MenuProblem::TooMany(most) => Message::text("menu-too-many").with("count", most),
        MenuProblem::NoAddress => Message::text("menu-no-address"),
        MenuProblem::TooLong(most) => Message::text("menu-too-long").with("count", most),
        MenuProblem::Unprintable => Message::text("menu-unprintable"),
        MenuProblem::WrongAddress(text) => {
            Message::text("menu-wrong-address").with("text", quotable(&text))
        }
    }
}

fn of_redirect(problem: RedirectProblem) -> Message {
    match problem {
        RedirectProblem::TooMany(most) => {
            Message::text("redirects-too-many").with("most", most.to_string())
        }
        RedirectProblem::Twice(path) => Message::text("redirect-twice").with("path", path),
        RedirectProblem::Loop(path) => Message::text("redirect-loop").with("path", path),
        RedirectProblem::NoRedirect => Message::text("no-redirect"),
        RedirectProblem::WrongPath(text) => {
            Message::text("redirect-wrong-path").with("text", quotable(&text))
        }
        RedirectProblem::TooLong(most) => Message::text("redirect-too-long").with("count", most),
        RedirectProblem::WrongAddress(text) => {
            Message::text("redirect-wrong-address").with("text", quotable(&text))
        }
    }
}

/// The footer as HTML. Rendering highlights code, so it runs on a blocking thread.
async fn rendered(footer: String) -> Result<String, Error> {
    let rendering = tokio::task::spawn_blocking(move || markdown::render(&footer).html);
    rendering.await.map_err(|error| {
        tracing::error!(error = %error, "the footer could not be rendered");
        Error::Internal
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An import reports them with the words of the crate.
    #[test]
    fn problems_read_the_same_on_a_page_and_in_a_report() {
        for problem in [
            Problem::TooLong(80),
            Problem::SeveralLines,
            Problem::FooterTooLong(2_000),
            Problem::Unprintable,
        ] {
            assert_eq!(of_text(problem).to_string(), problem.to_string());
        }
        let text = || "a \"b\"\u{7}".to_owned();
        for problem in [
            MenuProblem::TooMany(20),
            MenuProblem::NoAddress,
            MenuProblem::TooLong(40),
            MenuProblem::Unprintable,
            MenuProblem::WrongAddress(text()),
        ] {
            let error = LineError { line: 1_234, problem };
            assert_eq!(in_line(error.clone(), of_menu).to_string(), error.to_string());
        }
        for problem in [
            RedirectProblem::TooMany(1_000),
            RedirectProblem::Twice("/a".into()),
            RedirectProblem::Loop("/a".into()),
            RedirectProblem::NoRedirect,
            RedirectProblem::WrongPath(text()),
            RedirectProblem::TooLong(767),
            RedirectProblem::WrongAddress(text()),
        ] {
            let error = LineError { line: 1, problem };
            assert_eq!(in_line(error.clone(), of_redirect).to_string(), error.to_string());
        }
    }
}
