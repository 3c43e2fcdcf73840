//! What a tab keeps of its launch, so that a reload keeps who I am, and how it
//! goes together with what the address says now.
//!
//! A credential is only ever used with the server that it was given for: a
//! link with another `ws` or `api` must not carry it away.

use parlance_core::json;
use serde_json::{Map, Value};

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
#[derive(Clone, Debug, PartialEq, Eq)]
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
    /// Reads what [`to_text`](Self::to_text) wrote; anything else is nothing.
    pub fn from_text(text: &str) -> Option<Self> {
        let Some(Value::Object(mut kept)) = json::read(text) else {
            return None;
        };
        let mut take = |name: &str| match kept.get_mut(name).map(Value::take) {
            Some(Value::String(text)) => Some(text),
            Some(_) | None => None,
        };
        let (address, server, me) = (take("address")?, take("server")?, take("me"));
        let Some(Value::Object(parameters)) = kept.get_mut("parameters").map(Value::take) else {
            return None;
        };
        Some(Self {
            address,
            server,
            parameters: Parameters::from_kept(parameters),
            me,
        })
    }

    /// As it is kept.
    pub fn to_text(&self) -> String {
        let mut kept = Map::new();
        let mut put = |name: &str, value| kept.insert(name.to_owned(), value);
        put("address", Value::String(self.address.clone()));
        put("server", Value::String(self.server.clone()));
        put("parameters", Value::Object(self.parameters.kept()));
        if let Some(me) = &self.me {
            put("me", Value::String(me.clone()));
        }
        json::write(&Value::Object(kept))
    }

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
