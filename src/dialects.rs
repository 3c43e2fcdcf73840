//! Which dialect a launch asks for, made of its parameters.
//!
//! Knows the names of the dialects' settings and nothing of their words.

use parlance_core::dialect::Dialect;
use parlance_core::dialect::crmeb::{Crmeb, CrmebConfig, Form, Role as Side};
use parlance_core::dialect::egg::{Egg, EggConfig};
use parlance_core::dialect::identity::Me;
use parlance_core::dialect::jim::{Jim, JimConfig};
use parlance_core::dialect::native::{Native, NativeConfig};
use parlance_core::dialect::plain::{Plain, PlainConfig};
use parlance_core::dialect::topic::{Topic, TopicConfig};

use crate::config::{DialectName, Launch, Role, Secret};

/// The dialect of this launch. `offset_minutes`: how far the device's clock is
/// from UTC, eastward, for backends that write local times.
pub fn dialect(launch: &Launch, offset_minutes: i32) -> Box<dyn Dialect> {
    let link = launch.ws.clone();
    let api = launch.api.clone();
    let upload = launch.upload.clone();
    let room = launch.room.clone();
    let token = launch.token.as_ref().map(|it| it.reveal().to_owned());
    let me = Me {
        uid: launch.uid.clone(),
        name: launch.name.clone(),
        avatar: launch.avatar.clone(),
    };
    match launch.dialect {
        DialectName::Native => Box::new(Native::new(NativeConfig { link, api, token })),
        DialectName::Crmeb | DialectName::CrmebStock => Box::new(Crmeb::new(CrmebConfig {
            form: if launch.dialect == DialectName::Crmeb {
                Form::Seed
            } else {
                Form::Stock
            },
            link,
            api,
            token,
            role: match launch.role {
                Role::User => Side::Customer,
                Role::Agent => Side::Agent,
            },
            me,
            to: launch.to.clone().map(|to| Me {
                uid: Some(to),
                name: launch.to_name.clone(),
                avatar: launch.to_avatar.clone(),
            }),
            login: launch.login.clone(),
            upload,
        })),
        DialectName::Topic => Box::new(Topic::new(TopicConfig {
            link,
            api,
            token: token.unwrap_or_default(),
            me,
            // An address bar knows no types: as given, it is text.
            uid_is_number: false,
            stream: launch
                .stream
                .clone()
                .or_else(|| room.clone())
                .unwrap_or_default(),
            topic: room.unwrap_or_default(),
            offset_minutes,
        })),
        DialectName::Jim => Box::new(Jim::new(JimConfig {
            link,
            uid: me.uid,
            name: me.name,
            avatar: me.avatar,
            password: launch
                .password
                .as_ref()
                .map_or("", Secret::reveal)
                .to_owned(),
            room,
            upload,
            flower: String::new(),
        })),
        DialectName::Plain => Box::new(Plain::new(PlainConfig {
            link,
            api,
            token: token.unwrap_or_default(),
            room,
            me,
            other: launch.to_name.clone(),
            offset_minutes,
        })),
        DialectName::Egg => Box::new(Egg::new(EggConfig {
            link,
            api,
            upload,
            token: token.unwrap_or_default(),
            me,
            to: launch.to.clone(),
        })),
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
            let made = dialect(&good(query), 480);
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
        let unknown = dialect(&good("dialect=jim&room=r"), 0);
        assert_eq!(unknown.admission(), Entry::NoIdentity);
        assert!(unknown.takes_guests());
        let known = dialect(&good("dialect=jim&room=r&name=Ann"), 0);
        assert_eq!(known.admission(), Entry::Open);
    }
}
