//! The database: its stores, whose keys begin with the person.
//!
//! Knows the stores and their keys, and nothing of second tries.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use js_sys::{Array, Function, Object, Reflect};
use parlance_core::ids::Uid;
use parlance_core::outbox::{Stored, TURN_LASTS, Take, Turn, Write};
use parlance_core::session::StorageFailure;
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{
    IdbDatabase, IdbFactory, IdbKeyRange, IdbObjectStore, IdbOpenDbRequest, IdbTransaction,
    IdbTransactionMode,
};

use super::request::{OnDrop, complete, result, thrown};

/// Unsent messages: the row's text at `[uid, client id]`.
const UNSENT: &str = "unsent";
/// Unfinished texts: the text at `[uid, conversation]`.
const UNFINISHED: &str = "unfinished";

/// Whose turn it is to hand over: `[page, until]` at the person, with the page's
/// own number and the device's time in milliseconds.
const TURNS: &str = "turns";
const STORES: [&str; 3] = [UNSENT, UNFINISHED, TURNS];

/// Raised when the stores change; the rows' own text is versioned by the core.
const VERSION: u32 = 2;

/// An open handle. It can die at any time, and then stays dead.
#[derive(Clone, Debug)]
pub(super) struct Database {
    handle: IdbDatabase,
    alive: Rc<Cell<bool>>,
    _on_end: Rc<Closure<dyn FnMut()>>,
}

impl Database {
    /// Opens it, and makes the stores where there are none.
    pub(super) async fn open(name: &str) -> Result<Self, StorageFailure> {
        let factory = factory()?;
        let opening = factory
            .open_with_u32(name, VERSION)
            .map_err(|error| thrown("open", &error))?;
        let handle = match opened(&opening).await {
            Ok(handle) => handle,
            // A newer version of this page was here. Its stores serve as long
            // as they have the same names, which is asked below.
            Err(StorageFailure(what)) if what.ends_with("VersionError") => {
                let opening = factory.open(name).map_err(|error| thrown("open", &error))?;
                opened(&opening).await?
            }
            Err(failure) => return Err(failure),
        };
        let names = handle.object_store_names();
        if !STORES.iter().all(|name| names.contains(name)) {
            handle.close();
            return Err(StorageFailure("open: stores are missing".to_owned()));
        }
        Ok(Self::watched(handle))
    }

    pub(super) fn is_alive(&self) -> bool {
        self.alive.get()
    }

    pub(super) fn close(&self) {
        self.alive.set(false);
        self.handle.set_onversionchange(None);
        self.handle.set_onclose(None);
        self.handle.close();
    }

    /// Everything that is kept for this person.
    pub(super) async fn load(&self, uid: &Uid) -> Result<Stored, StorageFailure> {
        let transaction = self.begin(IdbTransactionMode::Readonly, "strict")?;
        let range = rows_of(uid)?;
        // All are asked before the first is awaited: a transaction without an
        // open request ends by itself.
        let unsent = store(&transaction, UNSENT)?;
        let unfinished = store(&transaction, UNFINISHED)?;
        let asked = |request: Result<_, JsValue>| request.map_err(|error| thrown("read", &error));
        let rows = asked(unsent.get_all_with_key(&range))?;
        let keys = asked(unfinished.get_all_keys_with_key(&range))?;
        let texts = asked(unfinished.get_all_with_key(&range))?;
        let rows: Array = result(&rows).await?.unchecked_into();
        let keys: Array = result(&keys).await?.unchecked_into();
        let texts: Array = result(&texts).await?.unchecked_into();
        Ok(Stored {
            // A value that is not text was not written by this page; the
            // session counts the empty row that takes its place.
            unsent: rows
                .iter()
                .map(|row| row.as_string().unwrap_or_default())
                .collect(),
            unfinished: keys
                .iter()
                .zip(texts.iter())
                .filter_map(|(key, text)| {
                    let conversation = key.dyn_into::<Array>().ok()?.get(1).as_string()?;
                    Some((conversation, text.as_string()?))
                })
                .collect(),
        })
    }

    /// One write, done when it is on the disk.
    pub(super) async fn write(&self, write: &Write) -> Result<(), StorageFailure> {
        let transaction = self.begin(IdbTransactionMode::Readwrite, "strict")?;
        let unsent = store(&transaction, UNSENT)?;
        let unfinished = store(&transaction, UNFINISHED)?;
        self.put(write, &unsent, &unfinished).inspect_err(|_| {
            // Half a write is worse than none.
            let _ = transaction.abort();
        })?;
        complete(&transaction).await
    }

    /// Whose turn it is, and if it is this page's, the row as it stood. All in
    /// one transaction: two pages that ask at once are answered one after the
    /// other.
    pub(super) async fn take(&self, page: f64, take: &Take) -> Result<Turn, StorageFailure> {
        // Whose turn it was need not survive the device's end; a note must.
        let durability = if take.note.is_some() {
            "strict"
        } else {
            "relaxed"
        };
        let transaction = self.begin(IdbTransactionMode::Readwrite, durability)?;
        let turns = store(&transaction, TURNS)?;
        let unsent = store(&transaction, UNSENT)?;
        let failed = |error| thrown("take", &error);
        let uid = JsValue::from_str(take.uid.as_str());
        let key = key(&take.uid, take.client_id.as_str());
        let turn = turns.get(&uid).map_err(failed)?;
        let row = unsent.get(&key).map_err(failed)?;
        let turn = result(&turn).await?;
        let row = result(&row).await?.as_string();
        let now = js_sys::Date::now();
        let lasts = TURN_LASTS.as_secs() as f64 * 1_000.0;
        if let Some(turn) = turn.dyn_ref::<Array>() {
            let left = turn.get(1).as_f64().unwrap_or_default() - now;
            // A turn that lasts longer than any was given by another clock.
            if turn.get(0) != page && left > 0.0 && left <= lasts {
                return Ok(Turn::Theirs(Duration::from_millis(left as u64 + 1)));
            }
        }
        let mine = Array::of2(&page.into(), &(now + lasts).into());
        turns.put_with_key(&mine, &uid).map_err(failed)?;
        if let Some(note) = take.note.as_ref().filter(|_| row.is_some()) {
            let note = JsValue::from_str(note);
            unsent.put_with_key(&note, &key).map_err(failed)?;
        }
        complete(&transaction).await?;
        Ok(Turn::Mine(row))
    }

    fn put(
        &self,
        write: &Write,
        unsent: &IdbObjectStore,
        unfinished: &IdbObjectStore,
    ) -> Result<(), StorageFailure> {
        let asked = |request: Result<_, JsValue>| match request {
            Ok(_) => Ok(()),
            Err(error) => Err(thrown("write", &error)),
        };
        match write {
            Write::Keep(uid, record) => {
                let key = key(uid, record.client_id.as_str());
                asked(unsent.put_with_key(&JsValue::from_str(&record.value), &key))?;
                let conversation = record.conversation.to_string();
                asked(unfinished.delete(&self::key(uid, &conversation)))
            }
            Write::Forget(uid, client_id) => asked(unsent.delete(&key(uid, client_id.as_str()))),
            Write::Unfinished(uid, conversation, text) => {
                let key = key(uid, &conversation.to_string());
                if text.is_empty() {
                    asked(unfinished.delete(&key))
                } else {
                    asked(unfinished.put_with_key(&JsValue::from_str(text), &key))
                }
            }
            Write::Wipe(uid) => {
                let range = rows_of(uid)?;
                asked(unsent.delete(&range))?;
                asked(unfinished.delete(&range))
            }
        }
    }

    fn begin(
        &self,
        mode: IdbTransactionMode,
        durability: &str,
    ) -> Result<IdbTransaction, StorageFailure> {
        let stores: Array = STORES.iter().map(|name| JsValue::from_str(name)).collect();
        let options = Object::new();
        // The default is to say "complete" before the disk has it. By name,
        // because the bindings keep their own method behind a compiler flag.
        Reflect::set(&options, &"durability".into(), &durability.into())
            .and_then(|_| Reflect::get(&self.handle, &"transaction".into()))
            .and_then(JsCast::dyn_into::<Function>)
            .and_then(|begin| begin.call3(&self.handle, &stores, &mode.into(), &options))
            .and_then(JsCast::dyn_into)
            .map_err(|error| thrown("begin", &error))
    }

    /// Another tab wants to change the stores, or the browser has cleared them
    /// away: let go, and open again when it is needed.
    fn watched(handle: IdbDatabase) -> Self {
        let alive = Rc::new(Cell::new(true));
        let on_end = {
            let (alive, handle) = (alive.clone(), handle.clone());
            Rc::new(Closure::<dyn FnMut()>::new(move || {
                alive.set(false);
                handle.close();
            }))
        };
        let function = (*on_end).as_ref().unchecked_ref();
        handle.set_onversionchange(Some(function));
        handle.set_onclose(Some(function));
        Self {
            handle,
            alive,
            _on_end: on_end,
        }
    }
}

/// Absent in some private modes; throws where the browser keeps nothing for
/// this origin.
fn factory() -> Result<IdbFactory, StorageFailure> {
    web_sys::window()
        .ok_or_else(|| StorageFailure("open: no window".to_owned()))?
        .indexed_db()
        .map_err(|error| thrown("open", &error))?
        .ok_or_else(|| StorageFailure("open: no IndexedDB".to_owned()))
}

/// A blocked opening is waited for: the other tab lets go when it hears of it,
/// and the caller has a deadline.
async fn opened(opening: &IdbOpenDbRequest) -> Result<IdbDatabase, StorageFailure> {
    let on_upgrade = {
        let opening = opening.clone();
        Closure::<dyn FnMut()>::new(move || {
            let handle = opening
                .result()
                .ok()
                .and_then(|result| result.dyn_into::<IdbDatabase>().ok());
            let Some(handle) = handle else { return };
            let names = handle.object_store_names();
            for name in STORES {
                if !names.contains(name) {
                    // A failure aborts the upgrade, and the opening fails.
                    let _ = handle.create_object_store(name);
                }
            }
        })
    };
    opening.set_onupgradeneeded(Some(on_upgrade.as_ref().unchecked_ref()));
    let arrived = Cell::new(false);
    let quiet = OnDrop(|| {
        opening.set_onupgradeneeded(None);
        if !arrived.get() {
            close_when_it_comes(opening);
        }
    });
    let handle = result(opening).await;
    arrived.set(true);
    drop(quiet);
    handle?
        .dyn_into()
        .map_err(|_| StorageFailure("open: not a database".to_owned()))
}

/// A handle that comes too late would be in every later version's way.
fn close_when_it_comes(opening: &IdbOpenDbRequest) {
    let late = opening.clone();
    let close = Closure::once_into_js(move || {
        if let Some(handle) = late
            .result()
            .ok()
            .and_then(|it| it.dyn_into::<IdbDatabase>().ok())
        {
            handle.close();
        }
    });
    opening.set_onsuccess(Some(close.unchecked_ref()));
}

fn store(transaction: &IdbTransaction, name: &str) -> Result<IdbObjectStore, StorageFailure> {
    transaction
        .object_store(name)
        .map_err(|error| thrown("store", &error))
}

fn key(uid: &Uid, rest: &str) -> JsValue {
    Array::of2(&uid.as_str().into(), &rest.into()).into()
}

/// Every key that begins with this person: an array sorts after all text.
fn rows_of(uid: &Uid) -> Result<IdbKeyRange, StorageFailure> {
    let uid = JsValue::from_str(uid.as_str());
    let first = Array::of1(&uid);
    let last = Array::of2(&uid, &Array::new());
    IdbKeyRange::bound(&first, &last).map_err(|error| thrown("range", &error))
}
