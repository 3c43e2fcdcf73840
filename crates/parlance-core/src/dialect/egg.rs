//! The egg dialect: messages go out by HTTP and come in on a socket, nothing
//! is kept to be read again, and what was missed is fetched once.
//!
//! Does not know whether the session has use for a frame.

use crate::map::Set;
use std::time::Duration;

use super::fields::Fields;
use super::identity::{self, Me};
use super::{
    Asked, Beat, Capabilities, Counts, DecodeError, Dialect, Doubt, Entry, History, Liveness,
    Offers, Order, Proof, Resend, RetryPolicy, Saying, Silence, Upload, WhenHidden, address,
};
use crate::content::{Content, Media};
use crate::frame::{
    Ack, ClientFrame, ConversationHead, Heads, Limits, Message, Nack, NackReason, Opened, Person,
    Refusal, Retry, Say, ServerFrame, Talk, Welcome,
};
use crate::ids::{ClientId, ConversationId, Epoch, MessageId, Seq};
use crate::time::UnixMillis;
use crate::wire::{HttpRequest, HttpResponse, Wire};

pub mod content;
mod names;
pub mod request;
pub mod wire;

use names::Names;
use request::Request;
use wire::{Answer, Chat, Client, End, Id, Server};

/// What [`Asked::Aside`] asks for.
const OFFLINE: &str = "offline";
const FRIENDS: &str = "friends";
const FRIEND: &str = "friend";
const GROUP: &str = "group";

/// What was refused as too much is said again.
const AGAIN: Retry = Retry::After(Duration::from_secs(2));

/// So many friends are asked for.
const MOST_FRIENDS: u64 = 500;

/// So many notices of the service are remembered.
const MOST_NOTICES: usize = 1_000;

/// The egg dialect, seen from the client.
#[derive(Debug)]
pub struct Egg {
    config: EggConfig,
    capabilities: Capabilities,
    names: Names,
    /// The service's notices that were heard, which it repeats on each link.
    notices: Set<(String, String)>,
    /// The server is older than the fetch of missed messages.
    keeps_nothing: bool,
}

/// Where the backend is, and who I am.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EggConfig {
    /// The socket's absolute address, with its `/ws`.
    pub link: String,
    /// What `api/…` is put behind, with or without a slash at its end.
    pub api: String,
    /// Where pictures are posted to, if not to the backend's own address.
    pub upload: Option<String>,
    /// The credential.
    pub token: String,
    /// Who I am, as far as the launch says it.
    pub me: Me,
    /// The other person, where the launch names one: a server may call them
    /// by a number, and say only beside it whom it means.
    pub to: Option<String>,
}

impl Egg {
    /// Speaks to this backend.
    pub fn new(config: EggConfig) -> Self {
        let mut me = identity::person(&config.me, &config.token);
        me.avatar = me.avatar.map(|it| address::absolute(&config.api, &it));
        Self {
            capabilities: capabilities(&config),
            names: Names::new(me, config.to.clone()),
            notices: Set::new(),
            keeps_nothing: false,
            config,
        }
    }

    fn ask(&self, request: &Request) -> HttpRequest {
        let body = request.body();
        let mut headers = vec![("token".to_owned(), self.config.token.clone())];
        if body.is_some() {
            headers.push(("content-type".to_owned(), "application/json".to_owned()));
        }
        HttpRequest {
            method: request.method(),
            url: address::behind(&self.config.api, &request.path()),
            headers,
            body,
            with_cookies: false,
        }
    }

    fn say(&self, say: &Say) -> Option<Saying> {
        let (chat, to) = match &say.conversation {
            ConversationId::Room(name) => (Chat::Group, name.as_str()),
            pair @ ConversationId::Pair(..) => {
                (Chat::Single, pair.other(self.names.me())?.as_str())
            }
        };
        let (kind, data) = content::words_for(&say.content)?;
        let request = Request::Say(wire::Say {
            to: Id::of(to),
            chat,
            kind: kind.to_owned(),
            data,
            options: None,
        });
        let asked = Asked::Say(say.client_id.clone(), say.conversation.clone());
        Some(Saying::Request(self.ask(&request), asked))
    }

    fn avatar(&self, end: &End) -> Option<String> {
        let avatar = end.avatar.as_deref().filter(|it| !it.trim().is_empty())?;
        Some(address::absolute(&self.config.api, avatar))
    }

    fn message(&mut self, message: wire::Message) -> Vec<ServerFrame> {
        let (from, to) = (message.from.id.letters(), message.to.id.letters());
        self.names.may_be(&from, message.send_uuid.as_deref());
        let (conversation, title, avatar) = match message.chat {
            Chat::Group => {
                let name = message.group.as_ref().and_then(|group| {
                    let fields = Fields::of(group).ok()?;
                    fields.words("name")
                });
                let name = name.or_else(|| message.to.name.clone());
                (
                    ConversationId::room(to.as_str()),
                    name,
                    self.avatar(&message.to),
                )
            }
            Chat::Single => {
                self.names.are_ends(&from, &to);
                let other = if self.names.is_me(&from) {
                    &message.to
                } else {
                    &message.from
                };
                (
                    self.names.pair(&other.id.letters()),
                    other.name.clone(),
                    self.avatar(other),
                )
            }
        };
        let id = message.id.clone().map(MessageId::new);
        if message.action.as_deref() == Some("revoke") {
            let words = message.data.text().to_owned();
            let recalled = id.map(|id| ServerFrame::Recalled(conversation, id, words));
            return recalled.into_iter().collect();
        }
        // The service says some things again on each link, under new ids.
        let service = message.redirect.is_some() || from.starts_with("redirect-");
        let notice = message.notice.clone();
        let notice = notice.or_else(|| service.then(|| from.clone()));
        if let Some(notice) = notice {
            let words = message.data.text().to_owned();
            if self.notices.len() >= MOST_NOTICES {
                self.notices.clear();
            }
            if !self.notices.insert((notice, words)) {
                return Vec::new();
            }
        }
        let mut frames = Vec::with_capacity(2);
        frames.extend(self.named(&conversation, title, avatar, false));
        let content = if message.removed {
            Content::Notice(String::new())
        } else {
            self.placed(content::content_of(&message))
        };
        let is_system = matches!(content, Content::Notice(_));
        frames.push(ServerFrame::Message(Message {
            conversation,
            seq: None,
            id,
            client_id: None,
            from: (!is_system).then(|| Person {
                uid: self.names.uid(&from),
                name: message.from.name.clone().unwrap_or(from),
                avatar: self.avatar(&message.from),
                online: false,
                last_seen: None,
                host: false,
            }),
            content,
            at: message.create_time.map(UnixMillis),
        }));
        frames
    }

    /// The same content with whole addresses.
    fn placed(&self, content: Content) -> Content {
        let place = |media: Media| {
            let absolute = |it: String| address::absolute(&self.config.api, &it);
            Media {
                url: absolute(media.url),
                poster: media.poster.map(absolute),
                ..media
            }
        };
        match content {
            Content::Image(media) => Content::Image(place(media)),
            Content::Video(media) => Content::Video(place(media)),
            Content::Voice(media) => Content::Voice(place(media)),
            Content::File(media) => Content::File(place(media)),
            other @ (Content::Text(_)
            | Content::Product(_)
            | Content::Order(_)
            | Content::Question(_)
            | Content::Answer(_)
            | Content::Like
            | Content::Flower
            | Content::Notice(_)
            | Content::Unknown(_)) => other,
        }
    }

    /// What a conversation is called, if that is news.
    fn named(
        &mut self,
        conversation: &ConversationId,
        title: Option<String>,
        avatar: Option<String>,
        remark: bool,
    ) -> Option<ServerFrame> {
        let title = self.names.call(conversation, title?, remark)?;
        Some(ServerFrame::Conversation(ConversationHead {
            title: Some(title),
            avatar,
            ..head(conversation)
        }))
    }

    /// Everybody on the list of friends. One that cannot be read costs itself
    /// alone.
    fn friends(&mut self, data: &serde_json::Value) -> Vec<ServerFrame> {
        let groups = Fields::of(data)
            .and_then(|data| data.object("rows"))
            .and_then(|rows| rows.list("newList"))
            .unwrap_or_default();
        let lists = groups.iter().filter_map(|group| {
            let group = Fields::of(group).ok()?;
            group.list("list").ok()
        });
        let friends = lists.flatten().filter_map(|it| Fields::of(it).ok());
        let mut frames = Vec::new();
        for friend in friends {
            let Some(id) = friend.maybe_id("friend_id") else {
                continue;
            };
            self.names.may_be(&id, friend.words("username").as_deref());
            let names = ["name", "beizhu", "friend_nickname", "username"];
            let title = names.iter().find_map(|name| friend.words(name));
            let avatar = friend.words("avatar");
            let avatar = avatar.map(|it| address::absolute(&self.config.api, &it));
            let conversation = self.names.pair(&id);
            let title = title.or(Some(id));
            frames.extend(self.named(&conversation, title, avatar, true));
        }
        frames
    }

    /// What a group is called.
    fn group(
        &mut self,
        conversation: &ConversationId,
        data: &serde_json::Value,
    ) -> Vec<ServerFrame> {
        let fields = Fields::of(data).ok();
        let text = |name| fields.and_then(|fields| fields.words(name));
        let avatar = text("avatar").map(|it| address::absolute(&self.config.api, &it));
        let title = text("name");
        if let Some(title) = &title {
            self.names.call(conversation, title.clone(), true);
        }
        vec![ServerFrame::Opened(Opened {
            head: ConversationHead {
                title,
                avatar,
                ..head(conversation)
            },
            talk: Talk::Allowed,
            readers: Vec::new(),
        })]
    }

    /// Whether the other one is a friend, and by what name I know them.
    fn friend(&mut self, conversation: &ConversationId, answer: Answer) -> Vec<ServerFrame> {
        let (title, talk) = match answer {
            Answer::Ok(row) => {
                // An older server says one word instead of a row.
                let row = Fields::of(&row).ok();
                if let Some(id) = row.and_then(|row| row.maybe_id("user_id")) {
                    self.names.am(id);
                }
                if let Some(id) = row.and_then(|row| row.maybe_id("friend_id")) {
                    self.names.is_called(conversation, id);
                }
                (row.and_then(|row| row.words("nickname")), Talk::Allowed)
            }
            Answer::Fail(_) => (None, Talk::Stranger),
        };
        let title = match title {
            Some(title) => {
                self.names.call(conversation, title.clone(), true);
                Some(title)
            }
            None => self.names.title(conversation).map(str::to_owned),
        };
        vec![ServerFrame::Opened(Opened {
            head: ConversationHead {
                title,
                ..head(conversation)
            },
            talk,
            readers: Vec::new(),
        })]
    }

    /// What became of a message: the answer is its acknowledgement, and there
    /// is no other.
    fn said(
        &mut self,
        client_id: &ClientId,
        conversation: &ConversationId,
        status: u16,
        answer: Result<Answer, DecodeError>,
    ) -> Result<Vec<ServerFrame>, DecodeError> {
        let nack = |reason, retry| {
            vec![ServerFrame::Nack(Nack {
                client_id: client_id.clone(),
                reason,
                retry,
            })]
        };
        Ok(match (status, answer) {
            (200..=299, Ok(Answer::Ok(data))) => {
                let fields = Fields::of(&data).ok();
                let text = |name| fields.and_then(|fields| fields.maybe_id(name));
                if let Some(id) = text("from_id") {
                    self.names.am(id);
                }
                if let Some(id) = text("to_id") {
                    self.names.is_called(conversation, id);
                }
                let id = text("id").filter(|id| !id.is_empty());
                let at = fields.and_then(|fields| fields.time("create_time").ok());
                vec![ServerFrame::Ack(Ack {
                    client_id: client_id.clone(),
                    conversation: conversation.clone(),
                    seq: None,
                    id: id.map(MessageId::new),
                    at: at.map(UnixMillis),
                })]
            }
            (429, _) => nack(NackReason::RateLimited, AGAIN),
            (413, _) => nack(NackReason::TooLarge, Retry::Never),
            (200..=499, Ok(Answer::Fail(words))) => {
                // There are no codes: these words say that it is a matter of time.
                if words.contains("太快") || words.contains("频繁") {
                    return Ok(nack(NackReason::RateLimited, AGAIN));
                }
                let reason = match words.as_str() {
                    "" => NackReason::Forbidden,
                    _ => NackReason::Other(words),
                };
                nack(reason, Retry::Never)
            }
            (404, Err(_)) => nack(NackReason::NoConversation, Retry::Never),
            (_, Err(error)) => return Err(error),
            (status, Ok(_)) => return Err(status_error(status)),
        })
    }
}

impl Dialect for Egg {
    fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    fn link_address(&self) -> String {
        address::with_parameter(&self.config.link, "token", &self.config.token)
    }

    fn admission(&self) -> Entry {
        if self.config.token.is_empty() {
            Entry::NoIdentity
        } else {
            Entry::Open
        }
    }

    fn greeting(&self) -> Option<Welcome> {
        Some(Welcome {
            me: self.names.person().clone(),
            epoch: Epoch::new("local"),
            spread: Duration::from_secs(1),
            ping_every: None,
            limits: Limits::default(),
            conversations: Vec::new(),
        })
    }

    fn sign_out(&mut self) -> Option<HttpRequest> {
        let request = self.ask(&Request::Logout);
        self.config.token.clear();
        Some(request)
    }

    fn encode(&mut self, frame: &ClientFrame) -> Vec<Saying> {
        let aside = |request, what| Saying::Request(self.ask(&request), Asked::Aside(what, None));
        match frame {
            ClientFrame::Hello(_) => {
                let missed = (!self.keeps_nothing).then(|| aside(Request::Missed, OFFLINE));
                let friends = aside(Request::Friends(1, MOST_FRIENDS), FRIENDS);
                missed.into_iter().chain([friends]).collect()
            }
            ClientFrame::Open(conversation) => {
                let (request, what) = match conversation {
                    ConversationId::Room(name) => (Request::Group(name.clone()), GROUP),
                    pair @ ConversationId::Pair(..) => match pair.other(self.names.me()) {
                        Some(other) => (Request::IsFriend(other.to_string()), FRIEND),
                        None => return Vec::new(),
                    },
                };
                let asked = Asked::Aside(what, Some(conversation.clone()));
                vec![Saying::Request(self.ask(&request), asked)]
            }
            ClientFrame::Say(say) => self.say(say).into_iter().collect(),
            ClientFrame::Ping => vec![Saying::text(Client::Ping.text())],
            ClientFrame::Pong => vec![Saying::text(Client::Pong.text())],
            ClientFrame::Fill(_)
            | ClientFrame::Read(..)
            | ClientFrame::Typing(_)
            | ClientFrame::Assert
            | ClientFrame::Leave => Vec::new(),
        }
    }

    fn decode(&mut self, wire: &Wire) -> Result<Vec<ServerFrame>, DecodeError> {
        let Wire::Text(text) = wire else {
            return Err(DecodeError::malformed("a binary message"));
        };
        Ok(match Server::read(text)? {
            Server::Chat(message, _) => self.message(*message),
            // Words for everybody, which belong to no conversation.
            Server::System(..) => Vec::new(),
            Server::Ping => vec![ServerFrame::Ping(Heads::default())],
            Server::Pong(_) => vec![ServerFrame::Pong(Heads::default())],
            Server::Fail(words) => vec![ServerFrame::Refused(refusal(words))],
            Server::ForceLogout(_) => vec![ServerFrame::Refused(Refusal::TakenOver)],
        })
    }

    fn decode_answer(
        &mut self,
        asked: &Asked,
        response: &HttpResponse,
    ) -> Result<Vec<ServerFrame>, DecodeError> {
        let status = response.status;
        let answer = Answer::read(&response.body);
        let is_token =
            |words: &str| status < 500 && matches!(refusal(words.to_owned()), Refusal::BadToken);
        let bad_token =
            status == 401 || matches!(&answer, Ok(Answer::Fail(words)) if is_token(words));
        if bad_token {
            let mut frames = Vec::new();
            if let Asked::Say(client_id, _) = asked {
                // Not stored, and good to be said again by whom they believe.
                frames.push(ServerFrame::Nack(Nack {
                    client_id: client_id.clone(),
                    reason: NackReason::Unavailable,
                    retry: Retry::After(Duration::ZERO),
                }));
            }
            frames.push(ServerFrame::Refused(Refusal::BadToken));
            return Ok(frames);
        }
        match asked {
            Asked::Say(client_id, conversation) => {
                self.said(client_id, conversation, status, answer)
            }
            Asked::Aside(OFFLINE, _) if status == 404 => {
                self.keeps_nothing = true;
                Ok(Vec::new())
            }
            // It says only that it was asked: what was missed comes on the link.
            Asked::Aside(OFFLINE, _) if status == 200 => answer.map(|_| Vec::new()),
            Asked::Aside(FRIENDS, _) if status == 200 => match answer? {
                Answer::Ok(data) => Ok(self.friends(&data)),
                Answer::Fail(_) => Err(status_error(status)),
            },
            Asked::Aside(FRIEND, Some(conversation)) if matches!(status, 200 | 400) => {
                answer.map(|answer| self.friend(conversation, answer))
            }
            Asked::Aside(GROUP, Some(conversation)) if status == 200 => match answer? {
                Answer::Ok(data) => Ok(self.group(conversation, &data)),
                Answer::Fail(_) => Err(status_error(status)),
            },
            Asked::Aside(..) => Err(status_error(status)),
            Asked::Page(_) => Err(DecodeError::unknown("a page that nobody can ask for")),
        }
    }

    fn reset(&mut self) {}
}

fn status_error(status: u16) -> DecodeError {
    DecodeError::malformed(format!("status {status}"))
}

fn head(conversation: &ConversationId) -> ConversationHead {
    ConversationHead {
        conversation: conversation.clone(),
        title: None,
        avatar: None,
        head: Seq(0),
        unread: None,
        read: None,
        last: None,
    }
}

/// What a refusal in words means: there are no codes.
fn refusal(words: String) -> Refusal {
    if words.to_ascii_lowercase().contains("token") || words.contains("令牌") {
        Refusal::BadToken
    } else if words.contains("禁用") {
        Refusal::Banned
    } else {
        Refusal::Other(words)
    }
}

fn capabilities(config: &EggConfig) -> Capabilities {
    let own = || {
        let request = Request::Upload("image".to_owned());
        address::behind(&config.api, &request.path())
    };
    let token = || ("token".to_owned(), config.token.clone());
    Capabilities {
        proof: Proof::Acknowledged,
        resend: Resend::Doubles,
        order: Order::AsGiven(History::None),
        close_codes: false,
        when_hidden: WhenHidden::Stays,
        liveness: Liveness {
            beat: Beat::Every(Duration::from_secs(25)),
            silence: Some(Silence {
                within: Duration::from_secs(65),
                counts: Counts::Always,
            }),
            proof_within: Duration::from_secs(10),
        },
        retry: RetryPolicy::grown_from(Duration::from_secs(3)),
        doubt: Doubt::default(),
        offers: Offers {
            images: Some(Upload {
                url: config.upload.clone().unwrap_or_else(own),
                headers: vec![token()],
                field: "file",
                fields: vec![token()],
                answer: &["data", "url"],
                with_cookies: false,
            }),
            ..Offers::default()
        },
    }
}
