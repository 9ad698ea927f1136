//! Starts servers and sends them requests.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use serde_json::Value;
use sqlx::Connection;
use tempfile::TempDir;
use tidemark::server::accounts::Accounts;
use tidemark::server::config::Config;
use tidemark::server::content::import::{Report, SourceFile, import};
use tidemark::server::db::Database;
use tidemark::server::db::actor::{Actor, Role};
use tidemark::server::doctor::Doctor;
use tidemark::server::jobs::{Job, Jobs};
use tidemark::server::lifecycle::Server;
use tidemark::server::state::Parts;
use tidemark::server::stores::Stores;
use tidemark::server::work::Work;
use tidemark_counting::UserId;
use tidemark_servers::{Redis, SqlServer};
use tidemark_store::clock::{Clock, Millis};
use tokio::runtime::Runtime;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

pub const FIREFOX: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:139.0) Gecko/20100101 Firefox/139.0";

/// How long a test waits for what should happen almost at once. On a busy machine a process may not
/// run for seconds, and a disk may take as long for a sync.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// Noon, so that a test can advance the clock by hours without crossing midnight by accident.
pub const NOON: &str = "2026-11-24T12:00:00Z";

/// Whether user-facing tests run on the server profile (`TIDEMARK_TEST_PROFILE=server`) instead of
/// the embedded one. `make unit` runs them on both.
pub fn is_server_profile() -> bool {
    std::env::var("TIDEMARK_TEST_PROFILE").is_ok_and(|profile| profile == "server")
}

/// A server with three articles and a stopped clock, which trusts 127.0.0.1 as a proxy. No
/// background job runs unless a test calls [`TestServer::job`].
pub struct TestServer {
    pub clock: Clock,
    pub config: Config,
    pub database: Database,
    pub stores: Stores,
    /// The running server's own accounts. `stores` was opened separately.
    pub accounts: Accounts,
    /// The running server's slots for searches.
    pub searches: Work,
    pub jobs: Jobs,
    pub doctor: Doctor,
    /// Holds the embedded profile's database and the pictures.
    pub folder: TempDir,
    /// Set in the server profile.
    pub redis: Option<Redis>,
    pub url: String,
    agent: ureq::Agent,
    runtime: Runtime,
    stop: CancellationToken,
}

#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: ureq::http::HeaderMap,
    /// The body as text, with U+FFFD for invalid UTF-8.
    pub text: String,
    pub bytes: Vec<u8>,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {}", self.text))
    }

    pub fn header(&self, name: &str) -> &str {
        // A sign-in sets two cookies. Skip the device cookie, which `device_cookie` returns.
        let mut values = self.headers.get_all(name).iter().map(|value| value.to_str().unwrap());
        values
            .find(|value| !value.starts_with("device-") && !value.starts_with("__Secure-device-"))
            .unwrap_or_default()
    }

    /// The device cookie, by which the server recognises this browser from now on, with its
    /// attributes.
    pub fn device_cookie(&self) -> &str {
        let mut cookies =
            self.headers.get_all("set-cookie").iter().map(|value| value.to_str().unwrap());
        cookies
            .find(|cookie| cookie.starts_with("device-") || cookie.starts_with("__Secure-device-"))
            .unwrap_or_default()
    }
}

/// Waits for what comes about beside the test, for up to [`PATIENCE`].
#[track_caller]
pub fn wait_until(what: &str, is_so: impl Fn() -> bool) {
    let start = Instant::now();
    while !is_so() {
        assert!(start.elapsed() < PATIENCE, "it never happens: {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Sends requests with a fixed set of headers.
#[derive(Clone)]
pub struct Client<'a> {
    server: &'a TestServer,
    url: &'a str,
    headers: Vec<(String, String)>,
}

pub fn source(slug: &str, more: &str, markdown: &str) -> SourceFile {
    let text = format!(
        "+++\ntitle = \"Title of {slug}\"\nslug = \"{slug}\"\ndate = 2026-11-01\nauthors = [\"Jo Doe\"]\n{more}\n+++\n{markdown}\n"
    );
    SourceFile { path: format!("{slug}.md"), text }
}

/// The reader with this id whose password was never changed (credential 0).
pub fn reader(id: UserId) -> Actor {
    Actor { id, credential: 0, role: Role::Reader }
}

/// Starts a server and returns its accounts, its slots for searches and its URL.
async fn serve(
    config: &Config,
    clock: &Clock,
    stop: &CancellationToken,
) -> (Accounts, Work, String) {
    let server = Server::build(config.clone(), clock.clone()).await.unwrap();
    let url = format!("http://{}", server.address().unwrap());
    let parts = server.parts();
    let (accounts, searches) = (parts.accounts.clone(), parts.search.turns().clone());
    tokio::spawn(server.run_until_stopped(stop.clone(), false));
    (accounts, searches, url)
}

impl TestServer {
    pub fn start() -> Self {
        Self::with(&[])
    }

    /// Starts a server with these settings, as environment variables.
    pub fn with(settings: &[(&str, &str)]) -> Self {
        Self::on(is_server_profile(), settings)
    }

    /// Starts a server on the server profile, whatever profile the tests run on.
    pub fn of_server_profile(settings: &[(&str, &str)]) -> Self {
        Self::on(true, settings)
    }

    /// Starts a server on the embedded profile, whatever profile the tests run on.
    pub fn on_embedded() -> Self {
        Self::on(false, &[])
    }

    fn on(is_server_profile: bool, settings: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let redis = is_server_profile.then(Redis::start);
        let (database, redis_url) = match &redis {
            None => (format!("sqlite:{}", folder.path().join("blog.db").display()), String::new()),
            Some(redis) => (SqlServer::shared().new_database(), redis.url()),
        };
        let mut environment: HashMap<String, String> = HashMap::from(
            [
                ("DATABASE_URL", database),
                ("REDIS_URL", redis_url),
                ("LEPTOS_SITE_ADDR", "127.0.0.1:0".into()),
                ("LEPTOS_SITE_ROOT", folder.path().join("site").display().to_string()),
                (
                    "TIDEMARK_PICTURES__URL",
                    format!("file:{}", folder.path().join("pictures").display()),
                ),
                ("TIDEMARK_BACKUP__FOLDER", folder.path().join("backups").display().to_string()),
                ("TIDEMARK_IMPORT__FOLDER", folder.path().join("imports").display().to_string()),
                ("TIDEMARK_SERVER__TRUSTED_PROXIES", "127.0.0.1".into()),
            ]
            .map(|(name, value)| (name.to_owned(), value)),
        );
        environment
            .extend(settings.iter().map(|(name, value)| (name.to_string(), value.to_string())));
        let config = Config::load(None, environment).unwrap();
        let clock = Clock::manual(NOON.parse::<Timestamp>().unwrap());
        let runtime = Runtime::new().unwrap();
        let stop = CancellationToken::new();
        let (parts, accounts, searches, url) = runtime.block_on(async {
            let (parts, _) = Parts::assemble(config.clone(), clock.clone()).await.unwrap();
            let database = &parts.stores.database;
            let files = vec![
                source(
                    "first",
                    "tags = [\"Sea\"]\naliases = [\"old/first.html\"]",
                    "The *first* text.",
                ),
                source("second", "tags = [\"Sea\", \"Land\"]", "The second text."),
                source("unpublished", "draft = true", "Nobody sees this."),
            ];
            let report = import(database, &clock, files, Report::default()).await.unwrap();
            assert_eq!((report.created, report.refused().len()), (3, 0), "{report:?}");
            let (accounts, searches, url) = serve(&config, &clock, &stop).await;
            (parts, accounts, searches, url)
        });
        let (stores, jobs) = (parts.stores.clone(), parts.jobs.clone());
        let (database, doctor) = (stores.database.clone(), parts.doctor.clone());
        let agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .timeout_global(Some(PATIENCE))
            .build()
            .new_agent();
        Self {
            clock,
            config,
            database,
            stores,
            accounts,
            searches,
            jobs,
            doctor,
            folder,
            redis,
            url,
            agent,
            runtime,
            stop,
        }
    }

    /// Restarts the server on the same stores.
    pub fn restart(&mut self) {
        self.stop.cancel();
        self.stop = CancellationToken::new();
        let started = self.runtime.block_on(serve(&self.config, &self.clock, &self.stop));
        (self.accounts, self.searches, self.url) = started;
    }

    pub fn run<T>(&self, future: impl Future<Output = T>) -> T {
        self.runtime.block_on(future)
    }

    /// Runs a future beside the test.
    pub fn spawn<T: Send + 'static>(
        &self,
        future: impl Future<Output = T> + Send + 'static,
    ) -> JoinHandle<T> {
        self.runtime.spawn(future)
    }

    pub fn id(&self, slug: &str) -> i64 {
        let sql = "SELECT id FROM articles WHERE slug = ?";
        self.number(sql, slug)
    }

    /// The first column of the first row of a query.
    pub fn number(&self, sql: &'static str, parameter: &str) -> i64 {
        let (url, parameter) = (self.config.database.url.clone(), parameter.to_owned());
        self.run(async move {
            if url.starts_with("mysql:") {
                let mut connection = sqlx::MySqlConnection::connect(&url).await.unwrap();
                sqlx::query_scalar(sql).bind(parameter).fetch_one(&mut connection).await.unwrap()
            } else {
                let mut connection = sqlx::SqliteConnection::connect(&url).await.unwrap();
                sqlx::query_scalar(sql).bind(parameter).fetch_one(&mut connection).await.unwrap()
            }
        })
    }

    /// Runs SQL directly, bypassing the program and its caches.
    pub fn execute(&self, sql: &'static str) {
        let url = self.config.database.url.clone();
        self.run(async move {
            if url.starts_with("mysql:") {
                let mut connection = sqlx::MySqlConnection::connect(&url).await.unwrap();
                sqlx::query(sql).execute(&mut connection).await.unwrap();
            } else {
                let mut connection = sqlx::SqliteConnection::connect(&url).await.unwrap();
                sqlx::query(sql).execute(&mut connection).await.unwrap();
            }
        });
    }

    /// The total number of counted views, in SQL and in Redis.
    pub fn counted_anywhere(&self) -> i64 {
        let unflushed = self.run(self.doctor.unflushed()).unwrap();
        let in_redis = unflushed.map_or(0, |unflushed| unflushed.pending);
        in_redis + self.number("SELECT count(*) FROM article_stats WHERE ? = ''", "")
    }

    /// Runs a background job once.
    pub fn job(&self, job: Job) -> Option<String> {
        self.run(self.jobs.step(job)).unwrap()
    }

    /// A reader with this address and User-Agent.
    pub fn reader(&self, address: &str, user_agent: &str) -> Client<'_> {
        self.nobody().with("x-forwarded-for", address).with("user-agent", user_agent)
    }

    /// A client that sends no headers of its own.
    pub fn nobody(&self) -> Client<'_> {
        Client { server: self, url: &self.url, headers: vec![] }
    }

    /// A reader with Firefox at 192.0.2.1.
    pub fn someone(&self) -> Client<'_> {
        self.reader("192.0.2.1", FIREFOX)
    }

    pub fn add_user(&self, username: &str, password: &str) {
        self.add_user_with_role(username, password, Role::Reader);
    }

    pub fn add_user_with_role(&self, username: &str, password: &str, role: Role) {
        let hash = tidemark::server::accounts::passwords::hash_password(password).unwrap();
        self.run(self.database.add_user(username, "A Reader", role, Some(&hash), Millis(0)))
            .unwrap()
            .unwrap();
    }
}

impl Drop for TestServer {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

impl<'a> Client<'a> {
    pub fn with(&self, name: &str, value: &str) -> Self {
        let mut client = self.clone();
        client.headers.push((name.into(), value.into()));
        client
    }

    /// The same client at another server.
    pub fn at(&self, url: &'a str) -> Self {
        Self { url, ..self.clone() }
    }

    pub fn request(&self, method: &str, path: &str, body: &str) -> Answer {
        self.send(method, path, body.as_bytes())
    }

    /// As [`Self::request`], with a binary body.
    pub fn send(&self, method: &str, path: &str, body: &[u8]) -> Answer {
        let mut request =
            ureq::http::Request::builder().method(method).uri(format!("{}{path}", self.url));
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        let request = request.body(body.to_vec()).unwrap();
        let mut response = self.server.agent.run(request).unwrap();
        let bytes = response.body_mut().with_config().limit(100_000_000).read_to_vec().unwrap();
        let text = String::from_utf8_lossy(&bytes).into_owned();
        Answer {
            status: response.status().as_u16(),
            headers: response.headers().clone(),
            text,
            bytes,
        }
    }

    /// The server's address and port.
    pub fn address(&self) -> &str {
        self.url.trim_start_matches("http://")
    }

    /// The value of a header that this client sends; empty if it sends none.
    pub fn header_named(&self, name: &str) -> &str {
        self.headers.iter().find(|(other, _)| other == name).map_or("", |(_, value)| value)
    }

    pub fn get(&self, path: &str) -> Answer {
        self.request("GET", path, "")
    }

    pub fn view(&self, article: i64) -> Answer {
        self.request("PUT", &format!("/api/v1/articles/{article}/view"), "")
    }

    /// Announces a body of `length` bytes and sends none of it. The server must refuse it from the
    /// headers alone. If the body were sent, its bytes would race with the refusal.
    pub fn announce(&self, method: &str, path: &str, length: usize) -> Answer {
        use std::io::{Read, Write};
        let mut stream =
            std::net::TcpStream::connect(self.url.trim_start_matches("http://")).unwrap();
        let headers: String =
            self.headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: {length}\r\n{headers}\r\n"
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, text) = answer.split_once("\r\n\r\n").unwrap();
        let mut lines = head.lines();
        let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
        let headers = lines.filter_map(|line| line.split_once(": "));
        let headers =
            headers.map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect();
        Answer { status, headers, text: text.to_owned(), bytes: text.as_bytes().to_vec() }
    }

    /// Posts a form, URL-encoded as a browser does it.
    pub fn post(&self, path: &str, body: &str) -> Answer {
        self.with("content-type", "application/x-www-form-urlencoded").request("POST", path, body)
    }

    /// Signs in and returns a client with the session cookie.
    pub fn signed_in(&self, username: &str, password: &str) -> Self {
        let answer = self.post("/login", &format!("username={username}&password={password}"));
        assert_eq!((answer.status, answer.header("location")), (303, "/"), "{}", answer.text);
        self.with("cookie", answer.header("set-cookie").split(';').next().unwrap())
    }
}

/// A file or folder of the corpus beside a developer's checkout. `None`, with a message, if it
/// isn't there.
pub fn corpus(name: &str) -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/corpus").join(name);
    if !path.exists() {
        eprintln!("skipped: the corpus {name} is not on this machine");
        return None;
    }
    Some(path)
}

pub fn binary() -> std::process::Command {
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_tidemark"));
    // Isolate the binary from the machine's environment, and from the `Leptos.toml` in the folder
    // where the tests run.
    command.env_clear().current_dir(std::env::temp_dir()).env("LEPTOS_SITE_ADDR", "127.0.0.1:0");
    command
}
