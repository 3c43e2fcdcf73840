//! The topic backend: what its dialect promises.
//!
//! Frames are written out here as the old server writes them.

use parlance_core::content::Content;

use super::*;

#[test]
fn what_is_typed_cannot_break_out_of_its_three_levels() {
    let mut stage = online();
    let typed = "\"}\\\" \\\\ \n\u{0}\u{2028} {\"type\":1} </script> 😀";
    stage.says(&room(), typed);
    let info = chat_info(stage.sent.last().expect("a frame"));
    let expected = json!({"user": "7", "displayName": "我", "avatarurl": "", "stream": "55",
        "content": typed, "type": "message", "createdat": "2026-9-21 22:13"});
    assert_eq!(info, expected);
}

#[test]
fn a_message_is_sent_when_it_comes_back_and_unknown_when_it_does_not() {
    let mut stage = online();
    stage.says(&room(), "hello");
    heard(&mut stage, 5, "hello");
    let both = stage.rows(&room());
    assert_eq!(
        both,
        ["5:hello", "me:hello sending"],
        "another's is no echo"
    );
    heard(&mut stage, 7, "hello");
    assert_eq!(stage.rows(&room()), ["5:hello", "me:hello sent"]);
    stage.says(&room(), "lost");
    stage.advance(9);
    assert_eq!(stage.rows(&room())[2], "me:lost sending");
    stage.advance(2);
    assert_eq!(stage.rows(&room())[2], "me:lost unknown");
    stage.advance(300);
    assert_eq!(talk(&stage), ["hello", "lost"], "never again by itself");
}

#[test]
fn a_link_that_swallows_a_message_is_replaced_within_50_seconds() {
    let mut stage = online();
    stage.advance(600);
    assert_eq!(stage.status(), Status::Online, "silence alone says nothing");
    stage.requests.clear();
    stage.says(&room(), "hello?");
    stage.advance(50);
    assert_ne!(stage.dialled.len(), 1);
}

#[test]
fn after_a_loss_history_decides() {
    let mut stage = online();
    stage.says(&room(), "arrived");
    stage.breaks(1006);
    assert_eq!(stage.rows(&room()), ["me:arrived unknown"]);
    let rows = [row(900, said(7, "message", "arrived"))];
    returns(&mut stage, &history(&rows));
    assert_eq!(stage.rows(&room()), ["me:arrived sent"]);
    stage.says(&room(), "did not");
    stage.breaks(1006);
    returns(&mut stage, &history(&rows));
    stage.advance(60);
    assert_eq!(stage.rows(&room())[1], "me:did not unknown");
    assert_eq!(talk(&stage), ["arrived", "did not"]);
    stage.retries(&room(), "did not");
    assert_eq!(talk(&stage), ["arrived", "did not", "did not"]);
}

#[test]
fn a_question_goes_by_http_and_its_frame_proves_it() {
    let mut stage = online();
    stage.sent.clear();
    asks(&mut stage, "能回放吗?");
    let request = stage.asked(ASK);
    assert_eq!(request.url, "https://srv.example/api/question/add");
    let body: Value =
        serde_json::from_str(request.body.as_deref().unwrap_or_default()).expect("JSON");
    assert_eq!(body, json!({"content": "能回放吗?", "streamId": "55"}));
    stage.answers(ASK, 200, r#"{"code":200,"data":null}"#);
    assert_eq!(
        stage.rows(&room()),
        ["me:能回放吗? sending"],
        "only accepted"
    );
    let question = json!({"content": "能回放吗?"}).to_string();
    stage.hears(&frame(&said(7, "question", &question)));
    assert_eq!(stage.rows(&room()), ["me:能回放吗? sent"]);
    assert!(stage.sent.is_empty(), "nothing of it on the socket");
}

#[test]
fn a_question_that_is_refused_fails_and_one_that_is_lost_is_unknown() {
    for (status, body, shown) in [
        (400, r#"{"code":400,"data":"没有开放提问"}"#, "failed"),
        (200, r#"{"code":500,"msg":"没有开放提问"}"#, "failed"),
        (404, "<html>", "failed"),
        (500, "", "unknown"),
        (502, "<html>", "unknown"),
        (204, "", "sending"),
        (429, r#"{"code":429,"data":"太快"}"#, "queued"),
    ] {
        let mut stage = online();
        asks(&mut stage, "why?");
        stage.answers(ASK, status, body);
        assert_eq!(
            stage.rows(&room()),
            [format!("me:why? {shown}")],
            "{status}"
        );
    }
    let mut stage = online();
    asks(&mut stage, "why?");
    stage.no_answer(ASK);
    assert_eq!(stage.rows(&room()), ["me:why? unknown"]);
}

#[test]
fn an_answer_names_who_answers_and_whom_and_is_never_mine() {
    let mut stage = online();
    let content = json!({"question": "why?", "answer": "so", "orgName": "教务处",
        "orgLogo": "https://img.example/org.png"});
    stage.hears(&frame(&said(7, "answer", &content.to_string())));
    let items = stage.items(&room());
    let Content::Answer(answer) = &items[0].content else {
        panic!("an answer: {items:?}");
    };
    assert_eq!(
        (answer.question.as_str(), answer.answer.as_str()),
        ("why?", "so")
    );
    assert_eq!(answer.organisation.as_deref(), Some("教务处"));
    assert_eq!(answer.to.as_deref(), Some("n7"));
    let author = items[0].author.as_ref().expect("somebody answers");
    assert_eq!(author.name, "教务处");
    assert_eq!(
        author.avatar.as_deref(),
        Some("https://img.example/org.png")
    );
    assert_eq!(stage.rows(&room()), ["org:教务处:so"]);
}

#[test]
fn a_refused_token_ends_the_stay_wherever_it_is_said_and_loses_nothing() {
    for code in [401, 403] {
        let refusal = json!({"code": code, "data": "token expired"}).to_string();
        let mut stage = online();
        stage.hears(&refusal);
        assert_eq!(stage.status(), Status::Ended);
        stage.advance(3_600);
        assert_eq!(stage.dialled.len(), 1);
        for status in [200, code] {
            let mut stage = dialled();
            stage.opens();
            stage.answers(HISTORY, status, &refusal);
            assert_eq!(stage.status(), Status::Ended, "{status}");
            let mut stage = online();
            asks(&mut stage, "why?");
            stage.answers(ASK, status, &refusal);
            assert_eq!(stage.status(), Status::Ended, "{status}");
            assert_eq!(stage.rows(&room()), ["me:why? queued"]);
        }
    }
}

#[test]
fn a_code_is_the_refusal_of_what_waits_and_else_a_notice() {
    let mut stage = online();
    stage.says(&room(), "hello");
    stage.hears(r#"{"code":500,"data":"敏感词"}"#);
    assert_eq!(stage.rows(&room()), ["me:hello failed"]);
    stage.retries(&room(), "hello");
    heard(&mut stage, 7, "hello");
    assert_eq!(stage.rows(&room()), ["me:hello sent"]);
    stage.hears(r#"{"code":500,"data":"维护中"}"#);
    stage.hears(r#"{"code":500,"data":""}"#);
    assert_eq!(stage.rows(&room()), ["me:hello sent", "*:维护中"]);
    assert_eq!(stage.status(), Status::Online);
}

#[test]
fn who_is_too_fast_says_it_again_a_little_later() {
    let mut stage = online();
    stage.says(&room(), "hello");
    stage.hears(r#"{"code":429,"data":"太快"}"#);
    assert_eq!(stage.rows(&room()), ["me:hello queued"]);
    stage.advance(1);
    assert_eq!(talk(&stage), ["hello"]);
    stage.advance(1);
    assert_eq!(talk(&stage), ["hello", "hello"]);
}

#[test]
fn older_history_is_the_next_page_and_asked_for_only_behind_a_full_one() {
    let full: Vec<Value> = (0..1_000)
        .map(|it| row(5_000 + it, said(3, "message", &format!("m{it}"))))
        .collect();
    let mut stage = online_with(&history(&full));
    stage.feed(Input::Command(Command::LoadOlder(room())));
    let url = &stage.asked(HISTORY).url;
    assert_eq!(
        *url,
        "https://srv.example/api/message/chatmsg?page=2&type=&resultsPerPage=1000&stream=55"
    );
    let older = [row(4_999, said(3, "message", "older")), full[0].clone()];
    stage.answers(HISTORY, 200, &history(&older));
    let rows = stage.rows(&room());
    assert_eq!((rows.len(), rows[0].as_str()), (1_001, "3:older"));
    stage.feed(Input::Command(Command::LoadOlder(room())));
    assert!(stage.requests.is_empty(), "there is no third page");
}

#[test]
fn a_page_that_was_launched_with_a_token_alone_learns_who_it_is() {
    let config = TopicConfig {
        me: Me::default(),
        token: "alice".to_owned(),
        ..config()
    };
    let mut stage = Stage::new(Topic::new(config), Target::Room("R-8".to_owned()));
    stage.opens();
    let by_alice = |kind, content| {
        let mut message = said(0, kind, content);
        message["user"] = json!("alice");
        message
    };
    let rows = [
        row(1, by_alice("message", "mine")),
        row(2, said(3, "message", "x")),
    ];
    let page = json!({"code": 200, "data": {"items": rows, "me": "alice"}});
    stage.answers(HISTORY, 200, &page.to_string());
    assert_eq!(stage.rows(&room()), ["me:mine sent", "3:x"]);
    asks(&mut stage, "why?");
    stage.answers(ASK, 200, "");
    stage.hears(&frame(&by_alice("question", r#"{"content":"why?"}"#)));
    assert_eq!(stage.rows(&room())[2], "me:why? sent");
}

#[test]
fn a_history_that_cannot_be_read_is_asked_for_again_and_holds_nothing_up() {
    for (status, body) in [
        (200, "<html>"),
        (200, ""),
        (200, r#"{"code":200,"data":{"rows":[]}}"#),
        (200, r#"{"code":500,"data":"x"}"#),
        (500, ""),
        (404, NOTHING),
    ] {
        let mut stage = dialled();
        stage.opens();
        heard(&mut stage, 5, "live");
        stage.answers(HISTORY, status, body);
        assert_eq!(stage.rows(&room()), ["5:live"], "{status} {body}");
        stage.advance(8);
        let rows = [
            row(1, said(3, "message", "old")),
            row(2, said(5, "message", "live")),
        ];
        stage.answers(HISTORY, 200, &history(&rows));
        assert_eq!(stage.rows(&room()), ["3:old", "5:live"]);
    }
    // Items as a text, as everything else on this backend.
    let items = json!({"items": [row(1, said(3, "message", "old"))]}).to_string();
    let stage = online_with(&json!({"code": 200, "data": items}).to_string());
    assert_eq!(stage.rows(&room()), ["3:old"]);
}
