//! The topic transcript against the gateway that is served: its client lines
//! are said as they stand, and its server lines come of the same events.

use super::*;

/// What is this server's own: times by its clock, ids of its store, and a
/// stream that is the topic of the same name.
fn but_for(mut given: Value, due: &Value, own: &[&str]) -> Value {
    for name in own {
        assert!(!given[name].is_null(), "{name}: {given}");
        given[name] = due[name].clone();
    }
    given
}

fn due(text: &str) -> Value {
    data(text)
}

/// The same with its content as what it holds.
fn opened(info: &Value) -> Value {
    let mut info = info.clone();
    let inside = info["content"].as_str().map(serde_json::from_str);
    if let Some(Ok(inside)) = inside {
        info["content"] = inside;
    }
    info
}

/// Somebody of the transcript talks.
fn talk_in(topic: &str, info: &Value) -> String {
    let load = json!({"topic": topic, "chatInfo": info.to_string()}).to_string();
    let token = info["user"].to_string();
    json!({"token": token, "type": 2, "payLoad": load}).to_string()
}

#[tokio::test]
async fn the_transcript_holds_on_this_end() {
    let rig = Rig::with_gateways(&["topic"]).await;
    let mut page = rig.visitor("/topic/ws").await;
    let mut others = rig.visitor("/topic/ws").await;
    let mut native = rig.person_in("native", ROOM).await;
    let (mut heard, mut said, mut asked) = (0, 0, 0);
    for line in transcript("topic") {
        match (line.dir.as_str(), line.n) {
            ("c2s", 8) => {
                page.say(line.frame()).await;
                let pushed = native.wait_for("push", |it| it["msg"]["from"]["uid"] == "TOK-A");
                let text = "引号\" 反斜杠\\ 换行\n 😀";
                assert_eq!(pushed.await["msg"]["body"], words(text));
                heard += 1;
            }
            // Joins and heartbeats are understood, and answered by nothing.
            ("c2s", _) => {
                page.say(line.frame()).await;
                assert!(page.so_far().await.is_empty());
                heard += 1;
            }
            ("s2c", 7) => {
                let due = due(line.frame());
                others.say(&talk_in("R-8", &due)).await;
                let given = data(&page.next().await);
                let given = but_for(given, &due, &["createdat", "stream"]);
                assert_eq!(opened(&given), opened(&due));
                native
                    .wait_for("push", |it| it["msg"]["from"]["uid"] == "5")
                    .await;
                said += 1;
            }
            // One's own words come back as they were said, to the letter.
            ("s2c", 9) => {
                assert_eq!(data(&page.next().await), due(line.frame()));
                said += 1;
            }
            ("http", 10) => {
                let mut body = line.all["req"]["body"].clone();
                body["streamId"] = json!("R-8");
                let client = bearing(&rig, "TOK-A").with("content-type", "application/json");
                let answer = client
                    .post("/topic/api/question/add", &body.to_string())
                    .await;
                assert_eq!(answer.status, 200);
                assert_eq!(answer.json(), line.all["res"]["body"]);
                asked += 1;
            }
            ("s2c", 11) => {
                let due = due(line.frame());
                let given = data(&page.next().await);
                let given = but_for(given, &due, &["createdat", "stream"]);
                assert_eq!(opened(&given), opened(&due));
                said += 1;
            }
            ("s2c", 12) => {
                let due = due(line.frame());
                answers(&rig, "R-8", "org-1", &due).await;
                let given = data(&page.next().await);
                let given = but_for(given, &due, &["createdat", "stream"]);
                assert_eq!(opened(&given), opened(&due));
                said += 1;
            }
            // This server answers no heartbeat.
            ("s2c", 14) => {}
            ("s2c", 15) => {
                let mut page = rig.visitor("/topic/ws").await;
                page.say(&join("not.a.token", "R-8")).await;
                let (code, _) = trouble(&page.next().await);
                let frame: Value = serde_json::from_str(line.frame()).unwrap();
                assert_eq!(json!(code), frame["code"]);
                said += 1;
            }
            // A broken backend's.
            ("s2c", 16) => {}
            ("http", 2) => {
                past(&rig, &line.all["res"]["body"]["data"]["items"]).await;
                asked += 1;
            }
            ("ev", _) => {}
            (dir, n) => panic!("line {n} ({dir}) is held by nothing"),
        }
    }
    assert_eq!((heard, said, asked), (6, 5, 2));
    soon("the end", page.leave()).await;
}

/// A host of the organisation in the line gives its answer.
async fn answers(rig: &Rig, topic: &str, host: &str, due: &Value) {
    let inside: Value = serde_json::from_str(due["content"].as_str().unwrap()).unwrap();
    // It says what it is called elsewhere.
    let mut hosts = rig.visitor("/topic/ws").await;
    let mut info = info(host, "hello");
    info["displayName"] = inside["orgName"].clone();
    info["avatarurl"] = inside["orgLogo"].clone();
    let load = json!({"topic": "hosts", "chatInfo": info.to_string()}).to_string();
    hosts
        .say(&json!({"token": host, "type": 2, "payLoad": load}).to_string())
        .await;
    hosts.next().await;
    let body =
        json!({"streamId": topic, "question": inside["question"], "answer": inside["answer"]});
    let client = bearing(rig, host).with("content-type", "application/json");
    let answer = client
        .post("/topic/api/question/answer", &body.to_string())
        .await;
    assert_eq!(answer.status, 200, "{answer:?}");
}

/// The same is said in the stream's topic, and given out as history.
async fn past(rig: &Rig, due: &Value) {
    let due = due.as_array().unwrap();
    let mut people = rig.visitor("/topic/ws").await;
    for row in due {
        match row["type"].as_str().unwrap() {
            "answer" => answers(rig, "55", "org-2", row).await,
            "question" => {
                // Who asks is called so since they said something elsewhere.
                let mut info = row.clone();
                info["type"] = json!("message");
                people.say(&talk_in("elsewhere", &info)).await;
                people.next().await;
                let inside: Value = serde_json::from_str(row["content"].as_str().unwrap()).unwrap();
                let client = bearing(rig, &row["user"].to_string());
                let answer = add(&client, "55", inside["content"].as_str().unwrap()).await;
                assert_eq!(answer.status, 200);
            }
            _ => {
                people.say(&talk_in("55", row)).await;
                people.next().await;
            }
        }
    }
    let given = items(&history(&bearing(rig, "TOK-A"), "55", "").await);
    assert_eq!(given.len(), due.len());
    for (given, due) in given.into_iter().zip(due) {
        let given = but_for(given, due, &["createdat", "id"]);
        assert_eq!(opened(&given), opened(due));
    }
}
