//! The plain dialect: a token in the address, one room, and texts without
//! names, ids, times or acknowledgements.
//!
//! Does not know whether anything arrived, and never says that it did.

use std::collections::VecDeque;
use std::time::Duration;

use super::identity::{self, Me};
use super::{
    Asked, Beat, Capabilities, Counts, DecodeError, Dialect, Doubt, Entry, History, Liveness,
    Offers, Order, Proof, Resend, RetryPolicy, Saying, Silence, WhenHidden, address, local_time,
};
use crate::content::Content;
use crate::frame::{
    ClientFrame, ConversationHead, Fill, Gone, Heads, Limits, Message, Nack, NackReason, Part,
    Person, Refusal, Retry, Rows, ServerFrame, Welcome,
};
use crate::ids::{ClientId, ConversationId, Epoch, MessageId, Seq, Uid};
use crate::time::UnixMillis;
use crate::wire::{HttpRequest, HttpResponse, Method, Wire};

pub mod wire;

use wire::{Client, Row, Server, Time};

/// The room of those who name none.
const ROOM: &str = "plain";
/// Rows that are asked for: there is one page.
const ROWS: u32 = 100;
/// So many of what was said last can still be refused.
const MOST_SAID: usize = 64;

/// The plain dialect, seen from the client.
#[derive(Debug)]
pub struct Plain {
    config: PlainConfig,
    capabilities: Capabilities,
    me: Person,
    other: Person,
    room: ConversationId,
    /// What was said last on this link: a refusal bears the text alone.
    said: VecDeque<(ClientId, String)>,
}

/// Where the backend is, and who talks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PlainConfig {
    /// The socket's absolute address.
    pub link: String,
    /// What `api/…` is put behind, with or without a slash at its end.
    pub api: String,
    /// The credential.
    pub token: String,
    /// The room, where the backend has more than one.
    pub room: Option<String>,
    /// Who I am, as far as the launch says it.
    pub me: Me,
    /// What the other side is called; nothing on the wire says it.
    pub other: Option<String>,
    /// The device's distance from UTC, in minutes, for times that are written
    /// as local ones.
    pub offset_minutes: i32,
}

impl Plain {
    /// Speaks to this backend.
    pub fn new(config: PlainConfig) -> Self {
        Self {
            me: identity::person(&config.me, &config.token),
            other: Person {
                uid: Uid::new("other"),
                name: config.other.clone().unwrap_or_default(),
                avatar: None,
                online: false,
                last_seen: None,
                host: false,
            },
            room: ConversationId::room(config.room.as_deref().unwrap_or(ROOM)),
            capabilities: capabilities(),
            said: VecDeque::new(),
            config,
        }
    }

    /// The address with the room, where one was named.
    fn in_room(&self, address: &str) -> String {
        match &self.config.room {
            Some(room) => address::with_parameter(address, "room", room),
            None => address.to_owned(),
        }
    }

    fn history(&self, fill: &Fill) -> Saying {
        let address = address::behind(&self.config.api, "api/historyMessages");
        let address = address::with_parameter(&address, "limit", &ROWS.to_string());
        let bearer = format!("Bearer {}", self.config.token);
        let request = HttpRequest {
            method: Method::Get,
            url: self.in_room(&address),
            headers: vec![("authorization".to_owned(), bearer)],
            body: None,
            with_cookies: false,
        };
        Saying::Request(request, Asked::Page(fill.clone()))
    }

    /// A text of the other side's; an empty one is nothing to show.
    fn heard(&self, text: String) -> Vec<ServerFrame> {
        if text.is_empty() {
            return Vec::new();
        }
        vec![ServerFrame::Message(Message {
            conversation: self.room.clone(),
            seq: None,
            id: None,
            client_id: None,
            from: Some(self.other.clone()),
            content: Content::Text(text),
            at: None,
        })]
    }

    fn row(&self, row: Row) -> Message {
        let from = if row.mine { &self.me } else { &self.other };
        Message {
            conversation: self.room.clone(),
            seq: None,
            id: row.id.map(MessageId::new),
            client_id: None,
            from: Some(from.clone()),
            content: Content::Text(row.content),
            at: row.time.and_then(|time| match time {
                Time::Millis(millis) => Some(UnixMillis(millis)),
                Time::Local(text) => local_time::read(&text, self.config.offset_minutes),
            }),
        }
    }

    /// Our own gateway's words for what went wrong; other servers have none.
    fn refused(
        &mut self,
        code: &str,
        text: String,
        said: Option<&str>,
    ) -> Result<Vec<ServerFrame>, DecodeError> {
        let reason = match code {
            "no_identity" | "bad_token" | "expired" => {
                return Ok(vec![ServerFrame::Refused(Refusal::BadToken)]);
            }
            "no_conversation" => return Ok(vec![ServerFrame::Refused(Refusal::Other(text))]),
            "rate_limited" => NackReason::RateLimited,
            "unavailable" => NackReason::Unavailable,
            "too_large" => NackReason::TooLarge,
            "forbidden" => NackReason::Forbidden,
            "bad_body" | "bad_frame" => NackReason::Other(text),
            _ => return Err(DecodeError::unknown("a refusal of an unknown kind")),
        };
        let Some(client_id) = self.blamed(said) else {
            return Err(DecodeError::malformed("a refusal of nothing that was said"));
        };
        // Said again by itself only where it is known which one it was.
        let later = matches!(reason, NackReason::RateLimited | NackReason::Unavailable);
        let retry = match said {
            Some(_) if later => Retry::After(Duration::from_secs(1)),
            Some(_) | None => Retry::Never,
        };
        Ok(vec![ServerFrame::Nack(Nack {
            client_id,
            reason,
            retry,
        })])
    }

    /// Which message a refusal is about: the oldest with these words, for one
    /// is as good as another of the same; without words the newest.
    fn blamed(&mut self, said: Option<&str>) -> Option<ClientId> {
        let at = match said {
            Some(text) => self.said.iter().position(|(_, words)| words == text)?,
            None => self.said.len().checked_sub(1)?,
        };
        self.said.remove(at).map(|(client_id, _)| client_id)
    }
}

impl Dialect for Plain {
    fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    fn link_address(&self) -> String {
        let address = address::with_parameter(&self.config.link, "token", &self.config.token);
        self.in_room(&address)
    }

    fn admission(&self) -> Entry {
        if self.config.token.is_empty() {
            Entry::NoIdentity
        } else {
            Entry::Open
        }
    }

    fn greeting(&self) -> Option<Welcome> {
        let head = ConversationHead {
            conversation: self.room.clone(),
            title: self.config.other.clone(),
            avatar: None,
            head: Seq(0),
            unread: None,
            read: None,
            last: None,
        };
        Some(Welcome {
            me: self.me.clone(),
            epoch: Epoch::new("local"),
            spread: Duration::from_secs(1),
            ping_every: None,
            limits: Limits::default(),
            conversations: vec![head],
        })
    }

    fn encode(&mut self, frame: &ClientFrame) -> Vec<Saying> {
        match frame {
            ClientFrame::Say(say) => {
                let Content::Text(text) = &say.content else {
                    return Vec::new();
                };
                if self.said.len() >= MOST_SAID {
                    self.said.pop_front();
                }
                self.said.push_back((say.client_id.clone(), text.clone()));
                vec![Saying::text(Client::Message(text.clone()).text())]
            }
            ClientFrame::Fill(fill) if fill.part == Part::Newest => vec![self.history(fill)],
            ClientFrame::Ping => vec![Saying::text(Client::Ping.text())],
            ClientFrame::Hello(_)
            | ClientFrame::Open(_)
            | ClientFrame::Fill(_)
            | ClientFrame::Read(..)
            | ClientFrame::Typing(_)
            | ClientFrame::Pong
            | ClientFrame::Assert
            | ClientFrame::Leave => Vec::new(),
        }
    }

    fn decode(&mut self, wire: &Wire) -> Result<Vec<ServerFrame>, DecodeError> {
        let Wire::Text(text) = wire else {
            return Err(DecodeError::malformed("a binary message"));
        };
        match Server::read(text)? {
            Server::Message(text) | Server::Bare(text) => Ok(self.heard(text)),
            Server::Pong => Ok(vec![ServerFrame::Pong(Heads::default())]),
            // Logged and not shown, as the old page does.
            Server::Other { .. } => Err(DecodeError::unknown("a frame of an unknown kind")),
            Server::Refused { code, text, said } => self.refused(&code, text, said.as_deref()),
        }
    }

    fn decode_answer(
        &mut self,
        asked: &Asked,
        response: &HttpResponse,
    ) -> Result<Vec<ServerFrame>, DecodeError> {
        let Asked::Page(fill) = asked else {
            return Err(DecodeError::unknown("an answer that nobody asked for"));
        };
        let history = match response.status {
            200..=299 => wire::History::read(&response.body)?,
            // A backend that keeps no history has no such path.
            404 => wire::History::Rows(Vec::new()),
            status @ (400..=428 | 430..=499) => wire::History::Refused {
                code: status.into(),
                text: String::new(),
            },
            status => return Err(DecodeError::malformed(format!("status {status}"))),
        };
        Ok(vec![match history {
            wire::History::Rows(rows) => ServerFrame::Rows(Rows {
                request: fill.request,
                conversation: fill.conversation.clone(),
                messages: rows.into_iter().map(|row| self.row(row)).collect(),
                more: false,
            }),
            wire::History::Refused { .. } => ServerFrame::Gone(Gone {
                request: fill.request,
                retry: Retry::Never,
            }),
        }])
    }

    fn reset(&mut self) {
        self.said.clear();
    }
}

fn capabilities() -> Capabilities {
    Capabilities {
        proof: Proof::Never,
        resend: Resend::Doubles,
        order: Order::AsGiven(History::Pages),
        close_codes: false,
        when_hidden: WhenHidden::Closes,
        liveness: Liveness {
            beat: Beat::Every(Duration::from_secs(30)),
            silence: Some(Silence {
                within: Duration::from_secs(75),
                counts: Counts::OncePonged,
            }),
            proof_within: Duration::from_secs(10),
        },
        retry: RetryPolicy {
            most: Some(10),
            ..RetryPolicy::grown_from(Duration::from_secs(3))
        },
        doubt: Doubt::default(),
        offers: Offers::default(),
    }
}
