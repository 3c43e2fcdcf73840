//! What is asked of the egg gateway by HTTP: every message comes this way.
//!
//! Knows no socket: what a request wants of one it leaves as a nudge.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::multipart::MultipartRejection;
use axum::extract::{Multipart, Path, State};
use axum::http::header::CONTENT_TYPE;
use axum::http::{Method as HttpMethod, StatusCode};
use axum::response::{IntoResponse, Response};
use parlance_core::dialect::egg::request::{Login, Request, Revoke};
use parlance_core::dialect::egg::wire::{Answer, Chat, Id, Message as Told, Say};
use parlance_core::dialect::native::body_of;
use parlance_core::ids::{ConversationId, Uid};
use parlance_core::wire::Method;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::super::{Ask, Head};
use super::telling::{self, Said};
use super::{FETCH, NAME};
use crate::clock;
use crate::mailbox::{Notice, Nudge};
use crate::server::Server;
use crate::store::{Millis, StoreError};
use crate::upload::{self, Rejected, Wanted};
use crate::voice::{NotRecalled, Refusal, Voice};
use crate::who::{self, Unknown};

/// How long a message may be taken back.
pub(super) const RECALL_WITHIN: Duration = Duration::from_secs(300);
/// Conversations among which friends are looked for.
const MOST_FRIENDS: u32 = 500;
/// Members of a group that are named.
const MOST_MEMBERS: usize = 500;
/// A name at the login: the old server takes 4 to 20 letters, digits and `_`.
const NAME_LETTERS: usize = 20;

/// Why something is not done: a status and words.
struct Failure(StatusCode, String);

impl Failure {
    fn bad(words: &str) -> Self {
        Self(StatusCode::BAD_REQUEST, words.to_owned())
    }

    fn unavailable(why: &str) -> Self {
        tracing::warn!(%why, "a request was not served");
        let words = "服务暂不可用，请稍后再试".to_owned();
        Self(StatusCode::INTERNAL_SERVER_ERROR, words)
    }
}

impl From<Unknown> for Failure {
    fn from(unknown: Unknown) -> Self {
        match unknown {
            // The old server has one answer for all of these.
            Unknown::Nobody | Unknown::Disbelieved(_) | Unknown::Banned => {
                Self::bad("Token 令牌不合法！")
            }
            Unknown::TooMany(_) => Self::bad("请求过于频繁，请稍后再试"),
            Unknown::Unavailable(why) => Self::unavailable(&why),
        }
    }
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::NoConversation => Self::bad("没有这个会话，或您不在其中"),
            Refusal::Forbidden => Self::bad("这里只有主持人可以发言"),
            Refusal::BadBody | Refusal::ClientIdReused => Self::bad("消息无法识别"),
            Refusal::TooLarge => Self::bad("消息过长，未发送"),
            Refusal::TooFast(_) => Self::bad("发送太快，请稍后再试"),
            Refusal::Unavailable(why) => Self::unavailable(&why),
        }
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::from(Refusal::from(error))
    }
}

impl From<Rejected> for Failure {
    fn from(rejected: Rejected) -> Self {
        match rejected {
            Rejected::NoFile => Self::bad("请选择上传的文件"),
            Rejected::TooLarge => Self::bad("文件过大"),
            Rejected::NoPicture => Self::bad("只能上传图片"),
            Rejected::TooFast(_) => Self::bad("上传过于频繁，请稍后再试"),
            Rejected::NoRoom => Self::bad("空间不足，请稍后再试"),
            Rejected::Unavailable(why) => Self::unavailable(&why),
        }
    }
}

fn answer(status: StatusCode, answer: &Answer) -> Response {
    let kind = [(CONTENT_TYPE, "application/json; charset=utf-8")];
    (status, kind, answer.text()).into_response()
}

fn answered(result: Result<Value, Failure>) -> Response {
    match result {
        Ok(data) => answer(StatusCode::OK, &Answer::Ok(data)),
        Err(Failure(status, words)) => answer(status, &Answer::Fail(words)),
    }
}

/// Any request but an upload.
pub(super) async fn ask(
    State(server): State<Arc<Server>>,
    Path(path): Path<String>,
    method: HttpMethod,
    ask: Ask,
) -> Response {
    let method = match method {
        HttpMethod::GET => Some(Method::Get),
        HttpMethod::POST => Some(Method::Post),
        _ => None,
    };
    let mut fields = ask.body.clone();
    if let Some(limit) = ask.head.query("limit") {
        fields.entry("limit").or_insert_with(|| limit.into());
    }
    let read = method.map(|method| Request::read(method, &path, &Value::Object(fields)));
    let request = match read {
        Some(Ok(Some(request))) => request,
        Some(Err(missing)) => {
            // Whoever is not known learns nothing else.
            let known = who::by_token(&server, ask.head.token(), ask.head.from).await;
            if let (Err(unknown), false) = (known, is_open(&path)) {
                return answered(Err(unknown.into()));
            }
            let words = format!("{} is required", missing.0);
            return answered(Err(Failure(StatusCode::UNPROCESSABLE_ENTITY, words)));
        }
        Some(Ok(None)) | None => {
            return answered(Err(Failure(StatusCode::NOT_FOUND, "Not Found".to_owned())));
        }
    };
    if let Request::Login(login) | Request::Register(login) = &request {
        return answered(log_in(&server, login, &ask).await);
    }
    let result = match ask.voice(&server).await {
        Ok(voice) => carry_out(&voice, request).await,
        Err(unknown) => {
            server.metrics.refusal(unknown.code());
            Err(unknown.into())
        }
    };
    answered(result)
}

/// What may be asked by anybody.
fn is_open(path: &str) -> bool {
    matches!(path, "api/loginChat" | "api/regChat")
}

async fn carry_out(voice: &Voice, request: Request) -> Result<Value, Failure> {
    let server = voice.server();
    match request {
        Request::Say(message) => say(voice, &message).await.map(|told| told.value()),
        Request::Missed => {
            let what = Nudge {
                gateway: NAME,
                what: FETCH,
            };
            server.early.leave(voice.uid(), what, Instant::now());
            let nudge = Notice::Nudge(what);
            server.hub.tell_person(voice.uid(), None, &nudge);
            Ok(Value::from("ok"))
        }
        Request::IsFriend(id) => is_friend(voice, &id).await,
        Request::Friends(page, limit) => friends(voice, page, limit).await,
        Request::Group(id) => group(voice, &id).await,
        // The token stays good, as everywhere here: what is forgotten is the
        // page's copy.
        Request::Logout => Ok(Value::Bool(true)),
        Request::Revoke(revoke) => recall(voice, &revoke).await.map(|told| told.value()),
        Request::Login(_) | Request::Register(_) | Request::Upload(_) => {
            Err(Failure(StatusCode::NOT_FOUND, "Not Found".to_owned()))
        }
    }
}

/// With `--guests` whoever names themselves is let in, and the name is the
/// token. Without, tokens are signed elsewhere.
async fn log_in(server: &Arc<Server>, login: &Login, ask: &Ask) -> Result<Value, Failure> {
    let name = login.username.as_str();
    if !server.config.guests || name.contains('.') || name.chars().count() > NAME_LETTERS {
        return Err(Failure::bad("用户名或密码错误"));
    }
    let identity = who::by_token(server, name, ask.head.from).await;
    let person = match identity {
        Ok(identity) => identity.person,
        Err(Unknown::Nobody | Unknown::Disbelieved(_) | Unknown::Banned) => {
            return Err(Failure::bad("用户名或密码错误"));
        }
        Err(unknown) => return Err(unknown.into()),
    };
    let id = telling::number(server, &person.uid).await?;
    Ok(json!({
        "id": id.value(), "uuid": person.uid.as_str(), "username": person.uid.as_str(),
        "nickname": person.name, "avatar": person.avatar.unwrap_or_default(),
        "role": "user", "status": 1, "token": name,
    }))
}

/// The conversation that a request means, and the other one of a pair.
async fn meant(
    voice: &Voice,
    chat: Chat,
    to: &Id,
) -> Result<(ConversationId, Option<Uid>), Failure> {
    let to = to.letters();
    if chat == Chat::Group {
        return Ok((ConversationId::room(to), None));
    }
    let other = voice.server().numbers.named(&to).await?;
    let other = other.ok_or_else(|| Failure::bad("用户不存在"))?;
    if other == *voice.uid() {
        return Err(Failure::bad("不能给自己发消息"));
    }
    let conversation = ConversationId::pair(voice.uid().clone(), other.clone());
    Ok((conversation, Some(other)))
}

async fn say(voice: &Voice, say: &Say) -> Result<Told, Failure> {
    let server = voice.server();
    let (conversation, other) = meant(voice, say.chat, &say.to).await?;
    if other.is_none() {
        enter(voice, &conversation).await?;
    }
    let content = telling::heard(say);
    let appended = voice.say(&conversation, None, body_of(&content)).await?;
    let said = Said {
        conversation: &conversation,
        id: &appended.id,
        at: appended.at,
        kind: say.kind.clone(),
        data: telling::packed(say.data.clone()),
    };
    let from = Some(voice.person());
    Ok(telling::wrap(server, from, other.as_ref(), said).await?)
}

/// Takes one's own message back, while it is new.
async fn recall(voice: &Voice, revoke: &Revoke) -> Result<Told, Failure> {
    let late = || Failure::bad("消息超过5分钟，不能撤回");
    let now = clock::unix_millis();
    let within = Millis::try_from(RECALL_WITHIN.as_millis()).unwrap_or(Millis::MAX);
    // The old server believes this time alone; here the store's decides too.
    if now.saturating_sub(revoke.create_time) > within {
        return Err(late());
    }
    let (conversation, other) = meant(voice, revoke.chat, &revoke.to).await?;
    let words = format!("{}撤回了一条消息", voice.person().name);
    let recalled = voice.recall(&conversation, &revoke.id, RECALL_WITHIN, &words);
    recalled.await.map_err(|not| match not {
        NotRecalled::Nothing => Failure::bad("消息不存在"),
        NotRecalled::TooLate => late(),
        NotRecalled::Refused(refusal) => refusal.into(),
    })?;
    let said = Said::recall(&conversation, &revoke.id, now, &words);
    let told = telling::wrap(voice.server(), Some(voice.person()), other.as_ref(), said);
    Ok(telling::revoked(told.await?))
}

/// Becomes a member of a room. What was said there before is history, which
/// this dialect has none of.
async fn enter(voice: &Voice, room: &ConversationId) -> Result<(), Failure> {
    let store = &voice.server().store;
    let uid = voice.uid();
    let member = voice.may_enter(room) && store.is_member(uid.clone(), room.clone()).await?;
    voice.enter(room, None).await?;
    if !member {
        let head = store.head(room.clone()).await?;
        store
            .hand(uid.clone(), NAME, vec![(room.clone(), head)])
            .await?;
    }
    Ok(())
}

/// Whoever is known here, or has been talked with, is a friend: there is no
/// other friendship between people who may write to each other anyway.
async fn is_friend(voice: &Voice, id: &str) -> Result<Value, Failure> {
    let server = voice.server();
    let stranger = || Failure::bad("对方不是您的好友");
    let other = server.numbers.named(id).await?;
    let other = other.filter(|other| other != voice.uid());
    let other = other.ok_or_else(stranger)?;
    let name = match server.store.person(other.clone()).await? {
        Some(person) => person.name,
        None => {
            let pair = ConversationId::pair(voice.uid().clone(), other.clone());
            match voice.conversation(&pair).await? {
                Some(_) => other.to_string(),
                None => return Err(stranger()),
            }
        }
    };
    let me = telling::number(server, voice.uid()).await?;
    let other = telling::number(server, &other).await?;
    Ok(json!({
        "id": other.value(), "user_id": me.value(), "friend_id": other.value(),
        "nickname": name, "friendlookme": 1, "melookfriend": 1, "ismystarfriend": 0,
        "isblack": 0, "status": 1,
    }))
}

/// Those with whom they have talked, under the first letter of their names.
async fn friends(voice: &Voice, page: u64, limit: u64) -> Result<Value, Failure> {
    let server = voice.server();
    let summaries = voice.conversations(MOST_FRIENDS).await?;
    let pairs = summaries.into_iter().filter_map(|summary| {
        let other: Uid = summary.conversation.other(voice.uid())?.clone();
        Some((other, summary.title, summary.avatar))
    });
    let pairs: Vec<_> = pairs.collect();
    let total = pairs.len();
    let from = usize::try_from((page - 1).saturating_mul(limit)).unwrap_or(usize::MAX);
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let mut letters: std::collections::BTreeMap<String, Vec<Value>> = Default::default();
    for (uid, title, avatar) in pairs.into_iter().skip(from).take(limit) {
        let id = telling::number(server, &uid).await?;
        let name = title.unwrap_or_else(|| uid.to_string());
        let first = name.chars().next().filter(char::is_ascii_alphabetic);
        let letter = first.map_or('#', |first| first.to_ascii_uppercase());
        letters.entry(letter.to_string()).or_default().push(json!({
            "id": id.value(), "beizhu": "", "username": uid.as_str(),
            "avatar": avatar.unwrap_or_default(), "friend_nickname": name,
            "friend_id": id.value(), "name": name,
        }));
    }
    let index: Vec<&String> = letters.keys().collect();
    let lists = letters
        .iter()
        .map(|(title, list)| json!({"title": title, "list": list}));
    let lists: Vec<Value> = lists.collect();
    Ok(json!({
        "count": total,
        "rows": {"newList": lists, "indexList": index, "total": total},
    }))
}

/// A room as a group. Who asks for it comes in, as who opens a room does on
/// every way in.
async fn group(voice: &Voice, id: &str) -> Result<Value, Failure> {
    let server = voice.server();
    let room = ConversationId::room(id);
    enter(voice, &room).await?;
    let mut users = Vec::new();
    for person in voice.people(&room).await?.into_iter().take(MOST_MEMBERS) {
        let uid = Uid::new(person.uid);
        let number = telling::number(server, &uid).await?;
        users.push(json!({
            "user_id": number.value(), "nickname": person.name,
            "avatar": person.avatar.unwrap_or_default(), "status": 1,
        }));
    }
    let id = Id::of(id);
    Ok(json!({
        "id": id.value(), "name": id.letters(), "avatar": "", "remark": "",
        "invite_confirm": 0, "group_users": users,
    }))
}

/// A file.
pub(super) async fn upload(
    State(server): State<Arc<Server>>,
    head: Head,
    form: Result<Multipart, MultipartRejection>,
) -> Response {
    let kept = async {
        let identity = who::by_token(&server, head.token(), head.from).await?;
        let form = form.map_err(|_| Rejected::NoFile)?;
        let kept = upload::receive(&server, &identity, Wanted::Anything, form).await?;
        Ok(json!({"url": kept.path}))
    };
    answered(kept.await)
}
