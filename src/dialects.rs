//! Which dialect a launch asks for, made of its parameters.
//!
//! Knows the names of the dialects' settings and nothing of their words.

use parlance_core::dialect::Dialect;
#[cfg(feature = "crmeb")]
use parlance_core::dialect::crmeb::{Crmeb, CrmebConfig, Form, Role as Side};
#[cfg(feature = "egg")]
use parlance_core::dialect::egg::{Egg, EggConfig};
#[cfg(any(
    feature = "crmeb",
    feature = "topic",
    feature = "plain",
    feature = "egg"
))]
use parlance_core::dialect::identity::Me;
#[cfg(feature = "jim")]
use parlance_core::dialect::jim::{Jim, JimConfig};
#[cfg(feature = "native")]
use parlance_core::dialect::native::{Native, NativeConfig};
#[cfg(feature = "plain")]
use parlance_core::dialect::plain::{Plain, PlainConfig};
#[cfg(feature = "topic")]
use parlance_core::dialect::topic::{Topic, TopicConfig};

#[cfg(feature = "crmeb")]
use crate::config::Role;
#[cfg(any(feature = "topic", feature = "jim", feature = "plain", feature = "egg"))]
use crate::config::Secret;
use crate::config::{DialectName, Launch};

/// The dialect of this launch; `None` where this build does not speak it.
/// `offset_minutes`: how far the device's clock is from UTC, eastward, for
/// backends that write local times.
pub fn dialect(launch: &Launch, offset_minutes: i32) -> Option<Box<dyn Dialect>> {
    let _only_some_ask = offset_minutes;
    match launch.dialect {
        #[cfg(feature = "native")]
        DialectName::Native => Some(native(launch)),
        #[cfg(feature = "crmeb")]
        DialectName::Crmeb | DialectName::CrmebStock => Some(crmeb(launch)),
        #[cfg(feature = "topic")]
        DialectName::Topic => Some(topic(launch, offset_minutes)),
        #[cfg(feature = "jim")]
        DialectName::Jim => Some(jim(launch)),
        #[cfg(feature = "plain")]
        DialectName::Plain => Some(plain(launch, offset_minutes)),
        #[cfg(feature = "egg")]
        DialectName::Egg => Some(egg(launch)),
        #[allow(unreachable_patterns, reason = "in a build that speaks them all")]
        DialectName::Native
        | DialectName::Crmeb
        | DialectName::CrmebStock
        | DialectName::Topic
        | DialectName::Jim
        | DialectName::Plain
        | DialectName::Egg => None,
    }
}

/// The name under which all tabs of this person share one link, where the
/// backend throws the older of two out. Where nobody says who they are, each
/// tab may be somebody else.
pub fn one_link(launch: &Launch, dialect: &dyn Dialect) -> Option<String> {
    let who = match launch.dialect {
        DialectName::Crmeb | DialectName::CrmebStock => launch.uid.clone()?,
        // Its token says it, where the launch does not.
        DialectName::Egg => dialect.greeting()?.me.uid.to_string(),
        DialectName::Native | DialectName::Topic | DialectName::Jim | DialectName::Plain => {
            return None;
        }
    };
    Some(["parlance link ", &launch.server(), " ", &who].concat())
}

#[cfg(feature = "native")]
fn native(launch: &Launch) -> Box<dyn Dialect> {
    Box::new(Native::new(NativeConfig {
        link: launch.ws.clone(),
        api: launch.api.clone(),
        token: launch.token.as_ref().map(|it| it.reveal().to_owned()),
    }))
}

#[cfg(feature = "crmeb")]
fn crmeb(launch: &Launch) -> Box<dyn Dialect> {
    Box::new(Crmeb::new(CrmebConfig {
        form: if launch.dialect == DialectName::Crmeb {
            Form::Seed
        } else {
            Form::Stock
        },
        link: launch.ws.clone(),
        api: launch.api.clone(),
        token: launch.token.as_ref().map(|it| it.reveal().to_owned()),
        role: match launch.role {
            Role::User => Side::Customer,
            Role::Agent => Side::Agent,
        },
        me: me(launch),
        to: launch.to.clone().map(|to| Me {
            uid: Some(to),
            name: launch.to_name.clone(),
            avatar: launch.to_avatar.clone(),
        }),
        login: launch.login.clone(),
        upload: launch.upload.clone(),
    }))
}

#[cfg(feature = "topic")]
fn topic(launch: &Launch, offset_minutes: i32) -> Box<dyn Dialect> {
    let room = launch.room.clone().unwrap_or_default();
    Box::new(Topic::new(TopicConfig {
        link: launch.ws.clone(),
        api: launch.api.clone(),
        token: token(launch),
        me: me(launch),
        // An address bar knows no types: as given, it is text.
        uid_is_number: false,
        stream: launch.stream.clone().unwrap_or_else(|| room.clone()),
        topic: room,
        offset_minutes,
    }))
}

#[cfg(feature = "jim")]
fn jim(launch: &Launch) -> Box<dyn Dialect> {
    Box::new(Jim::new(JimConfig {
        link: launch.ws.clone(),
        uid: launch.uid.clone(),
        name: launch.name.clone(),
        avatar: launch.avatar.clone(),
        password: launch
            .password
            .as_ref()
            .map_or("", Secret::reveal)
            .to_owned(),
        room: launch.room.clone(),
        upload: launch.upload.clone(),
        flower: String::new(),
    }))
}

#[cfg(feature = "plain")]
fn plain(launch: &Launch, offset_minutes: i32) -> Box<dyn Dialect> {
    Box::new(Plain::new(PlainConfig {
        link: launch.ws.clone(),
        api: launch.api.clone(),
        token: token(launch),
        room: launch.room.clone(),
        me: me(launch),
        other: launch.to_name.clone(),
        offset_minutes,
    }))
}

#[cfg(feature = "egg")]
fn egg(launch: &Launch) -> Box<dyn Dialect> {
    Box::new(Egg::new(EggConfig {
        link: launch.ws.clone(),
        api: launch.api.clone(),
        upload: launch.upload.clone(),
        token: token(launch),
        me: me(launch),
        to: launch.to.clone(),
    }))
}

#[cfg(any(feature = "topic", feature = "plain", feature = "egg"))]
fn token(launch: &Launch) -> String {
    launch.token.as_ref().map_or("", Secret::reveal).to_owned()
}

#[cfg(any(
    feature = "crmeb",
    feature = "topic",
    feature = "plain",
    feature = "egg"
))]
fn me(launch: &Launch) -> Me {
    Me {
        uid: launch.uid.clone(),
        name: launch.name.clone(),
        avatar: launch.avatar.clone(),
    }
}

#[cfg(test)]
mod tests {
    use parlance_core::dialect::{Entry, History, Order, Proof};

    use super::*;
    use crate::config::tests::good;

    #[test]
    fn each_name_makes_its_own() {
        let ways = [
            ("", Proof::Acknowledged, Order::Numbered),
            (
                "dialect=crmeb&token=t&to=9",
                Proof::Never,
                Order::AsGiven(History::Pages),
            ),
            (
                "dialect=crmeb-stock&token=t&to=9",
                Proof::Echoed,
                Order::AsGiven(History::Pages),
            ),
            (
                "dialect=topic&token=t&room=r",
                Proof::Echoed,
                Order::AsGiven(History::Pages),
            ),
            (
                "dialect=jim&room=r&uid=u",
                Proof::Echoed,
                Order::AsGiven(History::Pages),
            ),
            (
                "dialect=plain&token=t",
                Proof::Never,
                Order::AsGiven(History::Pages),
            ),
            (
                "dialect=egg&token=t&to=9",
                Proof::Acknowledged,
                Order::AsGiven(History::None),
            ),
        ];
        for (query, proof, order) in ways {
            let made = dialect(&good(query), 480).expect(query);
            let capabilities = made.capabilities();
            assert_eq!(
                (capabilities.proof, capabilities.order),
                (proof, order),
                "{query}"
            );
            assert!(made.link_address().starts_with("wss://"), "{query}");
        }
    }

    #[test]
    fn j_im_asks_who_somebody_is_only_where_nobody_said() {
        let unknown = dialect(&good("dialect=jim&room=r"), 0).expect("J-IM");
        assert_eq!(unknown.admission(), Entry::NoIdentity);
        assert!(unknown.takes_guests());
        let known = dialect(&good("dialect=jim&room=r&name=Ann"), 0).expect("J-IM");
        assert_eq!(known.admission(), Entry::Open);
    }
}
