//! A native link after its hello: it answers frames, passes on what gathers
//! in the mailbox, pings, and knows when to end.
//!
//! Every right is asked for frame by frame (`voice.rs`). Knows nothing of
//! other links.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use parlance_core::close;
use parlance_core::dialect::native::wire;
use parlance_core::frame::Part;
use parlance_core::ids::{ClientId, ConversationId, Seq};
use serde_json::Value;
use tokio::time::{Instant, sleep_until};

use super::link::Link;
use crate::attendance::{Attendance, TooManyLinks};
use crate::auth::Identity;
use crate::clock;
use crate::encode;
use crate::hub::CROWD;
use crate::mailbox::{Closing, Gathered, Mailbox, Notice, RoomNumber};
use crate::random;
use crate::rates::Rate;
use crate::server::Server;
use crate::socket::{Ending, Heard};
use crate::store::{Millis, Summary};
use crate::voice::{Refusal, TEXT_BYTES, Voice};

/// Conversations in the welcome.
const LIST: u32 = 500;
/// Messages in a page.
const PAGE: u32 = 200;
/// Messages from the newest among which recalls are told to whoever opens.
const RECALLED_LATELY: u64 = 200;
/// Heads in a ping.
const HEADS: usize = 32;
/// Frames a minute that cannot be read, before the link is closed.
const FAULTS: u32 = 10;
const FAULT_WINDOW: Duration = Duration::from_secs(60);
/// How long somebody who was too fast stays away.
const COOL_DOWN_MS: u64 = 10_000;
const TOO_MANY_LINKS_RETRY_MS: u64 = 30_000;
/// At most one typing notice in so long.
const TYPING_EVERY: Duration = Duration::from_secs(3);
/// When to try again what the store could not do.
const UNAVAILABLE_RETRY_MS: u64 = 2000;

/// Serves a link from its welcome to its end.
pub(super) async fn stay(
    link: &mut Link,
    server: &Arc<Server>,
    identity: Identity,
    mailbox: Arc<Mailbox>,
) -> Result<Infallible, Ending> {
    let voice = Voice::new(server, identity.person);
    let attendance = Attendance::new(voice, &mailbox).map_err(|TooManyLinks| {
        Ending::Close(Closing::retry(close::TRY_LATER, TOO_MANY_LINKS_RETRY_MS))
    })?;
    let now = Instant::now();
    let ping_every = server.config.ping_every;
    let mut stay = Stay {
        link,
        server,
        mailbox,
        expires: identity.expires,
        attendance,
        frames: server.frames(),
        faults: 0,
        faults_since: now,
        heard_at: now,
        dozing: false,
        // Links that came together are not pinged together.
        ping_at: now + random::portion(ping_every, 0, 1000),
        spread_told: server.spread_ms(),
    };
    stay.welcome().await?;
    stay.go_on().await
}

struct Stay<'a> {
    link: &'a mut Link,
    server: &'a Arc<Server>,
    mailbox: Arc<Mailbox>,
    attendance: Attendance,
    expires: Option<Millis>,
    frames: Rate,
    faults: u32,
    faults_since: Instant,
    heard_at: Instant,
    // It has been silent for longer than somebody who is here would be.
    dozing: bool,
    ping_at: Instant,
    spread_told: u64,
}

impl Stay<'_> {
    async fn welcome(&mut self) -> Result<(), Ending> {
        or_internal(self.attendance.attend_everything().await)?;
        let voice = &self.attendance.voice;
        let summaries = or_internal(voice.conversations(LIST).await)?;
        for summary in &summaries {
            let number = self.attendance.attend(&summary.conversation);
            self.attendance.begin(number, summary.head);
        }
        let uid = self.attendance.uid();
        let welcome = wire::Server::Welcome {
            me: wire::Person {
                online: true,
                ..(**self.attendance.me()).clone()
            },
            epoch: self.server.store.epoch().as_str().to_owned(),
            spread_ms: self.spread_told,
            ping_ms: millis(self.server.config.ping_every),
            limits: Some(wire::Limits {
                text_bytes: TEXT_BYTES,
            }),
            convs: summaries
                .iter()
                .map(|summary| encode::head(summary, uid))
                .collect(),
        };
        self.link.say(&welcome).await?;
        if self.attendance.was_away {
            let person = self.attendance.voice.person();
            for conversation in self.attendance.attended() {
                self.server.hub.tell_came(conversation, person);
            }
        }
        Ok(())
    }

    async fn go_on(&mut self) -> Result<Infallible, Ending> {
        loop {
            // A ping and its answer's time: where only the way up is dead, the
            // page has no other way to hear of it.
            let silent_at = self.heard_at + self.server.config.ping_every * 27 / 20;
            let away_after = self.server.config.away_after;
            let expires_at = clock::instant(self.expires);
            tokio::select! {
                heard = self.link.hear() => {
                    self.heard_at = Instant::now();
                    if std::mem::take(&mut self.dozing) {
                        self.attendance.wake();
                    }
                    if let Heard::Text(text) = heard? {
                        self.hear(&text).await?;
                    }
                }
                () = self.mailbox.something() => {
                    let gathered = self.mailbox.take();
                    self.pass_on(gathered).await?;
                }
                () = sleep_until(self.ping_at) => self.ping().await?,
                () = sleep_until(self.heard_at + away_after), if !self.dozing => {
                    self.dozing = true;
                    self.attendance.doze(away_after);
                }
                () = sleep_until(silent_at) => return Err(Ending::code(close::SILENT)),
                () = sleep_until(expires_at) => return Err(Ending::code(close::EXPIRED)),
            }
        }
    }

    async fn hear(&mut self, text: &str) -> Result<(), Ending> {
        if !self.frames.take() {
            return Err(Ending::Close(Closing::retry(close::ABUSIVE, COOL_DOWN_MS)));
        }
        let Ok(frame) = serde_json::from_str(text) else {
            return self.fault("the frame cannot be read").await;
        };
        match frame {
            wire::Client::Hello { .. } => self.fault("hello comes once").await,
            wire::Client::Open { conv } => self.open(&conv).await,
            wire::Client::Send { cid, conv, body } => match ClientId::parse(&cid) {
                Some(cid) => self.send(cid, &conv, body).await,
                None => self.fault("the cid cannot be read").await,
            },
            wire::Client::Fill {
                req,
                conv,
                before,
                after,
                limit,
            } => {
                let part = match (before, after) {
                    (None, None) => Part::Newest,
                    (Some(seq), None) => Part::Before(Seq(seq)),
                    (None, Some(seq)) => Part::After(Seq(seq)),
                    (Some(_), Some(_)) => {
                        return self.fault("fill goes before or after, not both").await;
                    }
                };
                self.fill(req, &conv, part, limit.clamp(1, PAGE)).await
            }
            wire::Client::Read { conv, seq } => self.read(&conv, Seq(seq)).await,
            wire::Client::Typing { conv } => {
                self.typing(&conv);
                Ok(())
            }
            wire::Client::Ping {} => {
                let (heads, sum) = self.heads().await?;
                self.link.say(&wire::Server::Pong { heads, sum }).await
            }
            // That it was heard is all there is to it.
            wire::Client::Pong {} => Ok(()),
            wire::Client::Unknown => {
                self.server.metrics.oddity("unknown_frame");
                Ok(())
            }
        }
    }

    /// A frame was ignored because it could not be read, or asked for what
    /// there is not.
    async fn fault(&mut self, text: &str) -> Result<(), Ending> {
        self.server.metrics.oddity("fault");
        let now = Instant::now();
        if now.duration_since(self.faults_since) > FAULT_WINDOW {
            self.faults = 0;
            self.faults_since = now;
        }
        self.faults += 1;
        if self.faults > FAULTS {
            return Err(Ending::Close(Closing::retry(close::ABUSIVE, COOL_DOWN_MS)));
        }
        let text = text.to_owned();
        self.link.say(&wire::Server::Error { text }).await
    }

    /// The conversation of this name, if this person may look into it.
    async fn mine(&mut self, name: &str) -> Result<ConversationId, Refusal> {
        let conversation = ConversationId::parse(name).ok_or(Refusal::NoConversation)?;
        if self.attendance.is_in(&conversation).await? {
            Ok(conversation)
        } else {
            Err(Refusal::NoConversation)
        }
    }

    async fn refuse(&mut self, refusal: Refusal) -> Result<(), Ending> {
        if refusal == Refusal::NoConversation {
            return self.fault("no_conversation").await;
        }
        tracing::warn!(%refusal, "a frame was not done");
        let text = "unavailable".to_owned();
        self.link.say(&wire::Server::Error { text }).await
    }

    async fn open(&mut self, name: &str) -> Result<(), Ending> {
        match self.enter(name).await {
            Ok((summary, readers, people, room)) => {
                let conv = summary.conversation.to_string();
                let opened = wire::Server::Opened {
                    head: encode::head(&summary, self.attendance.uid()),
                    talk: self.attendance.voice.talk(&summary.conversation).to_owned(),
                    readers,
                };
                self.link.say(&opened).await?;
                self.link
                    .say(&wire::Server::Roster { conv, people })
                    .await?;
                self.tell_recalled(&summary).await?;
                self.deliver(room).await
            }
            Err(refusal) => self.refuse(refusal).await,
        }
    }

    /// What was taken back lately: whoever was away has it still.
    async fn tell_recalled(&mut self, summary: &Summary) -> Result<(), Ending> {
        let after = Seq(summary.head.0.saturating_sub(RECALLED_LATELY));
        let conversation = summary.conversation.clone();
        let recalled = match self.server.store.recalled(conversation, after).await {
            Ok(recalled) => recalled,
            Err(error) => {
                tracing::warn!(%error, "recalls were not told");
                return Ok(());
            }
        };
        for message in recalled {
            let text = message.body.get("text").and_then(Value::as_str);
            let frame = wire::Server::Recalled {
                conv: summary.conversation.to_string(),
                seq: message.seq.0,
                id: message.id,
                text: text.unwrap_or_default().to_owned(),
            };
            self.link.say(&frame).await?;
        }
        Ok(())
    }

    async fn enter(
        &mut self,
        name: &str,
    ) -> Result<(Summary, Vec<wire::Reader>, Vec<wire::Person>, RoomNumber), Refusal> {
        let conversation = ConversationId::parse(name).ok_or(Refusal::NoConversation)?;
        let known = self.attendance.number(&conversation);
        let number = match known {
            Some(number) => number,
            None => {
                let voice = self.attendance.voice.clone();
                voice
                    .enter(&conversation, Some(self.attendance.link))
                    .await?;
                self.attendance.attend(&conversation)
            }
        };
        let voice = &self.attendance.voice;
        let summary = voice.conversation(&conversation).await?;
        let summary = summary.ok_or(Refusal::NoConversation)?;
        self.attendance.begin(number, summary.head);
        let limit = u32::try_from(CROWD).unwrap_or(u32::MAX);
        let readers = self
            .server
            .store
            .readers(conversation.clone(), limit)
            .await?;
        let readers = readers.into_iter().map(|(uid, seq)| wire::Reader {
            uid: uid.as_str().to_owned(),
            seq: seq.0,
        });
        let roster = self.server.hub.roster(&conversation).await?;
        Ok((summary, readers.collect(), roster, number))
    }

    async fn send(&mut self, cid: ClientId, conv: &str, body: Value) -> Result<(), Ending> {
        let said = match ConversationId::parse(conv) {
            Some(conversation) => {
                let known = self.attendance.attends(&conversation);
                let voice = &self.attendance.voice;
                voice
                    .say_in(&conversation, known, Some(cid.clone()), body)
                    .await
            }
            None => Err(Refusal::NoConversation),
        };
        let answer = match said {
            Ok(appended) => wire::Server::Ack {
                cid: cid.as_str().to_owned(),
                conv: conv.to_owned(),
                seq: appended.seq.0,
                id: appended.id,
                ts: appended.at,
                dup: appended.duplicate,
            },
            Err(refusal) => wire::Server::Nack {
                cid: cid.as_str().to_owned(),
                code: refusal.code().to_owned(),
                text: None,
                retry_ms: retry_ms(&refusal),
            },
        };
        self.link.say(&answer).await
    }

    async fn fill(&mut self, req: u64, conv: &str, part: Part, limit: u32) -> Result<(), Ending> {
        let page = match self.mine(conv).await {
            Ok(conversation) => {
                let page = self.server.store.page(conversation, part, limit).await;
                page.map_err(Refusal::from)
            }
            Err(refusal) => Err(refusal),
        };
        let answer = match page {
            Ok(page) => wire::Server::Page {
                req,
                conv: conv.to_owned(),
                epoch: self.server.store.epoch().as_str().to_owned(),
                from: page.range.map(|(from, _)| from.0),
                to: page.range.map(|(_, to)| to.0),
                msgs: page
                    .messages
                    .iter()
                    .map(|message| encode::message(message, self.attendance.uid()))
                    .collect(),
                head: page.head.0,
            },
            Err(Refusal::NoConversation) => wire::Server::Gone {
                req,
                retry_ms: None,
            },
            Err(refusal) => {
                tracing::warn!(%refusal, "a page could not be read");
                wire::Server::Gone {
                    req,
                    retry_ms: Some(UNAVAILABLE_RETRY_MS),
                }
            }
        };
        self.link.say(&answer).await
    }

    async fn read(&mut self, conv: &str, seq: Seq) -> Result<(), Ending> {
        let conversation = match self.mine(conv).await {
            Ok(conversation) => conversation,
            Err(refusal) => return self.refuse(refusal).await,
        };
        if self.attendance.attends(&conversation) {
            let link = Some(self.attendance.link);
            self.attendance.voice.read(conversation, seq, link);
        }
        Ok(())
    }

    fn typing(&mut self, conv: &str) {
        let number = ConversationId::parse(conv).and_then(|id| self.attendance.number(&id));
        let me = Arc::clone(self.attendance.me());
        let Some(subscription) = number.and_then(|number| self.attendance.subscription(number))
        else {
            self.server.metrics.oddity("typing_elsewhere");
            return;
        };
        let now = Instant::now();
        let lately = subscription
            .typed_at
            .is_some_and(|typed_at| now.duration_since(typed_at) < TYPING_EVERY);
        if !lately {
            subscription.typed_at = Some(now);
            subscription.room.tell_typing(&me);
        }
    }

    async fn pass_on(&mut self, gathered: Gathered) -> Result<(), Ending> {
        if let Some(closing) = gathered.closing {
            return Err(Ending::Close(closing));
        }
        for notice in gathered.notices {
            match notice {
                Notice::Frame(told) => self.link.say_encoded(told.text()).await?,
                Notice::Joined(conversation) => self.joined(conversation).await?,
                Notice::Roster(conversation) => self.renew_roster(&conversation).await?,
                // It is for a gateway's links.
                Notice::Nudge(_) => {}
            }
        }
        for ((conv, uid), seq) in gathered.reads {
            self.link
                .say(&wire::Server::Read { conv, uid, seq })
                .await?;
        }
        for number in gathered.rooms {
            self.deliver(number).await?;
        }
        Ok(())
    }

    /// This person is in a conversation that this link was not told of.
    async fn joined(&mut self, conversation: ConversationId) -> Result<(), Ending> {
        let known = self.attendance.attends(&conversation);
        let number = self.attendance.attend(&conversation);
        match self.attendance.voice.conversation(&conversation).await {
            Ok(Some(summary)) => {
                self.attendance.begin(number, summary.head);
                if !known {
                    let head = encode::head(&summary, self.attendance.uid());
                    self.link.say(&wire::Server::Conv { head }).await?;
                }
            }
            Ok(None) => {}
            Err(error) => tracing::warn!(%error, "a conversation was not told of"),
        }
        Ok(())
    }

    async fn renew_roster(&mut self, conversation: &ConversationId) -> Result<(), Ending> {
        if !self.attendance.attends(conversation) {
            return Ok(());
        }
        match self.server.hub.roster(conversation).await {
            Ok(people) => {
                let conv = conversation.to_string();
                self.link.say(&wire::Server::Roster { conv, people }).await
            }
            Err(error) => {
                tracing::warn!(%error, "a roster was not told");
                Ok(())
            }
        }
    }

    /// Pushes what a room has got since, in order.
    async fn deliver(&mut self, number: RoomNumber) -> Result<(), Ending> {
        loop {
            let messages = self.attendance.due(number).await?;
            if messages.is_empty() {
                return Ok(());
            }
            let mut frames = Vec::with_capacity(messages.len());
            for message in messages {
                let n = self.link.next_number();
                frames.push(message.text(n, self.attendance.uid()));
            }
            self.link.say_all(frames).await?;
        }
    }

    async fn ping(&mut self) -> Result<(), Ending> {
        let every = self.server.config.ping_every;
        self.ping_at = Instant::now() + random::portion(every, 900, 1100);
        if self.expires.is_some_and(|at| at <= clock::unix_millis()) {
            return Err(Ending::code(close::EXPIRED));
        }
        let (heads, sum) = self.heads().await?;
        let spread_ms = self.new_spread();
        let ping = wire::Server::Ping {
            heads,
            sum,
            spread_ms,
        };
        self.link.say(&ping).await
    }

    /// Over how long the crowd should spread its return, if this link has not
    /// been told so: it was welcomed when the crowd was smaller.
    fn new_spread(&mut self) -> Option<u64> {
        let spread = self.server.spread_ms();
        let told = std::mem::replace(&mut self.spread_told, spread);
        (told != spread).then_some(spread)
    }

    /// How far this person's conversations have got, by the store and not by
    /// hints: a hint that was lost is made up for here.
    async fn heads(&mut self) -> Result<(Vec<wire::Head>, Option<String>), Ending> {
        let heads = match self.attendance.heads().await {
            Ok(heads) => heads,
            Err(error) => {
                tracing::warn!(%error, "heads could not be read");
                return Ok((Vec::new(), None));
            }
        };
        let mut sum = 0_u64;
        let mut changed = Vec::new();
        for (conversation, head) in heads {
            if !self.attendance.attends(&conversation) {
                self.joined(conversation.clone()).await?;
            }
            sum = sum.wrapping_add(head.0);
            let number = self.attendance.attend(&conversation);
            // Also where an earlier look failed half-way.
            self.attendance.begin(number, head);
            let Some(subscription) = self.attendance.subscription(number) else {
                continue;
            };
            if subscription.pinged != head && changed.len() < HEADS {
                subscription.pinged = head;
                changed.push(wire::Head {
                    conv: conversation.to_string(),
                    seq: head.0,
                });
            }
        }
        Ok((changed, Some(sum.to_string())))
    }
}

/// Without the store there is no welcome: the client comes back.
fn or_internal<T, E: std::fmt::Display>(result: Result<T, E>) -> Result<T, Ending> {
    result.map_err(|error| {
        tracing::warn!(%error, "nobody can be welcomed");
        Ending::Close(Closing::retry(close::TRY_LATER, UNAVAILABLE_RETRY_MS))
    })
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// When to say it again; `None`: never.
fn retry_ms(refusal: &Refusal) -> Option<u64> {
    match refusal {
        Refusal::TooFast(wait) => Some(millis(*wait) + 1),
        Refusal::Unavailable(_) => Some(UNAVAILABLE_RETRY_MS),
        Refusal::NoConversation
        | Refusal::Forbidden
        | Refusal::BadBody
        | Refusal::TooLarge
        | Refusal::ClientIdReused => None,
    }
}
