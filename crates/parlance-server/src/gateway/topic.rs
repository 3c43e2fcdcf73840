//! The topic gateway's socket: the token stands in every frame, a topic is
//! joined and talked in, and what is said comes back to whoever said it.
//!
//! Heartbeats are heard and not answered, as by the old server: the old page
//! would take an answer for a message. Questions and history are asked for
//! over HTTP: [`pages`].

use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;
use std::sync::Arc;

use axum::Router;
use axum::response::Response;
use axum::routing::{get, post};
use parlance_core::close;
use parlance_core::content::Content;
use parlance_core::dialect::local_time;
use parlance_core::dialect::topic::wire::{self, Chat, Id, Said, Told, What};
use parlance_core::ids::{ConversationId, Seq, Uid};
use parlance_core::time::UnixMillis;

use super::visit::POLICY;
use super::{Call, Dialogue, Event, Scope, Visit, content, words};
use crate::mailbox::Closing;
use crate::server::Server;
use crate::socket::Ending;
use crate::store::Message;
use crate::voice::Refusal;
use crate::who::{self, Unknown};

mod pages;

/// What it is called, in paths and settings.
pub(super) const NAME: &str = "topic";

/// A frame that cannot be read.
const BAD_FRAME: i64 = 400;
/// Topics that one socket may hear. The old page hears one.
const MOST_TOPICS: usize = 32;

/// Its paths.
pub(super) fn routes() -> Router<Arc<Server>> {
    Router::new()
        .route("/topic/ws", get(socket))
        .route("/topic/api/message/chatmsg", get(pages::history))
        .route("/topic/api/question/add", post(pages::ask))
        .route("/topic/api/question/answer", post(pages::reply))
}

async fn socket(call: Call) -> Response {
    let topic = Topic::default();
    call.receive(NAME, topic)
}

/// One page's socket.
#[derive(Default)]
struct Topic {
    /// The token that was believed last.
    token: String,
    /// Whom it names, and what they said that they are called and look like.
    me: Option<Uid>,
    called: (String, Option<String>),
    /// The id that the page gives itself, which need not be the token's.
    claimed: Option<Id>,
    topics: BTreeSet<String>,
    /// What was said here and has not come back: it comes back as it was said.
    said: BTreeMap<Seq, Chat>,
}

impl Dialogue for Topic {
    async fn converse(&mut self, visit: &mut Visit) -> Result<Infallible, Ending> {
        loop {
            match visit.next().await? {
                Event::Text(text) => self.hear(visit, &text).await?,
                Event::Message(conversation, message) => {
                    let chat = self.chat(visit.server(), &conversation, &message);
                    visit.tell([Told::Chat(Box::new(chat)).write()]).await?;
                }
                // The dialect has no words for these.
                Event::Came(..)
                | Event::Went(..)
                | Event::Typing(..)
                | Event::Read(..)
                | Event::Recalled(..)
                | Event::Joined(_)
                | Event::People(_)
                | Event::Nudge(_)
                | Event::Woke => {}
            }
        }
    }

    fn last_words(&self, closing: &Closing) -> Vec<String> {
        let words = match closing.code {
            close::EXPIRED => "token 已过期",
            close::SIGNED_OUT => "已退出登录",
            close::BANNED => "你已被禁用",
            // The page comes back by itself.
            _ => return Vec::new(),
        };
        vec![trouble(wire::BAD_TOKEN, words)]
    }
}

impl Topic {
    async fn hear(&mut self, visit: &mut Visit, text: &str) -> Result<(), Ending> {
        let Ok(said) = Said::read(text) else {
            visit.server().metrics.oddity("fault");
            return visit.tell([trouble(BAD_FRAME, "消息无法识别")]).await;
        };
        match said.what {
            What::Heartbeat => Ok(()),
            What::Join(topic) => {
                self.come_in(visit, said.token, None).await?;
                self.enter(visit, topic).await
            }
            What::Talk(topic, chat) => {
                self.claimed.clone_from(&chat.user);
                self.come_in(visit, said.token, Some(&chat)).await?;
                if !self.topics.contains(&topic) {
                    self.enter(visit, topic.clone()).await?;
                }
                self.say(visit, &topic, *chat).await
            }
        }
    }

    /// The socket is whose token this is, from now on.
    async fn come_in(
        &mut self,
        visit: &mut Visit,
        token: String,
        chat: Option<&Chat>,
    ) -> Result<(), Ending> {
        let called = match chat {
            Some(chat) => (chat.name.clone(), chat.avatar.clone()),
            None => self.called.clone(),
        };
        if self.me.is_some() && self.token == token && self.called == called {
            return Ok(());
        }
        let identity = who::by_token(visit.server(), &token, visit.from).await;
        let mut identity = match identity {
            Ok(identity) => identity,
            Err(unknown) => {
                let (code, words) = why_unknown(&unknown);
                visit.tell([trouble(code, words)]).await?;
                return Err(Ending::code(match unknown {
                    Unknown::Nobody | Unknown::Disbelieved(_) | Unknown::Banned => POLICY,
                    Unknown::TooMany(_) | Unknown::Unavailable(_) => close::TRY_LATER,
                }));
            }
        };
        let name = Some(called.0.as_str()).filter(|name| !name.is_empty());
        if let Err(error) =
            who::introduce(visit.server(), &mut identity, name, called.1.as_deref()).await
        {
            tracing::warn!(%error, "a name was not kept");
        }
        let uid = identity.person.uid.clone();
        visit.come_in(identity, Scope::Entered).await?;
        if self.me.replace(uid.clone()).is_some_and(|it| it != uid) {
            self.topics.clear();
            self.said.clear();
        }
        (self.token, self.called) = (token, called);
        Ok(())
    }

    async fn enter(&mut self, visit: &mut Visit, topic: String) -> Result<(), Ending> {
        let entered = if self.topics.len() < MOST_TOPICS || self.topics.contains(&topic) {
            visit.enter(&ConversationId::room(topic.as_str())).await
        } else {
            Err(Refusal::NoConversation)
        };
        match entered {
            Ok(_) => {
                self.topics.insert(topic);
                Ok(())
            }
            Err(refusal) => {
                let (code, words) = why(&refusal);
                visit.tell([trouble(code, words)]).await
            }
        }
    }

    async fn say(&mut self, visit: &mut Visit, topic: &str, chat: Chat) -> Result<(), Ending> {
        let content = match &chat.content {
            // The old page sends these too, and nobody shows them.
            Content::Text(text) | Content::Question(text) if text.trim().is_empty() => {
                return Ok(());
            }
            Content::Text(_) | Content::Question(_) => &chat.content,
            Content::Answer(_)
            | Content::Image(_)
            | Content::Video(_)
            | Content::Voice(_)
            | Content::File(_)
            | Content::Product(_)
            | Content::Order(_)
            | Content::Like
            | Content::Flower
            | Content::Notice(_)
            | Content::Unknown(_) => {
                return visit.tell([trouble(BAD_FRAME, "消息无法识别")]).await;
            }
        };
        let room = ConversationId::room(topic);
        match visit.say(&room, None, content).await {
            Ok(appended) => {
                self.said.insert(appended.seq, chat);
                Ok(())
            }
            Err(refusal) => {
                let (code, words) = why(&refusal);
                visit.tell([trouble(code, words)]).await
            }
        }
    }

    /// A message as this page knows it: its own words as it said them, and
    /// itself by the id that it gives itself.
    fn chat(&mut self, server: &Server, conversation: &ConversationId, message: &Message) -> Chat {
        let from = message.from.as_ref().map(|from| &from.uid);
        let is_mine = from.is_some() && from == self.me.as_ref();
        if let Some(said) = self.said.remove(&message.seq).filter(|_| is_mine) {
            return said;
        }
        let mut chat = chat_of(server, conversation, message);
        let named = chat.user.as_ref().map(Id::text);
        let names_me = named.is_some() && named.as_deref() == self.me.as_ref().map(Uid::as_str);
        if let (Some(claimed), true) = (&self.claimed, names_me) {
            chat.user = Some(claimed.clone());
        }
        chat
    }
}

fn trouble(code: i64, words: &str) -> String {
    Told::Trouble(code, words.to_owned()).write()
}

/// A stored message as the old page knows it. The conversation's name is the
/// stream's.
fn chat_of(server: &Server, conversation: &ConversationId, message: &Message) -> Chat {
    let stream = match conversation {
        ConversationId::Room(name) => name.clone(),
        ConversationId::Pair(..) => conversation.to_string(),
    };
    let at = UnixMillis(message.at);
    let from = message.from.as_ref();
    let mut chat = Chat {
        id: None,
        user: from.map(|from| Id::by_look(from.uid.as_str())),
        name: from.map(|from| from.name.clone()).unwrap_or_default(),
        avatar: from.and_then(|from| from.avatar.clone()),
        stream: Some(stream),
        content: content(message),
        created: Some(local_time::write(at, server.config.utc_offset)),
    };
    if let Content::Answer(answer) = &mut chat.content {
        // The organisation answers; whom, stands where others say who talks.
        let organisation = std::mem::take(&mut chat.name);
        answer.organisation.get_or_insert(organisation);
        answer.logo = answer.logo.take().or_else(|| chat.avatar.take());
        chat.avatar = None;
        chat.name = answer.to.clone().unwrap_or_default();
        chat.user = answer.to_uid.as_deref().map(Id::by_look);
    } else if !matches!(chat.content, Content::Text(_) | Content::Question(_)) {
        chat.content = Content::Text(words(&chat.content));
    }
    chat
}

/// A code, which is an HTTP status too, and words for people.
fn why_unknown(unknown: &Unknown) -> (i64, &'static str) {
    match unknown {
        Unknown::Nobody => (wire::BAD_TOKEN, "缺少 token"),
        Unknown::Disbelieved(_) => (wire::BAD_TOKEN, "token 无效或已过期"),
        Unknown::Banned => (wire::BAD_TOKEN, "您已被禁止进入"),
        Unknown::TooMany(_) => (wire::TOO_FAST, "请求过于频繁，请稍后再试"),
        Unknown::Unavailable(_) => (503, "服务暂不可用，请稍后再试"),
    }
}

/// The same. 401 and 403 would end the page's stay: they are not among them.
fn why(refusal: &Refusal) -> (i64, &'static str) {
    match refusal {
        Refusal::NoConversation => (404, "没有这个话题"),
        Refusal::Forbidden => (423, "这里只有主持人可以发言"),
        Refusal::BadBody | Refusal::ClientIdReused => (BAD_FRAME, "消息无法识别"),
        Refusal::TooLarge => (413, "消息过长，未发送"),
        Refusal::TooFast(_) => (wire::TOO_FAST, "发送太快，这条消息未发送，请稍后再试"),
        Refusal::Unavailable(_) => (503, "服务暂不可用，这条消息未发送"),
    }
}
