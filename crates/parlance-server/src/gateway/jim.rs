//! The J-IM gateway: credentials in the address, numbered commands on the
//! socket, groups that are rooms.
//!
//! Answers as a J-IM 3 with its store on that was extended as the course pages
//! want it. Three things it does better and one page can tell: `from` is who
//! the link belongs to, whatever a message claims; an answer to a message names
//! it; nothing is kept from anybody in silence.

mod asking;

use std::collections::HashSet;
use std::convert::Infallible;
use std::sync::Arc;

use axum::Router;
use axum::response::Response;
use axum::routing::get;
use parlance_core::close;
use parlance_core::dialect::jim::wire::{Answer, Chat, Request, User, code, command, words};
use parlance_core::dialect::jim::{body_of, chat_of};
use parlance_core::dialect::native::wire;
use parlance_core::frame::Part;
use parlance_core::ids::{ConversationId, Seq, Uid};

use super::visit::POLICY;
use super::{Call, Dialogue, Event, Scope, Visit, client_id};
use crate::mailbox::Closing;
use crate::server::Server;
use crate::socket::Ending;
use crate::store::{Appended, Message};
use crate::voice::{Refusal, Voice};
use crate::who::{self, Unknown};

/// What it is called, in paths and settings.
pub(super) const NAME: &str = "jim";

/// Its path.
pub(super) fn routes() -> Router<Arc<Server>> {
    Router::new()
        .route("/jim", get(socket))
        .route("/jim/", get(socket))
}

async fn socket(call: Call) -> Response {
    let text = |name: &str| call.head.query(name).unwrap_or_default().to_owned();
    let jim = Jim {
        username: text("username"),
        password: text("password"),
        nick: text("nickName"),
        avatar: text("avatar"),
        course: Some(text("courseId")).filter(|course| !course.is_empty()),
        me: Uid::new(""),
        entered: HashSet::new(),
    };
    call.receive(NAME, jim)
}

/// One page's socket.
struct Jim {
    username: String,
    password: String,
    nick: String,
    avatar: String,
    /// The group that the address names.
    course: Option<String>,
    /// Who the link belongs to, once that is known.
    me: Uid,
    /// What was entered on this visit.
    entered: HashSet<ConversationId>,
}

impl Dialogue for Jim {
    async fn converse(&mut self, visit: &mut Visit) -> Result<Infallible, Ending> {
        self.log_in(visit).await?;
        loop {
            match visit.next().await? {
                Event::Text(text) => self.hear(visit, &text).await?,
                Event::Message(conversation, message) => {
                    if self.shows(&conversation) {
                        let chat = self.chat(&conversation, &message);
                        visit.tell([Answer::Chat(chat).write()]).await?;
                    }
                }
                Event::Came(ConversationId::Room(group), who)
                    if self.shows(&ConversationId::room(group.clone())) =>
                {
                    let user = notice_of(&who.uid, &who.name, true);
                    visit.tell([Answer::Joined { group, user }.write()]).await?;
                }
                Event::Went(ConversationId::Room(group), uid, _)
                    if self.shows(&ConversationId::room(group.clone())) =>
                {
                    let known = visit.server().store.person(uid.clone()).await;
                    let name = known.ok().flatten().map(|person| person.name);
                    let user = notice_of(uid.as_str(), &name.unwrap_or_default(), false);
                    visit.tell([Answer::Left { group, user }.write()]).await?;
                }
                Event::Joined(ConversationId::Room(group)) if self.course.is_none() => {
                    let user = notice_of(self.me.as_str(), &self.my_name(visit), true);
                    visit.tell([Answer::Joined { group, user }.write()]).await?;
                }
                // The dialect has no words for these, or not for pairs.
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

    fn last_words(&self, closing: &Closing) -> Vec<String> {
        let over = [close::EXPIRED, close::SIGNED_OUT, close::BANNED];
        let words = if over.contains(&closing.code) {
            login(code::LOGIN_FAILED)
        } else {
            Answer::Closed
        };
        vec![words.write()]
    }
}

impl Jim {
    /// In the handshake: by the time the page may speak it is known who speaks.
    async fn log_in(&mut self, visit: &mut Visit) -> Result<(), Ending> {
        let (name, shown) = (self.username.trim(), &self.password);
        let identity = who::by_name(visit.server(), name, shown, visit.from).await;
        let mut identity = match identity {
            Ok(identity) => identity,
            // Not the page's fault, and it may come back.
            Err(Unknown::TooMany(_) | Unknown::Unavailable(_)) => {
                return Err(Ending::code(close::TRY_LATER));
            }
            Err(Unknown::Nobody | Unknown::Disbelieved(_) | Unknown::Banned) => {
                visit.tell([login(code::LOGIN_FAILED).write()]).await?;
                return Err(Ending::code(POLICY));
            }
        };
        let (nick, avatar) = (Some(self.nick.as_str()), Some(self.avatar.as_str()));
        let introduced = who::introduce(visit.server(), &mut identity, nick, avatar).await;
        if let Err(error) = introduced {
            tracing::warn!(%error, "a name was not kept");
        }
        self.me = identity.person.uid.clone();
        visit.come_in(identity, Scope::Everything).await?;
        let mut said = Vec::new();
        if let Some(group) = self.course.clone() {
            said.push(self.join(visit, group).await);
        }
        said.push(login(code::LOGIN_OK));
        visit.tell(said.iter().map(Answer::write)).await
    }

    async fn hear(&mut self, visit: &mut Visit, text: &str) -> Result<(), Ending> {
        let answer = match Request::read(text) {
            Request::Chat(chat) => return self.say(visit, chat).await,
            Request::Heartbeat => Answer::Heartbeat,
            Request::Users { which, user } => self.users(visit, which, user).await,
            Request::Messages(wanted) => self.messages(visit, wanted).await,
            Request::Join { group, .. } => self.join(visit, group.unwrap_or_default()).await,
            // The handshake has answered that; as whom else is not for a page
            // to say.
            Request::Login { user, .. } => {
                let same = user.is_none_or(|user| user == self.me.as_str());
                login(if same {
                    code::LOGIN_OK
                } else {
                    code::LOGIN_FAILED
                })
            }
            // As the stock server, which believes anything here. Nothing is
            // granted by it.
            Request::Auth { token } => Answer::Auth {
                code: code::AUTH_OK,
                token: token.map(|token| format!("{token}authKey")),
            },
            Request::Close { .. } => {
                visit.tell([Answer::Closed.write()]).await?;
                return Err(Ending::code(close::NORMAL));
            }
            Request::Unknown => {
                visit.server().metrics.oddity("fault");
                Answer::Other {
                    command: command::UNKNOWN,
                    code: Some(code::UNKNOWN_COMMAND),
                }
            }
        };
        visit.tell([answer.write()]).await
    }

    /// Into a group: whoever is in it is told, this page by the answer.
    async fn join(&mut self, visit: &mut Visit, group: String) -> Answer {
        match self
            .enter(visit, &ConversationId::room(group.clone()))
            .await
        {
            Ok(()) => Answer::Joined {
                user: notice_of(self.me.as_str(), &self.my_name(visit), true),
                group,
            },
            Err(_) => Answer::Join {
                code: code::JOIN_FAILED,
                group: Some(group),
            },
        }
    }

    async fn enter(
        &mut self,
        visit: &mut Visit,
        conversation: &ConversationId,
    ) -> Result<(), Refusal> {
        if !self.entered.contains(conversation) {
            visit.enter(conversation).await?;
            self.entered.insert(conversation.clone());
        }
        Ok(())
    }

    /// First the echo to the group, then the answer, as the page's own server.
    async fn say(&mut self, visit: &mut Visit, chat: Chat) -> Result<(), Ending> {
        let id = chat.id.clone().filter(|id| !id.is_empty());
        let sent = |code, words: Option<&str>, retry_ms| Answer::Sent {
            code,
            words: words.map(str::to_owned),
            id: id.clone(),
            retry_ms,
        };
        let Some(conversation) = self.place(&chat) else {
            visit.server().metrics.oddity("fault");
            return visit.tell([sent(code::BAD_CHAT, None, None).write()]).await;
        };
        let appended = match self.append(visit, &conversation, &chat).await {
            Ok(appended) => appended,
            Err(refusal) => {
                let wait = match &refusal {
                    Refusal::TooFast(wait) => u64::try_from(wait.as_millis()).ok(),
                    Refusal::Unavailable(_) => Some(5_000),
                    Refusal::NoConversation
                    | Refusal::Forbidden
                    | Refusal::BadBody
                    | Refusal::TooLarge
                    | Refusal::ClientIdReused => None,
                };
                let refused = sent(code::BAD_CHAT, Some(why(&refusal)), wait);
                return visit.tell([refused.write()]).await;
            }
        };
        let mut said: Vec<String> = Vec::new();
        let private = matches!(conversation, ConversationId::Pair(..));
        for message in self.heard(visit, &conversation, &appended).await? {
            // To one person there is no echo.
            if !(private && message.seq == appended.seq) {
                let chat = self.chat(&conversation, &message);
                said.push(Answer::Chat(chat).write());
            }
        }
        let other = conversation.other(&self.me);
        let away = other.is_some_and(|other| !visit.server().hub.is_here(other));
        let code = if away { code::OFFLINE } else { code::SENT };
        said.push(sent(code, None, None).write());
        visit.tell(said).await
    }

    async fn append(
        &mut self,
        visit: &mut Visit,
        conversation: &ConversationId,
        chat: &Chat,
    ) -> Result<Appended, Refusal> {
        self.enter(visit, conversation).await?;
        let voice = visit.voice().cloned().ok_or(Refusal::Forbidden)?;
        let client_id = chat.id.as_deref().and_then(|id| client_id(NAME, id));
        voice.say(conversation, client_id, body_of(chat)).await
    }

    /// What this page is to hear of the conversation up to what it just said.
    /// What was said before under the same id is heard again: the page asks
    /// because it does not know.
    async fn heard(
        &self,
        visit: &mut Visit,
        conversation: &ConversationId,
        appended: &Appended,
    ) -> Result<Vec<Arc<Message>>, Ending> {
        let mut heard = visit.ahead(conversation, appended.seq).await?;
        if !appended.duplicate {
            return Ok(heard);
        }
        if let Some(voice) = visit.voice().cloned() {
            let before = Part::Before(Seq(appended.seq.0 + 1));
            let page = voice.page(conversation, before, 1).await;
            heard.extend(
                page.into_iter()
                    .flat_map(|page| page.messages)
                    .map(Arc::new),
            );
        }
        Ok(heard)
    }

    /// Where a message goes: `chatType` decides, and where it is not said
    /// nothing does.
    fn place(&self, chat: &Chat) -> Option<ConversationId> {
        match chat.chat_type? {
            Chat::TO_GROUP => Some(ConversationId::room(chat.group.clone()?)),
            Chat::TO_PERSON => {
                let to = chat.to.clone().filter(|to| *to != self.me.as_str())?;
                Some(ConversationId::pair(self.me.clone(), Uid::new(to)))
            }
            _ => None,
        }
    }

    /// Whether this page is told of a conversation. One that names its course
    /// shows whatever it hears there, so it hears of no group but those that
    /// it has been in; what is for the person alone reaches them anywhere.
    fn shows(&self, conversation: &ConversationId) -> bool {
        match conversation {
            ConversationId::Room(_) => self.course.is_none() || self.entered.contains(conversation),
            ConversationId::Pair(..) => true,
        }
    }

    /// A stored message as this page reads it.
    fn chat(&self, conversation: &ConversationId, message: &Message) -> Chat {
        let said = chat_of(&message.body, super::words);
        let (group, to, chat_type) = match conversation {
            ConversationId::Room(group) => (Some(group.clone()), None, Chat::TO_GROUP),
            ConversationId::Pair(..) => {
                let from = message.from.as_ref().map(|from| &from.uid);
                let to = from.and_then(|from| conversation.other(from));
                (None, to.map(Uid::to_string), Chat::TO_PERSON)
            }
        };
        let from = message.from.as_ref();
        Chat {
            id: Some(self.id(message)),
            from: Some(from.map_or_else(|| "system".to_owned(), |from| from.uid.to_string())),
            to,
            group,
            chat_type: Some(chat_type),
            create_time: said.create_time.or(Some(message.at)),
            nick: from.map(|from| from.name.clone()),
            avatar: from.and_then(|from| from.avatar.clone()),
            ..said
        }
    }

    /// The client's own id, for whoever said it, and for the others where it
    /// can be nobody else's: pages tell messages apart by it.
    fn id(&self, message: &Message) -> String {
        let own = message.client_id.as_ref().map(|id| id.as_str());
        let own = own.and_then(|id| id.strip_prefix(NAME)?.strip_prefix('-'));
        let mine = message
            .from
            .as_ref()
            .is_some_and(|from| from.uid == self.me);
        let random = |id: &&str| id.len() == 32 && id.bytes().all(|it| it.is_ascii_hexdigit());
        let own = own.filter(|id| mine || random(id));
        own.unwrap_or(&message.id).to_owned()
    }

    fn my_name(&self, visit: &Visit) -> String {
        let name = visit.voice().map(|voice| voice.person().name.clone());
        name.unwrap_or_default()
    }
}

fn login(code: u64) -> Answer {
    Answer::Login { code, user: None }
}

/// Somebody as a notice has them.
fn notice_of(uid: &str, name: &str, online: bool) -> User {
    User {
        id: uid.to_owned(),
        nick: Some(name.to_owned()),
        online: Some(online),
        ..User::default()
    }
}

/// Somebody as a list has them.
fn user_of(person: &wire::Person) -> User {
    User {
        avatar: person.avatar.clone(),
        terminal: person.online.then(|| "ws".to_owned()),
        ..notice_of(&person.uid, &person.name, person.online)
    }
}

fn why(refusal: &Refusal) -> &'static str {
    match refusal {
        Refusal::NoConversation => "send failed 消息发送失败,没有这个群组",
        Refusal::Forbidden => "send failed 消息发送失败,这里只有主持人可以发言",
        Refusal::BadBody => words(code::BAD_CHAT),
        Refusal::ClientIdReused => "send failed 消息发送失败,消息编号已被使用",
        Refusal::TooLarge => "send failed 消息发送失败,消息过长",
        Refusal::TooFast(_) => "send failed 消息发送失败,发送太快,请稍后再试",
        Refusal::Unavailable(_) => "send failed 消息发送失败,服务暂不可用",
    }
}

/// What a request for people or messages needs, beside the page's own state.
fn voice(visit: &Visit) -> Option<Voice> {
    visit.voice().cloned()
}
