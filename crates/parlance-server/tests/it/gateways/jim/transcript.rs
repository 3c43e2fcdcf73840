//! The seed's transcript against this end: its page's lines are said, and what
//! comes of them is what stands there.

use super::*;
use crate::rig::{Line, transcript};

/// Whether everything that is due is there as it is due: more may be.
fn holds(given: &Value, due: &Value) -> bool {
    match (given, due) {
        (Value::Object(given), Value::Object(due)) => due
            .iter()
            // An id is whatever the server makes it.
            .all(|(name, due)| name == "id" || given.get(name).is_some_and(|it| holds(it, due))),
        (Value::Array(given), Value::Array(due)) => {
            given.len() == due.len() && given.iter().zip(due).all(|(it, due)| holds(it, due))
        }
        _ => given == due,
    }
}

struct Seed {
    lines: Vec<Line>,
    heard: Vec<u64>,
}

impl Seed {
    fn line(&self, number: u64) -> Value {
        let line = self.lines.iter().find(|line| line.n == number).unwrap();
        serde_json::from_str(line.frame()).unwrap()
    }

    /// The page hears this line.
    async fn hears(&mut self, page: &mut Visitor, number: u64) {
        let due = self.line(number);
        let command = due["command"].clone();
        let given = page.wait_for(|it| it["command"] == command).await;
        assert!(
            holds(&given, &due),
            "line {number}\ngives {given}\nwants {due}"
        );
        self.heard.push(number);
    }

    /// The page says this line.
    async fn says(&mut self, page: &mut Visitor, number: u64) {
        let line = self.lines.iter().find(|line| line.n == number).unwrap();
        page.say(line.frame()).await;
        self.heard.push(number);
    }
}

#[tokio::test]
async fn the_transcript_holds_on_this_end() {
    let rig = Rig::with_gateways_and(&["jim"], |config| {
        config.linger = Duration::from_millis(50);
    })
    .await;
    let mut seed = Seed {
        lines: transcript("jim"),
        heard: Vec::new(),
    };
    let address = seed.lines[0].all["url"].as_str().unwrap().to_owned();
    let query = address
        .split_once('?')
        .unwrap()
        .1
        .replace("%3Fv%3D1%262", "");
    let mut page = rig.visitor(&format!("/jim/?{query}")).await;
    seed.hears(&mut page, 4).await;
    seed.hears(&mut page, 5).await;
    // An empty room, and no answer without a user.
    seed.says(&mut page, 3).await;
    seed.hears(&mut page, 7).await;
    page.say(r#"{"cmd":19,"type":1,"groupId":"100"}"#).await;
    seed.hears(&mut page, 9).await;
    for (said, echo) in [(10, 11), (14, 15), (16, 17), (18, 19)] {
        seed.says(&mut page, said).await;
        seed.hears(&mut page, echo).await;
        seed.hears(&mut page, 13).await;
    }
    let wang = "username=wang&nickName=%E7%8E%8B%E4%BA%94&courseId=100\
                &avatar=https%3A%2F%2Fimg.example%2Fw.png";
    let mut wang = rig.visitor(&format!("/jim/?{wang}")).await;
    for number in [20, 21] {
        // As the others' own server had it from them.
        let mut said = seed.line(number)["data"].clone();
        said["id"] = Value::Null;
        say(&mut wang, &said).await;
        seed.hears(&mut page, number).await;
    }
    say(&mut page, &private("nobody-here", "x")).await;
    seed.hears(&mut page, 23).await;
    page.say(r#"{"cmd":11,"chatType":0,"content":"x"}"#).await;
    seed.hears(&mut page, 24).await;
    page.say("not json").await;
    seed.hears(&mut page, 25).await;
    seed.says(&mut page, 26).await;
    seed.hears(&mut page, 27).await;

    // Another room on this server, for the names that are there.
    wang.leave().await;
    let li = "/jim/?username=li&nickName=%E6%9D%8E%E5%9B%9B&courseId=100\
              &avatar=https%3A%2F%2Fimg.example%2Fl.png";
    let li = rig.visitor(li).await;
    page.wait_for(|it| it["user"]["userId"] == "li").await;
    page.wait_for(|it| it["data"]["user"]["userId"] == "wang")
        .await;
    seed.says(&mut page, 28).await;
    let mut due = seed.line(29);
    let mut given = page.wait_for(|it| it["command"] == 18).await;
    // The group is called as it is called here; who comes first is as they came.
    for answer in [&mut due, &mut given] {
        let group = &mut answer["data"]["groups"][0];
        group["name"] = Value::Null;
        let users = group["users"].as_array_mut().unwrap();
        users.sort_by_key(|user| user["userId"].as_str().unwrap().to_owned());
    }
    given["data"]["friends"] = due["data"]["friends"].clone();
    assert!(holds(&given, &due), "gives {given}\nwants {due}");
    seed.heard.push(29);
    li.leave().await;
    seed.hears(&mut page, 30).await;
    seed.says(&mut page, 31).await;
    let missed = page.wait_for(|it| it["command"] == 20).await;
    assert_eq!(missed["code"], seed.line(32)["code"]);
    let row = &missed["data"]["groups"]["100"][0];
    let due = seed.line(32)["data"]["groups"]["100"][0].clone();
    for name in due.as_object().unwrap().keys() {
        assert!(row.get(name).is_some(), "{name} in {row}");
    }
    seed.heard.push(32);
    page.say(r#"{"cmd":14,"userId":"zhang"}"#).await;
    seed.hears(&mut page, 34).await;
    let mut refused = rig.visitor("/jim/?password=").await;
    seed.hears(&mut refused, 37).await;

    // Not said by this server: a log without its data (8, an older version),
    // an echo without the three fields (12, the stock one), and what is said
    // in a group that the page has not been in (22). 6 is shown in its kind by
    // the tests of history.
    let others = [6, 8, 12, 22];
    for line in &seed.lines {
        let held = seed.heard.contains(&line.n) || others.contains(&line.n);
        assert!(
            held || line.dir == "ev",
            "line {} is held by nothing",
            line.n
        );
    }
}
