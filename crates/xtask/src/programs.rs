//! Which programs dist/ holds: one for each dialect, so that nobody downloads
//! the words of another's backend.
//!
//! It knows the dialects by name only. What a name stands for is in the page's
//! own features and `src/dialects.rs`.

use std::path::Path;

use crate::execute::Failure;

/// Set to names with commas between, only their programs are built.
const SWITCH: &str = "PARLANCE_DIALECTS";

/// One that speaks one dialect, or two that are nearly the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Program {
    /// Cargo's feature, and the word in the names of its files.
    pub(crate) name: &'static str,
    /// What the launch parameter `dialect` may say for it.
    pub(crate) dialects: &'static [&'static str],
}

/// The first is the page's default, and the one that says so when a launch
/// asks for what nobody speaks.
pub(crate) const ALL: [Program; 6] = [
    of("native", &["native"]),
    of("crmeb", &["crmeb", "crmeb-stock"]),
    of("topic", &["topic"]),
    of("jim", &["jim"]),
    of("plain", &["plain"]),
    of("egg", &["egg"]),
];

const fn of(name: &'static str, dialects: &'static [&'static str]) -> Program {
    Program { name, dialects }
}

/// All of them, or those that the person asks for.
pub(crate) fn wanted() -> Result<Vec<Program>, Failure> {
    match std::env::var(SWITCH) {
        Ok(names) => named(&names).map_err(Failure::new),
        Err(std::env::VarError::NotPresent) => Ok(ALL.to_vec()),
        Err(error) => Err(Failure::new(format!("{SWITCH}: {error}"))),
    }
}

fn named(names: &str) -> Result<Vec<Program>, String> {
    let names: Vec<_> = names.split(',').map(str::trim).collect();
    let speaks = |program: &Program, name: &str| program.dialects.contains(&name);
    match names
        .iter()
        .find(|name| !ALL.iter().any(|program| speaks(program, name)))
    {
        Some(unknown) => {
            let known: Vec<_> = ALL.iter().flat_map(|it| it.dialects).copied().collect();
            Err(format!(
                "{SWITCH} names `{unknown}`; there are {}",
                known.join(", ")
            ))
        }
        None => Ok(ALL
            .into_iter()
            .filter(|program| names.iter().any(|name| speaks(program, name)))
            .collect()),
    }
}

/// The beginning of the names of its files.
pub(crate) fn stem(program: Program) -> String {
    format!("parlance-{}-", program.name)
}

/// Whose file this is. `None`: every page's.
pub(crate) fn owner(file: &Path) -> Option<Program> {
    let name = file.file_name()?.to_string_lossy();
    ALL.into_iter()
        .find(|program| name.starts_with(&stem(*program)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_no_program_has_is_refused_and_the_order_is_ours() {
        let names = |text| {
            let programs = named(text)?;
            Ok::<_, String>(programs.iter().map(|it| it.name).collect::<Vec<_>>())
        };
        assert_eq!(names("egg, native"), Ok(vec!["native", "egg"]));
        assert_eq!(names("crmeb-stock,crmeb"), Ok(vec!["crmeb"]));
        for unknown in ["", "egg,", "eggs", "egg native"] {
            let complaint = names(unknown).expect_err(unknown);
            assert!(complaint.contains("crmeb-stock, topic"), "{complaint}");
        }
    }

    #[test]
    fn a_file_belongs_to_the_program_in_its_name() {
        let owner = |name| owner(Path::new(name)).map(|it| it.name);
        assert_eq!(owner("dist/parlance-egg-0123_bg.wasm"), Some("egg"));
        assert_eq!(owner("parlance-native-0123.js"), Some("native"));
        assert_eq!(owner("parlance-0123.js"), None);
        assert_eq!(owner("style-0123.css"), None);
    }

    /// The page's features, its dialects and these are the same.
    #[test]
    fn the_page_has_these_features_and_no_others() {
        let root = crate::workspace::Workspace::find().root().to_owned();
        let manifest = std::fs::read_to_string(root.join("Cargo.toml")).expect("in the root");
        let quoted: Vec<_> = ALL.iter().map(|it| format!("\"{}\"", it.name)).collect();
        let default = format!("default = [{}, \"languages\"]\n", quoted.join(", "));
        assert!(manifest.contains(&default), "{default}");
        let names = std::fs::read_to_string(root.join("src/config.rs")).expect("a source");
        for dialect in ALL.iter().flat_map(|it| it.dialects) {
            assert!(names.contains(&format!("=> \"{dialect}\",")), "{dialect}");
        }
    }
}
