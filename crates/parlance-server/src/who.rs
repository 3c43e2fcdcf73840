//! Whom a credential names: the one door through which a native request, a
//! gateway's request and a gateway's socket become a person.
//!
//! Knows nothing of where the credential stood.

use std::net::IpAddr;
use std::time::Duration;

use parlance_core::ids::Uid;

use crate::auth::{self, Disbelief, Identity};
use crate::rates;
use crate::server::Server;
use crate::store::{Person, Standing, StoreError};

/// The longest credential that is looked at.
pub(crate) const TOKEN_BYTES: usize = 4096;
/// The longest address of a picture.
const AVATAR_BYTES: usize = 2048;

/// Why nobody is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Unknown {
    /// Nothing was shown.
    Nobody,
    /// It was not believed.
    Disbelieved(Disbelief),
    /// They are known, and not wanted.
    Banned,
    /// Too many new people from there; after so long.
    TooMany(Duration),
    /// Not now. The text is for the log.
    Unavailable(String),
}

impl Unknown {
    /// In one word, for the log and the metrics.
    pub(crate) fn code(&self) -> &'static str {
        match self {
            Self::Nobody => "no_identity",
            Self::Disbelieved(Disbelief::Bad) => "bad_token",
            Self::Disbelieved(Disbelief::Expired) => "expired",
            Self::Banned => "banned",
            Self::TooMany(_) => "rate_limited",
            Self::Unavailable(_) => "unavailable",
        }
    }
}

impl From<StoreError> for Unknown {
    fn from(error: StoreError) -> Self {
        Self::Unavailable(error.to_string())
    }
}

/// Whom this token names: a signed one, or with `--guests` a bare one, which
/// names its user.
pub(crate) async fn by_token(
    server: &Server,
    token: &str,
    from: IpAddr,
) -> Result<Identity, Unknown> {
    if token.is_empty() {
        return Err(Unknown::Nobody);
    }
    if token.len() > TOKEN_BYTES {
        return Err(Unknown::Disbelieved(Disbelief::Bad));
    }
    let bare = server.config.guests && !token.contains('.');
    let believed = if bare {
        auth::named(token)
    } else {
        server.tokens.believe(token)
    };
    let identity = believed.map_err(Unknown::Disbelieved)?;
    remember(server, identity, from).await
}

/// The person who says that they are `uid` and shows this. With `--guests`
/// they are believed, whatever they show, unless it is a signed token of
/// somebody else; without, it has to be a signed token of theirs.
pub(crate) async fn by_name(
    server: &Server,
    uid: &str,
    shown: &str,
    from: IpAddr,
) -> Result<Identity, Unknown> {
    if uid.is_empty() {
        return Err(Unknown::Nobody);
    }
    let signed = if shown.len() <= TOKEN_BYTES && shown.contains('.') {
        server.tokens.believe(shown)
    } else {
        Err(Disbelief::Bad)
    };
    let believed = match signed {
        Ok(identity) if identity.person.uid.as_str() == uid => Ok(identity),
        Ok(_) => Err(Disbelief::Bad),
        Err(_) if server.config.guests => auth::named(uid),
        Err(disbelief) => Err(disbelief),
    };
    let identity = believed.map_err(Unknown::Disbelieved)?;
    remember(server, identity, from).await
}

/// What somebody says that they are called and look like. Those who named
/// themselves are taken at their word; whom a signed token names is called as
/// it says. What cannot be a name is left as it was.
pub(crate) async fn introduce(
    server: &Server,
    identity: &mut Identity,
    name: Option<&str>,
    avatar: Option<&str>,
) -> Result<(), StoreError> {
    if identity.is_signed() {
        return Ok(());
    }
    let before = identity.person.clone();
    if let Some(name) = name.map(str::trim).filter(|name| auth::is_name(name)) {
        name.clone_into(&mut identity.person.name);
    }
    if let Some(avatar) = avatar.filter(|it| !it.is_empty() && it.len() <= AVATAR_BYTES) {
        identity.person.avatar = Some(avatar.to_owned());
    }
    if identity.person == before {
        return Ok(());
    }
    server.store.put_person(identity.person.clone()).await
}

/// Keeps who they are, and finds what was kept. Written only when it is news:
/// an old page shows its token at each request.
async fn remember(
    server: &Server,
    mut identity: Identity,
    from: IpAddr,
) -> Result<Identity, Unknown> {
    may_enter(server, &identity).await?;
    let uid: Uid = identity.person.uid.clone();
    let known = server.store.person(uid).await?;
    if known.is_none() && !identity.is_signed() {
        let bucket = rates::bucket(from);
        server.newcomers.take(&bucket).map_err(Unknown::TooMany)?;
    }
    if let (Some(known), false) = (&known, identity.is_signed()) {
        // Who named themselves may have a name and a picture from before.
        identity.person.name.clone_from(&known.name);
        identity.person.avatar.clone_from(&known.avatar);
    }
    let news = known.is_none_or(|known| {
        Person {
            seen: None,
            ..known
        } != identity.person
    });
    if news {
        server.store.put_person(identity.person.clone()).await?;
    }
    Ok(identity)
}

/// Whether somebody who was believed is let in: asked again at every door, as
/// it may have changed since the last.
pub(crate) async fn may_enter(server: &Server, identity: &Identity) -> Result<(), Unknown> {
    let uid = identity.person.uid.clone();
    match server.store.standing(uid, identity.token).await? {
        Standing::Welcome => Ok(()),
        Standing::SignedOut => Err(Unknown::Disbelieved(Disbelief::Bad)),
        Standing::Banned => Err(Unknown::Banned),
    }
}
