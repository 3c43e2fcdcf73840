//! Who I am, on a backend that is shown a token and never says whom it names.
//!
//! Believes nothing: what is read here names rows and what is kept on this
//! device, and proves nothing to anybody.

use serde_json::Value;

use super::fields::Fields;
use crate::frame::Person;
use crate::ids::Uid;

/// What is known of me before anybody was asked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Me {
    /// My id, where the launch says it.
    pub uid: Option<String>,
    /// What I am called.
    pub name: Option<String>,
    /// My picture's address.
    pub avatar: Option<String>,
}

/// Me, by what the launch says, else by what is written in the token, else by
/// the token's look: the same token is always the same person.
pub(crate) fn person(me: &Me, token: &str) -> Person {
    let claims = claims(token).unwrap_or_default();
    let claims = Fields::of(&claims).ok();
    let claimed = |names: &[&str]| {
        let claims = claims?;
        let mut said = names.iter().filter_map(|name| claims.maybe_id(name));
        said.find(|text| !text.trim().is_empty())
    };
    // CRMEB's tokens say it one level down.
    let within = || Fields::of(claims?.maybe("jti")?).ok()?.maybe_id("id");
    let uid = me
        .uid
        .clone()
        .or_else(|| claimed(&["id", "uid", "user_id", "sub"]))
        .or_else(within)
        .unwrap_or_else(|| look(token));
    let name = me
        .name
        .clone()
        .or_else(|| claimed(&["nickname", "name", "username"]))
        .unwrap_or_default();
    Person {
        uid: Uid::new(uid),
        name,
        avatar: me.avatar.clone().or_else(|| claimed(&["avatar"])),
        online: true,
        last_seen: None,
        host: false,
    }
}

/// A token of digits is that number. Any other is not to be kept or shown, so
/// it is known by its hash (64-bit FNV-1a), which is enough to tell the few
/// people of one device apart.
fn look(token: &str) -> String {
    if !token.is_empty() && token.len() <= 15 && token.bytes().all(|it| it.is_ascii_digit()) {
        return token.to_owned();
    }
    let hash = token.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    format!("t{hash:016x}")
}

/// What a JWT says in its middle.
fn claims(token: &str) -> Option<Value> {
    let mut parts = token.split('.');
    let (_, middle, _) = (parts.next()?, parts.next()?, parts.next()?);
    crate::json::read(std::str::from_utf8(&from_base64(middle)?).ok()?)
}

fn from_base64(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len());
    let (mut bits, mut held) = (0_u32, 0);
    for letter in text.trim_end_matches('=').bytes() {
        let six = match letter {
            b'A'..=b'Z' => letter - b'A',
            b'a'..=b'z' => letter - b'a' + 26,
            b'0'..=b'9' => letter - b'0' + 52,
            b'-' | b'+' => 62,
            b'_' | b'/' => 63,
            _ => return None,
        };
        bits = (bits << 6) | u32::from(six);
        held += 6;
        if held >= 8 {
            held -= 8;
            bytes.push((bits >> held).to_le_bytes()[0]);
        }
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    // {"id":6,"nickname":"","username":"my06","avatar":"/u6.png"} and {"sub":"alice","name":"爱丽丝"}
    const EGG: &str =
        "e30.eyJpZCI6Niwibmlja25hbWUiOiIiLCJ1c2VybmFtZSI6Im15MDYiLCJhdmF0YXIiOiIvdTYucG5nIn0.x";
    // {"iss":"shop","jti":{"id":7,"type":"api"}}
    const CRMEB: &str = "e30.eyJpc3MiOiJzaG9wIiwianRpIjp7ImlkIjo3LCJ0eXBlIjoiYXBpIn19.x";
    const OURS: &str = "e30.eyJzdWIiOiJhbGljZSIsIm5hbWUiOiLniLHkuL3kuJ0ifQ.x";

    fn by(token: &str) -> (String, String) {
        let person = person(&Me::default(), token);
        (person.uid.to_string(), person.name)
    }

    #[test]
    fn a_token_says_whom_it_names() {
        assert_eq!(by(EGG), ("6".to_owned(), "my06".to_owned()));
        assert_eq!(by(OURS), ("alice".to_owned(), "爱丽丝".to_owned()));
        assert_eq!(by(CRMEB).0, "7");
        let me = person(&Me::default(), EGG);
        assert_eq!(me.avatar.as_deref(), Some("/u6.png"));
    }

    #[test]
    fn the_launch_is_believed_before_the_token() {
        let me = Me {
            uid: Some("7".to_owned()),
            name: Some("seven".to_owned()),
            avatar: None,
        };
        let me = person(&me, EGG);
        assert_eq!((me.uid.as_str(), me.name.as_str()), ("7", "seven"));
    }

    #[test]
    fn a_token_that_says_nothing_is_told_from_others_and_never_shown() {
        assert_eq!(by("6").0, "6");
        let (one, other) = (by("s3cret"), by("s3cret2"));
        assert_ne!(one, other);
        assert_eq!(one, by("s3cret"));
        assert!(!one.0.contains("s3cret"));
        for odd in [
            "",
            "a.b",
            "a.b.c",
            "a.!.c",
            "..",
            "e30.e30.e30",
            "e30.W10.x",
        ] {
            assert!(by(odd).0.starts_with('t'), "{odd}");
        }
    }
}
