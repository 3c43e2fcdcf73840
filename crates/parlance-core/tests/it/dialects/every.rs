//! The twelve decoders, six at the page's end and six at the server's, each
//! given as many spoiled texts as the others, and the panics counted.
//!
//! What the texts must not be taken for is told where each dialect's own tests
//! are; this is the count. `PARLANCE_DEEP=1` makes it more than a million;
//! `DECODER_SEED` repeats a run, `DECODER_INPUTS` sets how many for each.

use std::panic::{AssertUnwindSafe, catch_unwind};

use parlance_core::dialect::crmeb::pages::{SeedAsk, StockAsk};
use parlance_core::dialect::crmeb::{Crmeb, Form};
use parlance_core::dialect::egg::request::Request;
use parlance_core::dialect::jim::Jim;
use parlance_core::dialect::topic::Topic;
use parlance_core::dialect::topic::wire::{Put, Said, Wanted};
use parlance_core::dialect::{Dialect, crmeb, egg, jim, native, plain};
use parlance_core::outbox::Draft;
use parlance_core::wire::{HttpResponse, Method, Wire};
use serde_json::Value;

use super::hostile::{asked, egg_dialect, plain_dialect, sound};
use crate::decoders::spoiler::Spoiler;
use crate::decoders::{from_environment, other_texts, server_frames};

/// Takes a text in every way in which one end of a wire can. The number picks
/// what a text alone does not say, such as an HTTP status.
type Reader = Box<dyn FnMut(u64, &str)>;

struct Decoder {
    name: &'static str,
    sound: Vec<Value>,
    reader: fn() -> Reader,
}

/// A page's end: a frame, and an answer to whatever it asks for.
fn page(mut dialect: impl Dialect + 'static) -> Reader {
    let asked = asked();
    Box::new(move |number, text| {
        let _ = dialect.decode(&Wire::Text(text.to_owned()));
        let status = [200, 200, 201, 400, 401, 404, 413, 422, 429, 500, 0][(number % 11) as usize];
        let body = text.to_owned();
        let response = HttpResponse { status, body };
        let asked = &asked[(number / 11 % asked.len() as u64) as usize];
        let _ = dialect.decode_answer(asked, &response);
        if number % 97 == 0 {
            let _ = dialect.decode(&Wire::Binary(text.as_bytes().to_vec()));
            dialect.reset();
        }
    })
}

/// A dialect as a page has it, with everything sound that its backend says.
pub(crate) struct Ours {
    pub(crate) name: &'static str,
    pub(crate) make: fn() -> Box<dyn Dialect>,
    /// What the login is answered with, where it is waited for.
    pub(crate) greeting: Option<&'static str>,
    pub(crate) sound: Vec<Value>,
}

/// What pages ask for by requests.
pub(crate) fn asked_by_all() -> [parlance_core::dialect::Asked; 5] {
    asked()
}

/// Every dialect, seen from the page.
pub(crate) fn ours() -> [Ours; 7] {
    fn in_form(form: Form) -> Box<dyn Dialect> {
        let config = super::crmeb::config();
        Box::new(Crmeb::new(crmeb::CrmebConfig { form, ..config }))
    }
    let both = |one: &str, other: &str| {
        let sounds = sound(one).into_iter().chain(sound(other));
        sounds.collect::<Vec<_>>()
    };
    let ours = |name, make, greeting, sound| Ours {
        name,
        make,
        greeting,
        sound,
    };
    [
        ours(
            "native",
            || {
                Box::new(native::Native::new(native::NativeConfig {
                    link: "wss://chat.example/ws".to_owned(),
                    api: "https://chat.example/".to_owned(),
                    token: None,
                }))
            },
            None,
            server_frames(),
        ),
        ours("crmeb", || in_form(Form::Seed), None, sound("crmeb")),
        ours(
            "crmeb-stock",
            || in_form(Form::Stock),
            Some(r#"{"type":"success"}"#),
            both("crmeb", "live_crmeb_workerman"),
        ),
        ours(
            "topic",
            || Box::new(Topic::new(super::topic::config())),
            None,
            super::topic::sound(),
        ),
        ours(
            "jim",
            || Box::new(Jim::new(super::jim::config())),
            Some(r#"{"code":10007,"command":6,"msg":"ok"}"#),
            both("jim", "live_jim3_store_on"),
        ),
        ours("plain", || Box::new(plain_dialect()), None, sound("plain")),
        ours("egg", || Box::new(egg_dialect()), None, sound("egg")),
    ]
}

fn crmeb_page(form: Form) -> Reader {
    page(Crmeb::new(crmeb::CrmebConfig {
        form,
        ..super::crmeb::config()
    }))
}

fn crmeb_server(_: u64, text: &str) {
    let _ = crmeb::wire::Client::read(text);
    if let Ok(value) = serde_json::from_str::<Value>(text) {
        let _ = SeedAsk::read(&value);
    }
    let field = |_: &str| Some(text.to_owned());
    let _ = (StockAsk::read_customer(field), StockAsk::read_agent(field));
}

fn topic_server(_: u64, text: &str) {
    let _ = Said::read(text);
    if let Ok(value) = serde_json::from_str::<Value>(text) {
        let _ = (Put::read_question(&value), Put::read_answer(&value));
    }
    let _ = Wanted::read([("page", text), ("stream", text)].into_iter());
}

fn jim_server(_: u64, text: &str) {
    let _ = jim::wire::Request::read(text);
}

fn plain_server(_: u64, text: &str) {
    let _ = plain::wire::Client::read(text);
}

fn egg_server(number: u64, text: &str) {
    let _ = egg::wire::Client::read(text);
    let paths = [
        "api/loginChat",
        "api/chat/socket/sendmessage",
        "api/chat/revokeMessage",
        "api/chat/ismygoodfriend/10",
        "api/chat/goodfriendlist/1",
        text,
    ];
    let value = serde_json::from_str(text).unwrap_or(Value::Null);
    for method in [Method::Post, Method::Get] {
        let _ = Request::read(method, paths[(number % 6) as usize], &value);
    }
}

/// The words of a page, and its drafts and contents, which come back as text.
fn native_server(_: u64, text: &str) {
    let _ = serde_json::from_str::<native::wire::Client>(text);
    let _ = Draft::from_record(text);
    if let Ok(value) = serde_json::from_str::<Value>(text) {
        let content = native::content_of(&value);
        let _ = (content.text(), native::body_of(&content));
    }
}

fn decoders() -> [Decoder; 12] {
    let decoder = |name, sound, reader| Decoder {
        name,
        sound,
        reader,
    };
    let stock = || {
        let seed = sound("crmeb");
        seed.into_iter()
            .chain(sound("live_crmeb_workerman"))
            .collect::<Vec<_>>()
    };
    let both_jims = || {
        let seed = sound("jim");
        seed.into_iter()
            .chain(sound("live_jim3_store_on"))
            .collect::<Vec<_>>()
    };
    let native = || {
        let frames = server_frames();
        frames.into_iter().chain(other_texts()).collect::<Vec<_>>()
    };
    [
        decoder("crmeb's page", sound("crmeb"), || crmeb_page(Form::Seed)),
        decoder("crmeb-stock's page", stock(), || crmeb_page(Form::Stock)),
        decoder("topic's page", super::topic::sound(), || {
            page(Topic::new(super::topic::config()))
        }),
        decoder("jim's page", both_jims(), || {
            page(Jim::new(super::jim::config()))
        }),
        decoder("plain's page", sound("plain"), || page(plain_dialect())),
        decoder("egg's page", sound("egg"), || page(egg_dialect())),
        decoder("crmeb's server", stock(), || Box::new(crmeb_server)),
        decoder("topic's server", super::topic::sound(), || {
            Box::new(topic_server)
        }),
        decoder("jim's server", both_jims(), || Box::new(jim_server)),
        decoder("plain's server", sound("plain"), || Box::new(plain_server)),
        decoder("egg's server", sound("egg"), || Box::new(egg_server)),
        decoder("the native server", native(), || Box::new(native_server)),
    ]
}

#[test]
fn no_input_makes_any_of_the_twelve_decoders_panic() {
    let deep = from_environment("PARLANCE_DEEP", 0) > 0;
    let each = from_environment("DECODER_INPUTS", if deep { 100_000 } else { 2_000 });
    let seed = from_environment("DECODER_SEED", 20_261_140);
    println!("seed {seed}, {each} inputs for each");
    let decoders = decoders();
    let (mut inputs, mut panics) = (0, 0);
    for (place, decoder) in decoders.iter().enumerate() {
        let mut spoiler = Spoiler::of(seed ^ (place as u64) << 32, decoder.sound.clone());
        let mut reader = (decoder.reader)();
        for number in 0..each {
            let (_, text) = spoiler.next();
            let reads = || reader(number, &text);
            if catch_unwind(AssertUnwindSafe(reads)).is_err() {
                panics += 1;
                let text: String = text.chars().take(300).collect();
                println!("DECODER_SEED={seed} {} {number}: {text:?}", decoder.name);
                reader = (decoder.reader)();
            }
            inputs += 1;
        }
    }
    println!(
        "decoder inputs: {inputs} over {} decoders, panics {panics}",
        decoders.len()
    );
    assert!(!deep || inputs >= 1_000_000, "as many as were promised");
    assert_eq!(panics, 0, "each is told above");
}
