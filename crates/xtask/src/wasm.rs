//! The names in a wasm file: what it takes from outside and what it gives.
//!
//! It reads and rewrites those two sections, and copies all others unread. It
//! does not know what is imported, nor what for.

use std::collections::BTreeMap;

const HEADER: usize = 8;
const IMPORTS: u8 = 2;
const EXPORTS: u8 = 7;
/// The kind of an import that is a function.
const FUNCTION: u8 = 0;

/// What a name becomes; a name that is not among the keys stays.
pub(crate) type Names = BTreeMap<String, String>;

/// The names of all imported functions, in the order of the file. `None`: this
/// is no wasm file, or one that imports more than functions.
pub(crate) fn imports(wasm: &[u8]) -> Option<Vec<String>> {
    let mut names = Vec::new();
    sections(wasm, |kind, body| {
        if kind == IMPORTS {
            rewritten_imports(body, |name| {
                names.push(name.to_owned());
                name.to_owned()
            })
            .map(Some)
        } else {
            Some(None)
        }
    })?;
    Some(names)
}

/// The same file, whose imported functions are called by their new names.
pub(crate) fn with_imports_renamed(wasm: &[u8], names: &Names) -> Option<Vec<u8>> {
    sections(wasm, |kind, body| {
        if kind == IMPORTS {
            let new = |name: &str| names.get(name).map_or(name, String::as_str).to_owned();
            rewritten_imports(body, new).map(Some)
        } else {
            Some(None)
        }
    })
}

/// The same file, which gives only what has a new name here, and by that name.
pub(crate) fn with_exports_only(wasm: &[u8], names: &Names) -> Option<Vec<u8>> {
    sections(wasm, |kind, body| {
        if kind == EXPORTS {
            rewritten_exports(body, names).map(Some)
        } else {
            Some(None)
        }
    })
}

/// Copies section after section; those that are answered for are replaced.
fn sections(
    wasm: &[u8],
    mut replaced: impl FnMut(u8, &[u8]) -> Option<Option<Vec<u8>>>,
) -> Option<Vec<u8>> {
    let mut written = wasm.get(..HEADER)?.to_owned();
    let mut reader = Reader(wasm.get(HEADER..)?);
    if !written.starts_with(b"\0asm") {
        return None;
    }
    while !reader.0.is_empty() {
        let kind = reader.byte()?;
        let body = reader.counted()?;
        let new = replaced(kind, body)?;
        written.push(kind);
        write_counted(&mut written, new.as_deref().unwrap_or(body));
    }
    Some(written)
}

fn rewritten_imports(body: &[u8], mut new: impl FnMut(&str) -> String) -> Option<Vec<u8>> {
    let mut reader = Reader(body);
    let mut written = Vec::new();
    let count = reader.number()?;
    write_number(&mut written, count);
    for _ in 0..count {
        write_counted(&mut written, reader.counted()?);
        write_counted(&mut written, new(reader.text()?).as_bytes());
        let kind = reader.byte().filter(|kind| *kind == FUNCTION)?;
        written.push(kind);
        write_number(&mut written, reader.number()?);
    }
    reader.0.is_empty().then_some(written)
}

fn rewritten_exports(body: &[u8], names: &Names) -> Option<Vec<u8>> {
    let mut reader = Reader(body);
    let mut kept = Vec::new();
    let mut count = 0;
    for _ in 0..reader.number()? {
        let name = reader.text()?;
        let kind = reader.byte()?;
        let index = reader.number()?;
        if let Some(new) = names.get(name) {
            write_counted(&mut kept, new.as_bytes());
            kept.push(kind);
            write_number(&mut kept, index);
            count += 1;
        }
    }
    let mut written = Vec::new();
    write_number(&mut written, count);
    written.extend(kept);
    // A name that the file does not give was asked for: nothing would run.
    (reader.0.is_empty() && count as usize == names.len()).then_some(written)
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn byte(&mut self) -> Option<u8> {
        let (byte, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*byte)
    }

    /// LEB128, of 32 bits at most.
    fn number(&mut self) -> Option<u32> {
        let mut number = 0_u32;
        for place in 0..5 {
            let byte = self.byte()?;
            number |= u32::from(byte & 0x7f) << (7 * place);
            if byte & 0x80 == 0 {
                return Some(number);
            }
        }
        None
    }

    fn counted(&mut self) -> Option<&'a [u8]> {
        let length = self.number()? as usize;
        let (bytes, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(bytes)
    }

    fn text(&mut self) -> Option<&'a str> {
        std::str::from_utf8(self.counted()?).ok()
    }
}

fn write_number(written: &mut Vec<u8>, mut number: u32) {
    while number > 0x7f {
        written.push((number & 0x7f) as u8 | 0x80);
        number >>= 7;
    }
    written.push(number as u8);
}

fn write_counted(written: &mut Vec<u8>, bytes: &[u8]) {
    // A file of more than four gigabytes is no wasm file.
    write_number(written, u32::try_from(bytes.len()).unwrap_or(u32::MAX));
    written.extend(bytes);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Imports `m.long_name` and `m.b`; gives `run`, `memory` and `unused`.
    fn file() -> Vec<u8> {
        let mut file = b"\0asm\x01\0\0\0".to_vec();
        let imports = b"\x02\x01m\x09long_name\0\x00\x01m\x01b\0\x80\x01";
        let exports = b"\x03\x03run\0\x02\x06memory\x02\0\x06unused\0\x81\x01";
        // A section of its own, as long as needs two bytes to say so.
        for (kind, body) in [(0, [7; 200].as_slice()), (2, imports), (7, exports)] {
            file.push(kind);
            write_counted(&mut file, body);
        }
        file
    }

    fn names(pairs: &[(&str, &str)]) -> Names {
        let owned = |(old, new): &(&str, &str)| ((*old).to_owned(), (*new).to_owned());
        pairs.iter().map(owned).collect()
    }

    #[test]
    fn a_renamed_import_is_read_back_by_its_new_name() {
        assert_eq!(imports(&file()).expect("readable"), ["long_name", "b"]);
        let renamed = with_imports_renamed(&file(), &names(&[("long_name", "a")]));
        let renamed = renamed.expect("readable");
        assert_eq!(imports(&renamed).expect("readable"), ["a", "b"]);
        assert_eq!(renamed.len(), file().len() - "ong_name".len());
    }

    #[test]
    fn nothing_is_lost_where_nothing_is_renamed() {
        let same = with_imports_renamed(&file(), &Names::new());
        assert_eq!(same.expect("readable"), file());
    }

    #[test]
    fn only_the_exports_that_are_asked_for_are_left() {
        let asked = names(&[("run", "r"), ("memory", "memory")]);
        let slim = with_exports_only(&file(), &asked).expect("readable");
        let end = b"\x07\x0e\x02\x01r\0\x02\x06memory\x02\0";
        assert!(slim.ends_with(end), "{slim:?}");
    }

    #[test]
    fn an_export_that_is_missing_is_not_passed_over() {
        assert_eq!(with_exports_only(&file(), &names(&[("start", "s")])), None);
    }

    #[test]
    fn what_is_cut_off_is_not_read() {
        for length in 0..file().len() {
            let cut = &file()[..length];
            // The file may end between sections.
            let read = imports(cut);
            assert!(
                read.is_none() || [8, 211, 235].contains(&length),
                "{length}"
            );
        }
    }
}
