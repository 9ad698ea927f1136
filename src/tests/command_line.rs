//! The command line from a user's point of view.

use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Output, Stdio};

use crate::harness::{TestServer, binary, source};

fn output(command: &mut Command) -> Output {
    command.output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Asserts exit status 1, and one line on standard error that contains `said`.
#[track_caller]
fn assert_one_line(output: &Output, said: &str) {
    let error = text(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{error}");
    assert_eq!(error.trim_end().lines().count(), 1, "{error}");
    assert!(
        error.starts_with("tidemark: ") && error.contains(said),
        "{error:?} does not contain {said:?}"
    );
}

#[test]
fn every_command_has_help() {
    for command in [
        "",
        "serve",
        "health",
        "migrate",
        "seed",
        "import",
        "import-counts",
        "export",
        "backup",
        "restore",
        "user",
        "user add",
        "user passwd",
    ] {
        let output = output(binary().args(command.split_whitespace()).arg("--help"));
        assert!(output.status.success(), "{command}");
        assert!(
            text(&output.stdout).contains("Usage: tidemark"),
            "{command}: {}",
            text(&output.stdout)
        );
    }
}

#[test]
fn failures_are_reported_in_one_line() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", folder.path().join("blog.db").display());
    let with = |name: &str, value: &str, arguments: &[&str]| {
        output(binary().env("DATABASE_URL", &url).env(name, value).args(arguments))
    };
    assert_one_line(&with("TIDEMARK_VIEWS__WINDOW", "soon", &["serve"]), "views.window");
    assert_one_line(&with("TIDEMARK_VIEWS__WINDWO", "1m", &["serve"]), "windwo");
    assert_one_line(&with("DATABASE_URL", "mysql://localhost/blog", &["migrate"]), "database.url");
    assert_one_line(
        &with("DATABASE_URL", "sqlite:/proc/tidemark/blog.db", &["serve"]),
        "data folder",
    );
    assert_one_line(
        &with("A", "", &["serve", "--config", "/no/such/file.toml"]),
        "/no/such/file.toml",
    );
    assert_one_line(&with("A", "", &["import", "/no/such/folder"]), "/no/such/folder");
    assert_one_line(&with("A", "", &["import", folder.path().to_str().unwrap()]), "no articles");
    assert_one_line(&with("A", "", &["export", "/proc/tidemark"]), "/proc/tidemark");
    assert_one_line(&with("A", "", &["user", "passwd", "nobody"]), "nobody");
    assert_one_line(&with("A", "", &["user", "add", "Not A Name"]), "not-a-name");

    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    assert_one_line(&with("LEPTOS_SITE_ADDR", &address, &["serve"]), &address);

    let broken = folder.path().join("broken.toml");
    std::fs::write(&broken, "[site\n").unwrap();
    assert_one_line(
        &with("A", "", &["serve", "--config", broken.to_str().unwrap()]),
        "broken.toml",
    );
}

#[test]
fn a_command_goes_on_if_nobody_reads_what_it_prints() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", folder.path().join("blog.db").display());
    let mut command = binary();
    command.env("DATABASE_URL", &url).arg("migrate");
    let mut process = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(process.stdout.take());
    let output = process.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", text(&output.stderr));
}

#[cfg(target_os = "linux")]
#[test]
fn a_command_whose_output_cannot_be_written_fails_and_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", folder.path().join("blog.db").display());
    // Linux answers each write to this file as a full disk does.
    let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
    let output = output(binary().env("DATABASE_URL", &url).arg("migrate").stdout(full));
    assert_one_line(&output, "The output can't be written: No space left on device");
}

#[test]
fn a_server_in_an_empty_folder_needs_no_settings_and_prints_how_to_begin() {
    let folder = tempfile::tempdir().unwrap();
    let mut server = binary()
        .current_dir(folder.path())
        .env("LEPTOS_SITE_ADDR", "127.0.0.1:0")
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .arg("serve")
        .spawn()
        .unwrap();
    let lines = BufReader::new(server.stdout.as_mut().unwrap()).lines().take(2);
    let told = lines.map(Result::unwrap).collect::<Vec<_>>();
    let setup = told[1].rsplit(' ').next().unwrap();
    assert!(setup.starts_with("http://127.0.0.1:") && setup.contains("/setup?token="), "{told:?}");
    let page = ureq::get(setup).call().unwrap().body_mut().read_to_string().unwrap();
    assert!(page.contains("name=\"new_password\""), "{page}");
    assert!(folder.path().join("data/tidemark.db").is_file());
    server.kill().unwrap();
    server.wait().unwrap();
}

/// The library goes through these days one by one.
const ENDLESS: &str = "gantt\n excludes weekends\n A :a, 2000-01-01, 9999999999d\n";

#[test]
fn a_diagram_that_takes_too_much_time_or_memory_is_given_up() {
    let draw = |source: &str| {
        let mut process = binary()
            .arg("draw-diagram")
            .env("MIMALLOC_ARENA_RESERVE", "0")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        process.stdin.take().unwrap().write_all(source.as_bytes()).unwrap();
        let output = process.wait_with_output().unwrap();
        (output.status.success(), text(&output.stdout))
    };
    let (is_drawn, svg) = draw("flowchart LR\n A --> B");
    assert!(is_drawn && svg.starts_with("<svg") && svg.trim_end().ends_with("</svg>"), "{svg}");
    let group = |name: &str| (0..800).map(|id| format!("{name}{id}")).collect::<Vec<_>>().join("&");
    let label = "x".repeat(10_000);
    let large = format!("flowchart LR\n{}-->|{label}|{}", group("a"), group("b"));
    assert!(large.len() <= 20_000);
    for source in [ENDLESS, &large, "no diagram", ""] {
        assert_eq!(draw(source), (false, String::new()), "{source:.60}");
    }
}

#[test]
fn the_program_has_processes_draw_diagrams() {
    let folder = tempfile::tempdir().unwrap();
    let article = format!(
        "---\ntitle: Diagrams\ndate: 2026-01-01\n---\n```mermaid\nno diagram\n```\n\
         ```mermaid\npie\n \"A\" : 1\n```\n```mermaid\n{ENDLESS}```\n"
    );
    std::fs::write(folder.path().join("diagrams.md"), article).unwrap();
    let url = format!("sqlite:{}", folder.path().join("blog.db").display());
    let with = |arguments: &[&str]| {
        let mut command = binary();
        command.current_dir(folder.path()).env("DATABASE_URL", &url).args(arguments);
        command
    };
    let imported = output(&mut with(&["import", "."]));
    assert!(text(&imported.stdout).contains("1 new"), "{imported:?}");
    let mut server = with(&["serve"]).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(server.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
    let address = line.split_whitespace().find(|word| word.starts_with("http://")).unwrap();
    let article = format!("{}/articles/diagrams", address.trim_end_matches('/'));
    let page = ureq::get(&article).call().unwrap().body_mut().read_to_string().unwrap();
    server.kill().unwrap();
    server.wait().unwrap();
    assert_eq!(page.matches("src=\"data:image/svg+xml,").count(), 1, "{page}");
    assert!(page.contains("no diagram") && page.contains("9999999999d"), "{page}");
}

#[test]
fn health_says_whether_the_server_is_up() {
    let server = TestServer::start();
    let folder = tempfile::tempdir().unwrap();
    let ask = |address: &str| {
        output(binary().current_dir(folder.path()).env("LEPTOS_SITE_ADDR", address).arg("health"))
    };
    let address = server.url.strip_prefix("http://").unwrap();
    let well = ask(address);
    assert_eq!((well.status.code(), text(&well.stdout)), (Some(0), "ok\n".into()));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "it opens no database");
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let nobody = free.local_addr().unwrap().to_string();
    drop(free);
    assert_one_line(&ask(&nobody), &nobody);
}

#[test]
fn a_disabled_job_is_shown_as_off_and_doctor_says_what_that_costs() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", folder.path().join("blog.db").display());
    let off = ["FLUSH", "RECONCILE", "PRUNE", "RANKING"]
        .map(|job| (format!("TIDEMARK_JOBS__{job}"), "off"));
    let pictures = format!("file:{}", folder.path().join("pictures").display());
    let run = |arguments: &[&str]| {
        let mut command = binary();
        command
            .env("DATABASE_URL", &url)
            .env("TIDEMARK_PICTURES__URL", &pictures)
            .envs(off.clone());
        let output = output(command.args(arguments));
        assert!(output.status.success(), "{}", text(&output.stderr));
        text(&output.stdout)
    };
    let jobs = run(&["jobs"]);
    assert_eq!(
        jobs.lines().filter(|line| line.contains(" off            never ")).count(),
        5,
        "a backup is off by default: {jobs}"
    );
    let findings = run(&["doctor"]);
    for job in ["reconcile", "prune", "ranking"] {
        assert!(findings.contains(&format!("! jobs.{job} is off: ")), "{findings}");
    }
    assert!(
        !findings.contains("jobs.flush"),
        "without Redis there is nothing to flush: {findings}"
    );
    let refused = output(binary().env("DATABASE_URL", &url).args(["flush", "--every", "off"]));
    assert_eq!(refused.status.code(), Some(2));
    assert!(
        text(&refused.stderr).contains("a time span or a cron expression"),
        "{}",
        text(&refused.stderr)
    );
}

#[test]
fn doctor_prints_json_and_its_exit_status_says_whether_something_is_wrong() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", folder.path().join("blog.db").display());
    let file = folder.path().join("file");
    std::fs::write(&file, "").unwrap();
    let run = |pictures: &std::path::Path| {
        let mut command = binary();
        command.env("DATABASE_URL", &url);
        command.env("TIDEMARK_PICTURES__URL", format!("file:{}", pictures.display()));
        let output = output(command.args(["doctor", "--json"]));
        let json: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        (output.status.code(), json)
    };
    let (status, well) = run(&folder.path().join("pictures"));
    assert_eq!((status, &well["problems"]), (Some(0), &0.into()), "{well}");
    assert_eq!(well["version"], env!("CARGO_PKG_VERSION"));
    let findings = well["findings"].as_array().unwrap();
    let warnings = findings.iter().filter(|finding| finding["level"] == "warning").count();
    assert_eq!(well["warnings"], warnings);
    assert!(findings.iter().any(|finding| finding["level"] == "fact"), "{well}");
    // A folder below a file can't be written to.
    let (status, ill) = run(&file.join("pictures"));
    assert_eq!((status, &ill["problems"]), (Some(1), &1.into()), "{ill}");
}

#[test]
fn a_slow_request_is_logged_as_a_warning_without_what_was_searched() {
    use std::io::{BufRead, BufReader, Read};
    let folder = tempfile::tempdir().unwrap();
    let mut child = binary()
        .env("DATABASE_URL", format!("sqlite:{}", folder.path().join("blog.db").display()))
        .env("TIDEMARK_SERVER__SLOW_PAGE", "1ms")
        .env("RUST_LOG", "warn")
        .arg("serve")
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let url = line.split_whitespace().find(|word| word.starts_with("http://")).unwrap();
    // The hash of a password takes longer than a millisecond.
    let agent: ureq::Agent =
        ureq::Agent::config_builder().http_status_as_error(false).max_redirects(0).build().into();
    let form = [("username", "jo"), ("password", "not-the-password")];
    let answer = agent.post(format!("{url}/login?next=%2Funmistakable")).send_form(form).unwrap();
    assert_eq!(answer.status(), 422);
    child.kill().unwrap();
    let mut log = String::new();
    child.stderr.take().unwrap().read_to_string(&mut log).unwrap();
    child.wait().unwrap();
    let slow: Vec<&str> = log.lines().filter(|line| line.contains("slow request")).collect();
    assert!(slow.iter().any(|line| line.contains("/login")), "{log}");
    assert!(
        !slow.concat().contains("unmistakable") && !slow.concat().contains("127.0.0.1"),
        "{log}"
    );
}

#[test]
fn a_data_folder_that_is_read_only_is_named() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    std::fs::create_dir(&data).unwrap();
    std::fs::set_permissions(&data, std::fs::Permissions::from_mode(0o555)).unwrap();
    if std::fs::write(data.join("probe"), "").is_ok() {
        eprintln!("skipped: this user may write to every folder, so none is read-only");
        return;
    }
    let url = format!("sqlite:{}", data.join("blog.db").display());
    assert_one_line(&output(binary().env("DATABASE_URL", url).arg("serve")), "data folder");
}

#[test]
fn a_database_from_a_newer_version_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", folder.path().join("blog.db").display());
    assert!(output(binary().env("DATABASE_URL", &url).arg("migrate")).status.success());
    tokio::runtime::Runtime::new().unwrap().block_on(async {
        let pool = sqlx::SqlitePool::connect(&url).await.unwrap();
        sqlx::query(
            "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
             VALUES (9999, 'from the future', true, x'00', 0)",
        )
        .execute(&pool)
        .await
        .unwrap();
        pool.close().await;
    });
    for command in ["serve", "migrate", "seed"] {
        assert_one_line(&output(binary().env("DATABASE_URL", &url).arg(command)), "newer version");
    }
}

#[test]
fn an_import_with_bad_files_names_them_and_fails() {
    let folder = tempfile::tempdir().unwrap();
    let blog = folder.path().join("blog");
    std::fs::create_dir(&blog).unwrap();
    std::fs::write(blog.join("good.md"), source("good", "", "x").text).unwrap();
    std::fs::write(blog.join("bad.md"), "no front matter").unwrap();
    let url = format!("sqlite:{}", folder.path().join("blog.db").display());
    let result = output(binary().env("DATABASE_URL", &url).arg("import").arg(&blog));
    assert_eq!(result.status.code(), Some(1));
    assert!(text(&result.stdout).contains("bad.md: line 1: "), "{}", text(&result.stdout));
    assert!(text(&result.stdout).contains("1 new"), "{}", text(&result.stdout));
    std::fs::remove_file(blog.join("bad.md")).unwrap();
    let result = output(binary().env("DATABASE_URL", &url).arg("import").arg(&blog));
    assert!(result.status.success());
    assert!(text(&result.stdout).contains("1 unchanged"), "{}", text(&result.stdout));
}

#[test]
fn a_new_users_password_is_printed_once() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", folder.path().join("blog.db").display());
    let user =
        |arguments: &[&str]| output(binary().env("DATABASE_URL", &url).arg("user").args(arguments));
    let added = user(&["add", "jo", "--name", "Jo Doe", "--role", "admin"]);
    assert!(added.status.success(), "{}", text(&added.stderr));
    let password = text(&added.stdout).lines().nth(1).unwrap().trim().to_owned();
    assert_eq!(password.len(), 24);
    assert_one_line(&user(&["add", "jo"]), "already");
    let again = user(&["passwd", "jo"]);
    assert!(again.status.success() && !text(&again.stdout).contains(&password));
}
