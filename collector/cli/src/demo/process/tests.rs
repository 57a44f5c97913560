use super::*;

fn is_alive(id: u32) -> bool {
    Path::new(&format!("/proc/{id}")).exists()
}

fn start(scratch: &Path, script: &str) -> Process {
    let (flag, script) = (Path::new("-c"), Path::new(script));
    Process::start("sh", Path::new("/bin/sh"), &[flag, script], &scratch.join("log")).expect("a shell starts")
}

#[test]
fn a_process_is_gone_when_it_is_killed_or_dropped() {
    let scratch = tempfile::tempdir().expect("a temporary directory");
    let mut killed = start(scratch.path(), "exec sleep 600");
    let id = killed.id();
    assert!(is_alive(id) && killed.ended().is_none());
    killed.kill().expect("a running process can be killed");
    assert!(!is_alive(id));

    let dropped = start(scratch.path(), "exec sleep 600");
    let id = dropped.id();
    drop(dropped);
    assert!(!is_alive(id));
}

#[test]
fn a_panic_leaves_no_process_behind() {
    let scratch = tempfile::tempdir().expect("a temporary directory");
    let process = start(scratch.path(), "exec sleep 600");
    let id = process.id();
    let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(move || {
        let _kept = process;
        panic!("on purpose");
    }));
    assert!(result.is_err() && !is_alive(id));
}

#[test]
fn a_process_that_ended_by_itself_is_told_with_its_last_words() {
    let scratch = tempfile::tempdir().expect("a temporary directory");
    let mut process = start(scratch.path(), "echo no such file >&2; exit 7");
    process.child.wait().expect("it ends by itself");
    let error = process.has_to_run().expect_err("it is gone").sentence();
    assert!(error.contains("exit status: 7") && error.ends_with("no such file"), "{error}");
}

#[test]
fn a_program_that_is_not_there_is_an_error() {
    let scratch = tempfile::tempdir().expect("a temporary directory");
    let error = Process::start("ghost", Path::new("/nonexistent/ghost"), &[], &scratch.path().join("log"));
    assert!(error.expect_err("there is no such program").sentence().contains("/nonexistent/ghost"));
}
