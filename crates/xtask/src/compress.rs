//! Writing the compressed siblings of a file: `page.css` gets `page.css.gz` and
//! `page.css.br`, as servers and CDNs look for them.
//!
//! It happens once, at build time, at the highest level: no server could afford
//! that for every answer.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// Pictures and fonts are compressed already.
const WORTH_COMPRESSING: [&str; 9] = [
    "html",
    "css",
    "js",
    "wasm",
    "svg",
    "json",
    "webmanifest",
    "txt",
    "map",
];

/// The whole window, and with it the best that the format can do.
const BROTLI_QUALITY: u32 = 11;
const BROTLI_WINDOW: u32 = 22;

pub(crate) fn gzip(bytes: &[u8]) -> io::Result<Vec<u8>> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(bytes)?;
    encoder.finish()
}

pub(crate) fn brotli(bytes: &[u8]) -> io::Result<Vec<u8>> {
    let mut encoder =
        brotli::CompressorWriter::new(Vec::new(), 64 * 1024, BROTLI_QUALITY, BROTLI_WINDOW);
    encoder.write_all(bytes)?;
    // Ends the stream as well; a flush before it would only add bytes.
    Ok(encoder.into_inner())
}

pub(crate) fn write_siblings(folder: &Path) -> io::Result<()> {
    for path in assets(folder)? {
        let worth = path
            .extension()
            .and_then(|extension| extension.to_str())
            .is_some_and(|extension| WORTH_COMPRESSING.contains(&extension));
        if !worth {
            continue;
        }
        let bytes = std::fs::read(&path)?;
        for (extension, encoded) in [("gz", gzip(&bytes)?), ("br", brotli(&bytes)?)] {
            // A tiny file may grow; the server sends it as it is, then.
            if encoded.len() < bytes.len() {
                std::fs::write(sibling(&path, extension), encoded)?;
            }
        }
    }
    Ok(())
}

/// Every file that is not itself a compressed sibling, in order of name.
pub(crate) fn assets(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut assets = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder)? {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else if !path
                .extension()
                .is_some_and(|extension| extension == "gz" || extension == "br")
            {
                assets.push(path);
            }
        }
    }
    assets.sort();
    Ok(assets)
}

pub(crate) fn sibling(path: &Path, extension: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".");
    name.push(extension);
    name.into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read;

    #[test]
    fn what_was_compressed_comes_back() {
        let text = "to and fro ".repeat(100).into_bytes();
        let mut back = Vec::new();
        let gzipped = gzip(&text).expect("in memory");
        flate2::read::GzDecoder::new(gzipped.as_slice())
            .read_to_end(&mut back)
            .expect("our own gzip");
        assert_eq!(back, text);
        back.clear();
        let brotlied = brotli(&text).expect("in memory");
        brotli::Decompressor::new(brotlied.as_slice(), 4096)
            .read_to_end(&mut back)
            .expect("our own brotli");
        assert_eq!(back, text);
    }

    #[test]
    fn a_sibling_keeps_the_whole_name() {
        assert_eq!(sibling(Path::new("a/b.css"), "br"), Path::new("a/b.css.br"));
    }
}
