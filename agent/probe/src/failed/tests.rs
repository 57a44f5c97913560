use super::*;

#[test]
fn details_are_cut_on_a_character_boundary_and_stay_on_one_line() {
    let long = "ä\n".repeat(300);
    let detail = bounded(&long);
    assert!(detail.len() <= Evidence::MAX_DETAIL);
    assert!(detail.starts_with("ä ä "));
}

#[test]
fn excerpts_of_broken_utf8_do_not_panic() {
    assert_eq!(excerpt(b"\xff\xfeab", 10), "\u{fffd}\u{fffd}ab");
    assert_eq!(excerpt("aä".repeat(50).as_bytes(), 3), "aäa...");
    assert_eq!(excerpt(b"", 3), "");
}

#[test]
fn what_this_node_could_not_try_is_local() {
    for failure in Failure::ALL {
        let local = matches!(failure, Failure::LocalNetwork | Failure::LocalResources | Failure::Forbidden);
        let outcome = Failed::new(*failure, "x").outcome();
        assert_eq!(outcome == Outcome::Local, local, "{failure}");
    }
}
