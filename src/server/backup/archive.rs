//! The file of a backup: a compressed tar archive, so that a person can look into it. All functions
//! here block.
//!
//! - `backup.json` comes first: the [`Header`].
//! - `tables/NAME.NUMBER.jsonl`: a part of a table. The first line has the names of the columns,
//!   each other line a row, as JSON arrays.
//! - `pictures/NAME`: the bytes of a picture.
//! - `end.json` comes last: the [`End`], with a checksum of everything before it.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc::Receiver;

use super::BackupError;

/// The format that this program writes, and the newest one that it reads.
pub const FORMAT: u32 = 1;

/// The largest entry that is read. A part of a table is about 1 MiB and one article's texts longer,
/// a picture 10 MiB.
const LARGEST: u64 = 64 << 20;

/// The largest header, and the largest end.
const LARGEST_HEADER: u64 = 64 << 10;

/// The longest name of an entry: what a tar archive holds without extensions.
const LONGEST_NAME: usize = 100;

/// Its name in the archive.
const HEADER: &str = "backup.json";

/// Its name in the archive.
const END: &str = "end.json";

/// What a backup says of itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Header {
    /// The version of this format.
    pub format: u32,
    /// The version of the program that made it.
    pub program: String,
    /// The number of that program's latest migration.
    pub schema: i64,
    /// When it was made: a time in UTC, as 2026-11-28T03:00:00Z.
    pub made_at: String,
}

/// What a backup ends with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct End {
    /// How many entries are before it.
    entries: u64,
    /// The BLAKE3 hash of their names and contents, each preceded by its length.
    blake3: String,
}

/// A file in the archive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its name in the archive.
    pub name: String,
    /// Its content.
    pub bytes: Vec<u8>,
}

/// Adds up the checksum.
#[derive(Default)]
struct Sum {
    entries: u64,
    hasher: blake3::Hasher,
}

impl Sum {
    fn add(&mut self, name: &str, bytes: &[u8]) {
        self.entries += 1;
        for part in [name.as_bytes(), bytes] {
            self.hasher.update(&(part.len() as u64).to_le_bytes());
            self.hasher.update(part);
        }
    }

    fn end(&self) -> End {
        End { entries: self.entries, blake3: self.hasher.finalize().to_hex().to_string() }
    }
}

/// A file that is deleted again unless it is complete.
struct Partial(Option<PathBuf>);

impl Drop for Partial {
    fn drop(&mut self) {
        if let Some(path) = &self.0 {
            let _ = fs::remove_file(path);
        }
    }
}

/// Writes the header and all entries that arrive, reads the result back, and puts it at `path`,
/// where it replaces a file. Only its owner may read it. Nothing is at `path` unless all is well.
///
/// `None` ends the backup. If the channel closes without it, the backup was given up.
///
/// # Errors
/// [`BackupError`]
pub fn write(
    path: &Path,
    header: &Header,
    mut entries: Receiver<Option<Entry>>,
) -> Result<(), BackupError> {
    let wrong = |error: io::Error| BackupError::file(path, &error);
    let mut name = path.file_name().unwrap_or_default().to_owned();
    // Random: in a container, every process has the same id.
    name.push(format!(".{:08x}.partial", rand::random::<u32>()));
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new(".")).to_owned();
    fs::create_dir_all(&folder).map_err(wrong)?;
    let partial = folder.join(name);
    let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&partial);
    let file = file.map_err(|error| BackupError::file(&partial, &error))?;
    let mut guard = Partial(Some(partial.clone()));

    let encoder = GzEncoder::new(BufWriter::new(file), Compression::default());
    let mut archive = tar::Builder::new(encoder);
    let mut sum = Sum::default();
    let mut add = |archive: &mut tar::Builder<_>, entry: &Entry| {
        sum.add(&entry.name, &entry.bytes);
        append(archive, entry)
    };
    add(&mut archive, &Entry { name: HEADER.into(), bytes: json(header)? }).map_err(wrong)?;
    loop {
        match entries.blocking_recv() {
            Some(Some(entry)) => add(&mut archive, &entry).map_err(wrong)?,
            Some(None) => break,
            None => return Err(BackupError::GivenUp),
        }
    }
    let end = Entry { name: END.into(), bytes: json(&sum.end())? };
    append(&mut archive, &end).map_err(wrong)?;
    let mut file = archive.into_inner().and_then(GzEncoder::finish).map_err(wrong)?;
    file.flush().map_err(wrong)?;
    file.get_ref().sync_all().map_err(wrong)?;
    drop(file);

    if read(&partial, |_| Ok(()))? != *header {
        return Err(BackupError::damaged(&partial, "its header is another one"));
    }
    fs::rename(&partial, path).map_err(wrong)?;
    guard.0 = None;
    File::open(&folder).and_then(|folder| folder.sync_all()).map_err(wrong)
}

fn json(value: &impl Serialize) -> Result<Vec<u8>, BackupError> {
    serde_json::to_vec(value).map_err(|error| BackupError::Rows(error.to_string()))
}

fn append<W: Write>(
    archive: &mut tar::Builder<W>,
    Entry { name, bytes }: &Entry,
) -> io::Result<()> {
    if name.len() > LONGEST_NAME {
        return Err(io::Error::other(format!("the name {name} is too long for a backup")));
    }
    let mut header = tar::Header::new_ustar();
    header.set_size(bytes.len() as u64);
    header.set_mode(0o600);
    header.set_path(name)?;
    header.set_cksum();
    archive.append(&header, bytes.as_slice())
}

/// Reads a backup from its beginning to its end, and calls `each` with every entry between the
/// header and the end. Whether they are what was written is known only once it returns.
///
/// # Errors
/// [`BackupError::File`], [`BackupError::Damaged`], [`BackupError::NewFormat`], or that of `each`.
pub fn read(
    path: &Path,
    mut each: impl FnMut(Entry) -> Result<(), BackupError>,
) -> Result<Header, BackupError> {
    let file = File::open(path).map_err(|error| BackupError::file(path, &error))?;
    let damaged = |reason: &dyn std::fmt::Display| BackupError::damaged(path, reason);
    let mut archive = tar::Archive::new(GzDecoder::new(BufReader::new(file)));
    // Raw: extensions, such as names of any length, are refused and not read.
    let mut entries = archive.entries().map_err(|error| damaged(&error))?.raw(true);
    let mut sum = Sum::default();
    let mut header: Option<Header> = None;
    loop {
        let entry = entries.next().ok_or_else(|| damaged(&"it has no end"))?;
        let mut entry = entry.map_err(|error| damaged(&error))?;
        if entry.header().entry_type() != tar::EntryType::Regular {
            return Err(damaged(&"it has something other than files"));
        }
        let name = String::from_utf8(entry.path_bytes().into_owned());
        let name = name.map_err(|_| damaged(&"it has a name that is no text"))?;
        let is_frame = header.is_none() || name == END;
        if entry.size() > if is_frame { LARGEST_HEADER } else { LARGEST } {
            return Err(damaged(&format!("{name} is too large")));
        }
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).map_err(|error| damaged(&error))?;
        if bytes.len() as u64 != entry.size() {
            return Err(damaged(&format!("{name} is cut off")));
        }
        let Some(header) = &header else {
            if name != HEADER {
                return Err(damaged(&format!("it does not begin with {HEADER}")));
            }
            let read: Header = serde_json::from_slice(&bytes).map_err(|error| damaged(&error))?;
            if read.format > FORMAT {
                return Err(BackupError::NewFormat { path: path.into(), program: read.program });
            }
            sum.add(&name, &bytes);
            header = Some(read);
            continue;
        };
        if name == END {
            let end: End = serde_json::from_slice(&bytes).map_err(|error| damaged(&error))?;
            if end != sum.end() {
                return Err(damaged(&"its checksum is wrong"));
            }
            if entries.next().is_some() {
                return Err(damaged(&"something comes after its end"));
            }
            // The checksum that gzip has at the end is read with it.
            let mut rest = archive.into_inner();
            io::copy(&mut rest, &mut io::sink()).map_err(|error| damaged(&error))?;
            return Ok(header.clone());
        }
        sum.add(&name, &bytes);
        each(Entry { name, bytes })?;
    }
}

#[cfg(test)]
mod tests {
    use tokio::sync::mpsc::channel;

    use super::*;

    fn header() -> Header {
        Header { format: FORMAT, program: "0.1.0".into(), schema: 20, made_at: "now".into() }
    }

    fn entry(name: &str, text: &str) -> Entry {
        Entry { name: name.into(), bytes: text.into() }
    }

    fn write_entries(path: &Path, header: &Header, sent: &[Entry]) -> Result<(), BackupError> {
        let (sender, entries) = channel(sent.len() + 1);
        for entry in sent {
            sender.try_send(Some(entry.clone())).unwrap();
        }
        sender.try_send(None).unwrap();
        write(path, header, entries)
    }

    fn read_entries(path: &Path) -> Result<Vec<Entry>, BackupError> {
        let mut found = Vec::new();
        read(path, |entry| {
            found.push(entry);
            Ok(())
        })?;
        Ok(found)
    }

    #[test]
    fn what_is_written_is_read_and_only_the_owner_may_read_it() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("new/backup.tar.gz");
        let entries = [entry("tables/a.1.jsonl", "[\"id\"]\n[1]\n"), entry("pictures/x.png", "")];
        write_entries(&path, &header(), &entries).unwrap();
        assert_eq!(read_entries(&path).unwrap(), entries);
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(
            fs::read_dir(path.parent().unwrap()).unwrap().count(),
            1,
            "nothing else is left"
        );
    }

    #[test]
    fn a_backup_that_is_given_up_leaves_the_one_before() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("backup.tar.gz");
        write_entries(&path, &header(), &[entry("pictures/x.png", "x")]).unwrap();
        let before = fs::read(&path).unwrap();
        let (sender, entries) = channel(1);
        sender.try_send(Some(entry("pictures/y.png", "y"))).unwrap();
        drop(sender);
        assert!(matches!(write(&path, &header(), entries), Err(BackupError::GivenUp)));
        assert_eq!(fs::read(&path).unwrap(), before);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn every_changed_or_missing_byte_is_noticed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("backup.tar.gz");
        write_entries(&path, &header(), &[entry("tables/a.1.jsonl", "[\"id\"]\n[1]\n")]).unwrap();
        let good = fs::read(&path).unwrap();
        // The first ten bytes are gzip's header, whose time and system mean nothing here.
        for place in 10..good.len() {
            let mut bad = good.clone();
            bad[place] ^= 1;
            fs::write(&path, &bad).unwrap();
            assert!(read_entries(&path).is_err(), "byte {place}");
            fs::write(&path, &good[..place]).unwrap();
            assert!(read_entries(&path).is_err(), "cut at {place}");
        }
        fs::write(&path, b"no backup").unwrap();
        assert!(matches!(read_entries(&path), Err(BackupError::Damaged { .. })));
    }

    #[test]
    fn an_archive_that_is_no_backup_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("backup.tar.gz");
        let written = |entries: &[Entry]| {
            let file = File::create(&path).unwrap();
            let mut archive = tar::Builder::new(GzEncoder::new(file, Compression::fast()));
            for entry in entries {
                append(&mut archive, entry).unwrap();
            }
            archive.into_inner().unwrap().finish().unwrap();
            read_entries(&path).unwrap_err().to_string()
        };
        let begin = Entry { name: HEADER.into(), bytes: json(&header()).unwrap() };
        assert!(written(&[]).contains("has no end"));
        assert!(written(&[entry("a", "b")]).contains("does not begin with"));
        assert!(written(std::slice::from_ref(&begin)).contains("has no end"));
        assert!(written(&[begin.clone(), entry(END, "{}")]).contains("missing field"));
        let end = entry(END, r#"{"entries":1,"blake3":"00"}"#);
        assert!(written(&[begin, end]).contains("checksum"));
        let newer = Header { format: FORMAT + 1, program: "9.9.9".into(), ..header() };
        assert!(
            written(&[Entry { name: HEADER.into(), bytes: json(&newer).unwrap() }])
                .contains("9.9.9")
        );
        let large = entry(HEADER, &" ".repeat(1 << 17));
        assert!(written(&[large]).contains("too large"));
    }
}
