//! What a CRMEB backend says, in the session's words: whose a row is, who is
//! here, which talk another agent goes on with.
//!
//! Sends nothing: what is to be said in answer waits for the next opportunity.

use std::time::Duration;

use super::config::Form;
use super::pages::{self, Page};
use super::rows::{Position, Record, Row};
use super::wire::{self, Server};
use super::{Crmeb, Greeted, HandedOn, Known, emoji, kinds};
use crate::content::Content;
use crate::dialect::DecodeError;
use crate::frame::{
    ConversationHead, Fill, Heads, Limits, Message, Nack, NackReason, Part, Person, Refusal, Retry,
    Rows, ServerFrame, Welcome,
};
use crate::ids::{ClientId, ConversationId, Epoch, MessageId, Seq, Uid};
use crate::time::UnixMillis;

/// So many people are remembered. A server that names more than that talks
/// nonsense, or has talked for weeks.
const MOST_PEOPLE: usize = 5_000;

/// Which frame a row came in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Came {
    Chat,
    Reply,
    /// A page of the talk with this one.
    Page,
}

impl Crmeb {
    pub(super) fn hear(&mut self, frame: Server) -> Result<Vec<ServerFrame>, DecodeError> {
        Ok(match frame {
            Server::Success(uid) => self.on_success(uid),
            Server::Ping(_) => vec![ServerFrame::Pong(Heads::default())],
            Server::Chat(row) => vec![ServerFrame::Message(self.live(row, Came::Chat)?)],
            Server::Reply(row) => vec![ServerFrame::Message(self.live(row, Came::Reply)?)],
            Server::Online(uid, online) | Server::UserOnline(uid, online) => {
                vec![self.on_presence(&uid, online)]
            }
            Server::KefuLogout(uid) => vec![self.on_presence(&uid, false)],
            Server::Unread(unread) => self.on_unread(unread),
            Server::ErrTip(tip) => {
                let client_id = self.last_said.take();
                let client_id = client_id
                    .ok_or_else(|| DecodeError::unknown("a refusal of nothing that was said"))?;
                vec![ServerFrame::Nack(nack(client_id, tip))]
            }
            Server::Error(_) => vec![ServerFrame::Refused(Refusal::BadToken)],
            // The server drops the link right after.
            Server::Timeout => Vec::new(),
            Server::ToTransfer(to) => self.on_handed_on(to),
        })
    }

    fn on_success(&mut self, uid: Option<String>) -> Vec<ServerFrame> {
        // Said again after each login that is asserted; the seed form waits
        // for none.
        if self.config.form == Form::Seed || self.greeted == Greeted::Yes {
            return Vec::new();
        }
        self.greeted = Greeted::Yes;
        if let (Some(uid), None) = (uid, &self.config.me.uid) {
            self.me.uid = Uid::new(uid);
        }
        vec![ServerFrame::Welcome(self.welcome())]
    }

    pub(super) fn welcome(&self) -> Welcome {
        let to = self.config.to.as_ref().and_then(|to| to.uid.as_deref());
        Welcome {
            me: self.me.clone(),
            epoch: Epoch::new("local"),
            spread: Duration::from_secs(1),
            ping_every: None,
            limits: Limits::default(),
            conversations: to.map(|uid| self.head(uid)).into_iter().collect(),
        }
    }

    fn on_presence(&mut self, uid: &str, online: bool) -> ServerFrame {
        self.known(uid).online = Some(online);
        self.roster(uid)
    }

    /// Everybody in the talk with this one: the server tells of one at a time.
    fn roster(&self, uid: &str) -> ServerFrame {
        ServerFrame::Roster(self.conversation(uid), vec![self.person(uid)])
    }

    fn on_unread(&mut self, unread: wire::Unread) -> Vec<ServerFrame> {
        let Some(uid) = unread.uid else {
            return Vec::new();
        };
        let mut frames = Vec::new();
        let mut head = match &unread.record {
            Some(record) => self.learn(&uid, record),
            None => self.head(&uid),
        };
        head.unread = Some(unread.number);
        frames.push(ServerFrame::Conversation(head));
        if unread.number > 0 && self.opened.as_ref() == Some(&uid) {
            // It is on show and was not sent: the server has forgotten that.
            frames.push(ServerFrame::Lost);
        }
        frames
    }

    fn known(&mut self, uid: &str) -> &mut Known {
        if self.people.len() >= MOST_PEOPLE && !self.people.contains_key(uid) {
            self.people.clear();
        }
        self.people.get_or_default(uid.to_owned())
    }

    /// What a record says of the talk with this one.
    fn learn(&mut self, uid: &str, record: &Record) -> ConversationHead {
        let known = self.known(uid);
        known.name = record.name.clone().or_else(|| known.name.take());
        known.avatar = record.avatar.clone().or_else(|| known.avatar.take());
        known.online = record.online.or(known.online);
        let mut head = self.head(uid);
        head.unread = record.unread;
        head.last = record.message.as_ref().map(|message| {
            let said = kinds::content_of_number(record.message_type, message);
            Box::new(Message {
                conversation: head.conversation.clone(),
                seq: None,
                id: None,
                client_id: None,
                from: None,
                content: lettered(said),
                at: record.updated.map(millis),
            })
        });
        head
    }

    fn on_handed_on(&mut self, to: wire::ToTransfer) -> Vec<ServerFrame> {
        let known = self.known(&to.uid);
        known.agent = true;
        known.name = to.name.or_else(|| known.name.take());
        known.avatar = to.avatar.or_else(|| known.avatar.take());
        let begun = self.config.to.as_ref().and_then(|to| to.uid.clone());
        if let Some(begun) = begun {
            self.handed_on.remove(&begun);
            if begun != to.uid {
                let since = None;
                let handed_on = HandedOn {
                    to: to.uid.clone(),
                    since,
                };
                self.handed_on.insert(begun, handed_on);
            }
        }
        let mut frames = vec![ServerFrame::Conversation(self.head(&to.uid))];
        if self.config.form == Form::Stock {
            self.due.push(self.to_chat(&to.uid));
            // Answered by a pong, which says what is due.
            frames.push(ServerFrame::Ping(Heads::default()));
        }
        frames
    }

    fn live(&mut self, row: Row, came: Came) -> Result<Message, DecodeError> {
        let message = self.message(&row, came, None);
        let message = message.ok_or_else(|| DecodeError::malformed("a message of nobody's"))?;
        let mine = message
            .from
            .as_ref()
            .is_some_and(|it| it.uid == self.me.uid);
        if mine && self.config.form == Form::Stock {
            self.last_said = None;
        }
        let with = self.handed_on.values_mut().find(|it| {
            [&row.uid, &row.to_uid]
                .iter()
                .any(|uid| uid.as_deref() == Some(&it.to))
        });
        if let Some(handed_on) = with {
            handed_on.since = handed_on.since.or_else(|| row.id.as_ref()?.parse().ok());
        }
        Ok(message)
    }

    /// The row as a message; `None` when it is with nobody. `with`: whose
    /// page it is in.
    fn message(&mut self, row: &Row, came: Came, with: Option<&str>) -> Option<Message> {
        if row.is_blank() {
            return None;
        }
        let mine = self.is_mine(row, came, with);
        let peer = if mine { &row.to_uid } else { &row.uid };
        let asked = with.map(str::to_owned);
        let first = self.config.to.as_ref().and_then(|to| to.uid.clone());
        let peer = asked.or_else(|| peer.clone()).or(first)?;
        let from = if mine {
            self.myself(row)
        } else {
            let known = self.known(&peer);
            known.name = row.name.clone().or_else(|| known.name.take());
            known.avatar = row.avatar.clone().or_else(|| known.avatar.take());
            self.person(&peer)
        };
        Some(Message {
            conversation: self.conversation(&peer),
            seq: None,
            id: row.id.clone().map(MessageId::new),
            client_id: None,
            from: Some(from),
            content: lettered(kinds::content_of(&row.said)),
            at: row.at.map(millis),
        })
    }

    /// By its side, else by who says it, else by the frame: stock echoes one's
    /// own as `chat`, and in a talk of two what is not the other's is mine.
    fn is_mine(&self, row: &Row, came: Came, with: Option<&str>) -> bool {
        let me = Some(self.me.uid.as_str());
        match (row.position, row.uid.as_deref(), came) {
            (Some(position), ..) => position == Position::Right,
            (None, uid, _) if uid.is_some() && uid == me => true,
            _ if row.to_uid.is_some() && row.to_uid.as_deref() == me => false,
            // Only to a customer of the seed form it is the other's.
            (None, _, Came::Chat) => !self.pages_by_number(),
            (None, _, Came::Reply) => false,
            (None, Some(uid), Came::Page) => with.is_some_and(|with| with != uid),
            (None, None, Came::Page) => false,
        }
    }

    /// Me, as the row has me: a page's right rows have one's own name and
    /// picture where the other's would be.
    fn myself(&self, row: &Row) -> Person {
        let (name, avatar) = match row.position {
            Some(Position::Right) => (&row.to_name, &row.to_avatar),
            Some(Position::Left) | None => (&row.name, &row.avatar),
        };
        let mut me = self.me.clone();
        me.name = name.clone().unwrap_or(me.name);
        me.avatar = avatar.clone().or(me.avatar);
        me
    }

    fn person(&self, uid: &str) -> Person {
        let known = self.people.get(uid).cloned().unwrap_or_default();
        Person {
            uid: Uid::new(uid),
            name: known.name.unwrap_or_else(|| uid.to_owned()),
            avatar: known.avatar,
            online: known.online.unwrap_or_default(),
            last_seen: None,
            host: known.agent,
        }
    }

    fn head(&self, uid: &str) -> ConversationHead {
        let known = self.people.get(uid).cloned().unwrap_or_default();
        ConversationHead {
            conversation: self.conversation(uid),
            title: known.name,
            avatar: known.avatar,
            head: Seq(0),
            unread: None,
            read: None,
            last: None,
        }
    }

    /// The talk with this one. Another agent goes on with the talk that was
    /// handed on: it is the same one to the customer.
    fn conversation(&self, uid: &str) -> ConversationId {
        let begun = self.handed_on.iter().find(|(_, it)| it.to == uid);
        let uid = begun.map_or(uid, |(begun, _)| begun);
        ConversationId::pair(self.me.uid.clone(), Uid::new(uid))
    }

    /// Who is spoken to in the talk that began with this one.
    pub(super) fn voice_of<'a>(&'a self, uid: &'a str) -> &'a str {
        self.handed_on.get(uid).map_or(uid, |it| it.to.as_str())
    }

    pub(super) fn on_page(
        &mut self,
        fill: &Fill,
        body: &str,
    ) -> Result<Vec<ServerFrame>, DecodeError> {
        let page = Page::read(body)?;
        let other = fill.conversation.other(&self.me.uid);
        let other = other.ok_or_else(|| DecodeError::malformed("a page of no talk"))?;
        let other = other.as_str().to_owned();
        let newest = fill.part == Part::Newest;
        let with = if newest {
            self.voice_of(&other)
        } else {
            &other
        };
        let with = with.to_owned();
        let handed_on = self.handed_on.get(&other).filter(|_| newest).cloned();
        let limit = if self.pages_by_number() {
            pages::SEED_ROWS
        } else {
            pages::STOCK_ROWS
        };
        // A gateway calls anybody the agent who is asked about. Who the talk is
        // with that the page was launched for is not for a customer to say.
        let to = self.config.to.as_ref().and_then(|to| to.uid.as_deref());
        let launched = to.is_some_and(|to| self.voice_of(to) == with);
        if launched && page.agent.as_ref().is_some_and(|agent| agent.uid == with) {
            self.known(&with).agent = true;
        }
        let mut messages = Vec::with_capacity(page.rows.len());
        for row in &page.rows {
            let number = row.id.as_ref().and_then(|id| id.parse::<u64>().ok());
            let copied = handed_on
                .as_ref()
                .is_some_and(|it| it.since.is_none_or(|since| number < Some(since)));
            if !copied {
                messages.extend(self.message(row, Came::Page, Some(&with)));
            }
        }
        let full = u64::try_from(page.length).is_ok_and(|length| length >= limit);
        let mut frames = Vec::with_capacity(2);
        if let Some(agent) = page.agent.filter(|agent| agent.uid == with) {
            let known = self.known(&agent.uid);
            known.name = agent.name.or_else(|| known.name.take());
            known.avatar = agent.avatar.or_else(|| known.avatar.take());
            frames.push(ServerFrame::Conversation(self.head(&with)));
        }
        frames.push(ServerFrame::Rows(Rows {
            request: fill.request,
            conversation: fill.conversation.clone(),
            messages,
            more: full || handed_on.is_some(),
        }));
        Ok(frames)
    }

    pub(super) fn on_customers(&mut self, body: &str) -> Result<Vec<ServerFrame>, DecodeError> {
        let mut frames = Vec::new();
        for record in pages::read_customers(body)? {
            let me = Some(self.me.uid.as_str());
            let ids = [&record.to_uid, &record.user_id];
            let mut others = ids.into_iter().flatten();
            let Some(uid) = others.find(|uid| Some(uid.as_str()) != me).cloned() else {
                continue;
            };
            let head = self.learn(&uid, &record);
            frames.push(ServerFrame::Conversation(head));
            frames.push(self.roster(&uid));
        }
        Ok(frames)
    }
}

fn nack(client_id: ClientId, tip: wire::ErrTip) -> Nack {
    match tip.retry {
        Some(wait) => Nack {
            client_id,
            reason: NackReason::RateLimited,
            retry: Retry::After(Duration::from_millis(wait.min(600_000))),
        },
        None => Nack {
            client_id,
            reason: NackReason::Other(tip.words),
            retry: Retry::Never,
        },
    }
}

/// With letters for emoji codes.
fn lettered(content: Content) -> Content {
    if let Content::Text(text) = &content {
        return Content::Text(emoji::shown(text));
    }
    content
}

/// Seconds; some servers give milliseconds.
fn millis(at: i64) -> UnixMillis {
    const THIRTY_CENTURIES: u64 = 100_000_000_000;
    UnixMillis(if at.unsigned_abs() < THIRTY_CENTURIES {
        at * 1000
    } else {
        at
    })
}
