//! Lays a page of a log without numbers beside the rows that are here: by ids
//! where both have one, else by who said what, in order.
//!
//! Knows nothing of where a row goes that is not here yet.

use crate::content::{self, Content};
use crate::frame::Message;
use crate::ids::Uid;
use crate::timeline::{Delivery, Item, Side};

pub(super) fn is_from(message: &Message, me: Option<&Uid>) -> bool {
    message
        .from
        .as_ref()
        .is_some_and(|person| Some(&person.uid) == me)
}

/// Whether a row of a page is this one.
pub(super) fn is_same(
    item: &Item,
    message: &Message,
    me: Option<&Uid>,
    is_echo: &dyn Fn(&Content, &Content) -> bool,
) -> bool {
    if let (Some(here), Some(there)) = (&item.id, &message.id) {
        return here == there;
    }
    let author = item.author.as_ref().map(|person| &person.uid);
    if item.side == Side::Mine {
        return is_from(message, me) && is_echo(&item.content, &message.content);
    }
    author == message.from.as_ref().map(|person| &person.uid)
        && content::alike(&item.content, &message.content)
}

/// Which of the rows here one row of a page is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// None of them.
    Nowhere,
    /// This one.
    At(usize),
    /// This one, which is mine and stood by my own reckoning: the log has it
    /// elsewhere.
    Astray(usize),
}

/// For each row of a page, which of the rows here it is: the longest common
/// sequence, as early in the page as it can be, in which a row of mine that
/// nobody has proved counts for little.
pub(super) fn align(
    here: &[&Item],
    page: &[Message],
    me: Option<&Uid>,
    is_echo: &dyn Fn(&Content, &Content) -> bool,
) -> Vec<Found> {
    let (rows, columns) = (page.len(), here.len());
    let mut matches = vec![Found::Nowhere; rows];
    if rows == 0 || columns == 0 {
        return matches;
    }
    let same: Vec<bool> = page
        .iter()
        .flat_map(|message| {
            here.iter()
                .map(move |item| is_same(item, message, me, is_echo))
        })
        .collect();
    // best[row][column]: the longest from there to both ends.
    let width = columns + 1;
    let mut best = vec![0_u32; (rows + 1) * width];
    for row in (0..rows).rev() {
        for column in (0..columns).rev() {
            best[row * width + column] = if same[row * columns + column] {
                best[(row + 1) * width + column + 1] + weight(here[column])
            } else {
                best[(row + 1) * width + column].max(best[row * width + column + 1])
            };
        }
    }
    let (mut row, mut column) = (0, 0);
    while row < rows && column < columns {
        if same[row * columns + column] {
            let together = best[(row + 1) * width + column + 1] + weight(here[column]);
            if together == best[row * width + column] {
                matches[row] = Found::At(column);
                row += 1;
                column += 1;
                continue;
            }
        }
        if best[row * width + column + 1] >= best[(row + 1) * width + column] {
            column += 1;
        } else {
            row += 1;
        }
    }
    let mut astray: Vec<usize> = (0..columns)
        .filter(|column| {
            weight(here[*column]) == UNPROVED && !matches.contains(&Found::At(*column))
        })
        .collect();
    for (row, found) in matches.iter_mut().enumerate() {
        if *found == Found::Nowhere
            && let Some(at) = astray.iter().position(|it| same[row * columns + *it])
        {
            *found = Found::Astray(astray.remove(at));
        }
    }
    matches
}

/// Two pages as one: what the older repeats of the newer is left out, since
/// pages shift while people talk. `None` where they have shifted so far that
/// the one that should be older is not.
pub(super) fn joined(mut older: Vec<Message>, newer: Vec<Message>) -> Option<Vec<Message>> {
    let same = |one: &Message, other: &Message| match (&one.id, &other.id) {
        (Some(one), Some(other)) => one == other,
        (None, _) | (_, None) => {
            let who = |message: &Message| message.from.as_ref().map(|it| it.uid.clone());
            who(one) == who(other) && one.content == other.content && one.at == other.at
        }
    };
    let most = older.len().min(newer.len());
    let repeats = |count: usize| {
        let tail = &older[older.len() - count..];
        tail.iter().zip(&newer).all(|(one, other)| same(one, other))
    };
    let overlap = (1..=most).rev().find(|count| repeats(*count));
    older.truncate(older.len() - overlap.unwrap_or_default());
    let known = |one: &&Message| newer.iter().any(|other| same(one, other));
    if older.iter().filter(known).count() * 2 > older.len() {
        return None;
    }
    older.extend(newer);
    Some(older)
}

/// A page that says a row twice has it once.
pub(super) fn distinct(rows: &mut Vec<Message>) {
    let mut seen = Vec::new();
    rows.retain(|row| {
        let fresh = row.id.is_none() || !seen.contains(&row.id);
        seen.push(row.id.clone());
        fresh
    });
}

const UNPROVED: u32 = 1;
/// More than all that are not.
const PROVED: u32 = 1024;

/// What a row counts for: where mine stands that nobody has proved is a guess.
fn weight(item: &Item) -> u32 {
    let guessed = matches!(
        item.delivery,
        Some(Delivery::Sending | Delivery::Unconfirmed | Delivery::Unknown)
    );
    if guessed { UNPROVED } else { PROVED }
}

#[cfg(test)]
mod tests {
    use super::Found::{Astray, At, Nowhere};
    use super::*;
    use crate::frame::Person;
    use crate::ids::{ConversationId, ItemKey, MessageId};

    fn person(uid: &str) -> Person {
        Person {
            uid: Uid::new(uid),
            name: uid.to_owned(),
            avatar: None,
            online: true,
            last_seen: None,
            host: false,
        }
    }

    /// `who:words` or `who:words#id`.
    fn read(text: &str) -> (Person, Content, Option<MessageId>) {
        let (who, rest) = text.split_once(':').unwrap_or(("", text));
        let (words, id) = match rest.split_once('#') {
            Some((words, id)) => (words, Some(MessageId::new(id))),
            None => (rest, None),
        };
        (person(who), Content::Text(words.to_owned()), id)
    }

    fn laid(here: &[&str], page: &[&str]) -> Vec<Found> {
        let items: Vec<Item> = here
            .iter()
            .map(|text| {
                let (author, content, id) = read(text);
                let side = if author.uid.as_str() == "me" {
                    Side::Mine
                } else {
                    Side::Theirs
                };
                Item {
                    key: ItemKey(1),
                    client_id: None,
                    id,
                    seq: None,
                    side,
                    author: Some(author),
                    content,
                    at: None,
                    delivery: (side == Side::Mine).then_some(Delivery::Unconfirmed),
                }
            })
            .collect();
        let items: Vec<&Item> = items.iter().collect();
        let page: Vec<Message> = page
            .iter()
            .map(|text| {
                let (from, content, id) = read(text);
                Message {
                    conversation: ConversationId::room("r"),
                    seq: None,
                    id,
                    client_id: None,
                    from: Some(from),
                    content,
                    at: None,
                }
            })
            .collect();
        align(&items, &page, Some(&Uid::new("me")), &content::alike)
    }

    #[test]
    fn a_page_that_goes_on_is_found_at_the_end() {
        let matches = laid(&["a:1", "b:2", "a:3"], &["b:2", "a:3", "b:4"]);
        assert_eq!(matches, [At(1), At(2), Nowhere]);
    }

    #[test]
    fn what_was_missed_in_between_is_told_apart() {
        let matches = laid(&["a:1", "a:3"], &["a:1", "b:2", "a:3"]);
        assert_eq!(matches, [At(0), Nowhere, At(1)]);
    }

    #[test]
    fn what_only_this_device_knows_is_passed_over() {
        let matches = laid(&["a:1", "me:lost", "a:3"], &["a:1", "a:3"]);
        assert_eq!(matches, [At(0), At(2)]);
    }

    #[test]
    fn what_is_mine_and_stood_elsewhere_is_no_second_row() {
        let matches = laid(&["a:1", "me:x", "a:2"], &["a:1", "a:2", "me:x"]);
        assert_eq!(matches, [At(0), At(2), Astray(1)]);
        let matches = laid(&["me:x", "me:y", "a:1"], &["a:1", "me:x", "me:y"]);
        assert_eq!(matches, [At(2), Astray(0), Astray(1)]);
    }

    #[test]
    fn ids_beat_words() {
        assert_eq!(laid(&["a:ok#1"], &["a:ok#2", "a:ok#1"]), [Nowhere, At(0)]);
        assert_eq!(laid(&["a:old#1"], &["a:new#1"]), [At(0)]);
    }

    #[test]
    fn the_same_words_are_counted() {
        let matches = laid(&["a:ok", "a:ok"], &["a:ok", "a:ok", "a:ok"]);
        assert_eq!(matches, [At(0), At(1), Nowhere]);
    }

    #[test]
    fn another_person_with_the_same_words_is_another_row() {
        assert_eq!(laid(&["a:ok"], &["b:ok"]), [Nowhere]);
    }
}
