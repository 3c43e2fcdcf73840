//! What a J-IM page asks for: people, and messages that were said before.
//!
//! Nobody is told of a conversation that they are not in.

use parlance_core::dialect::jim::wire::{
    Answer, Chat, Circle, Log, Profile, User, Wanted, Which, code,
};
use parlance_core::dialect::native::wire;
use parlance_core::frame::Part;
use parlance_core::ids::{ConversationId, Seq, Uid};

use super::{Jim, notice_of, user_of, voice};
use crate::gateway::Visit;
use crate::store::{Message, Summary};
use crate::voice::{Refusal, Voice};

/// At most so many messages of one conversation are given at once, and not
/// more than so many bytes of them. The pages ask for all there are.
const MOST_ROWS: usize = 1_000;
const MOST_BYTES: usize = 1024 * 1024;
/// Rows in one look into the store.
const STEP: u32 = 200;
/// At most so many conversations are told of in one answer.
const MOST_CONVERSATIONS: u32 = 50;
/// Rows of each conversation where all of them are asked for.
const ROWS_OF_EACH: usize = 100;

impl Jim {
    // ---- people ---------------------------------------------------------------

    pub(super) async fn users(
        &mut self,
        visit: &mut Visit,
        which: Option<Which>,
        user: Option<String>,
    ) -> Answer {
        let failed = Answer::Users {
            code: code::USERS_FAILED,
            profile: None,
        };
        let (Some(which), Some(voice)) = (which, voice(visit)) else {
            return failed;
        };
        let about = user.map_or_else(|| self.me.clone(), Uid::new);
        match self.profile(&voice, which, &about).await {
            Ok(Some(profile)) => Answer::Users {
                code: match which {
                    Which::Online => code::USERS_ONLINE,
                    Which::Offline => code::USERS_OFFLINE,
                    Which::All => code::USERS_ALL,
                },
                profile: Some(profile),
            },
            Ok(None) => failed,
            Err(refusal) => {
                tracing::warn!(%refusal, "people could not be listed");
                failed
            }
        }
    }

    async fn profile(
        &self,
        voice: &Voice,
        which: Which,
        about: &Uid,
    ) -> Result<Option<Profile>, Refusal> {
        let mine = *about == self.me;
        let user = if mine {
            user_of(&voice.seen_by_others(true))
        } else {
            let server = voice.server();
            let Some(person) = server.store.person(about.clone()).await? else {
                return Ok(None);
            };
            let online = server.hub.is_here(about);
            User {
                avatar: person.avatar,
                terminal: online.then(|| "ws".to_owned()),
                ..notice_of(about.as_str(), &person.name, online)
            }
        };
        let wanted = |person: &&wire::Person| match which {
            Which::Online => person.online,
            Which::Offline => !person.online,
            Which::All => true,
        };
        let (mut friends, mut groups) = (Vec::new(), Vec::new());
        for summary in self.conversations(voice).await? {
            let people = voice.people(&summary.conversation).await?;
            let shared = mine || people.iter().any(|person| person.uid == about.as_str());
            let listed = people.iter().filter(wanted);
            match &summary.conversation {
                ConversationId::Room(group) if shared => groups.push(Circle {
                    id: group.clone(),
                    name: Some(summary.title.unwrap_or_else(|| group.clone())),
                    users: Some(listed.map(user_of).collect()),
                }),
                // Whom somebody else knows is their own affair.
                ConversationId::Pair(..) if mine => {
                    let others = listed.filter(|person| person.uid != about.as_str());
                    friends.extend(others.map(user_of));
                }
                ConversationId::Room(_) | ConversationId::Pair(..) => {}
            }
        }
        Ok(Some(Profile {
            user,
            friends: vec![Circle {
                id: "1".to_owned(),
                name: Some("我的好友".to_owned()),
                users: Some(friends),
            }],
            groups,
        }))
    }

    /// Those that this page is told of.
    async fn conversations(&self, voice: &Voice) -> Result<Vec<Summary>, Refusal> {
        let all = voice.conversations(MOST_CONVERSATIONS).await?;
        let shown = all.into_iter();
        Ok(shown.filter(|it| self.shows(&it.conversation)).collect())
    }

    // ---- messages -------------------------------------------------------------

    pub(super) async fn messages(&mut self, visit: &mut Visit, wanted: Wanted) -> Answer {
        let failed = Answer::Messages {
            code: code::MESSAGES_FAILED,
            log: None,
        };
        // Whose they are has to be said, and can be nobody else.
        let (Some(voice), true) = (
            voice(visit),
            wanted.user.as_deref() == Some(self.me.as_str()),
        ) else {
            return failed;
        };
        let log = match wanted.kept {
            Some(true) => self.kept(visit, &voice, &wanted).await,
            Some(false) => self.missed(&voice).await,
            None => return failed,
        };
        match log {
            Ok(log) => Answer::Messages {
                code: match wanted.kept {
                    Some(false) => code::MESSAGES_MISSED,
                    Some(true) | None => code::MESSAGES_KEPT,
                },
                log: Some(Log {
                    user: Some(self.me.to_string()),
                    ..log
                }),
            },
            Err(refusal) => {
                tracing::warn!(%refusal, "messages could not be read");
                failed
            }
        }
    }

    async fn kept(
        &mut self,
        visit: &mut Visit,
        voice: &Voice,
        wanted: &Wanted,
    ) -> Result<Log, Refusal> {
        let mut log = Log::default();
        let group = wanted.group.clone().map(ConversationId::Room);
        let other = wanted
            .from_user
            .clone()
            .filter(|it| *it != self.me.as_str());
        let other = other.map(|other| ConversationId::pair(self.me.clone(), Uid::new(other)));
        match group.or(other) {
            Some(conversation) => {
                self.enter(visit, &conversation).await?;
                let rows = self.rows(voice, &conversation, wanted).await?;
                self.put(&mut log, &conversation, rows);
            }
            None => {
                for summary in self.conversations(voice).await? {
                    let newest = newest(voice, &summary.conversation, ROWS_OF_EACH).await?;
                    let rows = self.chats(&summary.conversation, &newest);
                    self.put(&mut log, &summary.conversation, rows);
                }
            }
        }
        Ok(log)
    }

    /// The part of a conversation that is wanted, oldest first.
    async fn rows(
        &self,
        voice: &Voice,
        conversation: &ConversationId,
        wanted: &Wanted,
    ) -> Result<Vec<Chat>, Refusal> {
        let skipped = wanted.offset.unwrap_or_default();
        let count = wanted
            .count
            .map(|it| usize::try_from(it).unwrap_or(usize::MAX));
        let count = count.unwrap_or(MOST_ROWS).min(MOST_ROWS);
        let counted = wanted.offset.is_some() || wanted.count.is_some();
        if counted && wanted.begin.is_none() && wanted.end.is_none() {
            // Counted from the oldest, as the page's own server counts.
            let rows = oldest(voice, conversation, Seq(skipped), count).await?;
            return Ok(self.chats(conversation, &rows));
        }
        let rows = newest(voice, conversation, MOST_ROWS).await?;
        let within = |chat: &Chat| {
            let at = chat.create_time.unwrap_or_default();
            wanted.begin.is_none_or(|begin| begin <= at) && wanted.end.is_none_or(|end| at <= end)
        };
        let rows = self.chats(conversation, &rows).into_iter().filter(within);
        let skipped = usize::try_from(skipped).unwrap_or(usize::MAX);
        Ok(rows.skip(skipped).take(count).collect())
    }

    /// What was said while nobody listened, told once: it counts as read then.
    async fn missed(&self, voice: &Voice) -> Result<Log, Refusal> {
        let mut log = Log::default();
        for summary in self.conversations(voice).await? {
            let conversation = summary.conversation;
            if summary.unread == 0 {
                continue;
            }
            let missed = oldest(voice, &conversation, summary.read, MOST_ROWS).await?;
            let Some(last) = missed.last().map(|message| message.seq) else {
                continue;
            };
            let others = |message: &Message| {
                let from = message.from.as_ref();
                from.is_none_or(|from| from.uid != self.me)
            };
            let others: Vec<Message> = missed.into_iter().filter(others).collect();
            let rows = self.chats(&conversation, &others);
            self.put(&mut log, &conversation, rows);
            // Before the answer: whoever asks again gets nothing twice.
            let (server, me) = (voice.server(), self.me.clone());
            let read = server.store.read(me, conversation.clone(), last).await?;
            if let (Some(seq), Some(room)) = (read, server.hub.room(&conversation)) {
                room.tell_read(&self.me, seq, None);
            }
        }
        Ok(log)
    }

    fn chats(&self, conversation: &ConversationId, messages: &[Message]) -> Vec<Chat> {
        let chats = messages.iter();
        chats.map(|it| self.chat(conversation, it)).collect()
    }

    /// Where nothing was said there is no entry, as on the page's own server.
    fn put(&self, log: &mut Log, conversation: &ConversationId, rows: Vec<Chat>) {
        if rows.is_empty() {
            return;
        }
        match conversation {
            ConversationId::Room(group) => log.groups.push((group.clone(), rows)),
            ConversationId::Pair(..) => {
                if let Some(other) = conversation.other(&self.me) {
                    log.friends.push((other.to_string(), rows));
                }
            }
        }
    }
}

/// So many messages after this place, oldest first.
async fn oldest(
    voice: &Voice,
    conversation: &ConversationId,
    after: Seq,
    most: usize,
) -> Result<Vec<Message>, Refusal> {
    let mut rows: Vec<Message> = Vec::new();
    let (mut after, mut bytes) = (after, 0);
    while rows.len() < most && bytes < MOST_BYTES {
        let page = voice.page(conversation, Part::After(after), STEP).await?;
        let Some((_, last)) = page.range.filter(|(_, last)| *last > after) else {
            break;
        };
        after = last;
        bytes += page.messages.iter().map(size).sum::<usize>();
        rows.extend(page.messages);
    }
    rows.truncate(most);
    Ok(rows)
}

/// So many of the newest messages, oldest first.
async fn newest(
    voice: &Voice,
    conversation: &ConversationId,
    most: usize,
) -> Result<Vec<Message>, Refusal> {
    let mut rows: Vec<Message> = Vec::new();
    let (mut part, mut bytes) = (Part::Newest, 0);
    while rows.len() < most && bytes < MOST_BYTES {
        let mut page = voice.page(conversation, part, STEP).await?;
        bytes += page.messages.iter().map(size).sum::<usize>();
        page.messages.extend(rows);
        rows = page.messages;
        match page.range {
            Some((first, _)) if first > Seq(1) => part = Part::Before(first),
            Some(_) | None => break,
        }
    }
    let excess = rows.len().saturating_sub(most);
    Ok(rows.split_off(excess))
}

fn size(message: &Message) -> usize {
    message.body.to_string().len()
}
