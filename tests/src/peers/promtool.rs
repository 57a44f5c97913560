//! Prometheus's own checker.

use std::fs::File;
use std::path::Path;
use std::process::Command;

use anyhow::ensure;

/// Runs promtool in a folder, with a file as its input where one is given.
///
/// # Errors
/// It finds something wrong, or says anything at all where a clean run is silent; holds what it said.
pub fn run(folder: &Path, arguments: &[&str], input: Option<&Path>) -> anyhow::Result<String> {
    let mut command = Command::new("promtool");
    command.current_dir(folder).args(arguments);
    if let Some(input) = input {
        command.stdin(File::open(input)?);
    }
    let output = command.output()?;
    let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    ensure!(output.status.success(), "promtool {}: {said}", arguments.join(" "));
    Ok(said)
}
