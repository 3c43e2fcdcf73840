//! J-IM: a group chat on t-io, in the customised form that its course pages
//! speak and in the stock one. Credentials are in the address; everything else
//! is numbered commands on the socket.
//!
//! Two things have to be remembered that the backend does not say: which page
//! of history was asked for, and which message an answer is about. Knows
//! neither the session's phases nor a clock.

use crate::map::Set;
use std::collections::VecDeque;
use std::time::Duration;

use super::address::with_parameter;
use super::{
    Beat, Capabilities, Counts, DecodeError, Dialect, Doubt, Entry, History, Liveness, Offers,
    Order, Proof, Resend, RetryPolicy, Saying, Silence, Upload, WhenHidden,
};
use crate::frame::{ClientFrame, Fill, Person, ServerFrame};
use crate::ids::{ClientId, ConversationId, Uid};
use crate::wire::{HttpRequest, Wire};

mod body;
mod message;
mod people;
mod receiving;
mod sending;
pub mod wire;

pub use body::{body_of, chat_of};
pub use message::content_of;

use people::People;
use wire::{Answer, User};

/// What is heard before the login is answered is held up to so many frames.
const MOST_HELD: usize = 512;

/// So many ids of mine are known again when they come back.
const MOST_SAID: usize = 512;

/// So many messages may wait for an answer: with one in flight for each
/// conversation there are never as many.
const MOST_WAITING: usize = 64;

/// J-IM, seen from the client.
#[derive(Debug)]
pub struct Jim {
    config: JimConfig,
    capabilities: Capabilities,
    people: People,
    /// Me as the login answer named me, where a fork does.
    named: Option<User>,
    /// What came before the login was answered; `None`: it has been.
    held: Option<Vec<ServerFrame>>,
    /// Pages that were asked for, at most one of each conversation.
    fills: VecDeque<Fill>,
    /// Messages whose answer is to come, the oldest first.
    waiting: VecDeque<(ClientId, ConversationId)>,
    /// Ids that are mine, the oldest first.
    said: VecDeque<ClientId>,
    /// Whether one of them has come back: this server keeps them.
    keeps_ids: bool,
    /// Groups that somebody looked at on this link.
    opened: Set<String>,
}

/// Where the server is, and who I am.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct JimConfig {
    /// The socket's absolute address, without the credentials.
    pub link: String,
    /// The username. Without it the nickname is.
    pub uid: Option<String>,
    /// The nickname. Without it the username is.
    pub name: Option<String>,
    /// My picture's address.
    pub avatar: Option<String>,
    /// The password; a seed's server takes an empty one.
    pub password: String,
    /// The course: the group to be in.
    pub room: Option<String>,
    /// Where pictures are posted to; without it none can be sent.
    pub upload: Option<String>,
    /// What a flower says in `content`. Nothing, unless a backend names them.
    pub flower: String,
}

impl Jim {
    /// Speaks to this server.
    pub fn new(config: JimConfig) -> Self {
        let upload = config.upload.clone().map(|url| Upload {
            url,
            headers: Vec::new(),
            field: "file",
            fields: Vec::new(),
            answer: &["data", "url"],
            with_cookies: false,
        });
        let capabilities = Capabilities {
            proof: Proof::Echoed,
            // One with its store on keeps the same bytes once; whether it is
            // on cannot be asked.
            resend: Resend::Doubles,
            order: Order::AsGiven(History::Pages),
            // Even an orderly end is a dropped connection.
            close_codes: false,
            when_hidden: WhenHidden::Stays,
            liveness: Liveness {
                beat: Beat::Every(Duration::from_secs(5)),
                silence: Some(Silence {
                    within: Duration::from_secs(20),
                    counts: Counts::Always,
                }),
                proof_within: Duration::from_secs(10),
            },
            retry: RetryPolicy::grown_from(Duration::from_secs(3)),
            doubt: Doubt::default(),
            offers: Offers {
                questions: false,
                likes: true,
                flowers: true,
                images: upload,
            },
        };
        Self {
            config,
            capabilities,
            people: People::default(),
            named: None,
            held: Some(Vec::new()),
            fills: VecDeque::new(),
            waiting: VecDeque::new(),
            said: VecDeque::new(),
            keeps_ids: false,
            opened: Set::new(),
        }
    }

    fn username(&self) -> Option<&str> {
        let given = |text: &'_ Option<String>| text.as_ref().is_some_and(|it| !it.is_empty());
        let either = [&self.config.uid, &self.config.name];
        either.into_iter().find(|it| given(it))?.as_deref()
    }

    fn nickname(&self) -> Option<&str> {
        let name = self.config.name.as_deref().filter(|it| !it.is_empty());
        name.or_else(|| self.username())
    }

    fn uid(&self) -> Uid {
        let named = self.named.as_ref().map(|user| user.id.as_str());
        Uid::new(named.or_else(|| self.username()).unwrap_or_default())
    }

    fn me(&self) -> Person {
        let named = self.named.as_ref().and_then(|user| user.nick.as_deref());
        Person {
            uid: self.uid(),
            name: self.nickname().or(named).unwrap_or_default().to_owned(),
            avatar: self.config.avatar.clone(),
            online: true,
            last_seen: None,
            host: false,
        }
    }
}

impl Dialect for Jim {
    fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    fn link_address(&self) -> String {
        let parameters = [
            ("username", Some(self.username().unwrap_or_default())),
            ("password", Some(self.config.password.as_str())),
            ("courseId", self.config.room.as_deref()),
            ("nickName", self.nickname()),
            ("avatar", self.config.avatar.as_deref()),
        ];
        let mut address = self.config.link.clone();
        for (name, value) in parameters {
            if let Some(value) = value {
                address = with_parameter(&address, name, value);
            }
        }
        address
    }

    fn admission(&self) -> Entry {
        match self.username() {
            Some(_) => Entry::Open,
            None => Entry::NoIdentity,
        }
    }

    fn takes_guests(&self) -> bool {
        true
    }

    fn join(&mut self, name: &str) -> Entry {
        self.config.uid = Some(name.to_owned());
        self.config.name = Some(name.to_owned());
        self.named = None;
        Entry::Open
    }

    fn sign_out(&mut self) -> Option<HttpRequest> {
        self.config.uid = None;
        self.config.name = None;
        self.config.avatar = None;
        self.config.password.clear();
        self.named = None;
        self.people = People::default();
        None
    }

    fn encode(&mut self, frame: &ClientFrame) -> Vec<Saying> {
        match frame {
            ClientFrame::Open(conversation) => self.open(conversation),
            ClientFrame::Say(say) => self.say(say),
            ClientFrame::Fill(fill) => self.fill(fill),
            ClientFrame::Ping => self.beat(),
            // Said only to what `People::left` asks.
            ClientFrame::Pong if self.people.is_to_ask() => vec![self.ask_who_is_online()],
            // The handshake logs in, and the closing is the leaving.
            ClientFrame::Hello(_)
            | ClientFrame::Pong
            | ClientFrame::Read(..)
            | ClientFrame::Typing(_)
            | ClientFrame::Assert
            | ClientFrame::Leave => Vec::new(),
        }
    }

    fn decode(&mut self, wire: &Wire) -> Result<Vec<ServerFrame>, DecodeError> {
        let text = match wire {
            Wire::Text(text) => text,
            Wire::Binary(_) => return Err(DecodeError::malformed("a binary message")),
        };
        let answer = Answer::read(text)?;
        let login = matches!(answer, Answer::Login { .. } | Answer::Auth { .. });
        let frames = self.read(answer)?;
        match &mut self.held {
            Some(held) if !login => {
                // Lists are told behind the welcome, as they are then.
                let others = frames.into_iter();
                held.extend(others.filter(|frame| !matches!(frame, ServerFrame::Roster(..))));
                held.truncate(MOST_HELD);
                Ok(Vec::new())
            }
            _ => Ok(frames),
        }
    }

    fn reset(&mut self) {
        self.people.reset();
        self.held = Some(Vec::new());
        self.fills.clear();
        self.waiting.clear();
        self.opened.clear();
    }
}
