//! The plain gateway: one room, a token in the address, texts alone.
//!
//! The dialect has no names, ids or acknowledgements, so this adds none: what
//! is not kept is said with an `error` frame, and silence means that it is.

use std::convert::Infallible;
use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use parlance_core::content::Content;
use parlance_core::dialect::plain::wire::{Client, History, Row, Server as Said, Time};
use parlance_core::frame::Part;
use parlance_core::ids::{ConversationId, Uid};

use super::visit::POLICY;
use super::{Ask, Call, Dialogue, Event, Head, Scope, Visit, content, words};
use crate::server::Server;
use crate::socket::Ending;
use crate::store::Message;
use crate::voice::Refusal;
use crate::who::{self, Unknown};

/// What it is called, in paths and settings.
pub(super) const NAME: &str = "plain";

/// The room of those who name none.
const ROOM: &str = "plain";
/// Rows when the page does not say how many, and at most.
const ROWS: u64 = 100;
const MOST_ROWS: u64 = 200;

/// Bytes of a refused text that are said again, for the page to know it by.
const MOST_REPEATED: usize = 64 * 1024;

/// Its paths.
pub(super) fn routes() -> Router<Arc<Server>> {
    Router::new()
        .route("/plain", get(socket))
        .route("/plain/", get(socket))
        .route("/plain/api/historyMessages", get(history).post(history))
}

async fn socket(call: Call) -> Response {
    let plain = Plain {
        token: call.head.token().to_owned(),
        room: room(&call.head),
    };
    call.receive(NAME, plain)
}

fn room(head: &Head) -> ConversationId {
    let named = head.query("room").filter(|name| !name.is_empty());
    ConversationId::room(named.unwrap_or(ROOM))
}

/// One page's socket.
struct Plain {
    token: String,
    room: ConversationId,
}

impl Dialogue for Plain {
    async fn converse(&mut self, visit: &mut Visit) -> Result<Infallible, Ending> {
        let identity = who::by_token(visit.server(), &self.token, visit.from).await;
        let identity = match identity {
            Ok(identity) => identity,
            Err(unknown) => return turn_away(visit, unknown.code(), why_unknown(&unknown)).await,
        };
        let me = identity.person.uid.clone();
        visit.come_in(identity, Scope::Entered).await?;
        if let Err(refusal) = visit.enter(&self.room).await {
            return turn_away(visit, refusal.code(), why(&refusal)).await;
        }
        loop {
            match visit.next().await? {
                Event::Text(text) => self.hear(visit, &text).await?,
                Event::Message(_, message) => {
                    if !is_from(&message, &me) {
                        let text = Said::Message(words(&content(&message))).text();
                        visit.tell([text]).await?;
                    }
                }
                // The dialect has no words for these.
                Event::Recalled(..)
                | Event::Came(..)
                | Event::Went(..)
                | Event::Typing(..)
                | Event::Read(..)
                | Event::Joined(_)
                | Event::People(_)
                | Event::Nudge(_)
                | Event::Woke => {}
            }
        }
    }
}

impl Plain {
    async fn hear(&self, visit: &mut Visit, text: &str) -> Result<(), Ending> {
        match Client::read(text) {
            Ok(Client::Ping) => visit.tell([Said::Pong.text()]).await,
            // The old page sends these too, and nobody shows them.
            Ok(Client::Message(text)) if text.is_empty() => Ok(()),
            Ok(Client::Message(text)) => {
                let content = Content::Text(text);
                match visit.say(&self.room, None, &content).await {
                    Ok(_) => Ok(()),
                    Err(refusal) => {
                        let said = (words(&content).len() <= MOST_REPEATED).then_some(&content);
                        let refused = Said::Refused {
                            code: refusal.code().to_owned(),
                            text: why(&refusal).to_owned(),
                            said: said.map(words),
                        };
                        visit.tell([refused.text()]).await
                    }
                }
            }
            Err(_) => {
                visit.server().metrics.oddity("fault");
                visit.tell([refused("bad_frame", "消息无法识别")]).await
            }
        }
    }
}

fn is_from(message: &Message, uid: &Uid) -> bool {
    message.from.as_ref().is_some_and(|from| from.uid == *uid)
}

fn refused(code: &str, text: &str) -> String {
    let (code, text) = (code.to_owned(), text.to_owned());
    let said = None;
    Said::Refused { code, text, said }.text()
}

/// Says why, and ends.
async fn turn_away(visit: &mut Visit, code: &str, text: &str) -> Result<Infallible, Ending> {
    visit.tell([refused(code, text)]).await?;
    Err(Ending::code(POLICY))
}

fn why_unknown(unknown: &Unknown) -> &'static str {
    match unknown {
        Unknown::Nobody => "缺少 token",
        Unknown::Disbelieved(_) => "token 无效或已过期",
        Unknown::Banned => "您已被禁止进入",
        Unknown::TooMany(_) => "请求过于频繁，请稍后再试",
        Unknown::Unavailable(_) => "服务暂不可用，请稍后再试",
    }
}

fn why(refusal: &Refusal) -> &'static str {
    match refusal {
        Refusal::NoConversation => "没有这个房间",
        Refusal::Forbidden => "这里只有主持人可以发言",
        Refusal::BadBody | Refusal::ClientIdReused => "消息无法识别",
        Refusal::TooLarge => "消息过长，未发送",
        Refusal::TooFast(_) => "发送太快，这条消息未发送，请稍后再试",
        Refusal::Unavailable(_) => "服务暂不可用，这条消息未发送",
    }
}

async fn history(State(server): State<Arc<Server>>, ask: Ask) -> Response {
    let voice = match ask.voice(&server).await {
        Ok(voice) => voice,
        Err(unknown) => {
            server.metrics.refusal(unknown.code());
            let status = match unknown {
                Unknown::Nobody | Unknown::Disbelieved(_) | Unknown::Banned => {
                    StatusCode::UNAUTHORIZED
                }
                Unknown::TooMany(_) => StatusCode::TOO_MANY_REQUESTS,
                Unknown::Unavailable(_) => StatusCode::SERVICE_UNAVAILABLE,
            };
            return not_given(status, why_unknown(&unknown));
        }
    };
    let rows = ask.number("limit").unwrap_or(ROWS).clamp(1, MOST_ROWS);
    let rows = u32::try_from(rows).unwrap_or(u32::MAX);
    let room = room(&ask.head);
    let page = async {
        voice.enter(&room, None).await?;
        voice.page(&room, Part::Newest, rows).await
    };
    match page.await {
        Ok(page) => {
            let row = |message: &Message| Row {
                id: Some(message.id.clone()),
                mine: is_from(message, voice.uid()),
                content: words(&content(message)),
                time: Some(Time::Millis(message.at)),
            };
            let rows = page.messages.iter().map(row).collect();
            body(StatusCode::OK, &History::Rows(rows))
        }
        Err(Refusal::Unavailable(why)) => {
            tracing::warn!(%why, "a history could not be read");
            not_given(StatusCode::SERVICE_UNAVAILABLE, "服务暂不可用，请稍后再试")
        }
        Err(refusal) => not_given(StatusCode::NOT_FOUND, why(&refusal)),
    }
}

fn not_given(status: StatusCode, text: &str) -> Response {
    let code = status.as_u16().into();
    let text = text.to_owned();
    body(status, &History::Refused { code, text })
}

fn body(status: StatusCode, history: &History) -> Response {
    let kind = [(CONTENT_TYPE, "application/json")];
    (status, kind, history.text()).into_response()
}
