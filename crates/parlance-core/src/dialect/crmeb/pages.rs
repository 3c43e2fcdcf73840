//! What is asked by HTTP beside the socket: history in the seed form's way
//! and in stock's two, an agent's list of customers, an upload's answer. Each
//! written once and read once.
//!
//! Makes no request: addresses and headers are the dialect's.

use serde_json::Value;

use super::rows::{Record, Row, Shape};
use super::wire::id_of;
use crate::dialect::DecodeError;
use crate::dialect::address::percent;
use crate::dialect::fields::{Fields, Object};

/// Rows of a page in the seed form.
pub const SEED_ROWS: u64 = 10;
/// Rows of a page of a stock server's.
pub const STOCK_ROWS: u64 = 15;
/// Customers in an agent's list.
pub const CUSTOMERS: u64 = 100;

/// The seed form's history.
pub const SEED_HISTORY: &str = "gzh/crmebchat/chatMessageList";
/// A stock customer's history.
pub const CUSTOMER_HISTORY: &str = "api/v2/user/service/record";
/// A stock agent's history with one customer.
pub const AGENT_HISTORY: &str = "kefuapi/service/list";
/// A stock agent's customers.
pub const AGENT_CUSTOMERS: &str = "kefuapi/user/record";
/// Where a stock customer puts a picture.
pub const UPLOAD: &str = "api/upload/image";
/// Where the answer to an upload has the address.
pub const UPLOADED: &[&str] = &["data", "url"];

/// A page of the seed form's history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeedAsk {
    /// With whom.
    pub with: String,
    /// Which page, from 1: the newest.
    pub page: u64,
    /// How many rows.
    pub limit: u64,
}

impl SeedAsk {
    /// The body that asks for it.
    pub fn body(&self) -> String {
        let mut body = Object::default();
        body.value("accept_id", id_of(&self.with));
        body.number("page", Some(self.page));
        body.number("limit", Some(self.limit));
        body.into_text()
    }

    /// Reads the body; `None` when it does not say with whom.
    pub fn read(body: &Value) -> Option<Self> {
        let fields = Fields::of(body).ok()?;
        let natural = |name: &str| u64::try_from(fields.whole(name)?).ok().filter(|it| *it > 0);
        Some(Self {
            with: fields.maybe_id("accept_id").filter(|id| !id.is_empty())?,
            page: natural("page").unwrap_or(1),
            limit: natural("limit").unwrap_or(SEED_ROWS),
        })
    }
}

/// Which rows of a stock history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StockAsk {
    /// With whom; `None`: with whichever agent the server gives.
    pub with: Option<String>,
    /// Only rows before the one with this id.
    pub before: Option<String>,
    /// How many rows.
    pub limit: u64,
}

impl StockAsk {
    /// The path and query by which a customer asks.
    pub fn by_customer(&self) -> String {
        self.path(CUSTOMER_HISTORY, "uidTo", "toUid")
    }

    /// The path and query by which an agent asks.
    pub fn by_agent(&self) -> String {
        self.path(AGENT_HISTORY, "upperId", "uid")
    }

    fn path(&self, path: &str, before: &str, with: &str) -> String {
        let text = |id: &Option<String>| percent(id.as_deref().unwrap_or("0"));
        [
            path,
            "?limit=",
            &self.limit.to_string(),
            "&",
            before,
            "=",
            &text(&self.before),
            "&",
            with,
            "=",
            &text(&self.with),
        ]
        .concat()
    }

    /// Reads what a customer asks, field by field.
    pub fn read_customer(field: impl Fn(&str) -> Option<String>) -> Self {
        Self::read(field, "uidTo", "toUid")
    }

    /// Reads what an agent asks, field by field.
    pub fn read_agent(field: impl Fn(&str) -> Option<String>) -> Self {
        Self::read(field, "upperId", "uid")
    }

    fn read(field: impl Fn(&str) -> Option<String>, before: &str, with: &str) -> Self {
        let id = |name: &str| field(name).filter(|id| !id.is_empty() && id != "0");
        Self {
            with: id(with),
            before: id(before),
            limit: field("limit")
                .and_then(|text| text.parse().ok())
                .filter(|limit| *limit > 0)
                .unwrap_or(STOCK_ROWS),
        }
    }
}

/// A page of history.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Page {
    /// The rows that could be read, oldest first.
    pub rows: Vec<Row>,
    /// How many there were.
    pub length: usize,
    /// The agent, where the server says who it is.
    pub agent: Option<Agent>,
}

/// The agent whom a customer talks to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Agent {
    /// Who.
    pub uid: String,
    /// What they are called.
    pub name: Option<String>,
    /// Their picture.
    pub avatar: Option<String>,
}

impl Page {
    /// Reads an answer of either form. One row that is none costs only itself.
    pub fn read(body: &str) -> Result<Self, DecodeError> {
        let data = data(body)?;
        let agent = Fields::of(&data).ok().and_then(|fields| {
            let uid = super::rows::id(fields, &["uid"])?;
            Some(Agent {
                uid,
                name: fields.words("nickname"),
                avatar: fields.words("avatar"),
            })
        });
        let rows = list(&data);
        Ok(Self {
            length: rows.len(),
            rows: rows.iter().filter_map(Row::read).collect(),
            agent,
        })
    }

    /// The answer in the seed form.
    pub fn seed(&self) -> String {
        let mut data = Object::default();
        data.value("list", self.written(Shape::SeedPage));
        wrapped(data.into_value(), None)
    }

    /// A stock server's answer to a customer.
    pub fn customers(&self) -> String {
        let mut data = Object::default();
        data.value("serviceList", self.written(Shape::StockPage));
        if let Some(agent) = &self.agent {
            data.id("uid", &agent.uid);
            data.text("nickname", Some(agent.name.as_deref().unwrap_or_default()));
            data.text("avatar", Some(agent.avatar.as_deref().unwrap_or_default()));
        }
        wrapped(data.into_value(), Some("ok"))
    }

    /// A stock server's answer to an agent.
    pub fn agents(&self) -> String {
        wrapped(self.written(Shape::StockPage), Some("ok"))
    }

    fn written(&self, shape: Shape) -> Value {
        self.rows.iter().map(|row| row.write(shape)).collect()
    }
}

/// Reads an agent's list of customers.
pub fn read_customers(body: &str) -> Result<Vec<Record>, DecodeError> {
    let data = data(body)?;
    Ok(list(&data).iter().filter_map(Record::read).collect())
}

/// An agent's list of customers.
pub fn customers(records: &[Record]) -> String {
    wrapped(records.iter().map(Record::write).collect(), Some("ok"))
}

/// The answer to an upload.
pub fn uploaded(name: &str, url: &str) -> String {
    let mut data = Object::default();
    data.text("name", Some(name));
    data.text("url", Some(url));
    wrapped(data.into_value(), Some("ok"))
}

/// The answer to a request that is refused, for people.
pub fn refused(status: u64, words: &str) -> String {
    let mut body = Object::default();
    body.number("status", Some(status));
    body.text("msg", Some(words));
    body.into_text()
}

fn wrapped(data: Value, words: Option<&str>) -> String {
    let mut body = Object::default();
    if words.is_some() {
        body.number("status", Some(200));
        body.text("msg", words);
    }
    body.value("data", data);
    body.into_text()
}

/// What the answer holds. A refusal comes with status 200 of HTTP and another
/// one inside.
fn data(body: &str) -> Result<Value, DecodeError> {
    let mut value: Value = crate::json::read(body)
        .ok_or_else(|| DecodeError::malformed("an answer that is not JSON"))?;
    let fields = Fields::of(&value)?;
    match fields.whole("status").or_else(|| fields.whole("code")) {
        None | Some(0 | 1 | 200) => {}
        Some(status) => {
            return Err(DecodeError::malformed(format!("refused with {status}")));
        }
    }
    Ok(value
        .get_mut("data")
        .map(Value::take)
        .unwrap_or(Value::Null))
}

/// The rows, in whichever place; none where there is no such place.
fn list(data: &Value) -> &[Value] {
    let named = ["list", "serviceList"]
        .iter()
        .find_map(|name| data.get(name)?.as_array());
    let list = data.as_array().or(named);
    list.map_or(&[], Vec::as_slice)
}
