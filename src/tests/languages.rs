//! What readers, new users and administrators are told in their own language.

use std::time::Duration;

use tidemark::server::db::actor::Role;

use crate::harness::{Answer, Client, TestServer};
use crate::import_page::{act, left_by_a_killed_server, settled, site, upload, upload_with};
use crate::studio_languages::sentences;

const PASSWORD: &str = "a-good-password";

/// Checks that an answer is a page in a language, and that it says something.
fn assert_says(answer: &Answer, status: u16, language: &str, words: &[&str]) {
    assert_eq!(answer.status, status, "{}", answer.text);
    let tag = format!("<html lang=\"{language}\"");
    assert!(answer.text.contains(&tag), "not in {language}: {}", answer.text);
    for words in words {
        assert!(answer.text.contains(words), "no {words} in {}", answer.text);
    }
}

fn in_language<'a>(client: &Client<'a>, language: &str) -> Client<'a> {
    client.with("accept-language", language)
}

fn foreign<'a>(client: &Client<'a>) -> Client<'a> {
    client.with("sec-fetch-site", "cross-site")
}

#[test]
fn a_rejected_sign_up_says_what_to_change_in_the_readers_language() {
    let server = TestServer::with(&[("TIDEMARK_ACCOUNTS__SIGN_UP", "open")]);
    let chinese = in_language(&server.someone(), "zh-CN");
    assert_says(&chinese.get("/sign-up"), 200, "zh-Hans", &["注册后，你将是“Tidemark”的读者。"]);
    let body = "username=No+Name&name=&new_password=short";
    let refused = chinese.post("/sign-up", body);
    assert_says(
        &refused,
        422,
        "zh-Hans",
        &[
            "请更正下面标出的内容。",
            "“No Name”不能用作用户名：最多 40 个小写字母、数字和单个连字符，例如“no-name”。",
            "密码太短，至少要 10 个字符。",
            "value=\"No Name\"",
        ],
    );
    let russian = in_language(&server.someone(), "ru");
    assert_says(
        &russian.post("/sign-up", body),
        422,
        "ru",
        &["Пароль слишком короткий: нужно не меньше 10 символов."],
    );
    let english = server.someone().post("/sign-up", body);
    assert_says(
        &english,
        422,
        "en",
        &[
            "\"No Name\" can't be a user name: use at most 40 lower-case letters, digits and single hyphens, as in \
             \"no-name\".",
            "The password is too short: it needs at least 10 characters.",
        ],
    );
}

#[test]
fn a_sign_in_and_the_account_answer_in_the_users_language() {
    let server = TestServer::start();
    server.add_user("reader", PASSWORD);
    let russian = in_language(&server.someone(), "ru");
    let wrong = russian.post("/login", "username=reader&password=wrong");
    assert_says(&wrong, 422, "ru", &["Неверное имя пользователя или пароль."]);
    let guesser = in_language(&server.reader("203.0.113.7", "Guesser"), "ru");
    for _ in 0..5 {
        guesser.post("/login", "username=reader&password=wrong");
    }
    let throttled = guesser.post("/login", "username=reader&password=wrong");
    let words = "Слишком много попыток. Попробуйте через 1 секунду.";
    assert_says(&throttled, 429, "ru", &[words]);

    let reader = in_language(&server.someone().signed_in("reader", PASSWORD), "ru");
    let page = reader.get("/account");
    assert_says(&page, 200, "ru", &["Учётная запись", "читатель", "Этот браузер", "с <time"]);
    let refused = reader.post("/account/name", "name=a%0Ab");
    assert_says(&refused, 422, "ru", &["Имя должно быть одной строкой текста."]);
    assert_eq!(reader.post("/account/name", "name=Anna").status, 303);
    assert_says(&reader.get("/account?changed=name"), 200, "ru", &["Имя изменено."]);
    let refused = reader.post("/account/password", "password=wrong&new_password=another-password");
    assert_says(&refused, 422, "ru", &["Текущий пароль неверен."]);
}

#[test]
fn a_form_that_comes_back_after_the_session_ended_says_so_in_the_readers_language() {
    let server = TestServer::start();
    let chinese = in_language(&server.someone(), "zh");
    assert_says(
        &chinese.post("/articles/first/like", "like=true"),
        401,
        "zh-Hans",
        &["你已退出登录", "仍在这个页面上", "在新标签页登录</a>", "重新发送"],
    );
    let large = format!("title={}", "t".repeat(15 * 1024));
    let answer = in_language(&server.nobody(), "ru").post("/articles/first/like", &large);
    assert_says(&answer, 401, "ru", &["Вы вышли", "Введённое не потеряно"]);
}

#[test]
fn errors_for_people_are_in_their_language_and_errors_for_programs_in_english() {
    let server = TestServer::start();
    server.add_user("reader", PASSWORD);
    server.add_user_with_role("boss", PASSWORD, Role::Admin);
    let boss = server.someone().signed_in("boss", PASSWORD);
    let answer = boss.post("/settings/redirects", "version=1&lines=/gone+410");
    assert_eq!(answer.status, 303, "{}", answer.text);
    let reader = server.someone().signed_in("reader", PASSWORD);
    type Ask = fn(&Client) -> Answer;
    let asks: [(&Client, Ask, u16, &str, &str, &str); 8] = [
        (
            &reader,
            |reader| reader.get("/gone"),
            410,
            "What was at this address has been removed.",
            "То, что было по этому адресу, удалено.",
            "这个地址的内容已被移除。",
        ),
        (
            &foreign(&reader),
            |reader| reader.post("/articles/first/like", "like=true"),
            403,
            "This request came from another site and was refused.",
            "Этот запрос пришёл с другого сайта и отклонён.",
            "这个请求来自其他网站，已被拒绝。",
        ),
        (
            &reader,
            |reader| reader.get("/settings"),
            403,
            "Only users with the role admin can do this.",
            "Это могут делать только администраторы.",
            "只有管理员才能这样做。",
        ),
        (
            &reader,
            |reader| reader.post("/articles/first/like", "like=perhaps"),
            400,
            "The field like must be true or false.",
            "Поле like должно быть true или false.",
            "字段 like 必须是 true 或 false。",
        ),
        (
            &reader,
            |reader| reader.post("/articles/nothing/collect", "collect=true"),
            404,
            "There is no such article, or it is no longer published.",
            "Такой статьи нет, или она больше не опубликована.",
            "没有这篇文章，或者它已不再公开。",
        ),
        (
            &reader,
            |reader| reader.post("/authors/nobody/follow", "follow=true"),
            404,
            "There is no author with this name.",
            "Автора с таким именем нет.",
            "没有叫这个名字的作者。",
        ),
        (
            &reader,
            |reader| reader.request("DELETE", "/articles/first", ""),
            405,
            "This address does not accept this kind of request.",
            "Этот адрес не принимает такие запросы.",
            "这个地址不接受这样的请求。",
        ),
        (
            &reader,
            |reader| reader.get("/nothing"),
            404,
            "There is no page at this address. It may have moved, or the link has a typo.",
            "По этому адресу страницы нет.",
            "这个地址没有页面。",
        ),
    ];
    for (client, ask, status, english, russian, chinese) in asks {
        assert_says(&ask(client), status, "en", &[english]);
        for (language, tag, words, home) in
            [("ru", "ru", russian, "На главную"), ("zh", "zh-Hans", chinese, "返回首页")]
        {
            let answer = ask(&in_language(client, language));
            assert_says(&answer, status, tag, &[words, home]);
            // The page that the words are added to at the end has the headers of every page.
            let kind = "text/html; charset=utf-8";
            assert_eq!(answer.header("content-type"), kind, "{status}");
            assert!(answer.header("content-security-policy").contains("style-src"), "{status}");
            assert_eq!(answer.headers.get_all("content-security-policy").iter().count(), 1);
        }
    }
    let packed = in_language(&server.someone(), "ru").with("accept-encoding", "gzip").get("/gone");
    assert_says(&packed, 410, "ru", &["удалено"]);

    let program = in_language(&server.someone(), "ru");
    let problem = program.get("/api/v1/articles/999999");
    assert_eq!(problem.json()["detail"], "There is no published article 999999.");
    let refused = foreign(&program).request("PUT", "/api/islands/set-like", "article=1&like=true");
    assert!(refused.text.contains("came from another site"), "{}", refused.text);
    // A page's script shows what it is told.
    let told = in_language(&reader, "ru").with("content-type", "application/x-www-form-urlencoded");
    let told = told.request("PUT", "/api/islands/set-follow", "username=nobody&follow=true");
    assert_eq!(told.status, 404, "{}", told.text);
    assert_eq!(told.json()["NotFound"], "Автора с таким именем нет.");
}

#[test]
fn the_first_administrator_is_made_in_any_language() {
    let server = TestServer::start();
    let token = server.run(server.accounts.open_setup()).unwrap().unwrap();
    let russian = in_language(&server.someone(), "ru");
    assert_says(&russian.get("/setup"), 200, "ru", &["Создать администратора", "Токен"]);
    let body = |token: &str| format!("token={token}&username=boss&name=&new_password={PASSWORD}");
    let refused = russian.post("/setup", &body("wrong"));
    assert_says(&refused, 422, "ru", &["Это не токен этого сервера."]);
    assert_eq!(russian.post("/setup", &body(&token)).status, 303);
    let closed = in_language(&server.someone(), "zh").get("/setup");
    assert_says(&closed, 404, "zh-Hans", &["这个博客已经有管理员了。"]);
}

#[test]
fn administrators_change_settings_and_users_in_their_language() {
    let server = TestServer::with(&[("TIDEMARK_ACCOUNTS__SIGN_UP", "invite")]);
    server.add_user_with_role("boss", PASSWORD, Role::Admin);
    let boss = server.someone().signed_in("boss", PASSWORD);
    let russian = in_language(&boss, "ru");
    for (path, words) in [
        ("/settings", "Подвал"),
        ("/settings/menu", "Ссылки в шапке"),
        ("/settings/redirects", "Старые адреса статей (1)"),
        ("/settings/import", "Загрузить и проверить"),
        ("/settings/health", "Предупреждений: "),
        ("/users", "Новый пользователь"),
    ] {
        assert_says(&russian.get(path), 200, "ru", &[words]);
    }
    for (path, lines, words) in [
        ("menu", "/about\nAbout about", "Строка 1: сначала напишите слова"),
        ("menu", "About about", "Строка 1: «about» — не адрес"),
        ("redirects", "/a /b\n/b /a", "Строка 1: /a ведёт по кругу."),
        ("redirects", "/a /b 200", "Строка 1: напишите «/old /new»"),
    ] {
        let body = format!("version=1&lines={}", lines.replace('\n', "%0A").replace(' ', "+"));
        let refused = russian.post(&format!("/settings/{path}"), &body);
        assert_says(&refused, 422, "ru", &[words]);
    }
    let refused = russian.post("/settings", &format!("version=1&title={}", "t".repeat(81)));
    assert_says(&refused, 422, "ru", &["Можно не больше 80 символов."]);
    assert_eq!(boss.post("/settings", "version=1&title=One").status, 303);
    let late = in_language(&boss, "zh").post("/settings", "version=1&title=Two");
    assert_says(&late, 409, "zh-Hans", &["有人改了设置", "（同设置文件）"]);

    let shown = russian.post("/users", "username=ann&name=Ann&role=author");
    assert_says(&shown, 200, "ru", &["ann может войти с этим паролем."]);
    let refused = russian.post("/users", "username=ann&name=Ann&role=author");
    assert_says(&refused, 422, "ru", &["Имя пользователя «ann» занято."]);
    let own = russian.post("/users/boss/role", "role=reader");
    assert_says(&own, 403, "ru", &["Свою роль снять нельзя"]);
    let invited = in_language(&boss, "zh").post("/users/invitations", "role=author");
    assert_says(&invited, 200, "zh-Hans", &["七天内用这个链接", "邀请的作者，有效期至"]);
    let unknown = in_language(&server.someone(), "zh").get("/sign-up?invitation=unknown");
    assert_says(&unknown, 403, "zh-Hans", &["这个邀请无效"]);
}

#[test]
fn what_is_not_translated_says_that_it_is_english() {
    let server = TestServer::start();
    server.add_user_with_role("boss", PASSWORD, Role::Admin);
    let boss = in_language(&server.someone().signed_in("boss", PASSWORD), "ru");
    let page = boss.get("/docs/api").text;
    assert!(page.contains("<html lang=\"en\""), "{page}");
    assert!(!page.contains("action=\"/language\""), "{page}");
}

/// Names, units, commands and files, which are the same in every language.
const NAMES: [&str; 28] = [
    "Astro",
    "Eleventy",
    "Ghost",
    "Hexo",
    "Hugo",
    "JSON",
    "Jekyll",
    "KiB",
    "MiB",
    "Obsidian",
    "Reader",
    "Tidemark",
    "WXR",
    "WordPress",
    "ZIP",
    "Zola",
    "blog",
    "boss",
    "data",
    "doctor",
    "form",
    "import",
    "mib",
    "multipart",
    "tidemark",
    "upload",
    "xml",
    "zip",
];

/// A page without the elements that say that they are in English.
fn without_english(page: &str) -> String {
    let (mut own, mut rest) = (String::new(), page);
    while let Some(at) = rest.find(" lang=\"en\"") {
        let start = rest[..at].rfind('<').unwrap();
        own.push_str(&rest[..start]);
        let name = rest[start + 1..at].split(' ').next().unwrap();
        rest = rest[at..].split_once(&format!("</{name}>")).unwrap().1;
    }
    own + rest
}

/// Checks that the main part of a page is whole in its language: that no English word is on it, but
/// for names and for what says that it is English.
fn assert_no_english(page: &str, what: &str) {
    let own = without_english(page);
    for source in
        [include_str!("../../locales/en/settings.ftl"), include_str!("../../locales/en/studio.ftl")]
    {
        for sentence in sentences(source) {
            assert!(!own.contains(sentence), "{what}: {sentence} in {own}");
        }
    }
    let main = own.split_once("<main").unwrap().1.split_once("</main>").unwrap().0;
    let texts = main.split('<').filter_map(|part| part.split_once('>')).map(|(_, text)| text);
    for word in texts.flat_map(|text| text.split(|char: char| !char.is_ascii_alphabetic())) {
        assert!(word.len() < 2 || NAMES.contains(&word), "{what}: {word:?} in {main}");
    }
}

#[test]
fn an_import_and_what_the_doctor_finds_are_whole_in_each_language() {
    let server = TestServer::start();
    server.add_user_with_role("boss", PASSWORD, Role::Admin);
    let boss = server.someone().signed_in("boss", PASSWORD);
    for (language, tag, words) in [
        (
            "ru",
            "ru",
            [
                "Предыдущая загрузка ещё не завершена.",
                "Что произойдёт при импорте",
                "Отклонено: 1",
                "Идёт импорт",
                "Импорт прерван",
                "Импорт завершён",
                "Этот файл нельзя импортировать",
                "<span class=\"status status-warning\">Внимание</span>",
            ],
        ),
        (
            "zh",
            "zh-Hans",
            [
                "之前的上传还没有处理完",
                "预计结果",
                "已拒绝：1",
                "正在导入",
                "导入已中断",
                "导入完成",
                "无法导入这个文件",
                "<span class=\"status status-warning\">警告</span>",
            ],
        ),
    ] {
        let [busy, rehearsed, refused, running, interrupted, done, failed, warning] = words;
        let boss = in_language(&boss, language);
        let check = |page: &str, words: &str| {
            assert!(page.contains(&format!("<html lang=\"{tag}\"")), "{language}: {page}");
            assert!(page.contains("action=\"/language\""), "{language}");
            assert!(page.contains(words), "{language}: no {words} in {page}");
            assert_no_english(page, language);
        };
        let health = boss.get("/settings/health").text;
        check(&health, warning);
        assert!(health.contains("<span lang=\"en\">Backup: none was made yet"), "{health}");
        check(&boss.get("/settings/import?cancelled=1").text, "role=\"status\"");
        check(&upload(&boss, "", b"x").text, "id=\"upload-error\"");
        check(&boss.post("/settings/import", "upload=x").text, "id=\"upload-error\"");
        let huge = boss.announce("POST", "/settings/import", 1 << 40);
        assert_says(&huge, 413, tag, &["import.mib"]);
        assert_no_english(&huge.text, language);

        let fields = ["overwrites", "fetches"];
        assert_eq!(upload_with(&boss, &fields, "blog.zip", &site()).status, 303);
        let report = settled(&boss);
        check(&report, rehearsed);
        check(&report, refused);
        assert!(report.contains("<p lang=\"en\">Would import from blog.zip"), "{report}");
        assert!(report.contains("<span lang=\"en\">content/posts/broken.md"), "{report}");
        check(&upload(&boss, "blog.zip", &site()).text, busy);
        left_by_a_killed_server(&server);
        check(&boss.get("/settings/import").text, running);
        server.clock.advance(Duration::from_secs(61));
        check(&settled(&boss), interrupted);
        assert_eq!(act(&boss, "start", &report).status, 303);
        check(&settled(&boss), done);
        let twice = act(&boss, "start", &report);
        assert_eq!(twice.status, 409);
        check(&twice.text, done);

        assert_eq!(upload(&boss, "blog.xml", b"<html></html>").status, 303);
        let page = settled(&boss);
        check(&page, failed);
        assert!(page.contains("role=\"alert\" lang=\"en\""), "{page}");
        assert_eq!(act(&boss, "cancel", &page).status, 303);
    }
}
