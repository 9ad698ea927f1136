//! Imports in the browser with two servers: one of them has the files, and it doesn't matter which
//! of them the administrator's browser comes to.

use super::*;
use crate::import_page::{act, articles, assert_nothing_is_kept, settled, site, upload};
use crate::moving_in::admin;

#[test]
fn an_upload_at_one_server_is_confirmed_or_cancelled_at_another() {
    let server = TestServer::of_server_profile(&[]);
    let folder = server.folder.path().join("others");
    let folder = folder.display().to_string();
    let pictures = format!("file:{}", server.folder.path().join("pictures").display());
    let settings = [("TIDEMARK_IMPORT__FOLDER", &*folder), ("TIDEMARK_PICTURES__URL", &*pictures)];
    let (_other, line) = spawn(&server, &["serve"], &settings);
    let address = url(&line);
    let here = admin(&server);
    let there = here.at(&address);
    for (uploader, other) in [(&here, &there), (&there, &here)] {
        let before = articles(&server);
        assert_eq!(upload(uploader, "blog.zip", &site()).status, 303);
        let page = settled(other);
        assert!(page.contains("blog.zip"), "{page}");
        assert_eq!(act(other, "cancel", &page).status, 303);
        assert_eq!(articles(&server), before, "nothing came in");
        assert_eq!(upload(uploader, "blog.zip", &site()).status, 303);
        let page = settled(other);
        assert_eq!(act(other, "start", &page).status, 303);
        for client in [uploader, other] {
            let page = settled(client);
            assert!(page.contains("The import is done"), "{page}");
        }
    }
    assert_eq!(articles(&server), 4, "both servers imported the same article");
    assert_nothing_is_kept(&server);
    let kept = || std::fs::read_dir(&folder).unwrap().count();
    wait_until("the other server deleting its files", || kept() == 0);
}
