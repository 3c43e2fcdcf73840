//! The script between the page and its program, which wasm-bindgen writes for
//! people to read: what nobody uses is taken out, and the rest is shortened.
//!
//! It knows how wasm-bindgen lays out that script, line by line. A layout that
//! it does not know is left alone: `None`, and never half a rewrite.

use std::collections::BTreeMap;

use crate::wasm::Names;

/// Before and after the functions that the program imports.
const IMPORTS_BEGIN: &str = "    const import0 = {\n";
const IMPORTS_END: &str = "\n    };\n";

/// Where the ways to start begin, between which a page may choose.
const STARTS: &str = "function initSync(";
/// Where they end, and the script with them.
const LAST_LINE: &str = "export { initSync, __wbg_init as default };\n";

/// The one way that this page goes: the shell has asked for the program
/// already, with its sum. What is exported shows tools what the program gives.
const START: &str = "export default parlanceLaunch.program
    .then((answer) => __wbg_load(answer, __wbg_get_imports()))
    .then(({ instance, module }) => __wbg_finalize_init(instance, module));
";

/// Takes out the classes that the program shows to scripts, and that no script
/// of this page asks for: they come with libraries.
pub(crate) fn without_unused_classes(script: &str) -> String {
    let mut script = script.to_owned();
    while let Some(slimmer) = without_one_class(&script) {
        script = slimmer;
    }
    script
}

/// A script that starts the program by itself. `None`: it is not laid out as
/// expected.
pub(crate) fn started(script: &str) -> Option<String> {
    let begin = at_line_start(script, STARTS, 0)?;
    let (parts, starts) = script.split_at(begin);
    let has = |name: &str| parts.contains(&format!("function {name}("));
    let is_whole = starts.ends_with(LAST_LINE)
        && ["__wbg_load", "__wbg_get_imports", "__wbg_finalize_init"]
            .into_iter()
            .all(has);
    is_whole.then(|| format!("{parts}{START}"))
}

fn without_one_class(script: &str) -> Option<String> {
    const BEGINNING: &str = "export class ";
    let mut from = 0;
    while let Some(begin) = at_line_start(script, BEGINNING, from) {
        from = begin + BEGINNING.len();
        let Some((name, _)) = script[from..].split_once(' ') else {
            continue;
        };
        // The class, the line that lets it be disposed of, and who collects it.
        let dispose = format!("if (Symbol.dispose) {name}.prototype");
        let collect = format!("const {name}Finalization =");
        let Some(rest) = cut(script, &format!("{BEGINNING}{name} "), "\n}\n")
            .and_then(|rest| cut(&rest, &dispose, "\n"))
            .and_then(|rest| cut(&rest, &collect, ";\n"))
        else {
            continue;
        };
        if !rest.contains(name) {
            return Some(rest);
        }
    }
    None
}

/// Without what is between this beginning of a line and the next such end.
fn cut(script: &str, beginning: &str, end: &str) -> Option<String> {
    let begin = at_line_start(script, beginning, 0)?;
    let length = script[begin..].find(end)? + end.len();
    Some(format!("{}{}", &script[..begin], &script[begin + length..]))
}

fn at_line_start(script: &str, text: &str, from: usize) -> Option<usize> {
    let mut from = from;
    loop {
        let at = from + script.get(from..)?.find(text)?;
        if at == 0 || script.as_bytes()[at - 1] == b'\n' {
            return Some(at);
        }
        from = at + text.len();
    }
}

/// What the script uses of the program, and a short name for each. Memory keeps
/// its own: tools that look into a page know it by that.
pub(crate) fn exports(script: &str) -> Names {
    let mut names = Names::new();
    for (at, _) in script.match_indices("wasm.") {
        let before = script[..at].chars().next_back();
        if before.is_some_and(is_in_names) {
            continue;
        }
        let name = word(&script[at + "wasm.".len()..]);
        // `wasm` is also the end of a file's name.
        if !name.is_empty() {
            names.insert(name.to_owned(), String::new());
        }
    }
    let shorts = (0..).map(short);
    for ((name, new), short) in names.iter_mut().zip(shorts) {
        *new = if name == "memory" {
            name.clone()
        } else {
            short
        };
    }
    names
}

pub(crate) fn with_exports_renamed(script: &str, names: &Names) -> String {
    let mut written = String::with_capacity(script.len());
    let mut rest = script;
    while let Some(at) = rest.find("wasm.") {
        let begins_a_word = !rest[..at].chars().next_back().is_some_and(is_in_names);
        let (before, after) = rest.split_at(at + "wasm.".len());
        let name = word(after);
        written.push_str(before);
        match names.get(name).filter(|_| begins_a_word) {
            Some(new) => written.push_str(new),
            None => written.push_str(name),
        }
        rest = &after[name.len()..];
    }
    written.push_str(rest);
    written
}

/// Leaves the imports that the program still has, in its order and by short
/// names. `None` unless each of them is found.
pub(crate) fn with_imports_renamed(script: &str, wanted: &[String]) -> Option<(String, Names)> {
    let (before, rest) = script.split_once(IMPORTS_BEGIN)?;
    let (block, after) = rest.split_once(IMPORTS_END)?;
    let entries = entries(block);
    let mut names = Names::new();
    let mut functions = String::new();
    for (index, name) in wanted.iter().enumerate() {
        let function = entries.get(name.as_str())?;
        let new = short(index);
        functions.push_str(&format!("        {new}: {function}\n"));
        names.insert(name.clone(), new);
    }
    let script = format!("{before}{IMPORTS_BEGIN}{functions}{IMPORTS_END}{after}");
    // The same import twice would be one entry too few.
    (names.len() == wanted.len()).then_some((script, names))
}

/// `name: function…` at the second indentation, up to the next.
fn entries(block: &str) -> BTreeMap<&str, String> {
    let mut entries = BTreeMap::<&str, String>::new();
    let mut current = None;
    for line in block.lines() {
        let begins = line
            .strip_prefix("        ")
            .filter(|line| line.starts_with("__wb"))
            .and_then(|line| line.split_once(": "));
        if let Some((name, rest)) = begins {
            entries.insert(name, rest.to_owned());
            current = Some(name);
        } else if let Some(function) = current.and_then(|name| entries.get_mut(name)) {
            function.push('\n');
            function.push_str(line);
        }
    }
    entries
}

/// As small as it gets. The complaint is the minifier's.
pub(crate) fn minified(script: &str) -> Result<Vec<u8>, String> {
    let mut written = Vec::new();
    let session = minify_js::Session::new();
    let mode = minify_js::TopLevelMode::Module;
    match minify_js::minify(&session, mode, script.as_bytes(), &mut written) {
        Ok(()) => {}
        Err(error) => return Err(error.to_string()),
    }
    match String::from_utf8(written) {
        Ok(small) => Ok(with_plain_bodies(&small).into_bytes()),
        Err(error) => Err(error.to_string()),
    }
}

/// Most imports name what they give before they give it: `=>{const b=a.c;return b}`
/// is `=>a.c`. The minifier leaves that as it is.
fn with_plain_bodies(script: &str) -> String {
    const BODY: &str = "=>{const ";
    let mut plain = String::with_capacity(script.len());
    let mut rest = script;
    while let Some(at) = rest.find(BODY) {
        let (before, found) = rest.split_at(at);
        let (body, after) = match plain_body(&found[BODY.len()..]) {
            Some((given, after)) => (given, after),
            None => ("{const ", &found[BODY.len()..]),
        };
        plain.extend([before, "=>", body]);
        rest = after;
    }
    plain + rest
}

/// What is given at once, and what follows the body; `None` where the body
/// does more, or where what it gives could be read in another way elsewhere.
fn plain_body(body: &str) -> Option<(&str, &str)> {
    let (name, rest) = body.split_once('=')?;
    let (given, rest) = rest.split_once(";return ")?;
    let after = rest.strip_prefix(name)?.strip_prefix('}')?;
    let mut depth = 0_u32;
    for character in given.chars() {
        match character {
            '(' | '[' => depth += 1,
            ')' | ']' => depth = depth.checked_sub(1)?,
            // A second name, a string, an object, another statement.
            ',' if depth == 0 => return None,
            ';' | '{' | '}' | '\'' | '"' | '`' => return None,
            _ => {}
        }
    }
    (word(name) == name && depth == 0).then_some((given, after))
}

/// a, b, … z, ba, bb, …: letters only.
fn short(index: usize) -> String {
    let mut letters = Vec::new();
    let mut rest = index;
    loop {
        letters.push(char::from(b'a' + (rest % 26) as u8));
        rest /= 26;
        if rest == 0 {
            return letters.iter().rev().collect();
        }
    }
}

fn word(text: &str) -> &str {
    let end = text.find(|it| !is_in_names(it)).unwrap_or(text.len());
    &text[..end]
}

const fn is_in_names(character: char) -> bool {
    character.is_ascii_alphanumeric() || character == '_' || character == '$'
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As wasm-bindgen 0.2.130 writes it, shortened.
    const SCRIPT: &str = include_str!("glue/sample.js");

    #[test]
    fn a_class_goes_with_all_that_is_its_own_and_one_that_is_used_stays() {
        let slim = without_unused_classes(SCRIPT);
        assert!(!slim.contains("Unused"), "{slim}");
        assert!(slim.contains("export class Used {"), "{slim}");
        assert!(slim.contains("const UsedFinalization"), "{slim}");
        assert!(!slim.contains("__wbg_unused_free"), "{slim}");
    }

    #[test]
    fn what_the_script_uses_of_the_program_is_found_and_renamed() {
        let slim = without_unused_classes(SCRIPT);
        let names = exports(&slim);
        let found: Vec<_> = names.keys().map(String::as_str).collect();
        assert_eq!(found, ["make", "memory"]);
        let renamed = with_exports_renamed(&slim, &names);
        assert!(renamed.contains("Used.__wrap(wasm.a())"), "{renamed}");
        assert!(renamed.contains("wasm.memory.buffer"), "{renamed}");
        assert!(renamed.contains("'page_bg.wasm'"), "{renamed}");
    }

    #[test]
    fn imports_that_the_program_has_lost_are_lost_here_too() {
        let wanted = ["__wbg_new_1".to_owned()];
        let (script, names) = with_imports_renamed(SCRIPT, &wanted).expect("it is there");
        assert_eq!(names.get("__wbg_new_1").map(String::as_str), Some("a"));
        assert!(script.contains("        a: function() {\n"), "{script}");
        assert!(!script.contains("arg0.abort()"), "{script}");
    }

    #[test]
    fn an_import_that_is_not_found_stops_the_rewrite() {
        assert_eq!(with_imports_renamed(SCRIPT, &["gone".to_owned()]), None);
        assert_eq!(with_imports_renamed("let wasm;", &[]), None);
    }

    #[test]
    fn it_starts_by_itself_and_in_one_way() {
        let script = started(SCRIPT).expect("as expected");
        assert!(!script.contains("__wbg_init"), "{script}");
        assert!(!script.contains("initSync"), "{script}");
        assert!(script.ends_with(START), "{script}");
        for gone in ["function __wbg_load(", LAST_LINE, "function initSync("] {
            assert_eq!(started(&SCRIPT.replace(gone, "")), None, "{gone}");
        }
    }

    #[test]
    fn the_minifier_reads_all_of_it() {
        let script = started(SCRIPT).expect("as expected");
        let small = minified(&script).expect("readable");
        let small = String::from_utf8(small).expect("text");
        assert!(!small.contains("Not an entry"), "{small}");
        assert!(!small.contains("arg0"), "{small}");
        assert!(small.contains("export default "), "{small}");
        assert!(small.contains("parlanceLaunch.program"), "{small}");
    }

    #[test]
    fn what_is_given_at_once_needs_no_name() {
        for (long, plain) in [
            ("a:(b=>{const c=b.length;return c}),d", "a:(b=>b.length),d"),
            (
                "((a,b)=>{const c=new P(s(a,b));return c})",
                "((a,b)=>new P(s(a,b)))",
            ),
            ("(a=>{const c=a[b>>>L];return c})", "(a=>a[b>>>L])"),
        ] {
            assert_eq!(with_plain_bodies(long), plain);
        }
        for kept in [
            "(a=>{const b=a.c,d=1;return b})",
            "(a=>{const b=a.c;return d})",
            "(a=>{const b=a.c;return b+1})",
            "(a=>{const b={};return b})",
            "(a=>{const b=a.c;b.d();return b})",
            "(a=>{const b=`;return b}`;return b})",
            "(a=>{const {b}=a;return b})",
            "(a=>{const ",
        ] {
            assert_eq!(with_plain_bodies(kept), kept);
        }
    }

    #[test]
    fn short_names_are_never_the_same() {
        let names: std::collections::BTreeSet<_> = (0..2_000).map(short).collect();
        assert_eq!(names.len(), 2_000);
        assert_eq!(short(0), "a");
        assert_eq!(short(26), "ba");
    }
}
