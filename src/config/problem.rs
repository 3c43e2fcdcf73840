//! What is wrong with a launch, in words that name the parameter and what it
//! should be.
//!
//! Knows no language. Never repeats a value: it may be secret.

use parlance_core::text::replaced;
use parlance_words::Words;

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

impl Problem {
    /// The second half of the sentence whose first half is the parameter.
    pub fn sentence(&self, words: &Words) -> String {
        let (sentence, value) = match &self.should {
            Should::BeOneOf(all) => (words.problem_one_of(), all.join(words.comma())),
            Should::BeAnAddress(schemes) => {
                let between = ["://", words.comma()].concat();
                let all = [&schemes.join(&between), "://"].concat();
                (words.problem_address(), all)
            }
            Should::BeEncrypted(scheme) => (words.problem_encrypted(), [*scheme, "://"].concat()),
            Should::BeAllowed(origin) => (words.problem_allowed(), origin.clone()),
            Should::BeAJsonObject => (words.problem_json(), String::new()),
            Should::BeText => (words.problem_text(), String::new()),
            Should::BeALanguage => (words.problem_language(), String::new()),
            Should::NameSomebody => (words.problem_somebody(), String::new()),
            Should::BeBuilt(word) => (words.problem_built(), (*word).to_owned()),
            Should::BeGiven(dialect) => (words.problem_given(), (*dialect).to_owned()),
        };
        replaced(sentence, "{}", &value)
    }
}
