//! Copies GIF and WebP files without metadata: parts that draw are kept, all others, and anything after the end, are
//! omitted. Pure.
//!
//! GIF: <https://www.w3.org/Graphics/GIF/spec-gif89a.txt>. WebP: RFC 9649.

/// A GIF without comments, texts and application data, except the repetition count. `None` if it is malformed.
pub fn gif(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut input = Input(bytes);
    let mut kept = Vec::with_capacity(bytes.len());
    let head = input.take(13)?;
    kept.extend(head);
    kept.extend(input.take(color_table(head[10]))?);
    loop {
        match input.take(1)?[0] {
            0x21 => {
                let label = input.take(1)?[0];
                let blocks = input.blocks()?;
                let draws = label == 0xf9;
                let repeats = label == 0xff
                    && (blocks.starts_with(b"\x0bNETSCAPE2.0")
                        || blocks.starts_with(b"\x0bANIMEXTS1.0"))
                    && blocks.len() <= 17;
                if draws || repeats {
                    kept.extend([0x21, label]);
                    kept.extend(blocks);
                }
            }
            0x2c => {
                let head = input.take(9)?;
                kept.push(0x2c);
                kept.extend(head);
                kept.extend(input.take(color_table(head[8]))?);
                kept.extend(input.take(1)?);
                kept.extend(input.blocks()?);
            }
            0x3b => {
                kept.push(0x3b);
                return Some(kept);
            }
            _ => return None,
        }
    }
}

/// The length of the color table that the packed field announces.
fn color_table(packed: u8) -> usize {
    match packed & 0x80 {
        0 => 0,
        _ => 3 << ((packed & 7) + 1),
    }
}

/// The flags of a VP8X chunk for Exif and XMP.
const METADATA: u8 = 0x08 | 0x04;

/// A WebP without Exif, XMP and unknown chunks. `None` if it is malformed.
pub fn webp(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut input = Input(bytes);
    let head = input.take(12)?;
    if !head.starts_with(b"RIFF") || !head.ends_with(b"WEBP") {
        return None;
    }
    let length = u32::from_le_bytes(head[4..8].try_into().ok()?) as usize;
    let mut kept = b"RIFF\0\0\0\0WEBP".to_vec();
    let mut parts = Input(input.take(length.checked_sub(4)?)?);
    while !parts.0.is_empty() {
        let (name, content) = parts.chunk()?;
        match name {
            b"VP8X" => {
                let mut content = content.to_vec();
                *content.first_mut()? &= !METADATA;
                put_chunk(&mut kept, name, &content);
            }
            b"ANMF" => put_chunk(&mut kept, name, &frame(content)?),
            b"VP8 " | b"VP8L" | b"ALPH" | b"ANIM" | b"ICCP" => put_chunk(&mut kept, name, content),
            _ => {}
        }
    }
    let length = u32::try_from(kept.len() - 8).ok()?;
    kept[4..8].copy_from_slice(&length.to_le_bytes());
    Some(kept)
}

/// A frame of an animated WebP contains chunks of its own.
fn frame(content: &[u8]) -> Option<Vec<u8>> {
    let mut input = Input(content);
    let mut kept = input.take(16)?.to_vec();
    while !input.0.is_empty() {
        let (name, content) = input.chunk()?;
        if matches!(name, b"VP8 " | b"VP8L" | b"ALPH") {
            put_chunk(&mut kept, name, content);
        }
    }
    Some(kept)
}

fn put_chunk(kept: &mut Vec<u8>, name: &[u8; 4], content: &[u8]) {
    kept.extend(name);
    kept.extend((content.len() as u32).to_le_bytes());
    kept.extend(content);
    if content.len() % 2 == 1 {
        kept.push(0);
    }
}

struct Input<'a>(&'a [u8]);

impl<'a> Input<'a> {
    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    /// Sub-blocks of a GIF with their lengths, up to and including the empty one.
    fn blocks(&mut self) -> Option<&'a [u8]> {
        let all = self.0;
        loop {
            let length = self.take(1)?[0];
            if length == 0 {
                return Some(&all[..all.len() - self.0.len()]);
            }
            self.take(usize::from(length))?;
        }
    }

    /// A RIFF chunk: name, length and content, padded to an even length. Some writers omit the padding of the last one.
    fn chunk(&mut self) -> Option<(&'a [u8; 4], &'a [u8])> {
        let name = self.take(4)?.try_into().ok()?;
        let length = u32::from_le_bytes(self.take(4)?.try_into().ok()?) as usize;
        let content = self.take(length)?;
        if length % 2 == 1 && !self.0.is_empty() {
            self.take(1)?;
        }
        Some((name, content))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &[u8] = b"GIF89a\x01\0\x01\0\x80\0\0\0\0\0\xff\xff\xff";
    const CONTROL: &[u8] = b"\x21\xf9\x04\0\0\0\0\0";
    const REPEAT: &[u8] = b"\x21\xff\x0bNETSCAPE2.0\x03\x01\0\0\0";
    const IMAGE: &[u8] = b"\x2c\0\0\0\0\x01\0\x01\0\0\x02\x02\x44\x01\0";

    #[test]
    fn a_gif_loses_its_metadata() {
        let comment = b"\x21\xfe\x05hello\0";
        let xmp = b"\x21\xff\x0bXMP DataXMP\x03<x>\0";
        let file = [HEAD, REPEAT, comment, CONTROL, xmp, IMAGE, b"\x3b", b"more"].concat();
        let kept = gif(&file).unwrap();
        assert_eq!(kept, [HEAD, REPEAT, CONTROL, IMAGE, b"\x3b"].concat());
        assert_eq!(gif(&kept).unwrap(), kept);
    }

    #[test]
    fn a_truncated_gif_is_malformed() {
        let file = [HEAD, REPEAT, CONTROL, IMAGE, b"\x3b"].concat();
        for end in 0..file.len() {
            assert_eq!(gif(&file[..end]), None, "{end}");
        }
    }

    fn riff(parts: &[(&[u8; 4], &[u8])]) -> Vec<u8> {
        let mut file = b"RIFF\0\0\0\0WEBP".to_vec();
        for (name, content) in parts {
            put_chunk(&mut file, name, content);
        }
        let length = (file.len() - 8) as u32;
        file[4..8].copy_from_slice(&length.to_le_bytes());
        file
    }

    #[test]
    fn a_webp_loses_its_metadata_and_the_flags_for_it() {
        let mut animated = vec![0; 16];
        put_chunk(&mut animated, b"VP8L", b"frame");
        let drawn = animated.clone();
        put_chunk(&mut animated, b"NOTE", b"where");
        let file = riff(&[
            (b"VP8X", b"\x2e\0\0\0\0\0\0\0\0\0"),
            (b"ICCP", b"colours"),
            (b"ANIM", b"\0\0\0\0\0\0"),
            (b"ANMF", &animated),
            (b"EXIF", b"GPS"),
            (b"XMP ", b"<x>"),
            (b"ODD ", b"?"),
        ]);
        let kept = webp(&[&file[..], b"more"].concat()).unwrap();
        let expected = riff(&[
            (b"VP8X", b"\x22\0\0\0\0\0\0\0\0\0"),
            (b"ICCP", b"colours"),
            (b"ANIM", b"\0\0\0\0\0\0"),
            (b"ANMF", &drawn),
        ]);
        assert_eq!(kept, expected);
    }

    #[test]
    fn a_truncated_webp_is_malformed() {
        let file = riff(&[(b"VP8L", b"pixels")]);
        for end in 0..file.len() {
            assert_eq!(webp(&file[..end]), None, "{end}");
        }
    }
}
