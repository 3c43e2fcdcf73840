//! How the page was launched: every parameter of the table in the README,
//! typed, or a list of what is wrong with them.
//!
//! Pure: where the parameters come from, and how an address is resolved, are
//! arguments. Does not know what a dialect does with its parameters.

use std::fmt;

use parlance_core::Target;
use parlance_core::ids::Uid;
use serde_json::{Map, Value};

pub mod kept;
pub mod parameters;
pub mod problem;

#[cfg(target_arch = "wasm32")]
pub mod browser;

pub use kept::{Kept, Launched, Sources, launch};
pub use parameters::Parameters;
pub use problem::{Problem, Should};

/// How the page was launched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Launch {
    /// What the backend speaks.
    pub dialect: DialectName,
    /// The socket's whole address, absolute.
    pub ws: String,
    /// The base of the HTTP paths, absolute, with a slash at its end.
    pub api: String,
    /// Where files are posted to, where the dialect does not say.
    pub upload: Option<String>,
    /// The credential.
    pub token: Option<Secret>,
    /// On which side of a counter I am.
    pub role: Role,
    /// Who I am.
    pub uid: Option<String>,
    /// What I am called.
    pub name: Option<String>,
    /// The address of my picture, as given.
    pub avatar: Option<String>,
    /// The other credential, where a backend has one.
    pub password: Option<Secret>,
    /// What is merged into the login.
    pub login: Map<String, Value>,
    /// The group, topic or course.
    pub room: Option<String>,
    /// The other person.
    pub to: Option<String>,
    /// What the other person is called.
    pub to_name: Option<String>,
    /// The address of the other person's picture, as given.
    pub to_avatar: Option<String>,
    /// Whether two people talk, or a group.
    pub chat: Chat,
    /// The stream that history and questions go by.
    pub stream: Option<String>,
    /// BCP 47; the browser's when absent.
    pub lang: Option<String>,
    /// Which colours.
    pub theme: Theme,
    /// Whether something around the page draws the frame.
    pub embed: bool,
}

impl Launch {
    /// What to show first.
    pub fn target(&self) -> Target {
        match (self.chat, &self.to) {
            (Chat::Single, Some(to)) => Target::Person(Uid::new(to.clone()), self.to_name.clone()),
            (Chat::Single, None) => Target::Nothing,
            (Chat::Group, _) => {
                let room = self.room.clone().or_else(|| self.dialect.default_room());
                room.map_or(Target::Nothing, Target::Room)
            }
        }
    }

    /// Names the server in what this device keeps: the same person on two
    /// servers is two people.
    pub fn server(&self) -> String {
        let socket = self.ws.split('?').next().unwrap_or_default();
        format!("{} {} {socket}", self.dialect.word(), self.api)
    }
}

/// What the backend speaks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DialectName {
    /// The project's own.
    #[default]
    Native,
    /// CRMEB as the old page speaks it.
    Crmeb,
    /// CRMEB as its own clients speak it.
    CrmebStock,
    /// Topics with questions.
    Topic,
    /// J-IM.
    Jim,
    /// Bare text.
    Plain,
    /// Egg.
    Egg,
}

impl DialectName {
    const ALL: [Self; 7] = [
        Self::Native,
        Self::Crmeb,
        Self::CrmebStock,
        Self::Topic,
        Self::Jim,
        Self::Plain,
        Self::Egg,
    ];

    /// The word in the parameter.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Native => "native",
            Self::Crmeb => "crmeb",
            Self::CrmebStock => "crmeb-stock",
            Self::Topic => "topic",
            Self::Jim => "jim",
            Self::Plain => "plain",
            Self::Egg => "egg",
        }
    }

    /// Socket path and base of the HTTP paths on the page's own origin.
    const fn paths(self) -> (&'static str, &'static str) {
        match self {
            Self::Native => ("/ws", "/"),
            Self::Crmeb | Self::CrmebStock => ("/crmeb/msg", "/crmeb/"),
            Self::Topic => ("/topic/ws", "/topic/"),
            Self::Jim => ("/jim/", "/jim/"),
            Self::Plain => ("/plain/", "/plain/"),
            Self::Egg => ("/egg/ws", "/egg/"),
        }
    }

    /// What it does nothing without, beside whom to talk to. Native and J-IM
    /// ask who somebody is.
    const fn needs(self) -> &'static [&'static str] {
        match self {
            Self::Native => &[],
            Self::Jim => &["room"],
            Self::Topic => &["token", "room"],
            Self::Crmeb | Self::CrmebStock | Self::Plain | Self::Egg => &["token"],
        }
    }

    /// Whether it knows talks between two people alone.
    const fn is_single(self) -> bool {
        matches!(self, Self::Crmeb | Self::CrmebStock)
    }

    fn default_room(self) -> Option<String> {
        match self {
            Self::Native => Some("lobby".to_owned()),
            Self::Plain => Some("plain".to_owned()),
            Self::Crmeb | Self::CrmebStock | Self::Topic | Self::Jim | Self::Egg => None,
        }
    }
}

/// On which side of a counter somebody is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Role {
    /// In front of it.
    #[default]
    User,
    /// Behind it.
    Agent,
}

/// Whether two people talk, or a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Chat {
    /// Two people.
    Single,
    /// A group.
    Group,
}

/// Which colours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Theme {
    /// As the system has it.
    #[default]
    Auto,
    /// Dark on light.
    Light,
    /// Light on dark.
    Dark,
}

/// A credential: never shown, not even in a log.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Wraps it.
    pub const fn new(text: String) -> Self {
        Self(text)
    }

    /// For the one place that sends it.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Secret")
    }
}

/// An address that was resolved against the page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    /// Without the colon.
    pub scheme: String,
    /// Host and port.
    pub host: String,
    /// Path, and query with its question mark.
    pub rest: String,
    /// A name and password before the host.
    pub has_credentials: bool,
}

/// Resolves addresses as the browser does.
pub trait Resolver {
    /// `None`: not an address at all.
    fn resolve(&self, text: &str) -> Option<Address>;
}

/// What the parameters are judged against.
#[derive(Clone, Debug)]
pub struct Page {
    /// The page's own address.
    pub address: Address,
    /// Whether something around the page draws the frame.
    pub embedded: bool,
}

/// Types the parameters, or says everything that is wrong with them at once.
pub fn parse(
    parameters: &Parameters,
    page: &Page,
    resolver: &dyn Resolver,
) -> Result<Launch, Vec<Problem>> {
    let mut reading = Reading {
        parameters,
        page,
        resolver,
        problems: Vec::new(),
    };
    let dialect = reading
        .one_of("dialect", &DialectName::ALL.map(|it| (it.word(), it)))
        .unwrap_or_default();
    for name in dialect.needs() {
        // A private talk needs no group.
        let spared = *name == "room" && reading.text("to").is_some();
        if reading.text(name).is_none() && !spared {
            reading.problem(name, Should::BeGiven(dialect.word()));
        }
    }
    let (socket_path, api_path) = dialect.paths();
    let ws = reading.socket("ws").unwrap_or_else(|| {
        let own = &page.address;
        format!("{}://{}{socket_path}", socket_scheme(&own.scheme), own.host)
    });
    let api = reading.http("api").map_or_else(
        || format!("{}://{}{api_path}", page.address.scheme, page.address.host),
        |api| {
            let base = api.split('?').next().unwrap_or_default();
            format!("{}/", base.trim_end_matches('/'))
        },
    );
    let upload = reading.http("upload");
    let role = reading.one_of("role", &[("user", Role::User), ("agent", Role::Agent)]);
    let theme = reading.one_of(
        "theme",
        &[
            ("auto", Theme::Auto),
            ("light", Theme::Light),
            ("dark", Theme::Dark),
        ],
    );
    let chat = reading.one_of("chat", &[("single", Chat::Single), ("group", Chat::Group)]);
    let embed = reading.one_of("embed", &[("1", true), ("0", false)]);
    let login = reading.object("login");
    let lang = reading.language("lang");
    let to = reading.text("to");
    let by_target = match to {
        Some(_) => Chat::Single,
        None if dialect.is_single() => Chat::Single,
        None => Chat::Group,
    };
    let chat = chat.unwrap_or(by_target);
    if chat == Chat::Single && to.is_none() && role != Some(Role::Agent) {
        reading.problem("to", Should::NameSomebody);
    }
    let launch = Launch {
        dialect,
        ws,
        api,
        upload,
        token: reading.text("token").map(Secret),
        role: role.unwrap_or_default(),
        uid: reading.text("uid"),
        name: reading.text("name"),
        avatar: reading.text("avatar"),
        password: reading.text("password").map(Secret),
        login: login.unwrap_or_default(),
        room: reading.text("room"),
        to,
        to_name: reading.text("to_name"),
        to_avatar: reading.text("to_avatar"),
        chat,
        stream: reading.text("stream"),
        lang,
        theme: theme.unwrap_or_default(),
        embed: embed.unwrap_or(page.embedded),
    };
    if reading.problems.is_empty() {
        Ok(launch)
    } else {
        Err(reading.problems)
    }
}

struct Reading<'a> {
    parameters: &'a Parameters,
    page: &'a Page,
    resolver: &'a dyn Resolver,
    problems: Vec<Problem>,
}

impl Reading<'_> {
    fn text(&self, name: &'static str) -> Option<String> {
        self.parameters.value(name).map(str::to_owned)
    }

    fn one_of<T: Copy>(&mut self, name: &'static str, words: &[(&'static str, T)]) -> Option<T> {
        let given = self.text(name)?;
        let found = words.iter().find(|(word, _)| *word == given);
        if found.is_none() {
            let words = words.iter().map(|(word, _)| *word).collect();
            self.problem(name, Should::BeOneOf(words));
        }
        found.map(|(_, value)| *value)
    }

    fn socket(&mut self, name: &'static str) -> Option<String> {
        let address = self.address(name, &["ws", "wss", "http", "https"])?;
        let scheme = socket_scheme(&address.scheme);
        if scheme == "ws" && self.is_mixed(&address) {
            self.problem(name, Should::BeEncrypted("wss"));
        }
        Some(format!("{scheme}://{}{}", address.host, address.rest))
    }

    fn http(&mut self, name: &'static str) -> Option<String> {
        let address = self.address(name, &["http", "https"])?;
        if address.scheme == "http" && self.is_mixed(&address) {
            self.problem(name, Should::BeEncrypted("https"));
        }
        let Address {
            scheme, host, rest, ..
        } = address;
        Some(format!("{scheme}://{host}{rest}"))
    }

    fn address(&mut self, name: &'static str, schemes: &'static [&'static str]) -> Option<Address> {
        let given = self.text(name)?;
        let address = self.resolver.resolve(&given).filter(|address| {
            schemes.contains(&address.scheme.as_str())
                && !address.host.is_empty()
                && !address.has_credentials
        });
        if address.is_none() {
            self.problem(name, Should::BeAnAddress(schemes));
        }
        address
    }

    /// An encrypted page may not talk in the clear, but to the same machine.
    fn is_mixed(&self, address: &Address) -> bool {
        let name = match address.host.rsplit_once(':') {
            Some((name, port)) if port.bytes().all(|it| it.is_ascii_digit()) => name,
            Some(_) | None => &address.host,
        };
        let same_machine =
            matches!(name, "localhost" | "127.0.0.1" | "[::1]") || name.ends_with(".localhost");
        self.page.address.scheme == "https" && !same_machine
    }

    fn object(&mut self, name: &'static str) -> Option<Map<String, Value>> {
        let given = self.text(name)?;
        let object = match parlance_core::json::read(&given) {
            Some(Value::Object(object)) => Some(object),
            _ => None,
        };
        if object.is_none() {
            self.problem(name, Should::BeAJsonObject);
        }
        object
    }

    fn language(&mut self, name: &'static str) -> Option<String> {
        let given = self.text(name)?;
        let well_formed = given.len() <= 35
            && given.split('-').all(|part| {
                (1..=8).contains(&part.len()) && part.bytes().all(|it| it.is_ascii_alphanumeric())
            });
        if !well_formed {
            self.problem(name, Should::BeALanguage);
        }
        well_formed.then_some(given)
    }

    fn problem(&mut self, name: &'static str, should: Should) {
        self.problems.push(Problem {
            parameter: name.to_owned(),
            should,
        });
    }
}

fn socket_scheme(scheme: &str) -> &'static str {
    match scheme {
        "https" | "wss" => "wss",
        _ => "ws",
    }
}

#[cfg(test)]
pub(crate) mod tests;
