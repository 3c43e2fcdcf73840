//! CRMEB's customer service, in the private form of its seed pages and in the
//! stock server's: one envelope, two profiles. What either guarantees, and
//! what it does not, is in `docs/backends/crmeb.md`.
//!
//! Knows no clock and no session: who is here and who is called what is kept
//! per person, for the server tells of one at a time.

use crate::map::Map;

use super::identity;
use super::{Asked, Capabilities, DecodeError, Dialect, Saying};
use crate::content::{self, Content};
use crate::frame::{ClientFrame, Person, ServerFrame, Welcome};
use crate::ids::ClientId;
use crate::wire::{HttpResponse, Wire};

mod config;
pub mod emoji;
mod hearing;
pub mod kinds;
pub mod pages;
pub mod rows;
mod saying;
mod stripped;
pub mod wire;

pub use config::{CrmebConfig, Form, Role};

use config::capabilities;
use wire::{Client, Server};

/// The list of an agent's customers.
const CUSTOMERS: &str = "customers";

/// CRMEB's customer service, seen from the client.
#[derive(Debug)]
pub struct Crmeb {
    config: CrmebConfig,
    capabilities: Capabilities,
    me: Person,
    /// Everybody heard of, with what was heard of them last.
    people: Map<String, Known>,
    /// The agent whom a talk was handed on to, by the one whom it began with.
    handed_on: Map<String, HandedOn>,
    /// Whether this link's login was answered.
    greeted: Greeted,
    /// The one whose talk is on show.
    opened: Option<String>,
    /// What an `err_tip` would be about.
    last_said: Option<ClientId>,
    /// What is to be said at the next opportunity.
    due: Vec<Client>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Greeted {
    No,
    Yes,
}

/// What was heard of somebody.
#[derive(Clone, Debug, Default)]
struct Known {
    name: Option<String>,
    avatar: Option<String>,
    online: Option<bool>,
    /// The server has said that they are an agent.
    agent: bool,
}

/// A talk that another agent goes on with.
#[derive(Clone, Debug)]
struct HandedOn {
    to: String,
    /// The first message heard since. The server copies older ones under new
    /// ids, and those would all be here twice.
    since: Option<u64>,
}

impl Crmeb {
    /// Speaks to this server.
    pub fn new(config: CrmebConfig) -> Self {
        let me = identity::person(&config.me, config.token.as_deref().unwrap_or_default());
        let mut people = Map::new();
        let to = config.to.clone().unwrap_or_default();
        if let Some(uid) = to.uid {
            let known = Known {
                name: to.name,
                avatar: to.avatar,
                online: None,
                agent: false,
            };
            people.insert(uid, known);
        }
        Self {
            capabilities: capabilities(&config),
            me,
            people,
            handed_on: Map::new(),
            greeted: Greeted::No,
            opened: None,
            last_said: None,
            due: Vec::new(),
            config,
        }
    }

    /// Whether history and its credential are the seed pages' own.
    fn pages_by_number(&self) -> bool {
        self.config.form == Form::Seed && self.config.role == Role::Customer
    }

    /// Stock, and nobody is logged in.
    fn is_tourist(&self) -> bool {
        self.config.form == Form::Stock && self.config.token.is_none()
    }
}

impl Dialect for Crmeb {
    fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    fn link_address(&self) -> String {
        self.config.link.clone()
    }

    fn greeting(&self) -> Option<Welcome> {
        let waits = self.config.form == Form::Stock && !self.is_tourist();
        (!waits).then(|| self.welcome())
    }

    fn encode(&mut self, frame: &ClientFrame) -> Vec<Saying> {
        let wires = |clients: Vec<Client>| -> Vec<Saying> {
            let texts = clients.iter().map(Client::text);
            texts.map(Saying::text).collect()
        };
        match frame {
            ClientFrame::Hello(_) => {
                let clients = self.login().into_iter().chain(self.online(true));
                let mut sayings = wires(clients.collect());
                sayings.extend(self.customers());
                sayings
            }
            ClientFrame::Assert => {
                let mut sayings = wires(self.login().into_iter().collect());
                sayings.extend(self.customers());
                sayings
            }
            ClientFrame::Open(conversation) => {
                let other = conversation.other(&self.me.uid);
                let with = other.map(|other| self.voice_of(other.as_str()).to_owned());
                self.opened.clone_from(&with);
                let with = with.filter(|_| self.config.form == Form::Stock);
                wires(with.iter().map(|with| self.to_chat(with)).collect())
            }
            ClientFrame::Say(say) => wires(self.say(say).into_iter().collect()),
            ClientFrame::Fill(fill) => self.fill(fill).into_iter().collect(),
            ClientFrame::Ping => wires(vec![Client::Ping]),
            ClientFrame::Pong => wires(std::mem::take(&mut self.due)),
            ClientFrame::Leave => wires(self.online(false).into_iter().collect()),
            ClientFrame::Read(..) | ClientFrame::Typing(_) => Vec::new(),
        }
    }

    fn decode(&mut self, wire: &Wire) -> Result<Vec<ServerFrame>, DecodeError> {
        match wire {
            Wire::Text(text) => self.hear(Server::read(text)?),
            Wire::Binary(_) => Err(DecodeError::malformed("a binary message")),
        }
    }

    fn decode_answer(
        &mut self,
        asked: &Asked,
        response: &HttpResponse,
    ) -> Result<Vec<ServerFrame>, DecodeError> {
        if response.status != 200 {
            let what = format!("status {}", response.status);
            return Err(DecodeError::malformed(what));
        }
        match asked {
            Asked::Page(fill) => self.on_page(fill, &response.body),
            Asked::Aside(..) => self.on_customers(&response.body),
            Asked::Say(..) => Err(DecodeError::unknown("messages go by the link")),
        }
    }

    fn is_echo(&self, said: &Content, heard: &Content) -> bool {
        match (said, heard) {
            (Content::Text(words), Content::Text(_)) => {
                let drawn = |text: &str| Content::Text(emoji::shown(text));
                content::alike(&drawn(&stripped::stripped(words)), heard)
                    || content::alike(&drawn(words), heard)
            }
            _ => content::alike(said, heard),
        }
    }

    fn reset(&mut self) {
        self.greeted = Greeted::No;
        self.opened = None;
        self.last_said = None;
        self.due.clear();
    }
}
