//! What is wrong with a launch, in words that name the parameter and what it
//! should be.
//!
//! Speaks both languages by itself: it has to say its sentence when nothing
//! else of the page has started. Never repeats a value: it may be secret.

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Which parameter.
    pub parameter: String,
    /// What it should be.
    pub should: Should,
}

/// What a parameter should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Should {
    /// One of these words.
    BeOneOf(Vec<&'static str>),
    /// An address with one of these schemes, or one relative to the page.
    BeAnAddress(&'static [&'static str]),
    /// An address with this scheme, because the page itself is encrypted.
    BeEncrypted(&'static str),
    /// An address that the page's policy lets through.
    BeAllowed(String),
    /// A JSON object.
    BeAJsonObject,
    /// Text, a number, true or false.
    BeText,
    /// A language tag.
    BeALanguage,
    /// The id of the person to talk to.
    NameSomebody,
    /// A dialect that this build speaks.
    BeBuilt(&'static str),
    /// Given at all, since this dialect does nothing without it.
    BeGiven(&'static str),
}

/// The languages of sentences that must not depend on anything else.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Speech {
    /// English.
    #[default]
    English,
    /// Simplified Chinese.
    Chinese,
}

impl Speech {
    /// By a language tag.
    pub fn of(tag: &str) -> Self {
        let primary = tag.split('-').next().unwrap_or_default();
        if primary.eq_ignore_ascii_case("zh") {
            Self::Chinese
        } else {
            Self::English
        }
    }
}

impl Problem {
    /// The second half of the sentence whose first half is the parameter.
    pub fn sentence(&self, speech: Speech) -> String {
        match speech {
            Speech::English => self.english(),
            Speech::Chinese => self.chinese(),
        }
    }

    fn english(&self) -> String {
        match &self.should {
            Should::BeOneOf(words) => format!("should be one of: {}.", words.join(", ")),
            Should::BeAnAddress(schemes) => format!(
                "should be an address that begins with {}, or one relative to this page, \
                 without a name and password in it.",
                schemes.join("://, ") + "://"
            ),
            Should::BeEncrypted(scheme) => format!(
                "should be an address that begins with {scheme}://, because this page came \
                 over an encrypted connection."
            ),
            Should::BeAllowed(origin) => format!(
                "points to {origin}, which this page's content security policy blocks. It \
                 should be an address on this page's own server, or the server should be \
                 started with --backend {origin}."
            ),
            Should::BeAJsonObject => "should be a JSON object, such as {\"a\": \"b\"}.".to_owned(),
            Should::BeText => "should be a text, a number, true or false.".to_owned(),
            Should::BeALanguage => "should be a language tag, such as en or zh-CN.".to_owned(),
            Should::NameSomebody => {
                "should be the id of the person to talk to, because chat is single.".to_owned()
            }
            Should::BeBuilt(word) => format!("is {word}, which is not built into this page."),
            Should::BeGiven(dialect) => {
                format!("is missing, and the dialect {dialect} needs it.")
            }
        }
    }

    fn chinese(&self) -> String {
        match &self.should {
            Should::BeOneOf(words) => format!("应为以下之一：{}。", words.join("、")),
            Should::BeAnAddress(schemes) => format!(
                "应为以 {} 开头的地址，或相对于本页的地址，且不含用户名和密码。",
                schemes.join("://、") + "://"
            ),
            Should::BeEncrypted(scheme) => {
                format!("应为以 {scheme}:// 开头的地址，因为本页通过加密连接打开。")
            }
            Should::BeAllowed(origin) => format!(
                "指向 {origin}，被本页的内容安全策略阻止。应为本页所在服务器的地址，\
                 或以 --backend {origin} 启动服务器。"
            ),
            Should::BeAJsonObject => "应为 JSON 对象，例如 {\"a\": \"b\"}。".to_owned(),
            Should::BeText => "应为文本、数字、true 或 false。".to_owned(),
            Should::BeALanguage => "应为语言标签，例如 en 或 zh-CN。".to_owned(),
            Should::NameSomebody => "应为对方的 id，因为 chat 为 single。".to_owned(),
            Should::BeBuilt(word) => format!("为 {word}，此页面未包含。"),
            Should::BeGiven(dialect) => format!("缺失，{dialect} 需要它。"),
        }
    }
}
