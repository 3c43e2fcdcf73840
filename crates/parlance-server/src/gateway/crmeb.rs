//! The CRMEB gateway: seed pages and stock ones on one socket, told apart by
//! how they log in.
//!
//! JSON is the dialect's own; who hears of whom is [`desk`]'s, rows are
//! [`rows`]', and what is asked by HTTP is [`pages`]'.

use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use axum::routing::{get, post};
use axum::{Extension, Router};
use parlance_core::close;
use parlance_core::content::Content;
use parlance_core::dialect::crmeb::kinds;
use parlance_core::dialect::crmeb::rows::Shape;
use parlance_core::dialect::crmeb::wire::{
    Chat, Client, ErrTip, Kind, Server as Said, ToChat, Unread, login_field,
};
use parlance_core::ids::{ConversationId, Uid};
use serde_json::{Map, Value};

use super::visit::POLICY;
use super::{Call, Dialogue, Event, Scope, Visit};
use crate::auth::Identity;
use crate::clock;
use crate::config::Config;
use crate::http;
use crate::mailbox::Closing;
use crate::server::Server;
use crate::socket::Ending;
use crate::store::Message;
use crate::voice::{Refusal, Voice};
use crate::who::{self, Unknown};

mod desk;
mod pages;
mod rows;

use desk::{Desk, Form, Looking, News, Seat, Why};

/// What it is called, in paths and settings.
pub(super) const NAME: &str = "crmeb";

/// Its paths.
pub(super) fn routes(config: &Config) -> Router<Arc<Server>> {
    let upload = post(pages::upload).layer(http::upload_limit(config));
    Router::new()
        .route("/crmeb/msg", get(socket))
        .route(
            "/crmeb/gzh/crmebchat/chatMessageList",
            post(pages::by_seed_page),
        )
        .route("/crmeb/api/v2/user/service/record", get(pages::by_customer))
        .route("/crmeb/kefuapi/service/list", get(pages::by_agent))
        .route("/crmeb/kefuapi/user/record", get(pages::customers))
        .route("/crmeb/api/upload/image", upload)
        .layer(Extension(Arc::new(Desk::default())))
}

async fn socket(
    State(server): State<Arc<Server>>,
    Extension(desk): Extension<Arc<Desk>>,
    call: Call,
) -> Response {
    let stay = Stay {
        server,
        desk,
        seated: None,
        here: HashMap::new(),
        here_to_agents: HashMap::new(),
    };
    call.receive(NAME, stay)
}

/// One page's socket.
struct Stay {
    server: Arc<Server>,
    desk: Arc<Desk>,
    seated: Option<Seated>,
    /// What was told of who is here, in `online` and in `user_online`.
    here: HashMap<Uid, bool>,
    here_to_agents: HashMap<Uid, bool>,
}

/// Who logged in, and how.
struct Seated {
    identity: Identity,
    seat: Arc<Seat>,
    tourist: bool,
}

impl Seated {
    fn uid(&self) -> &Uid {
        &self.identity.person.uid
    }
}

impl Dialogue for Stay {
    async fn converse(&mut self, visit: &mut Visit) -> Result<Infallible, Ending> {
        loop {
            match visit.next().await? {
                Event::Text(text) => self.hear(visit, &text).await?,
                Event::Message(conversation, message) => {
                    self.tell(visit, &conversation, &message, How::Heard)
                        .await?;
                }
                Event::Came(ConversationId::Pair(..), who) => {
                    self.tell_presence(visit, &Uid::new(who.uid), true, Why::Seen)
                        .await?;
                }
                Event::Went(ConversationId::Pair(..), uid, _) => {
                    self.tell_presence(visit, &uid, false, Why::Seen).await?;
                }
                Event::Nudge(_) => self.tell_news(visit).await?,
                // The dialect has no words for these. What was taken back is
                // gone from its pages all the same.
                Event::Recalled(..)
                | Event::Came(..)
                | Event::Went(..)
                | Event::Typing(..)
                | Event::Read(..)
                | Event::Joined(_)
                | Event::People(_)
                | Event::Woke => {}
            }
        }
    }

    fn last_words(&self, closing: &Closing) -> Vec<String> {
        let refused = matches!(
            closing.code,
            close::EXPIRED | close::SIGNED_OUT | close::BANNED | close::BAD_TICKET
        );
        let word = if refused {
            Said::Error("登录已失效，请重新登录".to_owned())
        } else {
            Said::Timeout
        };
        vec![word.text(Shape::Stock)]
    }
}

impl Drop for Stay {
    fn drop(&mut self) {
        let Some(seated) = self.seated.take() else {
            return;
        };
        let uid = seated.uid().clone();
        if !self.desk.leave(&uid, &seated.seat) {
            return;
        }
        // Who comes back at once has not gone, as everywhere.
        let (server, desk) = (Arc::clone(&self.server), Arc::clone(&self.desk));
        self.server.hub.beside(async move {
            tokio::time::sleep(server.config.linger).await;
            if !desk.is_seated(&uid) {
                desk.announce(&server, &uid, false, Why::Seen);
            }
        });
    }
}

/// How a message came to be told here.
#[derive(Clone, Copy, PartialEq, Eq)]
enum How {
    /// It was said on this socket.
    SaidHere,
    /// It was said somewhere.
    Heard,
}

impl Stay {
    async fn hear(&mut self, visit: &mut Visit, text: &str) -> Result<(), Ending> {
        match Client::read(text) {
            Ok(Client::LoginSeed(login)) => self.log_in_seed(visit, &login).await,
            Ok(Client::LoginStock(token, _)) => {
                self.log_in_stock(visit, &token, Form::Customer).await
            }
            Ok(Client::KefuLogin(token)) => self.log_in_stock(visit, &token, Form::Agent).await,
            Ok(Client::Online(online)) => {
                if let Some(seated) = &self.seated {
                    let (server, uid) = (visit.server(), seated.uid());
                    self.desk.announce(server, uid, online.online, Why::Said);
                }
                Ok(())
            }
            Ok(Client::ToChat(to_chat)) => self.look_at(visit, to_chat).await,
            Ok(Client::Chat(chat)) => self.say(visit, *chat).await,
            // As the stock server does it: whatever is no frame is a ping.
            Ok(Client::Ping) | Err(_) => {
                let now = clock::unix_millis() / 1000;
                visit.tell([Said::Ping(Some(now)).text(Shape::Stock)]).await
            }
            Ok(Client::Unknown(_)) => Ok(()),
        }
    }

    // ---- who it is ----------------------------------------------------------

    async fn log_in_seed(
        &mut self,
        visit: &mut Visit,
        login: &Map<String, Value>,
    ) -> Result<(), Ending> {
        let openid = login_field(login, "openid").unwrap_or_default();
        // Somebody without an account is known by their openid.
        let uid = login_field(login, "uid").unwrap_or_else(|| openid.clone());
        let from = visit.from;
        let identity = who::by_name(visit.server(), &uid, &openid, from).await;
        self.come_in(visit, identity, Form::Seed, false).await
    }

    async fn log_in_stock(
        &mut self,
        visit: &mut Visit,
        token: &str,
        form: Form,
    ) -> Result<(), Ending> {
        let identity = who::by_token(visit.server(), token, visit.from).await;
        self.come_in(visit, identity, form, false).await?;
        visit.tell([Said::Success(None).text(Shape::Stock)]).await
    }

    async fn come_in(
        &mut self,
        visit: &mut Visit,
        identity: Result<Identity, Unknown>,
        form: Form,
        tourist: bool,
    ) -> Result<(), Ending> {
        let identity = match identity {
            Ok(identity) => identity,
            Err(unknown) => return turn_away(visit, &unknown).await,
        };
        visit.come_in(identity.clone(), Scope::Everything).await?;
        let uid = &identity.person.uid;
        let same = self
            .seated
            .as_ref()
            .filter(|seated| seated.uid() == uid && seated.seat.form == form);
        let seat = match same {
            // Asserted, as careful pages do.
            Some(seated) => Arc::clone(&seated.seat),
            None => {
                if let Some(before) = self.seated.take() {
                    self.desk.leave(before.uid(), &before.seat);
                }
                self.desk.sit(uid, form)
            }
        };
        if form != Form::Seed {
            // A seed page says itself that it is here.
            self.desk.announce(visit.server(), uid, true, Why::Seen);
        }
        self.seated = Some(Seated {
            identity,
            seat,
            tourist,
        });
        Ok(())
    }

    /// What a page says of its person beside their words.
    async fn introduce(&mut self, visit: &mut Visit, chat: &Chat) -> Result<(), Ending> {
        let Some(seated) = &mut self.seated else {
            return Ok(());
        };
        let before = seated.identity.person.clone();
        let (name, avatar) = match seated.tourist {
            true => (None, chat.tourist_avatar.as_deref()),
            false => (chat.name.as_deref(), chat.avatar.as_deref()),
        };
        let server = Arc::clone(visit.server());
        let introduced = who::introduce(&server, &mut seated.identity, name, avatar).await;
        if let Err(error) = introduced {
            tracing::warn!(%error, "a name was not kept");
        }
        if seated.identity.person != before {
            let identity = seated.identity.clone();
            visit.come_in(identity, Scope::Everything).await?;
        }
        Ok(())
    }

    /// A tourist logs in with their first frame, where anybody may come.
    async fn admit_tourist(&mut self, visit: &mut Visit, tourist: &str) -> Result<(), Ending> {
        let identity = who::by_name(visit.server(), tourist, "", visit.from).await;
        let identity = match identity {
            Ok(mut identity) => {
                let name = format!("游客{tourist}");
                let server = Arc::clone(visit.server());
                let named = who::introduce(&server, &mut identity, Some(&name), None).await;
                if let Err(error) = named {
                    tracing::warn!(%error, "a name was not kept");
                }
                Ok(identity)
            }
            Err(unknown) => Err(unknown),
        };
        self.come_in(visit, identity, Form::Customer, true).await
    }

    // ---- what it says ---------------------------------------------------------

    async fn look_at(&mut self, visit: &mut Visit, to_chat: ToChat) -> Result<(), Ending> {
        if let (None, Some(tourist)) = (&self.seated, &to_chat.tourist) {
            self.admit_tourist(visit, tourist).await?;
        }
        let Some(seated) = &self.seated else {
            return Ok(());
        };
        let other = match &to_chat.with {
            Some(with) => named(visit.server(), with).await,
            None => None,
        };
        seated.seat.look_at(match &other {
            Some(other) => Looking::At(other.clone()),
            None => Looking::AtNobody,
        });
        if let (Some(other), Some(voice)) = (other, visit.voice().cloned()) {
            let conversation = ConversationId::pair(seated.uid().clone(), other.clone());
            read_all(&voice, &conversation).await;
            self.desk.watch(&other, seated.uid());
        }
        let unread = Said::Unread(Unread {
            uid: to_chat.with,
            ..Unread::default()
        });
        visit.tell([unread.text(Shape::Stock)]).await
    }

    async fn say(&mut self, visit: &mut Visit, chat: Chat) -> Result<(), Ending> {
        if let (None, Some(tourist)) = (&self.seated, &chat.tourist_uid) {
            self.admit_tourist(visit, tourist).await?;
        }
        self.introduce(visit, &chat).await?;
        let Some(seated) = &self.seated else {
            return refuse(visit, "请先登录", None).await;
        };
        let to = match &chat.to_uid {
            Some(to) => named(visit.server(), to).await,
            None => None,
        };
        let Some(to) = to else {
            return refuse(visit, "用户不存在", None).await;
        };
        let me = seated.uid().clone();
        if to == me {
            return refuse(visit, "不能和自己聊天", None).await;
        }
        let Some(content) = self.content_of(&chat) else {
            // Old seed pages send empty texts, and show no refusal.
            let empty = chat.content.as_ref().is_some_and(String::is_empty);
            if empty && seated.seat.form == Form::Seed {
                return Ok(());
            }
            return refuse(visit, "格式错误", None).await;
        };
        self.desk.watch(&to, &me);
        let conversation = ConversationId::pair(me, to);
        match visit.say(&conversation, None, &content).await {
            Ok(appended) => {
                for message in visit.ahead(&conversation, appended.seq).await? {
                    let how = match message.seq == appended.seq {
                        true => How::SaidHere,
                        false => How::Heard,
                    };
                    self.tell(visit, &conversation, &message, how).await?;
                }
                Ok(())
            }
            Err(refusal) => {
                let wait = match &refusal {
                    Refusal::TooFast(wait) => u64::try_from(wait.as_millis()).ok(),
                    Refusal::NoConversation
                    | Refusal::Forbidden
                    | Refusal::BadBody
                    | Refusal::TooLarge
                    | Refusal::ClientIdReused
                    | Refusal::Unavailable(_) => None,
                };
                refuse(visit, why(&refusal), wait).await
            }
        }
    }

    /// Each form says it in its own fields; an agent's page may be of either.
    fn content_of(&self, chat: &Chat) -> Option<Content> {
        let form = self.seated.as_ref().map(|seated| seated.seat.form);
        let worded = !matches!(chat.kind, Some(Kind::Number(_)));
        if worded && form == Some(Form::Customer) {
            return None;
        }
        kinds::content_said(chat)
    }

    // ---- what it is told ------------------------------------------------------

    async fn tell(
        &mut self,
        visit: &mut Visit,
        conversation: &ConversationId,
        message: &Message,
        how: How,
    ) -> Result<(), Ending> {
        let Some(seated) = &self.seated else {
            return Ok(());
        };
        let (Some(other), Some(voice)) = (conversation.other(seated.uid()), visit.voice()) else {
            return Ok(());
        };
        let (other, voice) = (other.clone(), voice.clone());
        let from = message.from.as_ref().map(|from| &from.uid);
        let mine = from == Some(seated.uid());
        let desk = &self.desk;
        let texts = match (seated.seat.form, mine) {
            // A seed page has shown its own words already.
            (Form::Seed, true) => Vec::new(),
            (Form::Seed, false) => {
                voice.read(conversation.clone(), message.seq, None);
                let row = rows::seed(voice.person(), &other, message);
                vec![Said::Chat(row).text(Shape::Seed)]
            }
            (Form::Customer | Form::Agent, true) => {
                let shown = how == How::SaidHere || seated.seat.looks_at(&other);
                let read = desk.is_looking(&other, voice.uid());
                let row = rows::stock(desk, &voice, &other, message, read, seated.tourist);
                let text = || Said::Chat(row).text(Shape::Stock);
                shown.then(text).into_iter().collect()
            }
            (Form::Customer | Form::Agent, false) => {
                self.for_stock(&voice, &other, conversation, message).await
            }
        };
        visit.tell(texts).await
    }

    /// Another's words on a stock page: themselves where it looks, else how
    /// many wait. A page that never said where it looks gets both.
    async fn for_stock(
        &self,
        voice: &Voice,
        other: &Uid,
        conversation: &ConversationId,
        message: &Message,
    ) -> Vec<String> {
        let Some(seated) = &self.seated else {
            return Vec::new();
        };
        let looks = seated.seat.looks_at(other);
        let mut row = rows::stock(&self.desk, voice, other, message, looks, false);
        let record = rows::record(voice, other, message);
        let mut texts = Vec::with_capacity(2);
        if looks {
            voice.read(conversation.clone(), message.seq, None);
        } else {
            let summary = voice.conversation(conversation).await;
            let unread = summary.ok().flatten().map_or(1, |summary| summary.unread);
            let told = Said::Unread(Unread {
                uid: Some(other.to_string()),
                number: unread,
                record: Some(rows::with_unread(record.clone(), unread)),
            });
            texts.push(told.text(Shape::Stock));
        }
        if looks || seated.seat.never_looked() {
            row.record = Some(record);
            texts.push(Said::Reply(row).text(Shape::Stock));
        }
        texts
    }

    async fn tell_news(&mut self, visit: &mut Visit) -> Result<(), Ending> {
        let news = self.seated.as_ref().map(|seated| seated.seat.take_news());
        for News { uid, online, why } in news.unwrap_or_default() {
            self.tell_presence(visit, &uid, online, why).await?;
        }
        Ok(())
    }

    async fn tell_presence(
        &mut self,
        visit: &mut Visit,
        uid: &Uid,
        online: bool,
        why: Why,
    ) -> Result<(), Ending> {
        let Some(seated) = self.seated.as_ref().filter(|seated| seated.uid() != uid) else {
            return Ok(());
        };
        let mut texts = Vec::with_capacity(2);
        let told = self.here_to_agents.insert(uid.clone(), online);
        if seated.seat.form == Form::Agent && told != Some(online) {
            texts.push(Said::UserOnline(uid.to_string(), online).text(Shape::Stock));
        }
        let told = self.here.insert(uid.clone(), online);
        if told != Some(online) || why == Why::Said {
            texts.push(Said::Online(uid.to_string(), online).text(Shape::Stock));
        }
        visit.tell(texts).await
    }
}

/// Everything up to now has been read.
async fn read_all(voice: &Voice, conversation: &ConversationId) {
    if let Ok(Some(summary)) = voice.conversation(conversation).await
        && summary.head > summary.read
    {
        voice.read(conversation.clone(), summary.head, None);
    }
}

/// Whom a page names.
async fn named(server: &Server, text: &str) -> Option<Uid> {
    match server.numbers.named(text).await {
        Ok(uid) => uid,
        Err(error) => {
            tracing::warn!(%error, "somebody was not found");
            None
        }
    }
}

async fn refuse(visit: &mut Visit, words: &str, retry: Option<u64>) -> Result<(), Ending> {
    let tip = Said::ErrTip(ErrTip {
        words: words.to_owned(),
        retry,
    });
    visit.tell([tip.text(Shape::Stock)]).await
}

/// Says why, and ends: for good, or for now.
async fn turn_away(visit: &mut Visit, unknown: &Unknown) -> Result<(), Ending> {
    visit.server().metrics.refusal(unknown.code());
    let (word, code) = match unknown {
        Unknown::Nobody | Unknown::Disbelieved(_) | Unknown::Banned => {
            (Said::Error(why_unknown(unknown).to_owned()), POLICY)
        }
        Unknown::TooMany(_) | Unknown::Unavailable(_) => (Said::Timeout, close::TRY_LATER),
    };
    visit.tell([word.text(Shape::Stock)]).await?;
    Err(Ending::code(code))
}

fn why_unknown(unknown: &Unknown) -> &'static str {
    match unknown {
        Unknown::Nobody => "授权失败!",
        Unknown::Disbelieved(_) => "登录已失效，请重新登录",
        Unknown::Banned => "您已被禁止进入",
        Unknown::TooMany(_) => "请求过于频繁，请稍后再试",
        Unknown::Unavailable(_) => "服务暂不可用，请稍后再试",
    }
}

fn why(refusal: &Refusal) -> &'static str {
    match refusal {
        Refusal::NoConversation => "用户不存在",
        Refusal::Forbidden => "这里不能发言",
        Refusal::BadBody | Refusal::ClientIdReused => "格式错误",
        Refusal::TooLarge => "消息过长，未发送",
        Refusal::TooFast(_) => "发送太快，这条消息未发送，请稍后再试",
        Refusal::Unavailable(_) => "服务暂不可用，这条消息未发送",
    }
}
