//! Real processes of a test: the project's own programs and its peers, ended by their id.

use std::net::{Ipv4Addr, TcpListener};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};

/// One of the project's programs, built by this very build.
///
/// # Panics
/// It was not built: `cargo build --workspace --bins` comes first.
pub fn program(name: &str) -> PathBuf {
    let test = std::env::current_exe().expect("a running test has a file");
    let folder = test.parent().and_then(|deps| deps.parent()).expect("tests stand in target/PROFILE/deps");
    let path = folder.join(name);
    assert!(path.exists(), "{} is missing; run cargo build --workspace --bins", path.display());
    path
}

/// A process that is killed when dropped.
#[derive(Debug)]
pub struct Process {
    name: String,
    child: Child,
}

impl Process {
    /// Starts a command, its output into a file.
    ///
    /// # Errors
    /// It cannot be started, or the file not written.
    pub fn start(name: &str, command: &mut Command, log: &std::path::Path) -> anyhow::Result<Self> {
        let file = std::fs::OpenOptions::new().create(true).append(true).open(log)?;
        let child = command
            .stdin(Stdio::null())
            .stdout(file.try_clone()?)
            .stderr(file)
            .spawn()
            .with_context(|| format!("{name} cannot be started"))?;
        Ok(Self { name: name.to_owned(), child })
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Waits until it ends by itself.
    ///
    /// # Errors
    /// It did not end within the time; it is killed then.
    pub fn end(mut self, within: Duration) -> anyhow::Result<ExitStatus> {
        let what = format!("the end of {}", self.name);
        wait_for(&what, within, || self.child.try_wait()?.context("it still runs"))
    }

    /// Kills it at once, as a power cut would, and waits for its end.
    ///
    /// # Errors
    /// It had already ended by itself, which no test expects.
    pub fn kill(mut self) -> anyhow::Result<()> {
        if let Some(status) = self.child.try_wait()? {
            bail!("{} had ended by itself: {status}", self.name);
        }
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended already, and been waited for.
        if self.child.kill().is_ok() && self.child.wait().is_err() {
            eprintln!("{} could not be waited for", self.name);
        }
    }
}

/// Looks again every 100 ms until a condition holds.
///
/// # Errors
/// It did not hold within the time; says what it was, and what was seen last.
pub fn wait_for<T>(what: &str, within: Duration, mut look: impl FnMut() -> anyhow::Result<T>) -> anyhow::Result<T> {
    let deadline = Instant::now() + within;
    loop {
        match look() {
            Ok(found) => return Ok(found),
            Err(error) if Instant::now() >= deadline => {
                return Err(error.context(format!("waited {within:?} for {what}")));
            }
            Err(_) => std::thread::sleep(Duration::from_millis(100)),
        }
    }
}

/// A port of loopback that was free a moment ago: programs that do not say which port they got have to be told one.
///
/// # Errors
/// There is none.
pub fn free_port() -> anyhow::Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port())
}

/// Whether a test that needs something of the machine can run: prints why not, and fails where nothing may be skipped.
///
/// # Panics
/// `QUORATE_TEST_REQUIRE=all` is set and something is missing.
pub fn can_run(test: &str, missing: Option<String>) -> bool {
    let Some(missing) = missing else { return true };
    assert!(
        std::env::var("QUORATE_TEST_REQUIRE").as_deref() != Ok("all"),
        "{test} cannot run: {missing}; nothing may be skipped here"
    );
    println!("{test} is skipped: {missing}");
    false
}

/// What of these programs is not to be found.
pub fn missing_programs(programs: &[&str]) -> Option<String> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut folders: Vec<PathBuf> = std::env::split_paths(&path).collect();
    folders.extend(["/usr/sbin".into(), "/sbin".into()]);
    let gone: Vec<&str> =
        programs.iter().copied().filter(|name| !folders.iter().any(|folder| folder.join(name).exists())).collect();
    (!gone.is_empty()).then(|| format!("{} not installed", gone.join(", ")))
}
