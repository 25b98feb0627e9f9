//! The lines that a benchmark prints.

/// Prints a figure.
#[expect(clippy::print_stdout, reason = "these lines are what the program is for")]
pub(crate) fn line(bench: &str, metric: &str, value: f64, unit: &str) {
    println!("{bench}\t{metric}\t{value:.3}\t{unit}");
}

/// Prints the median of several rounds, with the smallest and the largest beside it.
pub(crate) fn spread(bench: &str, metric: &str, mut values: Vec<f64>, unit: &str) {
    values.sort_by(f64::total_cmp);
    let (Some(first), Some(last)) = (values.first(), values.last()) else {
        return;
    };
    line(bench, metric, values[values.len() / 2], unit);
    line(bench, &format!("{metric}_min"), *first, unit);
    line(bench, &format!("{metric}_max"), *last, unit);
}
