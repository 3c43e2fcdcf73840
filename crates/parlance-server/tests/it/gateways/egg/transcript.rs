//! The lines of the egg backend's transcript that are this end's affair, over
//! real sockets.

use parlance_core::dialect::egg::content::content_of;
use parlance_core::dialect::egg::wire;
use serde_json::{Value, json};

use super::{PING, PONG, as_page, heard, page, post, stored};
use crate::rig::{Rig, new_cid, transcript, words};

/// A native body that says what a transcript's message says.
fn native(number: u64) -> Value {
    match number {
        7 => words("你不在时发的"),
        11 => words("收到"),
        12 => words("😀"),
        13 => json!({"kind": "image", "url": "https://img.example/en.gif", "name": "嗯，哼"}),
        14 => json!({"kind": "image", "url": "/public/uploads/Diy/chatImgs/20250310/1.png"}),
        15 => json!({"kind": "video", "url": "https://img.example/v.mp4",
            "poster": "https://img.example/cover.png", "duration": 12_000}),
        16 => json!({"kind": "voice", "url": "https://img.example/a.mp3", "duration": 3_000}),
        17 => words("群消息"),
        other => panic!("line {other} is no message"),
    }
}

/// Every line of the transcript that is this end's affair. The lines word by
/// word are held by the core's own test, with the same types.
#[tokio::test]
async fn the_transcript_holds_on_this_end() {
    let rig = Rig::with_gateways(&["egg"]).await;
    let mut six = page(&rig, "6").await;
    let mut ten = rig.person("10").await;
    let mut one = rig.person_in("1", "room:33").await;
    stored(&as_page(&rig, "6").get("/egg/api/chat/groupinfo/33").await);
    let (mut heard_here, mut said, mut asked) = (0, 0, 0);
    let mut m2 = Value::Null;
    for line in transcript("egg") {
        match (line.dir.as_str(), line.n) {
            ("c2s", 25) => {
                assert!(six.until(line.frame(), PONG).await.is_empty());
                heard_here += 1;
            }
            ("c2s", _) => {
                six.say(line.frame()).await;
                assert!(
                    six.until(PING, PONG).await.is_empty(),
                    "nothing is due to it"
                );
                heard_here += 1;
            }
            ("s2c", 7 | 11..=17) => {
                let due: Value = serde_json::from_str(line.frame()).unwrap();
                if line.n == 17 {
                    one.send("room:33", &new_cid(), native(17)).await;
                } else {
                    ten.send("pair:10:6", &new_cid(), native(line.n)).await;
                }
                let got = heard(&mut six).await;
                for name in ["chatType", "to_id", "isremove", "options"] {
                    assert_eq!(got[name], due["data"][name], "line {}: {name}", line.n);
                }
                let read = |value: &Value| wire::Message::read(value).unwrap();
                let (got, due) = (read(&got), read(&due["data"]));
                assert_eq!(got.from.id.letters(), due.from.id.letters());
                assert_eq!(content_of(&got), content_of(&due), "line {}", line.n);
                said += 1;
            }
            ("s2c", 26) => said += 1, // With its ping.
            // 4 and 27 are the rig's own, 29 has no occasion: a second device
            // is welcome here; 5, 18 and 19 are the old service's own notices.
            ("http", n @ (1 | 6 | 8 | 9 | 10 | 21 | 22 | 24 | 33 | 34)) => {
                let request = &line.all["req"];
                let url = request["url"].as_str().unwrap();
                let path = url.strip_prefix("https://egg.example").unwrap();
                let token = match n {
                    1 => "",
                    // A signed token that is none.
                    33 => "o.l.d",
                    _ => "6",
                };
                let mut body = request["body"].clone();
                if n == 21 {
                    // Which is this store's, and was said just now.
                    body["id"] = m2["id"].clone();
                    body["create_time"] = m2["create_time"].clone();
                }
                let answer = post(&rig, token, &format!("/egg{path}"), &body).await;
                let due = &line.all["res"];
                assert_eq!(
                    answer.status,
                    due["status"].as_u64().unwrap() as u16,
                    "line {n}"
                );
                let (got, due) = (answer.json(), &due["body"]);
                match n {
                    6 | 22 | 24 | 33 | 34 => assert_eq!(got, *due, "line {n}"),
                    _ => {
                        assert_eq!(got["msg"], due["msg"]);
                        for (name, value) in due["data"].as_object().unwrap() {
                            let of_one_kind = std::mem::discriminant(&got["data"][name])
                                == std::mem::discriminant(value);
                            assert!(of_one_kind, "line {n}: {name}: {got}");
                        }
                    }
                }
                if n == 10 {
                    m2 = got["data"].clone();
                }
                if matches!(n, 9 | 10) {
                    let read = |value: &Value| wire::Message::read(&value["data"]).unwrap();
                    assert_eq!(read(&got).data, read(due).data, "line {n}");
                }
                asked += 1;
            }
            _ => {}
        }
    }
    println!("egg, held over real sockets: c2s {heard_here}/2 s2c {said}/16 http {asked}/12");
    assert_eq!((heard_here, said, asked), (2, 9, 10));
}
