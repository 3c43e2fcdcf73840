//! The bus of a single server: a broadcast channel inside the process.
//!
//! Knows nothing of other servers.

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use parlance_core::ids::{ConversationId, Seq};
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::RecvError;

use super::{Bus, Hint, Listener};

/// Hints on their way to a listener that is behind. More than that means that
/// it looks at everything anyway.
const DEPTH: usize = 4096;

/// A bus inside the process.
#[derive(Debug)]
pub struct LocalBus {
    hints: broadcast::Sender<(ConversationId, Seq)>,
}

impl LocalBus {
    /// A bus with nobody on it.
    pub fn new() -> Self {
        Self {
            hints: broadcast::Sender::new(DEPTH),
        }
    }
}

impl Default for LocalBus {
    fn default() -> Self {
        Self::new()
    }
}

impl Bus for LocalBus {
    fn announce(&self, conversation: &ConversationId, seq: Seq) {
        // An error says that nobody listens, which is no loss.
        let _ = self.hints.send((conversation.clone(), seq));
    }

    fn listen(&self) -> Box<dyn Listener> {
        Box::new(LocalListener {
            hints: self.hints.subscribe(),
        })
    }
}

struct LocalListener {
    hints: broadcast::Receiver<(ConversationId, Seq)>,
}

impl Listener for LocalListener {
    fn next(&mut self) -> BoxFuture<'_, Option<Hint>> {
        async {
            match self.hints.recv().await {
                Ok((conversation, seq)) => Some(Hint::Reached(conversation, seq)),
                Err(RecvError::Lagged(_)) => Some(Hint::Missed),
                Err(RecvError::Closed) => None,
            }
        }
        .boxed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_listener_that_is_behind_is_told_to_look_at_everything() {
        let bus = LocalBus::new();
        let mut listener = bus.listen();
        let lobby = ConversationId::room("lobby");
        for seq in 1..=(DEPTH as u64 + 1) {
            bus.announce(&lobby, Seq(seq));
        }
        assert_eq!(listener.next().await, Some(Hint::Missed));
        assert_eq!(
            listener.next().await,
            Some(Hint::Reached(lobby, Seq(2))),
            "and hears what is left"
        );
    }
}
