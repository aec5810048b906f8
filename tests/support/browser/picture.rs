//! Pictures to send, drawn by the browser, so that the repository contains none. Does I/O.

use std::path::Path;

use anyhow::{Context, Result};

use super::Browser;

/// A landscape with a sky of hue `HUE`, about 40 KB.
const LANDSCAPE: &str = "
    const done = arguments[arguments.length - 1];
    const canvas = Object.assign(document.createElement('canvas'), {width: 1200, height: 800});
    const draw = canvas.getContext('2d');
    const sky = draw.createLinearGradient(0, 0, 0, 800);
    sky.addColorStop(0, 'hsl(HUE 60% 30%)');
    sky.addColorStop(.6, 'hsl(28 80% 75%)');
    draw.fillStyle = sky;
    draw.fillRect(0, 0, 1200, 800);
    draw.fillStyle = 'hsl(45 100% 92%)';
    draw.beginPath();
    draw.arc(840, 330, 70, 0, 7);
    draw.fill();
    for (const [base, height, light] of [[430, 110, 42], [540, 80, 30], [650, 60, 18]]) {
      draw.fillStyle = `hsl(HUE 35% ${light}%)`;
      draw.beginPath();
      draw.moveTo(0, 800);
      for (let x = 0; x <= 1200; x += 10) draw.lineTo(x, base + Math.sin(x / (height * 1.7) + light) * height);
      draw.lineTo(1200, 800);
      draw.fill();
    }
    canvas.toBlob(async (blob) => done(Array.from(new Uint8Array(await blob.arrayBuffer()))), 'image/png');
";

impl Browser {
    /// Draws a landscape of this hue (degrees) into a PNG file.
    pub async fn paint(&self, hue: u32, file: &Path) -> Result<()> {
        let drawn = LANDSCAPE.replace("HUE", &hue.to_string());
        let bytes = self.script_async(&drawn).await?;
        let bytes: Vec<u8> = serde_json::from_value(bytes).context("no picture")?;
        let context = file.display().to_string();
        tokio::fs::write(file, bytes).await.context(context)
    }
}
