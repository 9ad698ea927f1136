//! Whatever happens there and here between two imports, nothing is lost.

use super::*;

/// Something that happens to one of the articles of a blog.
#[derive(Clone, Copy, Debug)]
enum Event {
    EditedThere,
    RenamedThere,
    EditedHere,
    RenamedHere,
    DeletedHere,
    Imported,
}

/// An article as it should be.
#[derive(Clone, Debug)]
struct Model {
    /// The text and the slug in the file.
    there: (String, String),
    /// The text and the slug here.
    here: (String, String),
    is_deleted: bool,
    is_changed_here: bool,
    /// What was in the file when it was last imported.
    imported: (String, String),
}

fn events() -> impl Strategy<Value = Vec<(usize, Event)>> {
    let event = prop::sample::select(vec![
        Event::EditedThere,
        Event::RenamedThere,
        Event::EditedHere,
        Event::RenamedHere,
        Event::DeletedHere,
        Event::Imported,
        Event::Imported,
    ]);
    prop::collection::vec((0..3_usize, event), 1..16)
}

/// Where the articles come from.
#[derive(Clone, Copy, Debug)]
enum Origin {
    /// A file for each.
    Files,
    /// One file of WordPress.
    WordPress,
    /// One file of Ghost.
    Ghost,
}

impl Origin {
    /// Writes the articles. Each is a text and a slug.
    fn write(self, blog: &Path, articles: &[(String, String)]) {
        let date = |number: usize| format!("2020-01-0{}", number + 1);
        let articles = articles.iter().enumerate();
        match self {
            Origin::Files => {
                for (number, (text, slug)) in articles {
                    let date = date(number);
                    let front = format!("title: Post {number}\nslug: {slug}\ndate: {date}");
                    let text = format!("---\n{front}\n---\n{text}");
                    site(blog, &[(&format!("{number}.md"), &text)]);
                }
            }
            Origin::WordPress => {
                let items: Vec<String> = articles
                    .map(|(number, (text, slug))| {
                        let title = format!("Post {number}");
                        let id = u32::try_from(number).unwrap() + 1;
                        Post { id, slug, title: &title, text, more: "" }.item("https://a.example")
                    })
                    .collect();
                std::fs::create_dir_all(blog).unwrap();
                wordpress(blog, "https://a.example", &items);
            }
            Origin::Ghost => {
                let posts: Vec<serde_json::Value> = articles
                    .map(|(number, (text, slug))| {
                        serde_json::json!({
                            "id": format!("64a{number}"),
                            "title": format!("Post {number}"),
                            "slug": slug,
                            "html": format!("<p>{}</p>", text.trim()),
                            "type": "post",
                            "status": "published",
                            "visibility": "public",
                            "published_at": format!("{}T11:00:00.000Z", date(number)),
                        })
                    })
                    .collect();
                let blog_of_ghost = serde_json::json!({
                    "db": [{ "meta": { "exported_on": 1, "version": "5.0.0" }, "data": { "posts": posts } }]
                });
                site(blog, &[("blog.json", &blog_of_ghost.to_string())]);
            }
        }
    }

    /// What is imported.
    fn source(self, blog: &Path) -> PathBuf {
        match self {
            Origin::Files => blog.to_owned(),
            Origin::WordPress => blog.join("blog.xml"),
            Origin::Ghost => blog.join("blog.json"),
        }
    }

    /// Whether a line of the report is about this article.
    fn is_about(self, file: &str, number: usize) -> bool {
        match self {
            Origin::Files => file == format!("{number}.md"),
            Origin::WordPress => file.starts_with(&format!("blog.xml, post {} ", number + 1)),
            Origin::Ghost => file.starts_with(&format!("blog.json, post 64a{number} ")),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 36, ..ProptestConfig::default() })]

    #[test]
    fn no_edit_is_lost_and_no_article_comes_twice_whatever_happens_here_and_there(
        origin in prop::sample::select(vec![Origin::Files, Origin::WordPress, Origin::Ghost]),
        events in events(),
    ) {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(live_through(origin, events));
    }
}

/// Lets the events happen to a blog of three articles, and compares it with what it should be.
async fn live_through(origin: Origin, events: Vec<(usize, Event)>) {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", folder.path().join("blog.db").display());
    let database = Database::open(&url).await.unwrap();
    let clock = Clock::manual(NOON.parse().unwrap());
    let blog = folder.path().join("blog");
    let user =
        database.add_user("admin", "Admin", Role::Admin, None, Millis(0)).await.unwrap().unwrap();
    let actor = Actor { id: user, credential: 0, role: Role::Admin };
    let write = |models: &[Model]| {
        let articles: Vec<_> = models.iter().map(|model| model.there.clone()).collect();
        origin.write(&blog, &articles);
    };
    let mut models = Vec::new();
    for number in 0..3 {
        let first = ("text 0\n".to_owned(), format!("post{number}"));
        models.push(Model {
            there: first.clone(),
            here: first.clone(),
            is_deleted: false,
            is_changed_here: false,
            imported: first,
        });
    }
    write(&models);
    let source = origin.source(&blog);
    let import = async || Import::new(&database, &clock).source(&source).await.unwrap();
    import().await;
    let ids: Vec<ArticleId> =
        database.known_articles().await.unwrap().into_iter().map(|one| one.id).collect();
    for (step, (number, event)) in events.into_iter().enumerate() {
        let model = &mut models[number];
        let id = ids[number];
        match event {
            Event::EditedThere => {
                model.there.0 = format!("there {step}\n");
                write(&models);
            }
            Event::RenamedThere => {
                model.there.1 = format!("there{step}x{number}");
                write(&models);
            }
            Event::EditedHere | Event::RenamedHere if !model.is_deleted => {
                let stored = database.editable(id).await.unwrap().unwrap();
                let mut fields = stored.fields;
                match event {
                    Event::EditedHere => fields.markdown = format!("here {step}\n"),
                    _ => fields.slug = format!("here{step}x{number}"),
                }
                model.here = (fields.markdown.clone(), fields.slug.clone());
                model.is_changed_here = true;
                let form = EditorForm::default();
                database
                    .save_article(id, stored.version, &fields, actor, &form, Millis(1))
                    .await
                    .unwrap();
            }
            Event::DeletedHere => {
                let stored = database.editable(id).await.unwrap().unwrap();
                database.set_deleted(id, stored.version, true, actor, Millis(1)).await.unwrap();
                (model.is_deleted, model.is_changed_here) = (true, true);
            }
            Event::EditedHere | Event::RenamedHere => {}
            Event::Imported => {
                let report = import().await;
                assert_eq!((report.created, report.refused().len()), (0, 0), "{report:#?}");
                for (number, model) in models.iter_mut().enumerate() {
                    let is_changed_there = model.there != model.imported;
                    let left = report.with(Fate::Left);
                    let is_left = left.iter().any(|entry| origin.is_about(&entry.file, number));
                    if !model.is_changed_here {
                        model.here = model.there.clone();
                        model.imported = model.there.clone();
                    }
                    assert_eq!(is_left, is_changed_there && model.is_changed_here, "{report:#?}");
                }
            }
        }
        let known = database.known_articles().await.unwrap();
        assert_eq!(known.len(), 3, "no article comes twice");
        for (number, model) in models.iter().enumerate() {
            let stored = database.editable(ids[number]).await.unwrap().unwrap();
            assert_eq!((stored.fields.markdown, stored.fields.slug), model.here.clone());
            assert_eq!(stored.deleted_at.is_some(), model.is_deleted);
        }
    }
}
