//! The recorded talk on this end: client lines are understood, and server
//! lines come of the same events, with this server's own ids, times and names.

use std::collections::BTreeSet;

use super::*;
use crate::rig::{Line, transcript};

/// Both without what each server gives by itself.
fn comparable(frame: &Value) -> Value {
    const OWN: [&str; 12] = [
        "id",
        "add_time",
        "create_time",
        "update_time",
        "_add_time",
        "nickname",
        "avatar",
        "uavatar",
        "uname",
        "now",
        "to_name",
        "to_avatar",
    ];
    match frame {
        Value::Object(fields) => fields
            .iter()
            .filter(|(name, _)| !OWN.contains(&name.as_str()) && *name != "recored")
            .map(|(name, value)| (name.clone(), comparable(value)))
            .collect(),
        Value::Array(items) => items.iter().map(comparable).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => frame.clone(),
    }
}

fn due(lines: &[Line], n: u64) -> Value {
    let line = lines.iter().find(|line| line.n == n).unwrap();
    serde_json::from_str(line.frame()).unwrap()
}

async fn hears(visitor: &mut Visitor, lines: &[Line], n: u64) {
    let due = comparable(&due(lines, n));
    visitor.wait_for(|frame| comparable(frame) == due).await;
}

fn frame(lines: &[Line], n: u64) -> &str {
    lines.iter().find(|line| line.n == n).unwrap().frame()
}

#[tokio::test]
async fn the_seed_pages_talk_holds_on_this_end() {
    let rig = rig().await;
    let lines = transcript("crmeb");
    // Agents log in with their token, by whichever name.
    let mut agent = stock(&rig, "kefu_login", "9").await;
    agent.say(&stock_chat(42, 1, "您好,有什么可以帮您?")).await;
    agent.wait_for(|it| it["type"] == "chat").await;
    let mut page = rig.visitor(MSG).await;
    page.say(frame(&lines, 5)).await;
    page.say(frame(&lines, 6)).await;
    hears(&mut agent, &lines, 9).await;
    agent.say(&to_chat(42)).await;
    page.say(frame(&lines, 10)).await;
    let reply = agent.wait_for(|it| it["type"] == "reply").await;
    let due_reply = due(&lines, 11);
    for field in [
        "uid", "uname", "uavatar", "to_uid", "msn", "msn_type", "type", "position",
    ] {
        assert_eq!(reply["data"][field], due_reply["data"][field], "{field}");
    }
    agent.say(&stock_chat(42, 1, "稍等,我看一下")).await;
    hears(&mut page, &lines, 12).await;
    agent
        .say(&stock_chat(42, 3, "https://img.example/p.png"))
        .await;
    hears(&mut page, &lines, 13).await;
    agent
        .say(&seed_chat(9, 42, "video", "https://img.example/v.mp4"))
        .await;
    hears(&mut page, &lines, 15).await;
    page.say(frame(&lines, 16)).await;
    let picture = agent.wait_for(|it| it["type"] == "reply").await;
    assert_eq!(picture["data"]["url"], "https://img.example/mine.png");
    page.say(frame(&lines, 26)).await;
    hears(&mut page, &lines, 27).await;

    // The history's first page, as far as it was said by then.
    let rows = list(&seed_history(&rig, "42", json!(9), 1).await);
    let history = lines.iter().find(|line| line.n == 3).unwrap();
    let due_rows = history.all["res"]["body"]["data"]["list"]
        .as_array()
        .unwrap();
    assert_eq!(comparable(&rows[0]), comparable(&due_rows[0]));
    let names =
        |row: &Value| -> BTreeSet<String> { row.as_object().unwrap().keys().cloned().collect() };
    assert_eq!(names(&rows[1]), names(&due_rows[1]), "the same fields");
    let last = lines.iter().find(|line| line.n == 33).unwrap();
    let empty = seed_history(&rig, "42", json!(9), 2).await.json();
    assert_eq!(empty, last.all["res"]["body"]);

    page.say(frame(&lines, 34)).await;
    agent
        .wait_for(|it| *it == json!({"type": "online", "data": {"online": 0, "uid": 42}}))
        .await;
}

#[tokio::test]
async fn the_talk_with_a_stock_server_holds_on_this_end() {
    let rig = rig().await;
    let lines = transcript("live_crmeb_workerman");
    let as_token = |n: u64, from: &str, token: &str| frame(&lines, n).replace(from, token);
    let mut k = rig.visitor(MSG).await;
    k.say(&as_token(1, "<jwt kefu>", "1")).await;
    hears(&mut k, &lines, 2).await;
    // Whoever asked for the history hears who comes.
    let list = "/crmeb/kefuapi/service/list?limit=1&uid=7&upperId=0";
    let answer = rig.client().with("token", "1").get(list).await;
    assert_eq!(answer.json()["data"], json!([]));
    let mut u = rig.visitor(MSG).await;
    u.say(&as_token(3, "<jwt 7>", "7")).await;
    hears(&mut k, &lines, 4).await;
    hears(&mut u, &lines, 5).await;
    for (asked, answered) in [(6, 7), (8, 9), (10, 11)] {
        u.say(frame(&lines, asked)).await;
        hears(&mut u, &lines, answered).await;
    }
    // What was typed arrives as it was typed: the stock server strips it.
    u.say(frame(&lines, 12)).await;
    let typed = due(&lines, 12)["data"]["msn"].clone();
    let mut echo = due(&lines, 13);
    echo["data"]["msn"] = typed.clone();
    u.wait_for(|it| comparable(it) == comparable(&echo)).await;
    let unread = k.wait_for(|it| it["type"] == "mssage_num").await;
    assert_eq!(comparable(&unread), comparable(&due(&lines, 14)));
    assert_eq!(unread["data"]["recored"]["message"], typed);
    k.say(frame(&lines, 15)).await;
    hears(&mut k, &lines, 16).await;
    for (said, echo, reply) in [(17, 18, 19), (23, 24, 25)] {
        u.say(frame(&lines, said)).await;
        hears(&mut u, &lines, echo).await;
        hears(&mut k, &lines, reply).await;
        if said == 17 {
            k.say(frame(&lines, 20)).await;
            hears(&mut k, &lines, 21).await;
            hears(&mut u, &lines, 22).await;
        }
    }
    for (said, refused) in [(27, 28), (29, 30), (31, 32), (33, 34), (35, 36)] {
        u.say(frame(&lines, said)).await;
        assert_eq!(u.json().await, due(&lines, refused), "line {said}");
    }
    u.say(frame(&lines, 37)).await;
    hears(&mut k, &lines, 38).await;
    k.say(frame(&lines, 39)).await;
    hears(&mut u, &lines, 40).await;
    u.say(frame(&lines, 41)).await;
    assert!(settled(&mut u).await.is_empty(), "and nothing answers it");
    let mut g = rig.visitor(MSG).await;
    g.say(frame(&lines, 42)).await;
    hears(&mut g, &lines, 43).await;
    g.say(frame(&lines, 44)).await;
    hears(&mut g, &lines, 45).await;
    hears(&mut k, &lines, 46).await;
    let mut x = rig.visitor(MSG).await;
    x.say(frame(&lines, 47)).await;
    assert!(
        settled(&mut x).await.is_empty(),
        "a seed login is answered by nothing"
    );
    let mut y = rig.visitor(MSG).await;
    y.say(frame(&lines, 48)).await;
    let refused = y.json().await;
    assert_eq!(
        (&refused["type"], &refused["close"]),
        (&json!("error"), &json!(true))
    );
    y.closed().await;
}
