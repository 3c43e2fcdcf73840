//! The browsers that the tests drive, their drivers, and a screen for them.
//!
//! It finds and installs them. How they are started is the tests' affair.

use std::path::{Path, PathBuf};

use crate::execute::{Failure, on_path};
use crate::packages::{self, Package};
use crate::workspace::Workspace;

const CHROMIUM: Package = Package {
    apt: "chromium",
    brew: "--cask chromium",
    plainly: "Chromium or Chrome",
};

const CHROMEDRIVER: Package = Package {
    apt: "chromium-driver",
    brew: "--cask chromedriver",
    plainly: "chromedriver, of the browser's version",
};

const WEBKIT_DRIVER: Package = Package {
    apt: "webkit2gtk-driver",
    brew: "",
    plainly: "WebKitWebDriver (WebKitGTK)",
};

const SCREEN: Package = Package {
    apt: "xvfb",
    brew: "",
    plainly: "Xvfb",
};

/// The page speaks Chinese too, and its screenshots are looked at.
const CHINESE_LETTERS: Package = Package {
    apt: "fonts-wqy-microhei",
    brew: "",
    plainly: "a font with Chinese letters",
};

pub(crate) fn install(workspace: &Workspace) -> Result<(), Failure> {
    let missing: Vec<Package> = wanted()
        .filter(|(_, here)| !here)
        .map(|(package, _)| package)
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    packages::install(workspace, &missing)
}

pub(crate) fn chromedriver() -> Option<PathBuf> {
    on_path("chromedriver")
}

fn wanted() -> impl Iterator<Item = (Package, bool)> {
    // WebKitGTK, and the screen it needs, exist on Linux alone; elsewhere the
    // tests in WebKit have to say themselves that they did not run.
    let linux = std::env::consts::OS == "linux";
    [
        (CHROMIUM, has_chromium()),
        (CHROMEDRIVER, chromedriver().is_some()),
        (
            WEBKIT_DRIVER,
            !linux || on_path("WebKitWebDriver").is_some(),
        ),
        (SCREEN, !linux || on_path("Xvfb").is_some()),
        (CHINESE_LETTERS, !linux || has_chinese_letters()),
    ]
    .into_iter()
}

fn has_chromium() -> bool {
    let names = [
        "chromium",
        "chromium-browser",
        "google-chrome",
        "google-chrome-stable",
    ];
    let bundles = [
        "/Applications/Google Chrome.app",
        "/Applications/Chromium.app",
    ];
    names.iter().any(|name| on_path(name).is_some())
        || bundles.iter().any(|bundle| Path::new(bundle).exists())
}

/// By the folders of the usual packages: asking fontconfig would mean that it
/// is installed, and it comes with the browser.
fn has_chinese_letters() -> bool {
    [
        "wqy",
        "opentype/noto/NotoSansCJK-Regular.ttc",
        "noto-cjk",
        "droid/DroidSansFallbackFull.ttf",
    ]
    .iter()
    .any(|name| {
        let folder = Path::new("/usr/share/fonts");
        folder.join(name).exists() || folder.join("truetype").join(name).exists()
    })
}
