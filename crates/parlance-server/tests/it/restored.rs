//! Data that was put back from a copy: the log gets another identity, so that
//! pages read it anew; and it keeps the one it has through every ordinary end.

use std::path::Path;

use serde_json::json;
use tempfile::TempDir;

use parlance_core::ids::{ClientId, ConversationId, Uid};
use parlance_server::error::Error;
use parlance_server::store::sqlite::SqliteStore;
use parlance_server::store::{Draft, Store};

use crate::store::open;

async fn says(store: &SqliteStore, cid: &str) {
    let draft = Draft {
        conversation: ConversationId::room("lobby"),
        sender: Some(Uid::new("alice")),
        client_id: ClientId::parse(cid),
        body: json!({"kind": "text", "text": cid}),
        at: 1,
    };
    store.append(draft).await.unwrap();
}

fn epoch(store: &SqliteStore) -> String {
    store.epoch().as_str().to_owned()
}

fn epoch_in(folder: &Path) -> String {
    epoch(&open(folder))
}

/// A folder with one message, and a copy of it from then; since then another
/// was said, and the server has ended.
async fn copied() -> (TempDir, TempDir, String) {
    let (folder, backup) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let store = open(folder.path());
    let before = epoch(&store);
    says(&store, "kept").await;
    drop(store);
    put(backup.path(), folder.path());
    let store = open(folder.path());
    says(&store, "lost").await;
    drop(store);
    assert_eq!(epoch_in(folder.path()), before);
    (folder, backup, before)
}

/// All files, written over those of the same names.
fn put(to: &Path, from: &Path) {
    for file in std::fs::read_dir(from).unwrap() {
        let file = file.unwrap();
        std::fs::copy(file.path(), to.join(file.file_name())).unwrap();
    }
}

/// As after `kill -9`: nobody has noted that the database was closed.
fn left_open(folder: &Path) {
    let mark = folder.join("mark");
    let noted = std::fs::read_to_string(&mark).unwrap();
    std::fs::write(&mark, noted.replace("closed", "open")).unwrap();
}

#[tokio::test]
async fn the_log_is_the_same_after_an_end_a_crash_and_a_change_of_place() {
    let (folder, _, before) = copied().await;
    for _ in 0..3 {
        assert_eq!(epoch_in(folder.path()), before);
    }
    left_open(folder.path());
    assert_eq!(epoch_in(folder.path()), before);
    // The folder has another name, and the files are the same.
    let elsewhere = TempDir::new().unwrap();
    let moved = elsewhere.path().join("data");
    std::fs::rename(folder.path(), &moved).unwrap();
    assert_eq!(epoch_in(&moved), before);
}

#[tokio::test]
async fn the_database_alone_written_over_the_other_is_another_log() {
    let (folder, backup, before) = copied().await;
    let name = "parlance.db";
    std::fs::copy(backup.path().join(name), folder.path().join(name)).unwrap();
    let after = epoch_in(folder.path());
    assert_ne!(after, before);
    // And stays that one.
    assert_eq!(epoch_in(folder.path()), after);
}

#[tokio::test]
async fn the_whole_folder_written_over_the_other_is_another_log() {
    let (folder, backup, before) = copied().await;
    put(folder.path(), backup.path());
    assert_ne!(epoch_in(folder.path()), before);
}

#[tokio::test]
async fn a_copy_in_another_folder_is_another_log() {
    let (folder, backup, before) = copied().await;
    assert_ne!(epoch_in(backup.path()), before);
    assert_eq!(epoch_in(folder.path()), before);
}

#[tokio::test]
async fn a_database_without_its_mark_is_another_log() {
    let (folder, _, before) = copied().await;
    std::fs::remove_file(folder.path().join("mark")).unwrap();
    assert_ne!(epoch_in(folder.path()), before);
}

#[tokio::test]
async fn after_a_crash_new_files_and_an_older_database_are_another_log() {
    let (folder, backup, before) = copied().await;
    drop(open(folder.path()));
    left_open(folder.path());
    let name = "parlance.db";
    // Older than what the last start found there.
    std::fs::copy(backup.path().join(name), folder.path().join(name)).unwrap();
    let after = epoch_in(folder.path());
    assert_ne!(after, before);
    left_open(folder.path());
    std::fs::copy(folder.path().join(name), folder.path().join("copy")).unwrap();
    std::fs::rename(folder.path().join("copy"), folder.path().join(name)).unwrap();
    assert_ne!(epoch_in(folder.path()), after);
}

#[tokio::test]
async fn whoever_restores_what_cannot_be_seen_says_so() {
    let (folder, _, before) = copied().await;
    left_open(folder.path());
    SqliteStore::was_restored(folder.path()).unwrap();
    let after = epoch_in(folder.path());
    assert_ne!(after, before);
    assert_eq!(epoch_in(folder.path()), after, "said once");
    // Not while a server has it, and not where there is nothing.
    let store = open(folder.path());
    let refused = SqliteStore::was_restored(folder.path());
    assert!(matches!(refused, Err(Error::InUse(_))), "{refused:?}");
    drop(store);
    let empty = TempDir::new().unwrap();
    let refused = SqliteStore::was_restored(empty.path());
    assert!(matches!(refused, Err(Error::Data(..))), "{refused:?}");
    assert!(!empty.path().join("lock").exists());
}
