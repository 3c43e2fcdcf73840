//! Where uploads stand: a folder of files with names that are chance, bounded
//! as a whole and by the day for each person.
//!
//! Knows nothing of requests. The day's sums are in memory: after a restart
//! everybody begins anew, and the whole is counted again.

use std::collections::HashMap;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use imagesize::ImageType;
use parlance_core::ids::Uid;
use tokio::fs::File;
use tokio::io::AsyncWriteExt;

use super::serve::{self, PREFIX};
use super::{Kept, Rejected, Wanted};
use crate::clock;
use crate::config::Config;
use crate::error::Error;
use crate::lock;
use crate::random;

/// What an unfinished file's name begins with.
const PART: &str = ".part-";
/// The longest side of a picture that is shown as one: beyond it a browser
/// takes the memory of many.
const MOST_PIXELS_A_SIDE: u32 = 16_384;
const DAY_MS: i64 = 24 * 3600 * 1000;

/// A picture, by its bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Picture {
    /// In pixels.
    pub(crate) width: u32,
    /// In pixels.
    pub(crate) height: u32,
}

/// The folder.
pub(crate) struct Shelf {
    folder: PathBuf,
    bytes: AtomicU64,
    most_bytes: u64,
    most_a_day: u64,
    // Of this day alone. Held for a look-up.
    today: Mutex<Today>,
}

#[derive(Default)]
struct Today {
    day: i64,
    bytes: HashMap<Uid, u64>,
}

impl Today {
    fn of(&mut self, uid: &Uid) -> &mut u64 {
        let day = clock::unix_millis() / DAY_MS;
        if self.day != day {
            self.day = day;
            self.bytes.clear();
        }
        self.bytes.entry(uid.clone()).or_default()
    }
}

impl Shelf {
    /// The folder in the data folder, without what was left unfinished there.
    pub(crate) fn open(config: &Config) -> Result<Self, Error> {
        let folder = config.data.join("uploads");
        let unusable = |error: std::io::Error| Error::Data(folder.clone(), error.to_string());
        fs::create_dir_all(&folder).map_err(unusable)?;
        let mut bytes = 0;
        for entry in fs::read_dir(&folder).map_err(unusable)? {
            let entry = entry.map_err(unusable)?;
            if entry.file_name().to_string_lossy().starts_with(PART) {
                fs::remove_file(entry.path()).map_err(unusable)?;
            } else {
                bytes += entry.metadata().map_err(unusable)?.len();
            }
        }
        Ok(Self {
            bytes: AtomicU64::new(bytes),
            most_bytes: config.files_bytes,
            most_a_day: config.files_bytes_a_day,
            today: Mutex::default(),
            folder,
        })
    }

    /// Whether anything more is taken from this person.
    pub(super) fn has_room(&self, uid: &Uid) -> Result<(), Rejected> {
        let full = self.bytes.load(Ordering::Relaxed) >= self.most_bytes;
        if full || *lock(&self.today).of(uid) >= self.most_a_day {
            return Err(Rejected::NoRoom);
        }
        Ok(())
    }

    /// A file that is about to come.
    pub(super) async fn begin(&self) -> Result<Part, Rejected> {
        let name =
            random::text::<24>().map_err(|error| Rejected::Unavailable(error.to_string()))?;
        let path = self.folder.join(format!("{PART}{name}"));
        let file = File::create_new(&path).await?;
        Ok(Part {
            file: Some(file),
            path,
            name,
            bytes: 0,
        })
    }

    /// Gives a file that is whole its name. Answers when that is on the disk.
    pub(super) async fn keep(
        &self,
        mut part: Part,
        uid: &Uid,
        wanted: Wanted,
        name: Option<String>,
        ending: Option<String>,
    ) -> Result<Kept, Rejected> {
        if let Some(file) = part.file.take() {
            file.sync_all().await?;
        }
        let looked_at = part.path.clone();
        // Beside the others: it reads a file. A reader that fails on a made-up
        // picture has found out that it is none.
        let picture = tokio::task::spawn_blocking(move || look_at(&looked_at));
        let picture = picture.await.unwrap_or_default();
        if wanted == Wanted::Pictures && picture.is_none() {
            return Err(Rejected::NoPicture);
        }
        let ending = match picture {
            Some((ending, _)) => ending.to_owned(),
            None => serve::file_ending(ending),
        };
        self.charge(uid, part.bytes)?;
        let kept = format!("{}.{ending}", part.name);
        tokio::fs::rename(&part.path, self.folder.join(&kept)).await?;
        sync_folder(&self.folder).await?;
        part.path.clear();
        Ok(Kept {
            path: format!("{PREFIX}{kept}"),
            name,
            bytes: part.bytes,
            picture: picture.map(|(_, picture)| picture),
        })
    }

    fn charge(&self, uid: &Uid, bytes: u64) -> Result<(), Rejected> {
        let mut today = lock(&self.today);
        let spent = today.of(uid);
        let whole = self.bytes.load(Ordering::Relaxed) + bytes;
        if *spent + bytes > self.most_a_day || whole > self.most_bytes {
            return Err(Rejected::NoRoom);
        }
        *spent += bytes;
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
        Ok(())
    }

    /// The file of this name, and its length, if it is there.
    pub(super) async fn find(&self, name: &str) -> std::io::Result<Option<(File, u64)>> {
        match File::open(self.folder.join(name)).await {
            Ok(file) => {
                let length = file.metadata().await?.len();
                Ok(Some((file, length)))
            }
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }
}

/// A name is kept when its folder is written.
async fn sync_folder(folder: &Path) -> Result<(), Rejected> {
    if cfg!(unix) {
        File::open(folder).await?.sync_all().await?;
    }
    Ok(())
}

/// A file on its way. Dropped before it is kept, it is gone.
pub(super) struct Part {
    file: Option<File>,
    // Empty when it has another name.
    path: PathBuf,
    name: String,
    bytes: u64,
}

impl Part {
    /// How much of it is here.
    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// More of it.
    pub(super) async fn write(&mut self, chunk: &[u8]) -> Result<(), Rejected> {
        if let Some(file) = &mut self.file {
            file.write_all(chunk).await?;
            self.bytes += u64::try_from(chunk.len()).unwrap_or(u64::MAX);
        }
        Ok(())
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        if self.path != Path::new("") {
            // What cannot be removed now is removed at the next start.
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// The ending and the size of a picture that every browser shows; `None` for
/// everything else, whatever it is called.
fn look_at(path: &Path) -> Option<(&'static str, Picture)> {
    let ending = match imagesize::image_type(&first_bytes(path)?).ok()? {
        ImageType::Png => "png",
        ImageType::Jpeg => "jpg",
        ImageType::Gif => "gif",
        ImageType::Webp => "webp",
        // It is not exhaustive: what else it may learn is none of ours.
        _ => return None,
    };
    let size = imagesize::size(path).ok()?;
    let side = |pixels: usize| {
        let pixels = u32::try_from(pixels).ok()?;
        (1..=MOST_PIXELS_A_SIDE).contains(&pixels).then_some(pixels)
    };
    let (width, height) = (side(size.width)?, side(size.height)?);
    Some((ending, Picture { width, height }))
}

fn first_bytes(path: &Path) -> Option<Vec<u8>> {
    use std::io::Read;
    let mut first = Vec::new();
    let file = fs::File::open(path).ok()?;
    file.take(64).read_to_end(&mut first).ok()?;
    Some(first)
}
