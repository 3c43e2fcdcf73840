//! The topic gateway's requests: a page of history, a question, and a host's
//! answer to one. A stream is the topic of the same name.

use std::collections::VecDeque;
use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use parlance_core::content::{Answer, Content};
use parlance_core::dialect::native::body_of;
use parlance_core::dialect::topic::wire::{self, Id, Past, Put, Rows, Wanted};
use parlance_core::frame::Part;
use parlance_core::ids::{ConversationId, Seq};
use serde_json::Value;

use super::super::{Ask, content};
use super::{BAD_FRAME, chat_of, why, why_unknown};
use crate::server::Server;
use crate::store::Message;
use crate::voice::{Refusal, Voice};

/// Messages that are read from the store at once.
const CHUNK: u32 = 200;
/// Messages that are looked through for those of one kind.
const MOST_LOOKED_AT: usize = 5_000;
/// How far back a question is looked for by its answer.
const ASKED_WITHIN: u32 = 200;

pub(super) async fn history(State(server): State<Arc<Server>>, ask: Ask) -> Response {
    let voice = match voice(&server, &ask).await {
        Ok(voice) => voice,
        Err((code, words)) => return past(&Past::Trouble(code, words.to_owned())),
    };
    let names = ["page", "type", "resultsPerPage", "stream"];
    let given = names
        .iter()
        .filter_map(|name| Some((*name, ask.head.query(name)?)));
    let Some(wanted) = Wanted::read(given) else {
        return past(&Past::Trouble(BAD_FRAME, "缺少 stream".to_owned()));
    };
    let room = ConversationId::room(wanted.stream.as_str());
    let page = async {
        voice.enter(&room, None).await?;
        rows(&voice, &room, &wanted).await
    };
    match page.await {
        Ok(messages) => {
            let chats = messages.iter().map(|message| {
                let mut chat = chat_of(&server, &room, message);
                chat.id = Some(Id::by_look(&message.id));
                chat
            });
            past(&Past::Rows(Rows {
                chats: chats.collect(),
                count: messages.len(),
                me: Some(Id::by_look(voice.uid().as_str())),
            }))
        }
        Err(refusal) => {
            let (code, words) = refused(&refusal);
            past(&Past::Trouble(code, words.to_owned()))
        }
    }
}

/// The messages of one page, counted from the newest; oldest first.
async fn rows(
    voice: &Voice,
    room: &ConversationId,
    wanted: &Wanted,
) -> Result<VecDeque<Message>, Refusal> {
    let most = usize::try_from(wanted.rows)
        .unwrap_or(usize::MAX)
        .min(wire::PAGE_ROWS);
    let skipped = (wanted.page - 1).saturating_mul(most as u64);
    let mut rows = VecDeque::new();
    let mut part = Part::Newest;
    let mut to_skip = 0;
    if wanted.kind.is_empty() && skipped > 0 {
        // Places have no holes: the page's place is known.
        let head = voice.page(room, Part::Newest, 1).await?.head;
        match head.0.checked_sub(skipped) {
            None | Some(0) => return Ok(rows),
            Some(last) => part = Part::Before(Seq(last + 1)),
        }
    } else {
        to_skip = usize::try_from(skipped).unwrap_or(usize::MAX);
    }
    let mut looked_at = 0;
    loop {
        let page = voice.page(room, part, CHUNK).await?;
        let Some((first, _)) = page.range else {
            return Ok(rows);
        };
        looked_at += page.messages.len();
        for message in page.messages.into_iter().rev() {
            if !is_of(&message, &wanted.kind) {
                continue;
            }
            if to_skip > 0 {
                to_skip -= 1;
                continue;
            }
            rows.push_front(message);
            if rows.len() >= most {
                return Ok(rows);
            }
        }
        if first.0 <= 1 || looked_at >= MOST_LOOKED_AT {
            return Ok(rows);
        }
        part = Part::Before(first);
    }
}

/// Whether the old page counts it as of this kind; empty is every kind.
fn is_of(message: &Message, kind: &str) -> bool {
    let is = match content(message) {
        Content::Question(_) => "question",
        Content::Answer(_) => "answer",
        Content::Text(_)
        | Content::Image(_)
        | Content::Video(_)
        | Content::Voice(_)
        | Content::File(_)
        | Content::Product(_)
        | Content::Order(_)
        | Content::Like
        | Content::Flower
        | Content::Notice(_)
        | Content::Unknown(_) => "message",
    };
    kind.is_empty() || kind == is
}

pub(super) async fn ask(State(server): State<Arc<Server>>, ask: Ask) -> Response {
    let put = put(&server, &ask, async |voice: Voice, body: Value| {
        let put = Put::read_question(&body).map_err(|_| bad_body())?;
        say(&voice, &put, Content::Question(put.question.clone())).await
    });
    answered(put.await)
}

/// Hosts answer; with `--guests` anybody does.
pub(super) async fn reply(State(server): State<Arc<Server>>, ask: Ask) -> Response {
    let guests = server.config.guests;
    let put = put(&server, &ask, async |voice: Voice, body: Value| {
        if !voice.person().host && !guests {
            return Err((wire::FORBIDDEN, "只有主持人可以回答"));
        }
        let put = Put::read_answer(&body).map_err(|_| bad_body())?;
        let room = ConversationId::room(put.stream.as_str());
        enter(&voice, &room).await?;
        let asker = asker(&voice, &room, &put.question).await;
        let asker = asker.map_err(|refusal| refused(&refusal))?;
        let (to, to_uid) = asker.unzip();
        let answer = Content::Answer(Answer {
            question: put.question.clone(),
            answer: put.answer.clone().unwrap_or_default(),
            organisation: Some(voice.person().name.clone()),
            logo: voice.person().avatar.clone(),
            to,
            to_uid,
        });
        say(&voice, &put, answer).await
    });
    answered(put.await)
}

/// What is answered when it is not done: a code, and words for people.
type Not = (i64, &'static str);

const fn bad_body() -> Not {
    (BAD_FRAME, "请求无法识别")
}

async fn put(
    server: &Arc<Server>,
    ask: &Ask,
    put: impl AsyncFnOnce(Voice, Value) -> Result<(), Not>,
) -> Result<(), Not> {
    let voice = voice(server, ask).await?;
    put(voice, Value::Object(ask.body.clone())).await
}

async fn enter(voice: &Voice, room: &ConversationId) -> Result<(), Not> {
    let entered = voice.enter(room, None).await;
    entered.map_err(|refusal| refused(&refusal))
}

async fn say(voice: &Voice, put: &Put, content: Content) -> Result<(), Not> {
    if content.text().trim().is_empty() {
        return Err((BAD_FRAME, "内容不能为空"));
    }
    let room = ConversationId::room(put.stream.as_str());
    enter(voice, &room).await?;
    let said = voice.say(&room, None, body_of(&content)).await;
    said.map(|_| ()).map_err(|refusal| refused(&refusal))
}

/// Who asked this last: what they are called, and their uid.
async fn asker(
    voice: &Voice,
    room: &ConversationId,
    question: &str,
) -> Result<Option<(String, String)>, Refusal> {
    let page = voice.page(room, Part::Newest, ASKED_WITHIN).await?;
    let mut newest_first = page.messages.iter().rev();
    let asked = newest_first
        .find(|message| matches!(content(message), Content::Question(asked) if asked == question));
    let from = asked.and_then(|message| message.from.as_ref());
    Ok(from.map(|from| (from.name.clone(), from.uid.to_string())))
}

async fn voice(server: &Arc<Server>, ask: &Ask) -> Result<Voice, Not> {
    ask.voice(server).await.map_err(|unknown| {
        server.metrics.refusal(unknown.code());
        why_unknown(&unknown)
    })
}

fn refused(refusal: &Refusal) -> Not {
    if let Refusal::Unavailable(why) = refusal {
        tracing::warn!(%why, "a topic could not be read or written");
    }
    why(refusal)
}

fn past(past: &Past) -> Response {
    let code = match past {
        Past::Rows(_) => wire::OK,
        Past::Trouble(code, _) => *code,
    };
    body(code, past.write())
}

fn answered(put: Result<(), Not>) -> Response {
    let (code, words) = match put {
        Ok(()) => (wire::OK, None),
        Err((code, words)) => (code, Some(words)),
    };
    body(code, wire::write_put_answer(code, words))
}

/// The codes are HTTP statuses too.
fn body(code: i64, body: String) -> Response {
    let status = u16::try_from(code)
        .ok()
        .and_then(|it| StatusCode::from_u16(it).ok());
    let status = status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    (status, [(CONTENT_TYPE, "application/json")], body).into_response()
}
