//! How long readers and authors wait while a large blog is imported.

use std::fmt::Write;
use std::path::Path;
use std::process::Stdio;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tidemark_servers::{Redis, SqlServer};

use crate::Profile;
use crate::client::{binary, start, stop};

const POSTS: usize = 20_000;

/// The longest that a view or a save may wait.
const LONGEST_WAIT: Duration = Duration::from_secs(1);

const FIREFOX: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:139.0) Gecko/20100101 Firefox/139.0";

/// What somebody does again and again: how long each took, and how many were refused.
#[derive(Default)]
struct Times {
    all: Vec<Duration>,
    refused: usize,
}

impl Times {
    /// Calls `once`, which says whether it was answered well, until `is_over`.
    fn of(is_over: &AtomicBool, mut once: impl FnMut() -> bool) -> Self {
        let mut times = Self::default();
        while !is_over.load(Ordering::Relaxed) {
            let start = Instant::now();
            if !once() {
                times.refused += 1;
            }
            times.all.push(start.elapsed());
            // Readers and authors are no flood.
            std::thread::sleep(Duration::from_millis(5));
        }
        times
    }

    fn add(mut self, other: Self) -> Self {
        self.all.extend(other.all);
        self.refused += other.refused;
        self
    }

    fn print(mut self, what: &str) -> Duration {
        self.all.sort_unstable();
        let at = |place: usize| self.all[place.min(self.all.len() - 1)].as_secs_f64() * 1000.0;
        let number = self.all.len();
        println!(
            "{what:<6} {number:>8} {:>8} {:>7.1} ms {:>7.1} ms {:>7.0} ms",
            self.refused,
            at(number / 2),
            at(number * 99 / 100),
            at(number)
        );
        self.all[number - 1]
    }
}

/// Writes posts of about 3 kB.
fn write_posts(blog: &Path) {
    std::fs::create_dir(blog).expect("a folder");
    for number in 1..=POSTS {
        let mut text = format!(
            "+++\ntitle = \"Post {number}\"\nslug = \"post-{number}\"\ndate = 2020-01-01\ntags = [\"tag-{}\"]\n+++\n",
            number % 50
        );
        for part in 0..10 {
            let _ = write!(
                text,
                "\n## Part {part}\n\nThe *tide* of post {number} comes and goes, [as ever](https://example.org/{part}). {}\n\n- one\n- two\n",
                "Words that fill a line of the text. ".repeat(5)
            );
        }
        std::fs::write(blog.join(format!("post-{number}.md")), text).expect("a file");
    }
}

/// Imports a large blog into one that is read and written.
pub fn waits(profile: Profile) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let redis = (profile == Profile::Server).then(Redis::start);
    let mut settings = Vec::new();
    if let Some(redis) = &redis {
        settings.extend([
            ("DATABASE_URL", SqlServer::shared().new_database()),
            ("REDIS_URL", redis.url()),
        ]);
    }
    let run = |arguments: &[&str]| {
        let output = binary(folder.path(), &settings).args(arguments).output();
        let output = output.expect("the binary starts");
        assert!(output.status.success(), "{arguments:?}: {output:?}");
        String::from_utf8(output.stdout).expect("text")
    };
    run(&["seed"]);
    let added = run(&["user", "add", "writer"]);
    let password = added.lines().find_map(|line| line.strip_prefix("    ")).expect("a password");
    let blog = folder.path().join("blog");
    write_posts(&blog);
    let (server, address) = start(folder.path(), &settings);
    let agent = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .timeout_global(Some(Duration::from_secs(60)))
        .build()
        .new_agent();
    let post = |path: &str, cookie: &str, form: &str| {
        let request = agent.post(format!("http://{address}{path}"));
        let request = request.header("cookie", cookie).header("x-forwarded-for", "192.0.2.1");
        let request = request.content_type("application/x-www-form-urlencoded");
        request.send(form).expect("an answer")
    };
    let signed_in = post("/login", "", &format!("username=writer&password={}", password.trim()));
    let cookies = signed_in.headers().get_all("set-cookie").iter();
    let cookies = cookies.filter_map(|cookie| cookie.to_str().ok()?.split(';').next());
    let cookie = &cookies.collect::<Vec<_>>().join("; ");
    let form = "title=Mine&slug=mine&tags=&summary=&cover=&intent=save";
    let made = post("/studio/new", cookie, &format!("{form}&markdown=Text"));
    let place = made.headers()["location"].to_str().expect("text");
    let place = place.split('?').next().unwrap_or_default();

    let (is_over, visitor) = (AtomicBool::new(false), AtomicU64::new(1));
    let view = || {
        let [.., a, b, c] = visitor.fetch_add(1, Ordering::Relaxed).to_be_bytes();
        let request = agent.put(format!("http://{address}/api/v1/articles/1/view"));
        let request = request.header("x-forwarded-for", format!("10.{a}.{b}.{c}"));
        let answer = request.header("user-agent", FIREFOX).send_empty();
        answer.is_ok_and(|answer| answer.status() == 200)
    };
    let page = || {
        let answer = agent.get(format!("http://{address}/articles/first-steps")).call();
        answer.is_ok_and(|answer| answer.status() == 200)
    };
    let mut version = 1;
    let save = || {
        let text = format!("{form}&markdown=Text+{version}&version={version}");
        let answer = post(place, cookie, &text);
        let is_saved = answer.status() == 303;
        version += u64::from(is_saved);
        is_saved
    };
    let (views, pages, saves, took) = std::thread::scope(|scope| {
        let viewers: Vec<_> = (0..4).map(|_| scope.spawn(|| Times::of(&is_over, view))).collect();
        let readers: Vec<_> = (0..2).map(|_| scope.spawn(|| Times::of(&is_over, page))).collect();
        let author = scope.spawn(|| Times::of(&is_over, save));
        let began = Instant::now();
        let status = binary(folder.path(), &settings)
            .arg("import")
            .arg(&blog)
            .stdout(Stdio::null())
            .status();
        let took = began.elapsed();
        is_over.store(true, Ordering::Relaxed);
        assert!(status.expect("the binary starts").success(), "the posts were imported");
        let all = |threads: Vec<std::thread::ScopedJoinHandle<'_, Times>>| {
            let times = threads.into_iter().map(|thread| thread.join().expect("it finishes"));
            times.fold(Times::default(), Times::add)
        };
        (all(viewers), all(readers), author.join().expect("it finishes"), took)
    });
    println!("{profile:?} profile: {POSTS} posts were imported in {:.0} s", took.as_secs_f64());
    println!("           done  refused     median         p99     longest");
    let longest = [(views, "views"), (pages, "pages"), (saves, "saves")]
        .map(|(times, what)| (times.refused, times.print(what)));
    stop(server);
    for (refused, longest) in longest {
        assert!(refused == 0 && longest <= LONGEST_WAIT, "{refused} refused, {longest:?}");
    }
}
