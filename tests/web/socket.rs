//! A link's task: against a refused address, and against a scripted socket.

use parlance::driver::socket::Socket;
use parlance_core::LinkEvent;
use parlance_core::wire::Wire;
use wasm_bindgen_test::wasm_bindgen_test;

use crate::rig::{Heard, ears, js, turn};
use crate::scripted::Scripted;

fn dial(address: &str) -> (Socket, Heard<LinkEvent>) {
    let (deliver, heard) = ears();
    (Socket::open(address.to_owned(), deliver), heard)
}

fn is_abnormal(event: &LinkEvent) -> bool {
    matches!(event, LinkEvent::Closed { code: 1006, .. })
}

#[wasm_bindgen_test]
async fn a_refused_address_closes_once_and_never_opens() {
    let (_socket, mut heard) = dial("ws://127.0.0.1:59999/ws");
    assert!(is_abnormal(&heard.next().await));
    turn().await;
    assert!(heard.so_far().is_empty());
}

#[wasm_bindgen_test]
async fn an_address_that_the_browser_refuses_closes_later_and_tells_nothing() {
    let (_socket, mut heard) = dial("http//:secret");
    assert!(heard.so_far().is_empty(), "delivered from within the call");
    let event = heard.next().await;
    assert!(is_abnormal(&event));
    assert!(!format!("{event:?}").contains("secret"));
}

#[wasm_bindgen_test]
async fn words_go_both_ways_in_order() {
    let scripted = Scripted::install();
    let (socket, mut heard) = dial("ws://a.example/");
    turn().await;
    socket.send(Wire::Text("too early".to_owned()));
    turn().await;
    js("sockets[0].opened()");
    assert_eq!(heard.next().await, LinkEvent::Opened);
    socket.send(Wire::Text("one".to_owned()));
    socket.send(Wire::Text("two".to_owned()));
    js("sockets[0].said('three'); sockets[0].said(new Uint8Array([4]).buffer)");
    let three = LinkEvent::Received(Wire::Text("three".to_owned()));
    assert_eq!(heard.next().await, three);
    assert_eq!(
        heard.next().await,
        LinkEvent::Received(Wire::Binary(vec![4]))
    );
    js("sockets[0].failed(); sockets[0].ended(4001, 'slow')");
    let closed = LinkEvent::Closed {
        code: 4001,
        reason: "slow".to_owned(),
    };
    assert_eq!(heard.next().await, closed);
    assert_eq!(scripted.done(), "dial ws://a.example/; send one; send two");
}

#[wasm_bindgen_test]
async fn the_old_one_is_closed_before_the_new_one_is_dialled() {
    let scripted = Scripted::install();
    let (old, mut heard) = dial("ws://old.example/");
    turn().await;
    js("sockets[0].opened()");
    assert_eq!(heard.next().await, LinkEvent::Opened);
    old.send(Wire::Text("bye".to_owned()));
    old.close(4003, "silent");
    let (_new, _) = dial("ws://new.example/");
    turn().await;
    assert_eq!(
        scripted.done(),
        "dial ws://old.example/; send bye; close 4003 silent; dial ws://new.example/"
    );
    js("sockets[0].said('late'); sockets[0].ended(1006, '')");
    turn().await;
    assert!(heard.so_far().is_empty(), "a closed link was heard of");
}

#[wasm_bindgen_test]
async fn a_dial_is_given_up_before_it_opens() {
    let scripted = Scripted::install();
    let (socket, mut heard) = dial("ws://slow.example/");
    turn().await;
    // A code that no browser lets a page say.
    socket.close(1006, "gone");
    turn().await;
    js("sockets[0].opened()");
    turn().await;
    assert!(heard.so_far().is_empty());
    assert_eq!(scripted.done(), "dial ws://slow.example/; close 1000 gone");
}

#[wasm_bindgen_test]
async fn an_error_that_no_close_follows_is_an_end() {
    let _scripted = Scripted::install();
    let (_socket, mut heard) = dial("ws://blocked.example/");
    turn().await;
    js("sockets[0].failed()");
    assert!(is_abnormal(&heard.next().await));
}

#[wasm_bindgen_test]
async fn a_constructor_that_throws_is_an_end() {
    let _scripted = Scripted::install();
    let (_socket, mut heard) = dial("ws://forbidden.example/");
    assert!(is_abnormal(&heard.next().await));
}
