//! The browser's files: where they are, what they are called, and the tags that load them.

use std::fs;
use std::path::Path;
use std::sync::OnceLock;

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
    render: fn(&LeptosOptions) -> Scripts,
    found: OnceLock<(LeptosOptions, Scripts)>,
}

impl Assets {
    /// The files below `site.root`. `render` makes the script tags.
    pub fn new(site: Site, render: fn(&LeptosOptions) -> Scripts) -> Self {
        Self { site, render, found: OnceLock::new() }
    }

    /// Where the files are and what they are called.
    pub fn options(&self) -> &LeptosOptions {
        &self.found().0
    }

    /// The script tags of pages.
    pub fn scripts(&self) -> &Scripts {
        &self.found().1
    }

    fn found(&self) -> &(LeptosOptions, Scripts) {
        self.found.get_or_init(|| {
            let options = leptos_options(&self.site);
            let scripts = (self.render)(&options);
            (options, scripts)
        })
    }
}

/// Where the browser's files are and what they are called. The names have the hash, unless there is
/// none or it belongs to another build.
fn leptos_options(site: &Site) -> LeptosOptions {
    let folder = site.root.join(FOLDER);
    let name = match hashed_name(&folder) {
        Ok(name) => name,
        Err(reason) => {
            // A missing folder is reported elsewhere.
            if folder.is_dir() {
                tracing::warn!(
                    site.root = %site.root.display(),
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
        .site_root(site.root.display().to_string())
        .site_pkg_dir(FOLDER)
        .site_addr(site.addr)
        .build()
}

/// The base name of library and style sheet with the hash.
///
/// # Errors
/// A description of the problem, if the hash is missing or belongs to another build.
fn hashed_name(folder: &Path) -> Result<String, String> {
    let hash = fs::read_to_string(folder.join(HASH_FILE))
        .map_err(|error| format!("{HASH_FILE}: {error}"))?;
    let hash = hash.trim();
    for (name, extension) in HASHED {
        let (plain, hashed) = (format!("{name}.{extension}"), format!("{name}.{hash}.{extension}"));
        let read =
            |name: &str| fs::read(folder.join(name)).map_err(|error| format!("{name}: {error}"));
        if !is_hash(hash) || read(&hashed)? != read(&plain)? {
            return Err(format!("{HASH_FILE} is of another build than {plain}"));
        }
    }
    Ok(format!("{NAME}.{hash}"))
}

/// Whether `text` looks like the hash in a file name.
pub fn is_hash(text: &str) -> bool {
    text.len() == HASH_LENGTH && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}
