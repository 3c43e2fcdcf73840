//! The native dialect: the project's own language, spoken to `parlance-server`.
//! The frames are described for other people in `docs/native-dialect.md`; the
//! types in [`wire`] serve both ends.
//!
//! Does not know whether the session has use for a frame, nor the server's rules.

use std::time::Duration;

use serde_json::Value;

use super::{
    Admission, Capabilities, DecodeError, Dialect, Greeting, Liveness, Proof, Resend, RetryPolicy,
};
use crate::frame::{
    Ack, Bye, ClientFrame, ConversationHead, Gone, Heads, Hello, Limits, Message, Nack, NackReason,
    Opened, Page, Part, Person, Retry, ServerFrame, Talk, Welcome,
};
use crate::ids::{ClientId, ConversationId, Epoch, MessageId, RequestId, Seq, Uid};
use crate::time::UnixMillis;
use crate::wire::{HttpRequest, HttpResponse, Method, Wire};

mod body;
pub mod wire;

pub use body::{body_of, content_of};

/// The version in `hello`.
pub const VERSION: u32 = 1;

/// At most so many cursors fit into a hello.
const MOST_CURSORS: usize = 32;

/// The native dialect, seen from the client.
#[derive(Debug)]
pub struct Native {
    config: NativeConfig,
    capabilities: Capabilities,
    /// The last frame number of the current link.
    heard: u64,
}

/// Where the server is, and the credential.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NativeConfig {
    /// The socket's absolute address.
    pub link: String,
    /// The base of the HTTP paths, with a slash at its end.
    pub api: String,
    /// A signed token; without one the guest's cookie speaks.
    pub token: Option<String>,
}

impl Native {
    /// Speaks to this server.
    pub fn new(config: NativeConfig) -> Self {
        let capabilities = Capabilities {
            proof: Proof::Acknowledged,
            resend: Resend::Idempotent,
            greeting: Greeting::Awaited,
            liveness: Liveness {
                quiet_after: Duration::from_secs(24),
                probe_within: Duration::from_secs(3),
                proof_within: Duration::from_secs(6),
            },
            retry: RetryPolicy {
                base: Duration::from_secs(1),
                cap: Duration::from_secs(15),
                hidden_cap: Duration::from_secs(60),
            },
        };
        Self {
            config,
            capabilities,
            heard: 0,
        }
    }

    fn post(&self, path: &str, body: Option<String>) -> HttpRequest {
        let mut headers = Vec::new();
        if body.is_some() {
            headers.push(("content-type".to_owned(), "application/json".to_owned()));
        }
        if let Some(token) = &self.config.token {
            headers.push(("authorization".to_owned(), format!("Bearer {token}")));
        }
        HttpRequest {
            method: Method::Post,
            url: format!("{}{path}", self.config.api),
            headers,
            body,
            with_cookies: self.config.token.is_none(),
        }
    }
}

impl Dialect for Native {
    fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    fn link_address(&self) -> String {
        self.config.link.clone()
    }

    fn admission(&self) -> Option<HttpRequest> {
        Some(self.post("api/ticket", None))
    }

    fn join(&self, name: &str) -> Option<HttpRequest> {
        let guest = wire::Guest {
            name: name.to_owned(),
        };
        Some(self.post("api/guest", serde_json::to_string(&guest).ok()))
    }

    fn sign_out(&self) -> Option<HttpRequest> {
        Some(self.post("api/signout", None))
    }

    fn read_admission(&self, response: &HttpResponse) -> Result<Admission, DecodeError> {
        match response.status {
            200 => {
                let granted: wire::Granted =
                    serde_json::from_str(&response.body).map_err(|_| {
                        DecodeError::malformed("an admission that is not JSON as agreed")
                    })?;
                Ok(granted.ticket.map_or(Admission::Joined, Admission::Ticket))
            }
            429 | 500..=599 => Ok(Admission::TryLater(None)),
            status => {
                let refused: wire::Refused =
                    serde_json::from_str(&response.body).map_err(|_| {
                        DecodeError::malformed(format!("status {status} without a reason"))
                    })?;
                match refused.error.code.as_str() {
                    "no_identity" => Ok(Admission::NoIdentity),
                    "bad_token" | "expired" => Ok(Admission::BadToken),
                    "banned" => Ok(Admission::Banned),
                    "bad_name" | "guests_closed" => Ok(Admission::NameRefused(refused.error.text)),
                    _ => Err(DecodeError::unknown(format!(
                        "status {status} with an unknown reason"
                    ))),
                }
            }
        }
    }

    fn encode(&mut self, frame: &ClientFrame) -> Vec<Wire> {
        let frame = match frame {
            ClientFrame::Hello(hello) => hello_of(hello),
            ClientFrame::Open(conversation) => wire::Client::Open {
                conv: conversation.to_string(),
            },
            ClientFrame::Say(say) => wire::Client::Send {
                cid: say.client_id.as_str().to_owned(),
                conv: say.conversation.to_string(),
                body: body_of(&say.content),
            },
            ClientFrame::Fill(fill) => {
                let (before, after) = match fill.part {
                    Part::Newest => (None, None),
                    Part::Before(seq) => (Some(seq.0), None),
                    Part::After(seq) => (None, Some(seq.0)),
                };
                wire::Client::Fill {
                    req: fill.request.0,
                    conv: fill.conversation.to_string(),
                    before,
                    after,
                    limit: fill.limit,
                }
            }
            ClientFrame::Read(conversation, seq) => wire::Client::Read {
                conv: conversation.to_string(),
                seq: seq.0,
            },
            ClientFrame::Typing(conversation) => wire::Client::Typing {
                conv: conversation.to_string(),
            },
            ClientFrame::Ping => wire::Client::Ping {},
            ClientFrame::Pong => wire::Client::Pong {},
            ClientFrame::Leave => return Vec::new(),
        };
        serde_json::to_string(&frame)
            .map(|text| vec![Wire::Text(text)])
            .unwrap_or_default()
    }

    fn decode(&mut self, wire: &Wire) -> Result<Vec<ServerFrame>, DecodeError> {
        let text = match wire {
            Wire::Text(text) => text,
            Wire::Binary(_) => return Err(DecodeError::malformed("a binary message")),
        };
        let value: Value =
            serde_json::from_str(text).map_err(|_| DecodeError::malformed("not JSON"))?;
        let number = value.get("n").and_then(Value::as_u64);
        let kind = value
            .get("t")
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned();
        let frame = serde_json::from_value::<wire::Server>(value)
            .map_err(|_| DecodeError::malformed(format!("a {kind:?} frame with wrong fields")))?;
        let mut frames = Vec::with_capacity(2);
        if let Some(number) = number {
            // The first frame of a link may bear any number: 1, or what a
            // proxy left over.
            if self.heard != 0 && number > self.heard + 1 {
                frames.push(ServerFrame::Lost);
            }
            self.heard = self.heard.max(number);
        }
        frames.push(read(frame)?);
        Ok(frames)
    }

    fn reset(&mut self) {
        self.heard = 0;
    }
}

fn hello_of(hello: &Hello) -> wire::Client {
    wire::Client::Hello {
        ticket: hello.ticket.clone().unwrap_or_default(),
        ver: VERSION,
        cursors: hello
            .cursors
            .iter()
            .take(MOST_CURSORS)
            .map(|(conversation, cursor)| wire::Heard {
                conv: conversation.to_string(),
                epoch: cursor.epoch.as_str().to_owned(),
                seq: cursor.seq.0,
            })
            .collect(),
    }
}

fn read(frame: wire::Server) -> Result<ServerFrame, DecodeError> {
    Ok(match frame {
        wire::Server::Welcome {
            me,
            epoch,
            spread_ms,
            ping_ms,
            limits,
            convs,
        } => {
            ServerFrame::Welcome(Welcome {
                me: person(me),
                epoch: Epoch::new(epoch),
                spread: Duration::from_millis(spread_ms.min(300_000)),
                ping_every: (ping_ms > 0).then(|| Duration::from_millis(ping_ms)),
                limits: limits.map_or_else(Limits::default, |limits| Limits {
                    text_bytes: limits.text_bytes,
                }),
                // One conversation with a strange name must not cost the rest.
                conversations: convs.into_iter().filter_map(|it| head(it).ok()).collect(),
            })
        }
        wire::Server::Opened {
            head: it,
            talk,
            readers,
        } => ServerFrame::Opened(Opened {
            head: head(it)?,
            talk: match talk.as_str() {
                "hosts_only" => Talk::HostsOnly,
                "muted" => Talk::Muted,
                "closed" => Talk::Closed,
                _ => Talk::Allowed,
            },
            readers: readers
                .into_iter()
                .map(|it| (Uid::new(it.uid), Seq(it.seq)))
                .collect(),
        }),
        wire::Server::Conv { head: it } => ServerFrame::Conversation(head(it)?),
        wire::Server::Ack {
            cid,
            conv,
            seq,
            id,
            ts,
            dup: _,
        } => ServerFrame::Ack(Ack {
            client_id: client_id(&cid)?,
            conversation: conversation(&conv)?,
            seq: Some(Seq(seq)),
            id: Some(MessageId::new(id)),
            at: Some(UnixMillis(ts)),
        }),
        wire::Server::Nack {
            cid,
            code,
            text,
            retry_ms,
        } => ServerFrame::Nack(Nack {
            client_id: client_id(&cid)?,
            reason: match code.as_str() {
                "rate_limited" => NackReason::RateLimited,
                "too_large" => NackReason::TooLarge,
                "forbidden" => NackReason::Forbidden,
                "no_conversation" => NackReason::NoConversation,
                "cid_reuse" => NackReason::ClientIdReused,
                "unavailable" => NackReason::Unavailable,
                _ => NackReason::Other(text.unwrap_or(code)),
            },
            retry: retry(retry_ms),
        }),
        wire::Server::Push { conv, msg } => {
            ServerFrame::Message(message(&conversation(&conv)?, msg)?)
        }
        wire::Server::Page {
            req,
            conv,
            epoch,
            from,
            to,
            msgs,
            head,
        } => {
            let conversation = conversation(&conv)?;
            let range = match (from, to) {
                (Some(from), Some(to)) if from >= 1 && from <= to => Some((Seq(from), Seq(to))),
                (None, None) => None,
                _ => return Err(DecodeError::malformed("a page with a broken range")),
            };
            // A broken row never costs the rest of a page: it becomes a
            // number without a message.
            let messages = msgs
                .into_iter()
                .filter_map(|it| message(&conversation, it).ok())
                .collect();
            ServerFrame::Page(Page {
                request: RequestId(req),
                conversation,
                epoch: Epoch::new(epoch),
                range,
                messages,
                head: Seq(head),
            })
        }
        wire::Server::Gone { req, retry_ms } => ServerFrame::Gone(Gone {
            request: RequestId(req),
            retry: retry(retry_ms),
        }),
        wire::Server::Roster { conv, people } => ServerFrame::Roster(
            conversation(&conv)?,
            people.into_iter().map(person).collect(),
        ),
        wire::Server::Came { conv, who } => ServerFrame::Came(
            conversation(&conv)?,
            Person {
                online: true,
                ..person(who)
            },
        ),
        wire::Server::Went { conv, uid, seen } => {
            ServerFrame::Went(conversation(&conv)?, Uid::new(uid), seen.map(UnixMillis))
        }
        wire::Server::Typing { conv, who } => {
            ServerFrame::Typing(conversation(&conv)?, person(who))
        }
        wire::Server::Read { conv, uid, seq } => {
            ServerFrame::Read(conversation(&conv)?, Uid::new(uid), Seq(seq))
        }
        wire::Server::Ping { heads, sum } => ServerFrame::Ping(heads_of(heads, sum)),
        wire::Server::Pong { heads, sum } => ServerFrame::Pong(heads_of(heads, sum)),
        wire::Server::Bye { retry_ms } => ServerFrame::Bye(Bye {
            retry_after: Duration::from_millis(retry_ms.min(120_000)),
        }),
        wire::Server::Error { text } => {
            return Err(DecodeError::malformed(format!(
                "the server could not read a frame: {}",
                text.chars().take(120).collect::<String>()
            )));
        }
        wire::Server::Unknown => return Err(DecodeError::unknown("a frame of an unknown kind")),
    })
}

fn retry(millis: Option<u64>) -> Retry {
    millis.map_or(Retry::Never, |millis| {
        Retry::After(Duration::from_millis(millis.min(600_000)))
    })
}

fn conversation(text: &str) -> Result<ConversationId, DecodeError> {
    ConversationId::parse(text).ok_or_else(|| DecodeError::malformed("not a conversation"))
}

fn client_id(text: &str) -> Result<ClientId, DecodeError> {
    ClientId::parse(text).ok_or_else(|| DecodeError::malformed("not a client message id"))
}

fn heads_of(heads: Vec<wire::Head>, sum: Option<String>) -> Heads {
    Heads {
        changed: heads
            .into_iter()
            .filter_map(|it| Some((ConversationId::parse(&it.conv)?, Seq(it.seq))))
            .collect(),
        sum: sum.and_then(|text| text.parse().ok()),
    }
}

fn person(it: wire::Person) -> Person {
    Person {
        uid: Uid::new(it.uid),
        name: it.name,
        avatar: it.avatar,
        online: it.online,
        last_seen: it.seen.map(UnixMillis),
        host: it.host,
    }
}

fn head(it: wire::ConversationHead) -> Result<ConversationHead, DecodeError> {
    let conversation = conversation(&it.conv)?;
    let last = it
        .last
        .and_then(|last| message(&conversation, last).ok())
        .map(Box::new);
    Ok(ConversationHead {
        title: it.title,
        avatar: it.avatar,
        head: Seq(it.seq),
        unread: Some(it.unread),
        read: Some(Seq(it.read)),
        last,
        conversation,
    })
}

fn message(conversation: &ConversationId, it: wire::Message) -> Result<Message, DecodeError> {
    if it.seq == 0 {
        return Err(DecodeError::malformed("a message without a place"));
    }
    Ok(Message {
        conversation: conversation.clone(),
        seq: Some(Seq(it.seq)),
        id: Some(MessageId::new(it.id)),
        client_id: it.cid.as_deref().and_then(ClientId::parse),
        from: it.from.map(person),
        content: content_of(&it.body),
        at: Some(UnixMillis(it.ts)),
    })
}
