//! Checks which part of the program may import which: imports only point down. They are read from
//! the sources. Between crates, the compiler enforces most of this.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};

/// The layers of the program, top first, and the modules ("rooms") in each. A room includes all
/// modules below it, except those listed as rooms of their own. It may import rooms of lower
/// layers, but no other room of its own layer.
const FLOORS: &[&[&str]] = &[
    &["server::cli"],
    &["server::lifecycle"],
    &["server::http"],
    &["server::parts"],
    &["shell"],
    &["pages"],
    &["editor"],
    &["api"],
    &["components"],
    &["server::state"],
    &["server::reading"],
    &["server::request"],
    // The services: every server module without a room of its own.
    &["server"],
    &["server::content"],
    &["server::db"],
    &["text"],
    &["model", "draft"],
    &["error"],
    // What an error says.
    &["message"],
    &["model::language"],
];

/// The crates below the program, and which of the others each may use. Cargo rejects cycles; this
/// also rejects an acyclic dependency that points up.
const CRATES: &[(&str, &[&str])] = &[
    ("content", &[]),
    ("counting", &["tidemark-store"]),
    ("servers", &[]),
    ("store", &[]),
    ("stream", &["tidemark-counting", "tidemark-store"]),
];

/// Crates that only the program may use.
const FRAMEWORKS: &[&str] = &["axum", "hyper", "leptos", "tower"];

/// Crates that `content` may not use either: its functions are pure.
const INPUT_AND_OUTPUT: &[&str] = &["object_store", "redis", "reqwest", "sqlx", "tokio"];

/// Rooms that only one file outside them may import.
const DOORS: &[(&str, &str)] = &[("server::http", "server/lifecycle.rs")];

/// Folders whose modules must not import each other in a circle. Missing is `src/server/http`,
/// where the table of routes names the handlers, and handlers look up routes.
const FOLDERS: &[&str] = &[
    "crates/content/src",
    "crates/counting/src",
    "crates/servers/src",
    "crates/store/src",
    "crates/stream/src",
    "src/server",
    "src/server/content",
    "src/server/db",
    "src/server/jobs",
    "src/server/request",
];

/// A path in the code that leads into this crate.
#[derive(Debug, PartialEq)]
struct Import {
    line: usize,
    path: Vec<String>,
}

/// Finds every path into this crate, in `use` items and elsewhere. `module` is the module path of
/// the file itself.
fn imports(source: &str, module: &[String]) -> Vec<Import> {
    let mut found = Vec::new();
    let tokens: TokenStream = source.parse().expect("Rust");
    collect(tokens, module, &mut found);
    found
}

fn collect(tokens: TokenStream, module: &[String], found: &mut Vec<Import>) {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    let mut at = 0;
    while at < tokens.len() {
        match &tokens[at] {
            TokenTree::Ident(word) if word == "mod" => {
                if let [TokenTree::Ident(name), TokenTree::Group(body), ..] = &tokens[at + 1..] {
                    let mut inner = module.to_vec();
                    inner.push(name.to_string());
                    collect(body.stream(), &inner, found);
                    at += 2;
                }
                at += 1;
            }
            TokenTree::Ident(word)
                if (word == "crate" || word == "super") && is_separator(&tokens[at + 1..]) =>
            {
                let path = if word == "crate" { vec![] } else { parent(module) };
                at = follow(&tokens, at + 3, path, found);
            }
            TokenTree::Group(group) => {
                if !is_visibility(group) {
                    collect(group.stream(), module, found);
                }
                at += 1;
            }
            _ => at += 1,
        }
    }
}

/// Records the path that starts at the token `at`; braces split it into several. Returns the index
/// of the first token after it.
fn follow(
    tokens: &[TokenTree],
    mut at: usize,
    mut path: Vec<String>,
    found: &mut Vec<Import>,
) -> usize {
    let line = |token: &TokenTree| token.span().start().line;
    loop {
        match tokens.get(at) {
            Some(TokenTree::Ident(word)) => {
                match word.to_string().as_str() {
                    "super" => path = parent(&path),
                    "self" => {}
                    name => path.push(name.to_owned()),
                }
                at += 1;
                if !is_separator(&tokens[at..]) {
                    found.push(Import { line: line(&tokens[at - 1]), path });
                    return at;
                }
                at += 2;
            }
            Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Brace => {
                let inner: Vec<TokenTree> = group.stream().into_iter().collect();
                for one in inner.split(
                    |token| matches!(token, TokenTree::Punct(punct) if punct.as_char() == ','),
                ) {
                    if !one.is_empty() {
                        follow(one, 0, path.clone(), found);
                    }
                }
                return at + 1;
            }
            // `*`, or the `<` of a turbofish.
            Some(other) => {
                found.push(Import { line: line(other), path });
                return at;
            }
            None => return at,
        }
    }
}

fn is_separator(tokens: &[TokenTree]) -> bool {
    let is_colon =
        |token: &TokenTree| matches!(token, TokenTree::Punct(punct) if punct.as_char() == ':');
    tokens.len() >= 2 && tokens[..2].iter().all(is_colon)
}

/// Whether a group is the `(in …)` of a `pub(in crate::server)`, which imports nothing.
fn is_visibility(group: &Group) -> bool {
    matches!(group.stream().into_iter().next(), Some(TokenTree::Ident(word)) if word == "in")
}

fn parent(module: &[String]) -> Vec<String> {
    module[..module.len().saturating_sub(1)].to_vec()
}

fn is_within(path: &[String], room: &str) -> bool {
    let room: Vec<&str> = room.split("::").collect();
    path.len() >= room.len() && path.iter().zip(&room).all(|(one, other)| one == other)
}

/// The most specific room that contains a path, and its layer, where 0 is the top.
fn room(path: &[String]) -> Option<(usize, &'static str)> {
    let rooms = FLOORS
        .iter()
        .enumerate()
        .flat_map(|(floor, rooms)| rooms.iter().map(move |room| (floor, *room)));
    rooms.filter(|(_, room)| is_within(path, room)).max_by_key(|(_, room)| room.len())
}

/// The forbidden imports of a file, one message each.
fn wrongs(file: &str, source: &str) -> Vec<String> {
    let module = file.trim_end_matches(".rs").split('/').map(str::to_owned).collect::<Vec<_>>();
    let Some((floor, from)) = room(&module) else {
        return vec![format!("{file}: it is in no room of FLOORS")];
    };
    let wrong = |import: Import| {
        let name = import.path.join("::");
        let Some((other, to)) = room(&import.path) else {
            return Some(format!("{file}:{}: {name} is in no room of FLOORS", import.line));
        };
        let door = DOORS
            .iter()
            .find(|(room, _)| *room == to)
            .filter(|(_, may)| from != to && *may != file);
        if let Some((_, may)) = door {
            return Some(format!("{file}:{}: {name}: only {may} may import {to}", import.line));
        }
        (from != to && floor >= other).then(|| {
            format!(
                "{file}:{}: {name}: {from} may not import {to}, which is not below it",
                import.line
            )
        })
    };
    imports(source, &module).into_iter().filter_map(wrong).collect()
}

/// Collects the Rust files below a folder, as paths relative to it.
pub fn files(folder: &Path, prefix: &str, found: &mut BTreeSet<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        let name = format!("{prefix}{}", entry.file_name().into_string().unwrap());
        if entry.file_type().unwrap().is_dir() {
            files(&entry.path(), &format!("{name}/"), found);
        } else if name.ends_with(".rs") {
            found.insert(name);
        }
    }
}

#[test]
fn imports_only_go_down() {
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut all = BTreeSet::new();
    files(&sources, "", &mut all);
    // Skip the tests, the torture test and the benchmarks, which may import everything, and the
    // crate roots, which name the program's parts and little more.
    let others = ["tests/", "torture/", "bench/", "main.rs", "lib.rs"];
    all.retain(|file| !others.iter().any(|other| file.starts_with(other)));
    assert!(all.len() > 100, "{all:?}");
    let wrongs: Vec<String> = all
        .iter()
        .flat_map(|file| wrongs(file, &fs::read_to_string(sources.join(file)).unwrap()))
        .collect();
    assert!(wrongs.is_empty(), "\n{}\n", wrongs.join("\n"));
}

/// Which module of a folder imports which other one, from the sources below that folder. `folder`
/// is the folder's own module path. Tests may import what they like.
fn neighbours(
    folder: &[String],
    sources: &BTreeMap<String, String>,
) -> BTreeMap<String, BTreeSet<String>> {
    let mut neighbours = BTreeMap::<String, BTreeSet<String>>::new();
    for (file, source) in sources.iter().filter(|(file, _)| !file.ends_with("tests.rs")) {
        let module: Vec<String> =
            file.trim_end_matches(".rs").split('/').map(str::to_owned).collect();
        let own = module[0].clone();
        let module = [folder, &module].concat();
        let source = source.split("#[cfg(test)]\nmod tests").next().unwrap_or_default();
        let others = imports(source, &module).into_iter().filter_map(|import| {
            let inside = import.path.strip_prefix(folder)?;
            inside.first().filter(|other| **other != own).cloned()
        });
        neighbours.entry(own.clone()).or_default().extend(others);
    }
    neighbours
}

/// Modules that import each other in a circle: what is left after those are taken away, again and
/// again, that import none of the others or that none of the others imports.
fn circle(mut neighbours: BTreeMap<String, BTreeSet<String>>) -> BTreeSet<String> {
    loop {
        let all: BTreeSet<String> = neighbours.keys().cloned().collect();
        let imported: BTreeSet<String> = neighbours.values().flatten().cloned().collect();
        neighbours.retain(|module, others| {
            others.retain(|other| all.contains(other));
            !others.is_empty() && imported.contains(module)
        });
        if neighbours.len() == all.len() {
            return all;
        }
    }
}

#[test]
fn no_modules_of_a_folder_import_each_other_in_a_circle() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for folder in FOLDERS {
        let mut names = BTreeSet::new();
        files(&root.join(folder), "", &mut names);
        names.retain(|name| !matches!(name.as_str(), "lib.rs" | "main.rs"));
        assert!(names.len() > 3, "{folder}: {names:?}");
        let read = |name: String| {
            let source = fs::read_to_string(root.join(folder).join(&name)).unwrap();
            (name, source)
        };
        let sources = names.into_iter().map(read).collect();
        let module = folder.split("src").nth(1).unwrap_or_default();
        let module: Vec<String> =
            module.split('/').filter(|part| !part.is_empty()).map(str::to_owned).collect();
        let circle = circle(neighbours(&module, &sources));
        assert!(circle.is_empty(), "{folder}: {circle:?}");
    }
}

#[test]
fn a_circle_of_imports_is_found_however_long_it_is() {
    let server = ["server".to_owned()];
    let of = |sources: &[(&str, &str)]| {
        let sources = sources.iter().map(|(file, source)| ((*file).into(), (*source).into()));
        circle(neighbours(&server, &sources.collect()))
    };
    let long = [
        ("a.rs", "use super::b::B;"),
        ("b/inner.rs", "use crate::server::{c::C, d};"),
        ("c.rs", "fn c() { super::a::a() }"),
        ("d.rs", "use crate::model::page::Page;"),
        ("e.rs", "use super::a::A;"),
    ];
    assert_eq!(of(&long), ["a", "b", "c"].map(str::to_owned).into());
    let none = [
        ("a.rs", "use super::b::B; use crate::model::a;"),
        ("b.rs", "use crate::b::B;\n#[cfg(test)]\nmod tests { use super::super::a::A; }"),
        ("b/tests.rs", "use super::super::a::A;"),
    ];
    assert_eq!(of(&none), BTreeSet::new());
}

#[test]
fn an_upward_import_is_found_however_it_is_written() {
    for (file, source) in [
        ("pages/home.rs", "use crate::server::http::router::router;"),
        (
            "pages/home.rs",
            "\n\nfn page() { view! { <p title=crate::server::http::files::NAME>{x}</p> } }",
        ),
        (
            "server/db/users.rs",
            "use crate::{error::Error, server::{db::Database, content::import}};",
        ),
        ("server/db/users.rs", "mod tests { use super::super::super::content::import; }"),
        ("server/db.rs", "use super::content::*;"),
        (
            "server/request/forms.rs",
            "pub(crate) type Answer = super::super::http::form_page::Page;",
        ),
        ("server/cli.rs", "use super::http::router::router;"),
        ("server/parts.rs", "use super::http::router::router;"),
        ("server/studio.rs", "use super::state::AppState;"),
        ("components/diff.rs", "use crate::api::studio::preview;"),
        ("model/view.rs", "fn one() -> usize { crate::server::articles::count::<usize>() }"),
        ("new.rs", ""),
        ("error.rs", "use crate::new::Thing;"),
    ] {
        assert_eq!(wrongs(file, source).len(), 1, "{file}: {source}: {:?}", wrongs(file, source));
    }
    let wrong = wrongs(
        "pages/home.rs",
        "//! A page.\n\nuse crate::server::{\n    http::router,\n    request,\n};\n",
    );
    let told =
        "pages/home.rs:4: server::http::router: only server/lifecycle.rs may import server::http";
    assert_eq!(wrong, [told]);
}

#[test]
fn a_downward_import_is_accepted() {
    for (file, source) in [
        (
            "pages/home.rs",
            "// crate::server::http\nuse crate::server::request::{self, forms::SentForm}; const A: &str = \"crate::shell\";",
        ),
        ("server/lifecycle.rs", "use super::http::router::router;"),
        (
            "server/http/router.rs",
            "use super::routes; use crate::shell::document; pub(super) fn a() {} mod tests { use super::*; }",
        ),
        ("api/studio.rs", "use crate::components::article_body::ArticleBody;"),
        ("editor.rs", "use crate::api::studio::preview;"),
        ("server/db.rs", "pub(in crate::server) fn a() {}"),
        ("server/db.rs", "use tidemark_store::clock::Clock; use tidemark_content::pictures::Kind;"),
        ("server/reading.rs", "use super::articles::Articles; use super::request::identity;"),
    ] {
        assert_eq!(wrongs(file, source), Vec::<String>::new(), "{file}: {source}");
    }
}

#[test]
fn crates_use_only_crates_below_them_and_content_does_no_io() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("crates");
    let names: BTreeSet<String> = fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    assert!(
        names.iter().eq(CRATES.iter().map(|(name, _)| name)),
        "{names:?} are not those of CRATES"
    );
    for (name, below) in CRATES {
        let manifest = fs::read_to_string(folder.join(name).join("Cargo.toml")).unwrap();
        let manifest: toml::Table = toml::from_str(&manifest).unwrap();
        for dependency in manifest["dependencies"].as_table().unwrap().keys().map(String::as_str) {
            let is_ours = dependency.starts_with("tidemark");
            assert!(!is_ours || below.contains(&dependency), "{name} may not use {dependency}");
            assert!(!FRAMEWORKS.contains(&dependency), "{name} may not use {dependency}");
            assert!(
                *name != "content" || !INPUT_AND_OUTPUT.contains(&dependency),
                "{name} may not use {dependency}"
            );
        }
    }
}
