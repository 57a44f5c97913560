use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use crate::tests::quorate;

use super::*;

fn json(line: &[&str]) -> serde_json::Value {
    let (exit, out, err) = quorate(line);
    assert_eq!(exit, Exit::Fine, "{line:?}: {err}");
    serde_json::from_str(&out).expect("the answer is JSON")
}

fn text(path: &Path) -> &str {
    path.to_str().expect("temporary paths are UTF-8")
}

/// What openssl says; it is another implementation of the same standards.
fn openssl(line: &[&str]) -> String {
    let output = Command::new("openssl").args(line).output().expect("openssl is installed where the tests run");
    let text = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
    assert!(output.status.success(), "openssl {line:?}: {text}");
    text
}

fn mode(path: &Path) -> u32 {
    path.metadata().expect("the file is there").permissions().mode() & 0o7777
}

#[test]
fn openssl_accepts_what_was_issued_for_its_purpose_and_for_no_other() {
    let scratch = tempfile::tempdir().expect("a temporary directory");
    let (dir, out) = (scratch.path().join("ca"), scratch.path().join("out"));
    json(&["ca", "init", "--dir", text(&dir), "-o", "json"]);
    let line =
        ["ca", "issue", "--dir", text(&dir), "--agent", "fra-1", "--region", "fra", "--out", text(&out), "-o", "json"];
    let agent = json(&line);
    let names = ["--name", "collector.example.com", "--name", "127.0.0.1", "--name", "::1"];
    let server =
        json(&[&["ca", "issue-server", "--dir", text(&dir), "--out", text(&out), "-o", "json"], &names[..]].concat());

    let (ca, certificate) = (dir.join("ca.pem"), out.join("fra-1.pem"));
    let verify = |purpose: &str, certificate: &Path| {
        let line = ["verify", "-x509_strict", "-purpose", purpose, "-CAfile", text(&ca), text(certificate)];
        Command::new("openssl").args(line).output().expect("openssl runs").status.success()
    };
    let server_certificate = out.join("collector.example.com.pem");
    assert!(verify("sslclient", &certificate) && !verify("sslserver", &certificate));
    assert!(verify("sslserver", &server_certificate) && !verify("sslclient", &server_certificate));

    let said = openssl(&["x509", "-in", text(&certificate), "-noout", "-text"]);
    for expected in [
        "URI:quorate://agent/fra-1/region/fra",
        "CA:FALSE",
        "TLS Web Client Authentication",
        "Digital Signature",
        "ecdsa-with-SHA256",
        "X509v3 Authority Key Identifier",
    ] {
        assert!(said.contains(expected), "{expected} is missing in {said}");
    }
    let said = openssl(&["x509", "-in", text(&server_certificate), "-noout", "-text"]);
    for expected in ["DNS:collector.example.com", "IP Address:127.0.0.1", "IP Address:0:0:0:0:0:0:0:1"] {
        assert!(said.contains(expected), "{expected} is missing in {said}");
    }
    let said = openssl(&["x509", "-in", text(&ca), "-noout", "-text"]);
    for expected in ["CA:TRUE, pathlen:0", "Certificate Sign, CRL Sign"] {
        assert!(said.contains(expected), "{expected} is missing in {said}");
    }
    // The key belongs to the certificate.
    let of_key = openssl(&["pkey", "-in", text(&out.join("fra-1.key")), "-pubout"]);
    assert_eq!(of_key, openssl(&["x509", "-in", text(&certificate), "-noout", "-pubkey"]));

    let serial = |of: &serde_json::Value| of["serial"].as_str().map(str::to_owned);
    assert_eq!(serial(&agent).map(|text| text.len()), Some(32));
    assert_ne!(serial(&agent), serial(&server));
    for (path, expected) in [
        (dir.join("ca.key"), 0o600),
        (out.join("fra-1.key"), 0o600),
        (out.join("collector.example.com.key"), 0o600),
        (out.join("ca.pem"), 0o644),
        (dir.clone(), 0o700),
    ] {
        assert_eq!(mode(&path), expected, "{}", path.display());
    }
    assert!(!out.join("ca.key").exists(), "the authority's key stays where it is");
    let left: Vec<_> = out.read_dir().expect("the directory is there").collect();
    assert_eq!(left.len(), 5, "no half files stay: {left:?}");
}

#[test]
fn nothing_is_replaced_unless_forced() {
    let scratch = tempfile::tempdir().expect("a temporary directory");
    let dir = text(scratch.path());
    json(&["ca", "init", "--dir", dir, "-o", "json"]);
    let issue = ["ca", "issue", "--dir", dir, "--agent", "fra-1", "--region", "fra", "-o", "json"];
    let first = json(&issue);
    let before = std::fs::read(scratch.path().join("fra-1.key")).expect("the key is there");

    for line in [&issue[..], &["ca", "init", "--dir", dir]] {
        let (exit, out, err) = quorate(line);
        assert_eq!((exit, out.as_str()), (Exit::Machine, ""), "{err}");
        assert!(err.contains("--force replaces it"), "{err}");
    }
    assert_eq!(std::fs::read(scratch.path().join("fra-1.key")).expect("the key is there"), before);
    let second = json(&[&issue[..], &["--force"]].concat());
    assert_ne!(first["serial"], second["serial"]);
}

#[test]
fn a_request_is_signed_without_a_key_and_its_own_wishes_are_ignored() {
    let scratch = tempfile::tempdir().expect("a temporary directory");
    let dir = scratch.path();
    json(&["ca", "init", "--dir", text(dir), "-o", "json"]);
    let (key, request) = (dir.join("own.key"), dir.join("own.csr"));
    openssl(&[
        "req",
        "-new",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:P-256",
        "-nodes",
        "-subj",
        "/CN=impostor",
        "-keyout",
        text(&key),
        "-out",
        text(&request),
    ]);
    let line = [
        "ca",
        "issue",
        "--dir",
        text(dir),
        "--agent",
        "sin-1",
        "--region",
        "sin",
        "--csr",
        text(&request),
        "-o",
        "json",
    ];
    let made = json(&line);
    assert!(made["key"].is_null() && !dir.join("sin-1.key").exists());
    let certificate = dir.join("sin-1.pem");
    let said = openssl(&["x509", "-in", text(&certificate), "-noout", "-text"]);
    assert!(said.contains("CN = sin-1") && !said.contains("impostor"), "{said}");
    let of_key = openssl(&["pkey", "-in", text(&key), "-pubout"]);
    assert_eq!(of_key, openssl(&["x509", "-in", text(&certificate), "-noout", "-pubkey"]));
}

#[test]
fn what_is_wrong_is_told_with_its_place() {
    let scratch = tempfile::tempdir().expect("a temporary directory");
    let dir = scratch.path();
    let issue = |agent: &str| quorate(&["ca", "issue", "--dir", text(dir), "--agent", agent, "--region", "fra"]);
    let (exit, _, err) = issue("fra-1");
    assert_eq!(exit, Exit::Usage);
    assert!(err.contains("ca.pem: cannot be read"), "{err}");

    json(&["ca", "init", "--dir", text(dir), "-o", "json"]);
    let (exit, _, err) = issue("fra 1");
    assert!(exit == Exit::Usage && err.contains("--agent") && err.contains("is not an id"), "{err}");
    let (exit, _, err) = quorate(&["ca", "issue-server", "--dir", text(dir), "--name", "bad name"]);
    assert!(exit == Exit::Usage && err.contains("--name") && err.contains("host names"), "{err}");
    let (exit, _, err) = issue("ca");
    assert!(exit == Exit::Usage && err.contains("the authority's own file name"), "{err}");

    let key = dir.join("ca.key");
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o644)).expect("the mode can be set");
    let (exit, _, err) = issue("fra-1");
    assert!(exit == Exit::Usage && err.contains("0644") && err.contains("0600"), "{err}");
}
