use super::*;

const NOW: CollectorTime = CollectorTime::from_millis(1_790_000_000_000);

fn facts() -> Facts {
    Facts { incident_exists: true, contracts: vec!["shop-gold".to_owned()], statement: None }
}

fn decision(json: &str) -> Decision {
    serde_json::from_str(json).expect("a decision")
}

/// Takes a decision, through the text it is stored as.
fn act(records: &mut Records, json: &str, author: &str, at_ms: i64) -> Result<Record, Refused> {
    let at = NOW + quorate_model::Millis::new(at_ms);
    let entry = records.decide(&decision(json), author, at, &facts())?;
    let mut again = Records::default();
    again.recall(entry.kind, &entry.key, &entry.body).expect("what was written is understood");
    records.take(entry.clone());
    let same = match &entry.record {
        Record::Handling(handling) => again.handling(&entry.key) == Some(handling),
        Record::Exclusion(exclusion) => again.exclusions().any(|other| other == exclusion),
        Record::Claim(claim) => again.claims().any(|other| other == claim),
    };
    assert!(same, "what is read back is what was decided");
    Ok(entry.record)
}

fn incident(action: &str) -> String {
    format!("{{\"kind\":\"incident\",\"incident\":\"shop-1\",\"action\":{{{action}}}}}")
}

#[test]
fn an_incident_is_acknowledged_told_and_resolved_once() {
    let mut records = Records::default();
    act(&mut records, &incident("\"kind\":\"severity\",\"severity\":\"critical\""), "anna", 0).expect("is taken");
    act(&mut records, &incident("\"kind\":\"acknowledge\""), "anna", 1).expect("is taken");
    let again = act(&mut records, &incident("\"kind\":\"acknowledge\""), "ben", 2).expect_err("anna has it");
    assert_eq!(again.to_string(), "action: anna acknowledged it already");
    act(&mut records, &incident("\"kind\":\"update\",\"text\":\" We look into it. \""), "anna", 3).expect("is taken");
    act(&mut records, &incident("\"kind\":\"resolve\",\"text\":\"Fixed.\""), "ben", 9).expect("is taken");
    act(&mut records, &incident("\"kind\":\"postmortem\",\"url\":\"https://example.com/1\""), "ben", 10)
        .expect("is taken");
    let handling = records.handling("shop-1").expect("is there");
    let told: Vec<(&str, &str)> =
        handling.updates.iter().map(|u| (u.signed.author.as_str(), u.text.as_str())).collect();
    assert_eq!(told, [("anna", "We look into it."), ("ben", "Fixed.")]);
    let case = handling.response().case(NOW, None);
    assert_eq!(case.severity.as_str(), "critical");
    let since = |at: Option<CollectorTime>| at.map(|at| (at - NOW).get());
    assert_eq!((since(case.acknowledged_at), since(handling.response().resolved_at)), (Some(1), Some(9)));
    assert!(act(&mut records, &incident("\"kind\":\"resolve\""), "anna", 11).is_err());
}

#[test]
fn what_is_wrong_is_named_with_what_is_allowed() {
    let mut records = Records::default();
    let mut refused =
        |json: &str, author: &str| act(&mut records, json, author, 0).expect_err("is refused").to_string();
    let severity = incident("\"kind\":\"severity\",\"severity\":\"bad\"");
    assert_eq!(refused(&severity, "anna"), "severity: \"bad\" is no severity; allowed are critical, high, normal, low");
    assert_eq!(refused(&incident("\"kind\":\"update\",\"text\":\" \""), "anna"), "text: it must not be empty");
    assert_eq!(refused(&incident("\"kind\":\"acknowledge\""), " "), "author: it must not be empty");
    assert!(refused(&incident("\"kind\":\"postmortem\",\"url\":\"javascript:1\""), "anna").starts_with("url: "));
    for unknown in [
        "{\"kind\":\"forget\"}",
        "{\"kind\":\"incident\",\"incident\":\"a\",\"action\":{\"kind\":\"forget\"}}",
        "{\"kind\":\"end_maintenance\",\"id\":\"a\",\"at_ms\":1,\"more\":2}",
    ] {
        assert!(serde_json::from_str::<Decision>(unknown).is_err(), "{unknown}");
    }
    let unknown = Facts { incident_exists: false, ..facts() };
    let acknowledge = decision(&incident("\"kind\":\"acknowledge\""));
    let error = Records::default().decide(&acknowledge, "anna", NOW, &unknown).expect_err("there is none");
    assert_eq!(error.field, "incident");
}

fn exclude(class: &str, from_ms: i64, to_ms: i64, more: &str) -> String {
    let [start, end] = [from_ms, to_ms].map(|ms| NOW.as_millis() + ms);
    format!(
        "{{\"kind\":\"exclude\",\"class\":\"{class}\",\"start_ms\":{start},\"end_ms\":{end},\"reason\":\"an upgrade\"{more}}}"
    )
}

#[test]
fn the_past_is_left_out_only_with_somebody_who_agrees() {
    let mut records = Records::default();
    let past = exclude("third_party", -10_000, -5_000, "");
    assert_eq!(act(&mut records, &past, "anna", 0).expect_err("nobody agreed").field, "approver");
    let approved = exclude("third_party", -10_000, -5_000, ",\"approver\":\"carol\"");
    act(&mut records, &approved, "anna", 0).expect("carol agreed");
    let found = records.exclusions_of("shop-gold");
    assert_eq!(found.len(), 1);
    assert!(found[0].reclassifies_the_past());
    assert_eq!(found[0].approver.as_deref(), Some("carol"));
    let withdraw = |more: &str| format!("{{\"kind\":\"withdraw\",\"id\":\"third_party-1\",\"reason\":\"no\"{more}}}");
    assert_eq!(act(&mut records, &withdraw(""), "anna", 5).expect_err("it has begun").field, "approver");
    act(&mut records, &withdraw(",\"approver\":\"carol\""), "anna", 6).expect("carol agreed");
    assert!(records.exclusions_of("shop-gold").is_empty());
    assert_eq!(records.exclusions().count(), 1, "nothing is ever deleted");
}

#[test]
fn maintenance_is_for_some_contracts_comes_again_and_ends() {
    let mut records = Records::default();
    let more = ",\"contracts\":[\"shop-gold\"],\"recurrence\":\"FREQ=WEEKLY;BYDAY=SU\"";
    let record = act(&mut records, &exclude("maintenance", 1_000, 9_000, more), "anna", 0).expect("is taken");
    let Record::Exclusion(record) = record else { panic!("an exclusion") };
    assert_eq!((record.id.as_str(), record.announced_at_ms), ("maintenance-1", NOW.as_millis()));
    assert!(records.exclusions_of("other").is_empty() && records.exclusions_of("shop-gold").len() == 1);
    for (wrong, field) in [
        (exclude("maintenance", 1_000, 1_000, ""), "end_ms"),
        (exclude("holiday", 1_000, 2_000, ""), "class"),
        (exclude("maintenance", 1_000, 2_000, ",\"contracts\":[\"none\"]"), "contracts"),
        (exclude("customer", 1_000, 2_000, ",\"recurrence\":\"FREQ=DAILY\""), "recurrence"),
        (exclude("maintenance", 1_000, 2_000, ",\"recurrence\":\"FREQ=NEVER\""), "recurrence"),
        (
            exclude("maintenance", 1_000, 2_000, &format!(",\"announced_at_ms\":{}", NOW.as_millis() + 9)),
            "announced_at_ms",
        ),
    ] {
        assert_eq!(act(&mut records, &wrong, "anna", 0).expect_err("is wrong").field, field, "{wrong}");
    }
    let end = |ms: i64| {
        format!("{{\"kind\":\"end_maintenance\",\"id\":\"maintenance-1\",\"at_ms\":{}}}", NOW.as_millis() + ms)
    };
    assert_eq!(act(&mut records, &end(900), "anna", 5_000).expect_err("before it began").field, "at_ms");
    act(&mut records, &end(4_000), "anna", 5_000).expect("is taken");
    let actual_end = records.exclusions_of("shop-gold")[0].actual_end;
    assert_eq!(actual_end, Some(NOW + quorate_model::Millis::new(4_000)));
}

#[test]
fn a_claim_needs_a_statement_and_goes_its_way() {
    let records = Records::default();
    let claim =
        decision("{\"kind\":\"claim\",\"contract\":\"shop-gold\",\"period\":\"2026-10\",\"customer\":\"acme\"}");
    let nothing = records.decide(&claim, "anna", NOW, &facts()).expect_err("nothing is known");
    assert_eq!(nothing.field, "claim");
    let why = Facts { statement: Some(Err("acme has no plan".to_owned())), ..facts() };
    assert_eq!(records.decide(&claim, "anna", NOW, &why).expect_err("why").to_string(), "claim: acme has no plan");

    // A claim as it was written down goes on from its state.
    let stored = "{\"contract\":\"shop-gold\",\"period\":\"2026-10\",\"customer\":\"acme\",\"amount_minor\":12000,\
        \"currency\":\"EUR\",\"amount\":\"120.00 EUR\",\"deadline_ms\":null,\"state\":\"open\",\
        \"changes\":[{\"at_ms\":1,\"author\":\"acme\",\"state\":\"open\",\"note\":\"\"}]}";
    let mut records = Records::default();
    records.recall("claim", "shop-gold/2026-10/acme", stored).expect("a claim");
    let settle = |state: &str| {
        format!(
            "{{\"kind\":\"settle_claim\",\"contract\":\"shop-gold\",\"period\":\"2026-10\",\"customer\":\"acme\",\"state\":\"{state}\"}}"
        )
    };
    assert_eq!(act(&mut records, &settle("paid"), "ben", 0).expect_err("not accepted yet").field, "state");
    act(&mut records, &settle("refused"), "ben", 1).expect("is taken");
    act(&mut records, &settle("open"), "acme", 2).expect("is opened again");
    act(&mut records, &settle("accepted"), "ben", 3).expect("is taken");
    act(&mut records, &settle("paid"), "ben", 4).expect("is taken");
    let claim = records.claims().next().expect("is there");
    assert_eq!((claim.state.as_str(), claim.amount.as_str(), claim.changes.len()), ("paid", "120.00 EUR", 5));
    assert!(records.recall("claim", "x", "{}").is_err());
}

#[test]
fn maintenance_that_ended_early_leaves_out_less_and_a_late_end_no_more() {
    let start = NOW.as_millis() + 10;
    let mut records = Records::default();
    let exclude = format!(
        r#"{{"kind": "exclude", "class": "maintenance", "start_ms": {start}, "end_ms": {}, "reason": "an upgrade"}}"#,
        start + 100
    );
    act(&mut records, &exclude, "anna", 0).expect("is taken");
    let end = |at_ms: i64| format!(r#"{{"kind": "end_maintenance", "id": "maintenance-1", "at_ms": {at_ms}}}"#);
    let ends = |records: &Records| {
        let left_out = records.exclusions_of("shop-gold").remove(0);
        (left_out.end.as_millis() - start, left_out.actual_end.map(|end| end.as_millis() - start))
    };
    act(&mut records, &end(start + 40), "anna", 500).expect("is taken");
    assert_eq!(ends(&records), (40, Some(40)));
    act(&mut records, &end(start + 130), "anna", 500).expect("is taken");
    assert_eq!(ends(&records), (100, Some(130)));
}

#[test]
fn what_no_contract_would_take_is_refused() {
    let mut records = Records::default();
    let json =
        r#"{"kind": "exclude", "class": "customer", "start_ms": -5, "end_ms": 5, "reason": "x", "approver": "c"}"#;
    let refused = act(&mut records, json, "anna", 0).expect_err("is out of range");
    assert_eq!(refused.field, "start_ms");
    let json = r#"{"kind": "exclude", "class": "maintenance", "start_ms": 5, "end_ms": 9223372036854775807, "reason": "x",
                   "approver": "c"}"#;
    let refused = act(&mut records, json, "anna", 0).expect_err("is out of range");
    assert_eq!(refused.field, "end_ms");
}
