//! A picture's way to the server: made smaller here, posted with its progress.
//!
//! Knows no message and no component: whoever asked is told how far it is, and
//! in the end where the server says that it is. That address comes from
//! outside and is checked by who uses it.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use js_sys::{Date, Promise, Reflect};
use parlance_core::dialect::Upload as Target;
use serde_json::Value;
use wasm_bindgen::{JsCast as _, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    Blob, CanvasRenderingContext2d, Event, FormData, HtmlCanvasElement, HtmlImageElement, Url,
    XmlHttpRequest,
};

use super::page::{Guard, Listener};

/// The longer side of what is sent, in pixels.
const LONGEST: f64 = 1600.0;
/// Of JPEG.
const QUALITY: f64 = 0.85;
/// What is no larger, in bytes and in pixels, is sent as it is.
const SMALL: f64 = 400_000.0;
/// What is larger, made smaller, is not sent.
const LARGEST: f64 = 10_000_000.0;
/// Without any progress for so long it is given up.
const STANDSTILL_MS: u32 = 30_000;
/// An answer is an address and a few words.
const LONGEST_ANSWER: usize = 64 * 1024;

/// How far it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Others are before it.
    Waiting,
    /// It is being made smaller, or so many hundredths have been sent.
    Going(u32),
    /// It has not arrived.
    Failed(Fault),
}

/// Why it has not arrived.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// No picture, or one that this browser cannot read.
    Unreadable,
    /// Larger than what is taken.
    TooLarge,
    /// The network failed, or stood still.
    Broken,
    /// The server did not take it, or its answer cannot be used.
    Refused,
}

/// A picture on its way. When it is dropped, its way ends.
pub struct Upload {
    file: Blob,
    name: String,
    /// The address that the page has made of the file.
    key: String,
    stage: Cell<Stage>,
    job: RefCell<Option<Job>>,
    /// A page that is closed loses what is not there yet.
    guard: RefCell<Guard>,
}

impl Upload {
    /// Of a file; `None`: it is none.
    pub fn new(file: JsValue) -> Option<Self> {
        let name = member(&file, "name").as_string().unwrap_or_default();
        // What is no file has no address.
        let file: Blob = file.unchecked_into();
        let upload = Self {
            key: Url::create_object_url_with_blob(&file).ok()?,
            file,
            name,
            stage: Cell::new(Stage::Waiting),
            job: RefCell::default(),
            guard: RefCell::default(),
        };
        upload.reach(Stage::Waiting);
        Some(upload)
    }

    /// Tells it from the others, and is the address of the picture within the
    /// page.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// The file's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// How far it is.
    pub fn stage(&self) -> Stage {
        self.stage.get()
    }

    /// It is so far. Where it stands still its request ends.
    pub(crate) fn reach(&self, stage: Stage) {
        self.stage.set(stage);
        let hopeless = matches!(stage, Stage::Failed(Fault::Unreadable | Fault::TooLarge));
        self.guard.borrow_mut().set(!hopeless);
        if !matches!(stage, Stage::Going(_)) {
            self.job.take();
        }
    }

    /// What is to be sent of it.
    ///
    /// # Errors
    /// Where it is no picture, or too large a one.
    pub async fn shrunk(self: Rc<Self>) -> Result<Picture, Fault> {
        let kind = self.file.type_();
        if !kind.is_empty() && !kind.starts_with("image/") {
            return Err(Fault::Unreadable);
        }
        // An element turns a photograph the way that its camera was held, in
        // every engine that runs this program.
        let image = HtmlImageElement::new().map_err(|_| Fault::Unreadable)?;
        image.set_src(&self.key);
        let decoded = JsFuture::from(image.decode()).await;
        let width = f64::from(image.natural_width());
        let height = f64::from(image.natural_height());
        let longest = width.max(height);
        if decoded.is_err() || longest < 1.0 {
            return Err(Fault::Unreadable);
        }
        let small = longest <= LONGEST && self.file.size() <= SMALL;
        let as_it_is = match kind.as_str() {
            // It may move.
            "image/gif" => true,
            "image/jpeg" | "image/png" | "image/webp" => small,
            _ => false,
        };
        let scale = if as_it_is {
            1.0
        } else {
            (LONGEST / longest).min(1.0)
        };
        let mut picture = Picture {
            file: self.file.clone(),
            name: self.name.clone(),
            width: (width * scale).round().max(1.0) as u32,
            height: (height * scale).round().max(1.0) as u32,
        };
        if !as_it_is {
            picture.file = redrawn(&image, picture.width, picture.height)
                .await
                .ok_or(Fault::Unreadable)?;
            // Backends go by the letters after the dot.
            let stem = picture.name.rsplit_once('.').map(|(stem, _)| stem);
            picture.name = [stem.unwrap_or(&picture.name), ".jpg"].concat();
        }
        if picture.file.size() > LARGEST {
            return Err(Fault::TooLarge);
        }
        Ok(picture)
    }

    /// Posts it there. `tell` hears of progress, and once of the end: the
    /// address in the server's words.
    pub fn post(&self, picture: &Picture, to: &'static Target, tell: impl Fn(Told) + 'static) {
        let job = Job::start(picture, to, Rc::new(tell));
        self.job.replace(job);
    }
}

impl Drop for Upload {
    fn drop(&mut self) {
        let _ = Url::revoke_object_url(&self.key);
    }
}

/// What is sent.
pub struct Picture {
    file: Blob,
    /// With an ending that says what it is.
    pub name: String,
    /// In pixels.
    pub width: u32,
    /// In pixels.
    pub height: u32,
}

impl Picture {
    /// How large it is.
    pub fn bytes(&self) -> u64 {
        self.file.size() as u64
    }
}

/// What is heard of a picture that is being posted.
pub enum Told {
    /// So many hundredths are there.
    Progress(u32),
    /// It is over: the address in the server's words.
    Over(Result<String, Fault>),
}

async fn redrawn(image: &HtmlImageElement, width: u32, height: u32) -> Option<Blob> {
    let document = web_sys::window()?.document()?;
    let canvas: HtmlCanvasElement = document.create_element("canvas").ok()?.unchecked_into();
    canvas.set_width(width);
    canvas.set_height(height);
    let context: CanvasRenderingContext2d = canvas.get_context("2d").ok()??.unchecked_into();
    let (wide, high) = (f64::from(width), f64::from(height));
    // JPEG knows nothing of glass.
    context.set_fill_style_str("#fff");
    context.fill_rect(0.0, 0.0, wide, high);
    context
        .draw_image_with_html_image_element_and_dw_and_dh(image, 0.0, 0.0, wide, high)
        .ok()?;
    let made = Promise::new(&mut |done, _| {
        let quality = QUALITY.into();
        // Fails where the canvas may not be read: then nothing is ever made.
        let asked = canvas.to_blob_with_type_and_encoder_options(&done, "image/jpeg", &quality);
        if asked.is_err() {
            let _ = done.call0(&JsValue::NULL);
        }
    });
    JsFuture::from(made).await.ok()?.dyn_into().ok()
}

/// One request. When it is dropped it is given up.
struct Job {
    request: XmlHttpRequest,
    heard: Vec<Listener>,
}

impl Drop for Job {
    fn drop(&mut self) {
        // An end that was asked for is told to nobody.
        self.heard.clear();
        let _ = self.request.abort();
    }
}

impl Job {
    fn start(picture: &Picture, to: &'static Target, tell: Rc<dyn Fn(Told)>) -> Option<Self> {
        let request = XmlHttpRequest::new().ok()?;
        let mut heard = Vec::new();
        let (asked, told) = (request.clone(), tell.clone());
        let begun = Date::now();
        if let Ok(upload) = request.upload() {
            heard.push(Listener::new(&upload, "progress", move |event: Event| {
                let part = |name| member(&event, name).as_f64().unwrap_or_default();
                // Counted from the beginning: each step gives it more time.
                asked.set_timeout((Date::now() - begun) as u32 + STANDSTILL_MS);
                told(Told::Progress(
                    (part("loaded") * 100.0 / part("total")) as u32,
                ));
            }));
        }
        for name in ["load", "error", "timeout"] {
            let (asked, told) = (request.clone(), tell.clone());
            heard.push(Listener::new(&request, name, move |_| {
                told(Told::Over(read(&asked, to)));
            }));
        }
        // Last: a request tells its progress to who listened before it went.
        if send(&request, picture, to).is_err() {
            tell(Told::Over(Err(Fault::Refused)));
        }
        Some(Self { request, heard })
    }
}

fn send(request: &XmlHttpRequest, picture: &Picture, to: &Target) -> Result<(), JsValue> {
    request.open("POST", &to.url)?;
    request.set_with_credentials(to.with_cookies);
    request.set_timeout(STANDSTILL_MS);
    for (name, value) in &to.headers {
        request.set_request_header(name, value)?;
    }
    let form = FormData::new()?;
    // Before the file: some servers read no further.
    for (name, value) in &to.fields {
        form.append_with_str(name, value)?;
    }
    form.append_with_blob_and_filename(to.field, &picture.file, &picture.name)?;
    request.send_with_opt_form_data(Some(&form))
}

/// The address in an answer; any status but 0 is one.
fn read(request: &XmlHttpRequest, to: &Target) -> Result<String, Fault> {
    match request.status() {
        Ok(200..=299) => {
            let text = request.response_text().ok().flatten().unwrap_or_default();
            address(&text, to.answer).ok_or(Fault::Refused)
        }
        Ok(0) | Err(_) => Err(Fault::Broken),
        Ok(413) => Err(Fault::TooLarge),
        Ok(_) => Err(Fault::Refused),
    }
}

fn address(answer: &str, path: &[&str]) -> Option<String> {
    if answer.len() > LONGEST_ANSWER {
        return None;
    }
    let value: Value = parlance_core::json::read(answer)?;
    let mut at = &value;
    for name in path {
        at = at.get(name)?;
    }
    at.as_str().map(str::to_owned)
}

/// What is there by this name; nothing where there is nothing.
pub fn member(of: &JsValue, name: &str) -> JsValue {
    Reflect::get(of, &name.into()).unwrap_or_default()
}
