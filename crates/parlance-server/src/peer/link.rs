//! A socket on which every frame is numbered.
//!
//! Knows nothing of what the frames say.

use parlance_core::dialect::native::wire;

use crate::encode;
use crate::socket::{Ending, Heard, Socket};

/// One link.
pub(crate) struct Link {
    socket: Socket,
    n: u64,
}

impl Link {
    pub(crate) fn new(socket: Socket) -> Self {
        Self { socket, n: 0 }
    }

    /// The number of the next frame.
    pub(crate) fn next_number(&mut self) -> u64 {
        self.n += 1;
        self.n
    }

    /// What comes next. Can be dropped and called again without loss.
    pub(crate) async fn hear(&mut self) -> Result<Heard, Ending> {
        self.socket.hear().await
    }

    /// Says one frame.
    pub(crate) async fn say(&mut self, frame: &wire::Server) -> Result<(), Ending> {
        self.say_encoded(&encode::frame(frame)).await
    }

    /// Says one frame that was encoded before.
    pub(crate) async fn say_encoded(&mut self, frame: &str) -> Result<(), Ending> {
        let n = self.next_number();
        self.say_all([encode::numbered(n, frame)]).await
    }

    /// Says these, already numbered, with one flush.
    pub(crate) async fn say_all(
        &mut self,
        frames: impl IntoIterator<Item = String>,
    ) -> Result<(), Ending> {
        self.socket.say_all(frames).await
    }

    /// Ends the link, with the words that belong to it.
    pub(crate) async fn finish(mut self, ending: Ending) {
        let mut last_words = Vec::new();
        if let Ending::Close(closing) = &ending
            && let Some(retry_ms) = closing.bye
        {
            let n = self.next_number();
            let bye = encode::frame(&wire::Server::Bye { retry_ms });
            last_words.push(encode::numbered(n, &bye));
        }
        self.socket.finish(ending, last_words).await;
    }
}
