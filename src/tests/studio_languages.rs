//! The studio in the languages of its authors.

use std::time::Duration;

use crate::harness::Client;
use crate::pictures::{post, post_json};
use crate::studio::{Studio, form, hidden, send};

/// The sentences of the studio in English that another language says in other words.
fn english_sentences() -> Vec<&'static str> {
    sentences(include_str!("../../locales/en/studio.ftl"))
}

/// The sentences of a file of texts, without those that have a variable.
pub fn sentences(source: &'static str) -> Vec<&'static str> {
    let texts = source.lines().filter_map(|line| line.split_once(" = ")).map(|(_, text)| text);
    let is_sentence =
        |text: &&str| text.contains(' ') && !text.contains('{') && !text.starts_with('/');
    texts.filter(is_sentence).collect()
}

fn island(client: &Client, function: &str, fields: &[(&str, &str)]) -> String {
    let answer = send(client, &format!("/api/islands/{function}"), fields);
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.text
}

#[test]
fn every_page_of_the_studio_is_whole_in_each_language() {
    let studio = Studio::open();
    let writer = studio.author("writer");
    let published = studio.write(&writer, "Aaa", "publish");
    let draft = studio.write(&writer, "Bbb", "save");
    let page = format!("/studio/{draft}");
    let later = form(&[
        ("title", "Bbb"),
        ("slug", "bbb"),
        ("markdown", "Ccc."),
        ("version", "1"),
        ("intent", "schedule"),
        ("published_at", "2999-11-24T18:30"),
    ]);
    assert_eq!(send(&writer, &page, &later).status, 303);
    let empty = studio.author("other");
    assert!(english_sentences().len() > 80);
    for (language, tag, nothing) in [
        ("ru", "lang=\"ru\"", "Пока ничего не написано"),
        ("zh", "lang=\"zh-Hans\"", "还没有写文章"),
        ("en", "lang=\"en\"", "Nothing written yet"),
    ] {
        let writer = writer.with("accept-language", language);
        let empty = empty.with("accept-language", language);
        assert!(empty.get("/studio").text.contains(nothing));
        let mut pages = vec![empty.get("/studio").text, empty.get("/studio/pictures").text];
        for path in [
            "/studio",
            "/studio?shelf=drafts",
            "/studio?shelf=scheduled&sort=views&q=bbb",
            "/studio?shelf=bin&done=bin",
            "/studio?q=nothing",
            "/studio/new",
            "/studio/pictures?added=2",
            &page,
            &format!("{page}?done=scheduled"),
            &format!("{page}/revisions"),
            &format!("{page}/revisions/1"),
            &format!("{page}/revisions/2"),
            &format!("/studio/{published}"),
        ] {
            let answer = writer.get(path);
            assert_eq!(answer.status, 200, "{path}");
            pages.push(answer.text);
        }
        for page in pages {
            assert!(page.contains(&format!("<html {tag}")), "{language}: {page}");
            assert!(page.contains("action=\"/language\""), "{language}");
            if language == "en" {
                continue;
            }
            for sentence in english_sentences() {
                assert!(!page.contains(sentence), "{language}: {sentence} in {page}");
            }
        }
    }
}

#[test]
fn a_rejected_article_says_why_in_the_authors_language() {
    let studio = Studio::open();
    let writer = studio.author("writer");
    let id = studio.write(&writer, "Taken", "save");
    let (title, summary) = ("x".repeat(201), "y".repeat(501));
    let tags = (0..11).map(|number| format!("tag {number}")).collect::<Vec<_>>().join(",");
    for (field, value, russian, chinese) in [
        ("title", "", "Статье нужен заголовок.", "文章需要标题。"),
        ("title", &title, "Заголовок может быть не длиннее 200 знаков.", "标题最多 200 个字符。"),
        (
            "summary",
            &summary,
            "Описание может быть не длиннее 500 знаков.",
            "摘要最多 500 个字符。",
        ),
        ("tags", &tags, "У статьи может быть не больше 10 тегов.", "一篇文章最多 10 个标签。"),
        ("slug", "A b", "не больше 120 знаков, например «a-b».", "例如“a-b”"),
        ("slug", "taken", "Этот адрес уже занят другой статьёй", "已有文章使用这个网址"),
        ("cover", "javascript:x", "Обложка — это адрес", "封面应为图片地址"),
    ] {
        let mut fields = form(&[("title", "Other"), ("markdown", "Typed."), ("intent", "save")]);
        fields.retain(|(name, _)| *name != field);
        fields.push((field, value));
        for (language, said) in [("ru", russian), ("zh", chinese)] {
            let answer = send(&writer.with("accept-language", language), "/studio/new", &fields);
            assert_eq!(answer.status, 422, "{field}={value}");
            assert!(answer.text.contains(said), "{field}: no {said} in {}", answer.text);
            assert!(!answer.text.contains("Please correct"), "{language}");
        }
    }
    let page = format!("/studio/{id}");
    let past = form(&[
        ("title", "Taken"),
        ("slug", "taken"),
        ("version", "1"),
        ("intent", "schedule"),
        ("published_at", "2001-01-01T00:00"),
    ]);
    let said = send(&writer.with("accept-language", "ru"), &page, &past).text;
    assert!(said.contains("Это время уже прошло: сейчас 20"), "{said}");
    assert!(said.contains("нажмите «Опубликовать сейчас»"), "{said}");
    let missing = writer.with("accept-language", "zh").get("/studio/999999");
    assert_eq!(missing.status, 404);
    assert!(missing.text.contains("没有这篇文章，或者它不是你的。"), "{}", missing.text);
}

#[test]
fn a_conflict_is_explained_in_the_authors_language() {
    let studio = Studio::open();
    let (writer, boss) = (studio.author("writer"), studio.author("boss"));
    let id = studio.write(&writer, "Contested", "publish");
    let page = format!("/studio/{id}");
    let fields = |text| {
        form(&[
            ("title", "Contested"),
            ("slug", "contested"),
            ("markdown", text),
            ("kind", "page"),
            ("version", "1"),
            ("intent", "save"),
        ])
    };
    assert_eq!(send(&boss, &page, &fields("The boss's line.")).status, 303);
    let russian = writer.with("accept-language", "ru");
    let answer = send(&russian, &page, &fields("The writer's line."));
    assert_eq!(answer.status, 409);
    let said = "Эта статья изменена пользователем A Reader. Ваш текст не потерян.";
    for part in [said, "удалено: ", "добавлено: ", "<h3>Текст</h3>", "Сохранённая версия"]
    {
        assert!(answer.text.contains(part), "no {part} in {}", answer.text);
    }
    for sentence in english_sentences() {
        assert!(!answer.text.contains(sentence), "{sentence} in {}", answer.text);
    }
    let bin = send(&russian, &format!("{page}/bin"), &[("version", "1")]);
    let said = "Эта статья изменена пользователем A Reader. Посмотрите на неё ещё раз";
    assert!(bin.status == 409 && bin.text.contains(said), "{}", bin.text);
    let restore = format!("{page}/revisions/1/restore");
    let chinese = writer.with("accept-language", "zh");
    let restored = send(&chinese, &restore, &[("version", "1")]);
    let said = "这篇文章已被 A Reader 修改。请再看一遍，然后再恢复这个版本。";
    assert!(restored.status == 409 && restored.text.contains(said), "{}", restored.text);

    // The same in what the editor asks while its author types.
    let article = id.to_string();
    let typed = [("article", article.as_str()), ("version", "1"), ("typed[title]", "Contested")];
    let kept = island(&russian, "studio-keep-draft", &typed);
    assert!(kept.contains("\"Эта статья изменена пользователем A Reader.\""), "{kept}");
    let editor = russian.get("/studio/new").text;
    assert!(editor.contains("Черновик сохранён · {time}"), "the island has its texts: {editor}");
    assert_eq!(hidden(&editor, "version"), "0");
}

#[test]
fn the_preview_is_in_the_language_of_the_editor_around_it() {
    let studio = Studio::open();
    studio.server.clock.advance(Duration::from_secs(1));
    let writer = studio.author("writer");
    let text = format!("# One\n\n## Two\n\n## Three\n\n{}", "<div>".repeat(500));
    let typed = [("article", "0"), ("typed[title]", "x"), ("typed[markdown]", text.as_str())];
    for (language, minutes, note) in [
        ("en", "1 min read", "nested more than 100 levels"),
        ("ru", "1 мин чтения", "вложена глубже 100 уровней"),
        ("zh", "阅读约 1 分钟", "嵌套超过 100 层"),
    ] {
        let html = island(&writer.with("accept-language", language), "studio-preview", &typed);
        assert!(html.contains(minutes) && html.contains(note), "{language}: {html}");
    }
}

#[test]
fn why_a_picture_was_refused_is_said_in_the_authors_language() {
    let studio = Studio::open();
    let writer = studio.author("writer");
    let chinese = writer.with("accept-language", "zh");
    let refused = post_json(&chinese, "x.png", b"<script>");
    assert_eq!((refused.status, refused.header("content-type")), (415, "application/problem+json"));
    assert_eq!(refused.json()["detail"], "x.png 不是 PNG、JPEG、GIF 或 WebP。");
    let page = post(&writer.with("accept-language", "ru"), &[("x.png", b"<script>")]).text;
    assert!(page.contains("x.png — не PNG, JPEG, GIF или WebP."), "{page}");
    let program = post_json(&writer, "x.png", b"<script>");
    assert_eq!(program.json()["detail"], "x.png isn't a PNG, JPEG, GIF or WebP.");
    let huge = writer.with("accept-language", "ru").with("accept", "application/json");
    let huge = huge.announce("POST", "/studio/pictures", 100_000_000);
    let said = "За одну загрузку можно отправить изображения общим размером до 10 МиБ.";
    assert_eq!((huge.status, huge.json()["detail"].as_str().unwrap()), (413, said));
}
