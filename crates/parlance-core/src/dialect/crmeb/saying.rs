//! What is said to a CRMEB backend, on the socket and by HTTP, in the form that
//! it speaks.
//!
//! Reads nothing.

use serde_json::{Map, Value};

use super::config::{Form, Role, credential};
use super::kinds;
use super::pages::{self, SeedAsk, StockAsk};
use super::wire::{self, Chat, Client, Kind, Online, ToChat};
use super::{CUSTOMERS, Crmeb};
use crate::content::Content;
use crate::dialect::address::behind;
use crate::dialect::{Asked, Saying};
use crate::frame::{Fill, Part, Say};
use crate::wire::{HttpRequest, Method};

impl Crmeb {
    pub(super) fn login(&self) -> Option<Client> {
        let token = self.config.token.clone().unwrap_or_default();
        if self.config.role == Role::Agent {
            return Some(Client::KefuLogin(token));
        }
        if self.is_tourist() {
            return None;
        }
        let said = |name: &str| self.config.login.get(name).cloned();
        if self.config.form == Form::Stock {
            let mut login = Map::new();
            if said("form_type").is_none() {
                login.insert("form_type".to_owned(), Value::from(2));
            }
            for (name, value) in &self.config.login {
                // What a launch sets to null is not said.
                if !value.is_null() {
                    login.insert(name.clone(), value.clone());
                }
            }
            return Some(Client::LoginStock(token, login));
        }
        let mut login = self.config.login.clone();
        let uid = self.config.me.uid.as_deref().unwrap_or_default();
        let uid = wire::id_of(uid);
        for (name, otherwise) in [
            ("uid", uid.clone()),
            ("id", uid),
            ("openid", Value::from("")),
            ("channel_type", Value::from("wechat")),
        ] {
            let value = said(name).map_or(otherwise, numbered);
            login.insert(name.to_owned(), value);
        }
        Some(Client::LoginSeed(login))
    }

    pub(super) fn online(&self, online: bool) -> Option<Client> {
        let seed = Online {
            online,
            user_type: Some("user".to_owned()),
            tourist: Some(self.config.me.uid.is_none()),
        };
        let bare = Online {
            online,
            ..Online::default()
        };
        match (self.config.form, self.config.role) {
            (Form::Seed, Role::Customer) => Some(Client::Online(seed)),
            // Logging in makes an agent available again.
            (_, Role::Agent) => (!online).then_some(Client::Online(bare)),
            (Form::Stock, Role::Customer) => None,
        }
    }

    pub(super) fn to_chat(&self, uid: &str) -> Client {
        Client::ToChat(ToChat {
            with: Some(uid.to_owned()),
            tourist: self.is_tourist().then(|| self.me.uid.to_string()),
        })
    }

    pub(super) fn say(&mut self, say: &Say) -> Option<Client> {
        let other = say.conversation.other(&self.me.uid)?.as_str().to_owned();
        let to = self.voice_of(&other).to_owned();
        let chat = match self.config.form {
            Form::Seed => self.seed_chat(&say.content, to)?,
            Form::Stock => self.stock_chat(&say.content, to)?,
        };
        self.last_said = Some(say.client_id.clone());
        Some(Client::Chat(Box::new(chat)))
    }

    fn seed_chat(&self, content: &Content, to: String) -> Option<Chat> {
        let (kind, words) = kinds::seed_words(content)?;
        let said = self.config.login.get("channel_type");
        let channel = said.and_then(Value::as_str).unwrap_or("wechat");
        let known = self.people.get(&to).cloned().unwrap_or_default();
        Some(Chat {
            content: Some(words.to_owned()),
            kind: Some(Kind::Word(kind.to_owned())),
            uid: Some(self.config.me.uid.clone().unwrap_or_default()),
            name: Some(self.me.name.clone()),
            avatar: Some(self.me.avatar.clone().unwrap_or_default()),
            to_name: Some(known.name.unwrap_or_default()),
            to_avatar: Some(known.avatar.unwrap_or_default()),
            to_uid: Some(to),
            channel_type: Some(channel.to_owned()),
            ..Chat::default()
        })
    }

    fn stock_chat(&self, content: &Content, to: String) -> Option<Chat> {
        let (number, words) = kinds::stock_words(content)?;
        let agent = self.config.role == Role::Agent;
        let form_type = match self.config.login.get("form_type") {
            _ if agent || self.is_tourist() => None,
            Some(Value::Null) => None,
            Some(said) => Some(said.clone()),
            None => Some(Value::from(2)),
        };
        let tourist = self.is_tourist();
        Some(Chat {
            msn: Some(words.to_owned()),
            kind: Some(Kind::Number(number)),
            to_uid: Some(to),
            form_type,
            tourist: (agent || tourist).then_some(tourist),
            tourist_uid: tourist.then(|| self.me.uid.to_string()),
            tourist_avatar: self.me.avatar.clone().filter(|_| tourist),
            ..Chat::default()
        })
    }

    pub(super) fn fill(&self, fill: &Fill) -> Option<Saying> {
        let other = fill.conversation.other(&self.me.uid)?.as_str();
        let newest = fill.part == Part::Newest;
        // What is older was said with the one whom the talk began with.
        let with = if newest { self.voice_of(other) } else { other };
        let with = with.to_owned();
        let request = if self.pages_by_number() {
            let page = if newest { 0 } else { fill.anchor.pages };
            let ask = SeedAsk {
                with,
                page: u64::from(page) + 1,
                limit: pages::SEED_ROWS,
            };
            self.request(Method::Post, pages::SEED_HISTORY, Some(ask.body()))
        } else {
            let oldest = fill.anchor.oldest.as_ref().filter(|_| !newest);
            let ask = StockAsk {
                with: Some(with),
                before: oldest.map(|id| id.as_str().to_owned()),
                limit: pages::STOCK_ROWS,
            };
            let path = match self.config.role {
                Role::Customer => ask.by_customer(),
                Role::Agent => ask.by_agent(),
            };
            self.request(Method::Get, &path, None)
        };
        Some(Saying::Request(request, Asked::Page(fill.clone())))
    }

    pub(super) fn customers(&self) -> Option<Saying> {
        let path = format!(
            "{}?page=1&limit={}",
            pages::AGENT_CUSTOMERS,
            pages::CUSTOMERS
        );
        (self.config.role == Role::Agent).then(|| {
            let request = self.request(Method::Get, &path, None);
            Saying::Request(request, Asked::Aside(CUSTOMERS, None))
        })
    }

    fn request(&self, method: Method, path: &str, body: Option<String>) -> HttpRequest {
        let mut headers = credential(&self.config);
        if body.is_some() {
            headers.push(("content-type".to_owned(), "application/json".to_owned()));
        }
        HttpRequest {
            method,
            url: behind(&self.config.api, path),
            headers,
            body,
            with_cookies: false,
        }
    }
}

/// An id that a launch gives as text, as a number where it looks like one.
fn numbered(value: Value) -> Value {
    value.as_str().map(wire::id_of).unwrap_or(value)
}
