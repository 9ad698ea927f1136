//! What anyone can send: endless heads, bodies and connections, methods and targets without a
//! route, cookies and addresses that pose as others.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::Instant;

use tidemark::server::db::actor::Role;
use tidemark::server::http::routes::ROUTES;
use tokio::net::TcpSocket;

use crate::access::address;
use crate::harness::{Answer, Client, FIREFOX, PATIENCE, TestServer, binary};

const PASSWORD: &str = "a-good-password";

fn connect(url: &str) -> TcpStream {
    let stream = TcpStream::connect(url.trim_start_matches("http://")).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream
}

/// Connects from another address of this machine.
fn connect_from(address: &str, url: &str) -> TcpStream {
    let server: SocketAddr = url.trim_start_matches("http://").parse().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build().unwrap();
    let stream = runtime.block_on(async {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind(SocketAddr::new(address.parse().unwrap(), 0)).unwrap();
        socket.connect(server).await.unwrap().into_std().unwrap()
    });
    stream.set_nonblocking(false).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream
}

/// Everything that the server sends until it closes the connection. Panics if it keeps the
/// connection open.
fn until_closed(stream: &mut TcpStream) -> String {
    let (mut answer, mut part) = (Vec::new(), [0; 4096]);
    loop {
        match stream.read(&mut part) {
            Ok(0) => break,
            Ok(count) => answer.extend_from_slice(&part[..count]),
            Err(error) => {
                let is_open = matches!(
                    error.kind(),
                    std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut
                );
                assert!(!is_open, "the connection is still open");
                // If the server closes with unread input, the connection is reset.
                break;
            }
        }
    }
    String::from_utf8_lossy(&answer).into_owned()
}

/// Sends raw bytes and returns the answer. The server may answer before it has read all of them.
fn raw(url: &str, request: &str) -> String {
    let mut stream = connect(url);
    let _ = stream.write_all(request.as_bytes());
    until_closed(&mut stream)
}

#[test]
fn a_request_head_of_more_than_16_kb_is_refused_and_others_are_served() {
    let server = TestServer::start();
    let view = format!(
        "PUT /api/v1/articles/{}/view HTTP/1.1\r\nhost: x\r\nconnection: close\r\n",
        server.id("first")
    );
    let with = |length: usize| {
        format!("{view}user-agent: Mozilla/5.0 {}\r\n\r\n", "a(".repeat(length / 2))
    };
    let answer = raw(&server.url, &with(20_000));
    assert!(answer.starts_with("HTTP/1.1 431 "), "{answer}");
    // The reset that unread input causes may discard the refusal.
    let answer = raw(&server.url, &with(200_000));
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 431 "), "{answer}");
    let many = "a: b\r\n".repeat(1_000);
    let answer = raw(&server.url, &format!("{view}{many}\r\n"));
    assert!(answer.starts_with("HTTP/1.1 431 "), "{answer}");
    let answer = raw(&server.url, &with(12_000));
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    assert_eq!(server.someone().get("/healthz").status, 200);
}

#[test]
fn c3_only_the_first_512_bytes_of_a_user_agent_identify_a_visitor() {
    let server = TestServer::start();
    let first = server.id("first");
    let counted = |user_agent: &str| {
        server.reader("192.0.2.1", user_agent).view(first).json()["counted"] == true
    };
    let long = |end: &str| format!("{FIREFOX} {}{end}", "x".repeat(10_000));
    assert!(counted(&long("one")));
    assert!(!counted(&long("other")), "a repeat");
    assert!(
        counted(&format!("{FIREFOX} one")) && counted(&format!("{FIREFOX} other")),
        "the start tells visitors apart"
    );
}

#[test]
fn a_session_stores_512_bytes_of_the_user_agent() {
    let server = TestServer::start();
    server.add_user("reader", PASSWORD);
    let reader = server.reader("192.0.2.1", &"y".repeat(10_000)).signed_in("reader", PASSWORD);
    let page = reader.get("/account").text;
    assert!(page.contains(&"y".repeat(512)) && !page.contains(&"y".repeat(513)), "{page}");
}

#[test]
fn unknown_methods_and_targets_that_are_not_paths_are_refused() {
    let server = TestServer::start();
    for (line, expected) in [
        ("CONNECT example.org:80", "501"),
        ("CONNECT /", "501"),
        ("TRACE /", "501"),
        ("FOO /", "501"),
        ("CONNECT /api/v1/articles", "501"),
        ("PROPFIND /api/v1/articles", "405"),
        ("QUERY /api/v1/articles/1/view", "405"),
        ("QUERY /api/v1/nothing", "404"),
        ("FOO /api/islands/record-view", "501"),
        ("FOO /pkg/tidemark.css", "501"),
        ("GET example.org:80", "400"),
        ("GET example.org", "400"),
        ("GET *", "400"),
        ("OPTIONS *", "400"),
        ("PUT *", "400"),
        ("POST example.org:80", "400"),
        ("DELETE /", "405"),
        ("PATCH /login", "405"),
        // A target in absolute form, as sent to a proxy, still names a path of this site.
        ("GET http://example.org/healthz", "200"),
    ] {
        let answer =
            raw(&server.url, &format!("{line} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n"));
        assert!(answer.starts_with(&format!("HTTP/1.1 {expected} ")), "{line}: {answer}");
    }
    let answer =
        raw(&server.url, "FOO /api/v1/articles HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
    assert!(
        answer.contains("application/problem+json") && answer.contains("x-content-type-options"),
        "{answer}"
    );
}

#[test]
fn a_request_names_exactly_one_host() {
    let server = TestServer::start();
    // Cached and not, for people and for programs.
    for path in ["/", "/", "/login", "/healthz", "/api/v1/articles"] {
        for (version, hosts, expected) in [
            ("1.1", "host: x\r\n", "200"),
            ("1.1", "", "400"),
            ("1.1", "host: x\r\nhost: y\r\n", "400"),
            ("1.1", "host: x\r\nhost: x\r\n", "400"),
            ("1.0", "", "200"),
        ] {
            let request = format!("GET {path} HTTP/{version}\r\n{hosts}connection: close\r\n\r\n");
            let answer = raw(&server.url, &request);
            assert_eq!(answer.split(' ').nth(1), Some(expected), "{request}{answer}");
        }
    }
}

#[test]
fn no_request_address_causes_a_server_error() {
    let server = TestServer::with(&[("TIDEMARK_ACCOUNTS__SIGN_UP", "open")]);
    server.add_user_with_role("boss", PASSWORD, Role::Admin);
    let boss = server.someone().signed_in("boss", PASSWORD);
    let odd = [
        "%ff",
        "%00",
        "a%20b",
        "a%0D%0Ax:%20y",
        "%E2%80%AE",
        "..%2f..",
        "%25",
        "%",
        "a%3Fb%23c",
        "%F0%9F%8C%8A",
    ];
    let places = [
        "/articles/{}",
        "/authors/{}",
        "/tags/{}",
        "/search?q={}",
        "/search?q=x&page={}",
        "/?page={}",
        "/most-viewed?window={}",
        "/login?next={}",
        "/sign-up?invitation={}",
        "/pictures/{}",
        "/pkg/{}",
        "/studio/{}",
        "/studio/1/revisions/{}",
        "/users?changed={}",
        "/api/v1/articles/{}",
        "/api/v1/articles?tag={}",
        "/api/pages/article?slug={}",
        "/{}",
    ];
    for place in places {
        for odd in odd {
            let path = place.replace("{}", odd);
            for client in [server.someone(), boss.clone()] {
                let answer = client.get(&path);
                assert!(answer.status < 500, "{path}: {} {}", answer.status, answer.text);
            }
        }
    }
    for odd in odd {
        let path = format!("/articles/{odd}/like");
        let answer = boss.post(&path, "like=true");
        assert!((400..500).contains(&answer.status), "{path}: {} {}", answer.status, answer.text);
    }
}

#[test]
fn any_text_in_the_invitation_field_is_handled() {
    let body =
        "invitation=a+b%0D%0Ac%00%C3%A9%3Fx%26y%23z%22&username=New+One&name=&new_password=short";
    let open = TestServer::with(&[("TIDEMARK_ACCOUNTS__SIGN_UP", "open")]);
    let answer = open.someone().post("/sign-up", body);
    assert_eq!(answer.status, 422, "{}", answer.text);
    assert!(answer.text.contains("value=\"New One\""), "{}", answer.text);
    let invite = TestServer::with(&[("TIDEMARK_ACCOUNTS__SIGN_UP", "invite")]);
    assert_eq!(invite.someone().post("/sign-up", body).status, 403);
}

#[test]
fn signing_in_stays_on_this_site_whatever_next_says() {
    let server = TestServer::start();
    server.add_user("reader", PASSWORD);
    for next in [
        "%2Fa+b%0D%0Ax%3A+y%C3%A9",
        "%2F%5Cevil.example",
        "%2F%2Fevil.example",
        "https%3A%2F%2Fevil.example",
        "%00",
    ] {
        let answer = server
            .someone()
            .post("/login", &format!("username=reader&password={PASSWORD}&next={next}"));
        assert_eq!(answer.status, 303, "{next}: {}", answer.text);
        let location = answer.header("location");
        assert!(
            location.starts_with('/') && !location[1..].starts_with(['/', '\\']),
            "{next}: {location}"
        );
    }
}

fn location(answer: &Answer) -> &str {
    answer.header("location")
}

#[test]
fn a_server_function_never_redirects_to_another_site() {
    let server = TestServer::start();
    server.add_user_with_role("boss", PASSWORD, Role::Admin);
    let boss = server.someone().signed_in("boss", PASSWORD).with("accept", "text/html,*/*;q=0.8");
    let functions = ROUTES.iter().filter(|route| {
        ["/api/islands/", "/api/pages/"].iter().any(|at| route.path.starts_with(at))
    });
    let own = format!("{}/articles/first", server.url);
    let mut count = 0;
    for route in functions {
        let path = address(&server, route);
        let client = boss.with("content-type", "application/x-www-form-urlencoded");
        for referer in
            ["https://evil.example/page", "http://127.0.0.1@evil.example/", "//evil.example/"]
        {
            let body = if route.method == "GET" { "" } else { "article=1" };
            let answer = client.with("referer", referer).request(route.method, &path, body);
            assert!(!location(&answer).contains("evil"), "{path} leads to {}", location(&answer));
        }
        count += 1;
    }
    assert!(count > 8, "{count}");
    let answer = boss.with("referer", &own).request("GET", "/api/pages/home", "");
    assert!(
        location(&answer).starts_with(&own),
        "back to the page before, not to {}",
        location(&answer)
    );
}

#[test]
fn invalid_parameters_of_a_server_function_get_a_4xx() {
    let server = TestServer::start();
    let client = server.someone().with("content-type", "application/x-www-form-urlencoded");
    for body in [&b""[..], b"article=", b"article=x", b"article[a]=1", b"article=\xff", b"\xff\xfe"]
    {
        let answer = client.send("PUT", "/api/islands/record-view", body);
        assert_eq!(answer.status, 400, "{body:?}: {}", answer.text);
    }
}

fn session_of(client: &Client) -> String {
    client.header_named("cookie").to_owned()
}

#[test]
fn c3_of_two_session_cookies_in_a_request_the_last_one_counts_everywhere() {
    let server = TestServer::start();
    server.add_user_with_role("boss", PASSWORD, Role::Admin);
    server.add_user("reader", PASSWORD);
    let boss = session_of(&server.someone().signed_in("boss", PASSWORD));
    let reader = session_of(&server.someone().signed_in("reader", PASSWORD));
    let disguised = |cookie: &str| cookie.replacen("session", "sess%69on", 1);
    let id = server.id("first");
    assert_eq!(server.someone().with("cookie", &boss).view(id).json()["counted"], true);
    for (cookies, is_boss) in [
        (format!("{reader}; {boss}"), true),
        (format!("{boss}; {reader}"), false),
        (format!("{reader}; {}", disguised(&boss)), false),
        (format!("{boss}; {}", disguised(&reader)), true),
        (format!("{reader}; {boss}; session=%ff"), true),
    ] {
        let client = server.someone().with("cookie", &cookies);
        // The page reads the session through the library's layer, the view doesn't.
        assert_eq!(client.get("/users").status == 200, is_boss, "{cookies}");
        if is_boss {
            assert_eq!(client.view(id).json()["reason"], "repeat", "{cookies}");
        }
        assert!(
            !client.get("/").text.contains("href=\"/login"),
            "and the reader is signed in: {cookies}"
        );
    }
    let two_lines = server.someone().with("cookie", &reader).with("cookie", &boss);
    assert_eq!(
        (two_lines.get("/users").status, two_lines.view(id).json()["reason"].clone()),
        (200, "repeat".into())
    );
    let nobody = server.someone().with("cookie", &disguised(&boss));
    assert_eq!(nobody.get("/users").status, 303);
}

/// The `Set-Cookie` headers of an answer.
fn set_cookies(answer: &Answer) -> Vec<String> {
    answer
        .headers
        .get_all("set-cookie")
        .iter()
        .map(|cookie| cookie.to_str().unwrap().to_owned())
        .collect()
}

#[test]
fn signing_out_deletes_the_cookie_in_a_way_browsers_accept() {
    let server = TestServer::with(&[("TIDEMARK_SITE__BASE_URL", "https://blog.example")]);
    server.add_user("reader", PASSWORD);
    let reader = server.someone().signed_in("reader", PASSWORD);
    // The cookie of an expired session is deleted too.
    let stale = server.someone().with("cookie", "__Host-session=AAAAAAAAAAAAAAAAAAAAAA");
    for answer in [reader.request("POST", "/logout", ""), stale.get("/login")] {
        let cookies = set_cookies(&answer);
        assert_eq!(cookies.len(), 1, "{cookies:?}");
        for part in ["__Host-session-", "=;", "Path=/", "Max-Age=0", "Secure"] {
            assert!(cookies[0].contains(part), "no {part} in {cookies:?}");
        }
    }
}

#[test]
fn a_form_sent_without_a_session_is_limited_to_16_kb() {
    let server = TestServer::start();
    let nobody = server.someone().with("content-type", "application/x-www-form-urlencoded");
    for (path, length) in
        [("/studio/pictures", 10_000_000), ("/studio/new", 4_000_000), ("/studio/1", 17_000)]
    {
        let answer = nobody.announce("POST", path, length);
        assert_eq!(answer.status, 401, "{path}: {}", answer.text);
        assert!(answer.text.contains("your browser still has it"), "{path}: {}", answer.text);
    }
    // A browser sends the whole body anyway, and must still receive the refusal.
    let head = "POST /studio/new HTTP/1.1\r\nhost: x\r\ncontent-length: 2000000\r\n\
                content-type: application/x-www-form-urlencoded\r\n\r\n";
    let answer = raw(&server.url, &format!("{head}{}", "x".repeat(2_000_000)));
    assert!(
        answer.starts_with("HTTP/1.1 401 ") && answer.contains("your browser still has it"),
        "{answer}"
    );
    // A body without an announced length is refused as well.
    let head = "POST /studio/pictures HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\nconnection: close\r\n\
                content-type: application/x-www-form-urlencoded\r\n\r\n";
    let answer = raw(&server.url, &format!("{head}4400\r\n{}\r\n", "a&".repeat(0x2200)));
    assert!(
        answer.starts_with("HTTP/1.1 401 ") && answer.contains("your browser still has it"),
        "{answer}"
    );
}

#[test]
fn a_form_sent_without_a_session_returns_only_its_known_fields() {
    let server = TestServer::start();
    let small = server.someone().post("/studio/new", "title=1").text.len();
    let answer = server.someone().post("/studio/pictures", &"a&".repeat(8_000));
    assert_eq!(answer.status, 401);
    assert!(answer.text.len() < small + 1_000, "{} bytes of 16,000", answer.text.len());
    let answer = server.someone().post(
        "/studio/new",
        &("title=Many&".repeat(1_000) + "title=Kept&evil=gone&password=sesame"),
    );
    assert!(
        answer.text.contains("name=\"title\"") && answer.text.contains("Kept</textarea>"),
        "{}",
        answer.text
    );
    assert!(answer.text.len() < small + 1_000, "{} bytes of 11,000", answer.text.len());
    for gone in ["Many", "evil", "gone", "sesame"] {
        assert!(!answer.text.contains(gone), "{gone} in {}", answer.text);
    }
}

#[test]
fn connections_that_wait_too_long_for_their_clients_are_closed() {
    let server = TestServer::with(&[
        // Longer than a busy machine may keep this test from sending what follows a connection.
        ("TIDEMARK_SERVER__TIMEOUT", "5s"),
        ("TIDEMARK_SERVER__KEEP_ALIVE", "6s"),
    ]);
    let kept = "GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n";
    let starts = [
        "",
        "GET / HTTP/1.1\r\nhost: x\r\n",
        "POST /login HTTP/1.1\r\nhost: x\r\ncontent-type: application/x-www-form-urlencoded\r\ncontent-length: 100\r\n\r\nuser",
        "PUT /api/v1/articles/1/view HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n1\r\na\r\n",
        "PUT /api/v1/articles/1/view HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\n{",
        kept,
    ];
    let mut streams = starts.map(|start| {
        let mut stream = connect(&server.url);
        stream.write_all(start.as_bytes()).unwrap();
        stream
    });
    for (stream, start) in streams.iter_mut().zip(starts) {
        let answer = until_closed(stream);
        let is_answered = answer.starts_with("HTTP/1.1 200 ");
        assert_eq!(is_answered, start == kept, "{start:?}: {answer}");
    }
}

#[test]
fn a_client_that_opens_too_many_connections_does_not_lock_others_out() {
    let server = TestServer::with(&[("TIDEMARK_SERVER__CONNECTIONS", "4")]);
    let silent: Vec<TcpStream> = (0..50).map(|_| connect(&server.url)).collect();
    for path in ["/healthz", "/", "/articles/first"] {
        let answer = raw(
            &server.url,
            &format!("GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n"),
        );
        assert!(answer.starts_with("HTTP/1.1 200 "), "{path}: {answer}");
    }
    drop(silent);
}

#[test]
fn one_address_gets_only_a_share_of_the_connections() {
    // 127.0.0.1 is a trusted proxy and so has no limit of its own.
    let server = TestServer::with(&[("TIDEMARK_SERVER__CONNECTIONS", "80")]);
    let from = |address: &str| connect_from(address, &server.url);
    let ask = |mut stream: TcpStream| {
        // The server may already have closed a refused connection.
        let _ = stream.write_all(b"GET /healthz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
        until_closed(&mut stream)
    };
    let mut taken: Vec<TcpStream> = (0..20).map(|_| from("127.0.0.2")).collect();
    for _ in 0..30 {
        assert_eq!(ask(from("127.0.0.2")), "", "a quarter is taken");
    }
    let proxy: Vec<TcpStream> = (0..40).map(|_| from("127.0.0.1")).collect();
    for address in ["127.0.0.3", "127.0.0.1"] {
        let answer = ask(from(address));
        assert!(answer.starts_with("HTTP/1.1 200 "), "{address}: {answer}");
    }
    let answer = ask(taken.pop().unwrap());
    assert!(
        answer.starts_with("HTTP/1.1 200 "),
        "existing connections of the address still work: {answer}"
    );
    // Once the server has noticed that a connection is closed, there is room for another.
    let start = Instant::now();
    while !ask(from("127.0.0.2")).starts_with("HTTP/1.1 200 ") {
        assert!(start.elapsed() < PATIENCE, "there is no room again");
    }
    drop((taken, proxy));
}

#[test]
fn an_address_with_only_idle_connections_gets_new_ones_in_their_place() {
    let server = TestServer::with(&[("TIDEMARK_SERVER__CONNECTIONS", "80")]);
    let mut kept = Vec::new();
    // The address may have a quarter of the connections, which is 20. If idle ones didn't make
    // room, the 21st would get no answer.
    for _ in 0..60 {
        let mut stream = connect_from("127.0.0.2", &server.url);
        stream.write_all(b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n").unwrap();
        let mut status = [0; 13];
        stream.read_exact(&mut status).unwrap();
        assert_eq!(&status, b"HTTP/1.1 200 ");
        kept.push(stream);
    }
    // The oldest connection was closed to make room; the newest still works.
    assert!(!until_closed(&mut kept[0]).is_empty());
    let mut last = kept.pop().unwrap();
    last.write_all(b"GET /healthz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").unwrap();
    assert!(until_closed(&mut last).contains("HTTP/1.1 200 "));
}

#[test]
fn many_simultaneous_searches_are_answered_or_get_503_and_pages_are_still_served() {
    let server = TestServer::start();
    server.add_user("reader", PASSWORD);
    // Pages of a signed-in reader are never cached, so they need the database as searches do.
    let reader = server.someone().signed_in("reader", PASSWORD);
    std::thread::scope(|scope| {
        let server = &server;
        let searches: Vec<_> = (0..100)
            .map(|number| {
                scope.spawn(move || server.someone().get(&format!("/search?q=text+{number}")))
            })
            .collect();
        for path in ["/healthz", "/articles/first", "/"] {
            assert_eq!(reader.get(path).status, 200, "{path}");
        }
        for search in searches {
            let answer = search.join().unwrap();
            let is_asked_to_come_again =
                answer.status == 503 && answer.header("retry-after") == "1";
            assert!(
                answer.status == 200 || is_asked_to_come_again,
                "{}: {}",
                answer.status,
                answer.text
            );
        }
    });
    assert_eq!(server.someone().get("/search?q=first").status, 200, "then there is room again");
}

#[test]
fn two_searches_run_at_a_time_and_the_next_one_waits() {
    let server = TestServer::start();
    let (end, ended) = tokio::sync::watch::channel(false);
    let (begin, mut begun) = tokio::sync::mpsc::channel(2);
    let long_search = || {
        let (searches, mut ended) = (server.searches.clone(), ended.clone());
        let begin = begin.clone();
        async move {
            let search = async move {
                begin.send(()).await.unwrap();
                ended.wait_for(|ended| *ended).await.unwrap();
                Ok(())
            };
            searches.run_elsewhere(search).await
        }
    };
    let (first, second) = (server.spawn(long_search()), server.spawn(long_search()));
    for _ in 0..2 {
        server.run(begun.recv()).unwrap();
    }
    std::thread::scope(|scope| {
        let third = scope.spawn(|| server.someone().get("/search?q=first"));
        // Each of these takes about as long as a search that runs.
        for number in 0..20 {
            assert_eq!(server.someone().get(&format!("/?page=1&none={number}")).status, 200);
        }
        let is_waiting = !third.is_finished();
        end.send(true).unwrap();
        let answer = third.join().unwrap();
        // On a busy machine it may have waited for too long by now.
        let is_asked_to_come_again = answer.status == 503 && answer.header("retry-after") == "1";
        assert!(is_waiting || is_asked_to_come_again, "it waits for its turn: {}", answer.text);
        assert!(answer.status == 200 || is_asked_to_come_again, "{}", answer.text);
    });
    server.run(async {
        first.await.unwrap().unwrap();
        second.await.unwrap().unwrap();
    });
}

/// A process that is killed when dropped.
struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn with_a_limit_of_256_files_hundreds_of_connections_break_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("log");
    let child = Command::new("/bin/sh")
        .args(["-c", "ulimit -n 256 && exec \"$0\" serve"])
        .arg(binary().get_program())
        .env_clear()
        .current_dir(folder.path())
        .env("DATABASE_URL", format!("sqlite:{}", folder.path().join("blog.db").display()))
        .env("LEPTOS_SITE_ADDR", "127.0.0.1:0")
        .env("TIDEMARK_SERVER__TIMEOUT", "10s")
        // Otherwise this address could only have a part of the connections.
        .env("TIDEMARK_SERVER__TRUSTED_PROXIES", "127.0.0.1")
        .stdout(Stdio::piped())
        .stderr(std::fs::File::create(&log).unwrap())
        .spawn()
        .unwrap();
    let mut process = Process(child);
    let mut line = String::new();
    BufReader::new(process.0.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
    let url = line
        .split_whitespace()
        .find(|word| word.starts_with("http://"))
        .unwrap_or_else(|| panic!("{line:?}"));
    let body = "POST /login HTTP/1.1\r\nhost: x\r\ncontent-type: application/x-www-form-urlencoded\r\n\
                content-length: 1000\r\n\r\nusername=";
    for start in ["", "GET / HTTP/1.1\r\nx: ", body] {
        let mut streams: Vec<TcpStream> = (0..300).map(|_| connect(url)).collect();
        for stream in &mut streams {
            // Some connections were closed to make room.
            let _ = stream.write_all(start.as_bytes());
        }
        for path in ["/healthz", "/readyz", "/"] {
            let answer =
                raw(url, &format!("GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n"));
            assert!(answer.starts_with("HTTP/1.1 200 "), "after {start:?}: {path}: {answer}");
        }
    }
    assert!(process.0.try_wait().unwrap().is_none(), "it still runs");
    let log = std::fs::read_to_string(&log).unwrap();
    let said =
        log.lines().filter(|line| line.contains("connections are in use, so the oldest")).count();
    assert!((1..5).contains(&said), "logged only now and then: {log}");
}
