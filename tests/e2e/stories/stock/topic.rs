//! What a topic room says that can be read at one level of JSON and not at the
//! next, and its questions.

use serde_json::json;

use super::{Stage, TOPIC};
use crate::backend::{Seen, Topic};
use crate::story::tell;

/// Faults 1, 6 and 7 of the seed's page: what is broken costs itself alone.
#[test]
fn what_a_topic_breaks_at_any_level_costs_itself_alone() {
    tell(1, async || {
        let stage = Stage::online(&TOPIC).await;
        let broken = [
            // The envelope.
            String::new(),
            "{".to_owned(),
            r#"{"code":200,"data":"#.to_owned(),
            "[]".to_owned(),
            "<!doctype html>".to_owned(),
            r#"{"code":{},"data":"{}"}"#.to_owned(),
            // The message in it.
            r#"{"code":200}"#.to_owned(),
            r#"{"code":200,"data":""}"#.to_owned(),
            r#"{"code":200,"data":null}"#.to_owned(),
            r#"{"code":200,"data":7}"#.to_owned(),
            r#"{"code":200,"data":"{\"type\":\"message\",\"content\":\"cut o"}"#.to_owned(),
            r#"{"code":200,"data":"[]"}"#.to_owned(),
            // What is in the message.
            Topic::frame(&json!({"type": "message", "content": {"not": "a text"}})),
            Topic::frame(&json!({"type": "no such kind", "content": "x"})),
            Topic::frame(&json!({"type": "answer", "content": "{\"question\":"})),
        ];
        for (number, frame) in broken.iter().enumerate() {
            stage.backend.says(frame);
            stage.kim_says(&format!("Kim after broken frame {number}"));
            stage
                .hears(&format!("Kim after broken frame {number}"))
                .await;
        }
        // A question that is no JSON is the text that it is; an object in the
        // place of a text is that object.
        let raw = json!({"type": "question", "displayName": "Kim", "content": "when is it?"});
        stage.backend.says(&Topic::frame(&raw));
        let object = json!({"code": 200, "data": {
            "type": "message", "user": 5, "displayName": "Kim", "content": "Kim said an object",
        }});
        stage.backend.says(&object.to_string());
        let page = stage
            .ann
            .sees("what can be read of it", |page| {
                page.words.contains("when is it?") && page.shows("Kim said an object")
            })
            .await;
        let shown = page.rows.iter().filter(|row| {
            let text = row.text.as_deref().unwrap_or_default();
            text.starts_with("Kim after broken frame")
        });
        assert_eq!(shown.count(), broken.len(), "each once: {page:?}");
        stage.says("Ann: all well").await;
        stage.becomes("Ann: all well", "sent").await;
        assert_eq!((stage.links(), stage.backend.open()), (1, 1));
        stage.ends().await;
    });
}

/// Fault 1: however often the link is lost there is one join, and one chain of
/// heartbeats, on the next.
#[test]
fn every_link_to_a_topic_joins_once() {
    tell(1, async || {
        let stage = Stage::online(&TOPIC).await;
        for link in 1..=2 {
            stage.backend.cuts();
            stage.backend.sees_link(link + 1).await;
        }
        stage.can_talk().await;
        let beats = |seen: &Seen| {
            let said = seen.on(2);
            let beats = said
                .iter()
                .filter(|said| said.contains(r#""type":1"#))
                .count();
            (beats >= 4).then(|| (said.len() - beats, seen.links[2].opened.elapsed()))
        };
        let (others, since) = stage.backend.sees("four heartbeats", beats).await;
        assert_eq!(others, 1, "one join, and nothing else was said");
        assert!(since >= stage.takes(14), "one chain: {since:?}");
        // Each once, and not once for each link that there was.
        stage.kim_says("Kim: once");
        stage.hears("Kim: once").await;
        stage.says("Ann: once").await;
        stage.becomes("Ann: once", "sent").await;
        stage.shows_all().await;
        assert_eq!((stage.links(), stage.backend.open()), (3, 1));
        stage.ends().await;
    });
}
