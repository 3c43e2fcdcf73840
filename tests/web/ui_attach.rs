//! Pictures on their way: picked, pasted, dropped; made smaller, posted, said;
//! and every way in which that does not come about. The files and the browser's
//! handling of them are real, the request is not.

use js_sys::{Promise, Reflect};
use parlance_core::content::{Content, Media};
use parlance_core::dialect::{Capabilities, Offers, Upload};
use parlance_core::{Command, Event, Status};
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::JsFuture;
use wasm_bindgen_test::wasm_bindgen_test;

use crate::rig::{Shim, js, text};
use crate::ui_page::{Page, frame, lobby, lobby_with, native, open_lobby};

/// Stands in for the browser's requests: notes what it is given, and answers
/// when a test says so.
const REQUEST: &str = "value: class extends EventTarget {
    upload = new class extends EventTarget {
        addEventListener(...all) { this.heard = true; super.addEventListener(...all); }
    };
    status = 0; responseText = ''; headers = {};
    constructor() { super(); (globalThis.requests ??= []).push(this); }
    open(method, url) { this.asked = method + ' ' + url; }
    setRequestHeader(name, value) { this.headers[name] = value; }
    // Who listens later hears of no progress.
    send(form) { this.form = form; if (!this.upload.heard) this.upload = new EventTarget(); }
    abort() { this.aborted = true; }
}";

/// Makes files of the kinds that are picked.
const FILES: &str = "globalThis.files = {
    async drawn(width, height, type, name) {
        const canvas = new OffscreenCanvas(width, height);
        const pen = canvas.getContext('2d');
        pen.fillStyle = 'red'; pen.fillRect(0, 0, width / 2, height);
        pen.fillStyle = 'blue'; pen.fillRect(width / 2, 0, width / 2, height);
        const blob = await canvas.convertToBlob({ type, quality: 0.9 });
        return new File([blob], name, { type });
    },
    // The camera was held upright: what is left in the file is the top.
    async turned(width, height) {
        const file = await this.drawn(width, height, 'image/jpeg', 'turned.jpg');
        const bytes = new Uint8Array(await file.arrayBuffer());
        const exif = [0xff, 0xe1, 0, 34, 69, 120, 105, 102, 0, 0, 73, 73, 42, 0, 8, 0, 0, 0,
            1, 0, 0x12, 1, 3, 0, 1, 0, 0, 0, 6, 0, 0, 0, 0, 0, 0, 0];
        const parts = [bytes.slice(0, 2), new Uint8Array(exif), bytes.slice(2)];
        return new File(parts, 'turned.jpg', { type: 'image/jpeg' });
    },
    pick(...files) {
        const data = new DataTransfer();
        files.forEach((file) => data.items.add(file));
        const input = document.querySelector('[data-part=attach]');
        input.files = data.files;
        input.dispatchEvent(new Event('change', { bubbles: true }));
    },
}";

struct Stage {
    page: Page,
    _request: Shim,
}

impl Drop for Stage {
    fn drop(&mut self) {
        // A model stays as long as its document, which other tests share.
        self.page.model.apply(Event::SignedOut);
    }
}

impl Stage {
    async fn open() -> Self {
        js("globalThis.requests = []");
        js(FILES);
        let request = Shim::new("globalThis", "XMLHttpRequest", REQUEST);
        Self {
            page: lobby_with("en", pictures()).await,
            _request: request,
        }
    }

    /// How many requests there are by now; waits for so many.
    async fn asked(&self, count: usize) {
        self.until(&format!(
            "requests.length >= {count} && requests.at(-1).form"
        ))
        .await;
        assert_eq!(js("return requests.length").as_f64(), Some(count as f64));
    }

    async fn until(&self, script: &str) {
        let script = format!("return !!({script})");
        for _ in 0..600 {
            if js(&script).is_truthy() {
                return;
            }
            frame().await;
        }
        panic!("never: {script}");
    }

    async fn failed(&self, words: &str) {
        self.until("document.querySelector('[data-part=upload][data-state=failed]')")
            .await;
        let row = self.page.part("upload").inner_text();
        assert!(row.contains(words), "{row:?} does not say {words:?}");
        assert_eq!(self.said(), []);
    }

    fn answers(&self, status: u16, body: &str) {
        js(&format!(
            "const last = requests.at(-1); last.status = {status}; \
             last.responseText = {body:?}; last.dispatchEvent(new Event('load'));"
        ));
    }

    fn said(&self) -> Vec<Media> {
        let said = |command| match command {
            Command::Say(id, Content::Image(media), _) if id == lobby() => Some(media),
            _ => None,
        };
        self.page.commands().into_iter().filter_map(said).collect()
    }
}

/// A backend that takes pictures in its own way.
fn pictures() -> Capabilities {
    Capabilities {
        offers: Offers {
            images: Some(Upload {
                url: "https://files.example/put".to_owned(),
                headers: vec![("token".to_owned(), "t".to_owned())],
                field: "picture",
                fields: vec![("folder".to_owned(), "chat".to_owned())],
                answer: &["data", "url"],
                with_cookies: false,
            }),
            ..Offers::default()
        },
        ..native()
    }
}

async fn run(script: &str) -> JsValue {
    let promise = js(&format!("return (async () => {{ {script} }})()"));
    JsFuture::from(Promise::from(promise)).await.unwrap()
}

#[wasm_bindgen_test]
async fn a_large_picture_is_made_smaller_posted_and_only_then_said() {
    let stage = Stage::open().await;
    run("files.pick(await files.drawn(3200, 1000, 'image/png', '小猫.png'))").await;
    stage.asked(1).await;
    assert_eq!(
        text("return requests[0].asked"),
        "POST https://files.example/put"
    );
    assert_eq!(text("return requests[0].headers.token"), "t");
    let fields = "return [...requests[0].form.keys()].join()";
    assert_eq!(text(fields), "folder,picture", "the file comes last");
    let sent = run("const file = requests[0].form.get('picture'); \
         const bitmap = await createImageBitmap(file); \
         return [file.name, file.type, bitmap.width, bitmap.height].join()")
    .await;
    assert_eq!(sent.as_string().unwrap(), "小猫.jpg,image/jpeg,1600,500");
    js(
        "requests[0].upload.dispatchEvent(new ProgressEvent('progress', \
         { lengthComputable: true, loaded: 42, total: 100 }))",
    );
    frame().await;
    let bar = &stage.page.all("[role=progressbar]")[0];
    assert_eq!(bar.get_attribute("aria-valuenow").as_deref(), Some("42"));
    assert!(
        bar.get_attribute("aria-label")
            .unwrap()
            .contains("小猫.png")
    );
    assert_eq!(stage.said(), [], "nothing is said before it is there");
    let leaves = "return dispatchEvent(new Event('beforeunload', { cancelable: true }))";
    assert!(!js(leaves).is_truthy(), "it would be lost");
    let preview = stage.page.all("[data-part=upload] img")[0]
        .get_attribute("src")
        .unwrap();

    stage.answers(200, r#"{"data":{"url":"/kept/1.jpg"}}"#);
    let said = stage.said();
    assert_eq!(said.len(), 1);
    // What is relative there would be looked for here.
    assert_eq!(said[0].url, "https://files.example/kept/1.jpg");
    assert_eq!((said[0].width, said[0].height), (Some(1600), Some(500)));
    frame().await;
    assert!(stage.page.parts("upload").is_empty());
    assert!(js(leaves).is_truthy(), "nobody needs to stay");
    let fetched = format!("return fetch({preview:?}).then(() => true, () => false)");
    let kept = run(&fetched).await;
    assert!(!kept.is_truthy(), "the preview is still held");
}

#[wasm_bindgen_test]
async fn a_photograph_is_turned_as_its_camera_was_held() {
    let stage = Stage::open().await;
    run("files.pick(await files.turned(2000, 1000))").await;
    stage.asked(1).await;
    // The right half of what was recorded is now the lower one.
    let corner = "const bitmap = await createImageBitmap(requests[0].form.get('picture'));
        const canvas = new OffscreenCanvas(bitmap.width, bitmap.height);
        const pen = canvas.getContext('2d');
        pen.drawImage(bitmap, 0, 0);
        const [red, , blue] = pen.getImageData(bitmap.width / 2, bitmap.height - 9, 1, 1).data;
        return [bitmap.width, bitmap.height, red < 60 && blue > 180].join()";
    assert_eq!(run(corner).await.as_string().unwrap(), "800,1600,true");
}

#[wasm_bindgen_test]
async fn what_is_small_or_may_move_goes_as_it_is() {
    let stage = Stage::open().await;
    let gif = "const bytes = Uint8Array.from(atob('R0lGODlhAQABAIAAAAUEBAAAACwAAAAAAQABAAACAkQBADs='), \
         (letter) => letter.charCodeAt()); \
         files.pick(new File([bytes, new Uint8Array(500000)], 'moves.gif', { type: 'image/gif' }), \
                    await files.turned(40, 20))";
    run(gif).await;
    stage.asked(1).await;
    let sent = "const file = requests.at(-1).form.get('picture'); \
         return [file.name, file.type, file.size > 500000].join()";
    assert_eq!(text(sent), "moves.gif,image/gif,true");
    assert_eq!(
        stage.page.parts("upload").len(),
        2,
        "the second waits for its turn"
    );
    stage.answers(200, r#"{"data":{"url":"https://cdn.example/1.gif"}}"#);
    stage.asked(2).await;
    assert_eq!(text(sent), "turned.jpg,image/jpeg,false");
    stage.answers(200, r#"{"data":{"url":"https://cdn.example/2.jpg"}}"#);
    let said = stage.said();
    assert_eq!(said[0].url, "https://cdn.example/1.gif");
    let size = (said[1].width, said[1].height);
    assert_eq!(size, (Some(20), Some(40)), "as it is shown");
}

#[wasm_bindgen_test]
async fn what_is_no_picture_is_refused_in_words_and_can_only_be_put_away() {
    for file in [
        "new File(['text'], 'a.txt', { type: 'text/plain' })",
        "new File(['no picture'], 'b.heic', { type: 'image/heic' })",
    ] {
        let stage = Stage::open().await;
        js(&format!("files.pick({file})"));
        stage.failed("can’t be read as a picture").await;
        assert_eq!(js("return requests.length").as_f64(), Some(0.0));
        assert!(
            stage
                .page
                .all("[data-part=upload-retry]:not([hidden])")
                .is_empty()
        );
        stage.page.part("upload-cancel").click();
        frame().await;
        assert!(stage.page.parts("upload").is_empty());
    }
}

#[wasm_bindgen_test]
async fn an_upload_that_breaks_off_says_so_and_is_tried_again() {
    let stage = Stage::open().await;
    run("files.pick(await files.drawn(30, 20, 'image/png', 'a.png'))").await;
    stage.asked(1).await;
    js("requests[0].dispatchEvent(new Event('error'))");
    stage.failed("broke off").await;
    stage.page.part("upload-retry").click();
    stage.asked(2).await;
    js("requests[1].dispatchEvent(new Event('timeout'))");
    stage.failed("broke off").await;
    stage.page.part("upload-retry").click();
    stage.asked(3).await;
    stage.answers(200, r#"{"data":{"url":"https://cdn.example/a.png"}}"#);
    assert_eq!(stage.said().len(), 1);
}

#[wasm_bindgen_test]
async fn what_a_server_answers_is_not_believed() {
    let stage = Stage::open().await;
    run("files.pick(await files.drawn(30, 20, 'image/png', 'a.png'))").await;
    stage.asked(1).await;
    let answers = [
        (200, r#"{"data":{"url":"javascript:alert(1)"}}"#),
        (200, r#"{"data":{"url":"data:text/html,x"}}"#),
        (200, r#"{"data":{"url":"blob:https://files.example/1"}}"#),
        (200, r#"{"data":{"url":7}}"#),
        (200, r#"{"code":400,"data":null}"#),
        (200, "<html>"),
        (200, ""),
        (401, r#"{"data":{"url":"/a.png"}}"#),
        (500, ""),
    ];
    for (index, (status, body)) in answers.into_iter().enumerate() {
        stage.answers(status, body);
        stage.failed("did not take it").await;
        stage.page.part("upload-retry").click();
        stage.asked(index + 2).await;
    }
    stage.answers(413, "");
    stage.failed("Too large").await;
}

#[wasm_bindgen_test]
async fn a_cancelled_picture_is_given_up_and_the_next_one_goes() {
    let stage = Stage::open().await;
    run(
        "files.pick(await files.drawn(30, 20, 'image/png', 'a.png'), \
                    await files.drawn(30, 20, 'image/png', 'b.png'))",
    )
    .await;
    stage.asked(1).await;
    stage.page.parts("upload-cancel")[0].click();
    assert!(js("return requests[0].aborted").is_truthy());
    stage.asked(2).await;
    assert_eq!(text("return requests[1].form.get('picture').name"), "b.png");
    // An answer that comes all the same is nobody's.
    js(
        "requests[0].status = 200; requests[0].responseText = '{\"data\":{\"url\":\"/a\"}}'; \
        requests[0].dispatchEvent(new Event('load'))",
    );
    assert_eq!(stage.said(), []);
}

#[wasm_bindgen_test]
async fn pictures_are_pasted_and_dropped_and_words_are_not_taken_for_them() {
    let stage = Stage::open().await;
    let paste = "const data = new DataTransfer(); \
         data.items.add(await files.drawn(30, 20, 'image/png', 'image.png')); \
         if (words) data.setData('text/plain', 'words'); \
         const event = new ClipboardEvent('paste', \
            { clipboardData: data, bubbles: true, cancelable: true }); \
         document.querySelector('[data-part=composer]').dispatchEvent(event); \
         return event.defaultPrevented";
    let words = run(&format!("const words = true; {paste}")).await;
    assert!(!words.is_truthy(), "a table from an office has both");
    assert!(stage.page.parts("upload").is_empty());
    let alone = run(&format!("const words = false; {paste}")).await;
    assert!(alone.is_truthy());
    stage.asked(1).await;
    let drop = "const data = new DataTransfer(); \
         data.items.add(await files.drawn(30, 20, 'image/png', 'dropped.png')); \
         const tell = (name) => { const event = new DragEvent(name, \
            { dataTransfer: data, bubbles: true, cancelable: true }); \
            document.querySelector('[data-part=timeline]').dispatchEvent(event); \
            return event.defaultPrevented; }; \
         const over = tell('dragover'); \
         const marked = !!document.querySelector('.room[data-drop]'); \
         return [over, marked, tell('drop'), !!document.querySelector('.room[data-drop]')].join()";
    let dropped = run(drop).await;
    assert_eq!(dropped.as_string().unwrap(), "true,true,true,false");
    frame().await;
    assert_eq!(stage.page.parts("upload").len(), 2);
}

#[wasm_bindgen_test]
async fn what_is_on_its_way_outlives_a_look_elsewhere_but_not_the_stay() {
    let stage = Stage::open().await;
    run("files.pick(await files.drawn(30, 20, 'image/png', 'a.png'))").await;
    stage.asked(1).await;
    stage.page.model.apply(Event::Current(None));
    frame().await;
    stage.page.model.apply(Event::Current(Some(lobby())));
    frame().await;
    assert_eq!(stage.page.parts("upload").len(), 1);
    stage.answers(200, r#"{"data":{"url":"https://cdn.example/a.png"}}"#);
    assert_eq!(stage.said().len(), 1);

    run("files.pick(await files.drawn(30, 20, 'image/png', 'b.png'))").await;
    stage.asked(2).await;
    stage.page.model.apply(Event::Status(Status::Ended));
    run("files.pick(await files.drawn(30, 20, 'image/png', 'c.png'))").await;
    frame().await;
    assert_eq!(stage.page.parts("upload").len(), 1, "nothing goes any more");
    stage.page.model.apply(Event::SignedOut);
    frame().await;
    assert!(js("return requests[1].aborted").is_truthy());
}

#[wasm_bindgen_test]
async fn where_no_pictures_are_taken_there_is_no_way_to_send_any() {
    let page = lobby_with(
        "en",
        Capabilities {
            offers: Offers::default(),
            ..native()
        },
    )
    .await;
    assert!(page.parts("attach").is_empty());
    js(FILES);
    let pasted = run("const data = new DataTransfer(); \
         data.items.add(await files.drawn(30, 20, 'image/png', 'image.png')); \
         const event = new ClipboardEvent('paste', \
            { clipboardData: data, bubbles: true, cancelable: true }); \
         document.querySelector('[data-part=composer]').dispatchEvent(event); \
         return event.defaultPrevented")
    .await;
    assert!(
        !pasted.is_truthy(),
        "it is not taken for something that goes"
    );
    let leaves = "return dispatchEvent(new Event('beforeunload', { cancelable: true }))";
    assert!(js(leaves).is_truthy());
    drop(page);
    let page = open_lobby("en").await;
    let input = page.part("attach");
    assert_eq!(input.get_attribute("accept").as_deref(), Some("image/*"));
    let is_file = Reflect::get(&input, &"type".into()).unwrap();
    assert_eq!(is_file.as_string().as_deref(), Some("file"));
    assert!(!input.get_attribute("aria-label").unwrap().is_empty());
    let box_ = input.get_bounding_client_rect();
    assert!(
        box_.width() >= 44.0 && box_.height() >= 44.0,
        "for a finger"
    );
}
