//! The files and pictures of the example: generated images and two text files. No I/O.

use std::io::Cursor;

use image::{ImageFormat, Rgb, RgbImage};

type Color = [f32; 3];

/// The file with this name in the script.
pub(crate) fn file(name: &str) -> Option<Vec<u8>> {
    let picture = match name {
        "ridge.jpg" => landscape(1280, 853, &DUSK, 1.7),
        "lake.jpg" => landscape(853, 1280, &MORNING, 4.2),
        "cake.jpg" => cake(1200, 900),
        "latency.png" => chart(960, 480),
        "icons.png" => icons(1000, 500),
        "load-test.csv" => return Some(load_test().into_bytes()),
        "release-notes-2.0.md" => return Some(RELEASE_NOTES.into()),
        _ => return None,
    };
    Some(encoded(&picture, format_of(name)))
}

/// A different picture for each number.
pub(crate) fn portrait(number: usize) -> Vec<u8> {
    let picture = match number {
        0 => landscape(320, 320, &DUSK, 1.1),
        1 => landscape(320, 320, &MORNING, 2.6),
        number if number.is_multiple_of(2) => waves(320, number),
        number => rings(320, number),
    };
    encoded(&picture, ImageFormat::Png)
}

fn format_of(name: &str) -> ImageFormat {
    match name.ends_with(".jpg") {
        true => ImageFormat::Jpeg,
        false => ImageFormat::Png,
    }
}

fn encoded(picture: &RgbImage, format: ImageFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    picture
        .write_to(&mut bytes, format)
        .expect("memory takes a picture of a format that is built in");
    bytes.into_inner()
}

/// A sky, a sun and rows of hills.
struct Palette {
    zenith: Color,
    horizon: Color,
    sun: Color,
    far: Color,
    near: Color,
}

const DUSK: Palette = Palette {
    zenith: [70.0, 84.0, 150.0],
    horizon: [255.0, 190.0, 140.0],
    sun: [255.0, 236.0, 190.0],
    far: [170.0, 120.0, 140.0],
    near: [38.0, 34.0, 58.0],
};
const MORNING: Palette = Palette {
    zenith: [104.0, 168.0, 220.0],
    horizon: [236.0, 244.0, 232.0],
    sun: [255.0, 252.0, 226.0],
    far: [150.0, 186.0, 190.0],
    near: [26.0, 74.0, 62.0],
};
const ROWS: u32 = 5;

fn landscape(width: u32, height: u32, palette: &Palette, shape: f32) -> RgbImage {
    RgbImage::from_fn(width, height, |x, y| {
        let (u, v) = (x as f32 / height as f32, y as f32 / height as f32);
        let mut color = mix(palette.zenith, palette.horizon, v * 1.6);
        let sun = ((u - 0.5 * width as f32 / height as f32).hypot(v - 0.36) - 0.055) * 90.0;
        color = mix(palette.sun, color, sun);
        for row in 0..ROWS {
            let depth = row as f32 / (ROWS - 1) as f32;
            if v > ridge(u, depth, shape) {
                color = mix(palette.far, palette.near, depth);
            }
        }
        pixel(color)
    })
}

/// The top of a row of hills.
fn ridge(u: f32, depth: f32, shape: f32) -> f32 {
    let phase = shape * (1.0 + 7.0 * depth);
    let swell = (u * 3.1 + phase).sin() * 0.5 + (u * 7.3 + phase * 2.0).sin() * 0.24;
    let rough = (u * 23.0 + phase * 3.0).sin() * 0.05 + (u * 61.0 + phase).sin() * 0.02;
    0.44 + 0.36 * depth - (swell + rough) * 0.11
}

/// A cake on a plate, from the side.
fn cake(width: u32, height: u32) -> RgbImage {
    let layers: [Color; 4] = [
        [244.0, 226.0, 200.0],
        [180.0, 70.0, 84.0],
        [250.0, 240.0, 222.0],
        [122.0, 74.0, 52.0],
    ];
    RgbImage::from_fn(width, height, |x, y| {
        let (u, v) = (x as f32 / width as f32 - 0.5, y as f32 / height as f32);
        let table = mix([214.0, 222.0, 216.0], [176.0, 190.0, 186.0], v);
        let plate = (u / 0.42).hypot((v - 0.8) / 0.09) < 1.0;
        let cherry = (u * width as f32 / height as f32).hypot(v - 0.27) < 0.045;
        let inside = u.abs() < 0.27 && v > 0.31 + 0.012 * (u * 40.0).sin() && v < 0.8;
        pixel(match () {
            () if cherry => [190.0, 30.0, 48.0],
            () if inside => layers[((v - 0.3) * 16.0) as usize % layers.len()],
            () if plate => [248.0, 248.0, 246.0],
            () => table,
        })
    })
}

/// A chart with two lines.
fn chart(width: u32, height: u32) -> RgbImage {
    let line = |u: f32, base: f32, height: f32| {
        base - height * (0.5 + 0.5 * (u * 17.0).sin() * (u * 5.0).cos())
    };
    RgbImage::from_fn(width, height, |x, y| {
        let (u, v) = (x as f32 / width as f32, y as f32 / height as f32);
        let on = |base, tall| (v - line(u, base, tall)).abs() < 0.009;
        let framed = u > 0.05 && v < 0.92;
        pixel(match () {
            () if framed && on(0.42, 0.22) => [220.0, 92.0, 60.0],
            () if framed && on(0.8, 0.05) => [40.0, 116.0, 200.0],
            () if framed && (x < width / 20 + 3 || y > height * 92 / 100 - 4) => [120.0; 3],
            () if framed && (v * 10.0).fract() < 0.02 => [226.0; 3],
            () => [252.0; 3],
        })
    })
}

/// Two drafts of a logo: bubbles, and a swarm.
fn icons(width: u32, height: u32) -> RgbImage {
    let bubbles = [(0.42, 0.45, 0.24), (0.62, 0.6, 0.17), (0.36, 0.7, 0.08)];
    RgbImage::from_fn(width, height, |x, y| {
        let (u, v) = (x as f32 / height as f32, y as f32 / height as f32);
        let bubble = bubbles
            .iter()
            .position(|(a, b, r)| (u - a).hypot(v - b) < *r);
        let (a, b) = ((u - 1.5) * 11.0, (v - 0.5) * 11.0);
        let near = (a - a.round()).hypot(b - b.round());
        let swarm =
            a.round().hypot(b.round()) < 4.2 && near < 0.34 - 0.05 * a.round().hypot(b.round());
        pixel(match bubble {
            Some(0) => [74.0, 110.0, 214.0],
            Some(1) => [240.0, 158.0, 90.0],
            Some(_) => [96.0, 184.0, 150.0],
            None if swarm => [74.0, 110.0, 214.0],
            None => [250.0, 248.0, 242.0],
        })
    })
}

fn rings(size: u32, number: usize) -> RgbImage {
    let (one, other) = (hue(number, 0.0), hue(number, 2.2));
    RgbImage::from_fn(size, size, |x, y| {
        let (u, v) = (x as f32 / size as f32 - 0.62, y as f32 / size as f32 - 0.38);
        let ring = (u.hypot(v) * 5.0) as usize;
        pixel(mix(
            one,
            other,
            if ring.is_multiple_of(2) { 0.15 } else { 0.85 },
        ))
    })
}

fn waves(size: u32, number: usize) -> RgbImage {
    let (one, other) = (hue(number, 1.0), hue(number, 3.4));
    RgbImage::from_fn(size, size, |x, y| {
        let (u, v) = (x as f32 / size as f32, y as f32 / size as f32);
        let band = (v * 6.0 + (u * 7.0 + number as f32).sin() * 0.7).floor() / 6.0;
        pixel(mix(one, other, band))
    })
}

fn hue(number: usize, turn: f32) -> Color {
    [0.0, 2.1, 4.2].map(|third: f32| 150.0 + 80.0 * (third + turn + number as f32 * 0.9).sin())
}

fn mix(from: Color, to: Color, share: f32) -> Color {
    let share = share.clamp(0.0, 1.0);
    [0, 1, 2].map(|n| from[n] + (to[n] - from[n]) * share)
}

fn pixel(color: Color) -> Rgb<u8> {
    Rgb(color.map(|part| part as u8))
}

fn load_test() -> String {
    let row = |minute: u32| {
        format!(
            "{minute},20000,{},{}\n",
            3 + minute % 3,
            27 + minute * 7 % 9
        )
    };
    let rows: String = (0..60).map(row).collect();
    format!("minute,sockets,p50_ms,p99_ms\n{rows}")
}

const RELEASE_NOTES: &str = "# 2.0\n\n- Horizontally scalable: two replicas hold 20,000 connections at a p99 of 31 ms.\n\
    - The importer keeps emoji in the names of channels.\n- Drafts survive a failover of the database.\n\n\
    Migration 0007 takes about a minute for ten million messages; the old release serves meanwhile.\n";
