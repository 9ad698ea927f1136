//! What an upload is called, and what of it is the source of an import.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::delete;
use super::unpack::{Bounds, is_zip, unpack};
use crate::server::content::import::{Entry, is_export};

/// Maximum length of a file's name without its ending, in characters. No file system takes more
/// than 255 bytes.
const LONGEST_NAME: usize = 60;

/// A file name that is safe in any folder and still recognizable.
pub(super) fn safe_name(name: &str) -> String {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let safe: String = last
        .chars()
        .map(|one| if one.is_alphanumeric() || " ._-".contains(one) { one } else { '_' })
        .take(LONGEST_NAME)
        .collect();
    let ending = last.rsplit_once('.').map_or("", |(_, ending)| ending);
    let has_ending = safe.ends_with(ending);
    let safe = safe.trim_matches([' ', '.']);
    let short =
        (1..=8).contains(&ending.len()) && ending.bytes().all(|one| one.is_ascii_alphanumeric());
    match safe {
        "" => "upload".to_owned(),
        safe if short && !has_ending => format!("{safe}.{ending}"),
        safe => safe.to_owned(),
    }
}

/// What of an upload is to be imported: the file itself, or what is in it. Returns it with what was
/// left out.
///
/// # Errors
/// Why nothing can be, in a sentence.
pub(super) fn open(
    folder: &Path,
    path: &Path,
    bounds: Bounds,
    is_stopped: &dyn Fn() -> bool,
) -> Result<(PathBuf, Vec<Entry>), String> {
    let failed = |error: io::Error| format!("The file can't be read: {error}.");
    if !is_zip(path).map_err(failed)? {
        if is_export(path) {
            return Ok((path.to_owned(), vec![]));
        }
        return Err("This is neither a zip file with a site nor an export of WordPress (WXR) or \
                    Ghost (JSON)."
            .to_owned());
    }
    let files = folder.join("files");
    // From a rehearsal, or from an import that was cut off.
    delete(&files);
    let left = unpack(path, &files, bounds, is_stopped)?;
    Ok((inner(files).map_err(failed)?, left))
}

/// Folders that say what is in them, as `_posts` does. Other folders that are alone are only around
/// a site.
const PARTS: [&str; 5] = ["content", "posts", "source", "src", "static"];

/// The part of a folder that is the source: a folder that is alone in it, or the export of a blog.
fn inner(folder: PathBuf) -> io::Result<PathBuf> {
    let mut entries = fs::read_dir(&folder)?.collect::<Result<Vec<_>, _>>()?;
    entries.sort_by_key(fs::DirEntry::file_name);
    if let [only] = entries.as_slice()
        && only.file_type()?.is_dir()
        && !only
            .file_name()
            .to_str()
            .is_some_and(|name| name.starts_with('_') || PARTS.contains(&name))
    {
        return inner(only.path());
    }
    let paths: Vec<PathBuf> = entries.iter().map(fs::DirEntry::path).collect();
    let export_with = |ending: &str| {
        let of_ending = |path: &&PathBuf| path.extension().is_some_and(|one| one == ending);
        paths.iter().filter(of_ending).find(|path| is_export(path))
    };
    if let Some(export) = export_with("xml") {
        return Ok(export.clone());
    }
    // A site may have JSON with the keys of Ghost in it, but no export of Ghost has Markdown.
    match export_with("json") {
        Some(export) if !has_markdown(&folder)? => Ok(export.clone()),
        _ => Ok(folder),
    }
}

/// Whether there is a Markdown file in a folder that was unpacked.
fn has_markdown(folder: &Path) -> io::Result<bool> {
    for entry in fs::read_dir(folder)? {
        let (entry, path) = entry.map(|entry| (entry.file_type(), entry.path()))?;
        let is_markdown = path.extension().is_some_and(|one| one == "md" || one == "markdown");
        if is_markdown || (entry?.is_dir() && has_markdown(&path)?) {
            return Ok(true);
        }
    }
    Ok(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_files_name_is_safe_and_keeps_its_ending() {
        for (name, safe) in [
            ("my blog.zip", "my blog.zip"),
            ("C:\\Users\\me\\export.xml", "export.xml"),
            ("../../etc/passwd", "passwd"),
            ("..", "upload"),
            ("", "upload"),
            ("a<b>.json", "a_b_.json"),
            ("潮.zip", "潮.zip"),
        ] {
            assert_eq!(safe_name(name), safe, "{name}");
        }
        let long = safe_name(&format!("{}.zip", "x".repeat(500)));
        assert!(long.len() == LONGEST_NAME + 4 && long.ends_with(".zip"), "{long}");
    }

    #[test]
    fn the_source_is_an_export_or_the_folder_that_is_alone() {
        let place = tempfile::tempdir().unwrap();
        let (files, site) = (place.path().join("files"), place.path().join("files/a/site"));
        fs::create_dir_all(site.join("posts")).unwrap();
        assert_eq!(inner(files.clone()).unwrap(), site, "what is below it is a part of a site");
        let ghost = site.join("ghost.json");
        fs::write(&ghost, "{\"meta\":{},\"data\":{}}").unwrap();
        assert_eq!(inner(files.clone()).unwrap(), ghost);
        fs::write(site.join("posts/a.md"), "text").unwrap();
        assert_eq!(inner(files.clone()).unwrap(), site, "a site that happens to have such a file");
        let wordpress = site.join("blog.xml");
        fs::write(&wordpress, "<rss xmlns:wp=\"http://wordpress.org/export/1.2/\">").unwrap();
        assert_eq!(inner(files).unwrap(), wordpress);
    }
}
