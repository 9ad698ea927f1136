//! Where pictures are stored, and what happens when a store or an upload fails.

use super::*;

#[test]
fn a_failing_store_or_database_leaves_no_visible_picture() {
    let server = TestServer::start();
    let jo = author(&server, "jo");
    let url = address(&jo, "a.png", &png(5, 5));
    // A file where the folder should be makes every write fail, even if the tests run as root.
    let folder = server.folder.path().join("pictures");
    std::fs::rename(&folder, server.folder.path().join("away")).unwrap();
    std::fs::write(&folder, "in the way").unwrap();
    let answer = post_json(&jo, "b.png", &png(5, 5));
    assert_eq!((answer.status, answer.header("retry-after")), (503, "1"), "{}", answer.text);
    assert_eq!(post(&jo, &[("b.png", &png(5, 5))]).status, 503);
    assert!(
        matches!(server.run(server.doctor.examine_pictures()), Finding::Wrong(text) if text.contains("pictures.url"))
    );
    assert_ne!(server.someone().get(&url).status, 200);
    assert_eq!(server.number("SELECT count(*) FROM pictures WHERE ? = ''", ""), 1);
    std::fs::remove_file(&folder).unwrap();
    std::fs::rename(server.folder.path().join("away"), &folder).unwrap();
    assert!(
        matches!(server.run(server.doctor.examine_pictures()), Finding::Fact(text) if text.contains("which is writable"))
    );
    assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 1, "the doctor's probe is gone");

    server.execute("ALTER TABLE pictures RENAME TO gone_pictures");
    assert_eq!(post_json(&jo, "b.png", &png(5, 5)).status, 500);
    let answer = server.someone().get(&url);
    assert_eq!(answer.status, 500);
    assert!(!answer.text.contains("gone") && !answer.text.contains("table"), "{}", answer.text);
    server.execute("ALTER TABLE gone_pictures RENAME TO pictures");
    assert_eq!(server.someone().get(&url).status, 200);
    std::fs::remove_file(folder.join(&url["/pictures/".len()..])).unwrap();
    assert_eq!(server.someone().get(&url).status, 404, "bytes that are lost");
    assert_eq!(
        jo.request("POST", &format!("/studio{url}/delete"), "").status,
        303,
        "and can be deleted all the same"
    );
}

/// A minimal S3 server. It keeps objects in memory and refuses unsigned requests.
#[derive(Default)]
struct S3 {
    objects: Mutex<HashMap<String, Vec<u8>>>,
    is_down: AtomicBool,
    refused: AtomicUsize,
}

impl S3 {
    fn start() -> (Arc<Self>, String, tokio::runtime::Runtime) {
        let s3 = Arc::new(Self::default());
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let service = axum::Router::new().fallback(answer_as_s3).with_state(s3.clone());
        runtime.spawn(async move { axum::serve(listener, service).await });
        (s3, url, runtime)
    }

    fn keys(&self) -> Vec<String> {
        self.objects.lock().unwrap().keys().cloned().collect()
    }
}

async fn answer_as_s3(
    State(s3): State<Arc<S3>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let signature = headers.get("authorization").map_or("", |value| value.to_str().unwrap());
    let is_signed = signature.starts_with("AWS4-HMAC-SHA256 Credential=the-key/")
        && signature.contains("/north-1/s3/aws4_request")
        && signature.contains("Signature=")
        && headers.contains_key("x-amz-date");
    if !is_signed {
        s3.refused.fetch_add(1, Ordering::Relaxed);
        return StatusCode::FORBIDDEN.into_response();
    }
    if s3.is_down.load(Ordering::Relaxed) {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    }
    let key = uri.path().to_owned();
    let mut objects = s3.objects.lock().unwrap();
    match method {
        Method::PUT => {
            objects.insert(key, body.to_vec());
            [("etag", "\"1\"")].into_response()
        }
        Method::GET | Method::HEAD => match objects.get(&key) {
            Some(bytes) => {
                let headers =
                    [("etag", "\"1\""), ("last-modified", "Tue, 24 Nov 2026 12:00:00 GMT")];
                (headers, bytes.clone()).into_response()
            }
            None => StatusCode::NOT_FOUND.into_response(),
        },
        Method::DELETE => {
            objects.remove(&key);
            StatusCode::NO_CONTENT.into_response()
        }
        _ => StatusCode::METHOD_NOT_ALLOWED.into_response(),
    }
}

#[test]
fn pictures_can_be_stored_in_an_s3_bucket() {
    let (s3, endpoint, _runtime) = S3::start();
    let server = TestServer::with(&[
        ("TIDEMARK_PICTURES__URL", "s3://tidemark/blog/pictures"),
        ("AWS_ACCESS_KEY_ID", "the-key"),
        ("AWS_SECRET_ACCESS_KEY", "the-secret"),
        ("AWS_REGION", "north-1"),
        ("AWS_ENDPOINT_URL", &endpoint),
        ("AWS_ALLOW_HTTP", "true"),
    ]);
    assert!(!format!("{:?}", server.config).contains("the-secret"));
    assert!(
        matches!(server.run(server.doctor.examine_pictures()), Finding::Fact(text) if text.contains("s3://tidemark/blog/pictures"))
    );
    assert!(s3.keys().is_empty(), "the doctor's probe is gone");
    let jo = author(&server, "jo");
    let exif_segment = [b"Exif\0\0".as_slice(), &exif(1)].concat();
    let url = address(&jo, "a.jpg", &with_segment(&jpeg(30, 20), 0xe1, &exif_segment));
    assert_eq!(s3.keys(), [format!("/tidemark/blog{url}")]);
    let answer = server.someone().get(&url);
    assert_eq!((answer.status, answer.header("content-type")), (200, "image/jpeg"));
    assert_eq!(answer.header("content-length"), answer.bytes.len().to_string());
    assert_eq!(check(&answer.bytes).unwrap().size.width, 30);
    assert!(!has_secret(&answer.bytes));

    s3.is_down.store(true, Ordering::Relaxed);
    assert_eq!(server.someone().get(&url).status, 503);
    let answer = post_json(&jo, "b.png", &png(5, 5));
    assert_eq!(
        (answer.status, answer.header("content-type")),
        (503, "application/problem+json"),
        "{}",
        answer.text
    );
    assert!(matches!(server.run(server.doctor.examine_pictures()), Finding::Wrong(_)));
    assert_eq!(server.number("SELECT count(*) FROM pictures WHERE ? = ''", ""), 1);
    assert_eq!(server.someone().get("/articles/first").status, 200, "articles go without it");

    s3.is_down.store(false, Ordering::Relaxed);
    assert_eq!(jo.request("POST", &format!("/studio{url}/delete"), "").status, 303);
    assert!(s3.keys().is_empty());
    assert_eq!(server.someone().get(&url).status, 404);
    assert_eq!(s3.refused.load(Ordering::Relaxed), 0, "every request is signed");
}

#[test]
fn doctor_says_where_pictures_are_stored() {
    let folder = tempfile::tempdir().unwrap();
    let run = |pictures: &std::path::Path| {
        let mut command = binary();
        command.env("DATABASE_URL", format!("sqlite:{}", folder.path().join("blog.db").display()));
        command.env("TIDEMARK_PICTURES__URL", format!("file:{}", pictures.display())).arg("doctor");
        command.output().unwrap()
    };
    let good = run(&folder.path().join("new/pictures"));
    assert!(good.status.success(), "{good:?}");
    assert!(
        String::from_utf8_lossy(&good.stdout).contains("new/pictures, which is writable"),
        "{good:?}"
    );
    let bad = run(&folder.path().join("blog.db/pictures"));
    assert!(!bad.status.success(), "{bad:?}");
    assert!(String::from_utf8_lossy(&bad.stdout).contains("X Pictures: the folder "), "{bad:?}");
}

#[test]
fn an_upload_whose_client_hangs_up_leaves_no_file_without_a_row() {
    let server = TestServer::start();
    author(&server, "jo");
    let pictures = pictures_of(&server);
    server.run(async {
        let user = server.database.user_by_username("jo").await.unwrap().unwrap();
        let files = (0..5).map(|_| SentFile { name: "a.png".into(), bytes: png(4, 4) }).collect();
        let mut adding = Box::pin(pictures.add(&user, files));
        while files_of(&server) == 0 {
            let _ = (&mut adding).now_or_never();
            tokio::task::yield_now().await;
        }
        drop(adding);
        let has_rows = async {
            while server.database.size_of_pictures(user.id).await.unwrap().0 < 5 {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(PATIENCE, has_rows).await.unwrap();
    });
    assert_eq!(files_of(&server), 5);
}

#[test]
fn a_user_with_many_slow_uploads_leaves_room_for_others() {
    let server = TestServer::start();
    let (jo, other) = (author(&server, "jo"), author(&server, "other"));
    let slow: Vec<_> = (0..20).map(|_| begun(&jo)).collect();
    for _ in 0..5 {
        assert_eq!(post_json(&other, "a.png", &png(4, 4)).status, 201);
    }
    drop(slow);
    assert_eq!(post_json(&jo, "a.png", &png(4, 4)).status, 201);
}

/// An upload that never ends.
fn begun(client: &Client) -> TcpStream {
    let mut connection = TcpStream::connect(client.address()).unwrap();
    write!(
        connection,
        "POST /studio/pictures HTTP/1.1\r\nhost: x\r\ncookie: {}\r\nsec-fetch-site: same-origin\r\n\
         content-type: multipart/form-data; boundary=x\r\ncontent-length: 1000\r\n\r\n--x\r\n",
        client.header_named("cookie")
    )
    .unwrap();
    connection
}
