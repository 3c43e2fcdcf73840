//! The native dialect: the project's own language, spoken to `parlance-server`.
//! The frames are described for other people in `docs/native-dialect.md`; the
//! types in [`wire`] serve both ends.
//!
//! Does not know whether the session has use for a frame, nor the server's rules.

use std::time::Duration;

use serde_json::Value;

use super::fields::{Fields, Object};
use super::{
    Admission, Beat, Capabilities, Counts, DecodeError, Dialect, Doubt, Entry, Liveness, Offers,
    Order, Proof, Resend, RetryPolicy, Saying, Silence, Upload, Waits, WhenHidden,
};
use crate::frame::{
    Ack, Bye, ClientFrame, ConversationHead, Gone, Heads, Hello, Limits, Message, Nack, NackReason,
    Opened, Page, Part, Person, Retry, ServerFrame, Talk, Welcome,
};
use crate::ids::{ClientId, ConversationId, Epoch, MessageId, RequestId, Seq, Uid};
use crate::planted::{Bug, planted};
use crate::time::UnixMillis;
use crate::wire::{HttpRequest, HttpResponse, Method, Wire};

mod body;
pub mod wire;

pub use body::{body_of, content_of};

/// The version in `hello`.
pub const VERSION: u32 = 1;

/// At most so many cursors fit into a hello.
const MOST_CURSORS: usize = 32;

/// However large a crowd is said to be.
const MOST_SPREAD_MS: u64 = 300_000;

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
        let upload = config.post("api/upload", None);
        let capabilities = Capabilities {
            proof: Proof::Acknowledged,
            resend: Resend::Idempotent,
            order: Order::Numbered,
            close_codes: true,
            when_hidden: WhenHidden::Stays,
            liveness: Liveness {
                beat: Beat::Quiet(Duration::from_secs(24)),
                silence: Some(Silence {
                    within: Duration::from_secs(3),
                    counts: Counts::Always,
                }),
                // Six seconds are promised: timers come late, and what they
                // cause takes its time.
                proof_within: Duration::from_millis(5_500),
            },
            retry: RetryPolicy {
                waits: Waits::Spread {
                    base: Duration::from_secs(1),
                    cap: Duration::from_secs(15),
                    hidden_cap: Duration::from_secs(60),
                },
                most: None,
            },
            doubt: Doubt::default(),
            offers: Offers {
                images: Some(Upload {
                    url: upload.url,
                    headers: upload.headers,
                    field: "file",
                    fields: Vec::new(),
                    answer: &["url"],
                    with_cookies: upload.with_cookies,
                }),
                ..Offers::default()
            },
        };
        Self {
            config,
            capabilities,
            heard: 0,
        }
    }
}

impl NativeConfig {
    fn post(&self, path: &str, body: Option<String>) -> HttpRequest {
        let mut headers = Vec::new();
        if body.is_some() {
            headers.push(("content-type".to_owned(), "application/json".to_owned()));
        }
        if let Some(token) = &self.token {
            headers.push(("authorization".to_owned(), format!("Bearer {token}")));
        }
        HttpRequest {
            method: Method::Post,
            url: format!("{}{path}", self.api),
            headers,
            body,
            with_cookies: self.token.is_none(),
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

    fn admission(&self) -> Entry {
        Entry::Ask(self.config.post("api/ticket", None))
    }

    fn takes_guests(&self) -> bool {
        true
    }

    fn join(&mut self, name: &str) -> Entry {
        let mut guest = Object::default();
        guest.text("name", Some(name));
        Entry::Ask(self.config.post("api/guest", Some(guest.into_text())))
    }

    fn sign_out(&mut self) -> Option<HttpRequest> {
        let request = self.config.post("api/signout", None);
        self.config.token = None;
        Some(request)
    }

    fn read_admission(&self, response: &HttpResponse) -> Result<Admission, DecodeError> {
        match response.status {
            200 => {
                let value: Value = crate::json::read(&response.body)
                    .ok_or_else(|| DecodeError::malformed("an admission that is not JSON"))?;
                let fields = Fields::of(&value)?;
                // A grant always says to whom.
                person(fields.object("user")?)?;
                let ticket = fields.maybe_text("ticket")?;
                Ok(ticket.map_or(Admission::Joined, Admission::Ticket))
            }
            429 | 500..=599 => Ok(Admission::TryLater(None)),
            status => {
                let unreasoned =
                    |_| DecodeError::malformed(format!("status {status} without a reason"));
                let value: Value = crate::json::read(&response.body)
                    .ok_or_else(|| DecodeError::malformed("a refusal that is not JSON"))
                    .map_err(unreasoned)?;
                let error = Fields::of(&value)
                    .and_then(|fields| fields.object("error"))
                    .map_err(unreasoned)?;
                match error.text("code").map_err(unreasoned)?.as_str() {
                    "no_identity" => Ok(Admission::NoIdentity),
                    "bad_token" | "expired" => Ok(Admission::BadToken),
                    "banned" => Ok(Admission::Banned),
                    "bad_name" | "guests_closed" => Ok(Admission::NameRefused(
                        error.maybe_text("text")?.unwrap_or_default(),
                    )),
                    _ => Err(DecodeError::unknown(format!(
                        "status {status} with an unknown reason"
                    ))),
                }
            }
        }
    }

    fn encode(&mut self, frame: &ClientFrame) -> Vec<Saying> {
        let mut object = Object::default();
        let kind = match frame {
            ClientFrame::Hello(hello) => {
                object.text("ticket", Some(hello.ticket.as_deref().unwrap_or_default()));
                object.number("ver", Some(u64::from(VERSION)));
                object.value("cursors", cursors(hello));
                "hello"
            }
            ClientFrame::Open(conversation) => {
                object.text("conv", Some(&conversation.to_string()));
                "open"
            }
            ClientFrame::Say(say) => {
                object.text("cid", Some(say.client_id.as_str()));
                object.text("conv", Some(&say.conversation.to_string()));
                object.value("body", body_of(&say.content));
                "send"
            }
            ClientFrame::Fill(fill) => {
                let (before, after) = match fill.part {
                    Part::Newest => (None, None),
                    Part::Before(seq) => (Some(seq.0), None),
                    Part::After(seq) => (None, Some(seq.0)),
                };
                object.number("req", Some(fill.request.0));
                object.text("conv", Some(&fill.conversation.to_string()));
                object.number("before", before);
                object.number("after", after);
                object.number("limit", Some(u64::from(fill.limit)));
                "fill"
            }
            ClientFrame::Read(conversation, seq) => {
                object.text("conv", Some(&conversation.to_string()));
                object.number("seq", Some(seq.0));
                "read"
            }
            ClientFrame::Typing(conversation) => {
                object.text("conv", Some(&conversation.to_string()));
                "typing"
            }
            ClientFrame::Ping => "ping",
            ClientFrame::Pong => "pong",
            ClientFrame::Assert | ClientFrame::Leave => return Vec::new(),
        };
        object.text("t", Some(kind));
        vec![Saying::text(object.into_text())]
    }

    fn decode(&mut self, wire: &Wire) -> Result<Vec<ServerFrame>, DecodeError> {
        let text = match wire {
            Wire::Text(text) => text,
            Wire::Binary(_) => return Err(DecodeError::malformed("a binary message")),
        };
        let value: Value =
            crate::json::read(text).ok_or_else(|| DecodeError::malformed("not JSON"))?;
        let fields = Fields::of(&value)?;
        let mut frames = Vec::with_capacity(2);
        if let Some(number) = fields.maybe_number("n")? {
            // The first frame of a link may bear any number: 1, or what a
            // proxy left over.
            let lost = self.heard != 0 && number > self.heard.saturating_add(1);
            if lost {
                frames.push(ServerFrame::Lost);
            }
            if !(lost && planted(Bug::EndlessResync)) {
                self.heard = self.heard.max(number);
            }
        }
        frames.push(read(&fields.text("t")?, fields)?);
        Ok(frames)
    }

    fn reset(&mut self) {
        self.heard = 0;
    }
}

fn cursors(hello: &Hello) -> Value {
    let cursors = hello
        .cursors
        .iter()
        .take(MOST_CURSORS)
        .map(|(conversation, cursor)| {
            let mut object = Object::default();
            object.text("conv", Some(&conversation.to_string()));
            object.text("epoch", Some(cursor.epoch.as_str()));
            object.number("seq", Some(cursor.seq.0));
            object.into_value()
        });
    Value::Array(cursors.collect())
}

fn read(kind: &str, fields: Fields<'_>) -> Result<ServerFrame, DecodeError> {
    let conv = || conversation(&fields.text("conv")?);
    Ok(match kind {
        "welcome" => ServerFrame::Welcome(Welcome {
            me: person(fields.object("me")?)?,
            epoch: Epoch::new(fields.text("epoch")?),
            spread: millis(fields.number("spread_ms")?, MOST_SPREAD_MS),
            ping_every: match fields.number("ping_ms")? {
                0 => None,
                period => Some(millis(period, 600_000)),
            },
            limits: limits(fields)?,
            // One conversation with a strange name must not cost the rest.
            conversations: each(fields.list("convs")?, head),
        }),
        "opened" => ServerFrame::Opened(Opened {
            head: head(fields.object("head")?)?,
            talk: match fields.text("talk")?.as_str() {
                "hosts_only" => Talk::HostsOnly,
                "muted" => Talk::Muted,
                "closed" => Talk::Closed,
                _ => Talk::Allowed,
            },
            readers: each(fields.maybe_list("readers")?, |reader| {
                Ok((Uid::new(reader.text("uid")?), Seq(reader.number("seq")?)))
            }),
        }),
        "conv" => ServerFrame::Conversation(head(fields.object("head")?)?),
        "ack" => ServerFrame::Ack(Ack {
            client_id: client_id(fields)?,
            conversation: conv()?,
            seq: Some(seq(fields)?),
            id: Some(MessageId::new(fields.text("id")?)),
            at: Some(UnixMillis(fields.time("ts")?)),
        }),
        "nack" => ServerFrame::Nack(Nack {
            client_id: client_id(fields)?,
            reason: nack_reason(fields)?,
            retry: retry(fields)?,
        }),
        "push" => ServerFrame::Message(message(&conv()?, fields.object("msg")?)?),
        "page" => {
            let conversation = conv()?;
            let range = match (fields.maybe_number("from")?, fields.maybe_number("to")?) {
                (Some(from), Some(to)) if from >= 1 && from <= to => Some((Seq(from), Seq(to))),
                (None, None) => None,
                _ => return Err(DecodeError::malformed("a page with a broken range")),
            };
            ServerFrame::Page(Page {
                request: RequestId(fields.number("req")?),
                epoch: Epoch::new(fields.text("epoch")?),
                range,
                // A broken row never costs the rest of a page: it becomes a
                // number without a message.
                messages: each(fields.list("msgs")?, |it| message(&conversation, it)),
                head: Seq(fields.number("head")?),
                conversation,
            })
        }
        "gone" => ServerFrame::Gone(Gone {
            request: RequestId(fields.number("req")?),
            retry: retry(fields)?,
        }),
        "roster" => ServerFrame::Roster(conv()?, each(fields.list("people")?, person)),
        "came" => {
            let who = person(fields.object("who")?)?;
            ServerFrame::Came(
                conv()?,
                Person {
                    online: true,
                    ..who
                },
            )
        }
        "recalled" => {
            let id = MessageId::new(fields.text("id")?);
            ServerFrame::Recalled(conv()?, id, fields.text("text")?)
        }
        "went" => ServerFrame::Went(
            conv()?,
            Uid::new(fields.text("uid")?),
            fields.maybe_time("seen")?.map(UnixMillis),
        ),
        "typing" => ServerFrame::Typing(conv()?, person(fields.object("who")?)?),
        "read" => {
            let reader = Uid::new(fields.text("uid")?);
            ServerFrame::Read(conv()?, reader, Seq(fields.number("seq")?))
        }
        "ping" => ServerFrame::Ping(heads(fields)?),
        "pong" => ServerFrame::Pong(heads(fields)?),
        "bye" => ServerFrame::Bye(Bye {
            retry_after: millis(fields.number("retry_ms")?, 120_000),
        }),
        "error" => return Err(DecodeError::malformed("the server could not read a frame")),
        _ => return Err(DecodeError::unknown("a frame of an unknown kind")),
    })
}

/// What can be read of a list.
fn each<'a, T>(list: &'a [Value], read: impl Fn(Fields<'a>) -> Result<T, DecodeError>) -> Vec<T> {
    list.iter()
        .filter_map(|value| read(Fields::of(value).ok()?).ok())
        .collect()
}

fn millis(value: u64, most: u64) -> Duration {
    Duration::from_millis(value.min(most))
}

fn limits(fields: Fields<'_>) -> Result<Limits, DecodeError> {
    let Some(limits) = fields.maybe_object("limits")? else {
        return Ok(Limits::default());
    };
    let text_bytes = usize::try_from(limits.number("text_bytes")?).unwrap_or(usize::MAX);
    Ok(Limits { text_bytes })
}

fn nack_reason(fields: Fields<'_>) -> Result<NackReason, DecodeError> {
    let code = fields.text("code")?;
    Ok(match code.as_str() {
        "rate_limited" => NackReason::RateLimited,
        "too_large" => NackReason::TooLarge,
        "forbidden" => NackReason::Forbidden,
        "no_conversation" => NackReason::NoConversation,
        "cid_reuse" => NackReason::ClientIdReused,
        "unavailable" => NackReason::Unavailable,
        _ => NackReason::Other(fields.maybe_text("text")?.unwrap_or(code)),
    })
}

fn retry(fields: Fields<'_>) -> Result<Retry, DecodeError> {
    let retry_ms = fields.maybe_number("retry_ms")?;
    Ok(retry_ms.map_or(Retry::Never, |retry_ms| {
        Retry::After(millis(retry_ms, 600_000))
    }))
}

fn conversation(text: &str) -> Result<ConversationId, DecodeError> {
    ConversationId::parse(text).ok_or_else(|| DecodeError::malformed("not a conversation"))
}

fn client_id(fields: Fields<'_>) -> Result<ClientId, DecodeError> {
    let text = fields.text("cid")?;
    ClientId::parse(&text).ok_or_else(|| DecodeError::malformed("not a client message id"))
}

fn seq(fields: Fields<'_>) -> Result<Seq, DecodeError> {
    match fields.number("seq")? {
        0 => Err(DecodeError::malformed("a message without a place")),
        seq => Ok(Seq(seq)),
    }
}

fn heads(fields: Fields<'_>) -> Result<Heads, DecodeError> {
    Ok(Heads {
        changed: each(fields.maybe_list("heads")?, |head| {
            Ok((conversation(&head.text("conv")?)?, Seq(head.number("seq")?)))
        }),
        sum: fields.maybe_text("sum")?.and_then(|text| text.parse().ok()),
        spread: fields
            .maybe_number("spread_ms")?
            .map(|spread| millis(spread, MOST_SPREAD_MS)),
    })
}

fn person(fields: Fields<'_>) -> Result<Person, DecodeError> {
    Ok(Person {
        uid: Uid::new(fields.text("uid")?),
        name: fields.text("name")?,
        avatar: fields.maybe_text("avatar")?,
        online: fields.flag("online")?,
        last_seen: fields.maybe_time("seen")?.map(UnixMillis),
        host: fields.flag("host")?,
    })
}

fn head(fields: Fields<'_>) -> Result<ConversationHead, DecodeError> {
    let conversation = conversation(&fields.text("conv")?)?;
    let last = fields.maybe_object("last")?;
    let last = last
        .and_then(|last| message(&conversation, last).ok())
        .map(Box::new);
    Ok(ConversationHead {
        title: fields.maybe_text("title")?,
        avatar: fields.maybe_text("avatar")?,
        head: Seq(fields.number("seq")?),
        unread: Some(fields.maybe_number("unread")?.unwrap_or_default()),
        read: Some(Seq(fields.maybe_number("read")?.unwrap_or_default())),
        last,
        conversation,
    })
}

fn message(conversation: &ConversationId, fields: Fields<'_>) -> Result<Message, DecodeError> {
    Ok(Message {
        conversation: conversation.clone(),
        seq: Some(seq(fields)?),
        id: Some(MessageId::new(fields.text("id")?)),
        client_id: fields
            .maybe_text("cid")?
            .as_deref()
            .and_then(ClientId::parse),
        from: fields.maybe_object("from")?.map(person).transpose()?,
        content: content_of(fields.value("body")?),
        at: Some(UnixMillis(fields.time("ts")?)),
    })
}
