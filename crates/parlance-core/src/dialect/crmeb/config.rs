//! Where a CRMEB backend is and who talks to whom there, and what follows from
//! it: what the backend can do, and by which headers HTTP knows somebody.
//!
//! Reads no launch parameter: the page does.

use std::time::Duration;

use serde_json::{Map, Value};

use super::pages;
use crate::dialect::address::behind;
use crate::dialect::identity::Me;
use crate::dialect::{
    Beat, Capabilities, Counts, Doubt, History, Liveness, Offers, Order, Proof, Resend,
    RetryPolicy, Silence, Upload, WhenHidden,
};

/// Where the server is, who I am, and whom I talk to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CrmebConfig {
    /// Whose frames.
    pub form: Form,
    /// The socket's absolute address.
    pub link: String,
    /// The base of the HTTP paths.
    pub api: String,
    /// The credential: the `token` header of the seed form, the JWT of stock.
    /// Without one, stock has a tourist here.
    pub token: Option<String>,
    /// Customer or agent.
    pub role: Role,
    /// Who I am.
    pub me: Me,
    /// Whom I talk to first: their uid, name and picture.
    pub to: Option<Me>,
    /// Merged into what is said at login.
    pub login: Map<String, Value>,
    /// Where pictures are put, where the launch says it.
    pub upload: Option<String>,
}

/// Whose frames.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// The seed pages'.
    Seed,
    /// The stock server's.
    Stock,
}

/// On which side of the counter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Asks for service.
    Customer,
    /// Gives it.
    Agent,
}

/// When a login is asserted after each opening.
const ASSERT_AFTER: [Duration; 2] = [Duration::from_secs(13), Duration::from_secs(28)];

/// What the backend can do.
pub(super) fn capabilities(config: &CrmebConfig) -> Capabilities {
    let seconds = Duration::from_secs;
    let seed = config.form == Form::Seed;
    Capabilities {
        proof: if seed { Proof::Never } else { Proof::Echoed },
        resend: Resend::Doubles,
        order: Order::AsGiven(History::Pages),
        close_codes: false,
        when_hidden: WhenHidden::Stays,
        liveness: Liveness {
            // The stock server drops who is silent for more than 12 s.
            beat: if seed {
                Beat::Quiet(seconds(10))
            } else {
                Beat::Every(seconds(8))
            },
            silence: Some(Silence {
                within: seconds(if seed { 10 } else { 24 }),
                counts: Counts::Always,
            }),
            proof_within: seconds(10),
        },
        retry: RetryPolicy::grown_from(seconds(5)),
        // The stock server keeps one socket of a person, and forgets them
        // when an older one closes: up to 28 s after the new one logged in.
        doubt: Doubt {
            assert_after: &ASSERT_AFTER,
            look_again: Some(seconds(60)),
        },
        offers: Offers {
            images: upload(config),
            ..Offers::default()
        },
    }
}

fn upload(config: &CrmebConfig) -> Option<Upload> {
    let stock = || (config.form == Form::Stock).then(|| behind(&config.api, pages::UPLOAD));
    Some(Upload {
        url: config.upload.clone().or_else(stock)?,
        headers: credential(config),
        field: "file",
        fields: Vec::new(),
        answer: pages::UPLOADED,
        with_cookies: false,
    })
}

/// The headers by which HTTP knows me: the seed pages' own, and stock's where
/// an agent asks or the server is stock.
pub(super) fn credential(config: &CrmebConfig) -> Vec<(String, String)> {
    let seed = config.form == Form::Seed;
    let bearer = !seed || config.role == Role::Agent;
    let mut headers = Vec::new();
    for token in config.token.iter() {
        if seed {
            headers.push(("token".to_owned(), token.clone()));
        }
        if bearer {
            headers.push(("authori-zation".to_owned(), format!("Bearer {token}")));
        }
    }
    headers
}
