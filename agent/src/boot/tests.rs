use super::*;

#[test]
fn it_grows_also_against_the_clock() {
    let dir = tempfile::tempdir().expect("a directory");
    let first = next_boot(dir.path()).expect("writable");
    let second = next_boot(dir.path()).expect("writable");
    assert!(second > first);
    fs::write(dir.path().join(FILE), "99999999999\n").expect("writable");
    assert_eq!(next_boot(dir.path()).expect("writable"), Boot::new(100_000_000_000));
}

#[test]
fn what_is_no_number_is_refused_and_kept() {
    let dir = tempfile::tempdir().expect("a directory");
    fs::write(dir.path().join(FILE), "abc").expect("writable");
    let error = next_boot(dir.path()).expect_err("refused").to_string();
    assert!(error.contains("\"abc\" is not a boot number"), "{error}");
    assert_eq!(fs::read_to_string(dir.path().join(FILE)).expect("readable"), "abc");
}

#[test]
fn a_directory_that_is_not_there_is_an_error() {
    let dir = tempfile::tempdir().expect("a directory");
    assert!(matches!(next_boot(&dir.path().join("missing")), Err(BootError::Io { .. })));
}
