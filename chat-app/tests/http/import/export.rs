//! Exports of Slack, in folders of their own.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use uuid::Uuid;
use zip::write::{SimpleFileOptions, ZipWriter};

use crate::attachments::png;

/// A folder, or a zip file, that is deleted in the end.
pub struct Export {
    pub path: PathBuf,
}

impl Drop for Export {
    fn drop(&mut self) {
        let _ = match self.path.is_dir() {
            true => fs::remove_dir_all(&self.path),
            false => fs::remove_file(&self.path),
        };
    }
}

impl Export {
    pub fn new() -> Self {
        let path = std::env::temp_dir().join(format!("confab-import-{}", Uuid::new_v4()));
        fs::create_dir(&path).unwrap();
        Self { path }
    }

    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        let path = self.path.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    fn json(&self, name: &str, content: Value) {
        self.write(name, content.to_string());
    }

    /// The same as a zip file, in a folder of this name.
    pub fn zipped(&self, folder: &str) -> Self {
        let path = self.path.with_extension("zip");
        let mut zip = ZipWriter::new(File::create(&path).unwrap());
        add(&mut zip, &self.path, folder);
        zip.finish().unwrap();
        Self { path }
    }
}

fn add(zip: &mut ZipWriter<File>, folder: &Path, prefix: &str) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = format!("{prefix}{}", path.file_name().unwrap().to_str().unwrap());
        if path.is_dir() {
            add(zip, &path, &format!("{name}/"));
        } else {
            zip.start_file(name, SimpleFileOptions::default()).unwrap();
            zip.write_all(&fs::read(&path).unwrap()).unwrap();
        }
    }
}

/// A small workspace with all that others have tripped over.
pub fn nasty() -> Export {
    let export = Export::new();
    export.json("users.json", json!([
        {"id": "U1", "team_id": "T1", "name": "ada", "profile": {"display_name": "Ada", "email": "same@example.com"}},
        {"id": "U2", "team_id": "T1", "name": "bob", "profile": {"real_name": "Bob \u{202e}evil\u{200b}", "email": "Same@example.com"}},
        {"id": "U3", "team_id": "T1", "name": "会議", "profile": {"display_name": "", "real_name": "会議"}},
        {"id": "U4", "team_id": "T1", "name": "Zoë", "deleted": true, "profile": null},
        {"id": "U5", "team_id": "T1", "name": "ada", "profile": {"display_name": "Ada", "email": "other@example.com"}},
        {"id": "U6", "team_id": "T1", "name": "former-7", "profile": {"display_name": "Former-7"}},
    ]));
    export.json("channels.json", json!([
        {"id": "C1", "name": "general", "creator": "U1", "members": ["U1", "U2", "U3", "U404"], "pins": [{"id": "1704099600.000001", "created": 1_704_099_800, "user": "U2"}, {"id": "F1", "type": "F"}, {"id": "1604099600.000001"}],
         "topic": {"value": "A &amp; B"}, "purpose": {"value": "All"}},
        {"id": "C2", "name": "../../etc", "creator": "U9", "is_archived": true, "members": []},
    ]));
    export.json(
        "groups.json",
        json!([{"id": "P1", "name": "secret", "creator": "U2", "members": ["U2"]}]),
    );
    export.json(
        "mpims.json",
        json!([{"id": "G1", "name": "mpdm-ada--bob--x-1", "members": ["U1", "U2", "U3"]}]),
    );
    export.json("dms.json", json!([{"id": "D1", "members": ["U1", "U2"]}]));
    let photo = png(40, 30);
    export.write("files/F1", &photo);
    export.write("files/F2-expired.pdf", "<!DOCTYPE html><p>EXPIRED LINK");
    // Not in order; 2024-01-01 09:00 is 1704099600.
    export.json("general/2024-01-01.json", json!([
        {"ts": "1704099600.000002", "user": "U2", "subtype": "channel_join", "inviter": "U1", "text": "<@U2> has joined"},
        {"ts": "1704099600.000001", "user": "U1", "text": "*Welcome* <@U2> to <#C1>, <@U404>", "thread_ts": "1704099600.000001",
         "reactions": [{"name": "tada", "users": ["U1", "U2", "U2"], "count": 3}, {"name": "partyparrot", "users": ["U1"]},
                       {"name": "+1::skin-tone-4", "users": ["U404"]}]},
        {"ts": "1704099601.000000", "user": "U2", "text": "fixed", "edited": {"user": "U2", "ts": "1704099700.000000"}},
        {"ts": "1704099601.000000", "user": "U2", "text": "fixed twice"},
        {"ts": 1_704_099_602.000_1, "user": "U2", "text": "a float"},
        {"ts": "17040996.5", "user": "U2", "text": "too few digits"},
        {"user": "U2", "text": "no ts"},
        {"ts": "32503680000.000000", "user": "U2", "text": "from the year 3000"},
        {"ts": "1704099603.000000", "subtype": "bot_message", "bot_id": "B1", "username": "CI <b>", "text": "",
         "attachments": [{"title": "Build <b>#1</b>", "title_link": "https://ci.example/1", "text": "passed"}]},
        {"ts": "1704099604.000000", "user": "U404", "text": "kept although its author is missing",
         "user_profile": {"name": "eve", "real_name": "Eve"}},
        {"ts": "1704099605.000000", "user": "U1", "text": "",
         "files": [{"id": "F1", "name": "photo.png", "size": photo.len()}, {"id": "F2", "name": "expired.pdf", "size": 12_345},
                   {"id": "../../../etc/passwd", "name": "../passwd"}]},
        {"ts": "1704099606.000000", "user": "U1", "text": ""},
        {"ts": "1704099607.000000", "user": "USLACKBOT", "subtype": "tombstone", "text": "This message was deleted."},
        {"ts": "1704099608.000000", "subtype": "channel_topic", "user": "U1", "topic": "new &lt;topic&gt;", "text": "set"},
        {"ts": "1704099609.000000", "user": "U1", "text": "**a** [x](javascript:alert(1)) <script> | \t\\N \u{0} \u{1b}[31m &amp;lt;"},
    ]));
    // The last of the first day lies in the file of the second.
    export.json("general/2024-01-02.json", json!([
        {"ts": "1704186000.000000", "user": "U3", "text": "a reply on the next day", "thread_ts": "1704099600.000001"},
        {"ts": "1704099608.500000", "user": "U5", "text": "a day late"},
        {"ts": "1704186001.000000", "user": "U3", "text": "a reply to nothing", "thread_ts": "1604099600.000001"},
        {"ts": "1704186002.000000", "subtype": "message_deleted", "deleted_ts": "1704099601.000000"},
    ]));
    export.write("general/2024-01-03.json", "[{\"ts\": \"1704272400.000000\", \"user\": \"U1\", \"text\": \"before the break\"}, {\"ts\": \"17042");
    export.write("general/canvas_in_the_conversation.json", "not JSON");
    export.json(
        "secret/2024-01-01.json",
        json!([{"ts": "1704099600.000001", "user": "U2", "text": "for me"}]),
    );
    export.json(
        "mpdm-ada--bob--x-1/2024-01-01.json",
        json!([{"ts": "1704099600.000001", "user": "U3", "text": "the three of us"}]),
    );
    let talk: Vec<Value> = (0..20)
        .map(|n| json!({"ts": format!("17040996{n:02}.000001"), "user": if n % 2 == 0 { "U1" } else { "U2" }, "text": format!("between us {n}")}))
        .collect();
    export.json("D1/2024-01-01.json", json!(talk));
    export
}
