//! What a session does, told as stories: the name says what must happen, the
//! body how it came to it.

mod banner;
mod closing;
mod dialling;
mod hints;
mod history;
mod joining;
mod keeping;
mod leaving;
mod liveness;
mod odd_frames;
mod page_life;
mod people;
mod receiving;
mod refusing;
mod restored;
mod sending;
mod siblings;
mod story;
mod unread;
