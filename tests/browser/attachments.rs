//! Attachments: by button, drop and paste; shown on the other replica and in the viewer; errors.

use std::path::PathBuf;

use confab_tests::browser::{Browser, keys};
use confab_tests::{Result, ensure, example, unique};

use crate::Pair;
use crate::shots::{self, shot};

/// Waits until so many files are ready to send.
async fn ready(browser: &Browser, count: usize) -> Result<()> {
    browser
        .until(
            "the files are there",
            &format!("document.querySelectorAll('.chip[data-state=ready]').length === {count}"),
        )
        .await
}

/// A folder for the files of a test; dropping it deletes them.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Result<Self> {
        let folder = std::env::temp_dir().join(unique("confab-files"));
        std::fs::create_dir_all(&folder)?;
        Ok(Self(folder))
    }

    /// A text of this many bytes.
    fn text(&self, name: &str, bytes: u64) -> Result<PathBuf> {
        let file = self.0.join(name);
        std::fs::write(&file, "All that was decided on Monday.\n".repeat(400))?;
        std::fs::File::options()
            .write(true)
            .open(&file)?
            .set_len(bytes)?;
        Ok(file)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

#[tokio::test]
async fn pictures_and_files_reach_the_other_replica_and_open_above_the_page() -> Result<()> {
    let _chat = example::shared().await?;
    let Pair { ada, bo, .. } = Pair::with_names().await?;
    let folder = Folder::new()?;
    let input = "[data-testid=attach]";
    for (hue, name) in [(250, "From the hut.png"), (320, "Sunday evening.png")] {
        let file = folder.0.join(name);
        ada.paint(hue, &file).await?;
        ada.choose(input, &file).await?;
    }
    ada.choose(input, &folder.text("Minutes of Monday.txt", 12_000)?)
        .await?;
    ready(&ada, 3).await?;
    ada.fill(
        "textarea[name=body]",
        "Two from the weekend, and the minutes.",
    )
    .await?;
    shots::accessible_in_both(&ada, "files before they are sent").await?;
    shot(&ada, "attach-desk").await?;
    ada.click("[data-testid=send]").await?;

    bo.until(
        "both pictures, loaded, and the file",
        "document.querySelectorAll('.picture img').length === 2 && document.querySelector('.file')
         && Array.from(document.querySelectorAll('.picture img')).every((image) => image.complete && image.naturalWidth > 0)",
    )
    .await?;
    shots::accessible_in_both(&bo, "pictures and a file in a message").await?;
    shot(&bo, "files-desk").await?;
    bo.viewport(360, 740).await?;
    shots::nothing_is_cut_off(&bo, "pictures on a phone").await?;
    shot(&bo, "files-phone").await?;
    bo.click(".picture a").await?;
    let name = "document.querySelector('.lightbox .name').textContent";
    bo.until(
        "the first picture",
        &format!("{name} === 'From the hut.png'"),
    )
    .await?;
    shots::accessible_in_both(&bo, "a picture above the page").await?;
    shots::nothing_is_cut_off(&bo, "a picture above the page").await?;
    bo.viewport(1440, 900).await?;
    shot(&bo, "lightbox-desk").await?;
    bo.press(".lightbox .close", &keys::RIGHT.to_string())
        .await?;
    bo.until(
        "the next picture",
        &format!("{name} === 'Sunday evening.png'"),
    )
    .await?;
    bo.press(".lightbox .close", &keys::ESCAPE.to_string())
        .await?;
    bo.until(
        "the focus back on the picture that was open",
        "!document.querySelector('.lightbox').open && document.activeElement.matches('a[data-lightbox]')",
    )
    .await?;
    // Back closes a picture, and does not leave the conversation.
    let path = bo.path().await?;
    bo.click(".picture a").await?;
    bo.until("the picture", "document.querySelector('.lightbox').open")
        .await?;
    bo.back().await?;
    bo.until("its end", "!document.querySelector('.lightbox').open")
        .await?;
    assert_eq!(bo.path().await?, path);
    Ok(())
}

#[tokio::test]
async fn a_file_that_cannot_be_sent_keeps_no_other_from_being_sent() -> Result<()> {
    let _chat = example::shared().await?;
    let Pair { ada, bo, .. } = Pair::on_two_replicas().await?;
    ada.script(
        "const data = new DataTransfer();
         for (const name of ['one', 'two']) data.items.add(new File(['text'], `${name}.txt`, {type: 'text/plain'}));
         data.items.add(new File([Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 1, 2, 3)], 'broken.png', {type: 'image/png'}));
         document.querySelector('.pane').dispatchEvent(new DragEvent('drop', {dataTransfer: data, bubbles: true, cancelable: true}))",
    )
    .await?;
    ready(&ada, 2).await?;
    ada.until(
        "why one can't",
        "document.querySelector('.chip[data-state=failed]')",
    )
    .await?;
    ada.click("[data-testid=send]").await?;
    bo.until(
        "the two others",
        "document.querySelectorAll('#m1 .file').length === 2",
    )
    .await?;
    ada.say("and a word").await?;
    bo.until("what is said later", "document.querySelector('#m2 .body')")
        .await
}

#[tokio::test]
async fn files_are_attached_by_drop_and_by_paste_and_can_be_removed() -> Result<()> {
    let _chat = example::shared().await?;
    let Pair { ada, bo, .. } = Pair::on_two_replicas().await?;
    let transfer = "const data = new DataTransfer();
        data.items.add(new File(['dropped in'], 'notes.txt', {type: 'text/plain'}));";
    let drop = "const pane = document.querySelector('.pane');
        pane.dispatchEvent(new DragEvent('dragenter', {dataTransfer: data, bubbles: true, cancelable: true}));
        const invited = !document.querySelector('.drop').hidden;
        pane.dispatchEvent(new DragEvent('drop', {dataTransfer: data, bubbles: true, cancelable: true}));
        return invited && document.querySelector('.drop').hidden";
    let invited = ada.script(&format!("{transfer}{drop}")).await?;
    ensure!(invited == true, "nothing says that one may drop it here");
    let paste = "document.querySelector('textarea[name=body]').dispatchEvent(
        new ClipboardEvent('paste', {clipboardData: data, bubbles: true, cancelable: true}))";
    ada.script(&format!("{transfer}{paste}")).await?;
    ready(&ada, 2).await?;
    ada.click(".chip .remove").await?;
    ready(&ada, 1).await?;
    ada.click("[data-testid=send]").await?;
    bo.until(
        "the file that was left",
        "document.querySelectorAll('.message .file').length === 1",
    )
    .await?;
    let body = "const answer = await fetch(document.querySelector('.message .file').href);
        done([answer.headers.get('content-disposition').split(';')[0], await answer.text()])";
    let body = bo
        .script_async(&format!(
            "const done = arguments[arguments.length - 1]; (async () => {{ {body} }})()"
        ))
        .await?;
    ensure!(
        body == serde_json::json!(["attachment", "dropped in"]),
        "{body}"
    );
    Ok(())
}

#[tokio::test]
async fn a_file_that_is_too_large_shows_an_error_and_holds_the_message_until_it_is_removed()
-> Result<()> {
    let _chat = example::shared().await?;
    let Pair { ada, bo, .. } = Pair::on_two_replicas().await?;
    let folder = Folder::new()?;
    ada.choose(
        "[data-testid=attach]",
        &folder.text("Recording.txt", 17_000_000)?,
    )
    .await?;
    ada.until(
        "what is wrong with it",
        "/17 MB/.test(document.querySelector('.chip[data-state=failed] .field-error')?.textContent)",
    )
    .await?;
    shots::accessible_in_both(&ada, "a file that is too large").await?;
    ada.fill("textarea[name=body]", "without it, then").await?;
    ada.click("[data-testid=send]").await?;
    ada.until(
        "the way to take it out",
        "document.activeElement.matches('.chip .remove')",
    )
    .await?;
    ada.press(".chip .remove", &keys::ENTER.to_string()).await?;
    ada.click("[data-testid=send]").await?;
    bo.reads(&["without it, then"]).await
}
