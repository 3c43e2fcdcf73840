//! Who counts as here: whoever has a link that answers, or had one until a
//! moment ago.
//!
//! Knows nothing of what links say. The others are told once that somebody
//! went, and once that they came, however many links there are.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use parlance_core::dialect::native::wire;
use parlance_core::ids::{ConversationId, Uid};

use super::{Hub, LinkNumber};
use crate::clock;
use crate::lock;
use crate::mailbox::Mailbox;
use crate::store::Millis;

/// A person with links here, or who had one until a moment ago.
pub(super) struct Present {
    pub(super) links: HashMap<LinkNumber, Arc<Mailbox>>,
    // Those of them that do not answer: they may be alive, and nobody is there.
    dozing: HashSet<LinkNumber>,
    // Whether the others were told that this person went, links or not.
    away: bool,
    // Counts the departures, so that an old one's end finds out that it is old.
    departures: u64,
}

impl Present {
    fn is_awake(&self) -> bool {
        self.dozing.len() < self.links.len()
    }
}

/// Somebody who went, as far as is known.
struct Gone {
    uid: Uid,
    departure: u64,
    /// When they were last here.
    seen: Millis,
    /// How long their return is waited for.
    linger: Duration,
    /// The conversations that are told, when the store cannot say.
    from: Vec<ConversationId>,
}

impl Hub {
    /// A person has one more link. Answers whether they were away before, or
    /// nothing when they have too many links.
    pub(crate) fn arrive(
        &self,
        uid: &Uid,
        link: LinkNumber,
        mailbox: &Arc<Mailbox>,
        most: usize,
    ) -> Option<bool> {
        let mut people = lock(&self.people);
        let present = people.entry(uid.clone()).or_insert_with(|| Present {
            links: HashMap::new(),
            dozing: HashSet::new(),
            away: true,
            departures: 0,
        });
        if present.links.len() >= most {
            return None;
        }
        present.links.insert(link, Arc::clone(mailbox));
        Some(std::mem::take(&mut present.away))
    }

    /// A link has not answered for a while. When it was the person's last that
    /// did, their conversations are told that they went.
    pub(crate) fn doze(
        self: &Arc<Self>,
        uid: &Uid,
        link: LinkNumber,
        silence: Duration,
        from: Vec<ConversationId>,
    ) {
        let departure = {
            let mut people = lock(&self.people);
            let Some(present) = people.get_mut(uid) else {
                return;
            };
            present.dozing.insert(link);
            if present.is_awake() {
                return;
            }
            present.departures += 1;
            present.departures
        };
        let silence = Millis::try_from(silence.as_millis()).unwrap_or(0);
        let gone = Gone {
            uid: uid.clone(),
            departure,
            seen: clock::unix_millis() - silence,
            // It was waited for long enough.
            linger: Duration::ZERO,
            from,
        };
        let hub = Arc::clone(self);
        self.beside(async move { hub.be_gone(gone).await });
    }

    /// A link that did not answer does. Answers whether the others had been
    /// told that this person went.
    pub(crate) fn wake(&self, uid: &Uid, link: LinkNumber) -> bool {
        let mut people = lock(&self.people);
        let Some(present) = people.get_mut(uid) else {
            return false;
        };
        present.dozing.remove(&link);
        std::mem::take(&mut present.away)
    }

    /// A person has one link less. When it was the last, and no other comes
    /// for a while, their conversations are told: those of the store, or these
    /// when it cannot say.
    pub(crate) fn depart(self: &Arc<Self>, uid: &Uid, link: LinkNumber, from: Vec<ConversationId>) {
        let departure = {
            let mut people = lock(&self.people);
            let Some(present) = people.get_mut(uid) else {
                return;
            };
            present.links.remove(&link);
            present.dozing.remove(&link);
            if present.is_awake() {
                return;
            }
            present.departures += 1;
            present.departures
        };
        let gone = Gone {
            uid: uid.clone(),
            departure,
            seen: clock::unix_millis(),
            linger: self.linger,
            from,
        };
        let hub = Arc::clone(self);
        self.beside(async move { hub.be_gone(gone).await });
    }

    async fn be_gone(&self, gone: Gone) {
        let Gone {
            uid,
            departure,
            seen,
            linger,
            from,
        } = gone;
        if let Err(error) = self.store.seen(uid.clone(), seen).await {
            tracing::warn!(%error, "could not write down when somebody was seen");
        }
        tokio::time::sleep(linger).await;
        // The last link need not have been told of all that they are in.
        let from = match self.store.heads(uid.clone()).await {
            Ok(heads) => heads
                .into_iter()
                .map(|(conversation, _)| conversation)
                .collect(),
            Err(error) => {
                tracing::warn!(%error, "could not read where somebody was");
                from
            }
        };
        {
            let mut people = lock(&self.people);
            let Some(present) = people.get_mut(&uid) else {
                return;
            };
            if present.is_awake() || present.departures != departure {
                return;
            }
            let told = std::mem::replace(&mut present.away, true);
            if present.links.is_empty() {
                people.remove(&uid);
            }
            if told {
                return;
            }
        }
        for conversation in from {
            if let Some(room) = self.room(&conversation) {
                room.tell_crowd(
                    &uid,
                    wire::Server::Went {
                        conv: conversation.to_string(),
                        uid: uid.as_str().to_owned(),
                        seen: Some(seen),
                    },
                );
            }
        }
    }

    /// Whether this person is here.
    pub(crate) fn is_here(&self, uid: &Uid) -> bool {
        let people = lock(&self.people);
        people.get(uid).is_some_and(|present| !present.away)
    }
}
