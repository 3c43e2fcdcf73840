//! What people upload: taken in while it comes, kept under a name that nobody
//! guesses, given out so that a browser can do nothing with it but show it.
//!
//! Knows nothing of messages: whoever may know of a file is told its address.
//! What a client says of a file is not believed; its bytes are looked at.

mod serve;
mod shelf;

use std::time::Duration;

use axum::extract::Multipart;
use axum::extract::multipart::{Field, MultipartError};
use axum::http::StatusCode;
use tokio::time::timeout;

use crate::auth::Identity;
use crate::server::Server;

pub(crate) use serve::{PREFIX, policy, serve};
pub(crate) use shelf::{Picture, Shelf};

/// How long an upload may take, and how long it may stand still.
pub(crate) const WITHIN: Duration = Duration::from_secs(300);
const STANDSTILL: Duration = Duration::from_secs(30);
/// Fields beside the file, and bytes of each: old pages send a token or two.
const FIELDS: usize = 16;
const FIELD_BYTES: usize = 4096;
/// The longest name of a file that is kept for people, in characters.
const NAME_CHARS: usize = 200;

/// The most that is read of a request: enough of a file that is too large to
/// say so to whoever sends it.
pub(crate) fn request_bytes(file_bytes: u64) -> usize {
    usize::try_from(file_bytes.saturating_mul(4).saturating_add(64 * 1024)).unwrap_or(usize::MAX)
}

/// A file that is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Kept {
    /// Its address on this server, from the root.
    pub(crate) path: String,
    /// What it was called, for people.
    pub(crate) name: Option<String>,
    /// How large it is.
    pub(crate) bytes: u64,
    /// Whether it is a picture, by its bytes, and how large.
    pub(crate) picture: Option<Picture>,
}

/// Which files are wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// Pictures.
    Pictures,
    /// Anything.
    Anything,
}

/// Why a file is not kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Rejected {
    /// There is no file in the request, or the request is damaged.
    NoFile,
    /// It is larger than a file may be.
    TooLarge,
    /// It is no picture that browsers show, where one was wanted.
    NoPicture,
    /// This person uploads too often; after so long again.
    TooFast(Duration),
    /// This person has uploaded too much today, or there is no room at all.
    NoRoom,
    /// Not now. The text is for the log.
    Unavailable(String),
}

impl Rejected {
    /// In one word.
    pub(crate) fn code(&self) -> &'static str {
        match self {
            Self::NoFile => "no_file",
            Self::TooLarge => "too_large",
            Self::NoPicture => "no_picture",
            Self::TooFast(_) => "rate_limited",
            Self::NoRoom => "no_room",
            Self::Unavailable(_) => "unavailable",
        }
    }

    /// As HTTP says it.
    pub(crate) fn status(&self) -> StatusCode {
        match self {
            Self::NoFile => StatusCode::BAD_REQUEST,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::NoPicture => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::TooFast(_) => StatusCode::TOO_MANY_REQUESTS,
            Self::NoRoom => StatusCode::INSUFFICIENT_STORAGE,
            Self::Unavailable(_) => StatusCode::SERVICE_UNAVAILABLE,
        }
    }
}

impl From<std::io::Error> for Rejected {
    fn from(error: std::io::Error) -> Self {
        Self::Unavailable(error.to_string())
    }
}

impl From<MultipartError> for Rejected {
    fn from(error: MultipartError) -> Self {
        if error.status() == StatusCode::PAYLOAD_TOO_LARGE {
            Self::TooLarge
        } else {
            Self::NoFile
        }
    }
}

/// Keeps the first file of a request, for this person. Answers when it is on
/// the disk under its name.
pub(crate) async fn receive(
    server: &Server,
    who: &Identity,
    wanted: Wanted,
    mut form: Multipart,
) -> Result<Kept, Rejected> {
    let uid = &who.person.uid;
    let received = async {
        server.uploading.take(uid).map_err(Rejected::TooFast)?;
        server.shelf.has_room(uid)?;
        match timeout(WITHIN, take_file(server, who, wanted, &mut form)).await {
            Ok(kept) => kept,
            Err(_) => Err(Rejected::NoFile),
        }
    };
    let received = received.await;
    if let Err(rejected) = &received {
        if let Rejected::Unavailable(why) = rejected {
            tracing::warn!(%why, "a file was not kept");
        }
        // A browser that is answered while it still sends reads no answer.
        let rest = async { while let Ok(Some(_)) = form.next_field().await {} };
        let _ = timeout(STANDSTILL, rest).await;
    }
    received
}

async fn take_file(
    server: &Server,
    who: &Identity,
    wanted: Wanted,
    form: &mut Multipart,
) -> Result<Kept, Rejected> {
    for _ in 0..FIELDS {
        let field = in_time(form.next_field()).await??;
        let mut field = field.ok_or(Rejected::NoFile)?;
        if field.file_name().is_none() {
            skip(&mut field).await?;
            continue;
        }
        let name = field.file_name().and_then(name_for_people);
        let most = server.config.file_bytes;
        let mut part = server.shelf.begin().await?;
        while let Some(chunk) = in_time(field.chunk()).await?? {
            if part.bytes() + u64::try_from(chunk.len()).unwrap_or(u64::MAX) > most {
                return Err(Rejected::TooLarge);
            }
            part.write(&chunk).await?;
        }
        if part.bytes() == 0 {
            return Err(Rejected::NoFile);
        }
        let ending = name.as_deref().and_then(ending_of);
        return server
            .shelf
            .keep(part, &who.person.uid, wanted, name, ending)
            .await;
    }
    Err(Rejected::NoFile)
}

/// A field that is none of ours to keep.
async fn skip(field: &mut Field<'_>) -> Result<(), Rejected> {
    let mut bytes = 0;
    while let Some(chunk) = in_time(field.chunk()).await?? {
        bytes += chunk.len();
        if bytes > FIELD_BYTES {
            return Err(Rejected::NoFile);
        }
    }
    Ok(())
}

async fn in_time<T>(step: impl Future<Output = T>) -> Result<T, Rejected> {
    timeout(STANDSTILL, step)
        .await
        .map_err(|_| Rejected::NoFile)
}

/// What a file is called, without the folders that some browsers send and
/// without what would disturb a reader.
fn name_for_people(said: &str) -> Option<String> {
    let name = said.rsplit(['/', '\\']).next().unwrap_or_default();
    let fits = |letter: &char| !letter.is_control() && !crate::auth::turns(*letter);
    let name: String = name.chars().filter(fits).take(NAME_CHARS).collect();
    let name = name.trim();
    (!name.is_empty()).then(|| name.to_owned())
}

/// The letters after the last dot, where they can stand in an address.
fn ending_of(name: &str) -> Option<String> {
    let (_, ending) = name.rsplit_once('.')?;
    let fits =
        (1..=8).contains(&ending.len()) && ending.bytes().all(|byte| byte.is_ascii_alphanumeric());
    fits.then(|| ending.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_made_fit_for_people() {
        for (said, kept) in [
            ("photo.png", Some("photo.png")),
            ("C:\\fakepath\\小猫.jpg", Some("小猫.jpg")),
            ("../../etc/passwd", Some("passwd")),
            ("a\u{202E}gnp.exe\r\n", Some("agnp.exe")),
            ("", None),
            ("folder/", None),
            (" \u{0} ", None),
        ] {
            assert_eq!(name_for_people(said).as_deref(), kept, "{said:?}");
        }
    }

    #[test]
    fn an_ending_is_a_few_letters() {
        assert_eq!(ending_of("Report.PDF").as_deref(), Some("pdf"));
        for name in [
            "Report",
            "a.",
            "a.b c",
            "a.tar/gz",
            "a.toolongtobeone",
            "a.猫",
        ] {
            assert_eq!(ending_of(name), None, "{name}");
        }
    }
}
