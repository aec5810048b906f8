//! Removes the metadata of images: location, time, camera, comments. Pure, but slow: it runs on a thread of its own.
//!
//! JPEG and PNG are decoded, rotated upright and encoded again. GIF and WebP may be animated, and Rust has no good encoder
//! for them: all frames are decoded to validate the file, then [`super::container`] copies only the parts that draw. An
//! image that would take too much memory to decode, here or in a browser, is refused.

use std::io::Cursor;

use image::codecs::gif::GifDecoder;
use image::codecs::jpeg::JpegEncoder;
use image::codecs::png::{CompressionType, FilterType, PngEncoder};
use image::codecs::webp::{WebPDecoder, WebPEncoder};
use image::{
    AnimationDecoder, DynamicImage, ImageDecoder, ImageEncoder, ImageFormat, ImageReader, Limits,
};

use super::container;

/// The largest image: what cameras produce, and 160 MB decoded.
pub const MAX_PIXELS: u64 = 40_000_000;
const MAX_SIDE: u32 = 16_384;
const MAX_DECODED: u64 = 4 * MAX_PIXELS;
/// All frames of an animated image together.
const MAX_FRAME_PIXELS: u64 = 10 * MAX_PIXELS;
/// The longest side of a thumbnail, in pixels.
pub const THUMBNAIL: u32 = 512;
const QUALITY: u8 = 90;
const THUMBNAIL_QUALITY: u8 = 80;
/// Color profiles of cameras and screens have less than 4 KiB, those of printers megabytes.
const MAX_PROFILE: usize = 16 * 1024;

/// An image without metadata.
#[derive(Debug)]
pub struct Picture {
    pub bytes: Vec<u8>,
    pub width: u32,
    pub height: u32,
    /// JPEG or WebP, if the image is larger than a thumbnail.
    pub thumbnail: Option<Vec<u8>>,
}

/// Why an image is refused.
#[derive(Debug, thiserror::Error)]
pub enum PictureError {
    #[error("the image has too many pixels")]
    TooLarge,
    #[error("the image cannot be decoded: {0}")]
    Broken(String),
}

impl From<image::ImageError> for PictureError {
    fn from(error: image::ImageError) -> Self {
        match error {
            image::ImageError::Limits(_) => Self::TooLarge,
            error => Self::Broken(error.to_string()),
        }
    }
}

/// Cleans a file whose type was detected as `media_type`.
pub fn clean(media_type: &str, bytes: &[u8]) -> Result<Picture, PictureError> {
    match ImageFormat::from_mime_type(media_type) {
        Some(ImageFormat::Gif) => {
            let frames = GifDecoder::new(Cursor::new(bytes))?;
            let copy = container::gif(bytes);
            animated(frames, copy)
        }
        Some(ImageFormat::WebP) => webp(bytes),
        Some(format @ (ImageFormat::Jpeg | ImageFormat::Png)) => still(format, bytes),
        _ => Err(PictureError::Broken("not a kind that pages show".into())),
    }
}

fn limits() -> Limits {
    let mut limits = Limits::default();
    limits.max_image_width = Some(MAX_SIDE);
    limits.max_image_height = Some(MAX_SIDE);
    limits.max_alloc = Some(MAX_DECODED);
    limits
}

/// Decodes an image within the limits.
fn decoded(mut decoder: impl ImageDecoder) -> Result<DynamicImage, PictureError> {
    check(&mut decoder)?;
    Ok(DynamicImage::from_decoder(decoder)?)
}

fn check(decoder: &mut impl ImageDecoder) -> Result<(), PictureError> {
    let (width, height) = decoder.dimensions();
    let pixels = u64::from(width) * u64::from(height);
    if pixels > MAX_PIXELS || decoder.total_bytes() > MAX_DECODED {
        return Err(PictureError::TooLarge);
    }
    Ok(decoder.set_limits(limits())?)
}

fn still(format: ImageFormat, bytes: &[u8]) -> Result<Picture, PictureError> {
    let mut reader = ImageReader::with_format(Cursor::new(bytes), format);
    reader.limits(limits());
    let mut decoder = reader.into_decoder()?;
    let orientation = decoder.orientation()?;
    let profile = decoder.icc_profile()?;
    let mut image = decoded(decoder)?;
    image.apply_orientation(orientation);
    let mut bytes = Vec::new();
    match format {
        ImageFormat::Jpeg => {
            let image = match image {
                DynamicImage::ImageLuma8(_) | DynamicImage::ImageRgb8(_) => &image,
                _ => &image.to_rgb8().into(),
            };
            let mut encoder = JpegEncoder::new_with_quality(&mut bytes, QUALITY);
            keep_colors(&mut encoder, profile, image);
            image.write_with_encoder(encoder)?;
        }
        _ => {
            let mut encoder = PngEncoder::new_with_quality(
                &mut bytes,
                CompressionType::Default,
                FilterType::Adaptive,
            );
            keep_colors(&mut encoder, profile, &image);
            image.write_with_encoder(encoder)?;
        }
    }
    picture(&image, bytes)
}

/// Keeps the color profile: without it, images from phones look pale. A profile for another color space than the one
/// written does not apply.
fn keep_colors(encoder: &mut impl ImageEncoder, profile: Option<Vec<u8>>, image: &DynamicImage) {
    let space: &[u8] = match image.color().has_color() {
        true => b"RGB ",
        false => b"GRAY",
    };
    let fitting = profile.filter(|p| p.len() <= MAX_PROFILE && p.get(16..20) == Some(space));
    if let Some(profile) = fitting {
        // An encoder without support writes the image without it.
        let _ = encoder.set_icc_profile(profile);
    }
}

fn webp(bytes: &[u8]) -> Result<Picture, PictureError> {
    let decoder = WebPDecoder::new(Cursor::new(bytes))?;
    let copy = container::webp(bytes);
    if decoder.has_animation() {
        return animated(decoder, copy);
    }
    let image = decoded(decoder)?;
    picture(&image, copy.ok_or_else(malformed)?)
}

/// Decodes every frame; the first one becomes the thumbnail.
fn animated<'a, D>(mut decoder: D, copy: Option<Vec<u8>>) -> Result<Picture, PictureError>
where
    D: AnimationDecoder<'a> + ImageDecoder,
{
    check(&mut decoder)?;
    let mut first = None;
    let mut pixels = 0;
    for frame in decoder.into_frames() {
        let frame = frame?.into_buffer();
        pixels += u64::from(frame.width()) * u64::from(frame.height());
        if pixels > MAX_FRAME_PIXELS {
            return Err(PictureError::TooLarge);
        }
        first.get_or_insert_with(|| DynamicImage::from(frame));
    }
    let first = first.ok_or_else(malformed)?;
    picture(&first, copy.ok_or_else(malformed)?)
}

fn malformed() -> PictureError {
    PictureError::Broken("its parts don't fit together".into())
}

fn picture(image: &DynamicImage, bytes: Vec<u8>) -> Result<Picture, PictureError> {
    Ok(Picture {
        bytes,
        width: image.width(),
        height: image.height(),
        thumbnail: thumbnail(image)?,
    })
}

fn thumbnail(image: &DynamicImage) -> Result<Option<Vec<u8>>, PictureError> {
    if image.width().max(image.height()) <= THUMBNAIL {
        return Ok(None);
    }
    let small = image.thumbnail(THUMBNAIL, THUMBNAIL);
    let mut bytes = Vec::new();
    let transparent = small.color().has_alpha() && small.to_rgba8().pixels().any(|p| p.0[3] < 255);
    if transparent {
        let small: DynamicImage = small.to_rgba8().into();
        small.write_with_encoder(WebPEncoder::new_lossless(&mut bytes))?;
    } else {
        let small: DynamicImage = small.to_rgb8().into();
        small.write_with_encoder(JpegEncoder::new_with_quality(&mut bytes, THUMBNAIL_QUALITY))?;
    }
    Ok(Some(bytes))
}

#[cfg(test)]
mod tests {
    use image::codecs::gif::GifEncoder;
    use image::{Delay, Frame, Rgba, RgbaImage};

    use super::*;

    fn encoded(image: &DynamicImage, format: ImageFormat) -> Vec<u8> {
        let mut bytes = Cursor::new(Vec::new());
        image.write_to(&mut bytes, format).unwrap();
        bytes.into_inner()
    }

    fn photo(width: u32, height: u32) -> DynamicImage {
        DynamicImage::from(RgbaImage::from_fn(width, height, |x, y| {
            Rgba([x as u8, y as u8, 90, 255])
        }))
    }

    /// An APP1 segment with an orientation and a maker, behind the first marker.
    fn with_exif(jpeg: &[u8], orientation: u8) -> Vec<u8> {
        let mut tiff = b"Exif\0\0MM\0\x2a\0\0\0\x08\0\x02".to_vec();
        tiff.extend([1, 0x0f, 0, 2, 0, 0, 0, 4]); // Make, ASCII
        tiff.extend(b"Spy\0");
        tiff.extend([1, 0x12, 0, 3, 0, 0, 0, 1, 0, orientation, 0, 0]);
        tiff.extend([0; 4]);
        let length = (tiff.len() + 2) as u16;
        let head = [&[0xff, 0xe1], &length.to_be_bytes()[..], &tiff].concat();
        [&jpeg[..2], &head, &jpeg[2..]].concat()
    }

    #[test]
    fn a_jpeg_is_rotated_upright_and_loses_its_metadata() {
        let jpeg = encoded(&photo(60, 30).to_rgb8().into(), ImageFormat::Jpeg);
        let picture = clean("image/jpeg", &with_exif(&jpeg, 6)).unwrap();
        assert_eq!((picture.width, picture.height), (30, 60));
        assert!(!picture.bytes.windows(4).any(|w| w == b"Exif"));
        assert!(!picture.bytes.windows(3).any(|w| w == b"Spy"));
        assert!(picture.thumbnail.is_none());
    }

    #[test]
    fn a_large_image_has_a_thumbnail() {
        for (media_type, format) in [
            ("image/png", ImageFormat::Png),
            ("image/webp", ImageFormat::WebP),
        ] {
            let picture = clean(media_type, &encoded(&photo(1024, 256), format)).unwrap();
            let small = image::load_from_memory(&picture.thumbnail.unwrap()).unwrap();
            assert_eq!((small.width(), small.height()), (512, 128));
            let whole = image::load_from_memory_with_format(&picture.bytes, format).unwrap();
            assert_eq!(whole.to_rgba8(), photo(1024, 256).to_rgba8());
        }
    }

    #[test]
    fn a_thumbnail_keeps_transparency() {
        let glass = DynamicImage::from(RgbaImage::from_pixel(600, 600, Rgba([9, 9, 9, 40])));
        let picture = clean("image/png", &encoded(&glass, ImageFormat::Png)).unwrap();
        let small = image::load_from_memory(&picture.thumbnail.unwrap()).unwrap();
        assert_eq!(small.to_rgba8().get_pixel(9, 9), &Rgba([9, 9, 9, 40]));
    }

    #[test]
    fn an_animation_stays_animated() {
        let mut bytes = Vec::new();
        let mut encoder = GifEncoder::new(&mut bytes);
        for shade in [0, 128, 255] {
            let frame = RgbaImage::from_pixel(600, 20, Rgba([shade, 0, 0, 255]));
            let frame = Frame::from_parts(frame, 0, 0, Delay::from_numer_denom_ms(100, 1));
            encoder.encode_frame(frame).unwrap();
        }
        drop(encoder);
        let picture = clean("image/gif", &bytes).unwrap();
        assert_eq!((picture.width, picture.height), (600, 20));
        let frames = GifDecoder::new(Cursor::new(&picture.bytes)).unwrap();
        assert_eq!(frames.into_frames().count(), 3);
        assert!(picture.thumbnail.is_some());
    }

    #[test]
    fn an_image_that_takes_too_much_to_decode_is_refused() {
        // 20,000 × 20,000 empty pixels: some bytes here, 1.6 GB decoded.
        let mut png = encoded(&photo(8, 8), ImageFormat::Png);
        png[16..20].copy_from_slice(&20_000_u32.to_be_bytes());
        png[20..24].copy_from_slice(&20_000_u32.to_be_bytes());
        let crc = crc32(&png[12..29]);
        png[29..33].copy_from_slice(&crc.to_be_bytes());
        assert!(matches!(
            clean("image/png", &png),
            Err(PictureError::TooLarge)
        ));
    }

    #[test]
    fn a_broken_image_is_refused() {
        let png = encoded(&photo(80, 80), ImageFormat::Png);
        let half = &png[..png.len() / 2];
        assert!(matches!(
            clean("image/png", half),
            Err(PictureError::Broken(_))
        ));
        assert!(clean("image/gif", b"GIF89a").is_err());
        assert!(clean("image/webp", b"RIFF\0\0\0\0WEBPVP8 ").is_err());
        assert!(clean("image/svg+xml", b"<svg/>").is_err());
    }

    fn crc32(bytes: &[u8]) -> u32 {
        !bytes.iter().fold(!0, |crc, byte| {
            (0..8).fold(crc ^ u32::from(*byte), |crc, _| {
                (crc >> 1) ^ (0xedb8_8320 & (crc & 1).wrapping_neg())
            })
        })
    }
}
