//! The way in: what each answer means, given what was asked.
//!
//! Says nothing itself; what has to be asked because of an answer is left to
//! the next thing that is said.

use std::time::Duration;

use super::wire::{self, Answer, Chat, Log, Profile, User, code};
use super::{Jim, message, people};
use crate::dialect::DecodeError;
use crate::frame::{
    Ack, Fill, Gone, Heads, Limits, Message, Nack, NackReason, Part, Refusal, Retry, Rows,
    ServerFrame, Welcome,
};
use crate::ids::{ClientId, ConversationId, Epoch, MessageId, Uid};

impl Jim {
    pub(super) fn read(&mut self, answer: Answer) -> Result<Vec<ServerFrame>, DecodeError> {
        let me = self.uid();
        Ok(match answer {
            Answer::Login { code, user } if code == code::LOGIN_OK => self.on_login(user),
            Answer::Login { .. }
            | Answer::Auth {
                code: code::AUTH_FAILED,
                ..
            } => {
                vec![ServerFrame::Refused(Refusal::BadToken)]
            }
            Answer::Auth { .. } => Vec::new(),
            Answer::Join { code, .. } if code == code::JOIN_OK => Vec::new(),
            Answer::Join { .. } => return Err(DecodeError::unknown("a group that stays closed")),
            Answer::Joined { group, user } => {
                self.people.came(&me, group, &user).into_iter().collect()
            }
            Answer::Left { group, user } => self.people.left(group, &user).into_iter().collect(),
            Answer::Chat(chat) => vec![ServerFrame::Message(self.message(&chat)?)],
            Answer::Sent {
                code,
                words,
                id,
                retry_ms,
            } => self.on_sent(code, words, id.as_deref(), retry_ms),
            Answer::Heartbeat => {
                let mut frames = vec![ServerFrame::Pong(Heads::default())];
                frames.extend(self.people.give_up());
                frames
            }
            // The connection is dropped next, whoever asked for it.
            Answer::Closed => Vec::new(),
            Answer::Users { code, profile } => self.on_users(&me, code, profile),
            Answer::Messages { code, log } => self.on_log(&me, code, log)?,
            Answer::Other { command: 0, .. } => {
                return Err(DecodeError::unknown(
                    "a command that the server does not know",
                ));
            }
            Answer::Other { .. } => return Err(DecodeError::unknown("an answer of another kind")),
        })
    }

    fn on_login(&mut self, user: Option<User>) -> Vec<ServerFrame> {
        self.named = user.or_else(|| self.named.take());
        let me = self.me();
        self.people
            .learn(&me.uid, Some(&me.name), me.avatar.as_deref());
        let course = self.config.room.clone().filter(|it| !it.is_empty());
        let course = course.map(ConversationId::Room);
        let mut rooms: Vec<ConversationId> = course.into_iter().collect();
        rooms.extend(self.people.rooms().cloned());
        rooms.sort();
        rooms.dedup();
        let mut frames = vec![ServerFrame::Welcome(Welcome {
            me,
            epoch: Epoch::new("local"),
            spread: Duration::from_secs(1),
            ping_every: None,
            limits: Limits::default(),
            conversations: rooms
                .into_iter()
                .map(|room| people::head(room, None))
                .collect(),
        })];
        frames.extend(self.held.take().unwrap_or_default());
        frames.extend(self.people.on_welcome());
        frames
    }

    fn message(&mut self, chat: &Chat) -> Result<Message, DecodeError> {
        let me = self.uid();
        let conversation = message::place_of(chat, &me)?;
        let mut message = message::message(conversation, chat, &mut self.people);
        message.client_id = self.own_id(&message, &me);
        Ok(message)
    }

    /// The client id that a message of mine came back with; `None` where the
    /// server gave it another. What was said before this page was loaded is
    /// told apart only where the server is known to keep ids.
    fn own_id(&mut self, message: &Message, me: &Uid) -> Option<ClientId> {
        let mine = message.from.as_ref().is_some_and(|from| from.uid == *me);
        let id = message.id.as_ref().filter(|_| mine)?;
        let id = ClientId::parse(id.as_str())?;
        self.keeps_ids |= self.said.contains(&id);
        self.keeps_ids.then_some(id)
    }

    /// What became of a message: of the one that is named, and where none is,
    /// of the oldest that waits, for answers come in order.
    fn on_sent(
        &mut self,
        code: u64,
        words: Option<String>,
        id: Option<&str>,
        retry_ms: Option<u64>,
    ) -> Vec<ServerFrame> {
        let named = id.and_then(|id| self.waiting.iter().position(|(it, _)| it.as_str() == id));
        let Some((client_id, conversation)) = self.waiting.remove(named.unwrap_or_default()) else {
            return Vec::new();
        };
        let proved = match (code, &conversation) {
            (code::SENT | code::OFFLINE, _) if named.is_some() => true,
            // To one person there is no echo. This is the proof.
            (code::SENT, ConversationId::Pair(..)) => true,
            // Also said to somebody who is not in the group and whom nobody
            // hears: the echo proves it.
            (code::SENT, ConversationId::Room(_)) => false,
            // Kept for them where the store is on, lost where it is off.
            (code::OFFLINE, _) => false,
            (_, _) => return vec![refused(client_id, code, words, retry_ms)],
        };
        let ack = Ack {
            id: named.map(|_| MessageId::new(client_id.as_str())),
            client_id,
            conversation,
            seq: None,
            at: None,
        };
        proved
            .then_some(ServerFrame::Ack(ack))
            .into_iter()
            .collect()
    }

    fn on_users(&mut self, me: &Uid, code: u64, profile: Option<Profile>) -> Vec<ServerFrame> {
        match profile {
            Some(profile) if profile.user.id == me.as_str() => self
                .people
                .on_groups(&profile.groups, code == code::USERS_ONLINE),
            Some(profile) => {
                let pair = ConversationId::pair(me.clone(), Uid::new(profile.user.id.clone()));
                self.people.on_other(pair, &profile.user)
            }
            None => self.people.believe(),
        }
    }

    fn on_log(
        &mut self,
        me: &Uid,
        code: u64,
        log: Option<Log>,
    ) -> Result<Vec<ServerFrame>, DecodeError> {
        let log = log.unwrap_or_default();
        match code {
            code::MESSAGES_KEPT => {
                let fill = self.answered(me, &log);
                let fill = fill.ok_or_else(|| DecodeError::unknown("a log nobody asked for"))?;
                Ok(vec![self.rows(me, fill, &log)])
            }
            code::MESSAGES_MISSED => Ok(self.missed(&log)),
            _ => {
                let fill = self.fills.pop_front();
                let fill = fill.ok_or_else(|| DecodeError::unknown("a log nobody asked for"))?;
                Ok(vec![ServerFrame::Gone(Gone {
                    request: fill.request,
                    retry: Retry::Never,
                })])
            }
        }
    }

    /// The page that this log answers: that of a conversation in it, and where
    /// it has none the one that was asked for first.
    fn answered(&mut self, me: &Uid, log: &Log) -> Option<Fill> {
        let mut fills = self.fills.iter();
        let named = fills.position(|fill| rows_of(&fill.conversation, me, log).is_some());
        self.fills.remove(named.unwrap_or_default())
    }

    fn rows(&mut self, me: &Uid, fill: Fill, log: &Log) -> ServerFrame {
        let rows = rows_of(&fill.conversation, me, log).unwrap_or_default();
        let mut messages = Vec::with_capacity(rows.len());
        for row in rows {
            let mut message = message::message(fill.conversation.clone(), row, &mut self.people);
            message.client_id = self.own_id(&message, me);
            messages.push(message);
        }
        if let (Part::Before(_), Some(oldest)) = (fill.part, &fill.anchor.oldest)
            && let Some(at) = messages
                .iter()
                .position(|it| it.id.as_ref() == Some(oldest))
        {
            messages.truncate(at);
        }
        ServerFrame::Rows(Rows {
            request: fill.request,
            conversation: fill.conversation,
            messages,
            more: false,
        })
    }

    /// What was said while nobody was there, as if it came now.
    fn missed(&mut self, log: &Log) -> Vec<ServerFrame> {
        let logs = log.groups.iter().chain(&log.friends);
        let rows = logs.flat_map(|(_, rows)| rows);
        rows.filter_map(|row| self.message(row).ok())
            .map(ServerFrame::Message)
            .collect()
    }
}

fn refused(
    client_id: ClientId,
    code: u64,
    words: Option<String>,
    retry_ms: Option<u64>,
) -> ServerFrame {
    let retry = retry_ms.map(|ms| Duration::from_millis(ms.min(600_000)));
    ServerFrame::Nack(Nack {
        client_id,
        reason: match retry {
            Some(_) => NackReason::RateLimited,
            None => NackReason::Other(words.unwrap_or_else(|| wire::words(code).to_owned())),
        },
        retry: retry.map_or(Retry::Never, Retry::After),
    })
}

/// The rows of a conversation in a log, if it is in there.
fn rows_of<'a>(conversation: &ConversationId, me: &Uid, log: &'a Log) -> Option<&'a [Chat]> {
    let (logs, name) = match conversation {
        ConversationId::Room(group) => (&log.groups, group.as_str()),
        pair @ ConversationId::Pair(..) => (&log.friends, pair.other(me)?.as_str()),
    };
    let mut logs = logs.iter();
    let (_, rows) = logs.find(|(known, _)| known == name)?;
    Some(rows)
}
