use super::*;

const AT_MS: i64 = 1_795_633_385_000;

fn sample(offset_ms: i64, failure: Option<&str>) -> SampleSummary {
    SampleSummary {
        id: "1/42".to_owned(),
        start_ms: AT_MS + offset_ms,
        end_ms: AT_MS + offset_ms + 1_000,
        outcome: if failure.is_some() { "fail" } else { "ok" }.to_owned(),
        failure: failure.map(str::to_owned),
        total_us: failure.is_none().then_some(12_345),
        detail: failure.map(|_| "no answer to SYN".to_owned()),
        trigger: if failure.is_some() { "retry" } else { "scheduled" }.to_owned(),
    }
}

fn evidence_of(region: &str, provider: &str, vote: &str, reason: &str) -> AgentEvidence {
    AgentEvidence {
        agent: format!("{region}-1"),
        region: region.to_owned(),
        provider: provider.to_owned(),
        vote: vote.to_owned(),
        reason: reason.to_owned(),
        last_good: Some(sample(-9_400, None)),
        last_bad: (vote == "bad").then(|| sample(-2_100, Some("connect_timeout"))),
        next: (vote == "good").then(|| sample(600, None)),
    }
}

fn explanation() -> Explanation {
    Explanation {
        check: "shop".to_owned(),
        at_ms: AT_MS,
        state: "partial".to_owned(),
        state_low: "up".to_owned(),
        state_high: "partial".to_owned(),
        settled: false,
        sentence: "1 of 3 voting regions is bad, 2 are needed".to_owned(),
        quorum: "majority: 2 of 3, of at least 2 providers".to_owned(),
        regions_configured: 3,
        regions_voting: 2,
        regions_bad: vec!["fra".to_owned()],
        min_regions: 2,
        need: 2,
        providers_bad: vec!["hetzner".to_owned()],
        min_providers: 2,
        agents: vec![
            evidence_of("fra", "hetzner", "bad", ""),
            evidence_of("iad", "aws", "good", ""),
            evidence_of("sin", "ovh", "none", "its own references failed: 1 of 3 answered"),
        ],
        incident: None,
    }
}

#[test]
fn evidence_arithmetic_and_verdict_stand_in_this_order() {
    insta::assert_snapshot!(render(&explanation(), &Look::plain()));
}

#[test]
fn files_are_explained_without_a_collector() {
    let files = crate::replay::tests::Files::new(&crate::replay::tests::outage());
    let scratch = files.paths();
    let ask = |at: &str| {
        let [config, samples] = &scratch;
        crate::tests::quorate(&["explain", "shop", "--at", at, "--config", config, "--samples", samples])
    };
    let (exit, out, err) = ask("90000");
    assert_eq!(exit, Exit::Fine, "{err}");
    insta::assert_snapshot!(out);
    let (_, out, _) = ask("59000");
    assert!(out.contains("ambiguous") && out.contains("DOWN: 2 of 3 voting regions are bad, 2 are needed"), "{out}");
    let (_, out, _) = ask("30000");
    assert!(out.contains("UP: none of 3 voting regions is bad"), "{out}");
    let (_, out, _) = ask("1000");
    assert!(out.contains("UNKNOWN: 1 of 3 regions vote, 2 are needed to know anything"), "{out}");
    let (exit, _, err) = crate::tests::quorate(&["explain", "shop", "--samples", "x"]);
    assert!(exit == Exit::Usage && err.contains("--config"), "{err}");
}
