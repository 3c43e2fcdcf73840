//! Every sentence of the page, by what it is for. A language is a value of
//! this: leave a sentence out, and it does not compile.
//!
//! Knows no language. `{}` is where a name, a number or a time goes.

/// A sentence about a number.
pub struct Plural {
    /// Where the language has a form for one.
    pub one: &'static str,
    /// For all other numbers.
    pub other: &'static str,
}

macro_rules! table {
    ($($(#[$doc:meta])* $name:ident: $kind:ty,)+) => {
        /// Every sentence of the page.
        pub struct Words {
            $($(#[$doc])* pub $name: $kind,)+
        }
    };
}

table! {
    /// The language's own tag.
    tag: &'static str,
    skip_to_composer: &'static str,

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
    story_online_after: &'static str,
    /// One for each kind, in the order of `What`.
    story_kinds: [&'static str; 21],
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
