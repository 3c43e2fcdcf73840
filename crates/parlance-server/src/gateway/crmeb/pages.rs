//! What CRMEB's pages ask by HTTP: history in three ways, an agent's list of
//! customers, a place for a picture.
//!
//! Refusals come with status 200 and another one inside, as the backend's
//! pages read them.

use std::sync::Arc;

use axum::Extension;
use axum::extract::multipart::MultipartRejection;
use axum::extract::{Multipart, State};
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use parlance_core::dialect::crmeb::pages::{self, Agent, CUSTOMERS, Page, SeedAsk, StockAsk};
use parlance_core::dialect::crmeb::rows::{Record, Row};
use parlance_core::frame::Part;
use parlance_core::ids::{ConversationId, Seq, Uid};
use serde_json::Value;

use super::desk::{Desk, Why};
use super::{named, read_all, rows, why, why_unknown};
use crate::gateway::{Ask, Head};
use crate::server::Server;
use crate::store::{Message, Summary};
use crate::upload::{self, Rejected, Wanted};
use crate::voice::{Refusal, Voice};
use crate::who::{self, Unknown};

/// Rows of a page, at most.
const MOST_ROWS: u64 = 100;
/// The statuses inside: no login, and anything else.
const NO_LOGIN: u64 = 410_000;
const FAILED: u64 = 400;

/// Pages counted from the newest, as the seed's pages ask.
pub(super) async fn by_seed_page(
    State(server): State<Arc<Server>>,
    Extension(desk): Extension<Arc<Desk>>,
    ask: Ask,
) -> Response {
    let voice = match ask.voice(&server).await {
        Ok(voice) => voice,
        Err(unknown) => return nobody(&server, &unknown),
    };
    let Some(asked) = SeedAsk::read(&Value::Object(ask.body)) else {
        return failed("参数错误");
    };
    let Some(other) = other(&voice, &asked.with).await else {
        return failed("用户不存在");
    };
    let conversation = begin(&desk, &voice, &other);
    let limit = asked.limit.min(MOST_ROWS);
    let messages = async {
        if asked.page == 1 {
            read_all(&voice, &conversation).await;
            return voice.page(&conversation, Part::Newest, small(limit)).await;
        }
        let newest = voice.page(&conversation, Part::Newest, 1).await?;
        // The page may be any number; the log has no more than its head.
        let newer = limit.saturating_mul(asked.page - 1);
        let before = Seq(newest.head.0.saturating_sub(newer).saturating_add(1));
        voice
            .page(&conversation, Part::Before(before), small(limit))
            .await
    };
    match messages.await {
        Ok(page) => {
            let me = voice.person();
            let row = |message: &Message| rows::seed_page(me, &other, message);
            json(written(&page.messages, row, None).seed())
        }
        Err(refusal) => failed(why(&refusal)),
    }
}

/// The rows before one, as a stock customer asks.
pub(super) async fn by_customer(
    State(server): State<Arc<Server>>,
    Extension(desk): Extension<Arc<Desk>>,
    head: Head,
) -> Response {
    let voice = match voice(&server, &head).await {
        Ok(voice) => voice,
        Err(unknown) => return nobody(&server, &unknown),
    };
    let mut asked = StockAsk::read_customer(|name| head.query(name).map(str::to_owned));
    if asked.with.is_none() {
        // Whichever they talked to last.
        let last = voice.conversations(small(CUSTOMERS)).await;
        let mut others = last.into_iter().flatten();
        asked.with = others.find_map(|it| Some(it.conversation.other(voice.uid())?.to_string()));
    }
    let Some(other) = other(&voice, asked.with.as_deref().unwrap_or_default()).await else {
        return failed("暂无客服人员在线，请稍后联系");
    };
    let agent = server.store.person(other.clone()).await.ok().flatten();
    let agent = Agent {
        uid: other.to_string(),
        name: agent.as_ref().map(|agent| agent.name.clone()),
        avatar: agent.and_then(|agent| agent.avatar),
    };
    match stock_page(&desk, &voice, &other, &asked).await {
        Ok(messages) => {
            let row = |message: &Message| rows::stock_page(voice.person(), &other, message);
            json(written(&messages, row, Some(agent)).customers())
        }
        Err(refusal) => failed(why(&refusal)),
    }
}

/// The same, as a stock agent asks.
pub(super) async fn by_agent(
    State(server): State<Arc<Server>>,
    Extension(desk): Extension<Arc<Desk>>,
    head: Head,
) -> Response {
    let voice = match voice(&server, &head).await {
        Ok(voice) => voice,
        Err(unknown) => return nobody(&server, &unknown),
    };
    let asked = StockAsk::read_agent(|name| head.query(name).map(str::to_owned));
    let Some(other) = other(&voice, asked.with.as_deref().unwrap_or_default()).await else {
        return failed("用户不存在");
    };
    match stock_page(&desk, &voice, &other, &asked).await {
        Ok(messages) => {
            let row = |message: &Message| rows::stock_page(voice.person(), &other, message);
            json(written(&messages, row, None).agents())
        }
        Err(refusal) => failed(why(&refusal)),
    }
}

/// An agent's customers, the last to talk first.
pub(super) async fn customers(
    State(server): State<Arc<Server>>,
    Extension(desk): Extension<Arc<Desk>>,
    head: Head,
) -> Response {
    let voice = match voice(&server, &head).await {
        Ok(voice) => voice,
        Err(unknown) => return nobody(&server, &unknown),
    };
    match voice.conversations(small(CUSTOMERS)).await {
        Ok(summaries) => {
            let record = |summary: &Summary| {
                let other = summary.conversation.other(voice.uid())?;
                desk.watch(other, voice.uid());
                Some(record(&voice, other, summary))
            };
            let records: Vec<Record> = summaries.iter().filter_map(record).collect();
            json(pages::customers(&records))
        }
        Err(refusal) => failed(why(&refusal)),
    }
}

/// A picture.
pub(super) async fn upload(
    State(server): State<Arc<Server>>,
    head: Head,
    form: Result<Multipart, MultipartRejection>,
) -> Response {
    let identity = match who::by_token(&server, head.token(), head.from).await {
        Ok(identity) => identity,
        Err(unknown) => return nobody(&server, &unknown),
    };
    let kept = match form {
        Ok(form) => upload::receive(&server, &identity, Wanted::Pictures, form).await,
        Err(_) => Err(Rejected::NoFile),
    };
    match kept {
        Ok(kept) => {
            let name = kept.name.unwrap_or_default();
            json(pages::uploaded(&name, &head.address(&kept.path)))
        }
        Err(rejected) => failed(match rejected {
            Rejected::NoFile => "请选择要上传的图片",
            Rejected::TooLarge => "图片过大",
            Rejected::NoPicture => "只能上传图片",
            Rejected::TooFast(_) => "上传太快，请稍后再试",
            Rejected::NoRoom => "今日上传已达上限",
            Rejected::Unavailable(_) => "服务暂不可用，请稍后再试",
        }),
    }
}

async fn voice(server: &Arc<Server>, head: &Head) -> Result<Voice, Unknown> {
    let identity = who::by_token(server, head.token(), head.from).await?;
    Ok(Voice::new(server, identity.person))
}

/// The other one, who is not oneself.
async fn other(voice: &Voice, text: &str) -> Option<Uid> {
    let other = named(voice.server(), text).await?;
    (other != *voice.uid()).then_some(other)
}

/// Whoever asks for a history hears of the other one from then on, and now if
/// they are here.
fn begin(desk: &Desk, voice: &Voice, other: &Uid) -> ConversationId {
    desk.watch(other, voice.uid());
    if voice.server().hub.is_here(other) {
        desk.tell(voice.server(), voice.uid(), other, true, Why::Seen);
    }
    ConversationId::pair(voice.uid().clone(), other.clone())
}

async fn stock_page(
    desk: &Desk,
    voice: &Voice,
    other: &Uid,
    asked: &StockAsk,
) -> Result<Vec<Message>, Refusal> {
    let conversation = begin(desk, voice, other);
    // Ids are places here.
    let before = asked.before.as_deref().and_then(|id| id.parse().ok());
    let part = before.map_or(Part::Newest, |before| Part::Before(Seq(before)));
    let limit = small(asked.limit.min(MOST_ROWS));
    Ok(voice.page(&conversation, part, limit).await?.messages)
}

fn record(voice: &Voice, other: &Uid, summary: &Summary) -> Record {
    let last = summary.last.as_ref();
    let record = last.map(|message| rows::record(voice, other, message));
    Record {
        id: Some(other.to_string()),
        user_id: Some(voice.uid().to_string()),
        to_uid: Some(other.to_string()),
        name: summary.title.clone(),
        avatar: Some(summary.avatar.clone().unwrap_or_default()),
        tourist: Some(false),
        online: Some(voice.server().hub.is_here(other)),
        unread: Some(summary.unread),
        ..record.unwrap_or_default()
    }
}

fn written(messages: &[Message], row: impl Fn(&Message) -> Row, agent: Option<Agent>) -> Page {
    Page {
        rows: messages.iter().map(row).collect(),
        length: messages.len(),
        agent,
    }
}

fn small(number: u64) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

fn json(body: String) -> Response {
    ([(CONTENT_TYPE, "application/json")], body).into_response()
}

fn failed(words: &str) -> Response {
    json(pages::refused(FAILED, words))
}

fn nobody(server: &Server, unknown: &Unknown) -> Response {
    server.metrics.refusal(unknown.code());
    let status = match unknown {
        Unknown::Nobody | Unknown::Disbelieved(_) | Unknown::Banned => NO_LOGIN,
        Unknown::TooMany(_) | Unknown::Unavailable(_) => FAILED,
    };
    json(pages::refused(status, why_unknown(unknown)))
}
