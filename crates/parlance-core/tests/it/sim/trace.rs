//! What happened in a run, twice: as a hash that is always made, by which two
//! runs of one seed are compared, and as lines for people, made on demand.
//!
//! Knows nothing of what it writes down.

/// The trace of one run.
#[derive(Default)]
pub(crate) struct Trace {
    hash: u64,
    lines: Option<Vec<String>>,
}

impl Trace {
    pub(crate) fn readable() -> Self {
        Self {
            hash: 0,
            lines: Some(Vec::new()),
        }
    }

    /// Two runs that differ in anything that was mixed in differ in this.
    pub(crate) const fn hash(&self) -> u64 {
        self.hash
    }

    pub(crate) fn lines(&self) -> &[String] {
        self.lines.as_deref().unwrap_or_default()
    }

    pub(crate) const fn number(&mut self, number: u64) {
        self.hash = (self.hash ^ number)
            .wrapping_mul(0x9E37_79B9_7F4A_7C15)
            .rotate_left(23);
    }

    pub(crate) fn text(&mut self, text: &str) {
        for chunk in text.as_bytes().chunks(8) {
            let mut word = [0; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            self.number(u64::from_le_bytes(word));
        }
        self.number(text.len() as u64);
    }

    /// One line at this time, if anybody reads.
    pub(crate) fn note(&mut self, now: u64, line: impl FnOnce() -> String) {
        if let Some(lines) = &mut self.lines {
            let (seconds, millis) = (now / 1_000, now % 1_000);
            let mut text = line();
            if let Some((at, _)) = text.char_indices().nth(400) {
                text.truncate(at);
                text.push('…');
            }
            lines.push(format!("{seconds:>6}.{millis:03}  {text}"));
        }
    }
}
