//! The topic dialect: a room with questions and answers, whose backend gives
//! live messages no ids and confirms nothing but by saying it back.
//!
//! Talk goes over the socket, questions and history over HTTP. What stands on
//! the wire is in [`wire`], for the gateway too. Does not know a clock: times
//! are written from the message's own and the distance from UTC.

use std::time::Duration;

use super::{
    Asked, Beat, Capabilities, Counts, DecodeError, Dialect, Doubt, History, Liveness, Offers,
    Order, Proof, Resend, RetryPolicy, Saying, Silence, WhenHidden, address, identity, local_time,
};
use crate::content::Content;
use crate::frame::{
    ClientFrame, ConversationHead, Fill, Gone, Limits, Message, Nack, NackReason, Part, Person,
    Refusal, Retry, Rows, Say, ServerFrame, Welcome,
};
use crate::ids::{ClientId, ConversationId, Epoch, MessageId, Seq, Uid};
use crate::wire::{HttpRequest, HttpResponse, Method, Wire};

pub mod wire;

use wire::{Chat, Id, Past, Put, Said, Told, Wanted, What};

/// Who was too fast says it again after so long.
const SLOWER: Duration = Duration::from_secs(2);

/// A topic backend, seen from the page.
#[derive(Debug)]
pub struct Topic {
    config: TopicConfig,
    capabilities: Capabilities,
    me: Person,
    /// What the backend calls me, where it said so and I did not know.
    known_as: Option<Uid>,
    conversation: ConversationId,
    /// The last words on this link that have not come back: a frame of
    /// refusal names none, so it is theirs.
    waiting: Option<(ClientId, Content)>,
}

/// Where the backend is, who I am, and which topic.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TopicConfig {
    /// The socket's absolute address. One that ends in `token=` gets the token
    /// behind it: a browser cannot put it into the handshake's head.
    pub link: String,
    /// The base of the HTTP paths.
    pub api: String,
    /// The credential, which goes into every frame and request.
    pub token: String,
    /// Who I am; what is absent is taken from the token.
    pub me: identity::Me,
    /// Whether my id was given as a number and not as a text of digits: it is
    /// said as it was given.
    pub uid_is_number: bool,
    /// The topic.
    pub topic: String,
    /// The stream that history and questions go by.
    pub stream: String,
    /// How far the device's time is from UTC, in minutes, eastward.
    pub offset_minutes: i32,
}

impl Topic {
    /// Speaks to this backend.
    pub fn new(config: TopicConfig) -> Self {
        let capabilities = Capabilities {
            proof: Proof::Echoed,
            resend: Resend::Doubles,
            order: Order::AsGiven(History::Pages),
            close_codes: false,
            when_hidden: WhenHidden::Stays,
            liveness: Liveness {
                beat: Beat::Every(Duration::from_secs(5)),
                silence: Some(Silence {
                    within: Duration::from_secs(45),
                    counts: Counts::AfterUnproved,
                }),
                proof_within: Duration::from_secs(10),
            },
            retry: RetryPolicy::grown_from(Duration::from_secs(1)),
            doubt: Doubt {
                assert_after: &[],
                look_again: Some(Duration::from_secs(60)),
            },
            offers: Offers {
                questions: true,
                ..Offers::default()
            },
        };
        Self {
            me: identity::person(&config.me, &config.token),
            conversation: ConversationId::room(config.topic.as_str()),
            config,
            capabilities,
            known_as: None,
            waiting: None,
        }
    }

    fn say(&self, what: What) -> Saying {
        let token = self.config.token.clone();
        Saying::text(Said { token, what }.write())
    }

    fn request(&self, method: Method, path: &str, body: Option<String>) -> HttpRequest {
        let mut headers = vec![("Authorization".to_owned(), self.config.token.clone())];
        if body.is_some() {
            headers.push(("content-type".to_owned(), "application/json".to_owned()));
        }
        HttpRequest {
            method,
            url: address::behind(&self.config.api, path),
            headers,
            body,
            with_cookies: false,
        }
    }

    fn talk(&mut self, say: &Say) -> Vec<Saying> {
        let is_blank = say.content.text().trim().is_empty();
        if is_blank || say.conversation != self.conversation {
            return Vec::new();
        }
        match &say.content {
            Content::Text(_) => {
                self.waiting = Some((say.client_id.clone(), say.content.clone()));
                let chat = self.chat(say);
                let topic = self.config.topic.clone();
                vec![self.say(What::Talk(topic, Box::new(chat)))]
            }
            Content::Question(question) => {
                let put = Put {
                    stream: self.config.stream.clone(),
                    question: question.clone(),
                    answer: None,
                };
                let request = self.request(Method::Post, wire::ASK, Some(put.write()));
                let asked = Asked::Say(say.client_id.clone(), say.conversation.clone());
                vec![Saying::Request(request, asked)]
            }
            // A topic has no words for them, and none is offered.
            Content::Image(_)
            | Content::Video(_)
            | Content::Voice(_)
            | Content::File(_)
            | Content::Product(_)
            | Content::Order(_)
            | Content::Answer(_)
            | Content::Like
            | Content::Flower
            | Content::Notice(_)
            | Content::Unknown(_) => Vec::new(),
        }
    }

    fn chat(&self, say: &Say) -> Chat {
        let uid = self.me.uid.as_str();
        Chat {
            id: None,
            user: Some(if self.config.uid_is_number {
                Id::by_look(uid)
            } else {
                Id::Text(uid.to_owned())
            }),
            name: self.me.name.clone(),
            avatar: Some(self.me.avatar.clone().unwrap_or_default()),
            stream: Some(self.config.stream.clone()),
            content: say.content.clone(),
            created: Some(local_time::write(say.said_at, self.config.offset_minutes)),
        }
    }

    fn page(&self, fill: &Fill) -> Saying {
        let pages = match fill.part {
            Part::Newest | Part::After(_) => 0,
            Part::Before(_) => u64::from(fill.anchor.pages),
        };
        let wanted = Wanted {
            page: pages + 1,
            kind: String::new(),
            rows: wire::PAGE_ROWS as u64,
            stream: self.config.stream.clone(),
        };
        let path = format!("{}?{}", wire::HISTORY, wanted.write());
        let request = self.request(Method::Get, &path, None);
        Saying::Request(request, Asked::Page(fill.clone()))
    }

    fn message(&self, mut chat: Chat) -> Message {
        let created = chat.created.as_deref();
        let at = created.and_then(|it| local_time::read(it, self.config.offset_minutes));
        let user = chat.user.as_ref().map(Id::text);
        let from = if let Content::Answer(answer) = &mut chat.content {
            // The frame names the one who had asked, who may be me.
            answer.to = Some(chat.name).filter(|it| !it.is_empty());
            answer.to_uid = user;
            let name = answer.organisation.clone().unwrap_or_default();
            person(format!("org:{name}"), name, answer.logo.clone())
        } else {
            // Somebody without an id is somebody of that name, and not me.
            let uid = user.unwrap_or_else(|| format!("name:{}", chat.name));
            let is_me = self.known_as.as_ref().is_some_and(|it| it.as_str() == uid);
            let uid = if is_me { self.me.uid.to_string() } else { uid };
            person(uid, chat.name, chat.avatar)
        };
        Message {
            conversation: self.conversation.clone(),
            seq: None,
            id: chat.id.as_ref().map(|id| MessageId::new(id.text())),
            client_id: None,
            from: Some(from),
            content: chat.content,
            at,
        }
    }

    /// What a code other than the good one means on the socket.
    fn trouble(&mut self, code: i64, words: String) -> Vec<ServerFrame> {
        if is_final(code) {
            return vec![ServerFrame::Refused(Refusal::BadToken)];
        }
        if let Some((client_id, _)) = self.waiting.take() {
            return vec![refused(client_id, code, words)];
        }
        if words.trim().is_empty() {
            return Vec::new();
        }
        vec![ServerFrame::Message(Message {
            conversation: self.conversation.clone(),
            seq: None,
            id: None,
            client_id: None,
            from: None,
            content: Content::Notice(words),
            at: None,
        })]
    }
}

impl Dialect for Topic {
    fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    fn link_address(&self) -> String {
        let link = &self.config.link;
        if link.ends_with("?token=") || link.ends_with("&token=") {
            format!("{link}{}", address::percent(&self.config.token))
        } else {
            link.clone()
        }
    }

    fn greeting(&self) -> Option<Welcome> {
        Some(Welcome {
            me: self.me.clone(),
            epoch: Epoch::new("local"),
            spread: Duration::from_secs(1),
            ping_every: None,
            limits: Limits::default(),
            conversations: vec![ConversationHead {
                conversation: self.conversation.clone(),
                title: Some(self.config.topic.clone()),
                avatar: None,
                head: Seq(0),
                unread: None,
                read: None,
                last: None,
            }],
        })
    }

    fn encode(&mut self, frame: &ClientFrame) -> Vec<Saying> {
        match frame {
            ClientFrame::Hello(_) => vec![
                self.say(What::Join(self.config.topic.clone())),
                self.say(What::Heartbeat),
            ],
            ClientFrame::Say(say) => self.talk(say),
            ClientFrame::Fill(fill) if fill.conversation == self.conversation => {
                vec![self.page(fill)]
            }
            ClientFrame::Ping => vec![self.say(What::Heartbeat)],
            ClientFrame::Fill(_)
            | ClientFrame::Open(_)
            | ClientFrame::Read(..)
            | ClientFrame::Typing(_)
            | ClientFrame::Pong
            | ClientFrame::Assert
            | ClientFrame::Leave => Vec::new(),
        }
    }

    fn decode(&mut self, wire: &Wire) -> Result<Vec<ServerFrame>, DecodeError> {
        let text = match wire {
            Wire::Text(text) => text,
            Wire::Binary(_) => return Err(DecodeError::malformed("a binary message")),
        };
        Ok(match Told::read(text)? {
            Told::Chat(chat) => {
                let message = self.message(*chat);
                let is_mine = message
                    .from
                    .as_ref()
                    .is_some_and(|it| it.uid == self.me.uid);
                let said = self.waiting.as_ref().filter(|_| is_mine);
                if said.is_some_and(|(_, said)| self.is_echo(said, &message.content)) {
                    self.waiting = None;
                }
                vec![ServerFrame::Message(message)]
            }
            Told::Fine => Vec::new(),
            Told::Trouble(code, words) => self.trouble(code, words),
        })
    }

    fn decode_answer(
        &mut self,
        asked: &Asked,
        response: &HttpResponse,
    ) -> Result<Vec<ServerFrame>, DecodeError> {
        let status = i64::from(response.status);
        match asked {
            Asked::Page(fill) => {
                if is_final(status) {
                    return Ok(vec![gone(fill), ServerFrame::Refused(Refusal::BadToken)]);
                }
                if !(200..300).contains(&status) {
                    return Err(DecodeError::malformed(format!("history: status {status}")));
                }
                match Past::read(&response.body)? {
                    Past::Rows(rows) => {
                        if let Some(me) = rows.me {
                            self.known_as = Some(Uid::new(me.text()));
                        }
                        let chats = rows.chats.into_iter();
                        Ok(vec![ServerFrame::Rows(Rows {
                            request: fill.request,
                            conversation: fill.conversation.clone(),
                            messages: chats.map(|it| self.message(it)).collect(),
                            more: rows.count >= wire::PAGE_ROWS,
                        })])
                    }
                    Past::Trouble(code, _) if is_final(code) => {
                        Ok(vec![gone(fill), ServerFrame::Refused(Refusal::BadToken)])
                    }
                    Past::Trouble(code, _) => {
                        Err(DecodeError::malformed(format!("history: code {code}")))
                    }
                }
            }
            Asked::Say(client_id, _) => {
                let (code, words) = match (status, wire::read_put_answer(&response.body)) {
                    (200..=299, said) => said.unwrap_or((wire::OK, String::new())),
                    (400..=499, said) => (status, said.unwrap_or_default().1),
                    // It may have been put before the fault.
                    _ => return Err(DecodeError::malformed(format!("asking: status {status}"))),
                };
                Ok(match code {
                    // Accepted: proved by the question's frame alone.
                    wire::OK => Vec::new(),
                    // Not asked yet: it waits for a better token.
                    code if is_final(code) => vec![
                        ServerFrame::Nack(Nack {
                            client_id: client_id.clone(),
                            reason: NackReason::Forbidden,
                            retry: Retry::After(SLOWER),
                        }),
                        ServerFrame::Refused(Refusal::BadToken),
                    ],
                    code => vec![refused(client_id.clone(), code, words)],
                })
            }
            Asked::Aside(..) => Err(DecodeError::unknown("an answer that nobody asked for")),
        }
    }

    fn reset(&mut self) {
        self.waiting = None;
    }
}

const fn is_final(code: i64) -> bool {
    matches!(code, wire::BAD_TOKEN | wire::FORBIDDEN)
}

fn gone(fill: &Fill) -> ServerFrame {
    ServerFrame::Gone(Gone {
        request: fill.request,
        retry: Retry::Never,
    })
}

fn refused(client_id: ClientId, code: i64, words: String) -> ServerFrame {
    let (reason, retry) = if code == wire::TOO_FAST {
        (NackReason::RateLimited, Retry::After(SLOWER))
    } else if words.trim().is_empty() {
        (NackReason::Other(code.to_string()), Retry::Never)
    } else {
        (NackReason::Other(words), Retry::Never)
    };
    ServerFrame::Nack(Nack {
        client_id,
        reason,
        retry,
    })
}

fn person(uid: String, name: String, avatar: Option<String>) -> Person {
    Person {
        uid: Uid::new(uid),
        name,
        avatar,
        online: false,
        last_seen: None,
        host: false,
    }
}
