//! The table of sizes, and whether the first load keeps its promise.
//!
//! It measures what lies in dist/ and changes nothing there.

use std::fmt::Write;
use std::io;
use std::path::Path;

use crate::compress;
use crate::execute::Failure;
use crate::workspace::Workspace;

/// What a phone downloads before the first line can be read: the page, its
/// styles, its scripts and the program, as brotli sends them.
const FIRST_LOAD: [&str; 4] = ["html", "css", "js", "wasm"];
const FIRST_LOAD_BOUND: u64 = 150_000;

#[derive(Clone, Copy, Default)]
struct Sizes {
    raw: u64,
    gzip: u64,
    brotli: u64,
}

impl Sizes {
    fn measure(path: &Path) -> io::Result<Self> {
        let bytes = std::fs::read(path)?;
        let encoded = |extension, encode: fn(&[u8]) -> io::Result<Vec<u8>>| match std::fs::metadata(
            compress::sibling(path, extension),
        ) {
            Ok(sibling) => Ok(sibling.len()),
            Err(_) => encode(&bytes).map(|encoded| encoded.len() as u64),
        };
        Ok(Self {
            raw: bytes.len() as u64,
            gzip: encoded("gz", compress::gzip)?,
            brotli: encoded("br", compress::brotli)?,
        })
    }

    fn add(&mut self, other: Self) {
        self.raw += other.raw;
        self.gzip += other.gzip;
        self.brotli += other.brotli;
    }
}

pub(crate) fn print(workspace: &Workspace) -> Result<(), Failure> {
    let measured = measure(&workspace.dist())
        .map_err(|error| Failure::new(format!("dist/ cannot be measured: {error}")))?;
    print!("\n{}", table(&measured));
    Ok(())
}

fn measure(folder: &Path) -> io::Result<Vec<(String, Sizes)>> {
    compress::assets(folder)?
        .iter()
        .map(|path| {
            let name = path.strip_prefix(folder).unwrap_or(path);
            Ok((name.to_string_lossy().into_owned(), Sizes::measure(path)?))
        })
        .collect()
}

fn table(measured: &[(String, Sizes)]) -> String {
    let width = measured
        .iter()
        .map(|(name, _)| name.len())
        .chain(["asset".len()])
        .max()
        .unwrap_or(0);
    let mut text = format!(
        "{:width$}  {:>9}  {:>9}  {:>9}\n",
        "asset", "raw", "gzip -9", "brotli -11"
    );
    let mut line = |name: &str, sizes: Sizes| {
        // Writing to a String cannot fail.
        let _ = writeln!(
            text,
            "{name:width$}  {:>9}  {:>9}  {:>10}",
            sizes.raw, sizes.gzip, sizes.brotli
        );
    };
    let mut total = Sizes::default();
    let mut first_load = 0;
    for (name, sizes) in measured {
        line(name, *sizes);
        total.add(*sizes);
        let extension = Path::new(name).extension().and_then(|it| it.to_str());
        if extension.is_some_and(|extension| FIRST_LOAD.contains(&extension)) {
            first_load += sizes.brotli;
        }
    }
    line("total", total);
    let verdict = if first_load <= FIRST_LOAD_BOUND {
        "holds"
    } else {
        "DOES NOT HOLD"
    };
    let _ = writeln!(
        text,
        "first load: html+css+js+wasm, brotli: {}; the bound of {} kB {verdict}",
        kilobytes(first_load),
        FIRST_LOAD_BOUND / 1000,
    );
    text
}

fn kilobytes(bytes: u64) -> String {
    format!("{}.{} kB", bytes / 1000, bytes % 1000 / 100)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asset(name: &str, brotli: u64) -> (String, Sizes) {
        let sizes = Sizes {
            raw: 3 * brotli,
            gzip: 2 * brotli,
            brotli,
        };
        (name.to_owned(), sizes)
    }

    #[test]
    fn pictures_are_in_the_total_and_not_in_the_first_load() {
        let text = table(&[asset("a.wasm", 140_000), asset("b.png", 90_000)]);
        assert!(
            text.contains("brotli: 140.0 kB; the bound of 150 kB holds"),
            "{text}"
        );
        assert!(text.contains("230000"), "{text}");
    }

    #[test]
    fn a_bound_that_is_passed_is_said_aloud() {
        let text = table(&[asset("a.wasm", 140_000), asset("index.html", 10_001)]);
        assert!(text.contains("DOES NOT HOLD"), "{text}");
    }
}
