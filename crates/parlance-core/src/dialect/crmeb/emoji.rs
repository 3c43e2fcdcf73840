//! `[em-name]` codes, as CRMEB's pages write emoji, and the letters for them.
//!
//! The names are those of the emoji style sheet that CRMEB's pages draw with.
//! A code that is not here stays as it is: CRMEB has pictures of its own
//! (`em-tlj-1` and on) that no letter stands for.

use crate::text::find;

/// Names and letters, in order. One text: a table would be a third larger to
/// download.
const LETTERS: &str = "\
    +1=👍 -1=👎 alien=👽 angel=👼 angry=😠 anguished=😧 astonished=😲 blush=😊 boom=💥 \
    broken_heart=💔 cake=🍰 clap=👏 clown_face=🤡 cold_sweat=😰 confounded=😖 confused=😕 cry=😢 \
    cupid=💘 disappointed=😞 disappointed_relieved=😥 dizzy_face=😵 drooling_face=🤤 \
    exploding_head=🤯 expressionless=😑 face_palm=🤦 face_with_cowboy_hat=🤠 \
    face_with_hand_over_mouth=🤭 face_with_head_bandage=🤕 face_with_monocle=🧐 \
    face_with_raised_eyebrow=🤨 face_with_rolling_eyes=🙄 face_with_thermometer=🤒 \
    facepunch=👊 fearful=😨 fire=🔥 fist=✊ flushed=😳 frowning=😦 gift=🎁 grimacing=😬 grin=😁 \
    grinning=😀 handshake=🤝 heart=❤️ heart_eyes=😍 hugging_face=🤗 hushed=😯 innocent=😇 joy=😂 \
    kiss=💋 kissing=😗 kissing_closed_eyes=😚 kissing_heart=😘 kissing_smiling_eyes=😙 \
    laughing=😆 lying_face=🤥 mask=😷 money_mouth_face=🤑 muscle=💪 nauseated_face=🤢 \
    nerd_face=🤓 neutral_face=😐 no_mouth=😶 ok_hand=👌 open_mouth=😮 pensive=😔 persevere=😣 \
    point_right=👉 pray=🙏 rage=😡 raised_hands=🙌 relaxed=☺️ relieved=😌 \
    rolling_on_the_floor_laughing=🤣 rose=🌹 satisfied=😆 scream=😱 shushing_face=🤫 sleeping=😴 \
    sleepy=😪 slightly_frowning_face=🙁 slightly_smiling_face=🙂 smile=😄 smiley=😃 \
    smiling_imp=😈 smirk=😏 sob=😭 star-struck=🤩 stuck_out_tongue=😛 \
    stuck_out_tongue_closed_eyes=😝 stuck_out_tongue_winking_eye=😜 sunglasses=😎 sweat=😓 \
    sweat_smile=😅 thinking_face=🤔 tired_face=😫 triumph=😤 unamused=😒 upside_down_face=🙃 \
    v=✌️ wave=👋 weary=😩 wink=😉 worried=😟 yum=😋 zipper_mouth_face=🤐";

const OPEN: &str = "[em-";

/// The text with letters for the codes that are known.
pub fn shown(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = find(rest, OPEN) {
        let (before, code) = rest.split_at(at);
        out.push_str(before);
        match code[OPEN.len()..].split_once(']') {
            Some((name, after)) if letter(name).is_some() => {
                out.push_str(letter(name).unwrap_or_default());
                rest = after;
            }
            _ => {
                out.push_str(OPEN);
                rest = &code[OPEN.len()..];
            }
        }
    }
    out.push_str(rest);
    out
}

/// Whether this is one code and nothing else.
pub(super) fn is_code(text: &str) -> bool {
    let name = text
        .strip_prefix(OPEN)
        .and_then(|rest| rest.strip_suffix(']'));
    name.is_some_and(|name| {
        let known = |letter: u8| letter.is_ascii_alphanumeric() || b"_-+".contains(&letter);
        !name.is_empty() && name.bytes().all(known)
    })
}

fn letter(name: &str) -> Option<&'static str> {
    LETTERS
        .split(' ')
        .find_map(|entry| entry.strip_prefix(name)?.strip_prefix('='))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_names_are_in_order_and_each_has_letters() {
        let pairs: Vec<_> = LETTERS.split(' ').map(|it| it.split_once('=')).collect();
        assert_eq!(pairs.len(), 106);
        assert!(pairs.iter().all(Option::is_some));
        assert!(pairs.is_sorted_by(|one, other| one.map(|it| it.0) < other.map(|it| it.0)));
    }

    #[test]
    fn codes_become_letters_and_what_is_unknown_stays() {
        for (text, expected) in [
            ("[em-smile]", "😄"),
            ("早[em-+1][em-grin]安", "早👍😁安"),
            ("[em-tlj-7] [em-smile", "[em-tlj-7] [em-smile"),
            ("[em-[em-smile]]", "[em-😄]"),
            ("[em-]", "[em-]"),
            ("", ""),
        ] {
            assert_eq!(shown(text), expected);
        }
        assert!(is_code("[em-tlj-7]"));
        for text in [
            "[em-]",
            "[em-a][em-b]",
            "[em-smile] ",
            "em-smile",
            "[em-a b]",
        ] {
            assert!(!is_code(text), "{text}");
        }
    }
}
