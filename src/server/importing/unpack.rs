//! Unpacks a zip file that somebody has uploaded.
//!
//! Everything in it is bounded and nothing leads out of the folder. What no honest program writes,
//! such as a path with `..` in it, makes the whole file unacceptable. What can happen to anybody,
//! such as a link or a name in an old encoding, is left out and named.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufReader, ErrorKind, Read, Write};
use std::path::{Path, PathBuf};

use zip::ZipReadOptions;
use zip::read::{Config, ZipFileEntry};
use zip::result::ZipError;
// `ZipArchive` reads all entries at once, before they can be counted.
use zip::unstable::read::ZipIterable;

use crate::server::content::import::{Entry, Fate};

/// The first bytes of a zip file: of its first entry, or of its end if it is empty.
const BEGINNINGS: [&[u8]; 2] = [b"PK\x03\x04", b"PK\x05\x06"];

/// Maximum length of a path, in bytes, and of each name in it.
const LONGEST_PATH: usize = 1_000;
const LONGEST_NAME: usize = 255;

/// How deep folders may nest.
const DEEPEST: usize = 32;

/// A file that is larger than this may not be packed more than [`MOST_RATIO`] times.
const LARGE: u64 = 1 << 20;

/// How many times its packed size a large file may have. Texts have ten to twenty times theirs.
const MOST_RATIO: u64 = 200;

/// How many files that are left out are named.
const MOST_NAMED: usize = 1_000;

/// How much is unpacked between two looks at whether to stop, in bytes.
const PIECE: usize = 64 << 10;

/// What a file may unpack to.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// Maximum number of entries, and of folders that have to be made for them.
    pub entries: usize,
    /// Maximum size of all files together, in bytes.
    pub bytes: u64,
}

/// Whether a file is a zip file, by its first bytes.
///
/// # Errors
/// Any error of reading it.
pub fn is_zip(path: &Path) -> io::Result<bool> {
    let mut beginning = Vec::new();
    File::open(path)?.take(4).read_to_end(&mut beginning)?;
    Ok(BEGINNINGS.contains(&beginning.as_slice()))
}

/// Where an entry goes.
#[derive(Debug, PartialEq, Eq)]
enum Place {
    /// To this path.
    At(PathBuf),
    /// Nowhere, and nobody misses it.
    Nowhere,
    /// Nowhere: why.
    Left(String),
}

fn cant_be_read(error: impl std::fmt::Display) -> String {
    format!("The zip file is damaged or of a kind that can't be read: {error}.")
}

/// Where an entry with this name goes.
///
/// # Errors
/// Why nothing of the whole file is taken.
fn place(name: &[u8]) -> Result<Place, String> {
    let Ok(name) = std::str::from_utf8(name) else {
        return Ok(Place::Left(
            "its name is not in UTF-8; pack it again with names in UTF-8".into(),
        ));
    };
    // Some programs on Windows write these.
    let name = name.replace('\\', "/");
    let refused = |why: &str| {
        let name: String = name.chars().take(200).collect();
        Err(format!("Nothing of the zip file was taken, because {why}: {name:?}."))
    };
    if name.starts_with('/') {
        return refused("it has a path that does not begin in the folder");
    }
    if name.chars().any(char::is_control) {
        return refused("it has a name with a control character");
    }
    let mut path = PathBuf::new();
    let mut parts = 0;
    for part in name.split('/') {
        match part {
            "" | "." => continue,
            ".." => return refused("it has a path that leads out of the folder"),
            // A drive or a stream on Windows.
            _ if parts == 0 && part.contains(':') => {
                return refused("it has a path that does not begin in the folder");
            }
            _ if part.len() > LONGEST_NAME => {
                let text = format!("its name has more than {LONGEST_NAME} bytes");
                return Ok(Place::Left(text));
            }
            // What macOS adds.
            "__MACOSX" if parts == 0 => return Ok(Place::Nowhere),
            part => path.push(part),
        }
        parts += 1;
    }
    if parts > DEEPEST || name.len() > LONGEST_PATH {
        let text = format!("its path has more than {DEEPEST} folders or {LONGEST_PATH} bytes");
        return Ok(Place::Left(text));
    }
    Ok(if parts == 0 { Place::Nowhere } else { Place::At(path) })
}

/// Unpacks the zip file at `path` into the new folder `to`. Returns what was left out. Looks
/// every now and then whether `is_stopped`.
///
/// # Errors
/// Why nothing of it can be taken, in a sentence. The folder is then of no use.
pub fn unpack(
    path: &Path,
    to: &Path,
    bounds: Bounds,
    is_stopped: &dyn Fn() -> bool,
) -> Result<Vec<Entry>, String> {
    let open = || File::open(path).map(BufReader::new).map_err(cant_be_read);
    let mut archive = ZipIterable::try_new(open()?, Config::default()).map_err(cant_be_read)?;
    if archive.len() > bounds.entries {
        return Err(too_many("entries", bounds.entries));
    }
    fs::create_dir_all(to).map_err(|error| error.to_string())?;
    let mut body = open()?;
    let mut left = Vec::new();
    let mut unpacked = 0;
    let mut folders = bounds.entries;
    for entry in archive.files().map_err(cant_be_read)? {
        if is_stopped() {
            return Err(stopped());
        }
        let entry = entry.map_err(cant_be_read)?;
        let name = String::from_utf8_lossy(entry.name_raw()).into_owned();
        let mut leave = |text: String| {
            if left.len() < MOST_NAMED {
                left.push(Entry { file: name.clone(), line: None, fate: Fate::Refused, text });
            }
        };
        let at = match place(entry.name_raw())? {
            Place::At(path) => to.join(path),
            Place::Nowhere => continue,
            Place::Left(text) => {
                leave(text);
                continue;
            }
        };
        if entry.is_symlink() {
            leave("it is a link, and links are not followed".into());
            continue;
        }
        let folder = if entry.is_dir() { Some(at.as_path()) } else { at.parent() };
        if let Some(folder) = folder
            && !make_folder(folder, &name, &mut folders)?
        {
            return Err(too_many("folders", bounds.entries));
        }
        if entry.is_dir() {
            continue;
        }
        match unpack_file(entry, &mut body, &at, bounds.bytes, &mut unpacked, is_stopped) {
            Ok(()) => {}
            Err(Fault::Entry(text)) => leave(text),
            Err(Fault::File(text)) => return Err(text),
        }
    }
    Ok(left)
}

fn stopped() -> String {
    "It took too long to unpack, or was cancelled.".to_owned()
}

fn too_many(what: &str, most: usize) -> String {
    format!("The zip file has more than {most} {what}. Import its folders one by one.")
}

/// Makes a folder and those above it, if they are missing. Returns false if more than `left` would
/// have to be made. A short path in an archive may stand for many folders.
fn make_folder(folder: &Path, name: &str, left: &mut usize) -> Result<bool, String> {
    let missing: Vec<&Path> = folder.ancestors().take_while(|folder| !folder.is_dir()).collect();
    for folder in missing.into_iter().rev() {
        let Some(fewer) = left.checked_sub(1) else { return Ok(false) };
        *left = fewer;
        fs::create_dir(folder).map_err(|error| match error.kind() {
            ErrorKind::AlreadyExists | ErrorKind::NotADirectory => same_name(name),
            _ => format!("The zip file can't be unpacked: {error}."),
        })?;
    }
    Ok(true)
}

fn same_name(name: &str) -> String {
    let name: String = name.chars().take(200).collect();
    format!("Nothing of the zip file was taken, because it has {name:?} twice.")
}

/// Why a file of the archive was not unpacked.
enum Fault {
    /// Only this one is left out.
    Entry(String),
    /// Nothing of the archive is taken.
    File(String),
}

fn unpack_file(
    entry: ZipFileEntry<'_>,
    body: &mut BufReader<File>,
    at: &Path,
    most: u64,
    unpacked: &mut u64,
    is_stopped: &dyn Fn() -> bool,
) -> Result<(), Fault> {
    let (packed, is_encrypted) = (entry.compressed_size(), entry.encrypted());
    if is_encrypted {
        return Err(Fault::Entry("it is encrypted".into()));
    }
    let mut file = match entry.with_reader(body, ZipReadOptions::new()) {
        Ok(file) => file,
        Err(ZipError::UnsupportedArchive(_) | ZipError::CompressionMethodNotSupported(_)) => {
            return Err(Fault::Entry(
                "it is packed in a way that is not read; pack it with deflate".into(),
            ));
        }
        Err(error) => return Err(Fault::File(cant_be_read(error))),
    };
    let made = OpenOptions::new().write(true).create_new(true).open(at);
    let mut out = made.map_err(|error| match error.kind() {
        ErrorKind::AlreadyExists => Fault::File(same_name(&at.to_string_lossy())),
        _ => Fault::File(format!("The zip file can't be unpacked: {error}.")),
    })?;
    let mut piece = vec![0; PIECE];
    let mut size = 0_u64;
    loop {
        if is_stopped() {
            return Err(Fault::File(stopped()));
        }
        let read = match file.read(&mut piece) {
            Ok(0) => break,
            Ok(read) => read,
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Err(error) => return Err(Fault::File(cant_be_read(error))),
        };
        let more = u64::try_from(read).unwrap_or(u64::MAX);
        size = size.saturating_add(more);
        *unpacked = unpacked.saturating_add(more);
        if *unpacked > most {
            let mib = most >> 20;
            return Err(Fault::File(format!(
                "The zip file has more than {mib} MiB in it. Import its folders one by one."
            )));
        }
        if size > LARGE && size / MOST_RATIO > packed {
            return Err(Fault::File(format!(
                "Nothing of the zip file was taken: a file in it is more than {MOST_RATIO} times \
                 as large as it is packed, as in a zip bomb."
            )));
        }
        out.write_all(&piece[..read])
            .map_err(|error| Fault::File(format!("The zip file can't be unpacked: {error}.")))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use zip::write::SimpleFileOptions;
    use zip::{CompressionMethod, ZipWriter};

    use super::*;

    const BOUNDS: Bounds = Bounds { entries: 10, bytes: 8 << 20 };

    /// A zip file with these files, as an honest program writes it.
    fn zip_of(files: &[(&str, &[u8])]) -> Vec<u8> {
        let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
        let options = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
        for (name, bytes) in files {
            writer.start_file(*name, options).unwrap();
            writer.write_all(bytes).unwrap();
        }
        writer.finish().unwrap().into_inner()
    }

    /// The same file with another name of the same length in it.
    fn renamed(files: &[(&str, &[u8])], old: &[u8], new: &[u8]) -> Vec<u8> {
        assert_eq!(old.len(), new.len());
        let mut bytes = zip_of(files);
        let mut at = 0;
        while let Some(found) = bytes[at..].windows(old.len()).position(|one| one == old) {
            bytes[at + found..at + found + old.len()].copy_from_slice(new);
            at += found + old.len();
        }
        bytes
    }

    fn unpack_bytes(
        bytes: &[u8],
        bounds: Bounds,
    ) -> (tempfile::TempDir, Result<Vec<Entry>, String>) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.zip");
        fs::write(&path, bytes).unwrap();
        let unpacked = unpack(&path, &folder.path().join("files"), bounds, &|| false);
        (folder, unpacked)
    }

    #[test]
    fn files_come_out_as_they_went_in() {
        let zip = zip_of(&[("blog/a.md", b"text"), ("blog/deep/b.md", b""), ("inner.zip", b"PK")]);
        let (folder, unpacked) = unpack_bytes(&zip, BOUNDS);
        assert_eq!(unpacked, Ok(vec![]));
        assert!(is_zip(&folder.path().join("a.zip")).unwrap());
        let read = |name: &str| fs::read_to_string(folder.path().join("files").join(name)).unwrap();
        assert_eq!((read("blog/a.md"), read("blog/deep/b.md")), ("text".into(), String::new()));
        assert_eq!(read("inner.zip"), "PK", "a zip file in a zip file is a file like others");
    }

    #[test]
    fn no_path_leads_out_of_the_folder() {
        for evil in
            ["../x.md", "a/../../x.md", "/etc/x.md", "C:/x.md", "C:\\x.md", "..\\x.md", "a\0x.md"]
        {
            let honest = "n".repeat(evil.len());
            let zip = renamed(&[(&honest, b"text")], honest.as_bytes(), evil.as_bytes());
            let (folder, unpacked) = unpack_bytes(&zip, BOUNDS);
            let reason = unpacked.unwrap_err();
            assert!(reason.starts_with("Nothing of the zip file was taken"), "{evil}: {reason}");
            assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2, "{evil}");
            assert_eq!(fs::read_dir(folder.path().join("files")).unwrap().count(), 0, "{evil}");
        }
        assert_eq!(place(b"a\\b.md"), Ok(Place::At("a/b.md".into())), "as on Windows");
        assert_eq!(place(b"./a//b.md"), Ok(Place::At("a/b.md".into())));
        assert_eq!(place(b"__MACOSX/a/._b.md"), Ok(Place::Nowhere));
    }

    #[test]
    fn links_and_names_in_other_encodings_are_left_out_and_named() {
        let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
        let options = SimpleFileOptions::default();
        writer.add_symlink("link.md", "/etc/passwd", options).unwrap();
        writer.start_file("xxxx.md", options).unwrap();
        writer.start_file("b.md", options).unwrap();
        let mut bytes = writer.finish().unwrap().into_inner();
        while let Some(at) = bytes.windows(4).position(|one| one == b"xxxx") {
            bytes[at..at + 4].copy_from_slice(b"\xb3\xb1\xcf\xab");
        }
        let (folder, unpacked) = unpack_bytes(&bytes, BOUNDS);
        let left = unpacked.unwrap();
        assert_eq!(left.len(), 2, "{left:?}");
        assert!(left[0].file == "link.md" && left[0].text.contains("link"), "{left:?}");
        assert!(left[1].text.contains("UTF-8"), "{left:?}");
        let files: Vec<_> = fs::read_dir(folder.path().join("files")).unwrap().collect();
        assert_eq!(files.len(), 1);
        for (path, part) in [
            (format!("{}a.md", "a/".repeat(DEEPEST)), "folders"),
            (format!("{}.md", "a".repeat(LONGEST_NAME)), "bytes"),
        ] {
            let Ok(Place::Left(text)) = place(path.as_bytes()) else { panic!("{path}") };
            assert!(text.contains(part), "{text}");
        }
    }

    #[test]
    fn what_is_beyond_a_bound_is_refused() {
        let names: Vec<String> = (0..11).map(|number| format!("{number}.md")).collect();
        let many: Vec<(&str, &[u8])> = names.iter().map(|name| (name.as_str(), &b""[..])).collect();
        let refused = |zip: &[u8], bounds: Bounds| unpack_bytes(zip, bounds).1.unwrap_err();
        assert!(refused(&zip_of(&many), BOUNDS).contains("more than 10 entries"));
        assert_eq!(unpack_bytes(&zip_of(&many[..10]), BOUNDS).1, Ok(vec![]));
        let deep = |count: usize| format!("{}a.md", "a/".repeat(count));
        assert_eq!(unpack_bytes(&zip_of(&[(&deep(10), b"")]), BOUNDS).1, Ok(vec![]));
        assert!(refused(&zip_of(&[(&deep(11), b"")]), BOUNDS).contains("more than 10 folders"));
        let many = zip_of(&[("a/b/c/d/e/f.md", b""), ("b/b/c/d/e/f.md", b""), ("c/f.md", b"")]);
        assert!(refused(&many, BOUNDS).contains("more than 10 folders"));
        let noise: Vec<u8> = (0..3_u32 << 19)
            .flat_map(|number| blake3::hash(&(number / 32).to_le_bytes()).as_bytes()[..2].to_vec())
            .collect();
        let small = Bounds { bytes: 1 << 20, ..BOUNDS };
        assert!(refused(&zip_of(&[("a.bin", &noise)]), small).contains("more than 1 MiB"));
        assert_eq!(unpack_bytes(&zip_of(&[("a.bin", &noise)]), BOUNDS).1, Ok(vec![]));
        let bomb = zip_of(&[("a.md", &vec![0; 6 << 20])]);
        assert!(refused(&bomb, BOUNDS).contains("zip bomb"), "{}", bomb.len());
        let twice = renamed(&[("a.md", b"1"), ("b.md", b"2")], b"b.md", b"a.md");
        assert!(refused(&twice, BOUNDS).contains("twice"));
        let both = zip_of(&[("a", b"1"), ("a/b.md", b"2")]);
        assert!(refused(&both, BOUNDS).contains("twice"));
        let whole = zip_of(&[("a.md", b"some text that is long enough")]);
        assert!(refused(&whole[..whole.len() - 30], BOUNDS).contains("damaged"));
        let mut broken = whole.clone();
        broken[40] ^= 0x55;
        assert!(refused(&broken, BOUNDS).contains("damaged"));
    }

    #[test]
    fn unpacking_stops_when_it_is_told_to() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.zip");
        fs::write(&path, zip_of(&[("a.md", b"text")])).unwrap();
        let to = |name: &str| folder.path().join(name);
        let stopped = unpack(&path, &to("files"), BOUNDS, &|| true);
        assert!(stopped.unwrap_err().contains("cancelled"));
        let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
        for number in 0..5 {
            writer.add_directory(format!("{number}"), SimpleFileOptions::default()).unwrap();
        }
        fs::write(&path, writer.finish().unwrap().into_inner()).unwrap();
        let looks = std::cell::Cell::new(0);
        let is_stopped = || looks.replace(looks.get() + 1) == 3;
        let stopped = unpack(&path, &to("folders"), BOUNDS, &is_stopped);
        assert!(stopped.unwrap_err().contains("cancelled"), "in between folders, too");
        assert_eq!(fs::read_dir(to("folders")).unwrap().count(), 3);
    }
}
