//! Every sentence of the page, by what it is for. A language is a value of
//! `Language` in a file of its own: leave a sentence out, and it does not
//! compile.
//!
//! A page downloads one language: its sentences in the order of this file, of
//! which [`Words`] is made. `{}` is where a name, a number or a time goes.
//! Knows no plural rule and no format: those are the browser's own `Intl`.

use std::mem::{offset_of, size_of};

#[cfg(feature = "languages")]
mod en;
#[cfg(feature = "languages")]
mod zh_cn;

/// Every language, the usual one first.
#[cfg(feature = "languages")]
pub static LANGUAGES: [&Language; 2] = [&en::WORDS, &zh_cn::WORDS];

/// A sentence about a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Plural {
    /// Where the language has a form for one.
    pub one: &'static str,
    /// For all other numbers.
    pub other: &'static str,
}

/// A sentence or more that are called by one name.
trait Sentences {
    /// How many.
    const LINES: usize;
    /// They begin at this one of all.
    fn at(all: &[&'static str; COUNT], first: usize) -> Self;
    #[cfg(feature = "languages")]
    fn each(&self, line: &mut dyn FnMut(&'static str));
}

// Where the number is known, as in all that the table makes, nothing is left of
// these but the look itself.
#[inline(always)]
fn line(all: &[&'static str; COUNT], at: usize) -> &'static str {
    all.get(at).copied().unwrap_or_default()
}

impl Sentences for &'static str {
    const LINES: usize = 1;

    #[inline(always)]
    fn at(all: &[&'static str; COUNT], first: usize) -> Self {
        line(all, first)
    }

    #[cfg(feature = "languages")]
    fn each(&self, line: &mut dyn FnMut(&'static str)) {
        line(self);
    }
}

impl Sentences for Plural {
    const LINES: usize = 2;

    #[inline(always)]
    fn at(all: &[&'static str; COUNT], first: usize) -> Self {
        Self {
            one: line(all, first),
            other: line(all, first + 1),
        }
    }

    #[cfg(feature = "languages")]
    fn each(&self, line: &mut dyn FnMut(&'static str)) {
        line(self.one);
        line(self.other);
    }
}

impl<const N: usize> Sentences for [&'static str; N] {
    const LINES: usize = N;

    #[inline(always)]
    fn at(all: &[&'static str; COUNT], first: usize) -> Self {
        std::array::from_fn(|index| line(all, first + index))
    }

    #[cfg(feature = "languages")]
    fn each(&self, line: &mut dyn FnMut(&'static str)) {
        self.iter().for_each(|sentence| line(sentence));
    }
}

macro_rules! table {
    ($($(#[$doc:meta])* $name:ident: $kind:ty,)+) => {
        /// A language, as its file says it.
        #[cfg(feature = "languages")]
        #[derive(Debug)]
        #[allow(missing_docs, reason = "a sentence says what it is for by its name")]
        pub struct Language {
            $($(#[$doc])* pub $name: $kind,)+
        }

        #[cfg(feature = "languages")]
        impl Language {
            fn each(&self, line: &mut dyn FnMut(&'static str)) {
                $(self.$name.each(line);)+
            }
        }

        /// Where each name begins among all sentences: what is counted here is
        /// bytes, and each stands for a sentence.
        #[repr(C)]
        #[allow(dead_code, reason = "only the places of its fields are asked for")]
        struct Places {
            $($name: [u8; <$kind as Sentences>::LINES],)+
        }

        /// Every sentence that the page says, in its language.
        #[allow(missing_docs, reason = "a sentence says what it is for by its name")]
        impl Words {
            $(
                $(#[$doc])*
                #[inline(always)]
                pub fn $name(&self) -> $kind {
                    Sentences::at(&self.0, offset_of!(Places, $name))
                }
            )+
        }
    };
}

const COUNT: usize = size_of::<Places>();

/// The sentences of one language.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Words([&'static str; COUNT]);

impl Words {
    /// Of these sentences, in the order of this file.
    pub fn new(next: &mut dyn FnMut() -> &'static str) -> Self {
        let mut all = [""; COUNT];
        for line in &mut all {
            *line = next();
        }
        Self(all)
    }
}

#[cfg(feature = "languages")]
impl Language {
    /// Its sentences, in the order of this file.
    pub fn sentences(&self) -> Vec<&'static str> {
        let mut all = Vec::with_capacity(COUNT);
        self.each(&mut |sentence| all.push(sentence));
        all
    }

    /// What a page says in it.
    pub fn words(&self) -> Words {
        let mut all = self.sentences().into_iter();
        Words::new(&mut || all.next().unwrap_or_default())
    }
}

table! {
    /// The language's own tag.
    tag: &'static str,
    skip_to_composer: &'static str,

    problem_title: &'static str,
    /// Each of these follows the name of a launch parameter.
    problem_one_of: &'static str,
    problem_address: &'static str,
    problem_encrypted: &'static str,
    problem_allowed: &'static str,
    problem_json: &'static str,
    problem_text: &'static str,
    problem_language: &'static str,
    problem_somebody: &'static str,
    problem_built: &'static str,
    problem_given: &'static str,
    /// Between the entries of a list.
    comma: &'static str,

    join_title: &'static str,
    join_hint: &'static str,
    join_name: &'static str,
    join_go: &'static str,
    join_busy: &'static str,

    signed_out_title: &'static str,
    signed_out_text: &'static str,
    join_again: &'static str,
    ended_bad_token: &'static str,
    ended_no_identity: &'static str,
    ended_taken_over: &'static str,
    ended_banned: &'static str,
    ended_signed_out: &'static str,
    ended_incompatible: &'static str,
    ended_gave_up: &'static str,
    ended_other: &'static str,
    use_here: &'static str,
    reload: &'static str,

    status_connecting: &'static str,
    status_waiting: &'static str,
    /// Seconds until the next attempt.
    status_retry_in: Plural,
    status_offline: &'static str,
    status_suspended: &'static str,
    status_now: &'static str,
    story_open: &'static str,
    story_title: &'static str,
    story_hint: &'static str,
    story_copy: &'static str,
    story_copied: &'static str,
    story_none: &'static str,
    /// Above the name of the other website.
    link_open: &'static str,
    link_copy: &'static str,
    story_online_after: &'static str,
    /// One for each kind, in the order of `What`.
    story_kinds: [&'static str; 22],
    restored: &'static str,
    not_kept: &'static str,
    not_kept_why: &'static str,

    conversations: &'static str,
    no_conversations: &'static str,
    choose_conversation: &'static str,
    unread: Plural,
    you: &'static str,
    back: &'static str,
    sign_out: &'static str,
    account: &'static str,
    people: &'static str,
    close: &'static str,
    host: &'static str,
    /// What a host is where customers are served.
    agent: &'static str,
    /// Of a name that looks like a host's.
    not_staff: &'static str,
    online: &'static str,
    offline: &'static str,
    last_seen: &'static str,
    people_online: Plural,
    promise_once: &'static str,
    promise_answered: &'static str,
    promise_echoed: &'static str,
    promise_never: &'static str,
    promise_numbered: &'static str,
    promise_as_given: &'static str,
    promise_history: &'static str,
    promise_no_history: &'static str,
    typing_one: &'static str,
    typing_many: &'static str,
    typing: &'static str,

    timeline: &'static str,
    loading: &'static str,
    history_failed: &'static str,
    again: &'static str,
    beginning: &'static str,
    empty: &'static str,
    gap: Plural,
    gap_load: &'static str,
    new_line: &'static str,
    newer: &'static str,
    new_messages: Plural,

    composer: &'static str,
    send: &'static str,
    bytes_left: Plural,
    bytes_over: Plural,
    outbox_full: &'static str,
    ask: &'static str,
    ask_hint: &'static str,
    attach: &'static str,
    uploading: &'static str,
    upload_unreadable: &'static str,
    upload_too_large: &'static str,
    upload_broken: &'static str,
    upload_refused: &'static str,
    stranger: &'static str,
    talk_hosts_only: &'static str,
    talk_muted: &'static str,
    talk_closed: &'static str,

    queued: &'static str,
    queued_above: &'static str,
    queued_consent: &'static str,
    sending: &'static str,
    sent: &'static str,
    read: &'static str,
    unconfirmed: &'static str,
    unknown: &'static str,
    unknown_why: &'static str,
    missing: &'static str,
    missing_told: Plural,
    failed: &'static str,
    failed_too_large: &'static str,
    failed_forbidden: &'static str,
    failed_no_conversation: &'static str,
    retry: &'static str,
    send_now: &'static str,
    edit: &'static str,
    delete: &'static str,
    save: &'static str,
    cancel: &'static str,

    image: &'static str,
    video: &'static str,
    voice: &'static str,
    file: &'static str,
    product: &'static str,
    order: &'static str,
    question: &'static str,
    answer: &'static str,
    answer_to: &'static str,
    like: &'static str,
    flower: &'static str,
    notice: &'static str,
    unsupported: &'static str,
    show_image: &'static str,
    from_elsewhere: &'static str,
    open: &'static str,
    /// Author, then what was said: for a screen reader.
    announced: &'static str,
}

#[cfg(all(test, feature = "languages"))]
mod tests {
    use super::*;

    #[test]
    fn each_name_leads_to_its_own_sentence() {
        for language in LANGUAGES {
            let words = language.words();
            assert_eq!(words.0.to_vec(), language.sentences(), "{}", language.tag);
            assert_eq!(words.tag(), language.tag);
            assert_eq!(words.unread(), language.unread);
            assert_eq!(words.story_kinds(), language.story_kinds);
            // The last one: nothing before it has another length than it seems.
            assert_eq!(words.announced(), language.announced);
        }
    }

    /// Every sentence is there, on a line of its own, with what goes into it.
    #[test]
    fn languages_differ_in_their_words_alone() {
        let holes = |sentence: &str| sentence.matches("{}").count();
        for language in LANGUAGES {
            let usual = LANGUAGES[0].sentences();
            for (theirs, ours) in language.sentences().into_iter().zip(usual) {
                assert_eq!(holes(theirs), holes(ours), "{}: {theirs}", language.tag);
                assert_ne!(theirs.trim(), "", "{}: as {ours}", language.tag);
                assert!(!theirs.contains('\n'), "{}: {theirs}", language.tag);
            }
        }
    }
}
