//! A gateway's socket: first a stranger's, then a person's, who is a member
//! like any other.
//!
//! A gateway drives it: it asks for the next event, and says, enters and reads
//! on behalf of the person. Knows no dialect.

use std::collections::{HashSet, VecDeque};
use std::convert::Infallible;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::ws::{Utf8Bytes, WebSocket, WebSocketUpgrade};
use axum::response::Response;
use parlance_core::close;
use parlance_core::content::Content;
use parlance_core::dialect::native::{body_of, wire};
use parlance_core::ids::{ClientId, ConversationId, Seq, Uid};
use tokio::time::{Instant, sleep_until};

use crate::attendance::{Attendance, TooManyLinks};
use crate::auth::Identity;
use crate::clock;
use crate::encode::Pushed;
use crate::mailbox::{Closing, Gathered, Mailbox, Notice, Nudge, RoomNumber};
use crate::random;
use crate::rates::Rate;
use crate::server::{Server, Waiting};
use crate::socket::{Counted, Ending, Heard, Socket, until_it_ends};
use crate::store::{Appended, Message, Millis, StoreError};
use crate::voice::{Refusal, Voice};

/// Bytes of a message on a gateway's socket: a text of 32 kB that was written
/// into JSON three times over, as one of the old pages does.
const MESSAGE_BYTES: usize = 256 * 1024;
/// Bytes that may wait in a socket's buffer: see `http.rs`.
const WRITE_BUFFER_BYTES: usize = 4 * 1024 * 1024;

/// Messages that come with a pair of which the client did not know.
const FIRST_WORDS: u64 = 100;

/// What a gateway speaks.
pub(crate) trait Dialogue: Send + 'static {
    /// The whole of it, from the open socket to its end. What ends it is an
    /// [`Ending`]: from the visit, or made here.
    fn converse(
        &mut self,
        visit: &mut Visit,
    ) -> impl Future<Output = Result<Infallible, Ending>> + Send;

    /// What is said before the server closes, in words that the dialect has
    /// for it.
    fn last_words(&self, closing: &Closing) -> Vec<String> {
        let _ = closing;
        Vec::new()
    }
}

/// Takes the socket of a handshake that was let through, and lets this
/// gateway speak on it.
pub(super) fn receive(
    upgrade: WebSocketUpgrade,
    server: Arc<Server>,
    waiting: Waiting,
    from: IpAddr,
    gateway: &'static str,
    dialogue: impl Dialogue,
) -> Response {
    upgrade
        .max_message_size(MESSAGE_BYTES)
        .max_frame_size(MESSAGE_BYTES)
        .read_buffer_size(8 * 1024)
        // Flushed after each batch anyway: no need to gather here.
        .write_buffer_size(0)
        .max_write_buffer_size(WRITE_BUFFER_BYTES)
        .on_upgrade(move |socket| serve(socket, server, waiting, from, gateway, dialogue))
}

async fn serve(
    socket: WebSocket,
    server: Arc<Server>,
    waiting: Waiting,
    from: IpAddr,
    gateway: &'static str,
    mut dialogue: impl Dialogue,
) {
    let counted = Counted::one_more(&server);
    let mailbox = Arc::new(Mailbox::default());
    let socket = Socket::new(socket, &server, Arc::clone(&mailbox));
    let mut visit = Visit::new(Arc::clone(&server), socket, mailbox, waiting, from, gateway);
    let ending = until_it_ends(&server, dialogue.converse(&mut visit)).await;
    let last_words = match &ending {
        Ending::Close(closing) => dialogue.last_words(closing),
        Ending::Gone => Vec::new(),
    };
    // Gone from the rooms before the farewell, which may take a second.
    let Visit {
        socket, attendance, ..
    } = visit;
    drop(attendance);
    socket.finish(for_old_pages(ending), last_words).await;
    drop(server);
    drop(counted);
}

/// Old pages know no codes of ours: they get the common ones.
fn for_old_pages(ending: Ending) -> Ending {
    let Ending::Close(closing) = ending else {
        return ending;
    };
    let code = match closing.code {
        close::SLOW | close::ABUSIVE | close::NO_HELLO | close::SILENT => close::TRY_LATER,
        close::EXPIRED | close::SIGNED_OUT | close::BANNED | close::BAD_TICKET => POLICY,
        close::INTERNAL => 1011,
        code => code,
    };
    Ending::Close(Closing::with(code))
}

/// The credential does not hold, or not any more.
pub(crate) const POLICY: u16 = 1008;

/// What can happen on a visit.
#[derive(Debug)]
#[allow(dead_code, reason = "no backend has words for all that can be told")]
pub(crate) enum Event {
    /// The client said this.
    Text(Utf8Bytes),
    /// A message, of a conversation that the visit attends: each once, in the
    /// order of the log, one's own too.
    Message(ConversationId, Arc<Message>),
    /// The message of this place and id was taken back; these words stand in
    /// its place.
    Recalled(ConversationId, Seq, String, String),
    /// Somebody came to a conversation that the visit attends.
    Came(ConversationId, wire::Person),
    /// Somebody went, and was here until then.
    Went(ConversationId, Uid, Option<Millis>),
    /// Somebody types.
    Typing(ConversationId, wire::Person),
    /// Somebody, perhaps this person elsewhere, has read up to here.
    Read(ConversationId, Uid, Seq),
    /// This person is in one more conversation: somebody wrote to them, or
    /// they entered it elsewhere. Only when everything is attended.
    Joined(ConversationId),
    /// The people of a conversation are others now.
    People(ConversationId),
    /// A request of the same person over the same gateway asks for this.
    Nudge(&'static str),
    /// The time that [`Visit::wake_in`] named has come.
    Woke,
}

/// Which conversations are told of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scope {
    /// All of which the person is a member, those that come later too.
    Everything,
    /// Those that the visit enters.
    Entered,
}

/// A gateway's socket.
pub(crate) struct Visit {
    /// Where the client is.
    pub(crate) from: IpAddr,
    server: Arc<Server>,
    socket: Socket,
    mailbox: Arc<Mailbox>,
    gateway: &'static str,
    waiting: Option<Waiting>,
    attendance: Option<Attendance>,
    scope: Scope,
    expires: Option<Millis>,
    events: VecDeque<Event>,
    /// Rooms in which something may be due.
    due: HashSet<RoomNumber>,
    frames: Rate,
    opened_at: Instant,
    heard_at: Instant,
    look_at: Instant,
    wake_at: Option<Instant>,
}

impl Visit {
    fn new(
        server: Arc<Server>,
        socket: Socket,
        mailbox: Arc<Mailbox>,
        waiting: Waiting,
        from: IpAddr,
        gateway: &'static str,
    ) -> Self {
        let now = Instant::now();
        Self {
            from,
            frames: server.frames(),
            // Links that came together do not look together.
            look_at: now + random::portion(server.config.ping_every, 500, 1000),
            server,
            socket,
            mailbox,
            gateway,
            waiting: Some(waiting),
            attendance: None,
            scope: Scope::Entered,
            expires: None,
            events: VecDeque::new(),
            due: HashSet::new(),
            opened_at: now,
            heard_at: now,
            wake_at: None,
        }
    }

    /// The server that is visited.
    pub(crate) fn server(&self) -> &Arc<Server> {
        &self.server
    }

    /// What the person may do; nobody is known before [`come_in`](Self::come_in).
    pub(crate) fn voice(&self) -> Option<&Voice> {
        self.attendance.as_ref().map(|attendance| &attendance.voice)
    }

    /// From now on this socket is this person's, who is here for everybody
    /// else. Said again of the same person, as some pages do, it changes
    /// nothing; of another one, they go and the other comes.
    pub(crate) async fn come_in(&mut self, identity: Identity, scope: Scope) -> Result<(), Ending> {
        self.expires = identity.expires;
        let voice = Voice::new(&self.server, identity.person);
        if let Some(attendance) = &mut self.attendance
            && self.scope == scope
            && attendance.uid() == voice.uid()
        {
            attendance.be_known_as(voice);
            return Ok(());
        }
        self.attendance = None;
        self.events.clear();
        self.due.clear();
        self.scope = scope;
        let attendance = Attendance::new(voice, &self.mailbox);
        let mut attendance = attendance.map_err(|TooManyLinks| Ending::code(close::TRY_LATER))?;
        // Whoever is known does not count as a stranger any more.
        self.waiting = None;
        if scope == Scope::Everything {
            or_later(attendance.attend_everything().await)?;
        }
        if attendance.was_away {
            let heads = or_later(attendance.heads().await)?;
            let person = attendance.voice.person();
            for (conversation, _) in heads {
                self.server.hub.tell_came(&conversation, person);
            }
        }
        let asked = self
            .server
            .early
            .take(self.gateway, attendance.uid(), Instant::now());
        self.events.extend(asked.map(Event::Nudge));
        self.attendance = Some(attendance);
        Ok(())
    }

    /// The person is a member of this conversation, and the visit is told of
    /// what is said there from now on. Answers how far it has got: everything
    /// up to there is in its pages, everything after comes as an event.
    pub(crate) async fn enter(&mut self, conversation: &ConversationId) -> Result<Seq, Refusal> {
        let Some(attendance) = &mut self.attendance else {
            return Err(Refusal::Forbidden);
        };
        let (number, head) = attendance.enter(conversation).await?;
        self.due.insert(number);
        Ok(head)
    }

    /// Says this, as the person. Answers after the commit. The message also
    /// comes as an event, where the visit attends the conversation.
    pub(crate) async fn say(
        &mut self,
        conversation: &ConversationId,
        client_id: Option<ClientId>,
        content: &Content,
    ) -> Result<Appended, Refusal> {
        let Some(attendance) = &mut self.attendance else {
            return Err(Refusal::Forbidden);
        };
        let pair = matches!(conversation, ConversationId::Pair(..));
        if pair && !attendance.attends(conversation) {
            // Whoever writes to somebody hears what comes back.
            attendance.enter(conversation).await?;
        }
        let known = attendance.attends(conversation);
        let voice = attendance.voice.clone();
        voice
            .say_in(conversation, known, client_id, body_of(content))
            .await
    }

    /// What this conversation still has to tell up to this place: for a
    /// gateway that echoes before it acknowledges. What is given out here
    /// does not come as an event again.
    pub(crate) async fn ahead(
        &mut self,
        conversation: &ConversationId,
        upto: Seq,
    ) -> Result<Vec<Arc<Message>>, Ending> {
        let is_it =
            |event: &Event| matches!(event, Event::Message(other, _) if other == conversation);
        let (first, others) = self.events.drain(..).partition::<VecDeque<_>, _>(is_it);
        self.events = others;
        let mut messages: Vec<_> = first
            .into_iter()
            .filter_map(|event| match event {
                Event::Message(_, message) => Some(message),
                Event::Text(_)
                | Event::Recalled(..)
                | Event::Came(..)
                | Event::Went(..)
                | Event::Typing(..)
                | Event::Read(..)
                | Event::Joined(_)
                | Event::People(_)
                | Event::Nudge(_)
                | Event::Woke => None,
            })
            .collect();
        let Some(attendance) = &mut self.attendance else {
            return Ok(messages);
        };
        let Some(number) = attendance.number(conversation) else {
            return Ok(messages);
        };
        if let Some(subscription) = attendance.subscription(number) {
            subscription.room.reached(upto);
        }
        while messages.last().is_none_or(|last| last.seq < upto) {
            let due = attendance.due(number).await?;
            if due.is_empty() {
                break;
            }
            messages.extend(due.iter().map(|pushed| Arc::clone(&pushed.message)));
        }
        Ok(messages)
    }

    /// Says this to the client, with one flush.
    pub(crate) async fn tell(
        &mut self,
        texts: impl IntoIterator<Item = String>,
    ) -> Result<(), Ending> {
        self.socket.say_all(texts).await
    }

    /// Whether the client closed in order.
    pub(crate) const fn said_goodbye(&self) -> bool {
        self.socket.said_goodbye()
    }

    /// [`Event::Woke`] comes after so long. There is one such time: the last
    /// that was named.
    pub(crate) fn wake_in(&mut self, wait: Duration) {
        self.wake_at = Some(Instant::now() + wait);
    }

    /// What happens next.
    pub(crate) async fn next(&mut self) -> Result<Event, Ending> {
        loop {
            if let Some(closing) = self.mailbox.closing() {
                return Err(Ending::Close(closing));
            }
            if let Some(event) = self.events.pop_front() {
                return Ok(event);
            }
            if self.gather_due().await? {
                continue;
            }
            let every = self.server.config.ping_every;
            let far = Instant::now() + Duration::from_secs(24 * 3600);
            let stranger = self.attendance.is_none();
            let known_by = self.opened_at + self.server.config.hello_within;
            tokio::select! {
                heard = self.socket.hear() => {
                    self.heard_at = Instant::now();
                    if let Heard::Text(text) = heard? {
                        if !self.frames.take() {
                            return Err(Ending::code(close::ABUSIVE));
                        }
                        return Ok(Event::Text(text));
                    }
                }
                () = self.mailbox.something() => {
                    let gathered = self.mailbox.take();
                    self.sort(gathered).await;
                }
                () = sleep_until(self.look_at) => self.look().await?,
                () = sleep_until(self.heard_at + every * 2) => {
                    return Err(Ending::code(close::SILENT));
                }
                () = sleep_until(clock::instant(self.expires)) => {
                    return Err(Ending::code(close::EXPIRED));
                }
                () = sleep_until(self.wake_at.unwrap_or(far)), if self.wake_at.is_some() => {
                    self.wake_at = None;
                    return Ok(Event::Woke);
                }
                () = sleep_until(known_by), if stranger => {
                    return Err(Ending::code(close::NO_HELLO));
                }
                // The hub knows nothing of strangers.
                () = self.server.ends(), if stranger => {
                    return Err(Ending::Close(self.server.goodbye()));
                }
            }
        }
    }

    /// Takes what is due in one room. Answers whether anything was.
    async fn gather_due(&mut self) -> Result<bool, Ending> {
        let Some(attendance) = &mut self.attendance else {
            return Ok(false);
        };
        while let Some(number) = self.due.iter().next().copied() {
            let messages = attendance.due(number).await?;
            if messages.is_empty() {
                self.due.remove(&number);
                continue;
            }
            let Some(subscription) = attendance.subscription(number) else {
                continue;
            };
            let conversation = subscription.room.conversation.clone();
            let event = |pushed: Arc<Pushed>| {
                Event::Message(conversation.clone(), Arc::clone(&pushed.message))
            };
            self.events.extend(messages.into_iter().map(event));
            return Ok(true);
        }
        Ok(false)
    }

    /// Turns what has gathered into events.
    async fn sort(&mut self, gathered: Gathered) {
        self.due.extend(gathered.rooms);
        for notice in gathered.notices {
            match notice {
                Notice::Frame(told) => self.events.extend(event_of(&told.frame)),
                Notice::Joined(conversation) => self.joined(conversation).await,
                Notice::Roster(conversation) => {
                    self.events.push_back(Event::People(conversation));
                }
                Notice::Nudge(Nudge { gateway, what }) => {
                    if gateway == self.gateway {
                        self.events.push_back(Event::Nudge(what));
                    }
                }
            }
        }
        for ((conversation, uid), seq) in gathered.reads {
            if let Some(conversation) = ConversationId::parse(&conversation) {
                let event = Event::Read(conversation, Uid::new(uid), Seq(seq));
                self.events.push_back(event);
            }
        }
    }

    /// This person is in a conversation that this visit was not told of. The
    /// message that made them a member comes as an event after it.
    async fn joined(&mut self, conversation: ConversationId) {
        let Some(attendance) = &mut self.attendance else {
            return;
        };
        if self.scope == Scope::Entered || attendance.attends(&conversation) {
            return;
        }
        let number = attendance.attend(&conversation);
        let summary = attendance.voice.conversation(&conversation).await;
        match summary {
            Ok(Some(summary)) => {
                let after = match conversation {
                    // Somebody wrote first: an old page asks for no history
                    // of what it does not know.
                    ConversationId::Pair(..) => {
                        let earliest = summary.head.0.saturating_sub(FIRST_WORDS);
                        Seq(summary.read.0.max(earliest))
                    }
                    ConversationId::Room(_) => summary.head,
                };
                attendance.begin_after(number, after, summary.head);
                self.due.insert(number);
                self.events.push_back(Event::Joined(conversation));
            }
            Ok(None) => {}
            Err(refusal) => tracing::warn!(%refusal, "a conversation was not told of"),
        }
    }

    /// Asks whether the client is there, and compares the heads with the
    /// store: a hint that was lost is made up for here.
    async fn look(&mut self) -> Result<(), Ending> {
        let every = self.server.config.ping_every;
        self.look_at = Instant::now() + random::portion(every, 900, 1100);
        self.socket.ping().await?;
        let Some(attendance) = &mut self.attendance else {
            return Ok(());
        };
        let heads = match attendance.heads().await {
            Ok(heads) => heads,
            Err(error) => {
                tracing::warn!(%error, "heads could not be read");
                return Ok(());
            }
        };
        let mut news = Vec::new();
        for (conversation, head) in heads {
            match attendance.number(&conversation) {
                Some(number) => {
                    // Also where an earlier look failed half-way.
                    attendance.begin(number, head);
                    self.due.insert(number);
                }
                None => news.push(conversation),
            }
        }
        for conversation in news {
            self.joined(conversation).await;
        }
        Ok(())
    }
}

/// What a frame that is told everybody says to a gateway.
fn event_of(frame: &wire::Server) -> Option<Event> {
    let conversation = |conv: &str| ConversationId::parse(conv);
    match frame {
        wire::Server::Came { conv, who } => Some(Event::Came(conversation(conv)?, who.clone())),
        wire::Server::Went { conv, uid, seen } => {
            let uid = Uid::new(uid.clone());
            Some(Event::Went(conversation(conv)?, uid, *seen))
        }
        wire::Server::Recalled {
            conv,
            seq,
            id,
            text,
        } => {
            let conversation = conversation(conv)?;
            Some(Event::Recalled(
                conversation,
                Seq(*seq),
                id.clone(),
                text.clone(),
            ))
        }
        wire::Server::Typing { conv, who } => Some(Event::Typing(conversation(conv)?, who.clone())),
        // These are made for one native link.
        wire::Server::Welcome { .. }
        | wire::Server::Opened { .. }
        | wire::Server::Conv { .. }
        | wire::Server::Ack { .. }
        | wire::Server::Nack { .. }
        | wire::Server::Push { .. }
        | wire::Server::Page { .. }
        | wire::Server::Gone { .. }
        | wire::Server::Roster { .. }
        | wire::Server::Read { .. }
        | wire::Server::Ping { .. }
        | wire::Server::Pong { .. }
        | wire::Server::Bye { .. }
        | wire::Server::Error { .. }
        | wire::Server::Unknown => None,
    }
}

/// Without the store nobody comes in: the client comes back.
fn or_later<T>(result: Result<T, StoreError>) -> Result<T, Ending> {
    result.map_err(|error| {
        tracing::warn!(%error, "nobody can come in");
        Ending::code(close::TRY_LATER)
    })
}
