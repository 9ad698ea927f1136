//! The stream of live counts.

use std::io::{Read, Write};
use std::net::TcpStream;

use tidemark::server::db::actor::Role;

use crate::harness::{PATIENCE, TestServer, wait_until};

/// An open stream, as a browser at this address opens it.
struct Stream {
    connection: TcpStream,
    /// What arrived so far.
    text: String,
}

impl Stream {
    fn open(server: &TestServer, address: &str, articles: &str) -> Self {
        let host = server.url.strip_prefix("http://").unwrap();
        let mut connection = TcpStream::connect(host).unwrap();
        connection.set_read_timeout(Some(PATIENCE)).unwrap();
        write!(
            connection,
            "GET /api/counts/stream?articles={articles} HTTP/1.1\r\nhost: x\r\n\
             accept-encoding: gzip, br\r\nx-forwarded-for: {address}\r\n\r\n"
        )
        .unwrap();
        let mut stream = Self { connection, text: String::new() };
        stream.read_until("\r\n\r\n");
        stream
    }

    /// Reads until this text has arrived. Panics if the stream ends before.
    fn read_until(&mut self, expected: &str) {
        while !self.text.contains(expected) {
            assert!(self.read(), "{expected} did not come: {}", self.text);
        }
    }

    /// Reads some more. Returns false at the end.
    fn read(&mut self) -> bool {
        let mut bytes = [0; 1024];
        let count = self.connection.read(&mut bytes).unwrap();
        self.text.push_str(&String::from_utf8_lossy(&bytes[..count]));
        count > 0
    }

    fn status(&self) -> &str {
        self.text.split(' ').nth(1).unwrap()
    }
}

#[test]
fn a_view_by_another_reader_appears_on_the_stream() {
    let server = TestServer::start();
    let (first, second) = (server.id("first"), server.id("second"));
    let hidden = server.id("unpublished");
    let articles = format!("{first},{second},{hidden},{}", i64::MAX);
    let mut stream = Stream::open(&server, "192.0.2.9", &articles);
    assert_eq!(stream.status(), "200", "{}", stream.text);
    let head = stream.text.to_lowercase();
    for header in
        ["content-type: text/event-stream", "cache-control: no-store", "x-accel-buffering: no"]
    {
        assert!(head.contains(header), "{header}: {head}");
    }
    assert!(!head.contains("content-encoding"), "compression would hold events back: {head}");
    // Articles that readers can't see, and those that don't exist, are left out.
    stream.read_until(&format!("data: {{\"{first}\":0,\"{second}\":0}}\n\n"));
    let answer = server.someone().request("PUT", &format!("/api/v1/articles/{first}/view"), "");
    assert_eq!(answer.json()["counted"], true);
    stream.read_until(&format!("data: {{\"{first}\":1}}\n\n"));
}

#[test]
fn what_readers_see_no_longer_is_sent_no_more() {
    let server = TestServer::start();
    let (first, second) = (server.id("first"), server.id("second"));
    let articles = format!("{first},{second}");
    let mut stream = Stream::open(&server, "192.0.2.9", &articles);
    stream.read_until(&format!("data: {{\"{first}\":0,\"{second}\":0}}\n\n"));
    server.add_user_with_role("boss", "a-good-password", Role::Admin);
    let boss = server.someone().signed_in("boss", "a-good-password");
    let binned = boss.post(&format!("/studio/{first}/bin"), "version=1");
    assert_eq!(binned.status, 303, "{}", binned.text);
    // While the first stream is open, the server knows the article. It may be sent until the
    // server has asked whether readers see it.
    wait_until("it is left out", || {
        let mut other = Stream::open(&server, "192.0.2.8", &articles);
        other.read_until("data: ");
        other.read_until("}");
        other.text.contains(&format!("data: {{\"{second}\":0}}"))
    });
}

#[test]
fn a_stream_needs_1_to_100_ids() {
    let server = TestServer::start();
    for query in [
        "",
        "?articles=",
        "?articles=x",
        "?articles=1,,2",
        &format!("?articles={}1", "1,".repeat(100)),
    ] {
        let answer = server.someone().get(&format!("/api/counts/stream{query}"));
        assert_eq!(answer.status, 400, "{query}: {}", answer.text);
        assert!(answer.text.contains("1 to 100"), "{}", answer.text);
    }
}

#[test]
fn streams_of_one_address_are_limited_and_leave_room_for_pages() {
    let server = TestServer::with(&[("TIDEMARK_SERVER__CONNECTIONS", "64")]);
    let first = server.id("first").to_string();
    let open = |address: &str| Stream::open(&server, address, &first);
    let streams: Vec<Stream> = (0..8).map(|_| open("192.0.2.9")).collect();
    assert!(streams.iter().all(|stream| stream.status() == "200"));
    let refused = open("192.0.2.9");
    assert_eq!(refused.status(), "503");
    assert!(refused.text.to_lowercase().contains("retry-after"), "{}", refused.text);
    assert_eq!(open("192.0.2.8").status(), "200", "nobody else's");
    assert_eq!(server.reader("192.0.2.9", "Firefox").get("/articles/first").status, 200);
    assert_eq!(server.reader("192.0.2.9", "Firefox").get("/metrics").status, 200);
}

#[test]
fn a_shutdown_ends_streams_at_once() {
    let mut server = TestServer::start();
    let first = server.id("first").to_string();
    let mut stream = Stream::open(&server, "192.0.2.9", &first);
    stream.read_until("data: ");
    server.restart();
    while stream.read() {}
    assert!(stream.text.ends_with("0\r\n\r\n"), "it was cut off: {}", stream.text);
}
