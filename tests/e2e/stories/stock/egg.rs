//! What the egg.js messenger does: three forms of data, notices that are said
//! again on every connect, answers that are none, and a second login.

use serde_json::{Value, json};

use super::{EGG, Stage};
use crate::backend::{Egg, Fate, History, Seen};
use crate::story::tell;

fn from_kim(id: &str, data: &Value) -> Value {
    json!({
        "id": id, "from_avatar": "/icon.svg", "from_name": "Kim", "from_id": "9", "to_id": 6,
        "to_name": "Ann", "to_avatar": "/icon.svg", "chatType": "single", "type": "text",
        "data": data, "options": null, "create_time": 1_753_934_400_000_u64, "isremove": 0,
    })
}

/// Faults 6 and 7, and a recall, which empties its row in place.
#[test]
fn an_egg_says_it_in_three_forms_and_its_notices_again() {
    tell(1, async || {
        let stage = Stage::online(&EGG).await;
        let packed = |text: &str| json!({"data": text, "dataType": false, "otherData": null});
        let forms = [
            ("Kim, bare", json!("Kim, bare")),
            (
                "Kim, in a text",
                json!(packed("Kim, in a text").to_string()),
            ),
            ("Kim, an object", packed("Kim, an object")),
            (
                "{\"a\":\"bare all the same\"}",
                json!("{\"a\":\"bare all the same\"}"),
            ),
            ("{\"data\":", json!("{\"data\":")),
        ];
        for (number, (text, data)) in forms.iter().enumerate() {
            stage.talk.hears("Kim", text);
            stage
                .backend
                .says(&Egg::frame(&from_kim(&format!("r{number}"), data)));
            stage.hears(text).await;
        }
        // What is broken costs itself alone.
        for broken in [
            "{",
            r#"{"type":"singleChat"}"#,
            r#"{"type":"singleChat","data":"x"}"#,
            r#"{"type":"singleChat","data":{"id":{},"data":{}}}"#,
            r#"{"msg":7}"#,
        ] {
            stage.backend.says(broken);
        }
        // The same message twice is one.
        stage
            .backend
            .says(&Egg::frame(&from_kim("r0", &forms[0].1)));
        stage.kim_says("Kim: and so on");
        stage.hears("Kim: and so on").await;
        stage.shows_all().await;

        let mut recall = from_kim("r1", &packed("Kim took it back"));
        recall["type"] = json!("systemNotice");
        recall["actionType"] = json!("revoke");
        stage.backend.says(&Egg::frame(&recall));
        let page = stage
            .ann
            .sees("the row emptied", |page| !page.shows("Kim, in a text"))
            .await;
        assert_eq!(page.rows.len(), forms.len() + 1, "in place: {page:?}");
        assert_eq!(page.rows[1].kind.as_deref(), Some("notice"), "{page:?}");

        // A ping of the server's is answered.
        stage.backend.says(r#"{"type":"ping"}"#);
        let ponged = |seen: &Seen| (seen.times(r#"{"type":"pong"}"#) > 0).then_some(());
        stage.backend.sees("a pong", ponged).await;
        assert_eq!((stage.links(), stage.backend.open()), (1, 1));
        stage.ends().await;
    });
}

/// What was missed is asked for once after each opening, and not any more where
/// that is unknown; an answer that is none proves nothing, a refusal does.
#[test]
fn an_egg_answers_with_pages_for_people() {
    tell(1, async || {
        let stage = Stage::online(&EGG).await;
        let fetched = |seen: &Seen| seen.requests("chatGetmessageOffLine");
        let once = |seen: &Seen| (fetched(seen) == 1).then_some(());
        stage.backend.sees("what was missed, asked for", once).await;
        stage
            .backend
            .desk(|desk| desk.fates = vec![Fate::KeptInSilence, Fate::Vanishes, Fate::Refused]);
        for text in [
            "Ann: kept, answered with HTML",
            "Ann: lost, answered with HTML",
        ] {
            stage.says(text).await;
            stage.becomes(text, "unknown").await;
        }
        stage.says("Ann: refused").await;
        stage.becomes("Ann: refused", "failed").await;
        for text in ["kept, answered", "lost, answered", "Ann: refused"] {
            stage.was_heard(text, 1);
        }
        let page = stage.ann.looks().await;
        assert!(page.words.contains("对方不是你的好友"), "{page:?}");

        stage.backend.desk(|desk| desk.history = History::NoKey);
        for link in 1..=3 {
            stage.backend.cuts();
            stage.backend.sees_link(link + 1).await;
            stage.can_talk().await;
            stage.kim_says(&format!("Kim on link {link}"));
            stage.hears(&format!("Kim on link {link}")).await;
        }
        assert_eq!(fetched(&stage.backend.seen()), 2, "404 is an answer");
        assert_eq!((stage.links(), stage.backend.open()), (4, 1));
        stage.ends().await;
    });
}

/// Fault 2: a second device, or a token that is not good any more, ends the
/// stay; two devices do not fight.
#[test]
fn an_egg_logs_people_out() {
    tell(1, async || {
        let stage = Stage::online(&EGG).await;
        stage
            .backend
            .says(r#"{"msg":"force_logout","data":"你的账号在其他设备登录"}"#);
        stage.backend.cuts();
        stage
            .ann
            .sees("that it is over", |page| page.is("ended"))
            .await;
        stage.backend.is_left_alone(stage.takes(40)).await;
        assert_eq!((stage.links(), stage.backend.open()), (1, 0));

        stage.ann.opens(EGG.launch).await;
        stage.can_talk().await;
        stage.backend.desk(|desk| desk.refuses = true);
        stage.ann.sends("Ann: by HTTP").await;
        stage
            .ann
            .sees("that it is over again", |page| page.is("ended"))
            .await;
        stage.backend.is_left_alone(stage.takes(40)).await;
        assert_eq!((stage.links(), stage.backend.open()), (2, 0));
        stage.ends().await;
    });
}
