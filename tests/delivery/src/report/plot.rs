//! Plots as SVG in the page's colors. Pure.

use std::fmt::Write;
use std::time::Duration;

use maud::{Markup, html};

use super::format::duration;
use crate::check::{Quantiles, Second, WindowResult};

const WIDTH: f64 = 960.0;
const HEIGHT: f64 = 220.0;
const LEFT: f64 = 60.0;
const BOTTOM: f64 = 24.0;
const TOP: f64 = 10.0;
/// Of a row of [`ranges`].
const ROW: f64 = 24.0;
/// Where the names of [`ranges`] end.
const NAMES: f64 = 260.0;

/// A logarithmic scale from a millisecond to some minutes.
struct Logarithmic {
    from: f64,
    to: f64,
}

impl Logarithmic {
    const LEAST: f64 = 1e-3;
    const MOST: f64 = 300.0;
    const MARKS: [u64; 6] = [1, 10, 100, 1_000, 10_000, 100_000];

    fn at(&self, time: Duration) -> f64 {
        let time = time.as_secs_f64().clamp(Self::LEAST, Self::MOST);
        let share = (time / Self::LEAST).ln() / (Self::MOST / Self::LEAST).ln();
        self.from + share * (self.to - self.from)
    }

    fn marks(&self) -> impl Iterator<Item = (f64, String)> {
        Self::MARKS.into_iter().map(|ms| {
            let time = Duration::from_millis(ms);
            (self.at(time), duration(time))
        })
    }
}

/// The seconds of the run from left to right.
struct Run {
    seconds: f64,
}

impl Run {
    fn of(timeline: &[Second]) -> Self {
        Self {
            seconds: (timeline.len() as f64).max(1.0),
        }
    }

    fn at(&self, seconds: f64) -> f64 {
        LEFT + seconds / self.seconds * (WIDTH - LEFT)
    }

    /// A line through a value of each second.
    fn line(&self, values: impl Iterator<Item = Option<f64>>) -> String {
        let mut path = String::new();
        let mut pen = 'M';
        for (second, value) in values.enumerate() {
            match value {
                Some(y) => {
                    let _ = write!(path, "{pen}{:.1} {y:.1}", self.at(second as f64 + 0.5));
                    pen = 'L';
                }
                None => pen = 'M',
            }
        }
        path
    }

    fn bands(&self, windows: &[WindowResult]) -> Markup {
        html! {
            @for window in windows {
                @let from = self.at(window.from.as_secs_f64());
                @let to = self.at((window.from + window.duration).as_secs_f64());
                rect.band x=(px(from)) y=(px(TOP)) width=(px((to - from).max(1.0))) height=(px(HEIGHT - TOP - BOTTOM)) {
                    title { (window.name) }
                }
            }
        }
    }

    fn axis(&self) -> Markup {
        let step = [1.0, 5.0, 10.0, 30.0, 60.0, 300.0, 600.0, 3600.0];
        let step = step
            .into_iter()
            .find(|step| self.seconds / step <= 12.0)
            .unwrap_or(7200.0);
        let marks = (0..)
            .map(|n| f64::from(n) * step)
            .take_while(|at| *at <= self.seconds);
        html! {
            @for at in marks { text x=(px(self.at(at))) y=(px(HEIGHT - 6.0)) text-anchor="middle" { (at) " s" } }
        }
    }
}

fn px(number: f64) -> String {
    format!("{number:.1}")
}

fn figure(height: f64, caption: &str, keys: &[(&str, &str)], content: &Markup) -> Markup {
    html! {
        figure {
            figcaption {
                (caption)
                @for (class, name) in keys {
                    " "
                    svg viewBox="0 0 10 10" style="display:inline;width:.7em;min-width:0" { circle.key.(class) cx="5" cy="5" r="4" {} }
                    " " (name)
                }
            }
            svg viewBox={ "0 0 " (WIDTH) " " (height) } role="img" aria-label=(caption) { (content) }
        }
    }
}

/// Sends due and acknowledged in each second.
pub(super) fn rate(timeline: &[Second], windows: &[WindowResult]) -> Markup {
    let run = Run::of(timeline);
    let most = timeline
        .iter()
        .map(|second| second.due.max(second.acked))
        .max()
        .unwrap_or(0)
        .max(1);
    let y = |count: u64| HEIGHT - BOTTOM - count as f64 / most as f64 * (HEIGHT - TOP - BOTTOM);
    let content = html! {
        (run.bands(windows))
        @for count in [0, most / 2, most] {
            line.grid x1=(LEFT) x2=(WIDTH) y1=(px(y(count))) y2=(px(y(count))) {}
            text x=(LEFT - 6.0) y=(px(y(count) + 4.0)) text-anchor="end" { (count) }
        }
        path.line.three d=(run.line(timeline.iter().map(|second| Some(y(second.due))))) {}
        path.line.one d=(run.line(timeline.iter().map(|second| Some(y(second.acked))))) {}
        (run.axis())
    };
    figure(
        HEIGHT,
        "Sends in each second.",
        &[("three", "due"), ("one", "acknowledged")],
        &content,
    )
}

/// From when a send was due until a page showed it, by the second in which it was due.
pub(super) fn latency(timeline: &[Second], windows: &[WindowResult]) -> Markup {
    let run = Run::of(timeline);
    let y = Logarithmic {
        from: HEIGHT - BOTTOM,
        to: TOP,
    };
    let line = |of: fn(&Quantiles) -> Duration| {
        let values = timeline
            .iter()
            .map(|second| (second.delivery.count > 0).then(|| y.at(of(&second.delivery))));
        run.line(values)
    };
    let content = html! {
        (run.bands(windows))
        @for (at, name) in y.marks() {
            line.grid x1=(LEFT) x2=(WIDTH) y1=(px(at)) y2=(px(at)) {}
            text x=(LEFT - 6.0) y=(px(at + 4.0)) text-anchor="end" { (name) }
        }
        path.line.three d=(line(|quantiles| quantiles.max)) {}
        path.line.two d=(line(|quantiles| quantiles.p99)) {}
        path.line.one d=(line(|quantiles| quantiles.p50)) {}
        (run.axis())
    };
    let keys = [("one", "p50"), ("two", "p99"), ("three", "max")];
    figure(
        HEIGHT,
        "From due to shown on a page, by the second in which the send was due.",
        &keys,
        &content,
    )
}

/// A row for each window, and one for the whole run: from the median to the maximum.
pub(super) fn ranges(windows: &[WindowResult], all: &Quantiles) -> Markup {
    let x = Logarithmic {
        from: NAMES,
        to: WIDTH - 20.0,
    };
    let rows = windows
        .iter()
        .map(|window| (window.name.as_str(), &window.delivery));
    let rows: Vec<(&str, &Quantiles)> = std::iter::once(("the whole run", all))
        .chain(rows)
        .collect();
    let height = ROW * rows.len() as f64 + BOTTOM;
    let content = html! {
        @for (at, name) in x.marks() {
            line.grid x1=(px(at)) x2=(px(at)) y1="0" y2=(px(height - BOTTOM)) {}
            text x=(px(at)) y=(px(height - 6.0)) text-anchor="middle" { (name) }
        }
        @for (number, (name, quantiles)) in rows.iter().enumerate() {
            @let y = ROW * (number as f64 + 0.5);
            text x=(NAMES - 10.0) y=(px(y + 4.0)) text-anchor="end" { (name) }
            @if quantiles.count > 0 {
                line.three x1=(px(x.at(quantiles.p50))) x2=(px(x.at(quantiles.max))) y1=(px(y)) y2=(px(y)) {}
                (dot("three", "max", x.at(quantiles.max), y, quantiles.max))
                (dot("two", "p99.9", x.at(quantiles.p999), y, quantiles.p999))
                (dot("two", "p99", x.at(quantiles.p99), y, quantiles.p99))
                (dot("one", "p50", x.at(quantiles.p50), y, quantiles.p50))
            }
        }
    };
    let keys = [("one", "p50"), ("two", "p99 and p99.9"), ("three", "max")];
    figure(height, "From due to shown on a page.", &keys, &content)
}

fn dot(class: &str, name: &str, x: f64, y: f64, time: Duration) -> Markup {
    html! { circle.dot.(class) cx=(px(x)) cy=(px(y)) r="4" { title { (name) " " (duration(time)) } } }
}
