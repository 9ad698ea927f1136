//! Prepares every SQL statement of the program, on SQLite and on MariaDB or MySQL, so that a
//! statement that doesn't parse fails here and not on the page that runs it. The statements are
//! read from the sources, so a new one is always included.

use std::collections::{BTreeSet, HashMap};
use std::path::Path;
use std::{fmt, fs};

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};
use sqlx::{AssertSqlSafe, Connection, Executor, MySqlConnection, SqlSafeStr, SqliteConnection};
use tidemark::server::db::Database;

use crate::database::new_database;
use crate::layers::files;

/// The only folders that may contain SQL: the program's, and counting's.
const HOMES: [&str; 2] = ["server/db", "crates/counting/src/sql"];

/// The sources of counting, relative to the root of the checkout. Paths of the program's own files
/// are relative to `src/`.
const COUNTING: &str = "crates/counting/src/";

/// The words that a statement can begin with.
const VERBS: [&str; 6] = ["SELECT", "INSERT", "UPDATE", "DELETE", "WITH", "REPLACE"];

/// Types that mark a function or an `impl` as specific to one kind of database.
const SQLITE_TYPES: [&str; 3] = ["SqliteDatabase", "SqliteConnection", "DatabaseSessionStore"];
const MYSQL_TYPES: [&str; 4] = ["MySqlDatabase", "MySqlConnection", "Ledger", "SearchQueue"];

/// Statements for SQLite only that the code around them doesn't mark as such: file, a part of the
/// statement, and the reason. MySQL must reject them.
const FOR_SQLITE: &[(&str, &str, &str)] = &[(
    "server/db/rankings.rs",
    "FROM article_view_windows",
    "only SQLite keeps windows; elsewhere they are in Redis",
)];

/// What a placeholder of a `format!` can stand for. A placeholder that names a constant of the
/// program needs no entry.
enum Part {
    /// Any of these texts. If a statement has several such placeholders, their first texts are
    /// tried together, then their second texts, and so on.
    Any(&'static [&'static str]),
    /// The first in SQLite, the second in MySQL.
    Each(&'static str, &'static str),
    /// The text that the function of this name builds.
    Of(&'static str),
}

use Part::{Any, Each, Of};

/// The conditions of a search: part of a condition, not a statement.
const SEARCHED: Part = Any(&[
    "",
    " AND search_documents.article_id IN (SELECT article_tags.article_id FROM article_tags
                JOIN tags ON tags.id = article_tags.tag_id WHERE tags.slug = ?)
              AND search_documents.article_id IN (SELECT article_authors.article_id FROM article_authors
                JOIN users ON users.id = article_authors.user_id WHERE users.username = ?)
              AND search_documents.published_at >= ?",
]);

/// Statements that are composed at run time: file, placeholder, and what can stand for it.
const PARTS: &[(&str, &str, Part)] = &[
    // Built by `json_list`; each is a column of its own.
    ("server/db/articles/read.rs", "authors", Each("json_group_array(1)", "group_concat(1)")),
    ("server/db/articles/read.rs", "tags", Each("json_group_array(1)", "group_concat(1)")),
    ("server/db/articles/read.rs", "aliases", Each("json_group_array(1)", "group_concat(1)")),
    ("server/db/articles/read.rs", "authors_and_tags", Of("authors_and_tags")),
    ("server/db/articles/read.rs", "columns", Of("summary_columns")),
    ("server/db/articles/read.rs", "articles", Of("select_articles")),
    ("server/db/articles/read.rs", "rows", Of("select_rows")),
    ("server/db/articles/read.rs", "fields", Of("select_fields")),
    (
        "server/db/articles/read.rs",
        "conditions",
        Any(&[
            "",
            " AND articles.id IN (SELECT article_tags.article_id FROM article_tags
                JOIN tags ON tags.id = article_tags.tag_id WHERE tags.slug = ?)
              AND articles.id IN (SELECT article_authors.article_id FROM article_authors
                JOIN users ON users.id = article_authors.user_id WHERE users.username = ?)",
        ]),
    ),
    ("server/db/articles/read.rs", "column", Any(&["id", "slug"])),
    ("server/db/articles/read.rs", "per_page", Any(&["10"])),
    ("server/db/articles/read.rs", "limit", Any(&["10"])),
    ("server/db/articles/read.rs", "others", Any(&["", ", ?"])),
    ("server/db/articles/write.rs", "table", Any(&["article_authors", "article_tags", "article_aliases"])),
    ("server/db/pictures.rs", "more", Any(&["", ", ?"])),
    // Stands for the list of all columns. Nearly every test that writes an article executes the
    // real one.
    ("server/db/articles/write.rs", "names", Any(&["slug, title"])),
    ("server/db/articles/write.rs", "placeholders", Any(&["?, ?"])),
    ("server/db/articles/write.rs", "assignments", Any(&["slug = ?, title = ?"])),
    (
        "server/db/articles/write.rs",
        "more",
        Any(&[", deleted_at = NULL WHERE id = ?", " WHERE id = ? AND version = ?"]),
    ),
    ("server/db/backup.rs", "names", Any(&["user_id, article_id, created_at"])),
    ("server/db/backup.rs", "name", Any(&["likes"])),
    ("server/db/backup.rs", "key", Any(&["user_id, article_id"])),
    ("server/db/backup.rs", "table", Any(&["likes"])),
    ("server/db/backup.rs", "ignore", Each("", "IGNORE")),
    ("server/db/backup.rs", "values", Any(&["(?, ?, ?), (?, ?, ?)"])),
    ("server/db/baselines.rs", "rows", Any(&["(?, ?, ?, ?)", "(?, ?, ?, ?), (?, ?, ?, ?)"])),
    ("server/db/counts.rs", "others", Any(&["", ", ?"])),
    ("server/db/lists.rs", "columns", Of("summary_columns")),
    ("server/db/lists.rs", "join", Any(&["JOIN collects ON collects.article_id = articles.id", ""])),
    (
        "server/db/lists.rs",
        "conditions",
        Any(&[
            "articles.published_at <= ? AND collects.user_id = ?",
            "articles.published_at <= ? AND articles.id IN (SELECT article_authors.article_id FROM article_authors
                JOIN follows ON follows.author_id = article_authors.user_id WHERE follows.user_id = ?)",
        ]),
    ),
    (
        "server/db/lists.rs",
        "order",
        Any(&["collects.created_at DESC, articles.id DESC", "articles.published_at DESC, articles.id DESC"]),
    ),
    ("server/db/lists.rs", "per_page", Any(&["10"])),
    ("server/db/site.rs", "per_page", Any(&["50"])),
    ("server/db/site.rs", "limit", Any(&["100"])),
    ("server/db/pictures.rs", "integer", Each("INTEGER", "SIGNED")),
    ("server/db/pictures.rs", "per_page", Any(&["10"])),
    ("server/db/pictures.rs", "rows", Any(&["(?, ?, ?, ?, ?, ?, ?, ?), (?, ?, ?, ?, ?, ?, ?, ?)"])),
    ("server/db/rankings.rs", "others", Any(&["", ", ?"])),
    ("server/db/rankings.rs", "join", Each("CROSS JOIN", "STRAIGHT_JOIN")),
    ("server/db/rankings.rs", "limit", Any(&["10"])),
    ("server/db/reactions.rs", "followed", Each("json_group_array(1)", "group_concat(1)")),
    ("server/db/reactions.rs", "table", Any(&["likes", "collects"])),
    ("server/db/reactions.rs", "column", Any(&["article_id"])),
    ("server/db/reactions.rs", "count", Any(&["likes", "collects"])),
    ("server/db/reactions.rs", "change", Any(&["likes + 1", "CASE WHEN collects > 0 THEN collects - 1 ELSE 0 END"])),
    (
        "server/db/reactions.rs",
        "insert",
        Any(&[
            "INTO likes (user_id, article_id, created_at) VALUES (?, ?, ?)",
            "INTO collects (user_id, article_id, created_at) VALUES (?, ?, ?)",
            "INTO follows (user_id, author_id, created_at) VALUES (?, ?, ?)",
        ]),
    ),
    ("server/db/revisions.rs", "length", Each("length", "char_length")),
    (
        "server/db/revisions.rs",
        "changes",
        Any(&[", CASE WHEN coalesce(revision.cover, '') <> coalesce(earlier.cover, '') THEN 1 ELSE 0 END AS changed"]),
    ),
    ("server/db/search.rs", "limit", Any(&["10"])),
    ("server/db/search.rs", "columns", Of("summary_columns")),
    ("server/db/search.rs", "others", Any(&["", ", ?"])),
    ("server/db/search/mysql.rs", "conditions", SEARCHED),
    ("server/db/search/mysql.rs", "limit", Any(&["10"])),
    (
        "server/db/search/mysql.rs",
        "order",
        Any(&[
            "",
            "coalesce(article_stats.views, 0) + coalesce((SELECT sum(article_baselines.views)
                FROM article_baselines
                WHERE article_baselines.article_id = search_documents.article_id), 0) DESC, ",
        ]),
    ),
    ("server/db/search/sqlite.rs", "conditions", SEARCHED),
    ("server/db/search/sqlite.rs", "limit", Any(&["10"])),
    ("server/db/search/sqlite.rs", "score", Any(&["0", "bm25(search_terms, 10.0, 6.0, 3.0, 1.0)"])),
    (
        "server/db/search/sqlite.rs",
        "first",
        Any(&[
            "found.score, ",
            "found.id IN (SELECT rowid FROM search_titles
                WHERE search_titles MATCH ? AND rowid >= (SELECT min(id) FROM found)) DESC, ",
            "coalesce(article_stats.views, 0) + coalesce((SELECT sum(article_baselines.views)
                FROM article_baselines WHERE article_baselines.article_id = found.id), 0) DESC, ",
        ]),
    ),
    ("server/db/search/sqlite.rs", "MOST_COUNTED", Any(&["10"])),
    ("server/db/search/sqlite.rs", "NEWEST", Any(&["10"])),
    ("server/db/search/sqlite.rs", "most", Any(&["10"])),
    (
        "server/db/search/sqlite.rs",
        "rest",
        Any(&[
            "",
            " AND +search_terms.rowid IN (SELECT rowid FROM search_terms WHERE search_terms MATCH ?)",
        ]),
    ),
    ("server/db/search_index.rs", "tags", Each("json_group_array(1)", "group_concat(1)")),
    ("server/db/search_index.rs", "limit", Any(&["10"])),
    ("server/db/search_queue.rs", "authors_and_tags", Of("authors_and_tags")),
    ("server/db/search_queue.rs", "articles", Of("select_indexed")),
    ("server/db/search_queue.rs", "limit", Any(&["10"])),
    ("server/db/studio.rs", "shelf", Any(&["articles.deleted_at IS NULL"])),
    ("server/db/studio.rs", "author", Any(&["coalesce(?, 0) = 0"])),
    (
        "server/db/studio.rs",
        "conditions",
        Any(&[
            "articles.deleted_at IS NULL AND ? IS NOT NULL AND coalesce(?, 0) = 0
                AND lower(articles.title) LIKE ? ESCAPE '!'",
            "articles.published_at > ? AND EXISTS (SELECT 1 FROM article_authors
                WHERE article_authors.article_id = articles.id AND article_authors.user_id = ?)
                AND lower(articles.title) LIKE ? ESCAPE '!'",
        ]),
    ),
    ("server/db/studio.rs", "integer", Each("INTEGER", "SIGNED")),
    (
        "server/db/studio.rs",
        "order",
        Any(&[
            "lower(articles.title)",
            "coalesce(article_stats.views, 0) + coalesce((SELECT sum(article_baselines.views)
                FROM article_baselines WHERE article_baselines.article_id = articles.id), 0)",
        ]),
    ),
    ("server/db/studio.rs", "direction", Any(&["ASC", "DESC"])),
    ("server/db/studio.rs", "per_page", Any(&["10"])),
    ("server/db/studio.rs", "fields", Of("select_fields")),
    ("server/db/users.rs", "per_page", Any(&["10"])),
    ("crates/counting/src/sql/seen.rs", "others", Any(&["", ", ?"])),
];

/// An SQL dialect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Sqlite,
    MySql,
}

/// A string literal in the code.
#[derive(Clone, Debug, PartialEq)]
struct Text {
    file: String,
    line: usize,
    /// The enclosing function.
    function: String,
    /// Whether it is the format string of a `format!`.
    is_format: bool,
    /// The dialect, if the code around it is for a single kind of database.
    only: Option<Kind>,
    text: String,
}

impl fmt::Display for Text {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let folder = if self.file.starts_with(COUNTING) { "" } else { "src/" };
        write!(formatter, "{folder}{}:{}", self.file, self.line)
    }
}

impl Text {
    fn is_statement(&self) -> bool {
        begins_like_a_statement(&self.text)
    }

    /// Whether it may become a statement once the placeholder at its start is filled in.
    fn may_be_statement(&self) -> bool {
        let words = [" WHERE ", " AND ", " ORDER BY ", " LIMIT "];
        self.is_format
            && self.text.starts_with('{')
            && words.iter().any(|word| self.text.contains(word))
    }
}

fn begins_like_a_statement(text: &str) -> bool {
    let first = text.split_whitespace().next();
    // The constant that limits the time of a SELECT.
    first.is_some_and(|word| VERBS.contains(&word) || word == "{LIMITED}")
        && text.split_whitespace().nth(1).is_some()
}

#[derive(Default)]
struct Sources {
    texts: Vec<Text>,
    /// The texts of constants, by file and name.
    constants: HashMap<(String, String), String>,
}

/// The position of the walk.
#[derive(Clone, Default)]
struct Place {
    file: String,
    function: String,
    only: Option<Kind>,
}

impl Sources {
    fn add(&mut self, file: &str, source: &str) {
        let tokens: TokenStream = source.parse().expect("Rust");
        let place = Place { file: file.to_owned(), ..Place::default() };
        self.walk(&tokens.into_iter().collect::<Vec<_>>(), &place);
    }

    fn walk(&mut self, tokens: &[TokenTree], place: &Place) {
        let mut at = 0;
        while let Some(token) = tokens.get(at) {
            let rest = &tokens[at + 1..];
            at += 1;
            match token {
                // Skip attributes, which include doc comments.
                TokenTree::Punct(punct) if punct.as_char() == '#' => {
                    let is_inner = matches!(rest.first(), Some(TokenTree::Punct(punct)) if punct.as_char() == '!');
                    at += if is_inner { 2 } else { 1 };
                }
                TokenTree::Ident(word) if word == "mod" => {
                    if let [TokenTree::Ident(name), TokenTree::Group(_), ..] = rest
                        && name == "tests"
                    {
                        at += 2;
                    }
                }
                TokenTree::Ident(word) if word == "const" => self.note_constant(rest, place),
                TokenTree::Ident(word) if word == "fn" || word == "impl" => {
                    // A type such as `fn(i64)` has no body.
                    let Some(length) = rest.iter().position(is_body_or_end) else { continue };
                    let head = &rest[..length];
                    let mut inner = place.clone();
                    inner.only = only_of(head).or(place.only);
                    if let (true, Some(TokenTree::Ident(name))) = (word == "fn", head.first()) {
                        inner.function = name.to_string();
                    }
                    if let TokenTree::Group(body) = &rest[length] {
                        self.walk(&body.stream().into_iter().collect::<Vec<_>>(), &inner);
                    }
                    at += length + 1;
                }
                TokenTree::Ident(word) if word == "format" => {
                    if let [TokenTree::Punct(_), TokenTree::Group(group), ..] = rest {
                        self.walk_format(group, place);
                        at += 2;
                    }
                }
                TokenTree::Ident(word) if word == "Sqlite" || word == "MySql" => {
                    let kind = if word == "Sqlite" { Kind::Sqlite } else { Kind::MySql };
                    if let Some((arm, length)) = arm(rest) {
                        let inner = Place { only: Some(kind), ..place.clone() };
                        self.walk(arm, &inner);
                        at += length;
                    }
                }
                TokenTree::Literal(literal) => {
                    let line = literal.span().start().line;
                    if let Some(text) = unquoted(&literal.to_string()) {
                        self.texts.push(Text {
                            file: place.file.clone(),
                            line,
                            function: place.function.clone(),
                            is_format: false,
                            only: place.only,
                            text,
                        });
                    }
                }
                TokenTree::Group(group) => {
                    self.walk(&group.stream().into_iter().collect::<Vec<_>>(), place);
                }
                _ => {}
            }
        }
    }

    /// Only the first token of a `format!` is a format string. The rest is ordinary code.
    fn walk_format(&mut self, group: &Group, place: &Place) {
        let tokens: Vec<TokenTree> = group.stream().into_iter().collect();
        let before = self.texts.len();
        self.walk(&tokens[..tokens.len().min(1)], place);
        for text in &mut self.texts[before..] {
            text.is_format = true;
        }
        self.walk(tokens.get(1..).unwrap_or_default(), place);
    }

    fn note_constant(&mut self, rest: &[TokenTree], place: &Place) {
        let Some(TokenTree::Ident(name)) = rest.first() else { return };
        let is_end = |token: &&TokenTree| !matches!(token, TokenTree::Punct(punct) if punct.as_char() == ';');
        let literal = rest.iter().take_while(is_end).find_map(|token| match token {
            TokenTree::Literal(literal) => unquoted(&literal.to_string()),
            _ => None,
        });
        if let Some(text) = literal {
            self.constants.insert((place.file.clone(), name.to_string()), text);
        }
    }

    /// The constant of that name in the file itself or, if it has none, in another file.
    fn constant(&self, file: &str, name: &str) -> Option<&str> {
        let own = self.constants.get(&(file.to_owned(), name.to_owned()));
        let others =
            || self.constants.iter().find(|((_, other), _)| other == name).map(|(_, text)| text);
        own.or_else(others).map(String::as_str)
    }

    /// How many versions of a text have to be prepared.
    fn versions(&self, text: &Text) -> usize {
        let part =
            |name: &str| PARTS.iter().find(|(file, part, _)| *file == text.file && *part == name);
        let count = |name: &String| match part(name.as_str()) {
            Some((_, _, Any(texts))) => texts.len(),
            _ => 1,
        };
        placeholders(&text.text).iter().map(count).max().unwrap_or(1)
    }

    /// The text in version number `version`, with all placeholders filled in. Adds the entries of
    /// [`PARTS`] that it needed to `used`.
    ///
    /// # Errors
    /// A placeholder that is neither a constant nor in [`PARTS`].
    fn composed(
        &self,
        text: &Text,
        kind: Kind,
        version: usize,
        used: &mut BTreeSet<(&'static str, &'static str)>,
    ) -> Result<String, String> {
        if !text.is_format {
            return Ok(text.text.clone());
        }
        let mut sql = text.text.clone();
        for name in placeholders(&text.text) {
            let part = PARTS.iter().find(|(file, part, _)| *file == text.file && *part == name);
            let value = match part {
                Some((file, part, value)) => {
                    used.insert((*file, *part));
                    match value {
                        Any(texts) => texts[version.min(texts.len() - 1)].to_owned(),
                        Each(sqlite, mysql) => match kind {
                            Kind::Sqlite => (*sqlite).to_owned(),
                            Kind::MySql => (*mysql).to_owned(),
                        },
                        Of(function) => {
                            let made = self
                                .texts
                                .iter()
                                .rfind(|made| made.is_format && made.function == *function);
                            let made = made.ok_or_else(|| {
                                format!("{text}: no function {function} makes a text")
                            })?;
                            self.composed(made, kind, version, used)?
                        }
                    }
                }
                None => match self.constant(&text.file, &name) {
                    Some(constant) => constant.to_owned(),
                    None => {
                        return Err(format!(
                            "{text}: {{{name}}} is in no line of PARTS; say there what it may be"
                        ));
                    }
                },
            };
            sql = sql.replace(&format!("{{{name}}}"), &value);
        }
        Ok(sql)
    }
}

/// Whether a token is the body of a function or an `impl`, or the `;` that stands for it.
fn is_body_or_end(token: &TokenTree) -> bool {
    match token {
        TokenTree::Group(group) => group.delimiter() == Delimiter::Brace,
        TokenTree::Punct(punct) => punct.as_char() == ';',
        _ => false,
    }
}

/// The kind of database that the signature of a function or an `impl` names, if it names one.
fn only_of(head: &[TokenTree]) -> Option<Kind> {
    head.iter().find_map(|token| match token {
        TokenTree::Ident(word) if SQLITE_TYPES.iter().any(|name| word == name) => {
            Some(Kind::Sqlite)
        }
        TokenTree::Ident(word) if MYSQL_TYPES.iter().any(|name| word == name) => Some(Kind::MySql),
        TokenTree::Group(group) => only_of(&group.stream().into_iter().collect::<Vec<_>>()),
        _ => None,
    })
}

/// After the name of a variant: the body of the `match` arm, and the number of tokens that the arm
/// takes. `None` if no arm begins here.
fn arm(rest: &[TokenTree]) -> Option<(&[TokenTree], usize)> {
    let fields = usize::from(matches!(rest.first(), Some(TokenTree::Group(_))));
    let arrow = |at: usize, sign: char| matches!(rest.get(at), Some(TokenTree::Punct(punct)) if punct.as_char() == sign);
    if !(arrow(fields, '=') && arrow(fields + 1, '>')) {
        return None;
    }
    let body = rest.get(fields + 2..)?;
    let length = match body.first()? {
        TokenTree::Group(group) if group.delimiter() == Delimiter::Brace => 1,
        _ => {
            let is_comma = |token: &TokenTree| matches!(token, TokenTree::Punct(punct) if punct.as_char() == ',');
            body.iter().position(is_comma).unwrap_or(body.len())
        }
    };
    Some((&body[..length], fields + 2 + length))
}

/// The names of the placeholders, without duplicates.
fn placeholders(text: &str) -> Vec<String> {
    let mut names = Vec::new();
    for part in text.split('{').skip(1) {
        let name = part.split('}').next().unwrap_or_default().to_owned();
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

/// The value of a string literal; `None` for any other literal.
fn unquoted(literal: &str) -> Option<String> {
    if let Some(raw) = literal.strip_prefix('r') {
        return Some(raw.trim_matches('#').strip_prefix('"')?.strip_suffix('"')?.to_owned());
    }
    let quoted = literal.strip_prefix('"')?.strip_suffix('"')?;
    let mut text = String::with_capacity(quoted.len());
    let mut characters = quoted.chars().peekable();
    while let Some(character) = characters.next() {
        if character != '\\' {
            text.push(character);
            continue;
        }
        match characters.next()? {
            'n' => text.push('\n'),
            't' => text.push('\t'),
            // The literal continues after the whitespace that starts the next line.
            '\n' => while characters.next_if(|character| character.is_whitespace()).is_some() {},
            // Any other escape stands for the character itself or doesn't occur in SQL.
            other => text.push(other),
        }
    }
    Some(text)
}

fn sources() -> Sources {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut all = BTreeSet::new();
    files(&root.join("src"), "", &mut all);
    let others = ["tests/", "torture/", "bench/"];
    all.retain(|file| !others.iter().any(|other| file.starts_with(other)));
    files(&root.join(COUNTING), COUNTING, &mut all);
    let mut sources = Sources::default();
    for file in &all {
        let folder = if file.starts_with(COUNTING) { root.to_owned() } else { root.join("src") };
        sources.add(file, &fs::read_to_string(folder.join(file)).unwrap());
    }
    sources
}

/// Connects to an empty database of each kind, with all migrations applied.
async fn connections(folder: &Path) -> (SqliteConnection, MySqlConnection) {
    let (sqlite, mysql) = (format!("sqlite:{}", folder.join("blog.db").display()), new_database());
    for url in [&sqlite, &mysql] {
        Database::open(url).await.unwrap().close().await;
    }
    (
        SqliteConnection::connect(&sqlite).await.unwrap(),
        MySqlConnection::connect(&mysql).await.unwrap(),
    )
}

#[test]
fn every_statement_prepares_on_sqlite_and_mariadb() {
    let sources = sources();
    let folder = tempfile::tempdir().unwrap();
    let (mut wrongs, mut used, mut prepared) = (Vec::new(), BTreeSet::new(), 0);
    let mut only_sqlite = BTreeSet::new();
    tokio::runtime::Runtime::new().unwrap().block_on(async {
        let (mut sqlite, mut mysql) = connections(folder.path()).await;
        for text in &sources.texts {
            let is_at_home = HOMES.iter().any(|home| text.file.starts_with(home));
            if !(text.is_statement() || is_at_home && text.may_be_statement()) {
                continue;
            }
            if !is_at_home {
                wrongs.push(format!("{text}: SQL is in {HOMES:?} alone"));
                continue;
            }
            for kind in [Kind::Sqlite, Kind::MySql] {
                if text.only.is_some_and(|only| only != kind) {
                    continue;
                }
                for version in 0..sources.versions(text) {
                    let sql = match sources.composed(text, kind, version, &mut used) {
                        Ok(sql) => sql,
                        Err(wrong) => {
                            wrongs.push(wrong);
                            break;
                        }
                    };
                    // Filled in, it turns out to be part of a statement.
                    if !begins_like_a_statement(&sql) {
                        continue;
                    }
                    prepared += 1;
                    let statement = AssertSqlSafe(sql.clone()).into_sql_str();
                    let answer = match kind {
                        Kind::Sqlite => sqlite.prepare(statement).await.map(drop),
                        Kind::MySql => mysql.prepare(statement).await.map(drop),
                    };
                    let exception = FOR_SQLITE
                        .iter()
                        .find(|(file, part, _)| *file == text.file && sql.contains(*part));
                    match (answer, exception) {
                        (Err(_), Some((file, part, _))) if kind == Kind::MySql => {
                            only_sqlite.insert((*file, *part));
                        }
                        (Err(error), _) => {
                            wrongs.push(format!("{text}, {kind:?}: {error}\n    {sql}"));
                        }
                        (Ok(()), _) => {}
                    }
                }
            }
        }
    });
    for (file, name, _) in PARTS {
        if !used.contains(&(*file, *name)) {
            wrongs.push(format!("PARTS: no statement of {file} has {{{name}}} any more"));
        }
    }
    for (file, part, _) in FOR_SQLITE {
        if !only_sqlite.contains(&(*file, *part)) {
            wrongs.push(format!(
                "FOR_SQLITE: {file} has no statement with {part:?} that MySQL refuses"
            ));
        }
    }
    assert!(wrongs.is_empty(), "\n{}\n", wrongs.join("\n"));
    assert!(prepared > 200, "only {prepared} statements were found");
}

/// The texts in a source: each with whether it is a format string, and its only kind of database.
fn found(source: &str) -> Vec<(String, bool, Option<Kind>)> {
    let mut sources = Sources::default();
    sources.add("server/db/one.rs", source);
    sources.texts.into_iter().map(|text| (text.text, text.is_format, text.only)).collect()
}

#[test]
fn a_statement_is_found_wherever_it_stands() {
    for (source, is_format, only) in [
        (r#"fn a() { query("SELECT 1"); }"#, false, None),
        (r#"const A: &str = "SELECT 1";"#, false, None),
        (r##"fn a() { on_reader!(self, pool => query(r#"SELECT 1"#)); }"##, false, None),
        (r#"fn a() { AssertSqlSafe(format!("SELECT 1")) }"#, true, None),
        (r#"fn a(one: &mut SqliteConnection) { query("SELECT 1") }"#, false, Some(Kind::Sqlite)),
        (
            r#"impl MySqlDatabase { async fn a(&self) { query("SELECT 1") } }"#,
            false,
            Some(Kind::MySql),
        ),
        (
            r#"impl SessionStore for DatabaseSessionStore { fn a() { b("SELECT 1") } }"#,
            false,
            Some(Kind::Sqlite),
        ),
        (r#"fn a() { match b { Dialect::MySql => { c("SELECT 1") } } }"#, false, Some(Kind::MySql)),
        (
            r#"fn a() { match b { Database::Sqlite(c) => d("SELECT 1"), e => f } }"#,
            false,
            Some(Kind::Sqlite),
        ),
        (r#"fn a() { match b { Dialect::Sqlite => c, _ => "SELECT 1" } }"#, false, None),
        ("fn a() { \"SELECT \\\n      1\" }", false, None),
    ] {
        assert_eq!(found(source), [("SELECT 1".to_owned(), is_format, only)], "{source}");
    }
}

#[test]
fn comments_and_tests_are_not_taken_for_statements() {
    for source in [
        "/// SELECT 1\nfn a() {}",
        "//! SELECT 1",
        "#[cfg(test)] mod tests { fn a() { b(\"SELECT 1\") } }",
    ] {
        assert!(found(source).is_empty(), "{source}");
    }
}
