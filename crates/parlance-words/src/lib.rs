//! Every sentence of the page, by what it is for. A language is a value of
//! [`Words`] in a file of its own: leave a sentence out, and it does not
//! compile.
//!
//! A page downloads one language, as a text with a sentence a line, in the
//! order of this file; [`Words::written`] makes it and [`Words::read`] reads it.
//! `{}` is where a name, a number or a time goes. Knows no plural rule and no
//! format: those are the browser's own `Intl`.

#[cfg(feature = "languages")]
mod en;
#[cfg(feature = "languages")]
mod zh_cn;

/// Every language, the usual one first.
#[cfg(feature = "languages")]
pub static LANGUAGES: [&Words; 2] = [&en::WORDS, &zh_cn::WORDS];

/// A sentence about a number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plural {
    /// Where the language has a form for one.
    pub one: &'static str,
    /// For all other numbers.
    pub other: &'static str,
}

/// What a language is written into, and read from.
trait Sentences: Sized {
    fn read(next: &mut dyn FnMut() -> &'static str) -> Self;
    fn write(&self, line: &mut dyn FnMut(&'static str));
}

impl Sentences for &'static str {
    fn read(next: &mut dyn FnMut() -> &'static str) -> Self {
        next()
    }

    fn write(&self, line: &mut dyn FnMut(&'static str)) {
        line(self);
    }
}

impl Sentences for Plural {
    fn read(next: &mut dyn FnMut() -> &'static str) -> Self {
        Self {
            one: next(),
            other: next(),
        }
    }

    fn write(&self, line: &mut dyn FnMut(&'static str)) {
        line(self.one);
        line(self.other);
    }
}

impl<const N: usize> Sentences for [&'static str; N] {
    fn read(next: &mut dyn FnMut() -> &'static str) -> Self {
        [(); N].map(|()| next())
    }

    fn write(&self, line: &mut dyn FnMut(&'static str)) {
        self.iter().for_each(|sentence| line(sentence));
    }
}

macro_rules! table {
    ($($(#[$doc:meta])* $name:ident: $kind:ty,)+) => {
        /// Every sentence of the page.
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub struct Words {
            $($(#[$doc])* pub $name: $kind,)+
        }

        impl Words {
            /// The language of a text, whose lines `next` gives one by one;
            /// an empty one at its end.
            pub fn read(next: &mut dyn FnMut() -> &'static str) -> Self {
                Self {
                    $($name: Sentences::read(next),)+
                }
            }

            fn write(&self, line: &mut dyn FnMut(&'static str)) {
                $(self.$name.write(line);)+
            }
        }
    };
}

impl Words {
    /// The text that [`read`](Self::read) reads, whose last line is empty.
    pub fn written(&self) -> String {
        let mut text = String::new();
        self.write(&mut |sentence| {
            text.push_str(sentence);
            text.push('\n');
        });
        text
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

    fn read(text: &'static str) -> Words {
        let mut lines = text.lines();
        Words::read(&mut || lines.next().unwrap_or_default())
    }

    #[test]
    fn a_language_is_read_as_it_was_written() {
        for words in LANGUAGES {
            let text: &'static str = words.written().leak();
            assert_eq!(read(text), *words, "{}", words.tag);
            assert!(text.starts_with(&format!("{}\n", words.tag)));
        }
    }

    /// Every sentence is there, on a line of its own, with what goes into it.
    #[test]
    fn languages_differ_in_their_words_alone() {
        let holes = |words: &Words| -> Vec<usize> {
            let holes = |line: &str| line.matches("{}").count();
            words.written().lines().map(holes).collect()
        };
        let usual = LANGUAGES[0];
        for words in LANGUAGES {
            let text = words.written();
            assert_eq!(
                text.lines().count(),
                usual.written().lines().count(),
                "{}: a sentence of two lines",
                words.tag
            );
            for (line, (theirs, ours)) in holes(words).into_iter().zip(holes(usual)).enumerate() {
                let sentence = text.lines().nth(line).unwrap_or_default();
                assert_eq!(theirs, ours, "{}: {sentence}", words.tag);
                assert_ne!(sentence.trim(), "", "{}: line {line}", words.tag);
            }
        }
    }
}
