//! What a tab keeps of its launch, so that a reload keeps who I am, and how it
//! goes together with what the address says now.
//!
//! A credential is only ever used with the server that it was given for: a
//! link with another `ws` or `api` must not carry it away.

use serde::{Deserialize, Serialize};

use super::{Launch, Page, Parameters, Problem, Resolver, parse};

/// Where parameters come from; later ones win.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    /// The file next to index.html.
    pub file: Parameters,
    /// The query, secrets included.
    pub query: Parameters,
    /// The fragment.
    pub fragment: Parameters,
    /// What this tab has kept.
    pub kept: Option<Kept>,
    /// Path and query of the address, without what is secret.
    pub address: String,
}

/// What a tab keeps of its launch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kept {
    /// The address that was launched.
    address: String,
    /// The server that it was for.
    server: String,
    /// What is no longer in the address bar.
    parameters: Parameters,
    /// Who the server said I am, by that credential.
    me: Option<String>,
}

impl Kept {
    /// Who the server said I am.
    pub fn me(&self) -> Option<&str> {
        self.me.as_deref()
    }

    /// The same, for whom the server says I am.
    #[must_use]
    pub fn with_me(mut self, uid: &str) -> Self {
        self.me = Some(uid.to_owned());
        self
    }
}

/// A launch, and what to keep of it.
#[derive(Clone, Debug)]
pub struct Launched {
    /// How the page was launched.
    pub launch: Launch,
    /// What the tab should keep.
    pub kept: Kept,
}

/// Puts the sources together.
pub fn launch(
    sources: &Sources,
    page: &Page,
    resolver: &dyn Resolver,
) -> Result<Launched, Vec<Problem>> {
    let fresh = sources.query.secrets().then(&sources.fragment);
    let kept = sources.kept.as_ref();
    // A reload: the same address, and nothing new in it.
    let again = kept.filter(|kept| fresh.is_empty() && kept.address == sources.address);
    let hidden = again.map_or_else(|| fresh.clone(), |kept| kept.parameters.clone());
    let given = sources.file.clone().then(&sources.query).then(&hidden);
    let bare = parse(&given, page, resolver)?;

    // Another address of the same server, which says nothing of who I am.
    let carried = kept
        .filter(|kept| {
            again.is_none()
                && bare.token.is_none()
                && bare.uid.is_none()
                && kept.server == bare.server()
        })
        .map(|kept| kept.parameters.identity())
        .filter(|identity| !identity.is_empty());
    let launch = match &carried {
        Some(identity) => parse(&identity.clone().then(&given), page, resolver)?,
        None => bare,
    };
    let parameters = match &carried {
        Some(identity) => identity.clone().then(&hidden),
        None => hidden,
    };
    let server = launch.server();
    // The hint is worth something only for the same server and credential.
    let me = kept
        .filter(|kept| {
            kept.server == server
                && kept.parameters.value("token") == parameters.value("token")
                && kept.parameters.value("uid") == parameters.value("uid")
        })
        .and_then(|kept| kept.me.clone());
    Ok(Launched {
        launch,
        kept: Kept {
            address: sources.address.clone(),
            server,
            parameters,
            me,
        },
    })
}
