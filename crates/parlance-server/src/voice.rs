//! What a person may do, whichever way they came: each right is asked for at
//! each deed, and nothing is answered before it is committed.
//!
//! Knows neither links nor dialects: a native link, a gateway's socket and a
//! gateway's HTTP request all speak with a voice.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use parlance_core::content::Content;
use parlance_core::dialect::native::{body_of, wire};
use parlance_core::frame::Part;
use parlance_core::ids::{ClientId, ConversationId, Seq, Uid};
use serde_json::Value;

use crate::auth;
use crate::clock;
use crate::encode;
use crate::hub::LinkNumber;
use crate::mailbox::Notice;
use crate::metrics::count;
use crate::server::Server;
use crate::store::{Appended, Draft, Millis, Page, Person, Recall, Recalled, StoreError, Summary};

/// Bytes of UTF-8 in a text.
pub(crate) const TEXT_BYTES: usize = 32 * 1024;
/// How deep a body may be nested.
const BODY_DEPTH: usize = 64;
/// The longest name of a body's kind.
const KIND_BYTES: usize = 64;

/// A person, acting.
#[derive(Clone)]
pub(crate) struct Voice {
    server: Arc<Server>,
    person: Arc<Person>,
}

/// Why a thing is not done. Each dialect has its own way of saying so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// There is no such conversation, or this person is not in it: the same
    /// answer, so that nobody learns which.
    NoConversation,
    /// They may not talk here.
    Forbidden,
    /// This cannot be said.
    BadBody,
    /// It is too long.
    TooLarge,
    /// Too much in too short a time; after so long it may be said again.
    TooFast(Duration),
    /// The client id was used for other words.
    ClientIdReused,
    /// Not now. The text is for the log.
    Unavailable(String),
}

impl Refusal {
    /// In one word, as the native dialect says it and the metrics count it.
    pub(crate) fn code(&self) -> &'static str {
        match self {
            Self::NoConversation => "no_conversation",
            Self::Forbidden => "forbidden",
            Self::BadBody => "bad_body",
            Self::TooLarge => "too_large",
            Self::TooFast(_) => "rate_limited",
            Self::ClientIdReused => "cid_reuse",
            Self::Unavailable(_) => "unavailable",
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unavailable(why) => write!(formatter, "unavailable: {why}"),
            Self::NoConversation
            | Self::Forbidden
            | Self::BadBody
            | Self::TooLarge
            | Self::TooFast(_)
            | Self::ClientIdReused => formatter.write_str(self.code()),
        }
    }
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::ClientIdReused => Self::ClientIdReused,
            StoreError::Unavailable(why) => Self::Unavailable(why),
        }
    }
}

/// Why a message is not taken back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum NotRecalled {
    /// There is no such message of theirs there.
    Nothing,
    /// It was said too long ago.
    TooLate,
    /// As for everything else.
    Refused(Refusal),
}

impl From<Refusal> for NotRecalled {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl Voice {
    /// This person's, who was believed.
    pub(crate) fn new(server: &Arc<Server>, person: Person) -> Self {
        Self {
            server: Arc::clone(server),
            person: Arc::new(person),
        }
    }

    /// Who.
    pub(crate) fn person(&self) -> &Person {
        &self.person
    }

    /// Who, by their uid.
    pub(crate) fn uid(&self) -> &Uid {
        &self.person.uid
    }

    /// The server on which they act.
    pub(crate) fn server(&self) -> &Arc<Server> {
        &self.server
    }

    /// Whether this is a conversation that they may enter: any room of a
    /// sound name, and a pair that they are one of.
    pub(crate) fn may_enter(&self, conversation: &ConversationId) -> bool {
        match conversation {
            ConversationId::Room(name) => auth::is_name(name),
            ConversationId::Pair(one, other) => {
                conversation.other(self.uid()).is_some()
                    && auth::is_uid(one.as_str())
                    && auth::is_uid(other.as_str())
            }
        }
    }

    /// Whether they may look into this conversation now: a room that they are
    /// a member of, or a pair that they are one of.
    pub(crate) async fn is_in(&self, conversation: &ConversationId) -> Result<bool, StoreError> {
        if !self.may_enter(conversation) {
            return Ok(false);
        }
        match conversation {
            ConversationId::Pair(..) => Ok(true),
            ConversationId::Room(_) => {
                let store = &self.server.store;
                store
                    .is_member(self.uid().clone(), conversation.clone())
                    .await
            }
        }
    }

    async fn must_be_in(&self, conversation: &ConversationId) -> Result<(), Refusal> {
        if self.is_in(conversation).await? {
            Ok(())
        } else {
            Err(Refusal::NoConversation)
        }
    }

    /// Whether they may talk in this conversation, as the native dialect says it.
    pub(crate) fn talk(&self, conversation: &ConversationId) -> &'static str {
        let read_only = match conversation {
            ConversationId::Room(name) => self.server.config.read_only.contains(name),
            ConversationId::Pair(..) => false,
        };
        if read_only && !self.person.host {
            "hosts_only"
        } else {
            "allowed"
        }
    }

    /// Becomes a member, which everybody who is there is told when it is news:
    /// the others of the conversation, and this person's links but `from`.
    pub(crate) async fn enter(
        &self,
        conversation: &ConversationId,
        from: Option<LinkNumber>,
    ) -> Result<(), Refusal> {
        if !self.may_enter(conversation) {
            return Err(Refusal::NoConversation);
        }
        let store = &self.server.store;
        let uid = self.uid();
        // Looked up first: who opens a page again should cost no commit.
        if store.is_member(uid.clone(), conversation.clone()).await?
            || !store.join(uid.clone(), conversation.clone()).await?
        {
            return Ok(());
        }
        let hub = &self.server.hub;
        if hub.is_here(uid) {
            hub.tell_came(conversation, &self.person);
        }
        hub.tell_person(uid, from, &Notice::Joined(conversation.clone()));
        Ok(())
    }

    /// Says this in a conversation that they are in. Answers after the commit,
    /// when everybody may be told; the same client id with the same words is
    /// answered with what was stored.
    pub(crate) async fn say(
        &self,
        conversation: &ConversationId,
        client_id: Option<ClientId>,
        body: Value,
    ) -> Result<Appended, Refusal> {
        self.say_in(conversation, false, client_id, body).await
    }

    /// The same; `known` says that the caller knows that they are in.
    pub(crate) async fn say_in(
        &self,
        conversation: &ConversationId,
        known: bool,
        client_id: Option<ClientId>,
        body: Value,
    ) -> Result<Appended, Refusal> {
        let said = async {
            if !known {
                self.must_be_in(conversation).await?;
            }
            self.append(conversation, client_id, body).await
        };
        let said = said.await;
        if let Err(refusal) = &said {
            self.server.metrics.nack(refusal.code());
            if let Refusal::Unavailable(why) = refusal {
                tracing::warn!(%why, "a message was not stored");
            }
        }
        said
    }

    async fn append(
        &self,
        conversation: &ConversationId,
        client_id: Option<ClientId>,
        body: Value,
    ) -> Result<Appended, Refusal> {
        if self.talk(conversation) != "allowed" {
            return Err(Refusal::Forbidden);
        }
        check_body(&body)?;
        let uid = self.uid();
        self.server.talking.take(uid).map_err(Refusal::TooFast)?;
        let draft = Draft {
            conversation: conversation.clone(),
            sender: Some(uid.clone()),
            client_id,
            body,
            at: clock::unix_millis(),
        };
        let appended = self.server.store.append(draft).await?;
        // From here on it is committed: everybody may be told.
        if appended.duplicate {
            count(&self.server.metrics.duplicates);
            return Ok(appended);
        }
        count(&self.server.metrics.appended);
        let hub = &self.server.hub;
        hub.announce(conversation, appended.seq);
        for joined in &appended.joined {
            hub.tell_person(joined, None, &Notice::Joined(conversation.clone()));
        }
        if !appended.joined.is_empty()
            && let Some(room) = hub.room(conversation)
        {
            room.renew_rosters();
        }
        Ok(appended)
    }

    /// A part of a conversation's log, of a conversation that they are in.
    pub(crate) async fn page(
        &self,
        conversation: &ConversationId,
        part: Part,
        limit: u32,
    ) -> Result<Page, Refusal> {
        self.must_be_in(conversation).await?;
        Ok(self
            .server
            .store
            .page(conversation.clone(), part, limit)
            .await?)
    }

    /// Takes back what they said themselves, not longer ago than this: its
    /// words are gone, and everybody reads these in its place. Answers after
    /// the commit; again is no harm.
    pub(crate) async fn recall(
        &self,
        conversation: &ConversationId,
        id: &str,
        within: Duration,
        words: &str,
    ) -> Result<Seq, NotRecalled> {
        self.must_be_in(conversation).await?;
        let taken = self.server.talking.take(self.uid());
        taken.map_err(Refusal::TooFast)?;
        let at = clock::unix_millis();
        let within = Millis::try_from(within.as_millis()).unwrap_or(Millis::MAX);
        let recall = Recall {
            id: id.to_owned(),
            by: self.uid().clone(),
            said_since: at.saturating_sub(within),
            body: body_of(&Content::Notice(words.to_owned())),
            at,
        };
        let recalled = self.server.store.recall(conversation.clone(), recall);
        match recalled.await.map_err(Refusal::from)? {
            Recalled::Done(seq) => {
                let frame = wire::Server::Recalled {
                    conv: conversation.to_string(),
                    seq: seq.0,
                    id: id.to_owned(),
                    text: words.to_owned(),
                };
                self.server.hub.tell_recalled(conversation, frame).await;
                Ok(seq)
            }
            Recalled::TooLate => Err(NotRecalled::TooLate),
            Recalled::Nothing => Err(NotRecalled::Nothing),
        }
    }

    /// The members of a conversation that they are in, those who are here
    /// first, at most 500.
    pub(crate) async fn people(
        &self,
        conversation: &ConversationId,
    ) -> Result<Vec<wire::Person>, Refusal> {
        self.must_be_in(conversation).await?;
        Ok(self.server.hub.roster(conversation).await?)
    }

    /// Their conversations, most recently active first: how far each has got,
    /// how much is unread, what was said last.
    pub(crate) async fn conversations(&self, limit: u32) -> Result<Vec<Summary>, Refusal> {
        let uid = self.uid().clone();
        Ok(self.server.store.summaries(uid, limit).await?)
    }

    /// One of them; `None` when they are no member.
    pub(crate) async fn conversation(
        &self,
        conversation: &ConversationId,
    ) -> Result<Option<Summary>, Refusal> {
        let (uid, conversation) = (self.uid().clone(), conversation.clone());
        Ok(self.server.store.summary(uid, conversation).await?)
    }

    /// They have read up to here. Kept and told beside the caller: it takes a
    /// commit, and nobody waits for it. The order does not matter, for a
    /// cursor never goes back.
    pub(crate) fn read(&self, conversation: ConversationId, seq: Seq, from: Option<LinkNumber>) {
        let (server, uid) = (Arc::clone(&self.server), self.uid().clone());
        let read = async move {
            match server
                .store
                .read(uid.clone(), conversation.clone(), seq)
                .await
            {
                Ok(Some(seq)) => {
                    if let Some(room) = server.hub.room(&conversation) {
                        room.tell_read(&uid, seq, from);
                    }
                }
                Ok(None) => {}
                Err(error) => tracing::warn!(%error, "a read cursor was not kept"),
            }
        };
        self.server.hub.beside(read);
    }

    /// Who they are, as others see them.
    pub(crate) fn seen_by_others(&self, online: bool) -> wire::Person {
        encode::person(&self.person, online)
    }
}

/// Whether this can be said. What a kind means is between the clients: of a
/// kind that nobody here knows only the frame is looked at.
fn check_body(body: &Value) -> Result<(), Refusal> {
    let bad = Refusal::BadBody;
    let Some(kind) = body.get("kind").and_then(Value::as_str) else {
        return Err(bad);
    };
    let text = body.get("text");
    if kind.is_empty() || kind.len() > KIND_BYTES || kind == "notice" {
        return Err(bad);
    }
    if kind == "text" && !text.is_some_and(Value::is_string) {
        return Err(bad);
    }
    if !shallow(body, BODY_DEPTH) {
        return Err(bad);
    }
    if texts(body).any(|text| text.len() > TEXT_BYTES) {
        return Err(Refusal::TooLarge);
    }
    Ok(())
}

/// The texts that stand in a body itself.
fn texts(body: &Value) -> impl Iterator<Item = &str> {
    body.as_object()
        .into_iter()
        .flat_map(|fields| fields.values().filter_map(Value::as_str))
}

fn shallow(value: &Value, depth: usize) -> bool {
    if depth == 0 {
        return false;
    }
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => true,
        Value::Array(items) => items.iter().all(|item| shallow(item, depth - 1)),
        Value::Object(fields) => fields.values().all(|field| shallow(field, depth - 1)),
    }
}
