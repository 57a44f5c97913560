//! One run as a picture: the truth, what each agent saw, what was concluded, and what others would have.

use quorate_model::{Outcome, Segment, State};

use crate::baseline::{Rule, judge};
use crate::figures::{billed, down_by};
use crate::run::Run;
use crate::spans::{Span, clip};
use crate::world::World;

const LEFT: i64 = 150;
const WIDTH: i64 = 1_100;
const RIGHT: i64 = 20;
const LINE: i64 = 26;

/// One of the states a segment has.
type Pick = fn(&Segment) -> State;

struct Drawing {
    svg: String,
    window: Span,
    y: i64,
}

impl Drawing {
    fn x(&self, moment: i64) -> i64 {
        let (from, to) = self.window;
        LEFT + (moment.clamp(from, to) - from) * WIDTH / (to - from).max(1)
    }

    fn label(&mut self, text: &str) {
        self.y += LINE;
        let y = self.y + 15;
        self.svg.push_str(&format!(r#"<text x="{}" y="{y}" text-anchor="end">{text}</text>"#, LEFT - 10));
        let middle = self.y + 11;
        self.svg.push_str(&format!(
            r##"<line x1="{LEFT}" y1="{middle}" x2="{}" y2="{middle}" stroke="#e3e3e3"/>"##,
            LEFT + WIDTH
        ));
    }

    fn heading(&mut self, text: &str) {
        self.y += LINE / 2;
        self.label("");
        let y = self.y + 15;
        self.svg.push_str(&format!(r#"<text x="{LEFT}" y="{y}" class="h">{text}</text>"#));
    }

    fn bar(&mut self, span: Span, colour: &str) {
        let (x, end) = (self.x(span.0), self.x(span.1));
        self.svg.push_str(&format!(
            r#"<rect x="{x}" y="{}" width="{}" height="16" fill="{colour}"/>"#,
            self.y + 3,
            (end - x).max(1)
        ));
    }

    fn spans(&mut self, name: &str, spans: &[Span], colour: &str) {
        self.label(name);
        for span in clip(spans, self.window) {
            self.bar(span, colour);
        }
    }
}

/// Draws a run between two moments, milliseconds since the world began, as SVG.
pub fn svg(world: &World<'_>, run: &Run, window: Span, seed: u64) -> String {
    let scenario = world.scenario;
    let mut drawing = Drawing { svg: String::new(), window, y: 34 };
    drawing.spans("truth: down", &world.truth, "#222222");
    drawing.heading("what each agent saw (a bar lasts as long as its probe)");
    for plan in &scenario.agents {
        drawing.label(plan.agent.as_str());
        for sample in run.samples.iter().filter(|sample| sample.id.agent == plan.agent) {
            let start = (sample.start_corrected() - scenario.begins).get();
            let end = (sample.end_corrected() - scenario.begins).get();
            let colour = match sample.outcome {
                Outcome::Ok => "#2f9e44",
                Outcome::Slow | Outcome::LateOk => "#f08c00",
                Outcome::Fail => "#e03131",
                Outcome::Local => "#adb5bd",
            };
            if start < window.1 && end >= window.0 {
                drawing.bar((start, end), colour);
            }
        }
    }
    drawing.heading("what was concluded");
    let by: [(&str, Pick); 3] =
        [("surely down", |s| s.state_low), ("down, by estimate", |s| s.state), ("at most down", |s| s.state_high)];
    for (name, pick) in by {
        drawing.spans(name, &down_by(run, scenario, pick), "#c2255c");
    }
    drawing.spans("billed", &billed(run, scenario), "#862e9c");
    let since = |time: quorate_model::CollectorTime| (time - scenario.begins).get();
    let of = |state: State| -> Vec<Span> {
        let found = run.verdict.segments.iter().filter(|s| s.state == state);
        found.map(|s| (since(s.start), since(s.end))).collect()
    };
    drawing.spans("partial", &of(State::Partial), "#f59f00");
    drawing.spans("unknown", &of(State::Unknown), "#868e96");
    drawing.heading("what others would have billed");
    for rule in Rule::ALL {
        drawing.spans(rule.name(), &judge(rule, world, seed).down, "#1971c2");
    }
    drawing.y += LINE;
    axis(&mut drawing);
    let (height, width) = (drawing.y + 40, LEFT + WIDTH + RIGHT);
    format!(
        r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}"><style>text{{font:13px sans-serif;fill:#333}}.h{{font-weight:600}}.t{{font-size:15px;font-weight:600}}</style><rect width="{width}" height="{height}" fill="#ffffff"/><text x="{LEFT}" y="24" class="t">{}, seed {seed}: {}</text>{}</svg>
"##,
        escape(&scenario.name),
        escape(&scenario.title),
        drawing.svg
    )
}

fn axis(drawing: &mut Drawing) {
    let (from, to) = drawing.window;
    let step = [1_000, 5_000, 10_000, 30_000, 60_000, 300_000, 3_600_000, 86_400_000]
        .into_iter()
        .find(|step| (to - from) / step <= 14)
        .unwrap_or(864_000_000);
    let mut moment = (from + step - 1) / step * step;
    while moment <= to {
        let (x, y) = (drawing.x(moment), drawing.y);
        drawing.svg.push_str(&format!(r##"<line x1="{x}" y1="40" x2="{x}" y2="{y}" stroke="#00000014"/><text x="{x}" y="{}" text-anchor="middle">{}:{:02}</text>"##,
            y + 18,
            moment / 60_000,
            moment / 1_000 % 60));
        moment += step;
    }
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests;
