//! What the launch parameters come to, with a resolver of addresses that needs no
//! browser.

use super::*;
use parlance_words::LANGUAGES;

/// Enough of a browser's resolver: absolute, rooted and relative addresses.
struct Simple;

impl Resolver for Simple {
    fn resolve(&self, text: &str) -> Option<Address> {
        let absolute = if text.contains(':') {
            text.to_owned()
        } else if text.starts_with('/') {
            format!("https://chat.example{text}")
        } else {
            format!("https://chat.example/app/{text}")
        };
        let (scheme, rest) = absolute.split_once(':')?;
        let rest = rest.strip_prefix("//").unwrap_or_default();
        let (host, path) = rest.find('/').map_or((rest, "/"), |at| rest.split_at(at));
        Some(Address {
            scheme: scheme.to_owned(),
            host: host.rsplit('@').next().unwrap_or_default().to_owned(),
            rest: path.to_owned(),
            has_credentials: host.contains('@'),
        })
    }
}

fn page() -> Page {
    Page {
        address: Simple.resolve("index.html").expect("an address"),
        embedded: false,
    }
}

fn read(query: &str) -> Result<Launch, Vec<Problem>> {
    parse(&Parameters::from_query(query), &page(), &Simple)
}

pub(crate) fn good(query: &str) -> Launch {
    read(query).unwrap_or_else(|problems| panic!("{query}: {problems:?}"))
}

fn wrong(query: &str) -> Vec<String> {
    let problems = read(query).expect_err(query);
    problems.into_iter().map(|it| it.parameter).collect()
}

#[test]
fn without_parameters_the_page_joins_the_lobby_of_its_own_server() {
    let launch = good("");
    assert_eq!(launch.dialect, DialectName::Native);
    assert_eq!(launch.ws, "wss://chat.example/ws");
    assert_eq!(launch.api, "https://chat.example/");
    assert_eq!(launch.target(), Target::Room("lobby".to_owned()));
    assert_eq!((launch.theme, launch.embed), (Theme::Auto, false));
}

#[test]
fn every_parameter_is_typed() {
    let launch = good(
        "dialect=native&ws=wss%3A%2F%2Fother.example%2Fs%3Fa%3Db&api=/base&upload=up\
         &token=a+b&role=agent&uid=7&name=Ada+L%C3%B6velace&avatar=/a.png&password=p%2Bq\
         &login=%7B%22id%22%3A1%7D&room=r&to=8&to_name=Bob&to_avatar=b.png&chat=group\
         &stream=s&lang=zh-CN&theme=dark&embed=1&stranger=1",
    );
    assert_eq!(launch.ws, "wss://other.example/s?a=b");
    assert_eq!(launch.api, "https://chat.example/base/");
    assert_eq!(
        launch.upload.as_deref(),
        Some("https://chat.example/app/up")
    );
    assert_eq!(launch.token.as_ref().map(Secret::reveal), Some("a+b"));
    assert_eq!(launch.password.as_ref().map(Secret::reveal), Some("p+q"));
    assert_eq!(launch.name.as_deref(), Some("Ada Lövelace"));
    assert_eq!(launch.role, Role::Agent);
    assert_eq!(launch.login.get("id"), Some(&Value::from(1)));
    assert_eq!(launch.target(), Target::Room("r".to_owned()));
    assert_eq!(launch.lang.as_deref(), Some("zh-CN"));
    assert_eq!((launch.theme, launch.embed), (Theme::Dark, true));
    assert!(!format!("{launch:?}").contains("a+b"), "a secret was shown");
}

#[test]
fn a_person_to_talk_to_makes_it_a_single_chat() {
    let launch = good("to=bob&to_name=Bob");
    let target = Target::Person(Uid::new("bob"), Some("Bob".to_owned()));
    assert_eq!(launch.target(), target);
}

#[test]
fn what_is_shown_first_is_what_the_dialect_has() {
    let room = |query: &str| good(query).target();
    assert_eq!(
        room("dialect=plain&token=t"),
        Target::Room("plain".to_owned())
    );
    assert_eq!(room("dialect=jim&room=100"), Target::Room("100".to_owned()));
    assert_eq!(room("dialect=egg&token=t"), Target::Nothing);
    assert_eq!(room("dialect=crmeb&token=t&role=agent"), Target::Nothing);
    assert_eq!(
        room("dialect=crmeb&token=t&to=9"),
        Target::Person(Uid::new("9"), None)
    );
}

#[test]
fn what_is_wrong_is_named_all_at_once() {
    let cases: [(&str, &[&str]); 19] = [
        ("dialect=klingon", &["dialect"]),
        ("dialect=jim", &["room"]),
        ("dialect=topic", &["token", "room"]),
        ("dialect=plain", &["token"]),
        ("dialect=egg", &["token"]),
        ("dialect=crmeb", &["token", "to"]),
        ("dialect=crmeb-stock&token=t", &["to"]),
        ("dialect=crmeb-stock&role=agent", &["token"]),
        ("dialect=egg&token=t&chat=single", &["to"]),
        ("ws=javascript:alert(1)", &["ws"]),
        ("ws=ftp://chat.example/", &["ws"]),
        ("ws=ws://other.example/ws", &["ws"]),
        ("ws=wss://me:secret@other.example/", &["ws"]),
        ("api=data:text/html,x", &["api"]),
        ("api=ws://chat.example/", &["api"]),
        ("login=[1]&theme=pink", &["theme", "login"]),
        ("chat=single", &["to"]),
        ("embed=yes", &["embed"]),
        ("lang=%3Cscript%3E", &["lang"]),
    ];
    for (query, named) in cases {
        assert_eq!(wrong(query), named, "{query}");
    }
}

#[test]
fn problems_are_told_without_the_value_in_every_language() {
    let problems = read("theme=%3Cb%3E&ws=gopher:x&lang=-&login=x").expect_err("four are wrong");
    for problem in problems {
        for language in LANGUAGES {
            let sentence = problem.sentence(&language.words());
            assert!(
                !sentence.is_empty() && !sentence.contains('<'),
                "{sentence}"
            );
        }
    }
}

#[test]
fn an_encrypted_page_may_talk_in_the_clear_to_the_same_machine_only() {
    assert_eq!(
        good("ws=ws://127.0.0.1:4000/ws").ws,
        "ws://127.0.0.1:4000/ws"
    );
    assert_eq!(good("api=http://[::1]/").api, "http://[::1]/");
    assert_eq!(good("api=http://[::1]:40/").api, "http://[::1]:40/");
    assert_eq!(wrong("api=http://127.0.0.1.example/"), ["api"]);
}

#[test]
fn hostile_queries_are_read_as_browsers_read_them() {
    let cases = [
        ("name=%", Some("%")),
        ("name=%4", Some("%4")),
        ("name=%zz", Some("%zz")),
        ("name=%ff", Some("\u{fffd}")),
        ("name=a=b", Some("a=b")),
        ("name=first&name=last", Some("last")),
        ("%6eame=x", Some("x")),
        ("&&name=x&&", Some("x")),
        ("name", None),
        ("name=", None),
        ("NAME=x", None),
    ];
    for (query, name) in cases {
        assert_eq!(
            Parameters::from_query(query).value("name"),
            name,
            "{query:?}"
        );
    }
}

#[test]
fn a_hosts_mark_at_the_end_of_a_fragment_is_not_a_parameter() {
    for fragment in [
        "#token=t#wechat_redirect",
        "#token=t&wechat_redirect",
        "#token=t",
    ] {
        let read = Parameters::from_fragment(fragment);
        assert_eq!(read.value("token"), Some("t"), "{fragment}");
    }
    assert!(Parameters::from_fragment("#wechat_redirect").is_empty());
    assert!(Parameters::from_fragment("").is_empty());
}

#[test]
fn secrets_leave_the_query_and_nothing_else_does() {
    let cases = [
        ("", ""),
        ("?", ""),
        ("?token=t", ""),
        ("?a=1&token=t&b=%20&password=p", "?a=1&b=%20"),
        ("?%74oken=t&x", "?x"),
        ("?tokens=1", "?tokens=1"),
    ];
    for (query, left) in cases {
        assert_eq!(parameters::without_secrets(query), left, "{query:?}");
    }
}

#[test]
fn the_file_holds_text_numbers_and_flags() {
    let file =
        r#"{"room": "r", "uid": 7, "embed": true, "login": {"id": 1}, "name": null, "x": []}"#;
    let refused = Parameters::from_file(file).expect_err("x is a list");
    assert_eq!(refused.parameter, "parlance.json: x");
    let file = file.replace("[]", "1");
    let read = Parameters::from_file(&file).expect("a good file");
    assert_eq!(read.value("uid"), Some("7"));
    assert_eq!(read.value("embed"), Some("1"));
    assert_eq!(read.value("login"), Some(r#"{"id":1}"#));
    assert_eq!(read.value("name"), None);
    for broken in ["", "[]", "{", "<!doctype html>", "null", "\"\""] {
        assert!(Parameters::from_file(broken).is_err(), "{broken:?}");
    }
}

/// It reads the address by the same rules, to know which program to start.
#[test]
fn the_shell_knows_the_same_names() {
    let shell = include_str!("../../index.html");
    let known = format!("var known = /^({})$/;", parameters::NAMES.join("|"));
    assert!(shell.contains(&known), "{known}");
}

mod reload {
    use super::*;

    fn sources(address: &str, fragment: &str, kept: Option<&Kept>) -> Sources {
        let query = address.split_once('?').map_or("", |(_, query)| query);
        Sources {
            file: Parameters::default(),
            query: Parameters::from_query(query),
            fragment: Parameters::from_fragment(fragment),
            kept: kept.cloned(),
            address: address.to_owned(),
        }
    }

    fn open(address: &str, fragment: &str, kept: Option<&Kept>) -> Launched {
        launch(&sources(address, fragment, kept), &page(), &Simple).expect("a good launch")
    }

    fn token(launched: &Launched) -> Option<&str> {
        launched.launch.token.as_ref().map(Secret::reveal)
    }

    #[test]
    fn a_fragment_wins_over_the_query_and_the_query_over_the_file() {
        let mut sources = sources("/?room=query&name=query", "#room=fragment", None);
        sources.file = Parameters::from_query("room=file&name=file&uid=file");
        let launch = launch(&sources, &page(), &Simple).expect("good").launch;
        assert_eq!(launch.room.as_deref(), Some("fragment"));
        assert_eq!(launch.name.as_deref(), Some("query"));
        assert_eq!(launch.uid.as_deref(), Some("file"));
    }

    #[test]
    fn a_reload_keeps_everything_that_left_the_address() {
        let first = open("/?room=a", "#token=t&room=b", None);
        let again = open("/?room=a", "", Some(&first.kept));
        assert_eq!(again.launch, first.launch);
        let third = open("/?room=a", "", Some(&again.kept));
        assert_eq!(third.launch, first.launch);
    }

    #[test]
    fn another_room_of_the_same_server_keeps_who_i_am() {
        let first = open("/?room=a", "#token=t&room=b", None);
        let other = open("/?room=c", "", Some(&first.kept));
        assert_eq!(token(&other), Some("t"));
        assert_eq!(other.launch.room.as_deref(), Some("c"));
        let again = open("/?room=c", "", Some(&other.kept));
        assert_eq!(again.launch, other.launch);
    }

    #[test]
    fn a_credential_never_goes_to_another_server() {
        let first = open("/", "#token=t", None);
        for address in ["/?ws=wss://evil.example/", "/?api=https://evil.example/"] {
            let other = open(address, "", Some(&first.kept));
            assert_eq!(token(&other), None, "{address}");
            assert_eq!(other.kept.me(), None);
        }
    }

    #[test]
    fn somebody_elses_credential_drops_whom_the_server_knew() {
        let first = open("/", "#token=alice", None);
        let kept = first.kept.with_me("1");
        assert_eq!(Kept::from_text(&kept.to_text()).as_ref(), Some(&kept));
        assert_eq!(open("/", "", Some(&kept)).kept.me(), Some("1"));
        assert_eq!(open("/", "#token=alice", Some(&kept)).kept.me(), Some("1"));
        assert_eq!(open("/", "#token=bob", Some(&kept)).kept.me(), None);
    }

    #[test]
    fn what_a_tab_has_kept_is_read_back_or_not_at_all() {
        for other in ["", "null", "[]", "{}", r#"{"address":"/","server":"s"}"#] {
            assert_eq!(Kept::from_text(other), None, "{other}");
        }
        let odd = r#"{"address":"/","server":"s","parameters":{"uid":7,"x":"y"},"me":1}"#;
        let kept = Kept::from_text(odd).expect("the address and the server are there");
        assert_eq!(kept.me(), None);
    }
}
