//! What a search does with answers that a healthy OpenSearch does not give.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::handler::Handler;
use serde_json::{Value, json};
use tidemark::server::search::open_search::Failure;
use tidemark_counting::ArticleId;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

use super::asked;
use crate::database::NOW;
use crate::harness::TestServer;

/// Answers requests in place of OpenSearch until it is dropped.
struct Stub {
    url: String,
    _runtime: Runtime,
}

impl Stub {
    fn start<T: 'static>(answer: impl Handler<T, ()>) -> Self {
        let runtime = Runtime::new().unwrap();
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let router = axum::Router::new().fallback(answer);
        runtime.spawn(async move { axum::serve(listener, router).await });
        Self { url, _runtime: runtime }
    }
}

/// OpenSearch with its security plugin answers 401 to everybody else.
#[test]
fn a_user_and_a_password_or_a_header_of_one_s_own_go_with_each_request() {
    let answer = |headers: axum::http::HeaderMap| async move {
        let sent = headers.get("authorization").and_then(|value| value.to_str().ok());
        // `reader:a secret`, in base64.
        match sent {
            Some("Basic cmVhZGVyOmEgc2VjcmV0" | "ApiKey abc") => (
                axum::http::StatusCode::OK,
                axum::Json(json!({
                    "timed_out": false,
                    "_shards": { "failed": 0 },
                    "hits": { "total": { "value": 1 }, "hits": [{ "fields": { "article": [7] } }] },
                })),
            ),
            _ => (axum::http::StatusCode::UNAUTHORIZED, axum::Json(json!({ "error": "who?" }))),
        }
    };
    let stub = Stub::start(answer);
    let user = [("TIDEMARK_SEARCH__USER", "reader"), ("TIDEMARK_SEARCH__PASSWORD", "a secret")];
    let wrong = [("TIDEMARK_SEARCH__USER", "reader"), ("TIDEMARK_SEARCH__PASSWORD", "another")];
    let header = [("TIDEMARK_SEARCH__AUTHORIZATION", "ApiKey abc")];
    for (settings, is_let_in) in [(&user[..], true), (&header, true), (&wrong, false), (&[], false)]
    {
        let settings = [&[("TIDEMARK_SEARCH__URL", stub.url.as_str())], settings].concat();
        let server = TestServer::of_server_profile(&settings);
        let open_search = server.stores.open_search.clone().unwrap();
        let asked = asked("sea", NOW);
        match server.run(open_search.find(&asked)) {
            Ok(answer) => assert!(is_let_in && answer.found.ids == [ArticleId(7)], "{settings:?}"),
            Err(Failure::Refused { status: 401, reason }) => {
                assert!(!is_let_in && reason == "who?", "{settings:?}");
            }
            Err(failure) => panic!("{failure}"),
        }
    }
}

/// OpenSearch may find a look for typing errors too expensive.
#[test]
fn a_look_for_typing_errors_that_fails_leaves_an_empty_result() {
    let answer = |axum::Json(body): axum::Json<Value>| async move {
        match body.get("suggest") {
            None => Ok(axum::Json(json!({
                "timed_out": false,
                "_shards": { "failed": 0 },
                "hits": { "total": { "value": 0 }, "hits": [] },
            }))),
            Some(_) => Err(axum::http::StatusCode::BAD_REQUEST),
        }
    };
    let stub = Stub::start(answer);
    let server = TestServer::of_server_profile(&[("TIDEMARK_SEARCH__URL", &stub.url)]);
    let open_search = server.stores.open_search.clone().unwrap();
    let asked = asked("mispelt", NOW);
    let answer = server.run(open_search.find(&asked)).unwrap();
    assert_eq!((answer.found.total, answer.corrected), (0, None));
}

/// As OpenSearch answers if a rebuild deletes the index between finding and reading the articles.
#[test]
fn a_search_is_repeated_once_if_a_part_of_the_index_was_gone() {
    let searches = Arc::new(AtomicUsize::new(0));
    let answer = |counter: Arc<AtomicUsize>| async move {
        let failed = usize::from(counter.fetch_add(1, Ordering::Relaxed) != 1);
        axum::Json(json!({
            "timed_out": false,
            "_shards": { "failed": failed },
            "hits": { "total": { "value": 1 }, "hits": [{ "fields": { "article": [7] } }] },
        }))
    };
    let counter = searches.clone();
    let stub = Stub::start(move || answer(counter.clone()));
    let server = TestServer::of_server_profile(&[("TIDEMARK_SEARCH__URL", &stub.url)]);
    let open_search = server.stores.open_search.clone().unwrap();
    let asked = asked("sea", NOW);
    assert_eq!(server.run(open_search.find(&asked)).unwrap().found.ids, [ArticleId(7)]);
    assert_eq!(searches.load(Ordering::Relaxed), 2);
    let failure = server.run(open_search.find(&asked)).unwrap_err();
    assert!(matches!(failure, Failure::Answer(_)), "{failure}");
    assert_eq!(searches.load(Ordering::Relaxed), 4);
}
