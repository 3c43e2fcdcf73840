//! What the person wants and what the page goes through. Every sign of life is
//! answered by what is true now: visibility comes with the event, and is never
//! remembered.
//!
//! Knows no browser: only the events of `PageEvent`.

use std::time::Duration;

use super::phase::Phase;
use super::{Command, Network, PageEvent, PageState, Session, What, Wish, deadline::READ_EVERY};
use crate::TYPING;
use crate::dialect::{History, WhenHidden};
use crate::frame::ClientFrame;
use crate::history::Fetch;
use crate::ids::{ConversationId, ItemKey};
use crate::outbox::Write;
use crate::planted::{Bug, planted};
use crate::time::Instant;

/// A link that was heard so recently is not asked again.
const FRESH: Duration = Duration::from_secs(3);
/// The focus comes and goes while one works: only a quiet link is asked then.
const FRESH_FOR_FOCUS: Duration = Duration::from_secs(10);
/// Typing is told at most so often.
const TYPING_EVERY: Duration = Duration::from_secs(3);

impl Session {
    pub(super) fn on_command(&mut self, now: Instant, command: Command) {
        match command {
            Command::Start => self.start(now),
            Command::Join(name) => self.join(now, name),
            Command::Open(id) => self.open(now, id),
            Command::Leave => self.set_current(None),
            Command::Say(id, content, said_at) => self.say(now, id, content, said_at),
            Command::Retry(id, key) if self.is_missing(&id, key) => self.say_again(now, &id, key),
            Command::Retry(_, key) => self.retry(key),
            Command::Edit(_, key, content) => self.edit(now, key, content),
            Command::Delete(id, key) => {
                self.delete(key);
                self.remove_missing(id, key);
            }
            Command::LoadOlder(id) => self.load_older(now, &id),
            Command::LoadGap(id, key) => self.load_gap(now, &id, key),
            Command::Seen(id, seq) => {
                if let Some(conversation) = self.conversations.get_mut(&id)
                    && conversation.on_seen(seq)
                {
                    self.touched.insert(id);
                    self.tell_read_marks(now);
                }
            }
            Command::Typing(id) => self.type_in(now, id),
            Command::Draft(id, text) => {
                if let Some(uid) = self.keeper() {
                    self.save(Write::Unfinished(uid, id, text));
                }
            }
            Command::Now => {
                self.dial_if_down(now, Wish::Person);
                self.ask_server_if_quiet(now, Duration::ZERO);
            }
            Command::SignOut => self.sign_out(now),
        }
    }

    fn open(&mut self, now: Instant, id: ConversationId) {
        Self::conversation_mut(&mut self.conversations, &id);
        self.touched.insert(id.clone());
        self.set_current(Some(id.clone()));
        self.open_current(now, &id);
    }

    fn load_older(&mut self, now: Instant, id: &ConversationId) {
        let pages = self.as_given() == Some(History::Pages);
        let Some(conversation) = self.conversations.get_mut(id) else {
            return;
        };
        if pages && conversation.backward_part().is_some() {
            conversation.want_older_as_given(now);
        }
        let waits = conversation.missed > 0 && matches!(conversation.forward, Fetch::Wanted(_));
        if conversation.forward == Fetch::Failed || waits {
            conversation.forward = Fetch::Wanted(now);
        }
        if conversation.backward_part().is_some() && !conversation.backward.is_open() {
            conversation.backward = Fetch::Wanted(now);
        }
        self.touched.insert(id.clone());
    }

    fn load_gap(&mut self, now: Instant, id: &ConversationId, key: ItemKey) {
        if !self.is_numbered() {
            return;
        }
        let Some(conversation) = self.conversations.get_mut(id) else {
            return;
        };
        if conversation.gap.is_none() && conversation.timeline.gap(key).is_some() {
            conversation.gap = Some((key, Fetch::Wanted(now)));
            conversation.timeline.set_gap_loading(key, true);
            self.touched.insert(id.clone());
        }
    }

    fn type_in(&mut self, now: Instant, id: ConversationId) {
        if !TYPING {
            return;
        }
        let told = self.typing_told.as_ref();
        let recently =
            told.is_some_and(|(at_id, at)| *at_id == id && now.since(*at) < TYPING_EVERY);
        if recently || !matches!(self.phase, Phase::Online(_)) {
            return;
        }
        self.transmit(&ClientFrame::Typing(id.clone()));
        self.typing_told = Some((id, now));
    }

    /// Tells how far I have read, each conversation at most once a second.
    pub(super) fn tell_read_marks(&mut self, now: Instant) {
        if !self.is_numbered() || !matches!(self.phase, Phase::Online(_)) {
            return;
        }
        let mut due = Vec::new();
        for (id, conversation) in &mut self.conversations {
            let told_at = self.read_told_at.get(id);
            let free = told_at.is_none_or(|at| *at + READ_EVERY <= now);
            if conversation.read > conversation.read_told && free {
                conversation.read_told = conversation.read;
                due.push((id.clone(), conversation.read));
            }
        }
        for (id, seq) in due {
            self.read_told_at.insert(id.clone(), now);
            self.transmit(&ClientFrame::Read(id, seq));
        }
    }

    /// What the device says about its network is a hint, and shown as one.
    pub(super) fn on_page_state(&mut self, page: PageState) {
        self.network = if page.online {
            Network::Up
        } else {
            Network::Down
        };
    }

    pub(super) fn on_page_event(&mut self, now: Instant, event: PageEvent, page: PageState) {
        self.memory.page(event, page);
        let what = match event {
            PageEvent::PageShow { persisted: true } | PageEvent::Resume => Some(What::Back),
            PageEvent::VisibilityChanged if page.visible => Some(What::Shown),
            PageEvent::VisibilityChanged => Some(What::Hidden),
            PageEvent::ClockGap => Some(What::Slept),
            PageEvent::LinkMoved => Some(What::Moved),
            PageEvent::Online => Some(What::Network),
            PageEvent::Offline => Some(What::Offline),
            PageEvent::PageShow { persisted: false }
            | PageEvent::PageHide
            | PageEvent::Freeze
            | PageEvent::Focus
            | PageEvent::HostActive(_) => None,
        };
        if let Some(what) = what {
            self.note(now, what, 0);
        }
        match event {
            // The socket says that it is open and is dead: frames sent
            // meanwhile are gone, and only a new link tells.
            PageEvent::PageShow { persisted: true } | PageEvent::Resume | PageEvent::LinkMoved => {
                self.renew(now)
            }
            PageEvent::PageHide | PageEvent::Freeze => self.suspend(now),
            PageEvent::VisibilityChanged if page.visible => self.on_sign_of_life(now, FRESH),
            PageEvent::VisibilityChanged => {
                if self.dialect.capabilities().when_hidden == WhenHidden::Closes {
                    self.suspend(now);
                }
            }
            PageEvent::HostActive(true) => self.on_sign_of_life(now, FRESH),
            PageEvent::HostActive(false) => {}
            PageEvent::PageShow { persisted: false } => self.on_sign_of_life(now, FRESH),
            PageEvent::ClockGap => self.on_hint(now, FRESH, page),
            PageEvent::Focus => self.on_sign_of_life(now, FRESH_FOR_FOCUS),
            PageEvent::Online => self.on_hint(now, Duration::ZERO, page),
            // Never trusted: the link is asked, not closed.
            PageEvent::Offline => self.ask_server_if_quiet(now, Duration::ZERO),
        }
    }

    /// The link is known to be dead, whatever it says.
    fn renew(&mut self, now: Instant) {
        match &self.phase {
            Phase::Idle(_) | Phase::Ended(_) => {}
            Phase::Connecting(_)
            | Phase::Greeting(_)
            | Phase::Online(_)
            | Phase::Waiting(_)
            | Phase::Suspended(_) => {
                self.forgive(now);
                self.look_at_device();
                self.dialled_at_once = Some(now);
                self.dial(now);
            }
        }
    }

    fn on_sign_of_life(&mut self, now: Instant, fresh: Duration) {
        self.forgive(now);
        self.read_again(now);
        self.look_at_device();
        self.dial_if_down(now, Wish::Sign);
        self.ask_server_if_quiet(now, fresh);
        self.doubt_link_on_show(now);
    }

    /// Something that happens to hidden pages too: those dial nothing unless
    /// something is unsent.
    fn on_hint(&mut self, now: Instant, fresh: Duration, page: PageState) {
        if page.visible || !self.outbox.is_empty() || planted(Bug::DialWhileHidden) {
            self.on_sign_of_life(now, fresh);
        } else {
            self.ask_server_if_quiet(now, fresh);
        }
    }

    /// What went wrong while nobody looked is no trouble yet: it gets its two
    /// seconds before it is shown.
    fn forgive(&mut self, now: Instant) {
        if self.trouble_since.is_some() && !matches!(self.phase, Phase::Ended(_)) {
            self.trouble_since = Some(now);
        }
    }
}
