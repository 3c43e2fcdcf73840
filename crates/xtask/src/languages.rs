//! The words of the page as files of dist/, one for each language: a page
//! fetches the one that it speaks. Each is an array, a sentence an entry.
//!
//! It knows no word. The name of a file changes with what is in it: a program
//! and its words belong together, and servers let browsers keep both for ever.

use std::io;
use std::path::Path;

use parlance_words::LANGUAGES;
use sha2::{Digest, Sha256};

use crate::slim::short;

/// The beginning of the names of these files.
const STEM: &str = "words-";

/// A language's tag and its file.
pub(crate) struct Written {
    pub(crate) tag: &'static str,
    pub(crate) file: String,
}

/// Writes every language, the usual one first.
pub(crate) fn write(folder: &Path) -> io::Result<Vec<Written>> {
    let written = LANGUAGES.map(|words| {
        let text = json(&words.sentences());
        let sum = short(&Sha256::digest(&text));
        let file = format!("{STEM}{}-{sum}.json", words.tag);
        std::fs::write(folder.join(&file), text)?;
        Ok(Written {
            tag: words.tag,
            file,
        })
    });
    written.into_iter().collect()
}

fn json(sentences: &[&str]) -> String {
    let quoted = |line: &str| format!("\"{}\"", line.replace('\\', "\\\\").replace('"', "\\\""));
    let sentences: Vec<_> = sentences.iter().map(|it| quoted(it)).collect();
    format!("[{}]", sentences.join(","))
}

/// Whether this file is a language's, of which a page fetches one.
pub(crate) fn is_one(file: &Path) -> bool {
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    name.starts_with(STEM) && name.ends_with(".json")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences_are_entries_whatever_is_in_them() {
        assert_eq!(
            json(&["en", "a, b", "{\"a\": \\}", ""]),
            r#"["en","a, b","{\"a\": \\}",""]"#
        );
    }

    #[test]
    fn a_language_is_told_by_its_name() {
        assert!(is_one(Path::new("dist/words-zh-CN-0123456789abcdef.json")));
        assert!(!is_one(Path::new("parlance.json")));
        assert!(!is_one(Path::new("words-en.html")));
    }
}
