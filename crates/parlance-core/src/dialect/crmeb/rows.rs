//! One message, or one conversation, as a row: what all of CRMEB's frames and
//! pages carry, in the seed form's fields and in the stock server's.
//!
//! Reading is tolerant: a field of the wrong type counts as absent. Knows
//! nothing of who reads the row, nor what its kind means.

use serde_json::Value;

use crate::dialect::fields::{Fields, Object, id_value};

/// A message.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Row {
    /// The server's id for it. Stock: a text when live, a number in history.
    pub id: Option<String>,
    /// Who said it.
    pub uid: Option<String>,
    /// To whom.
    pub to_uid: Option<String>,
    /// On which side the reader shows it; seed only.
    pub position: Option<Position>,
    /// What who said it is called.
    pub name: Option<String>,
    /// Their picture.
    pub avatar: Option<String>,
    /// The name of the one it is said to; in a page's right rows one's own.
    pub to_name: Option<String>,
    /// Their picture; in a page's right rows one's own.
    pub to_avatar: Option<String>,
    /// What is said.
    pub said: Said,
    /// When, in seconds.
    pub at: Option<i64>,
    /// Whether the other one has read it; stock's `type`.
    pub read: Option<bool>,
    /// Whether who said it has no account.
    pub tourist: Option<bool>,
    /// `create_time`: when, as text.
    pub created: Option<String>,
    /// `update_time`: the same.
    pub updated: Option<String>,
    /// `_add_time`: the same.
    pub shown: Option<String>,
    /// The conversation that the message is in, as the reader has it.
    pub record: Option<Record>,
}

/// A side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Position {
    /// The other person's.
    Left,
    /// One's own.
    Right,
}

impl Position {
    const fn word(self) -> &'static str {
        match self {
            Self::Left => "left",
            Self::Right => "right",
        }
    }
}

/// What a row says, unjudged.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Said {
    /// The text, the address or the id, by the kind.
    pub msn: Option<String>,
    /// Stock's kind: 1 to 6; the seed form's history has 0 for text.
    pub msn_type: Option<u64>,
    /// The seed form's kind: a word.
    pub kind: Option<String>,
    /// An address, beside an empty `msn`.
    pub url: Option<String>,
    /// A product, where there is one.
    pub product: Option<Product>,
    /// An order, where there is one.
    pub order: Option<Order>,
}

/// Something that can be bought.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Product {
    /// The shop's id for it.
    pub id: Option<String>,
    /// Its name.
    pub name: Option<String>,
    /// More about it.
    pub text: Option<String>,
    /// What it costs, as written.
    pub price: Option<String>,
    /// What it cost before, as written.
    pub list_price: Option<String>,
    /// A picture's address.
    pub image: Option<String>,
    /// How many there are.
    pub stock: Option<u64>,
}

/// Something that was bought.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Order {
    /// The shop's id for it.
    pub id: Option<String>,
    /// The day.
    pub day: Option<String>,
    /// The time of day.
    pub time: Option<String>,
    /// What was bought.
    pub products: Vec<Product>,
}

/// A conversation, as one of the two has it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Record {
    /// The server's id for it.
    pub id: Option<String>,
    /// Whose list it is in.
    pub user_id: Option<String>,
    /// With whom.
    pub to_uid: Option<String>,
    /// What they are called.
    pub name: Option<String>,
    /// Their picture.
    pub avatar: Option<String>,
    /// Whether they have no account.
    pub tourist: Option<bool>,
    /// Whether they are here. A row that is new has no word of it.
    pub online: Option<bool>,
    /// How they came in: stock's `form_type`.
    pub form_type: Option<u64>,
    /// When it began, in seconds.
    pub added: Option<i64>,
    /// When the last was said, in seconds.
    pub updated: Option<i64>,
    /// How many are unread.
    pub unread: Option<u64>,
    /// The last words.
    pub message: Option<String>,
    /// Their kind.
    pub message_type: Option<u64>,
    /// `create_time`, of a row that is new.
    pub created: Option<String>,
}

/// In whose fields a row is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// The seed form's, live.
    Seed,
    /// The seed form's, in a page of history.
    SeedPage,
    /// The stock server's, live.
    Stock,
    /// The stock server's, in a page of history.
    StockPage,
}

impl Row {
    /// What can be read of it; `None` when it is no object.
    pub fn read(value: &Value) -> Option<Self> {
        let fields = Fields::of(value).ok()?;
        let either = |one: &str, other: &str| fields.words(one).or_else(|| fields.words(other));
        let said = Said::read(fields);
        Some(Self {
            id: id(fields, &["id"]),
            uid: id(fields, &["uid", "user_id"]),
            to_uid: id(fields, &["to_uid", "to_user_id"]),
            position: match fields.words("position").as_deref() {
                Some("left") => Some(Position::Left),
                Some("right") => Some(Position::Right),
                _ => None,
            },
            name: either("uname", "nickname"),
            avatar: either("uavatar", "avatar"),
            to_name: fields.words("to_name"),
            to_avatar: fields.words("to_avatar"),
            read: match said.kind {
                None => fields.truth("type"),
                Some(_) => None,
            },
            said,
            at: fields.whole("add_time"),
            tourist: fields.truth("is_tourist"),
            created: fields.words("create_time"),
            updated: fields.words("update_time"),
            shown: fields.words("_add_time"),
            record: fields.maybe("recored").and_then(Record::read),
        })
    }

    /// Whether nobody says anything in it: what is left of a row that broke.
    pub fn is_blank(&self) -> bool {
        let said = &self.said;
        let nobody = self.uid.is_none() && self.to_uid.is_none() && self.position.is_none();
        let nothing = said.msn.is_none() && said.url.is_none();
        nobody && nothing && said.product.is_none() && said.order.is_none()
    }

    /// The row in these fields.
    pub fn write(&self, shape: Shape) -> Value {
        let mut row = Object::default();
        let number = |flag: Option<bool>| flag.map(u64::from);
        match (&self.id, shape) {
            (Some(id), Shape::Stock) => row.text("id", Some(id)),
            (Some(id), Shape::Seed | Shape::SeedPage | Shape::StockPage) => row.id("id", id),
            (None, _) => {}
        }
        maybe_id(&mut row, "uid", self.uid.as_deref());
        maybe_id(&mut row, "to_uid", self.to_uid.as_deref());
        if let Some(at) = self.at {
            row.value("add_time", Value::from(at));
        }
        row.number("is_tourist", number(self.tourist));
        match shape {
            Shape::Seed | Shape::SeedPage => {
                row.text("uname", self.name.as_deref());
                row.text("uavatar", self.avatar.as_deref());
                row.text("to_name", self.to_name.as_deref());
                row.text("to_avatar", self.to_avatar.as_deref());
                let position = self.position.unwrap_or(Position::Left);
                let mine = position == Position::Right;
                row.text("position", Some(position.word()));
                if shape == Shape::SeedPage {
                    // An agent's words were sent as `chat`, a customer's as `reply`.
                    row.text("chat_type", Some(if mine { "reply" } else { "chat" }));
                    for name in ["is_tourist", "mer_id", "remind", "time_node"] {
                        row.number(name, Some(0));
                    }
                }
            }
            Shape::Stock | Shape::StockPage => {
                row.text("nickname", self.name.as_deref());
                if let Some(position) = self.position {
                    // Said in the seed form: an agent may look with its page.
                    row.text("uname", self.name.as_deref());
                    row.text("uavatar", self.avatar.as_deref());
                    row.text("to_name", self.to_name.as_deref());
                    row.text("to_avatar", self.to_avatar.as_deref());
                    row.text("position", Some(position.word()));
                }
                row.text("avatar", self.avatar.as_deref());
                row.number("type", number(self.read));
                row.text("create_time", self.created.as_deref());
                row.text("update_time", self.updated.as_deref());
                row.text("_add_time", self.shown.as_deref());
                if let Some(record) = &self.record {
                    row.value("recored", record.write());
                }
            }
        }
        // An automatic reply has neither a name nor these.
        let told = self.name.is_some();
        self.said.write(&mut row, shape, told);
        row.into_value()
    }
}

impl Said {
    fn read(fields: Fields<'_>) -> Self {
        // A word that is a number is stock's read flag.
        let kind = fields.words("type").filter(|kind| !is_digits(kind));
        let msn_type = fields
            .whole("msn_type")
            .and_then(|it| u64::try_from(it).ok());
        let object = |name: &str| fields.maybe(name).and_then(|value| Fields::of(value).ok());
        let info = object("productInfo").or_else(|| object("other"));
        let shop = matches!(
            kind.as_deref(),
            Some("shop" | "product" | "goods" | "store")
        );
        let product = match info {
            Some(info) => Some(Product {
                id: id(info, &["id", "product_id"]),
                ..Product::read(info)
            }),
            None if shop || msn_type == Some(5) => {
                Some(Product::read(fields)).filter(|it| *it != Product::default())
            }
            None => None,
        };
        // In a card it is the card's picture.
        let addresses: &[&str] = match product {
            Some(_) => &[],
            None => &["url", "img", "image", "pic"],
        };
        Self {
            msn: fields.said("msn").or_else(|| fields.said("content")),
            msn_type,
            kind,
            url: addresses.iter().find_map(|name| fields.words(name)),
            product,
            order: object("orderInfo").map(Order::read),
        }
    }

    fn write(&self, row: &mut Object, shape: Shape, told: bool) {
        row.text("msn", self.msn.as_deref());
        row.number("msn_type", self.msn_type);
        match shape {
            Shape::Seed | Shape::SeedPage => {
                row.text("url", self.url.as_deref());
                match &self.kind {
                    Some(kind) => row.text("type", Some(kind)),
                    None => row.number("type", Some(1)),
                }
                if let Some(product) = &self.product {
                    row.text("name", product.name.as_deref());
                    row.text("desc", product.text.as_deref());
                    row.text("price", product.price.as_deref());
                    row.text("image", product.image.as_deref());
                }
            }
            Shape::Stock | Shape::StockPage => {
                // The seed form's words, said to a stock reader.
                row.text("type", self.kind.as_deref());
                row.text("url", self.url.as_deref());
                let empty = || match shape {
                    Shape::StockPage => Value::Null,
                    Shape::Seed | Shape::SeedPage | Shape::Stock => Value::Array(Vec::new()),
                };
                if told {
                    let product = self.product.as_ref().map(Product::write);
                    let order = self.order.as_ref().map(Order::write);
                    row.value("productInfo", product.unwrap_or_else(empty));
                    row.value("orderInfo", order.unwrap_or_else(empty));
                }
            }
        }
    }
}

impl Product {
    fn read(fields: Fields<'_>) -> Self {
        let first = |names: &[&str]| names.iter().find_map(|name| fields.said(name));
        Self {
            id: None,
            name: first(&["name", "store_name", "title"]),
            text: first(&["desc", "description", "info", "store_info"]),
            price: first(&["price"]),
            list_price: first(&["ot_price"]),
            image: first(&["image", "img", "pic", "url"]),
            stock: fields.whole("stock").and_then(|it| u64::try_from(it).ok()),
        }
    }

    fn write(&self) -> Value {
        let mut product = Object::default();
        maybe_id(&mut product, "id", self.id.as_deref());
        product.text("store_name", self.name.as_deref());
        product.text("store_info", self.text.as_deref());
        product.text("image", self.image.as_deref());
        product.text("price", self.price.as_deref());
        product.text("ot_price", self.list_price.as_deref());
        product.number("stock", self.stock);
        product.into_value()
    }
}

impl Order {
    fn read(fields: Fields<'_>) -> Self {
        let products = fields.maybe("cartInfo").and_then(Value::as_array);
        let product = |item: &Value| {
            let item = Fields::of(item).ok()?;
            let info = Fields::of(item.maybe("productInfo")?).ok()?;
            Some(Product {
                id: id(info, &["id"]),
                list_price: item.said("costPrice"),
                ..Product::read(info)
            })
        };
        Self {
            id: id(fields, &["order_id"]),
            day: fields.said("add_time_y"),
            time: fields.said("add_time_h"),
            products: products.into_iter().flatten().filter_map(product).collect(),
        }
    }

    fn write(&self) -> Value {
        let mut order = Object::default();
        order.text("order_id", self.id.as_deref());
        order.text("add_time_y", self.day.as_deref());
        order.text("add_time_h", self.time.as_deref());
        let products = self.products.iter().map(|product| {
            let mut item = Object::default();
            let bare = Product {
                list_price: None,
                ..product.clone()
            };
            item.value("productInfo", bare.write());
            item.text("costPrice", product.list_price.as_deref());
            item.into_value()
        });
        order.value("cartInfo", Value::Array(products.collect()));
        order.into_value()
    }
}

impl Record {
    /// What can be read of it; `None` when it is no object or an empty one.
    pub fn read(value: &Value) -> Option<Self> {
        let fields = Fields::of(value).ok()?;
        let natural = |name: &str| fields.whole(name).and_then(|it| u64::try_from(it).ok());
        let record = Self {
            id: id(fields, &["id"]),
            user_id: id(fields, &["user_id"]),
            to_uid: id(fields, &["to_uid", "to_user_id"]),
            name: fields.words("nickname"),
            avatar: fields.words("avatar"),
            tourist: fields.truth("is_tourist"),
            online: fields
                .truth("online")
                .or_else(|| fields.truth("online_user")),
            form_type: natural("type"),
            added: fields.whole("add_time"),
            updated: fields.whole("update_time"),
            unread: natural("mssage_num"),
            message: fields.said("message"),
            message_type: natural("message_type"),
            created: fields.words("create_time"),
        };
        (record != Self::default()).then_some(record)
    }

    /// The record as the stock server writes it.
    pub fn write(&self) -> Value {
        let mut record = Object::default();
        // A row that was just made has its id as text, and no word of who is
        // here; one that was found has both otherwise.
        match (&self.id, self.online) {
            (Some(id), Some(_)) => record.id("id", id),
            (id, _) => record.text("id", id.as_deref()),
        }
        if let Some(online) = self.online {
            record.number("online", Some(u64::from(online)));
            record.value("delete_time", Value::Null);
        }
        maybe_id(&mut record, "user_id", self.user_id.as_deref());
        maybe_id(&mut record, "to_uid", self.to_uid.as_deref());
        record.text("nickname", self.name.as_deref());
        record.text("avatar", self.avatar.as_deref());
        record.number("is_tourist", self.tourist.map(u64::from));
        record.number("type", self.form_type);
        for (name, at) in [("add_time", self.added), ("update_time", self.updated)] {
            if let Some(at) = at {
                record.value(name, Value::from(at));
            }
        }
        record.number("mssage_num", self.unread);
        record.text("message", self.message.as_deref());
        record.number("message_type", self.message_type);
        record.text("create_time", self.created.as_deref());
        record.into_value()
    }
}

/// The first of these that is an id; 0 and the empty text name nobody.
pub(super) fn id(fields: Fields<'_>, names: &[&str]) -> Option<String> {
    let mut ids = names.iter().filter_map(|name| fields.maybe_id(name));
    ids.find(|id| !id.is_empty() && id != "0")
}

fn maybe_id(object: &mut Object, name: &str, id: Option<&str>) {
    if let Some(id) = id {
        object.value(name, id_value(id));
    }
}

fn is_digits(text: &str) -> bool {
    text.bytes().all(|letter| letter.is_ascii_digit())
}
