//! What a stock J-IM says that is not for this room, or not true yet.

use super::{JIM, Played, Stage};
use crate::backend::{Fate, Seen};
use crate::story::tell;

/// Faults 3, 5 and 6 of the seed's page.
#[test]
fn a_j_im_says_what_is_for_others_and_what_is_not_so() {
    tell(1, async || {
        let launch = "/?dialect=jim&room=100&uid=ann&name=A%26B&avatar=https%3A%2F%2Fx%2Fa.png%3Fb%3D1%26c%3D2#password=p%26q";
        let stage = Stage::online(&Played { launch, ..JIM }).await;
        let address = stage.backend.sees_link(1).await.address;
        for part in [
            "nickName=A%26B",
            "password=p%26q",
            "courseId=100",
            "username=ann",
        ] {
            assert!(address.contains(part), "{address}");
        }
        assert!(address.contains("a.png%3Fb%3D1%26c%3D2"), "{address}");
        for other in [
            r#"{"command":11,"data":{"chatType":1,"cmd":11,"content":"another course","createTime":1733800022000,"from":"kim","groupId":"200","id":"o1","msgType":0}}"#,
            r#"{"command":11,"data":{"chatType":2,"cmd":11,"content":"for ann alone","createTime":1733800021000,"from":"kim","id":"o2","msgType":0,"to":"ann"}}"#,
            r#"{"code":10017,"command":0,"msg":"cmd failed! 未知的cmd命令!"}"#,
            r#"{"code":10015,"command":20,"msg":"get user message failed! 获取用户消息失败!"}"#,
            r#"{"command":11}"#,
            r#"{"command":11,"data":"text"}"#,
            r#"{"command":"eleven","data":{"content":"no number"}}"#,
        ] {
            stage.backend.says(other);
        }
        stage.kim_says("Kim: to this room");
        stage.hears("Kim: to this room").await;
        let page = stage.shows_all().await;
        assert_eq!(page.rows.len(), 1, "{page:?}");

        // One of Kim's sockets closed, and Kim is still there: the notice is a
        // question, which the list answers.
        stage
            .ann
            .sees("Kim there", |page| page.sees_online("Kim"))
            .await;
        let lists = |seen: &Seen| seen.times(r#""cmd":17"#);
        let before = lists(&stage.backend.seen());
        stage.backend.says(
            r#"{"command":10,"data":{"group":"100","user":{"nick":"Kim","status":"offline","userId":"kim"}}}"#,
        );
        let asked = |seen: &Seen| (lists(seen) > before).then_some(());
        stage.backend.sees("who is here, asked", asked).await;
        stage.kim_says("Kim: still here");
        let page = stage
            .ann
            .sees("Kim's words", |page| page.shows("Kim: still here"))
            .await;
        assert!(page.sees_online("Kim"), "{page:?}");
        stage.ends().await;
    });
}

/// An answer to a message is no proof of it: the server answers people who are
/// not in the group, too. The echo is, and history; a refusal is one.
#[test]
fn what_a_j_im_only_answers_is_not_called_sent() {
    tell(1, async || {
        let stage = Stage::online(&JIM).await;
        stage
            .backend
            .desk(|desk| desk.fates = vec![Fate::Vanishes, Fate::Refused]);
        stage.says("Ann: answered, not kept").await;
        stage.becomes("Ann: answered, not kept", "unknown").await;
        stage.says("Ann: refused").await;
        stage.becomes("Ann: refused", "failed").await;
        // History decides, which is read once for each link.
        stage.backend.cuts();
        stage.backend.sees_link(2).await;
        let asked = |seen: &Seen| {
            let said = seen.on(1);
            said.iter()
                .any(|said| said.contains(r#""cmd":19"#))
                .then_some(())
        };
        stage.backend.sees("history, asked for", asked).await;
        stage.can_talk().await;
        let page = stage.ann.looks().await;
        for (text, delivery) in [
            ("Ann: answered, not kept", "unknown"),
            ("Ann: refused", "failed"),
        ] {
            stage.was_heard(text, 1);
            let row = page.row(text);
            assert!(
                row.is_some_and(|row| row.is(delivery) && row.retry),
                "{page:?}"
            );
            stage.says_again(text).await;
            stage.becomes(text, "sent").await;
        }
        stage.shows_all().await;
        assert_eq!((stage.links(), stage.backend.open()), (2, 1));
        stage.ends().await;
    });
}
