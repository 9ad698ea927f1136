//! Imports in the browser with two servers: one of them has the files, and it doesn't matter which
//! of them the administrator's browser comes to.

use tidemark::server::db::actor::Role;

use super::*;
use crate::import_page::{act, articles, settled, site, upload};

const PASSWORD: &str = "a-good-password";

#[test]
fn an_upload_at_one_server_is_confirmed_or_cancelled_at_another() {
    let server = TestServer::of_server_profile(&[]);
    server.add_user_with_role("admin", PASSWORD, Role::Admin);
    // Two processes, because the clock of the test's own server stands still.
    let pictures = format!("file:{}", server.folder.path().join("pictures").display());
    let folders = ["one", "other"].map(|name| server.folder.path().join(name));
    let started = folders.each_ref().map(|folder| {
        let folder = folder.display().to_string();
        let settings =
            [("TIDEMARK_IMPORT__FOLDER", &*folder), ("TIDEMARK_PICTURES__URL", &*pictures)];
        let (process, line) = spawn(&server, &["serve"], &settings);
        (process, url(&line))
    });
    let [(_one, one), (_other, other)] = &started;
    let here = server.someone().at(one).signed_in("admin", PASSWORD);
    let there = here.at(other);
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
    assert_eq!(articles(&server), 4, "both imported the same article");
    for folder in &folders {
        let kept = || std::fs::read_dir(folder).unwrap().count();
        wait_until("the server deleting its files", || kept() == 0);
    }
}
