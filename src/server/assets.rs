//! The browser's files: where they are, what they are called, and the tags that load them.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::SystemTime;

use bytes::Bytes;
use leptos::prelude::LeptosOptions;

use super::config::Site;

/// The folder of scripts and style sheet, and the first segment of their addresses.
pub const FOLDER: &str = "pkg";

/// The name of the script that every page loads, `browser/reading.js`, without hash and `.js`.
pub const READING: &str = "reading";

/// The base name of the library and the style sheet.
const NAME: &str = env!("CARGO_PKG_NAME");

/// The files that also have a name with a hash: the script of every page, the islands' library with
/// its script, and the style sheet.
pub const HASHED: [(&str, &str); 4] =
    [(READING, "js"), (NAME, "js"), (NAME, "wasm"), (NAME, "css")];

/// The file in that folder that contains the hash.
const HASH_FILE: &str = "hash.txt";

/// The length of a hash, in hexadecimal digits.
const HASH_LENGTH: usize = 16;

/// Where the build leaves the files.
const BUILT: &str = "target/site";

/// A file inside the program.
#[derive(Clone, Debug)]
pub struct EmbeddedFile {
    /// Its content.
    pub bytes: Bytes,
    /// When it was last changed.
    pub modified: SystemTime,
}

/// Finds a file inside the program by its path, as in `pkg/tidemark.css`.
pub type Embedded = fn(&str) -> Option<EmbeddedFile>;

/// The files inside this program, if it was built with them.
#[cfg(feature = "embedded-site")]
const EMBEDDED: Option<Embedded> = Some(embedded::find);
#[cfg(not(feature = "embedded-site"))]
const EMBEDDED: Option<Embedded> = None;

#[cfg(feature = "embedded-site")]
mod embedded {
    use std::borrow::Cow;
    use std::time::{Duration, SystemTime};

    use bytes::Bytes;
    use rust_embed::Embed;

    use super::EmbeddedFile;

    #[derive(Embed)]
    #[folder = "target/site"]
    struct Site;

    pub fn find(path: &str) -> Option<EmbeddedFile> {
        let file = Site::get(path)?;
        let bytes = match file.data {
            Cow::Borrowed(bytes) => Bytes::from_static(bytes),
            Cow::Owned(bytes) => bytes.into(),
        };
        let seconds = file.metadata.last_modified().unwrap_or_default();
        Some(EmbeddedFile {
            bytes,
            modified: SystemTime::UNIX_EPOCH + Duration::from_secs(seconds),
        })
    }
}

/// The place of the browser's files.
#[derive(Clone, Debug)]
pub enum Files {
    /// A folder.
    Folder(PathBuf),
    /// The program itself.
    Embedded(Embedded),
}

impl Files {
    /// Those that the setting `site.root` selects. If it is empty, those inside the program, or
    /// where the build leaves them.
    fn of(root: &Path) -> Self {
        match EMBEDDED {
            _ if !root.as_os_str().is_empty() => Self::Folder(root.to_owned()),
            Some(embedded) => Self::Embedded(embedded),
            None => Self::Folder(BUILT.into()),
        }
    }

    /// What a person should know if there are no files.
    pub fn obstacle(&self) -> Option<String> {
        match self {
            Self::Folder(folder) if !folder.join(FOLDER).is_dir() => {
                Some(format!("the browser's files are not in {}", folder.display()))
            }
            _ => None,
        }
    }

    /// The content of a file in [`FOLDER`].
    fn read(&self, name: &str) -> Result<Bytes, String> {
        match self {
            Self::Folder(folder) => fs::read(folder.join(FOLDER).join(name))
                .map(Bytes::from)
                .map_err(|error| format!("{name}: {error}")),
            Self::Embedded(find) => find(&format!("{FOLDER}/{name}"))
                .map(|file| file.bytes)
                .ok_or_else(|| format!("{name} is not in the program")),
        }
    }
}

/// The script tags of pages, each split where the nonce goes.
#[derive(Clone, Debug)]
pub struct Scripts {
    /// Those of every page.
    pub every_page: Vec<String>,
    /// The additional ones of pages with islands.
    pub islands: Vec<String>,
}

/// Finds the browser's files when they are first asked for, because most commands need none.
#[derive(Debug)]
pub struct Assets {
    site: Site,
    files: Files,
    render: fn(&LeptosOptions) -> Scripts,
    found: OnceLock<(LeptosOptions, Scripts)>,
}

impl Assets {
    /// The files that `site.root` selects. `render` makes the script tags.
    pub fn new(site: Site, render: fn(&LeptosOptions) -> Scripts) -> Self {
        let files = Files::of(&site.root);
        Self { site, files, render, found: OnceLock::new() }
    }

    /// The place of the files.
    pub fn files(&self) -> &Files {
        &self.files
    }

    /// What the files are called.
    pub fn options(&self) -> &LeptosOptions {
        &self.found().0
    }

    /// The script tags of pages.
    pub fn scripts(&self) -> &Scripts {
        &self.found().1
    }

    fn found(&self) -> &(LeptosOptions, Scripts) {
        self.found.get_or_init(|| {
            let options = leptos_options(&self.files, &self.site);
            let scripts = (self.render)(&options);
            (options, scripts)
        })
    }
}

/// What the browser's files are called. The names have the hash, unless there is none or it belongs
/// to another build.
fn leptos_options(files: &Files, site: &Site) -> LeptosOptions {
    let name = match hashed_name(files) {
        Ok(name) => name,
        Err(reason) => {
            // Missing files are reported elsewhere.
            if files.obstacle().is_none() {
                tracing::warn!(
                    "browsers can't cache scripts and style: {reason}; build the site with scripts/build.sh"
                );
            }
            NAME.to_owned()
        }
    };
    LeptosOptions::builder()
        // Leptos could add the hashes itself. But it reads them from a file for every page, and
        // that file would have to be deployed beside the program.
        .output_name(name)
        .site_pkg_dir(FOLDER)
        .site_addr(site.addr)
        .build()
}

/// The base name of library and style sheet with the hash.
///
/// # Errors
/// A description of the problem, if the hash is missing or belongs to another build.
fn hashed_name(files: &Files) -> Result<String, String> {
    let hash = files.read(HASH_FILE)?;
    let hash = str::from_utf8(&hash).map_err(|_| format!("{HASH_FILE} is not text"))?.trim();
    for (name, extension) in HASHED {
        let (plain, hashed) = (format!("{name}.{extension}"), format!("{name}.{hash}.{extension}"));
        if !is_hash(hash) || files.read(&hashed)? != files.read(&plain)? {
            return Err(format!("{HASH_FILE} is of another build than {plain}"));
        }
    }
    Ok(format!("{NAME}.{hash}"))
}

/// Whether `text` looks like the hash in a file name.
pub fn is_hash(text: &str) -> bool {
    text.len() == HASH_LENGTH && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}
