//! The record that carries a batch. Other programs read it too: `docs/STREAM.md` describes it, so
//! it changes only together with its version.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use tidemark_counting::sql::ledger::Batch;
use tidemark_counting::{ArticleId, Hour};

/// The version of the format. A reader refuses any other.
pub const VERSION: u32 = 1;

/// The longest name of a batch, in bytes, as in the ledger.
const LONGEST_NAME: usize = 64;

#[derive(Serialize, Deserialize)]
struct Record {
    version: u32,
    batch: String,
    views: Vec<Views>,
}

#[derive(Serialize, Deserialize)]
struct Views {
    article: ArticleId,
    hour: Hour,
    views: i64,
}

/// Whether a text can be the name of a batch: letters, digits and hyphens, up to 64.
fn is_name(text: &str) -> bool {
    (1..=LONGEST_NAME).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

/// Writes a batch as the value of a record. Its key is the batch's name.
///
/// # Errors
/// What can't be written.
pub fn encode(batch: &Batch) -> Result<Vec<u8>, String> {
    let views = batch
        .views
        .iter()
        .map(|(&(article, hour), &views)| Views { article, hour, views })
        .collect();
    let record = Record { version: VERSION, batch: batch.id.clone(), views };
    serde_json::to_vec(&record).map_err(|error| error.to_string())
}

/// Reads a record.
///
/// # Errors
/// Why it is no batch, in one line.
pub fn decode(key: Option<&[u8]>, value: Option<&[u8]>) -> Result<Batch, String> {
    #[derive(Deserialize)]
    struct Version {
        version: u32,
    }
    let value = value.ok_or("it has no value")?;
    let Version { version } =
        serde_json::from_slice(value).map_err(|_| "it is no JSON with a version")?;
    if version != VERSION {
        return Err(format!("its version is {version}, and this program reads {VERSION}"));
    }
    let record: Record = serde_json::from_slice(value).map_err(|error| error.to_string())?;
    if !is_name(&record.batch) || key != Some(record.batch.as_bytes()) {
        return Err("its key is not the name of its batch".into());
    }
    let mut views = BTreeMap::new();
    for Views { article, hour, views: count } in record.views {
        // A batch never holds more: Redis counts in 32 bits for each article, hour and script.
        let is_possible =
            article.0 > 0 && (0..=1 << 32).contains(&hour.0) && (1..=1 << 40).contains(&count);
        if !is_possible || views.insert((article, hour), count).is_some() {
            return Err(format!("{count} views of article {article} in hour {hour} can't be"));
        }
    }
    if views.is_empty() {
        return Err("it has no views".into());
    }
    Ok(Batch { id: record.batch, views })
}

/// What a record is known by: its key if that is the name of a batch, and otherwise a hash of it. A
/// log in which another record has this offset is another log.
pub fn mark(key: Option<&[u8]>, value: Option<&[u8]>) -> String {
    let name = key.and_then(|key| std::str::from_utf8(key).ok()).filter(|key| is_name(key));
    if let Some(name) = name {
        return name.to_owned();
    }
    let mut hasher = blake3::Hasher::new();
    for part in [key, value] {
        hasher.update(&(part.map_or(u64::MAX, |part| part.len() as u64)).to_le_bytes());
        hasher.update(part.unwrap_or_default());
    }
    // Not a name, so it can't be taken for one.
    format!("?{}", &hasher.finalize().to_hex()[..32])
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn batch(views: &[((i64, i64), i64)]) -> Batch {
        Batch {
            id: "1795521600000-00000000000000ff".into(),
            views: views
                .iter()
                .map(|((article, hour), count)| ((ArticleId(*article), Hour(*hour)), *count))
                .collect(),
        }
    }

    fn read(text: &str) -> Result<Batch, String> {
        decode(Some(b"1-a"), Some(text.as_bytes()))
    }

    #[test]
    fn the_format_is_the_documented_one() {
        let text = encode(&batch(&[((7, 498_756), 3), ((9, 498_756), 1)])).unwrap();
        let documented = r#"{"version":1,"batch":"1795521600000-00000000000000ff","views":[{"article":7,"hour":498756,"views":3},{"article":9,"hour":498756,"views":1}]}"#;
        assert_eq!(String::from_utf8(text).unwrap(), documented);
        assert!(include_str!("../../../docs/STREAM.md").contains(documented));
    }

    #[test]
    fn a_reader_ignores_what_a_later_program_adds() {
        let text = r#"{"version":1,"batch":"1-a","site":"blog","views":[{"article":7,"hour":1,"views":3,"likes":1}]}"#;
        assert_eq!(read(text).unwrap().views, BTreeMap::from([((ArticleId(7), Hour(1)), 3)]));
    }

    #[test]
    fn what_is_no_batch_is_refused_with_a_reason() {
        for (text, said) in [
            ("", "no JSON"),
            ("7", "no JSON"),
            (r#"{"batch":"1-a","views":[]}"#, "no JSON with a version"),
            (r#"{"version":2,"batch":"1-a","views":[]}"#, "version is 2"),
            (r#"{"version":1,"batch":"1-a"}"#, "views"),
            (r#"{"version":1,"batch":"1-a","views":[]}"#, "no views"),
            (r#"{"version":1,"batch":"2-b","views":[{"article":1,"hour":1,"views":1}]}"#, "key"),
            (
                r#"{"version":1,"batch":"1-a","views":[{"article":0,"hour":1,"views":1}]}"#,
                "can't be",
            ),
            (
                r#"{"version":1,"batch":"1-a","views":[{"article":1,"hour":1,"views":0}]}"#,
                "can't be",
            ),
            (
                r#"{"version":1,"batch":"1-a","views":[{"article":1,"hour":-1,"views":1}]}"#,
                "can't be",
            ),
            (
                r#"{"version":1,"batch":"1-a","views":[{"article":1,"hour":1,"views":9223372036854775807}]}"#,
                "can't be",
            ),
            (
                r#"{"version":1,"batch":"1-a","views":[{"article":1,"hour":1,"views":1},{"article":1,"hour":1,"views":1}]}"#,
                "can't be",
            ),
        ] {
            let error = read(text).unwrap_err();
            assert!(error.contains(said) && error.lines().count() == 1, "{text}: {error}");
        }
        assert!(decode(Some(b"1-a"), None).is_err());
        let good = encode(&batch(&[((1, 1), 1)])).unwrap();
        assert!(decode(None, Some(&good)).is_err());
        assert!(decode(Some("1-ä".as_bytes()), Some(&good)).is_err());
    }

    #[test]
    fn records_without_a_name_are_told_apart_and_never_look_like_one_with_a_name() {
        assert_eq!(mark(Some(b"1-a"), Some(b"x")), "1-a");
        let parts = [None, Some(&b""[..]), Some(b"a b"), Some(b"ab\xff")];
        let marks: Vec<String> =
            parts.iter().flat_map(|key| parts.map(|value| mark(*key, value))).collect();
        for (index, one) in marks.iter().enumerate() {
            assert!(one.len() <= LONGEST_NAME && one.is_ascii() && !is_name(one));
            assert!(!marks[..index].contains(one), "{one}");
        }
    }

    proptest! {
        #[test]
        fn a_batch_is_read_as_it_was_written(
            views in prop::collection::btree_map(((1i64..).prop_map(ArticleId), (0i64..=1 << 32).prop_map(Hour)), 1i64..=1 << 40, 1..40)
        ) {
            let batch = Batch { id: "5-f".into(), views };
            let text = encode(&batch).unwrap();
            prop_assert_eq!(decode(Some(b"5-f"), Some(&text)), Ok(batch));
        }

        #[test]
        fn no_bytes_make_a_reader_panic(key in prop::option::of(prop::collection::vec(any::<u8>(), 0..80)), value in prop::option::of(prop::collection::vec(any::<u8>(), 0..200))) {
            let _ = decode(key.as_deref(), value.as_deref());
            prop_assert!(mark(key.as_deref(), value.as_deref()).len() <= LONGEST_NAME);
        }
    }
}
