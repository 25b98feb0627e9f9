//! The lines that a benchmark prints.

use std::fmt;

/// Where the figures of one benchmark go: a line each, on standard output.
pub(crate) struct Report {
    pub(crate) bench: &'static str,
    /// One JSON object a line instead of tab-separated columns.
    pub(crate) json: bool,
}

impl Report {
    /// Prints a figure.
    #[expect(clippy::print_stdout, reason = "these lines are what the program is for")]
    pub(crate) fn line(&self, metric: &str, value: f64, unit: &str) {
        let bench = self.bench;
        if self.json {
            let line = serde_json::json!({ "bench": bench, "metric": metric, "value": value, "unit": unit });
            println!("{line}");
        } else {
            println!("{bench}\t{metric}\t{value:.3}\t{unit}");
        }
    }

    /// Prints the median of several rounds, with the smallest and the largest beside it.
    pub(crate) fn spread(&self, metric: &str, mut values: Vec<f64>, unit: &str) {
        values.sort_by(f64::total_cmp);
        let (Some(first), Some(last)) = (values.first(), values.last()) else {
            return;
        };
        self.line(metric, values[values.len() / 2], unit);
        self.line(&format!("{metric}_min"), *first, unit);
        self.line(&format!("{metric}_max"), *last, unit);
    }
}

/// Says on standard error what is being done.
#[expect(clippy::print_stderr, reason = "progress is kept apart from the figures")]
pub(crate) fn progress(doing: fmt::Arguments<'_>) {
    eprintln!("{doing}");
}
