//! The table of sizes, and whether every first load keeps its promise.
//!
//! It measures what lies in dist/ and changes nothing there.

use std::fmt::Write;
use std::io;
use std::path::Path;

use crate::compress;
use crate::execute::Failure;
use crate::languages;
use crate::programs::{self, Program};
use crate::workspace::Workspace;

/// What a phone downloads before the first line can be read: the page, its
/// styles, and the script and the program of its dialect, as brotli sends them;
/// and the words of its language.
const FIRST_LOAD: [&str; 4] = ["html", "css", "js", "wasm"];

/// What the first load of our own dialect may weigh, in bytes.
const OWN_BOUND: u64 = 150_000;
/// What that of every other may.
const BOUND: u64 = 165_000;

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
    for (name, sizes) in measured {
        line(name, *sizes);
        total.add(*sizes);
    }
    line("total", total);
    let loads = first_loads(measured);
    for (program, bytes) in &loads {
        let bound = if *program == programs::ALL[0] {
            OWN_BOUND
        } else {
            BOUND
        };
        let verdict = if *bytes <= bound {
            "holds"
        } else {
            "DOES NOT HOLD"
        };
        let _ = writeln!(
            text,
            "first load of {}: {}; the bound of {} kB {verdict}",
            program.name,
            kilobytes(*bytes),
            bound / 1000,
        );
    }
    if let Some((program, bytes)) = loads.iter().max_by_key(|(_, bytes)| *bytes) {
        let _ = writeln!(
            text,
            "first load: html+css+js+wasm+words, brotli: {}, the largest ({})",
            kilobytes(*bytes),
            program.name,
        );
    }
    text
}

/// Of each program that is there: what is everybody's, and what is its own.
fn first_loads(measured: &[(String, Sizes)]) -> Vec<(Program, u64)> {
    let mut common = 0;
    let mut words = 0;
    let mut own = Vec::<(Program, u64)>::new();
    for (name, sizes) in measured {
        let path = Path::new(name);
        if languages::is_one(path) {
            // Of the language that says the most.
            words = words.max(sizes.brotli);
        }
        let extension = path.extension().and_then(|it| it.to_str());
        if !extension.is_some_and(|extension| FIRST_LOAD.contains(&extension)) {
            continue;
        }
        match programs::owner(path) {
            None => common += sizes.brotli,
            Some(owner) => match own.iter_mut().find(|(program, _)| *program == owner) {
                Some((_, bytes)) => *bytes += sizes.brotli,
                None => own.push((owner, sizes.brotli)),
            },
        }
    }
    own.into_iter()
        .map(|(program, bytes)| (program, common + words + bytes))
        .collect()
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

    const DIST: [(&str, u64); 10] = [
        ("b.png", 90_000),
        ("index.html", 8_000),
        ("parlance-egg-1.js", 9_000),
        ("parlance-egg-1_bg.wasm", 120_000),
        ("parlance-native-2.js", 10_000),
        ("parlance-native-2_bg.wasm", 125_000),
        ("parlance.json", 100),
        ("style-3.css", 5_000),
        ("words-en-4.json", 1_500),
        ("words-zh-CN-5.json", 2_000),
    ];

    #[test]
    fn a_first_load_has_one_program_and_no_pictures() {
        let text = table(&DIST.map(|(name, brotli)| asset(name, brotli)));
        for line in [
            "first load of egg: 144.0 kB; the bound of 165 kB holds\n",
            "first load of native: 150.0 kB; the bound of 150 kB holds\n",
        ] {
            assert!(text.contains(line), "{text}");
        }
        let last = "brotli: 150.0 kB, the largest (native)\n";
        assert!(text.ends_with(last), "{text}");
        assert!(text.contains(" 370600\n"), "the total has them all: {text}");
    }

    #[test]
    fn a_bound_that_one_program_passes_is_said_aloud() {
        for (at, name, line) in [
            (
                3,
                "egg",
                "first load of egg: 165.1 kB; the bound of 165 kB DOES NOT HOLD\n",
            ),
            (
                5,
                "native",
                "first load of native: 150.1 kB; the bound of 150 kB DOES NOT HOLD\n",
            ),
        ] {
            let mut measured = DIST.map(|(name, brotli)| asset(name, brotli));
            let more = if name == "egg" { 141_100 } else { 125_100 };
            measured[at] = asset(DIST[at].0, more);
            let text = table(&measured);
            assert!(text.contains(line), "{text}");
        }
    }
}
