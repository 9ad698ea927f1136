//! Users and bylines.

use super::*;

#[test]
fn users_are_added_and_found_and_never_duplicated() {
    on_both(async |database| {
        let admin = database
            .add_user("ann", "Ann Bell", Role::Admin, Some("$hash"), NOW)
            .await
            .unwrap()
            .unwrap();
        let other = database.add_user("bo", "Bo", Role::Reader, None, NOW).await.unwrap().unwrap();
        assert_ne!(admin, other);
        assert_eq!(
            database.add_user("ann", "Somebody", Role::Reader, None, NOW).await.unwrap(),
            None
        );
        let user = database.user_by_username("ann").await.unwrap().unwrap();
        assert_eq!((user.id, user.name.as_str(), user.role), (admin, "Ann Bell", Role::Admin));
        assert_eq!(user.password_hash.as_deref(), Some("$hash"));
        let user = database.user(other).await.unwrap().unwrap();
        assert_eq!(
            (user.username.as_str(), user.role, user.password_hash),
            ("bo", Role::Reader, None)
        );
        assert!(database.user(UserId(99)).await.unwrap().is_none());
        assert!(database.user_by_username("cy").await.unwrap().is_none());
    });
}

#[test]
fn a_password_is_set_for_the_right_user() {
    on_both(async |database| {
        let ann = database.add_user("ann", "Ann", Role::Author, None, NOW).await.unwrap();
        database.add_user("bo", "Bo", Role::Author, Some("$old"), NOW).await.unwrap();
        for hash in ["$new", "$new", "$newer"] {
            assert_eq!(database.set_password("ann", hash).await.unwrap(), ann);
            let user = database.user_by_username("ann").await.unwrap().unwrap();
            assert_eq!(user.password_hash.as_deref(), Some(hash));
        }
        assert_eq!(database.set_password("nobody", "$hash").await.unwrap(), None);
        let user = database.user_by_username("bo").await.unwrap().unwrap();
        assert_eq!(user.password_hash.as_deref(), Some("$old"));
    });
}

#[test]
fn a_byline_names_an_existing_user_or_creates_one_who_cant_sign_in() {
    on_both(async |database| {
        database.add_user("ann", "Ann Bell", Role::Admin, Some("$hash"), NOW).await.unwrap();
        let first = ArticleFields {
            authors: vec![author("Ann Bell"), author("Jo Doe")],
            ..article("first")
        };
        write(&database, &first).await;
        assert_eq!(write(&database, &first).await, Written::Unchanged);
        let authors = by_slug(&database, "first", NOW).await.unwrap().unwrap().summary.authors;
        assert_eq!(authors, [Author::named("ann", "Ann Bell"), author("Jo Doe")]);
        let user = database.user_by_username("jo-doe").await.unwrap().unwrap();
        assert_eq!((user.role, user.password_hash), (Role::Author, None));
        let user = database.user_by_username("ann").await.unwrap().unwrap();
        assert_eq!(user.role, Role::Admin, "the user is as before");
    });
}

#[test]
fn a_reader_who_took_an_authors_name_first_gets_none_of_the_articles() {
    on_both(async |database| {
        database.add_user("jo-doe", "Jo Doe", Role::Reader, Some("$hash"), NOW).await.unwrap();
        database.add_user("jo-doe-2", "Somebody", Role::Reader, Some("$hash"), NOW).await.unwrap();
        let first = ArticleFields { authors: vec![author("Jo Doe")], ..article("first") };
        write(&database, &first).await;
        let authors = by_slug(&database, "first", NOW).await.unwrap().unwrap().summary.authors;
        assert_eq!(authors, [Author::named("jo-doe-3", "Jo Doe")]);
        assert_eq!(
            write(&database, &first).await,
            Written::Unchanged,
            "it is the same user the next time"
        );
        assert_eq!(database.writers().await.unwrap().len(), 1);
    });
}
