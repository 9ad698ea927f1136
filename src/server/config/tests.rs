use super::*;

fn load(pairs: &[(&str, &str)]) -> Result<Config, String> {
    let environment =
        pairs.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect();
    Config::load(None, environment)
}

#[test]
fn the_documented_settings_file_has_the_defaults() {
    let config = load(&[]).unwrap();
    assert_eq!(config.views.window, Duration::from_secs(600));
    assert_eq!(config.views.caps(), Caps { address: 5, network: 50, signed_in: 20 });
    assert_eq!(
        (config.views.visitor, config.views.count_authors),
        (AnonymousVisitor::Address, false)
    );
    assert_eq!(config.site.addr, "127.0.0.1:3000".parse().unwrap());
    assert_eq!((config.backup.keep, config.jobs.backup.is_off()), (7, true));
    assert_eq!(
        (config.import.mib, config.import.folder, config.import.timeout.as_secs()),
        (512, "data/imports".into(), 6 * 60 * 60)
    );
    let second = Some(Duration::from_secs(1));
    assert_eq!((config.server.slow_page, config.database.slow_query), (second, second));
    assert_eq!(config.site.root.as_os_str(), "");
    assert!(config.server.trusted_proxies.is_empty());
    assert_eq!(config.server.connections, 0);
    assert_eq!(
        [config.server.timeout, config.server.keep_alive].map(|span| span.as_secs()),
        [30, 75]
    );
}

#[test]
fn the_environment_overrides_each_setting() {
    let config = load(&[
        ("TIDEMARK_VIEWS__WINDOW", "30s"),
        ("TIDEMARK_VIEWS__VISITOR", "session"),
        ("TIDEMARK_VIEWS__COUNT_AUTHORS", "true"),
        ("TIDEMARK_VIEWS__PER_IP_CAP", "7"),
        ("TIDEMARK_VIEWS__PER_NETWORK_CAP", "70"),
        ("TIDEMARK_VIEWS__SIGNED_IN_CAP", "17"),
        ("TIDEMARK_SERVER__TRUSTED_PROXIES", "127.0.0.1, 10.0.0.0/8"),
        ("TIDEMARK_SITE__BASE_URL", "https://blog.example/"),
        ("TIDEMARK_SITE__TITLE", "2026"),
        ("DATABASE_URL", "sqlite:/tmp/other.db"),
        ("LEPTOS_SITE_ADDR", "0.0.0.0:8080"),
        ("TIDEMARK_BACKUP__FOLDER", "/backups"),
        ("TIDEMARK_BACKUP__KEEP", "30"),
        ("TIDEMARK_IMPORT__FOLDER", "/uploads"),
        ("TIDEMARK_IMPORT__MIB", "2048"),
        ("TIDEMARK_SERVER__SLOW_PAGE", "250ms"),
        ("TIDEMARK_DATABASE__SLOW_QUERY", "off"),
        ("TIDEMARK_JOBS__BACKUP", "0 2 * * *"),
        ("LEPTOS_SITE_ROOT", "/srv/site"),
        ("HOME", "/home/jo"),
    ])
    .unwrap();
    assert_eq!(config.views.window, Duration::from_secs(30));
    assert_eq!(
        (config.views.visitor, config.views.count_authors),
        (AnonymousVisitor::Session, true)
    );
    assert_eq!(config.views.caps(), Caps { address: 7, network: 70, signed_in: 17 });
    assert_eq!(config.server.trusted_proxies.len(), 2);
    assert_eq!(config.site.base_url, "https://blog.example");
    assert_eq!(config.site.title, "2026");
    assert_eq!((config.backup.folder.as_path(), config.backup.keep), (Path::new("/backups"), 30));
    assert_eq!(
        (config.import.folder.as_path(), config.import.most()),
        (Path::new("/uploads"), 2 << 30)
    );
    assert_eq!(config.jobs.backup.to_string(), "0 2 * * *");
    assert_eq!(config.server.slow_page, Some(Duration::from_millis(250)));
    assert_eq!(config.database.slow_query, None);
    assert_eq!(config.database.url, "sqlite:/tmp/other.db");
    assert_eq!(config.site.addr.port(), 8080);
    assert_eq!(config.site.root.as_os_str(), "/srv/site");
    assert!(config.is_secure());
}

#[test]
fn kafka_belongs_to_the_server_profile_and_is_checked_at_the_start() {
    let with = |name: &str, value: &str| {
        load(&[
            ("DATABASE_URL", "mysql://localhost/blog"),
            ("REDIS_URL", "redis://localhost"),
            ("TIDEMARK_KAFKA__BROKERS", "one:9092,two:9092"),
            ("TIDEMARK_KAFKA__PASSWORD", "secret"),
            ("TIDEMARK_KAFKA__USERNAME", "jo"),
            ("TIDEMARK_KAFKA__SECURITY", "sasl-plaintext"),
            (name, value),
        ])
    };
    let config = with("TIDEMARK_KAFKA__TOPIC", "views").unwrap();
    let settings = config.kafka.settings().unwrap();
    assert_eq!(
        (settings.brokers.as_str(), settings.topic.as_str()),
        ("one:9092,two:9092", "views")
    );
    assert_eq!((settings.patience.as_secs(), settings.resend.as_secs()), (30, 10));
    assert!(!format!("{config:?}").contains("secret"));
    assert_eq!(load(&[]).unwrap().kafka.settings(), None);
    for (name, value, said) in [
        ("TIDEMARK_KAFKA__BROKERS", "here", "kafka.brokers"),
        ("TIDEMARK_KAFKA__TOPIC", "a b", "kafka.topic"),
        ("TIDEMARK_KAFKA__USERNAME", "", "kafka.username"),
        ("TIDEMARK_KAFKA__SECURITY", "plaintext", "kafka.security"),
    ] {
        let error = with(name, value).unwrap_err();
        assert!(error.contains(said) && !error.contains("secret"), "{error}");
        assert_eq!(error.lines().count(), 1, "{error}");
    }
}

#[test]
fn open_search_is_for_the_server_profile_and_its_credentials_are_never_printed() {
    let server = [("DATABASE_URL", "mysql://localhost/blog"), ("REDIS_URL", "redis://localhost")];
    let with = |more: &[(&str, &str)]| load(&[&server[..], more].concat());
    let url = ("TIDEMARK_SEARCH__URL", "https://search.example:9200/os");
    let (user, password) =
        (("TIDEMARK_SEARCH__USER", "me"), ("TIDEMARK_SEARCH__PASSWORD", "secret"));
    let authorization = ("TIDEMARK_SEARCH__AUTHORIZATION", "ApiKey secret");
    assert!(!with(&[]).unwrap().search.is_on());
    for good in [&[url][..], &[url, user, password], &[url, authorization]] {
        let search = with(good).unwrap().search;
        assert!(search.is_on());
        assert!(!format!("{search:?}").contains("secret"));
    }
    for bad in [&[url, user][..], &[url, user, password, authorization]] {
        let error = with(bad).unwrap_err();
        assert!(error.contains("search.user") && !error.contains("secret"), "{error}");
    }
}

#[test]
fn a_bad_setting_is_reported_in_one_line() {
    for (name, value, said) in [
        ("TIDEMARK_VIEWS__WINDOW", "soon", "views.window"),
        ("TIDEMARK_VIEWS__WINDOW", "25h", "views.window"),
        ("TIDEMARK_VIEWS__WINDWO", "1m", "windwo"),
        ("TIDEMARK_VIEW__WINDOW", "1m", "view"),
        ("TIDEMARK_VIEWS__VISITOR", "cookie", "views.visitor"),
        ("TIDEMARK_VIEWS__COUNT_AUTHORS", "sometimes", "count-authors"),
        ("TIDEMARK_VIEWS__PER_IP_CAP", "0", "per-ip-cap"),
        ("TIDEMARK_VIEWS__PER_IP_CAP", "many", "per-ip-cap"),
        ("TIDEMARK_VIEWS__PER_NETWORK_CAP", "0", "per-network-cap"),
        ("TIDEMARK_VIEWS__SIGNED_IN_CAP", "10001", "signed-in-cap"),
        ("TIDEMARK_SERVER__LOG", "xml", "server.log"),
        ("TIDEMARK_SERVER__TRUSTED_PROXIES", "nobody", "trusted-proxies"),
        ("TIDEMARK_SERVER__CONNECTIONS", "-1", "connections"),
        ("TIDEMARK_SERVER__SLOW_PAGE", "0ms", "slow-page"),
        ("TIDEMARK_DATABASE__SLOW_QUERY", "sometimes", "slow-query"),
        ("TIDEMARK_SERVER__TIMEOUT", "0s", "timeout"),
        ("TIDEMARK_SERVER__KEEP_ALIVE", "2h", "keep-alive"),
        ("TIDEMARK_SITE__BASE_URL", "blog", "base-url"),
        ("TIDEMARK_SITE__BASE_URL", "https://blog.example/?a=1&b=2", "base-url"),
        ("TIDEMARK_SITE__BASE_URL", "https://blog.example/#a", "base-url"),
        ("TIDEMARK_SITE__BASE_URL", "https://me:secret@blog.example", "base-url"),
        ("TIDEMARK_SITE__BASE_URL", "https://me@blog.example", "base-url"),
        ("TIDEMARK_SITE__BASE_URL", "https://blog.example/?", "base-url"),
        ("TIDEMARK_SITE__BASE_URL", "https://blog.example/it's", "base-url"),
        ("TIDEMARK_SITE__BASE_URL", "https://blog.example/\"", "base-url"),
        ("TIDEMARK_SITE__BASE_URL", "https://blog.example/a b", "base-url"),
        ("TIDEMARK_SITE__BASE_URL", "https://blog.example ", "base-url"),
        ("TIDEMARK_SITE__ADDR", "here", "site.addr"),
        ("TIDEMARK_JOBS__FLUSH", "often", "jobs.flush"),
        ("TIDEMARK_JOBS__PRUNE", "25h", "jobs.prune"),
        ("TIDEMARK_JOBS__RECONCILE", "0 25 * * *", "jobs.reconcile"),
        ("TIDEMARK_REDIS__SHARDS", "0", "redis.shards"),
        ("TIDEMARK_ACCOUNTS__SIGN_UP", "anyone", "sign-up"),
        ("TIDEMARK_PICTURES__URL", "ftp://pictures", "pictures.url"),
        ("TIDEMARK_PICTURES__URL", "file:", "pictures.url"),
        ("TIDEMARK_PICTURES__URL", "s3://B", "pictures.url"),
        ("TIDEMARK_PICTURES__URL", "s3://bucket/a//b", "pictures.url"),
        ("TIDEMARK_JOBS__SEARCH", "often", "jobs.search"),
        ("TIDEMARK_JOBS__BACKUP", "nightly", "jobs.backup"),
        ("TIDEMARK_BACKUP__KEEP", "0", "backup.keep"),
        ("TIDEMARK_IMPORT__MIB", "0", "import.mib"),
        ("TIDEMARK_IMPORT__TIMEOUT", "0ms", "import.timeout"),
        ("TIDEMARK_IMPORT__TIMEOUT", "169h", "import.timeout"),
        ("TIDEMARK_SEARCH__URL", "http://localhost:9200", "search.url"),
        ("TIDEMARK_SEARCH__URL", "localhost:9200", "search.url"),
        ("TIDEMARK_SEARCH__URL", "ftp://localhost", "search.url"),
        ("TIDEMARK_SEARCH__URL", "http://me:secret@localhost:9200", "search.url"),
        ("TIDEMARK_SEARCH__URL", "http://localhost:9200/?pretty", "search.url"),
        ("TIDEMARK_TRACES__URL", "localhost:4318", "traces.url"),
        ("TIDEMARK_TRACES__URL", "http://me:secret@localhost:4318", "traces.url"),
        ("TIDEMARK_TRACES__RATIO", "1.1", "traces.ratio"),
        ("TIDEMARK_TRACES__RATIO", "all", "traces.ratio"),
        ("TIDEMARK_SEARCH__INDEX", "", "search.index"),
        ("TIDEMARK_SEARCH__INDEX", "Blog", "search.index"),
        ("TIDEMARK_SEARCH__INDEX", "_all", "search.index"),
        ("TIDEMARK_SEARCH__INDEX", "a*", "search.index"),
        ("TIDEMARK_SEARCH__INDEX", "a/b", "search.index"),
        ("TIDEMARK_SEARCH__USER", "me", "search.url"),
        ("TIDEMARK_SEARCH__PASSWORD", "secret", "search.user"),
        ("TIDEMARK_SEARCH__AUTHORIZATION", "ApiKey secret", "search.url"),
        ("DATABASE_URL", "postgres://localhost/blog", "database.url"),
        ("DATABASE_URL", "mysql://localhost/blog", "redis.url"),
        ("REDIS_URL", "redis://localhost", "database.url"),
        ("TIDEMARK_KAFKA__BROKERS", "localhost:9092", "embedded profile"),
        ("TIDEMARK_KAFKA__SECURITY", "ssl", "kafka.security"),
        ("TIDEMARK_KAFKA__MECHANISM", "md5", "kafka.mechanism"),
        ("TIDEMARK_KAFKA__PATIENCE", "2h", "kafka.patience"),
    ] {
        let error = load(&[(name, value)]).unwrap_err();
        assert!(!error.contains("secret"), "{error}");
        assert!(error.contains(said), "{name}={value} says {error:?}, which does not name {said}");
        assert_eq!(error.lines().count(), 1, "{error}");
    }
}
