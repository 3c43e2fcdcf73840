//! The egg gateway: messages come by HTTP and go out on sockets, and what
//! somebody missed waits until they fetch it.
//!
//! The sender hears nothing of their own words but the answer to the request.
//! What is asked by HTTP is in [`asking`], how a message is written in
//! [`telling`].

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::response::Response;
use axum::routing::{any, get, post};
use parlance_core::dialect::egg::wire::{Client, Message as Told, Server as Said};
use parlance_core::frame::Part;
use parlance_core::ids::{ConversationId, Seq, Uid};

use super::visit::POLICY;
use super::{Call, Dialogue, Event, Scope, Visit};
use crate::auth::Disbelief;
use crate::clock;
use crate::config::Config;
use crate::server::Server;
use crate::socket::Ending;
use crate::store::{Message, Millis};
use crate::voice::Voice;
use crate::who::{self, Unknown};

mod asking;
mod missed;
mod telling;

use missed::Missed;

/// What it is called, in paths and settings.
pub(super) const NAME: &str = "egg";

/// What a fetch of missed messages asks of the sockets.
const FETCH: &str = "missed";
/// Messages that are read at once.
const PAGE: u32 = 200;

const WELCOME: &str = "欢迎您访问我们的系统！";

/// Its paths.
pub(super) fn routes(config: &Config) -> Router<Arc<Server>> {
    let upload = post(asking::upload).layer(crate::http::upload_limit(config));
    Router::new()
        .route("/egg/ws", get(socket))
        .route(
            "/egg/api/chat/uploadStreamSingleToServerDiy/{folder}",
            upload,
        )
        .route("/egg/{*path}", any(asking::ask))
}

async fn socket(call: Call) -> Response {
    let token = call.head.token().to_owned();
    call.receive(NAME, Egg { token })
}

/// One page's socket.
struct Egg {
    token: String,
}

impl Dialogue for Egg {
    async fn converse(&mut self, visit: &mut Visit) -> Result<Infallible, Ending> {
        let identity = who::by_token(visit.server(), &self.token, visit.from).await;
        let identity = match identity {
            Ok(identity) => identity,
            Err(unknown) => return Err(turn_away(visit, &unknown).await),
        };
        let seen = last_seen(visit.server(), &identity.person.uid).await;
        visit.come_in(identity, Scope::Everything).await?;
        let Some(voice) = visit.voice().cloned() else {
            return Err(Ending::Gone);
        };
        let owed = voice.server().store.owed(voice.uid().clone(), NAME).await;
        let mut stay = Stay {
            missed: Missed::new(owed.map_err(|error| {
                tracing::warn!(%error, "what was missed cannot be known");
                Ending::code(parlance_core::close::TRY_LATER)
            })?),
            pinged: Vec::new(),
            voice,
            seen,
        };
        let welcome = Said::System(WELCOME.to_owned(), Some(clock::unix_millis()));
        visit.tell([welcome.text()]).await?;
        visit.wake_in(ping_every(visit));
        let ending = stay.run(visit).await;
        if visit.said_goodbye() {
            // Whoever closes in order has taken what came before.
            let handed = stay.missed.handed();
            stay.note(handed).await;
        }
        ending
    }
}

/// Since when this page may have been away. Of somebody who is here on another
/// way it is not known: within a day.
async fn last_seen(server: &Server, uid: &Uid) -> Option<Millis> {
    const DAY: Millis = 24 * 3600 * 1000;
    if server.hub.is_here(uid) {
        return Some(clock::unix_millis() - DAY);
    }
    let person = server.store.person(uid.clone()).await;
    person.ok().flatten().and_then(|person| person.seen)
}

/// How often the page is asked whether it is there: half as often again as
/// its browser is, which makes the old server's 30 s.
fn ping_every(visit: &Visit) -> Duration {
    visit.server().config.ping_every * 3 / 2
}

/// Says why, where it is for good, and ends.
async fn turn_away(visit: &mut Visit, unknown: &Unknown) -> Ending {
    let words = match unknown {
        Unknown::Nobody => "缺少 token 参数",
        Unknown::Disbelieved(Disbelief::Expired) => "token 已过期",
        Unknown::Disbelieved(Disbelief::Bad) => "Token 不合法",
        Unknown::Banned => "您已被禁止进入",
        // An old page takes every refusal for the end: it is to come back.
        Unknown::TooMany(_) | Unknown::Unavailable(_) => {
            return Ending::code(parlance_core::close::TRY_LATER);
        }
    };
    match visit.tell([Said::Fail(words.to_owned()).text()]).await {
        Ok(()) => Ending::code(POLICY),
        Err(ending) => ending,
    }
}

/// A person on a socket.
struct Stay {
    voice: Voice,
    missed: Missed,
    /// How far they had been handed messages at the last ping: the answer to
    /// it says that they have them.
    pinged: Vec<(ConversationId, Seq)>,
    /// Since when they may have been away.
    seen: Option<Millis>,
}

impl Stay {
    async fn run(&mut self, visit: &mut Visit) -> Result<Infallible, Ending> {
        loop {
            match visit.next().await? {
                Event::Text(text) => match Client::read(&text) {
                    Ok(Client::Ping) => visit.tell([Said::Pong(None).text()]).await?,
                    Ok(Client::Pong) => {
                        let handed = std::mem::take(&mut self.pinged);
                        self.note(handed).await;
                    }
                    // Nothing else is read here: messages come by HTTP.
                    Err(_) => visit.server().metrics.oddity("fault"),
                },
                Event::Message(conversation, message) => {
                    self.on_message(visit, &conversation, &message).await?;
                }
                Event::Recalled(conversation, seq, _, _) => {
                    self.on_recalled(visit, &conversation, seq).await?;
                }
                Event::Joined(conversation) => self.on_joined(conversation).await,
                Event::Nudge(FETCH) => self.fetch(visit).await?,
                Event::Woke => {
                    self.pinged = self.missed.handed();
                    visit.tell([Said::Ping.text()]).await?;
                    visit.wake_in(ping_every(visit));
                }
                // The dialect has no words for these.
                Event::Nudge(_)
                | Event::Came(..)
                | Event::Went(..)
                | Event::Typing(..)
                | Event::Read(..)
                | Event::People(_) => {}
            }
        }
    }

    async fn on_message(
        &mut self,
        visit: &mut Visit,
        conversation: &ConversationId,
        message: &Message,
    ) -> Result<(), Ending> {
        if !self.missed.live(conversation, message.seq) || is_from(message, self.voice.uid()) {
            return Ok(());
        }
        self.tell(visit, conversation, [message]).await
    }

    /// A message was taken back. Of a pair only the other one is told: the
    /// author has the answer to the request.
    async fn on_recalled(
        &mut self,
        visit: &mut Visit,
        conversation: &ConversationId,
        seq: Seq,
    ) -> Result<(), Ending> {
        let part = Part::After(seq.previous());
        match self.voice.page(conversation, part, 1).await {
            Ok(page) => {
                let found = page.messages.iter().filter(|message| message.seq == seq);
                self.tell_recalls(visit, conversation, found).await
            }
            Err(refusal) => {
                tracing::warn!(%refusal, "a recall was not told");
                Ok(())
            }
        }
    }

    async fn tell_recalls(
        &self,
        visit: &mut Visit,
        conversation: &ConversationId,
        recalled: impl Iterator<Item = &Message>,
    ) -> Result<(), Ending> {
        let in_pair = matches!(conversation, ConversationId::Pair(..));
        let due = recalled.filter(|it| !in_pair || !is_from(it, self.voice.uid()));
        let due: Vec<&Message> = due.collect();
        self.write(visit, conversation, due, telling::revoked).await
    }

    /// What was taken back while they were away, of what they have. A message
    /// is taken back within minutes or never, so only what was said not long
    /// before they went can be.
    async fn tell_missed_recalls(
        &self,
        visit: &mut Visit,
        conversation: &ConversationId,
        had: Seq,
    ) -> Result<(), Ending> {
        let Some(seen) = self.seen else {
            return Ok(());
        };
        let within = Millis::try_from(asking::RECALL_WITHIN.as_millis()).unwrap_or(Millis::MAX);
        let after = Seq(had.0.saturating_sub(u64::from(PAGE)));
        let store = &self.voice.server().store;
        match store.recalled(conversation.clone(), after).await {
            Ok(recalled) => {
                let since = seen.saturating_sub(within);
                let due = recalled.iter().filter(|it| it.seq <= had && it.at >= since);
                self.tell_recalls(visit, conversation, due).await
            }
            Err(error) => {
                tracing::warn!(%error, "recalls were not told");
                Ok(())
            }
        }
    }

    /// A conversation that they were in before it was known here: what is said
    /// from now on comes, and what was said before is not owed.
    async fn on_joined(&mut self, conversation: ConversationId) {
        let head = match &conversation {
            ConversationId::Pair(..) => Seq(0),
            ConversationId::Room(_) => match self.voice.conversation(&conversation).await {
                Ok(Some(summary)) => summary.head,
                Ok(None) | Err(_) => Seq(0),
            },
        };
        self.missed.joined(conversation, head);
    }

    /// Everything that they missed, conversation by conversation.
    async fn fetch(&mut self, visit: &mut Visit) -> Result<(), Ending> {
        for (conversation, had) in self.missed.unfetched() {
            self.tell_missed_recalls(visit, &conversation, had).await?;
        }
        for (conversation, mut after, upto) in self.missed.owed() {
            while after < upto {
                let part = Part::After(after);
                let page = match self.voice.page(&conversation, part, PAGE).await {
                    Ok(page) => page,
                    Err(refusal) => {
                        // Still owed: the next fetch comes back to it.
                        tracing::warn!(%refusal, "missed messages were not handed out");
                        return Ok(());
                    }
                };
                let last = page.range.map_or(upto, |(_, last)| last);
                let due = page.messages.iter().filter(|message| {
                    message.seq <= upto
                        && !self.missed.was_live(&conversation, message.seq)
                        && !is_from(message, self.voice.uid())
                });
                let due: Vec<&Message> = due.collect();
                self.tell(visit, &conversation, due).await?;
                after = last.max(after.next());
            }
            self.missed.fetched(&conversation);
        }
        Ok(())
    }

    async fn tell(
        &self,
        visit: &mut Visit,
        conversation: &ConversationId,
        messages: impl IntoIterator<Item = &Message>,
    ) -> Result<(), Ending> {
        self.write(visit, conversation, messages, |told| told).await
    }

    async fn write(
        &self,
        visit: &mut Visit,
        conversation: &ConversationId,
        messages: impl IntoIterator<Item = &Message>,
        finish: impl Fn(Told) -> Told,
    ) -> Result<(), Ending> {
        let mut texts = Vec::new();
        for message in messages {
            match telling::told(self.voice.server(), self.voice.uid(), conversation, message).await
            {
                Ok(told) => {
                    let at = Some(clock::unix_millis());
                    texts.push(Said::Chat(Box::new(finish(told)), at).text());
                }
                Err(error) => {
                    tracing::warn!(%error, "a message cannot be told");
                    return Err(Ending::code(parlance_core::close::TRY_LATER));
                }
            }
        }
        visit.tell(texts).await
    }

    /// They have got so far, which is kept. If it is not, they are handed some
    /// of it again.
    async fn note(&mut self, handed: Vec<(ConversationId, Seq)>) {
        let news = self.missed.news(handed);
        if news.is_empty() {
            return;
        }
        let store = &self.voice.server().store;
        let uid = self.voice.uid().clone();
        if let Err(error) = store.hand(uid, NAME, news).await {
            tracing::warn!(%error, "it was not kept how far messages were handed out");
        }
    }
}

fn is_from(message: &Message, uid: &Uid) -> bool {
    message.from.as_ref().is_some_and(|from| from.uid == *uid)
}

/// A map by conversation.
type Map<T> = BTreeMap<ConversationId, T>;
