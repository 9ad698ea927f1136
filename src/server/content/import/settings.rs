//! What another Tidemark has exported besides articles and pictures: the texts of the site, its
//! logo, its menu and its redirects. What is set here already is replaced only if the files may
//! win, and the report says both.

use std::collections::HashMap;
use std::path::Path;

use serde::Deserialize;
use serde_json::{Map, Value};
use tidemark_content::counts::read_likes;
use tidemark_content::menu::parse_menu;
use tidemark_content::redirects::{Redirect, parse_redirects, redirects_text};
use tidemark_content::site_texts::problems;
use tidemark_counting::UserId;

use super::folder::{Folder, read_picture};
use super::report::{Fate, Report};
use super::{Import, ImportError, NOBODY, author};
use crate::server::db::actor::WriteError;
use crate::server::db::site::{SiteChange, StoredSite};

/// The texts and the logo. Only an export of Tidemark has all of [`KEYS`] in it.
const SITE: &str = "site.json";
const KEYS: [&str; 4] = ["title", "description", "footer", "logo"];
const MENU: &str = "menu.txt";
const REDIRECTS: &str = "redirects.txt";
const LIKES: &str = "likes.csv";

/// Maximum size of each of these files, in bytes. Every redirect as long as can be is about 4 MB.
const LARGEST: u64 = 8 << 20;

/// The settings of the site that an export has.
#[derive(Debug, Default, Deserialize)]
struct Exported {
    title: Option<String>,
    description: Option<String>,
    footer: Option<String>,
    /// The logo's address.
    logo: Option<String>,
}

/// The text of a file of the export; `None` if there is none.
fn read(folder: &Folder, name: &str, report: &mut Report) -> Option<String> {
    let path = folder.inside(Path::new(name))?;
    let size = std::fs::metadata(&path).map(|metadata| metadata.len()).unwrap_or(0);
    if size > LARGEST {
        let text = format!("it has more than {} MiB", LARGEST >> 20);
        report.add(name, None, Fate::Refused, text);
        return None;
    }
    match std::fs::read_to_string(path) {
        Ok(text) => Some(text),
        Err(error) => {
            report.add(name, None, Fate::Refused, error.to_string());
            None
        }
    }
}

/// Whether another Tidemark has exported the folder.
pub(super) fn is_export(folder: &Folder) -> bool {
    Exported::read(folder, &mut Report::default()).is_some()
}

impl Exported {
    /// Reads `site.json`; `None` if the folder is no export of Tidemark.
    fn read(folder: &Folder, report: &mut Report) -> Option<Self> {
        // Another program may have a file of this name, whatever is in it.
        let text = read(folder, SITE, &mut Report::default())?;
        let object: Map<String, Value> = serde_json::from_str(&text).ok()?;
        if !KEYS.iter().all(|key| object.contains_key(*key)) {
            return None;
        }
        match serde_json::from_value(Value::Object(object)) {
            Ok(exported) => Some(exported),
            Err(error) => {
                report.add(SITE, None, Fate::Refused, error.to_string());
                None
            }
        }
    }
}

/// What of the site's settings comes in, by what is set here and there.
struct Choice<'a> {
    overwrite: bool,
    report: &'a mut Report,
}

impl Choice<'_> {
    /// Whether `there` comes in as the site's `what`. `here` is what is set, if it is.
    fn takes(&mut self, file: &str, what: &str, here: Option<&str>, there: Option<&str>) -> bool {
        let Some(there) = there.filter(|there| !there.trim().is_empty()) else { return false };
        match here {
            Some(here) if here == there => false,
            Some(_) if !self.overwrite => {
                let advice = self.report.advice.overwrite();
                self.report.add(
                    file,
                    None,
                    Fate::Left,
                    format!(
                        "the {what} was set here and differs; nothing was changed. Change it under \
                         Settings, or {advice}"
                    ),
                );
                false
            }
            Some(here) => {
                let before: String = here.chars().take(100).collect();
                let text = format!("it replaces the {what} that was set here: {before:?}");
                self.report.add(file, None, Fate::Changed, text);
                self.report.settings.push(what.to_owned());
                true
            }
            None => {
                self.report.settings.push(what.to_owned());
                true
            }
        }
    }
}

impl Import<'_> {
    /// Takes over what an export of Tidemark says of the site.
    ///
    /// # Errors
    /// [`ImportError`]
    pub(super) async fn settings(
        &self,
        folder: &Folder,
        report: &mut Report,
    ) -> Result<(), ImportError> {
        let Some(exported) = Exported::read(folder, report) else { return Ok(()) };
        let stored = self.database.site().await?;
        self.texts(&exported, &stored, report).await?;
        self.logo(folder, &exported, report).await?;
        self.menu(folder, &stored, report).await?;
        self.redirects(folder, &stored, report).await?;
        let likes = read(folder, LIKES, report).as_deref().and_then(read_likes).unwrap_or(0);
        if likes > 0 {
            let text = "likes are not taken, because each belongs to an account";
            report.notes.push(format!("{text}: {likes}"));
        }
        Ok(())
    }

    async fn texts(
        &self,
        exported: &Exported,
        stored: &StoredSite,
        report: &mut Report,
    ) -> Result<(), ImportError> {
        let texts = [
            ("title", &stored.title, &exported.title),
            ("description", &stored.description, &exported.description),
            ("footer", &stored.footer, &exported.footer),
        ];
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        let [title, description, footer] = texts.map(|(_, _, there)| text(there));
        let problems = problems(&title, &description, &footer);
        for (field, problem) in &problems {
            report.add(SITE, None, Fate::Refused, format!("the {field}: {problem}"));
        }
        let mut choice = Choice { overwrite: self.options.overwrite, report: &mut *report };
        let [title, description, footer] = texts.map(|(what, here, there)| {
            let is_fine = !problems.iter().any(|(field, _)| *field == what);
            let takes = is_fine && choice.takes(SITE, what, here.as_deref(), there.as_deref());
            if takes { there.clone() } else { here.clone() }
        });
        let change = SiteChange::Texts { title, description, footer };
        self.change_settings(SITE, stored.version, change, report).await
    }

    async fn logo(
        &self,
        folder: &Folder,
        exported: &Exported,
        report: &mut Report,
    ) -> Result<(), ImportError> {
        let name = exported.logo.as_deref().and_then(|logo| logo.strip_prefix("/pictures/"));
        let (Some(name), Some(keep)) = (name, self.keep_picture) else { return Ok(()) };
        let path = folder.inside(&Path::new("static/pictures").join(name));
        let bytes = match path.ok_or_else(|| "it is not in the folder".to_owned()) {
            Ok(path) => read_picture(&path),
            Err(reason) => Err(reason),
        };
        let bytes = match bytes {
            Ok(bytes) => bytes,
            Err(reason) => {
                report.add(SITE, None, Fate::Left, format!("the logo {name}: {reason}"));
                return Ok(());
            }
        };
        // The texts have just been saved.
        let stored = self.database.site().await?;
        let hash = blake3::hash(&bytes).to_hex().to_string();
        // Under another name, it may be the same picture.
        let known = self.database.imported_picture(&hash).await?;
        let there = known.filter(|known| stored.logo.as_ref() == Some(known));
        let there = there.unwrap_or_else(|| name.to_owned());
        let mut choice = Choice { overwrite: self.options.overwrite, report: &mut *report };
        if !choice.takes(SITE, "logo", stored.logo.as_deref(), Some(&there)) {
            return Ok(());
        }
        let owner = match self.options.is_dry_run {
            true => UserId(0),
            false => self.database.byline_user(&author(NOBODY), self.clock.now()).await?,
        };
        match keep(owner, name.to_owned(), bytes).await? {
            Ok(address) => {
                let logo = address.strip_prefix("/pictures/").map(str::to_owned);
                let change = SiteChange::Logo(logo);
                self.change_settings(SITE, stored.version, change, report).await
            }
            Err(reason) => {
                report.settings.retain(|what| what != "logo");
                report.add(SITE, None, Fate::Left, format!("the logo {name}: {reason}"));
                Ok(())
            }
        }
    }

    async fn menu(
        &self,
        folder: &Folder,
        stored: &StoredSite,
        report: &mut Report,
    ) -> Result<(), ImportError> {
        let Some(text) = read(folder, MENU, report) else { return Ok(()) };
        let there = match parse_menu(&text) {
            Ok(items) => items,
            Err(reason) => {
                report.add(MENU, None, Fate::Refused, reason.to_string());
                return Ok(());
            }
        };
        let words = |items: &[tidemark_content::menu::MenuItem]| -> Option<String> {
            let words: Vec<String> =
                items.iter().map(|item| format!("{} {}", item.label, item.target)).collect();
            (!words.is_empty()).then(|| words.join(", "))
        };
        let here = self.database.menu().await?;
        let mut choice = Choice { overwrite: self.options.overwrite, report: &mut *report };
        if !choice.takes(MENU, "menu", words(&here).as_deref(), words(&there).as_deref()) {
            return Ok(());
        }
        self.change_settings(MENU, stored.menu_version, SiteChange::Menu(there), report).await
    }

    /// Adds the redirects that are not here. They stand behind those that are.
    async fn redirects(
        &self,
        folder: &Folder,
        stored: &StoredSite,
        report: &mut Report,
    ) -> Result<(), ImportError> {
        let Some(text) = read(folder, REDIRECTS, report) else { return Ok(()) };
        let there = match parse_redirects(&text) {
            Ok(redirects) => redirects,
            Err(reason) => {
                report.add(REDIRECTS, None, Fate::Refused, reason.to_string());
                return Ok(());
            }
        };
        let mut all = self.database.redirects().await?;
        let places: HashMap<String, usize> =
            all.iter().enumerate().map(|(place, one)| (one.source.clone(), place)).collect();
        let mut added = 0;
        let mut different: Vec<String> = Vec::new();
        for Redirect { source, destination } in there {
            match places.get(&source) {
                None => {
                    added += 1;
                    all.push(Redirect { source, destination });
                }
                Some(place) if all[*place].destination == destination => {}
                Some(place) => {
                    if self.options.overwrite {
                        all[*place].destination = destination;
                    }
                    different.push(source);
                }
            }
        }
        if let Some(first) = different.first() {
            let number = different.len();
            let (fate, text) = match self.options.overwrite {
                true => {
                    let text = "redirects that led elsewhere here are replaced";
                    (Fate::Changed, format!("{text}: {number}, such as {first}"))
                }
                false => {
                    let text = "redirects that lead elsewhere here stay";
                    let advice = report.advice.overwrite();
                    let text = format!("{text}: {number}, such as {first}");
                    (Fate::Left, format!("{text}. Change them under Settings, or {advice}"))
                }
            };
            report.add(REDIRECTS, None, fate, text);
        }
        let replaced = if self.options.overwrite { different.len() } else { 0 };
        if added + replaced == 0 {
            return Ok(());
        }
        // Together they may be too many, or lead into a loop.
        match parse_redirects(&redirects_text(&all)) {
            Ok(all) => {
                report.settings.push(format!("redirects ({})", added + replaced));
                let change = SiteChange::Redirects(all);
                self.change_settings(REDIRECTS, stored.redirects_version, change, report).await
            }
            Err(reason) => {
                let text = format!("together with the redirects that are here: {reason}");
                report.add(REDIRECTS, None, Fate::Refused, text);
                Ok(())
            }
        }
    }

    async fn change_settings(
        &self,
        file: &str,
        version: i64,
        change: SiteChange,
        report: &mut Report,
    ) -> Result<(), ImportError> {
        if self.options.is_dry_run {
            return Ok(());
        }
        match self.database.change_site(None, version, &change).await {
            Ok(true) => {}
            Ok(false) => {
                let text = "somebody changed the settings just now; import again";
                report.add(file, None, Fate::Left, text);
            }
            Err(WriteError::Database(error)) => return Err(error.into()),
            // Only on behalf of somebody.
            Err(WriteError::SignedOut | WriteError::Demoted) => {}
        }
        Ok(())
    }
}
