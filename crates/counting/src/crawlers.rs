//! Tells browsers from crawlers by the User-Agent (rule C4).
//!
//! It can't keep out a crawler that claims to be a browser. The aim is to let every reader pass and
//! to refuse every program that identifies itself:
//!
//! 1. A User-Agent that names a crawler (`CRAWLERS`) is a crawler's, whatever else it says.
//! 2. One that begins like a browser's (`BEGINNINGS`) and names an engine (`ENGINES`) is a
//!    browser's. That includes browsers inside apps, which only add the app's name.
//! 3. Anything else needs a reason to pass: it begins with a browser's own name (`BROWSERS`), or
//!    contains a word that only browsers on old phones use (`PHONES`).
//!
//! Matching ignores case. The lists are our own. Most new crawlers need no entry, because they say
//! `bot`, give a contact address (`http`, `@`) or name no engine.

use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, MatchKind};

/// How browsers' User-Agents begin. An engine must follow.
const BEGINNINGS: &[&str] = &["Mozilla/", "Opera/", "MQQBrowser/", "OneBrowser/"];

/// Browsers whose User-Agent begins with their own name, and Facebook's app, which may send nothing
/// else.
const BROWSERS: &[&str] =
    &["UCWEB/", "Midori/", "NetSurf/", "iCab/", "Lynx/", "Links (", "ELinks", "w3m/", "[FBAN/"];

/// Engines, and browsers that do not name their engine. Outlook renders pages with Word
/// (`MSOffice`).
const ENGINES: &[&str] = &[
    "AppleWebKit",
    "Chrome/",
    "Safari/",
    "Gecko",
    "Firefox/",
    "Goanna/",
    "Servo/",
    "LibWeb",
    "Ladybird",
    "KHTML",
    "Konqueror",
    "MSIE",
    "Trident/",
    "Presto/",
    "Opera",
    "NetFront",
    "Dillo",
    "iCab",
    "OmniWeb/",
    "UCBrowser",
    "UC Browser",
    "UCWEB",
    "Polaris",
    "Teleca",
    "Nintendo",
    "PlayStation",
    "MSOffice ",
    "Fireweb",
    "IBrowse",
    "Amiga-AWeb",
    "NetPositive",
    "Charon",
];

/// Words common to browsers on old phones, whose User-Agents begin with the phone's name.
const PHONES: &[&str] = &[
    "MIDP",
    "UP.Browser/",
    "WAP Browser",
    "WAP-Browser",
    "MAUI-browser",
    "TelecaBrowser",
    "Obigo",
    "Dolfin/",
    "DoCoMo/",
];

/// What crawlers call themselves: first generic words, then the names of crawlers that use none of
/// them.
const CRAWLERS: &[&str] = &[
    // What they are.
    "bot",
    "crawl",
    "spider",
    "slurp",
    "-user/",
    "headless",
    "synthetic",
    "python",
    "proxy)",
    "proxy/",
    "optimizer",
    "classifier",
    // What they do.
    "fetch",
    "feed",
    "monitor",
    "preview",
    "scan",
    "scrap",
    "archive",
    "inspect",
    "transcod",
    "thumbnail",
    "screenshot",
    "webscreen",
    "webthumb",
    "web-capture",
    "checker",
    "linkcheck",
    "linktiger",
    "verif",
    "analyz",
    "audit",
    "measure",
    "probe",
    "validat",
    "sitemap",
    "uptime",
    // How to reach the owner.
    "http",
    "@",
    "(at)",
    ".com)",
    ".com/",
    // Browsers with nobody in front of them.
    "PhantomJS",
    "jsdom",
    "HappyDOM",
    "Zombie.js",
    "Selenium",
    "WebDriver",
    "Playwright",
    "Puppeteer",
    "Cypress/",
    "wkhtmlto",
    "webkit2png",
    "splash Version",
    "HTTrack",
    "Nutch",
    // Google's programs, except its browsers and phones.
    "Google-",
    "-Google",
    "Google Favicon",
    "Google Search",
    "Google Page",
    "Google Keyword",
    "GoogleAgent",
    "GoogleOther",
    "GoogleAdwords",
    "GoogleImageProxy",
    "GoogleMessages",
    "GoogleWebLight",
    // Link previews, other search engines, feed readers.
    "facebookexternalhit",
    "meta-external",
    "Cardyb",
    "Daum ",
    "Daum/",
    "Daumoa",
    "HubSpot",
    "WordPress",
    "NewsNow",
    "NewsAI",
    "Devin/",
    "QuiteRSS",
    "NetNewsWire",
    "ReederForMac",
    // Speed tests, uptime checks, security scanners.
    "Lighthouse",
    "PageSpeed",
    "PTST/",
    "PTST ",
    "GTmetrix",
    "DebugBear",
    "DareBoost",
    "pageburst",
    "Pingdom",
    "StatusCake",
    "Site24x7",
    "Catchpoint",
    "Gomez",
    "Neustar",
    "ThousandEyes",
    "AppInsights",
    "DejaClick",
    "Ghost Inspector",
    "Functionize",
    "TestLocally",
    "Rigor)",
    "iplabel",
    "Hotjar",
    "Cloudflare",
    "Siteimprove",
    "Silktide",
    "Hardenize",
    "SecurityHeaders",
    "Foregenix",
    "OneTrust",
    "watchTowr",
    "Cybaa",
    "Bluecoat",
    // The rest.
    "Datanyze",
    "DMBrowser",
    "MarketGoo",
    "Impact.com",
    "PrintFriendly",
    "Convertify",
    "Collapsify",
    "Mixnode",
    "Sparkler",
    "Readable/",
    "Sindup",
    "Prospecting",
    "ProductFinder",
    "ips-agent",
    "BW/",
    "Dlc/",
    " Time/",
    "Advisor",
    "burpcollab",
    "WeChatDevTools",
    ".0.0.0MQQBrowser",
];

/// Names of phones, companies and browser components that contain a word from `CRAWLERS`, and the
/// keywords of a locale (`en_US@rg=gbzzzz`), which apps on iPhones put into their User-Agents.
const INNOCENT: &[&str] = &[
    "Cubot",
    "; Xbot",
    "; M bot",
    "; M_bot",
    "; C bot",
    "; B bot",
    "; VR bot",
    "; ID bot",
    "; IDbot",
    "; Power bot",
    "botech",
    "Caboto",
    "turbotab",
    "CamScan",
    "libhttp",
    "HandHTTP",
    "iOS@",
    "Android@",
    "@calendar",
    "@collation=",
    "@currency=",
    "@numbers=",
    "@rg=",
];

/// What a word indicates.
#[derive(Clone, Copy)]
enum Says {
    Crawler,
    Engine,
    Phone,
    Nothing,
}

/// All words in one automaton. It scans a User-Agent once, however many words there are.
struct Words {
    automaton: AhoCorasick,
    /// Indexed by the word's pattern number in the automaton.
    says: Vec<Says>,
}

static WORDS: LazyLock<Words> = LazyLock::new(|| {
    let lists = [
        (Says::Crawler, CRAWLERS),
        (Says::Engine, ENGINES),
        (Says::Phone, PHONES),
        (Says::Nothing, INNOCENT),
    ];
    let automaton = AhoCorasick::builder()
        .ascii_case_insensitive(true)
        // The longest match wins, so "Cubot" is a phone and not a bot.
        .match_kind(MatchKind::LeftmostLongest)
        .build(lists.iter().flat_map(|(_, words)| words.iter()))
        .expect("a few hundred short words fit into an automaton");
    let says =
        lists.iter().flat_map(|(says, words)| std::iter::repeat_n(*says, words.len())).collect();
    Words { automaton, says }
});

/// Whether a User-Agent belongs to a crawler, or to any other program that is not a browser. Runs
/// in time linear in the length of the User-Agent.
pub fn is_crawler(user_agent: &str) -> bool {
    let begins_with_any =
        |beginnings: &[&str]| beginnings.iter().any(|beginning| begins_with(user_agent, beginning));
    let mut has_engine = false;
    let mut has_reason = begins_with_any(BROWSERS);
    for found in WORDS.automaton.find_iter(user_agent) {
        match WORDS.says[found.pattern()] {
            Says::Crawler => return true,
            Says::Engine => has_engine = true,
            Says::Phone => has_reason = true,
            Says::Nothing => {}
        }
    }
    let is_browser = has_reason || (has_engine && begins_with_any(BEGINNINGS));
    !is_browser
}

/// Ignores ASCII case.
fn begins_with(text: &str, beginning: &str) -> bool {
    text.get(..beginning.len()).is_some_and(|start| start.eq_ignore_ascii_case(beginning))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Browsers on desktops, phones and televisions, including old and rare ones.
    const READERS: &[&str] = &[
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) \
         Chrome/137.0.0.0 Safari/537.36",
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) \
         Chrome/137.0.0.0 Safari/537.36 Edg/137.0.0.0",
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) \
         Chrome/134.0.0.0 Safari/537.36 OPR/119.0.0.0",
        "Mozilla/5.0 (X11; Linux x86_64; rv:139.0) Gecko/20100101 Firefox/139.0",
        "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) \
         Version/18.5 Safari/605.1.15",
        "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like \
         Gecko) Version/18.5 Mobile/15E148 Safari/604.1",
        "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like \
         Gecko) CriOS/137.0.7151.79 Mobile/15E148 Safari/604.1",
        "Mozilla/5.0 (iPad; CPU OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) \
         GSA/316.0.6 Mobile/15E148 Safari/604.1",
        "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) \
         Chrome/137.0.0.0 Mobile Safari/537.36",
        "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) \
         SamsungBrowser/27.0 Chrome/125.0.0.0 Mobile Safari/537.36",
        "Mozilla/5.0 (Linux; Android 14; Google Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) \
         Chrome/137.0.0.0 Mobile Safari/537.36",
        "Mozilla/5.0 (Android 15; Mobile; rv:139.0) Gecko/139.0 Firefox/139.0",
        "Mozilla/5.0 (Linux; Android 9; CUBOT_X19) AppleWebKit/537.36 (KHTML, like Gecko) \
         Chrome/130.0.0.0 Mobile Safari/537.36",
        "Mozilla/5.0 (Linux; Android 7.0; M bot 60 Build/NRD90M) AppleWebKit/537.36 (KHTML, like \
         Gecko) Chrome/58.0.3029.83 Mobile Safari/537.36",
        "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) \
         Chrome/111.0.0.0 Mobile Safari/537.36 (Ecosia android@111.0.5563.116)",
        "Mozilla/5.0 (Linux; Android 12; SM-A125F) AppleWebKit/537.36 (KHTML, like Gecko) \
         Version/4.0 Chrome/124.0.6367.179 Mobile DuckDuckGo/5 Safari/537.36",
        "Mozilla/5.0 (Windows NT 10.0; WOW64; Trident/7.0; rv:11.0) like Gecko",
        "Mozilla/4.0 (compatible; MSIE 8.0; Windows NT 6.1; Trident/4.0)",
        "Mozilla/5.0 (Linux; Tizen 2.3; SmartHub; SMART-TV; SmartTV; U; Maple2012) \
         AppleWebKit/538.1+ (KHTML, like Gecko) TV Safari/538.1+",
        "Mozilla/5.0 (PlayStation 4 5.55) AppleWebKit/601.2 (KHTML, like Gecko)",
        "Mozilla/5.0 (X11; Linux x86_64; rv:102.0) Gecko/20100101 Goanna/6.7 Firefox/102.0 \
         PaleMoon/33.3.1",
        "Mozilla/5.0 (X11; Linux x86_64) Ladybird/1.0",
        "Mozilla/5.0 (compatible; Konqueror/4.5; Linux) KHTML/4.5.4 (like Gecko)",
        "Opera/9.80 (X11; Linux x86_64) Presto/2.12.388 Version/12.16",
        "Opera/9.80 (J2ME/MIDP; Opera Mini/9.80 (S60; SymbOS; Opera Mobi/23.348; U; en) \
         Presto/2.5.25 Version/10.54",
        "UCWEB/2.0 (MIDP-2.0; U; Adr 4.4.2; en-US; GT-I9060I) U2/1.0.0 UCBrowser/9.9.1.554 \
         U2/1.0.0 Mobile",
        "Nokia6280/2.0 (03.60) Profile/MIDP-2.0 Configuration/CLDC-1.1",
        "DoCoMo/2.0 N905i(c100;TB;W24H16)",
        "Lynx/2.9.0dev.6 libwww-FM/2.14 SSL-MM/1.4.1 GNUTLS/3.6.13",
        "ELinks/0.12~pre6-1ubuntu1 (textmode; Ubuntu; Linux 3.11.0-13-generic i686; 100x25-2)",
    ];

    /// Browsers inside apps.
    const IN_APPS: &[&str] = &[
        // Viber
        "Mozilla/5.0 (Linux; Android 7.1.2; G011A Build/N2G48H; wv) AppleWebKit/537.36 (KHTML, \
         like Gecko) Version/4.0 Chrome/66.0.3359.158 Safari/537.36 Viber",
        // Slack
        "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Slack/1.2.6 \
         Chrome/45.0.2454.85 AtomShell/0.34.3 Safari/537.36 Slack_SSB/1.2.6",
        // Facebook
        "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like \
         Gecko) Mobile/22F76 \
         [FBAN/FBIOS;FBAV/517.0.0.43.90;FBBV/742021354;FBDV/iPhone14,3;FBMD/iPhone;FBSN/iOS;FBSV/18.5]",
        "Mozilla/5.0 (Linux; Android 15; SM-S918B; wv) AppleWebKit/537.36 (KHTML, like Gecko) \
         Version/4.0 Chrome/136.0.7103.125 Mobile Safari/537.36 [FB_IAB/FB4A;FBAV/516.0.0.47.109;]",
        "Mozilla/5.0 (Linux; Android 16; Pixel 10 Pro XL Build/CP1A.260305.018; wv) \
         AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/146.0.7680.174 Mobile \
         Safari/537.36 MetaIAB Facebook",
        "[FBAN/FB4A;FBAV/567.1.0.52.74;FBBV/1003893689;FBLC/nl_NL;FBMF/samsung;FBPN/com.facebook.katana]",
        // Instagram
        "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like \
         Gecko) Mobile/21F79 Instagram 330.0.3.29.91 (iPhone14,3; iOS 17_5; \
         en_IR@calendar=gregorian; en; scale=3.00; 1284x2778)",
        "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like \
         Gecko) Mobile/22F76 Instagram 384.0.0.32.88 (iPhone16,1; iOS 18_5; en_US@rg=gbzzzz; en; \
         scale=3.00; 1179x2556)",
        "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like \
         Gecko) Mobile/22F76 Instagram 384.0.0.32.88 (iPhone16,1; iOS 18_5; \
         ar_SA@numbers=latn;calendar=gregorian; ar; scale=3.00; 1179x2556)",
        // Line
        "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like \
         Gecko) Mobile/15E148 Safari Line/15.8.0",
        // WeChat
        "Mozilla/5.0 (Linux; Android 13; V2148A; wv) AppleWebKit/537.36 (KHTML, like Gecko) \
         Version/4.0 Chrome/116.0.0.0 Mobile Safari/537.36 MMWEBID/1234 \
         MicroMessenger/8.0.50.2701(0x28003254) NetType/WIFI",
        // VS Code
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) \
         Code/1.115.0 Chrome/142.0.7444.265 Electron/39.8.5 Safari/537.36",
        // Outlook
        "Mozilla/4.0 (compatible; MSIE 7.0; Windows NT 10.0; WOW64; Trident/7.0; .NET4.0C; \
         .NET4.0E; Microsoft Outlook 16.0.6001; ms-office; MSOffice 16)",
        // Teams
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) \
         Teams/1.5.00.8070 Chrome/85.0.4183.121 Electron/10.4.3 Safari/537.36",
        // Discord
        "Mozilla/5.0 (Windows NT 10.0; WOW64) AppleWebKit/537.36 (KHTML, like Gecko) \
         discord/0.0.306 Chrome/78.0.3904.130 Electron/7.1.11 Safari/537.36",
        // Snapchat
        "Mozilla/5.0 (iPhone; CPU iPhone OS 14_7 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like \
         Gecko) Mobile/15E148 Snapchat/11.36.0.36 (like Safari/8611.3.10.0.1, panda)",
        // Pinterest
        "Mozilla/5.0 (Linux; Android 13; SM-A536B; wv) AppleWebKit/537.36 (KHTML, like Gecko) \
         Version/4.0 Chrome/120.0.6099.144 Mobile Safari/537.36 [Pinterest/Android]",
        // TikTok
        "Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like \
         Gecko) Mobile/15E148 musical_ly_33.8.0 JsSdk/2.0 NetType/WIFI Channel/App Store \
         ByteLocale/en BytedanceWebview/d8a21c6",
        // LinkedIn
        "Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like \
         Gecko) Mobile/15E148 [LinkedInApp]",
        // X
        "Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like \
         Gecko) Mobile/15E148 Twitter for iPhone/10.34",
        // Telegram
        "Mozilla/5.0 (Linux; Android 14; SM-G991B; wv) AppleWebKit/537.36 (KHTML, like Gecko) \
         Version/4.0 Chrome/125.0.6422.113 Mobile Safari/537.36 Telegram-Android/11.2.3",
        // A document scanner
        "Mozilla/5.0 (Linux; Android 8.1.0; Redmi 5 Plus; wv) AppleWebKit/537.36 (KHTML, like \
         Gecko) Version/4.0 Chrome/75.0.3770.101 Mobile Safari/537.36 CamScanner/4.8.5.23",
    ];

    /// Search engines, AI fetchers, link previews.
    const INDEXERS: &[&str] = &[
        "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
        "Mozilla/5.0 (Linux; Android 6.0.1; Nexus 5X Build/MMB29P) AppleWebKit/537.36 (KHTML, like \
         Gecko) Chrome/137.0.7151.68 Mobile Safari/537.36 (compatible; Googlebot/2.1; \
         +http://www.google.com/bot.html)",
        "DoCoMo/2.0 N905i(c100;TB;W24H16) (compatible; Googlebot-Mobile/2.1; \
         +http://www.google.com/bot.html)",
        "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko; \
         Google-Sites-Thumbnails) Chrome/120.0.6099.71 Safari/537.36",
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko; \
         Google-Read-Aloud) Chrome/120.0.0.0 Safari/537.36",
        "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; GoogleOther) \
         Chrome/117.0.5938.132 Safari/537.36",
        "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; bingbot/2.0; \
         +http://www.bing.com/bingbot.htm) Chrome/116.0.1938.76 Safari/537.36",
        "Mozilla/5.0 (compatible; Yahoo! Slurp; http://help.yahoo.com/help/us/ysearch/slurp)",
        "Mozilla/5.0 (compatible; Baiduspider/2.0; +http://www.baidu.com/search/spider.html)",
        "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; GPTBot/1.2; \
         +https://openai.com/gptbot)",
        "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko); compatible; ChatGPT-User/1.0; \
         +https://openai.com/bot",
        "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) \
         Chrome/132.0.0.0 Safari/537.36; Manus-User/1.0",
        "facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)",
        "facebookexternalhit/1.1",
        "meta-externalagent/1.1 (+https://developers.facebook.com/docs/sharing/webmasters/crawler)",
        "WhatsApp/2.23.20.0 A",
        "Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)",
        "Slack-ImgProxy (+https://api.slack.com/robots)",
        "Twitterbot/1.0",
        "LinkedInBot/1.0 (compatible; Mozilla/5.0; Apache-HttpClient +http://www.linkedin.com)",
        "TelegramBot (like TwitterBot)",
        "Mozilla/5.0 (compatible; Discordbot/2.0; +https://discordapp.com)",
        "Bluesky Cardyb/1.1",
        "Mozilla/5.0 (Windows NT 6.1; WOW64) AppleWebKit/534+ (KHTML, like Gecko) BingPreview/1.0b",
        "Mastodon/4.3.8 (http.rb/5.2.0; +https://mastodon.social/)",
    ];

    /// HTTP clients, feed readers, headless browsers, monitoring.
    const PROGRAMS: &[&str] = &[
        "",
        "  ",
        "-",
        "Mozilla/5.0",
        "Mozilla/4.0 (compatible;)",
        "Anonymous, Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.37 (KHTML, like Gecko) \
         Chrome/50.0.2272.105 Safari/537.37",
        "node",
        "undici",
        "Deno/2.3.5",
        "axios/1.9.0",
        "Dart/3.1 (dart:io)",
        "okhttp/4.12.0",
        "Dalvik/2.1.0 (Linux; U; Android 9; SM-G965U Build/PPR1.180610.011)",
        "Safari/18615.1.21.11.5 CFNetwork/1406.0.2 Darwin/22.4.0",
        "Go-http-client/2.0",
        "Java/21.0.2",
        "curl/8.5.0",
        "Wget/1.21.3",
        "python-requests/2.32.3",
        "Mozilla/5.0 (compatible; Linux x86_64; python-requests/2.32.3)",
        "NetNewsWire (RSS Reader; https://netnewswire.com/)",
        "NetNewsWire (RSS Reader)",
        "Feedbin feed-id:1 - 1 subscribers",
        "Tiny Tiny RSS/1.11 (http://tt-rss.org/)",
        "UniversalFeedParser/4.2-pre-314-svn +http://feedparser.org/",
        "Microsoft Office/16.0 (Windows NT 10.0; Microsoft Outlook 16.0.10325; Pro)",
        "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) \
         HeadlessChrome/137.0.0.0 Safari/537.36",
        "Mozilla/5.0 (Linux; Android 11; moto g power (2022)) AppleWebKit/537.36 (KHTML, like \
         Gecko) Chrome/134.0.0.0 Mobile Safari/537.36 Chrome-Lighthouse",
        "Mozilla/5.0 (iPhone; U; CPU iPhone OS 4_0_1 like Mac OS X; en-us) AppleWebKit/537.4 \
         (KHTML, like Gecko; Google Page Speed Insights) Version/4.0.5 Mobile/8A306 \
         Safari/6531.22.7",
        "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) \
         Chrome/96.0.4664.45 Safari/537.36 PTST/211202.211915",
        "Mozilla/5.0 (Unknown; Linux x86_64) AppleWebKit/534.34 (KHTML, like Gecko) \
         PingdomTMS/0.8.5 Safari/534.34",
        "Mozilla/5.0 (Windows NT 6.2; WOW64) AppleWebKit/537.4 (KHTML, like Gecko) Chrome/98 \
         Safari/537.4 (StatusCake)",
        "Mozilla/5.0 (compatible; MSIE 10.0; Windows NT 6.1; Trident/6.0) LinkCheck by \
         Siteimprove.com",
        "W3C-checklink/4.81 libwww-perl/5.836",
    ];

    fn assert_crawler(expected: bool, user_agents: &[&str]) {
        for user_agent in user_agents {
            assert_eq!(is_crawler(user_agent), expected, "{user_agent}");
        }
    }

    #[test]
    fn c4_browsers_are_readers() {
        assert_crawler(false, READERS);
    }

    #[test]
    fn c4_browsers_inside_apps_are_readers() {
        assert_crawler(false, IN_APPS);
    }

    #[test]
    fn c4_indexers_and_previews_are_crawlers() {
        assert_crawler(true, INDEXERS);
    }

    #[test]
    fn c4_programs_are_crawlers() {
        assert_crawler(true, PROGRAMS);
    }

    #[test]
    fn c4_whoever_names_a_crawler_is_one_whatever_else_it_says() {
        for reader in READERS.iter().chain(IN_APPS) {
            assert!(is_crawler(&format!("{reader} (compatible; Examplebot/1.0)")), "{reader}");
            assert!(is_crawler(&format!("{reader}; +http://example.com")), "{reader}");
        }
    }

    #[test]
    fn c4_the_case_of_letters_makes_no_difference() {
        for user_agent in READERS.iter().chain(IN_APPS).chain(INDEXERS).chain(PROGRAMS) {
            let expected = is_crawler(user_agent);
            assert_eq!(is_crawler(&user_agent.to_ascii_lowercase()), expected, "{user_agent}");
            assert_eq!(is_crawler(&user_agent.to_ascii_uppercase()), expected, "{user_agent}");
        }
    }

    #[test]
    fn c4_an_innocent_name_hides_no_crawler_beside_it() {
        let chrome = "AppleWebKit/537.36 (KHTML, like Gecko) Chrome/137.0.0.0 Safari/537.36";
        assert!(!is_crawler(&format!("Mozilla/5.0 (Linux; Android 9; Cubot) {chrome}")));
        for crawler in ["Cubotbot", "bot; Cubot", "Cubot) (compatible; bot", "cludo.com bot"] {
            assert!(
                is_crawler(&format!("Mozilla/5.0 (Linux; Android 9; {crawler}) {chrome}")),
                "{crawler}"
            );
        }
    }

    #[test]
    fn c4_no_word_stands_in_the_lists_twice() {
        let lists = [CRAWLERS, ENGINES, PHONES, INNOCENT].concat();
        let mut words: Vec<String> = lists.iter().map(|word| word.to_ascii_lowercase()).collect();
        let all = words.len();
        words.sort();
        words.dedup();
        assert_eq!(words.len(), all);
        assert!(words.iter().all(|word| word.len() > 1 || word == "@"));
    }
}
