use super::*;

#[test]
fn an_identity_reads_back_as_it_was_written() {
    let identity = AgentIdentity {
        agent: AgentId::new("fra-1").expect("a right id"),
        region: RegionId::new("eu.fra_2").expect("a right id"),
    };
    let uri = identity.to_string();
    assert_eq!(uri, "quorate://agent/fra-1/region/eu.fra_2");
    assert_eq!(uri.parse(), Ok(identity));
}

#[test]
fn every_other_uri_is_refused() {
    for uri in [
        "",
        "quorate://agent/fra-1",
        "quorate://agent/fra-1/region/",
        "quorate://agent//region/fra",
        "quorate://agent/fra-1/region/fra/",
        "quorate://agent/fra-1/region/fra/region/iad",
        "quorate://agent/fra%2d1/region/fra",
        "quorate://agent/fra-1/region/fra?x",
        "Quorate://agent/fra-1/region/fra",
        "spiffe://agent/fra-1/region/fra",
        "quorate://agent/a/b/region/fra",
    ] {
        assert!(uri.parse::<AgentIdentity>().is_err(), "{uri}");
    }
    let error = "quorate://agent/fra 1/region/fra".parse::<AgentIdentity>().expect_err("a blank is no id");
    assert!(error.to_string().contains("\"fra 1\" is not an id"), "{error}");
}
