//! index.html as it is served: Trunk has written it for the one program that it
//! has built, and here it learns of all of them.
//!
//! It does not know what the shell's script in it does with what it is told.

use crate::languages::Written;
use crate::programs::Program;

/// What the shell reads. It stands before the script, and the script before
/// the styles: the program is on its way as early as can be.
const PROGRAMS: &str = "<meta name=parlance-programs>";
/// The same for the words.
const LANGUAGES: &str = "<meta name=parlance-languages>";

/// It runs where Trunk's script would have: at the end of the page, and not
/// before its styles are there. Where the shell has given up there is no start.
const START: &str = "<script type=module>if(parlanceLaunch.start)parlanceLaunch.start()</script>";

/// A program's files, and their sums as browsers read them.
pub(crate) struct Listed {
    pub(crate) program: Program,
    pub(crate) script: String,
    pub(crate) script_sum: String,
    pub(crate) wasm: String,
    pub(crate) wasm_sum: String,
}

/// The same page, which starts the program that a launch asks for, with the
/// words that it speaks. `None`: this is not as Trunk and the minifier write
/// it, or not our page.
pub(crate) fn with_programs(
    page: &str,
    listed: &[Listed],
    languages: &[Written],
) -> Option<String> {
    let (begin, end) = element(page, "<script type=module>import ", "</script>")?;
    let page = format!("{}{START}{}", &page[..begin], &page[end..]);
    let page = without_link(&page, "rel=modulepreload")?;
    let page = without_link(&page, "rel=preload")?;
    let page = filled(&page, PROGRAMS, &table(listed))?;
    filled(&page, LANGUAGES, &tongues(languages))
}

/// With this as what the element without a content says.
fn filled(page: &str, element: &str, content: &str) -> Option<String> {
    let (before, after) = page.split_once(element)?;
    let open = element.strip_suffix('>')?;
    Some(format!("{before}{open} content='{content}'>{after}"))
}

/// JSON as well.
fn tongues(languages: &[Written]) -> String {
    let rows: Vec<_> = languages
        .iter()
        .map(|it| format!("[\"{}\",\"{}\"]", it.tag, it.file))
        .collect();
    format!("[{}]", rows.join(","))
}

/// JSON: none of it needs an escape.
fn table(listed: &[Listed]) -> String {
    let rows: Vec<_> = listed
        .iter()
        .map(|it| {
            let dialects = it.program.dialects.join(" ");
            let fields = [
                dialects.as_str(),
                &it.script,
                &it.script_sum,
                &it.wasm,
                &it.wasm_sum,
            ];
            format!("[\"{}\"]", fields.join("\",\""))
        })
        .collect();
    format!("[{}]", rows.join(","))
}

fn without_link(page: &str, relation: &str) -> Option<String> {
    let at = page.find(relation)?;
    let begin = page[..at].rfind("<link ")?;
    let end = begin + page[begin..].find('>')? + 1;
    // The relation of this very element.
    (at < end).then(|| format!("{}{}", &page[..begin], &page[end..]))
}

fn element(page: &str, beginning: &str, ending: &str) -> Option<(usize, usize)> {
    let begin = page.find(beginning)?;
    let end = begin + page[begin..].find(ending)? + ending.len();
    Some((begin, end))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::programs;

    /// As Trunk 0.21 leaves it, shortened.
    const PAGE: &str = "<meta name=parlance-programs><meta name=parlance-languages>\
        <script>shell()</script>\
        <link href=./style-1.css integrity=sha384-x rel=stylesheet>\
        <script type=module>import init from './parlance-1.js';\nawait init();</script>\
        <link crossorigin href=./parlance-1.js integrity=sha384-y rel=modulepreload>\
        <link as=fetch crossorigin href=./parlance-1_bg.wasm rel=preload></head>";

    fn listed() -> Vec<Listed> {
        programs::ALL
            .into_iter()
            .map(|program| Listed {
                program,
                script: format!("{}1.js", program.name),
                script_sum: "sha256-s".to_owned(),
                wasm: format!("{}1_bg.wasm", program.name),
                wasm_sum: "sha256-w".to_owned(),
            })
            .collect()
    }

    fn languages() -> Vec<Written> {
        ["en", "zh-CN"]
            .map(|tag| Written {
                tag,
                file: format!("words-{tag}-1.json"),
            })
            .into()
    }

    #[test]
    fn the_page_lists_all_programs_and_loads_none_by_itself() {
        let page = with_programs(PAGE, &listed(), &languages()).expect("as expected");
        assert!(
            page.starts_with(
                "<meta name=parlance-programs content='[\
                 [\"native\",\"native1.js\",\"sha256-s\",\"native1_bg.wasm\",\"sha256-w\"],\
                 [\"crmeb crmeb-stock\",\"crmeb1.js\","
            ),
            "{page}"
        );
        assert!(
            page.ends_with(
                "]'><meta name=parlance-languages content='[\
                 [\"en\",\"words-en-1.json\"],[\"zh-CN\",\"words-zh-CN-1.json\"]]'>\
                 <script>shell()</script>\
                 <link href=./style-1.css integrity=sha384-x rel=stylesheet>\
                 <script type=module>if(parlanceLaunch.start)parlanceLaunch.start()</script></head>"
            ),
            "{page}"
        );
    }

    #[test]
    fn a_page_of_another_kind_is_not_half_rewritten() {
        for missing in [
            "<meta name=parlance-programs>",
            "<meta name=parlance-languages>",
            "import ",
            "modulepreload",
            "=preload",
        ] {
            let page = PAGE.replace(missing, "");
            assert_eq!(
                with_programs(&page, &listed(), &languages()),
                None,
                "{missing}"
            );
        }
    }
}
