//! The system's packages: by apt where we may, else by a person, who is told
//! the command for their system.
//!
//! It does not know why something is needed, only what it is called where.

use crate::execute::{Failure, Step, on_path};
use crate::workspace::Workspace;

/// One thing, by its names in the places it can come from.
#[derive(Clone, Copy)]
pub(crate) struct Package {
    pub(crate) apt: &'static str,
    pub(crate) brew: &'static str,
    /// What it is, for systems that have neither.
    pub(crate) plainly: &'static str,
}

pub(crate) const BINARYEN: Package = Package {
    apt: "binaryen",
    brew: "binaryen",
    plainly: "binaryen, which has wasm-opt",
};

pub(crate) fn install(workspace: &Workspace, packages: &[Package]) -> Result<(), Failure> {
    let names = names(packages, |package| package.apt);
    if on_path("apt-get").is_none() {
        return Err(missing(packages));
    }
    let Some(become_root) = way_to_root(workspace) else {
        return Err(missing(packages).advice("or run this again as root, or where sudo is allowed"));
    };
    println!("Installing {names} (apt)");
    let apt = |arguments: &str| {
        let mut words = become_root.iter().copied().chain([
            "env",
            "DEBIAN_FRONTEND=noninteractive",
            "apt-get",
            "--quiet",
            // Another apt may be at work, as it is on a machine just started.
            "--option",
            "DPkg::Lock::Timeout=300",
        ]);
        let program = words.next().unwrap_or("env");
        Step::new(workspace, program)
            .with_terminal()
            .arguments(words)
            .words(arguments)
            .run()
    };
    // A fresh machine has no lists. Old ones may do, so their age is no error.
    if let Err(failure) = apt("update") {
        println!("{failure}");
    }
    apt(&format!("install --yes --no-install-recommends {names}")).map_err(|failure| {
        failure.advice("if the package lists are old or unreachable: apt-get update")
    })
}

/// What goes before a command that needs root; nothing, for root itself.
fn way_to_root(workspace: &Workspace) -> Option<Vec<&'static str>> {
    let user = Step::new(workspace, "id").words("-u").output()?;
    if user.trim() == "0" {
        return Some(Vec::new());
    }
    on_path("sudo")?;
    let freely = Step::new(workspace, "sudo").words("-n true").output();
    if freely.is_some() {
        return Some(vec!["sudo", "-n"]);
    }
    // sudo asks for the password on the terminal, if there is one.
    use std::io::IsTerminal;
    std::io::stdin().is_terminal().then(|| vec!["sudo"])
}

fn missing(packages: &[Package]) -> Failure {
    let plainly = packages
        .iter()
        .map(|package| package.plainly)
        .collect::<Vec<_>>()
        .join("; ");
    let failure = Failure::new(format!("missing: {plainly}"));
    let apt = names(packages, |package| package.apt);
    let brew = names(packages, |package| package.brew);
    match std::env::consts::OS {
        "macos" if !brew.is_empty() => failure.by_hand(format!("brew install {brew}")),
        _ if on_path("apt-get").is_some() => failure.by_hand(format!(
            "sudo apt-get install --no-install-recommends {apt}"
        )),
        _ => failure.advice(format!(
            "install them with your system's packages (Debian's names: {apt})"
        )),
    }
}

fn names(packages: &[Package], name: impl Fn(&Package) -> &'static str) -> String {
    packages
        .iter()
        .map(name)
        .filter(|name| !name.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_system_has_no_name_for_is_left_out_of_its_command() {
        let nowhere = Package {
            apt: "xvfb",
            brew: "",
            plainly: "Xvfb",
        };
        assert_eq!(
            names(&[BINARYEN, nowhere], |package| package.brew),
            "binaryen"
        );
        assert_eq!(
            names(&[BINARYEN, nowhere], |package| package.apt),
            "binaryen xvfb"
        );
    }
}
