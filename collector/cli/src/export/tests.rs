use super::*;

#[test]
fn samples_are_drawn_with_what_their_vote_depends_on() {
    let mut lines = crate::replay::tests::line("fra", "hetzner", 1, 1_795_633_385_000, "ok");
    lines += "\n";
    let doubtful = crate::replay::tests::line("iad", "aws", 7, 1_795_633_388_000, "fail");
    lines += &doubtful.replace("\"timeout_ms\"", "\"refs_ok\":1,\"refs_total\":3,\"trigger\":\"retry\",\"timeout_ms\"");
    let samples = parse(&lines).expect("the lines are right");
    insta::assert_snapshot!(render(&samples, 1_795_633_390_000, &Look::plain()));
    assert!(parse("{}").is_err());
}
