//! Who is where, by J-IM's notices and lists. A notice of leaving is sent
//! when one of several sockets closes, so nobody is shown as gone before the
//! server has been asked who is there.
//!
//! Knows no clock: a question that is not answered is given up after so many
//! beats.

use crate::map::{Map, Set};
use std::collections::VecDeque;

use super::wire::{Circle, User};
use crate::frame::{ConversationHead, Heads, Person, ServerFrame};
use crate::ids::{ConversationId, Seq, Uid};

/// More people, or more groups, than this are not remembered.
const MOST: usize = 5_000;

/// A question that so many beats have passed over is not answered any more.
const BEATS: u8 = 3;

/// Somebody in a conversation.
type Place = (ConversationId, Uid);

/// Everybody who was heard of.
#[derive(Debug, Default)]
pub(super) struct People {
    /// What they are called and their pictures, which a stock server leaves
    /// out of messages.
    faces: Map<Uid, Face>,
    rooms: Map<ConversationId, Room>,
    /// The groups that the server counts me in, once it has said so.
    mine: Option<Set<String>>,
    /// Groups that were asked to let me in on this link.
    joining: Set<String>,
    /// Who is said to have left since the last question.
    doubted: Set<Place>,
    /// Questions who is online, the oldest first: they are answered in order.
    asked: VecDeque<Question>,
    /// Whether the server has ever said who is online.
    answers: bool,
}

#[derive(Clone, Debug, Default)]
struct Face {
    nick: Option<String>,
    avatar: Option<String>,
}

#[derive(Debug, Default)]
struct Room {
    /// Everybody who was seen here, and whether they are here now.
    online: Map<Uid, bool>,
    /// Whether the whole list was told on this link.
    told: bool,
}

#[derive(Debug, Default)]
struct Question {
    /// Who is said to have left: gone, unless the answer has them.
    about: Set<Place>,
    /// Who came meanwhile: the answer may have been made before.
    came: Set<Place>,
    /// Beats since it was asked.
    beats: u8,
}

impl People {
    /// A new link: what was asked on the old one is not answered any more.
    pub(super) fn reset(&mut self) {
        self.doubted.clear();
        self.asked.clear();
        self.mine = None;
        self.joining.clear();
        for room in self.rooms.values_mut() {
            room.told = false;
            if !self.answers {
                // Nobody will say who left while there was no link.
                room.online.values_mut().for_each(|online| *online = false);
            }
        }
    }

    /// This is how somebody is called and looks.
    pub(super) fn learn(&mut self, uid: &Uid, nick: Option<&str>, avatar: Option<&str>) {
        if self.faces.len() >= MOST && !self.faces.contains_key(uid) {
            return;
        }
        let face = self.faces.get_or_default(uid.clone());
        for (known, heard) in [(&mut face.nick, nick), (&mut face.avatar, avatar)] {
            if let Some(heard) = heard.filter(|heard| !heard.is_empty()) {
                *known = Some(heard.to_owned());
            }
        }
    }

    /// Somebody, as they were last described.
    pub(super) fn person(&self, uid: &Uid, online: bool) -> Person {
        let face = self.faces.get(uid).cloned().unwrap_or_default();
        Person {
            uid: uid.clone(),
            name: face.nick.unwrap_or_else(|| uid.to_string()),
            avatar: face.avatar,
            online,
            last_seen: None,
            host: false,
        }
    }

    /// Groups that notices came from: I am in them.
    pub(super) fn rooms(&self) -> impl Iterator<Item = &ConversationId> {
        let rooms = self.rooms.keys();
        rooms.filter(|room| matches!(room, ConversationId::Room(_)))
    }

    /// What the notices before the login came to. Where the server is known to
    /// list people, its list is waited for.
    pub(super) fn on_welcome(&mut self) -> Vec<ServerFrame> {
        if self.answers {
            return Vec::new();
        }
        // Told or not: what was told before the welcome was not heard.
        let rooms: Vec<ConversationId> = self.rooms.keys().cloned().collect();
        rooms.iter().map(|room| self.roster(room)).collect()
    }

    /// Everybody, wherever nobody was told of on this link.
    fn untold(&mut self) -> Vec<ServerFrame> {
        let rooms = self.rooms.iter().filter(|(_, room)| !room.told);
        let rooms: Vec<ConversationId> = rooms.map(|(id, _)| id.clone()).collect();
        rooms.iter().map(|room| self.roster(room)).collect()
    }

    fn roster(&mut self, id: &ConversationId) -> ServerFrame {
        let room = self.rooms.get_or_default(id.clone());
        room.told = true;
        let online: Vec<(Uid, bool)> = room.online.clone().into_iter().collect();
        let people = online.iter().map(|(uid, online)| self.person(uid, *online));
        ServerFrame::Roster(id.clone(), people.collect())
    }

    /// Somebody joined a group.
    pub(super) fn came(&mut self, me: &Uid, group: String, user: &User) -> Option<ServerFrame> {
        let uid = self.meet(user);
        if uid == *me
            && let Some(mine) = &mut self.mine
        {
            mine.insert(group.clone());
        }
        let id = ConversationId::Room(group);
        let place = (id, uid);
        self.doubted.remove(&place);
        for question in &mut self.asked {
            question.about.remove(&place);
            question.came.insert(place.clone());
        }
        let (id, uid) = place;
        self.put(&id, &uid, true)?;
        // Before the list that is coming, a coming is held by who hears of it.
        let told = self.rooms.get(&id).is_some_and(|room| room.told);
        Some(if told || self.answers {
            ServerFrame::Came(id, self.person(&uid, true))
        } else {
            self.roster(&id)
        })
    }

    /// A socket of somebody left a group: there is something to ask.
    pub(super) fn left(&mut self, group: String, user: &User) -> Option<ServerFrame> {
        let uid = self.meet(user);
        if self.doubted.len() < MOST {
            self.doubted.insert((ConversationId::Room(group), uid));
        }
        self.wonder()
    }

    /// Wants a word from here, in which the question is put: one at a time,
    /// or a class that leaves together would ask once for each of them.
    fn wonder(&self) -> Option<ServerFrame> {
        let wonders = !self.doubted.is_empty() && self.asked.is_empty();
        wonders.then(|| ServerFrame::Ping(Heads::default()))
    }

    /// Whether a question is due that nobody has put yet.
    pub(super) fn is_to_ask(&self) -> bool {
        !self.doubted.is_empty() && self.asked.is_empty()
    }

    /// Who is online is being asked now.
    pub(super) fn on_asked(&mut self) {
        let about = std::mem::take(&mut self.doubted);
        self.asked.push_back(Question {
            about,
            ..Question::default()
        });
    }

    /// A beat of mine was said.
    pub(super) fn on_beat(&mut self) {
        for question in &mut self.asked {
            question.beats = question.beats.saturating_add(1);
        }
    }

    /// Something was heard. Questions that nobody answers any more are given
    /// up, and the notices believed.
    pub(super) fn give_up(&mut self) -> Vec<ServerFrame> {
        let mut frames = Vec::new();
        while let Some(question) = self.asked.front()
            && question.beats >= BEATS
        {
            frames.extend(self.believe());
        }
        frames
    }

    /// The server cannot say: whoever is said to have left is gone.
    pub(super) fn believe(&mut self) -> Vec<ServerFrame> {
        let question = self.asked.pop_front().unwrap_or_default();
        let gone = question.about.into_iter();
        let mut frames: Vec<ServerFrame> = gone.filter_map(|place| self.gone(place)).collect();
        frames.extend(self.untold());
        frames.extend(self.wonder());
        frames
    }

    fn gone(&mut self, (id, uid): Place) -> Option<ServerFrame> {
        let online = self.rooms.get_mut(&id)?.online.get_mut(&uid)?;
        let was = std::mem::replace(online, false);
        was.then_some(ServerFrame::Went(id, uid, None))
    }

    /// The groups that I am in, with those who are in them. `whole`: those who
    /// are not listed are not there.
    pub(super) fn on_groups(&mut self, groups: &[Circle], whole: bool) -> Vec<ServerFrame> {
        self.answers = true;
        let question = self.asked.pop_front().unwrap_or_default();
        let mine = groups.iter().take(MOST).map(|group| group.id.clone());
        self.mine = Some(mine.collect());
        let mut frames = Vec::new();
        for group in groups.iter().take(MOST) {
            let id = ConversationId::room(group.id.clone());
            frames.push(ServerFrame::Conversation(head(
                id.clone(),
                group.name.clone(),
            )));
            if let Some(users) = &group.users {
                frames.push(self.on_users(&id, users, whole, &question));
            }
        }
        // Whoever is listed as here is here. Of whoever is not in a list, the
        // notice is the last word.
        for (id, uid) in question.about {
            let listed = groups.iter().any(|group| {
                let users = group.users.iter().flatten();
                ConversationId::room(group.id.clone()) == id
                    && users
                        .into_iter()
                        .any(|user| user.id == uid.as_str() && user.online.unwrap_or(true))
            });
            if !listed {
                frames.extend(self.gone((id, uid)));
            }
        }
        frames.extend(self.wonder());
        frames
    }

    fn on_users(
        &mut self,
        id: &ConversationId,
        users: &[User],
        whole: bool,
        question: &Question,
    ) -> ServerFrame {
        if whole && let Some(room) = self.rooms.get_mut(id) {
            for (uid, online) in &mut room.online {
                *online &= question.came.contains(&(id.clone(), uid.clone()));
            }
        }
        for user in users {
            let uid = self.meet(user);
            self.put(id, &uid, user.online.unwrap_or(whole));
        }
        self.roster(id)
    }

    /// One person was asked for: what is known of the pair's other one.
    pub(super) fn on_other(&mut self, pair: ConversationId, user: &User) -> Vec<ServerFrame> {
        let uid = self.meet(user);
        let title = user.nick.clone();
        self.put(&pair, &uid, user.online.unwrap_or_default());
        let roster = self.roster(&pair);
        vec![ServerFrame::Conversation(head(pair, title)), roster]
    }

    /// The group that has to be joined before anything said there is heard:
    /// the server has listed mine, and this is none of them. Once on a link.
    pub(super) fn joins(&mut self, group: &str) -> bool {
        let missing = self.mine.as_ref().is_some_and(|mine| !mine.contains(group));
        missing && self.joining.insert(group.to_owned())
    }

    fn meet(&mut self, user: &User) -> Uid {
        let uid = Uid::new(user.id.clone());
        self.learn(&uid, user.nick.as_deref(), user.avatar.as_deref());
        uid
    }

    fn put(&mut self, id: &ConversationId, uid: &Uid, online: bool) -> Option<()> {
        if self.rooms.len() >= MOST && !self.rooms.contains_key(id) {
            return None;
        }
        let room = self.rooms.get_or_default(id.clone());
        if room.online.len() < MOST || room.online.contains_key(uid) {
            room.online.insert(uid.clone(), online);
        }
        Some(())
    }
}

/// A conversation of which no more is known than its name.
pub(super) fn head(conversation: ConversationId, title: Option<String>) -> ConversationHead {
    ConversationHead {
        conversation,
        title: title.filter(|title| !title.is_empty()),
        avatar: None,
        head: Seq(0),
        unread: None,
        read: None,
        last: None,
    }
}
