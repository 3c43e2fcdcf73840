//! What is drawn of names and words that are made to be taken for something
//! else: another person's name, another kind of file, letters of other lines.
//!
//! Changes nothing that is kept or sent. Knows no backend: who is a host is
//! what the server says of a person.

use js_sys::JsString;
use parlance_core::frame::Person;
use parlance_core::text::{find, replaced};

use super::here::{Here, here};
use crate::config::DialectName;
use crate::dom::pattern::split;
use crate::dom::{El, el};
use crate::model::Room;

/// In this element the text to the letter, of which no letter bears more than
/// eight marks that can be seen: a pile of them lies over other lines.
pub fn told(mut element: El, text: &str) -> El {
    let pieces = split(r"([\p{M}\p{Cf}]{8})([\p{M}\p{Cf}]+)", text);
    for (index, piece) in pieces.iter().enumerate() {
        element = match index % 3 {
            2 => element.child(el("span.piled").text(piece)),
            _ => element.text(piece),
        };
    }
    element
}

/// That somebody is a host, for whom the server says so.
pub fn role(person: &Person) -> Option<El> {
    let Here {
        language, launch, ..
    } = here();
    let words = language.words;
    let served = matches!(launch.dialect, DialectName::Crmeb | DialectName::CrmebStock);
    // What a program does not speak is nothing in it.
    let word = if cfg!(feature = "crmeb") && served {
        words.agent()
    } else {
        words.host()
    };
    let mark = || el("span.role[data-part=role]").text(word);
    person.host.then(mark)
}

/// That this is no host, while they are called like one.
pub fn not_staff(room: Room, person: Person) -> El {
    let words = here().language.words;
    el("span.not-staff[data-part=not-staff]").live(move |mark| {
        let people = room.people().look();
        let mut hosts = people.iter().filter(|it| it.host);
        let is_like = |host: &Person| host.uid != person.uid && alike(&host.name, &person.name);
        let flagged = !person.host && hosts.any(is_like);
        mark.say(if flagged { words.not_staff() } else { "" });
    })
}

/// Whether one name can be taken for the other.
pub fn alike(one: &str, other: &str) -> bool {
    let one = skeleton(one);
    !one.is_empty() && one == skeleton(other)
}

/// What there is to be seen of a name at a glance: letters and digits alone,
/// without marks and without case, and one letter for all that look like it.
fn skeleton(name: &str) -> String {
    let parts = String::from(JsString::from(name).normalize("NFKD"));
    let letters = split(r"[^\p{L}\p{N}]+", &parts).concat();
    let mut plain = String::new();
    for letter in letters.chars() {
        plain.push(latin(letter));
    }
    replaced(
        &String::from(JsString::from(plain).to_lower_case()),
        "rn",
        "m",
    )
}

/// Behind each Latin letter those of other scripts that look like it.
const LIKE: &str =
    "aаАαΑbвВьЬβΒcсСϲdԁeеЕεΕhһнНΗjјЈkкКκΚlӏіІıιΙmмМΜnпηΝoоОοΟpрРρΡqԛrгsѕЅtтТτΤuυvνѵwԝωxхХχΧyуУγΥzΖ";

fn latin(letter: char) -> char {
    let at = find(LIKE, letter.encode_utf8(&mut [0; 4]));
    let latin = at.and_then(|at| LIKE.bytes().take(at + 1).rfind(u8::is_ascii));
    match latin.map_or(letter, char::from) {
        'I' | 'i' | '1' => 'l',
        '0' => 'o',
        latin => latin,
    }
}

/// In this element a file's name: what it is called, and apart from that what
/// it will be opened as, which is behind the last dot that something follows.
pub fn file_name(mut element: El, name: &str) -> El {
    for part in split(r"(?=\.[^.]*[^.\s\p{C}][.\s\p{C}]*$)", name) {
        element = element.child(el("span.file-part[dir=auto]").text(&part));
    }
    element
}
