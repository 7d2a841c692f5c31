//! Medians side by side, as Markdown.

use std::{fmt::Write as _, time::Duration};

use super::{
    command::Measured,
    measure::{Run, median},
};

/// The ratios are of processor time: a command's to esbuild's, and Babel's to a command's.
pub fn table(commands: &[Measured], measured: &[Vec<Run>]) -> String {
    let cpu = |runs: &[Run]| median(runs.iter().map(|run| run.cpu));
    let of = |name: &str| {
        let found = commands.iter().position(|command| command.name == name);
        found.map_or(Duration::ZERO, |index| cpu(&measured[index]))
    };
    let (esbuild, babel) = (of("esbuild"), of("babel"));
    let mut text = String::from(
        "\n| command | CPU ms | lowest … highest | wall ms | CPU : esbuild's | Babel's : CPU |\n\
         |---|--:|--:|--:|--:|--:|\n",
    );
    for (command, runs) in commands.iter().zip(measured) {
        let own = cpu(runs);
        let lowest = runs.iter().map(|run| run.cpu).min().unwrap_or_default();
        let highest = runs.iter().map(|run| run.cpu).max().unwrap_or_default();
        let _ = writeln!(
            text,
            "| {} | {} | {} … {} | {} | {:.2} | {:.1} |",
            command.name,
            own.as_millis(),
            lowest.as_millis(),
            highest.as_millis(),
            median(runs.iter().map(|run| run.wall)).as_millis(),
            own.as_secs_f64() / esbuild.as_secs_f64(),
            babel.as_secs_f64() / own.as_secs_f64(),
        );
    }
    text
}
