//! Who is here. Comings and goings that arrive before the first full list are
//! held, or a reconnect would show ghosts.
//!
//! Knows neither links nor conversations.

use crate::map::Map;

use crate::frame::Person;
use crate::ids::Uid;
use crate::time::{Instant, UnixMillis};

/// More comings and goings than this before a list are dropped: the list that
/// follows has them.
const MOST_HELD: usize = 512;

/// The people of one conversation.
#[derive(Clone, Debug, Default)]
pub struct Presence {
    people: Map<Uid, Person>,
    list: List,
    typists: Vec<(Person, Instant)>,
}

/// Whether the full list of the current link has come.
#[derive(Clone, Debug)]
enum List {
    /// No: these came or went before it.
    Awaited(Vec<Diff>),
    /// Yes.
    Known,
}

impl Default for List {
    fn default() -> Self {
        Self::Awaited(Vec::new())
    }
}

#[derive(Clone, Debug)]
enum Diff {
    Came(Person),
    Went(Uid, Option<UnixMillis>),
}

impl Presence {
    /// A new link begins: what is known is shown until its list comes. Says
    /// whether anybody typed.
    pub fn await_list(&mut self) -> bool {
        self.list = List::default();
        let typed = !self.typists.is_empty();
        self.typists.clear();
        typed
    }

    /// The full list.
    pub fn on_list(&mut self, people: Vec<Person>) {
        self.people = people
            .into_iter()
            .map(|person| (person.uid.clone(), person))
            .collect();
        let held = std::mem::replace(&mut self.list, List::Known);
        if let List::Awaited(diffs) = held {
            for diff in diffs {
                self.apply(diff);
            }
        }
    }

    /// Somebody came. Says whether the list changed.
    pub fn on_came(&mut self, person: Person) -> bool {
        self.on_diff(Diff::Came(person))
    }

    /// Somebody went. Says whether the list changed.
    pub fn on_went(&mut self, uid: Uid, seen: Option<UnixMillis>) -> bool {
        self.typists.retain(|(typist, _)| typist.uid != uid);
        self.on_diff(Diff::Went(uid, seen))
    }

    /// Somebody types, until then if nothing else is heard.
    pub fn on_typing(&mut self, person: Person, until: Instant) {
        self.typists.retain(|(typist, _)| typist.uid != person.uid);
        self.typists.push((person, until));
    }

    /// Somebody has said something, so is not typing it any more. Says
    /// whether they were.
    pub fn on_said(&mut self, uid: &Uid) -> bool {
        let before = self.typists.len();
        self.typists.retain(|(typist, _)| typist.uid != *uid);
        before != self.typists.len()
    }

    /// Forgets those whose time is over.
    pub fn expire_typists(&mut self, now: Instant) {
        self.typists.retain(|(_, until)| *until > now);
    }

    /// When the first of those who type is to be forgotten.
    pub fn typists_until(&self) -> Option<Instant> {
        self.typists.iter().map(|(_, until)| *until).min()
    }

    /// Those who type.
    pub fn typists(&self) -> Vec<Person> {
        self.typists
            .iter()
            .map(|(typist, _)| typist.clone())
            .collect()
    }

    /// Everybody, those who are here first, then by name.
    pub fn people(&self) -> Vec<Person> {
        let mut people: Vec<Person> = self.people.values().cloned().collect();
        people.sort_unstable_by(|one, other| {
            other
                .online
                .cmp(&one.online)
                .then_with(|| one.name.cmp(&other.name))
                .then_with(|| one.uid.cmp(&other.uid))
        });
        people
    }

    fn on_diff(&mut self, diff: Diff) -> bool {
        if let List::Awaited(held) = &mut self.list {
            if held.len() < MOST_HELD {
                held.push(diff);
            }
            return false;
        }
        self.apply(diff);
        true
    }

    fn apply(&mut self, diff: Diff) {
        match diff {
            Diff::Came(person) => {
                self.people.insert(person.uid.clone(), person);
            }
            Diff::Went(uid, seen) => {
                if let Some(person) = self.people.get_mut(&uid) {
                    person.online = false;
                    person.last_seen = seen.or(person.last_seen);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn person(uid: &str, online: bool) -> Person {
        Person {
            uid: Uid::new(uid),
            name: uid.to_uppercase(),
            avatar: None,
            online,
            last_seen: None,
            host: false,
        }
    }

    fn here(presence: &Presence) -> Vec<String> {
        let online = presence.people().into_iter().filter(|person| person.online);
        online.map(|person| person.name).collect()
    }

    #[test]
    fn comings_before_the_list_are_held_and_then_applied() {
        let mut presence = Presence::default();
        assert!(!presence.on_came(person("b", true)));
        assert!(!presence.on_went(Uid::new("a"), None));
        assert!(here(&presence).is_empty());
        presence.on_list(vec![person("a", true), person("c", true)]);
        assert_eq!(here(&presence), ["B", "C"]);
    }

    #[test]
    fn a_new_link_shows_the_old_list_until_its_own_comes() {
        let mut presence = Presence::default();
        presence.on_list(vec![person("a", true)]);
        presence.await_list();
        assert_eq!(here(&presence), ["A"]);
        presence.on_list(vec![person("b", true)]);
        assert_eq!(here(&presence), ["B"]);
    }

    #[test]
    fn who_has_spoken_types_no_more() {
        let mut presence = Presence::default();
        presence.on_typing(person("a", true), Instant::from_millis(5_000));
        presence.on_typing(person("b", true), Instant::from_millis(6_000));
        assert!(presence.on_said(&Uid::new("a")));
        assert!(!presence.on_said(&Uid::new("a")));
        assert_eq!(presence.typists().len(), 1);
        presence.expire_typists(Instant::from_millis(6_000));
        assert_eq!(presence.typists_until(), None);
    }
}
