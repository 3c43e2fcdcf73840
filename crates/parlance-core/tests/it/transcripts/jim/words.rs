//! What the gateway is told to say, in few words.

use parlance_core::dialect::jim::wire::{Answer, Chat, Circle, Log, Request, User, Wanted};

pub(super) fn user(id: &str, nick: &str, online: bool) -> User {
    User {
        id: id.to_owned(),
        nick: Some(nick.to_owned()),
        online: Some(online),
        ..User::default()
    }
}

pub(super) fn with_face(user: User, avatar: &str) -> User {
    let online = user.online == Some(true);
    User {
        avatar: Some(avatar.to_owned()),
        terminal: online.then(|| "ws".to_owned()),
        ..user
    }
}

pub(super) fn chat(from: &str, content: &str, at: i64) -> Chat {
    Chat {
        from: Some(from.to_owned()),
        chat_type: Some(1),
        msg_type: Some(0),
        content: Some(content.to_owned()),
        create_time: Some(at),
        group: Some("100".to_owned()),
        ..Chat::default()
    }
}

/// The three fields that the seed adds.
pub(super) fn dressed(chat: Chat, nick: &str, avatar: &str, kind: &str) -> Chat {
    Chat {
        nick: Some(nick.to_owned()),
        avatar: Some(avatar.to_owned()),
        kind: Some(kind.to_owned()),
        ..chat
    }
}

pub(super) fn named(chat: Chat, id: &str) -> Chat {
    Chat {
        id: Some(id.to_owned()),
        ..chat
    }
}

pub(super) fn sent(code: u64) -> Answer {
    Answer::Sent {
        code,
        words: None,
        id: None,
        retry_ms: None,
    }
}

pub(super) fn log(code: u64, user: &str, groups: Vec<(String, Vec<Chat>)>) -> Answer {
    Answer::Messages {
        code,
        log: Some(Log {
            user: Some(user.to_owned()),
            friends: Vec::new(),
            groups,
        }),
    }
}

pub(super) fn no_log(code: u64) -> Answer {
    Answer::Messages { code, log: None }
}

pub(super) fn history(user: &str, group: &str) -> Request {
    Request::Messages(Wanted {
        kept: Some(true),
        user: Some(user.to_owned()),
        group: Some(group.to_owned()),
        ..Wanted::default()
    })
}

pub(super) fn missed(user: &str) -> Request {
    Request::Messages(Wanted {
        kept: Some(false),
        user: Some(user.to_owned()),
        ..Wanted::default()
    })
}

pub(super) fn joined(group: &str, user: User) -> Answer {
    Answer::Joined {
        group: group.to_owned(),
        user,
    }
}

pub(super) fn left(group: &str, user: User) -> Answer {
    Answer::Left {
        group: group.to_owned(),
        user,
    }
}

pub(super) fn circle(id: &str, name: &str, users: Vec<User>) -> Circle {
    Circle {
        id: id.to_owned(),
        name: Some(name.to_owned()),
        users: Some(users),
    }
}
