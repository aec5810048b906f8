//! Renders the avatar from an uploaded image. Pure; the largest takes some 100 MiB, and a core for a second.

use std::io::Cursor;

use image::codecs::jpeg::JpegEncoder;
use image::imageops::FilterType;
use image::{DynamicImage, ImageDecoder, ImageError, ImageFormat, ImageReader, Limits};

use crate::store::avatars::AvatarImage;

/// Width and height of an avatar.
const SIDE: u32 = 256;
/// The photo of a phone, and 96 MiB at four bytes per pixel.
const MAX_PIXELS: u64 = 24_000_000;

/// Why an upload is refused.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AvatarError {
    #[error("not a PNG, JPEG or WebP image")]
    Format,
    #[error("more than 24 megapixels")]
    TooLarge,
    #[error("the image could not be encoded")]
    Encode(#[source] ImageError),
}

/// Decodes, rotates upright, crops to a square and encodes again, so that only the pixels of the upload are left: no
/// location, and nothing hidden behind the image.
pub(crate) fn render(upload: &[u8]) -> Result<AvatarImage, AvatarError> {
    let square = decode(upload)?.resize_to_fill(SIDE, SIDE, FilterType::Triangle);
    let mut content = Vec::new();
    let media_type = if has_transparency(&square) {
        let image = DynamicImage::ImageRgba8(square.to_rgba8());
        image
            .write_to(&mut Cursor::new(&mut content), ImageFormat::Png)
            .map_err(AvatarError::Encode)?;
        "image/png"
    } else {
        JpegEncoder::new_with_quality(&mut content, 88)
            .encode_image(&square.to_rgb8())
            .map_err(AvatarError::Encode)?;
        "image/jpeg"
    };
    Ok(AvatarImage {
        media_type: media_type.to_owned(),
        content,
    })
}

fn decode(upload: &[u8]) -> Result<DynamicImage, AvatarError> {
    let format = image::guess_format(upload).map_err(|_| AvatarError::Format)?;
    if !matches!(
        format,
        ImageFormat::Png | ImageFormat::Jpeg | ImageFormat::WebP
    ) {
        return Err(AvatarError::Format);
    }
    let mut limits = Limits::default();
    limits.max_alloc = Some(256 * 1024 * 1024);
    let mut reader = ImageReader::with_format(Cursor::new(upload), format);
    reader.limits(limits);
    let mut decoder = reader.into_decoder().map_err(|_| AvatarError::Format)?;
    let (width, height) = decoder.dimensions();
    // Before decoding: a few bytes may claim to be billions of pixels.
    if u64::from(width) * u64::from(height) > MAX_PIXELS {
        return Err(AvatarError::TooLarge);
    }
    let orientation = decoder.orientation().map_err(|_| AvatarError::Format)?;
    let mut image = DynamicImage::from_decoder(decoder).map_err(|_| AvatarError::Format)?;
    image.apply_orientation(orientation);
    Ok(image)
}

fn has_transparency(image: &DynamicImage) -> bool {
    image.color().has_alpha() && image.to_rgba8().pixels().any(|pixel| pixel.0[3] < u8::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn png(width: u32, height: u32, alpha: u8) -> Vec<u8> {
        let image = image::RgbaImage::from_pixel(width, height, image::Rgba([200, 30, 30, alpha]));
        let mut bytes = Vec::new();
        DynamicImage::ImageRgba8(image)
            .write_to(&mut Cursor::new(&mut bytes), ImageFormat::Png)
            .unwrap();
        bytes
    }

    #[test]
    fn an_image_becomes_a_square_and_keeps_its_transparency() {
        for (alpha, expected) in [(255, "image/jpeg"), (90, "image/png")] {
            let picture = render(&png(300, 20, alpha)).unwrap();
            assert_eq!(picture.media_type, expected);
            let again = image::load_from_memory(&picture.content).unwrap();
            assert_eq!((again.width(), again.height()), (SIDE, SIDE));
        }
    }

    #[test]
    fn only_pixels_are_left() {
        let mut upload = png(4, 4, 255);
        upload.extend(b"<script>alert(1)</script>");
        let picture = render(&upload).unwrap();
        assert!(!picture.content.windows(8).any(|bytes| bytes == b"<script>"));
    }

    #[test]
    fn anything_but_an_image_within_the_limits_is_refused() {
        for upload in [b"<svg/>".as_slice(), b"\x89PNG\r\n\x1a\nno", b"GIF89a", b""] {
            assert!(matches!(render(upload), Err(AvatarError::Format)));
        }
        // Width and height of an IHDR, without updating its checksum: either error is fine.
        let mut bomb = png(4, 4, 255);
        bomb[16..24].copy_from_slice(&[0, 1, 0, 0, 0, 1, 0, 0]);
        assert!(render(&bomb).is_err());
    }
}
