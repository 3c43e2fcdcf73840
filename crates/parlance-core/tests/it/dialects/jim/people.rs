//! Who is here: a notice of leaving is a reason to ask, and the list has the
//! last word.

use super::*;

/// The answer to "who is online".
fn list(users: &[&str]) -> String {
    let users: Vec<Value> = users
        .iter()
        .map(|user| json!({"userId": user, "nick": user, "status": "online"}))
        .collect();
    let groups = json!([{"groupId": "100", "name": "课程", "users": users}]);
    let data = json!({"userId": "zhang", "friends": [], "groups": groups});
    json!({"command": 18, "code": 10005, "data": data}).to_string()
}

fn asked_who(stage: &Stage) -> usize {
    let online = Request::Users {
        which: Some(Which::Online),
        user: Some("zhang".to_owned()),
    };
    let asked = stage.sent.iter().map(|text| Request::read(text));
    asked.filter(|request| *request == online).count()
}

#[test]
fn nobody_is_gone_because_one_of_their_sockets_closed() {
    let mut stage = online();
    stage.hears(&list(&["zhang", "li", "wang"]));
    assert_eq!(stage.listed[&course()].title, "课程");
    let asked = asked_who(&stage);
    stage.hears(&notice(10, "li"));
    assert_eq!(here(&stage), ["li", "wang", "zhang"]);
    assert_eq!(asked_who(&stage), asked + 1, "it is asked at once");
    stage.hears(&list(&["zhang", "li", "wang"]));
    assert_eq!(here(&stage), ["li", "wang", "zhang"]);
    stage.hears(&notice(10, "li"));
    stage.hears(&list(&["zhang", "wang"]));
    assert_eq!(here(&stage), ["wang", "zhang"]);
    stage.hears(&notice(9, "li"));
    assert_eq!(here(&stage), ["li", "wang", "zhang"]);
}

#[test]
fn a_class_that_leaves_together_is_asked_for_once_and_once_more() {
    let mut stage = online();
    stage.hears(&list(&["zhang", "a", "b", "c", "d"]));
    let asked = asked_who(&stage);
    for user in ["a", "b", "c", "d"] {
        stage.hears(&notice(10, user));
    }
    assert_eq!(asked_who(&stage), asked + 1);
    // Made before the others had left: it speaks for the first alone.
    stage.hears(&list(&["zhang", "b", "c", "d"]));
    assert_eq!(here(&stage), ["b", "c", "d", "zhang"]);
    assert_eq!(asked_who(&stage), asked + 2);
    stage.hears(&list(&["zhang"]));
    assert_eq!(here(&stage), ["zhang"]);
    assert_eq!(asked_who(&stage), asked + 2);
}

#[test]
fn whoever_comes_while_the_question_is_open_is_not_gone_by_its_answer() {
    let mut stage = online();
    stage.hears(&list(&["zhang", "li"]));
    stage.hears(&notice(10, "li"));
    stage.hears(&notice(9, "wang"));
    stage.hears(&notice(9, "li"));
    stage.hears(&list(&["zhang"]));
    assert_eq!(here(&stage), ["li", "wang", "zhang"]);
}

#[test]
fn a_server_that_cannot_say_who_is_here_is_believed_by_its_notices() {
    // It says that it cannot.
    let mut stage = online();
    stage.hears(&notice(9, "li"));
    stage.hears(r#"{"command":18,"code":10004,"msg":"get user failed"}"#);
    stage.hears(&notice(10, "li"));
    assert_eq!(here(&stage), ["li"]);
    stage.hears(r#"{"command":18,"code":10004,"msg":"get user failed"}"#);
    assert!(here(&stage).is_empty());
    // It says nothing.
    let mut stage = online();
    stage.hears(&notice(9, "li"));
    stage.hears(&notice(10, "li"));
    for _ in 0..8 {
        stage.advance(5);
        stage.hears(ANSWERED);
    }
    assert!(here(&stage).is_empty(), "not for ever");
}

#[test]
fn a_list_that_leaves_people_out_does_not_empty_the_room() {
    let mut stage = online();
    stage.hears(&list(&["zhang", "li"]));
    let data = json!({"userId": "zhang", "groups": [{"group_id": "100", "name": "课程"}]});
    stage.hears(&json!({"command": 18, "code": 10005, "data": data}).to_string());
    assert_eq!(here(&stage), ["li", "zhang"]);
}

#[test]
fn a_group_that_the_server_does_not_count_me_in_is_joined_once() {
    let mut stage = online();
    let data = json!({"userId": "zhang", "groups": [{"groupId": "7", "users": []}]});
    let join = Request::Join {
        group: Some("100".to_owned()),
        name: None,
    };
    let joins = |stage: &Stage| {
        let sent = stage.sent.iter().map(|it| Request::read(it));
        sent.filter(|it| *it == join).count()
    };
    stage.advance(5);
    stage.hears(ANSWERED);
    assert_eq!(joins(&stage), 0, "nobody has said that I am not in it");
    stage.hears(&json!({"command": 18, "code": 10005, "data": data}).to_string());
    stage.says(&course(), "hello");
    assert_eq!(joins(&stage), 1, "before the first word");
    stage.advance(5);
    assert_eq!(joins(&stage), 1);
    // In the group of which the list tells, nothing need be done.
    let mut stage = online();
    stage.hears(&list(&["zhang"]));
    stage.advance(5);
    assert_eq!(joins(&stage), 0);
}
