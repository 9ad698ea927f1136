//! Who sends a request: the session's user, the client's address, the browser.

use std::borrow::Cow;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, OnceLock};

use axum::extract::{ConnectInfo, FromRequestParts};
use axum::http::header::{COOKIE, Entry, USER_AGENT};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use ipnet::IpNet;
use jiff::tz::TimeZone;
use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use tidemark_content::forwarded::{client_address, is_in};
use tidemark_counting::visitor::Reader;
use tidemark_counting::{ArticleId, UserId};
use tokio::sync::OnceCell;
use tower_sessions::Session;
use tower_sessions::cookie::{Cookie, SameSite};
use tower_sessions::session::Id;

use super::limits::LONGEST_USER_AGENT;
use crate::error::Error;
use crate::server::config::{AnonymousVisitor, Config};
use crate::server::counting::{Counting, ViewRequest};
use crate::server::db::Database;
use crate::server::db::users::User;
use crate::server::sessions::{CREDENTIAL, USER_ID};

/// Tells who sends a request. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Identity {
    database: Database,
    trusted_proxies: Arc<[IpNet]>,
    visitor: AnonymousVisitor,
    is_secure: bool,
    cookies: Arc<Cookies>,
}

/// The names of this blog's cookies.
///
/// They depend on its address. Browsers send cookies to all ports of a host, so two blogs on one
/// host would overwrite each other's.
#[derive(Debug)]
struct Cookies {
    session: String,
    visitor: String,
    device: String,
    /// The names that older versions gave them, in the same order.
    former: [&'static str; 3],
}

impl Cookies {
    fn new(config: &Config) -> Self {
        let blog = &blake3::hash(config.site.base_url.as_bytes()).to_hex()[..8];
        // Behind TLS, names have a prefix: browsers then refuse the cookie unless it is `Secure`
        // and set by this very host. The device's cookie has a path, which only the other prefix
        // allows.
        let former = match config.is_secure() {
            true => ["__Host-session", "__Host-visitor", "__Secure-device"],
            false => ["session", "visitor", "device"],
        };
        let [session, visitor, device] = former.map(|name| format!("{name}-{blog}"));
        Self { session, visitor, device, former }
    }
}

impl Identity {
    /// Identifies the users of `database`, as `config` says.
    pub fn new(database: Database, config: &Config) -> Self {
        Self {
            database,
            trusted_proxies: config.server.trusted_proxies.as_slice().into(),
            visitor: config.views.visitor,
            is_secure: config.is_secure(),
            cookies: Arc::new(Cookies::new(config)),
        }
    }

    /// The name of the session cookie.
    pub fn session_cookie(&self) -> &str {
        &self.cookies.session
    }

    /// The name of the anonymous session's cookie ([`AnonymousVisitor::Session`]).
    pub fn visitor_cookie(&self) -> &str {
        &self.cookies.visitor
    }

    /// The name of the cookie that identifies a browser in which somebody has signed in. It is sent
    /// only with the sign-in form.
    pub fn device_cookie(&self) -> &str {
        &self.cookies.device
    }

    /// Gives a cookie that an older version of the program has set the name of now, unless there is
    /// one with that name. So nobody is signed out by an update.
    pub fn adopt_former(&self, headers: &mut HeaderMap) {
        if !headers.contains_key(COOKIE) {
            return;
        }
        let Cookies { session, visitor, device, former } = &*self.cookies;
        for (former, name) in former.iter().zip([session, visitor, device]) {
            rename_cookie(headers, former, name);
        }
    }

    /// The client's address.
    ///
    /// # Errors
    /// [`Error::Internal`] if the connection's address is unknown.
    pub fn address(&self, parts: &Parts) -> Result<IpAddr, Error> {
        let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>();
        let ConnectInfo(peer) =
            peer.ok_or_else(|| internal("the connection's address is not known"))?;
        let lines = parts
            .headers
            .get_all("x-forwarded-for")
            .iter()
            .map(object_store::HeaderValue::as_bytes);
        Ok(client_address(peer.ip(), lines, &self.trusted_proxies))
    }

    /// Whether a request has an `X-Forwarded-For` that is ignored, because a stranger sent it.
    fn ignores_proxy(&self, parts: &Parts) -> bool {
        let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>();
        parts.headers.contains_key("x-forwarded-for")
            && peer.is_some_and(|ConnectInfo(peer)| !is_in(peer.ip(), &self.trusted_proxies))
    }

    /// The reader, for counting. `user` is the signed-in user.
    fn reader(&self, parts: &Parts, user: Option<UserId>) -> Result<Reader, Error> {
        let session = match self.visitor {
            AnonymousVisitor::Address => None,
            AnonymousVisitor::Session => sent_visitor(&parts.headers, self.visitor_cookie()),
        };
        let reader = Reader::new(self.address(parts)?, user_agent(&parts.headers));
        Ok(Reader { user, session, ..reader })
    }

    /// What a request to count a view says. Looks nothing up.
    ///
    /// # Errors
    /// [`Error::Internal`] if the client's address is unknown.
    pub fn view_request(&self, parts: &Parts) -> Result<Box<ViewRequest>, Error> {
        let session = sent_session(&parts.headers, self.session_cookie());
        let session = session.and_then(|id| id.parse::<Id>().ok());
        let purposes = ["sec-purpose", "purpose"]
            .into_iter()
            .flat_map(|name| parts.headers.get_all(HeaderName::from_static(name)))
            .map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
            .collect();
        let sent = tidemark_counting::ViewRequest { reader: self.reader(parts, None)?, purposes };
        Ok(Box::new(ViewRequest { session, sent, is_forwarded: self.ignores_proxy(parts) }))
    }

    /// Identifies the reader from the request for an article's page. `user` is the signed-in user.
    ///
    /// # Errors
    /// [`Error::Internal`] if the client's address is unknown.
    pub fn page_reader(&self, parts: &Parts, user: Option<UserId>) -> Result<PageReader, Error> {
        let mut reader = self.reader(parts, user)?;
        let may_begin = self.visitor == AnonymousVisitor::Session && user.is_none();
        if !may_begin || reader.session.is_some() {
            return Ok(PageReader { reader, cookie: None });
        }
        let session = rand::random();
        reader.session = Some(session);
        Ok(PageReader { reader, cookie: self.new_visitor(session) })
    }

    /// The `Set-Cookie` header that starts an anonymous session. It has no `Max-Age`, so the
    /// session ends when the browser is closed.
    fn new_visitor(&self, session: u128) -> Option<HeaderValue> {
        let cookie = Cookie::build((self.visitor_cookie(), format!("{session:032x}")))
            .path("/")
            .http_only(true)
            .same_site(SameSite::Lax)
            .secure(self.is_secure)
            .build();
        HeaderValue::try_from(cookie.to_string()).ok()
    }

    /// The signed-in user. `None` also if the user no longer exists, or if the user's credential is
    /// not the one the session was started with. The database is asked once per request, however
    /// many parts of a page call this.
    ///
    /// # Errors
    /// [`Error::Unavailable`] if the session can't be read; the database's errors.
    pub async fn signed_in_user(&self, parts: &Parts) -> Result<Option<User>, Error> {
        if let Some(CurrentUser(user)) = parts.extensions.get::<CurrentUser>() {
            return Ok(Some(user.clone()));
        }
        match parts.extensions.get::<FoundUser>() {
            Some(FoundUser(found)) => found.get_or_init(|| self.find_user(parts)).await.clone(),
            None => self.find_user(parts).await,
        }
    }

    async fn find_user(&self, parts: &Parts) -> Result<Option<User>, Error> {
        let Some((id, credential)) = session_owner(parts).await? else { return Ok(None) };
        Ok(self.database.user(id).await?.filter(|user| user.credential == credential))
    }
}

impl<S: AsRef<Identity> + Send + Sync> FromRequestParts<S> for Box<ViewRequest> {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Error> {
        state.as_ref().view_request(parts)
    }
}

/// The reader who requests an article's page.
#[derive(Debug)]
pub struct PageReader {
    /// Who the reader will be when the page sends its view.
    pub reader: Reader,
    /// The cookie that starts an anonymous session, if the page has to set it. The answer to a view
    /// never sets one: if that answer were lost, the retry would come without the cookie and count
    /// again (rule C2).
    pub cookie: Option<HeaderValue>,
}

impl PageReader {
    /// Whether the view that the page sends would count now (rule C6). `is_author` says whether the
    /// reader is in the article's byline.
    pub fn would_count(&self, counting: &Counting, article: ArticleId, is_author: bool) -> bool {
        let counts = |reader: &Reader| counting.would_count(article, reader, is_author);
        // A browser that rejects the cookie sends the view without it. The view then counts by
        // address, so check that too.
        counts(&self.reader)
            && (self.cookie.is_none() || counts(&Reader { session: None, ..self.reader.clone() }))
    }
}

/// A cookie to be set with a page's response. It is filled in while the page loads, because only
/// then is it known whether the page sends a view.
#[derive(Clone, Debug, Default)]
pub struct PageCookie(Arc<OnceLock<HeaderValue>>);

impl PageCookie {
    /// Sets the cookie, unless one was set before.
    pub fn set(&self, cookie: HeaderValue) {
        let _ = self.0.set(cookie);
    }

    /// The cookie, if one was set.
    pub fn get(&self) -> Option<HeaderValue> {
        self.0.get().cloned()
    }
}

/// The anonymous session that a request carries: 32 lowercase hexadecimal digits. Anything else is
/// ignored.
fn sent_visitor(headers: &HeaderMap, name: &str) -> Option<u128> {
    let sent = sent_session(headers, name)?;
    let is_well_formed =
        sent.len() == 32 && sent.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    is_well_formed.then(|| u128::from_str_radix(&sent, 16).ok()).flatten()
}

/// The User-Agent, truncated to [`LONGEST_USER_AGENT`] bytes. This is the only place that reads the
/// header, so nothing else has to handle a longer one.
pub fn user_agent(headers: &HeaderMap) -> String {
    let bytes = headers.get(USER_AGENT).map_or(&b""[..], HeaderValue::as_bytes);
    let bytes = &bytes[..bytes.len().min(LONGEST_USER_AGENT)];
    let mut text = String::from_utf8_lossy(bytes).into_owned();
    // Each replacement for invalid bytes can be longer than those bytes, so truncate again.
    text.truncate(text.floor_char_boundary(LONGEST_USER_AGENT));
    text
}

/// The value of the session cookie. If several cookies have that name, the last one that decodes
/// wins. The library that reads cookies for pages picks the same one, and every lookup of a session
/// must agree with it.
pub fn sent_session<'a>(headers: &'a HeaderMap, name: &str) -> Option<Cow<'a, str>> {
    let lines = headers
        .get_all(COOKIE)
        .iter()
        .rev()
        .filter_map(|line| str::from_utf8(line.as_bytes()).ok());
    let mut cookies =
        lines.flat_map(|line| line.rsplit(';')).filter_map(|cookie| cookie.split_once('='));
    cookies.find_map(|(other, value)| {
        let is_meant = other.trim() == name;
        is_meant.then(|| percent_decode_str(value.trim()).decode_utf8().ok()).flatten()
    })
}

/// Drops cookies with `%` in their names. None of ours has one. But the library that reads cookies
/// for pages decodes names, so such a cookie could pass for `__Host-session`, a name that browsers
/// protect.
pub fn forget_disguised(headers: &mut HeaderMap) {
    let is_disguised = |cookie: &&[u8]| {
        cookie.split(|byte| *byte == b'=').next().is_some_and(|name| name.contains(&b'%'))
    };
    let has_one = |line: &HeaderValue| {
        line.as_bytes().split(|byte| *byte == b';').any(|cookie| is_disguised(&cookie))
    };
    if !headers.get_all(COOKIE).iter().any(has_one) {
        return;
    }
    let Entry::Occupied(mut lines) = headers.entry(COOKIE) else { return };
    for line in lines.iter_mut() {
        let kept: Vec<&[u8]> = line
            .as_bytes()
            .split(|byte| *byte == b';')
            .filter(|cookie| !is_disguised(cookie))
            .collect();
        // Joined parts of a valid value are a valid value.
        let kept = HeaderValue::from_bytes(&kept.join(&b';'));
        *line = kept.unwrap_or(HeaderValue::from_static(""));
    }
}

/// Renames cookies, unless there is one with the new name.
fn rename_cookie(headers: &mut HeaderMap, from: &str, to: &str) {
    let is_named = |cookie: &[u8], name: &str| {
        cookie
            .split(|byte| *byte == b'=')
            .next()
            .is_some_and(|one| one.trim_ascii() == name.as_bytes())
    };
    let is_sent = |headers: &HeaderMap, name: &str| {
        let mut lines = headers.get_all(COOKIE).iter().map(HeaderValue::as_bytes);
        lines.any(|line| line.split(|byte| *byte == b';').any(|cookie| is_named(cookie, name)))
    };
    if !is_sent(headers, from) || is_sent(headers, to) {
        return;
    }
    let Entry::Occupied(mut lines) = headers.entry(COOKIE) else { return };
    for line in lines.iter_mut() {
        let renamed = line.as_bytes().split(|byte| *byte == b';').map(|cookie| {
            let value = cookie.iter().position(|byte| *byte == b'=').map(|at| &cookie[at..]);
            match value {
                Some(value) if is_named(cookie, from) => [to.as_bytes(), value].concat(),
                _ => cookie.to_vec(),
            }
        });
        let renamed = renamed.collect::<Vec<_>>().join(&b';');
        if let Ok(renamed) = HeaderValue::from_bytes(&renamed) {
            *line = renamed;
        }
    }
}

fn unreadable(error: &dyn std::fmt::Display) -> Error {
    tracing::error!(error = %error, "a session could not be read");
    Error::Unavailable
}

/// The user id in the request's session, and the number of the credential the session was started
/// with. Without a session cookie, this costs no lookup.
pub async fn session_owner(parts: &Parts) -> Result<Option<(UserId, i64)>, Error> {
    let session =
        parts.extensions.get::<Session>().ok_or_else(|| internal("there is no session layer"))?;
    let user = session.get::<UserId>(USER_ID).await.map_err(|error| unreadable(&error))?;
    let credential = session.get::<i64>(CREDENTIAL).await.map_err(|error| unreadable(&error))?;
    Ok(user.zip(credential))
}

/// Caches the signed-in user for the duration of a request.
#[derive(Clone, Debug, Default)]
pub struct FoundUser(Arc<OnceCell<Result<Option<User>, Error>>>);

impl FoundUser {
    /// For a request without a session.
    pub fn nobody() -> Self {
        Self(Arc::new(OnceCell::new_with(Some(Ok(None)))))
    }
}

/// The time zone of the signed-in user, if the request has found one; otherwise UTC.
pub fn zone(parts: &Parts) -> TimeZone {
    if let Some(CurrentUser(user)) = parts.extensions.get::<CurrentUser>() {
        return user.zone();
    }
    let found = parts.extensions.get::<FoundUser>().and_then(|found| found.0.get());
    match found {
        Some(Ok(Some(user))) => user.zone(),
        _ => TimeZone::UTC,
    }
}

/// The signed-in user, as checked against the table of routes. For handlers and pages of routes
/// that are not for everyone.
#[derive(Clone, Debug)]
pub struct CurrentUser(pub User);

impl<S: Send + Sync> FromRequestParts<S> for CurrentUser {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Error> {
        current_user(parts).map(CurrentUser)
    }
}

/// The signed-in user, on a route that is not for everyone.
///
/// # Errors
/// [`Error::Unauthorized`] if the route is for everyone, so nobody has checked.
pub fn current_user(parts: &Parts) -> Result<User, Error> {
    parts.extensions.get::<CurrentUser>().map(|user| user.0.clone()).ok_or(Error::Unauthorized)
}

/// The address of the sign-in form that leads back to `path`.
pub fn sign_in_address(path: &str) -> String {
    format!("/login?next={}", utf8_percent_encode(path, NON_ALPHANUMERIC))
}

/// The address of the sign-in form for somebody who wants to react to what is at `path`. `intent`
/// is the field of the reaction, such as `like`.
pub fn sign_in_to_react(path: &str, intent: &str) -> String {
    format!("{}&intent={intent}", sign_in_address(path))
}

fn internal(reason: &str) -> Error {
    tracing::error!(reason, "a request has no identity");
    Error::Internal
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_agent_is_cut_to_512_bytes_whatever_it_contains() {
        for (sent, expected) in [
            ("Mozilla/5.0".to_owned(), "Mozilla/5.0".to_owned()),
            ("x".repeat(16_000), "x".repeat(512)),
            // The cut falls between the two bytes of an `é`.
            (format!("x{}", "é".repeat(300)), format!("x{}", "é".repeat(255))),
        ] {
            let headers = HeaderMap::from_iter([(
                USER_AGENT,
                HeaderValue::from_bytes(sent.as_bytes()).unwrap(),
            )]);
            assert_eq!(user_agent(&headers), expected, "{sent}");
            assert!(user_agent(&headers).len() <= 512);
        }
        let no_text =
            HeaderMap::from_iter([(USER_AGENT, HeaderValue::from_bytes(&[0xff; 600]).unwrap())]);
        assert_eq!(user_agent(&no_text), "\u{fffd}".repeat(170));
        assert_eq!(user_agent(&HeaderMap::new()), "");
    }

    #[test]
    fn of_several_session_cookies_the_last_one_is_used() {
        for (lines, expected) in [
            (&["session=1"][..], Some("1")),
            (&["session=1; theme=dark; session = 2 "], Some("2")),
            (&["session=1", "theme=dark;session="], Some("")),
            (&["session=2; sessions=3; xsession=4; a=session", "session"], Some("2")),
            (&["session=a%20b; session=%ff"], Some("a b")),
            (&["theme=dark", ""], None),
            (&[], None),
        ] {
            let mut headers = HeaderMap::new();
            for &line in lines {
                headers.append(COOKIE, HeaderValue::from_static(line));
            }
            assert_eq!(sent_session(&headers, "session").as_deref(), expected, "{lines:?}");
        }
    }

    #[test]
    fn c3_a_malformed_anonymous_session_is_ignored() {
        let number = "0123456789abcdef0123456789abcdef";
        for (cookies, expected) in [
            (format!("visitor={number}"), Some(0x0123_4567_89ab_cdef_0123_4567_89ab_cdef)),
            (
                format!("visitor={}; theme=dark; visitor={number}", "0".repeat(32)),
                Some(0x0123_4567_89ab_cdef_0123_4567_89ab_cdef),
            ),
            (format!("visitor={}", "0".repeat(32)), Some(0)),
            (format!("visitor={}", "f".repeat(32)), Some(u128::MAX)),
            (format!("visitor={}", "f".repeat(33)), None),
            (format!("visitor={}", "f".repeat(31)), None),
            (format!("visitor=+{}", "f".repeat(31)), None),
            (format!("visitor={}", number.to_uppercase()), None),
            (format!("visitor=\"{number}\""), None),
            (format!("visitor={number}; visitor=x"), None),
            ("visitor=".to_owned(), None),
            (format!("__Host-visitor={number}"), None),
            (format!("session={number}"), None),
        ] {
            let headers =
                HeaderMap::from_iter([(COOKIE, HeaderValue::try_from(&cookies).unwrap())]);
            assert_eq!(sent_visitor(&headers, "visitor"), expected, "{cookies}");
        }
    }

    #[test]
    fn a_cookie_with_its_former_name_is_taken_unless_there_is_one_with_the_new_name() {
        for (lines, expected) in [
            (&["session=1; theme=dark"][..], &["session-a=1; theme=dark"][..]),
            (&["theme=dark;  session =1=2"], &["theme=dark;session-a=1=2"]),
            (&["session=1", "session-a=2"], &["session=1", "session-a=2"]),
            (&["sessions=1; xsession=2; session"], &["sessions=1; xsession=2; session"]),
            (&[""], &[""]),
        ] {
            let mut headers = HeaderMap::new();
            for &line in lines {
                headers.append(COOKIE, HeaderValue::from_static(line));
            }
            rename_cookie(&mut headers, "session", "session-a");
            let renamed: Vec<_> = headers.get_all(COOKIE).iter().collect();
            assert_eq!(renamed, expected, "{lines:?}");
        }
    }

    #[test]
    fn a_cookie_whose_name_becomes_session_only_when_decoded_is_dropped() {
        let mut headers = HeaderMap::new();
        for line in
            ["theme=dark; %5F%5FHost-session=evil; __Host-session=a%20b", "sess%69on=evil", "a=1"]
        {
            headers.append(COOKIE, HeaderValue::from_static(line));
        }
        forget_disguised(&mut headers);
        let lines: Vec<&[u8]> = headers.get_all(COOKIE).iter().map(HeaderValue::as_bytes).collect();
        let expected: [&[u8]; 3] = [b"theme=dark; __Host-session=a%20b", b"", b"a=1"];
        assert_eq!(lines, expected);
    }
}
