use std::collections::BTreeMap;

use crate::{assert_none, metadata, read, root};

/// Crates that must compile without std, and what they may use beside `quorate-model`.
const PURE: &[(&str, &[&str])] = &[
    ("quorate-model", &[]),
    ("quorate-agent-core", &["quorate-model"]),
    ("quorate-collector-consensus", &["quorate-model", "sha2"]),
    ("quorate-collector-sla", &["quorate-model"]),
];

fn layers() -> BTreeMap<String, u64> {
    let metadata = metadata();
    metadata
        .workspace_packages()
        .iter()
        .map(|p| {
            let layer = p.metadata.get("layer").and_then(serde_json::Value::as_u64);
            (p.name.to_string(), layer.unwrap_or_else(|| panic!("{} declares no layer", p.name)))
        })
        .collect()
}

#[test]
fn a_crate_imports_only_crates_of_a_strictly_lower_layer() {
    let layers = layers();
    let mut findings = Vec::new();
    for package in metadata().workspace_packages() {
        let own = layers[package.name.as_str()];
        for dependency in &package.dependencies {
            if let Some(other) = layers.get(&dependency.name)
                && *other >= own
            {
                findings.push(format!(
                    "{} (layer {own}) imports {} (layer {other}) as a {} dependency",
                    package.name, dependency.name, dependency.kind
                ));
            }
        }
    }
    assert_none("imports that go up or sideways", &findings);
}

#[test]
fn pure_crates_have_no_std_and_no_other_dependency() {
    let mut findings = Vec::new();
    for package in metadata().workspace_packages() {
        let Some((_, allowed)) = PURE.iter().find(|(name, _)| *name == package.name.as_str()) else { continue };
        for dependency in &package.dependencies {
            let normal = dependency.kind == cargo_metadata::DependencyKind::Normal;
            if normal && !allowed.contains(&dependency.name.as_str()) {
                findings.push(format!("{} depends on {}", package.name, dependency.name));
            }
        }
        let manifest = package.manifest_path.as_std_path();
        let folder = manifest.parent().and_then(|p| p.strip_prefix(root()).ok()).expect("inside the tree");
        let lib = format!("{}/src/lib.rs", folder.display());
        if !read(&lib).contains("#![cfg_attr(not(test), no_std)]") {
            findings.push(format!("{lib} is not no_std"));
        }
    }
    assert_none("impure crates", &findings);
}

#[test]
fn a_crate_is_named_by_its_path() {
    let mut findings = Vec::new();
    for package in metadata().workspace_packages() {
        let manifest = package.manifest_path.as_std_path();
        let folder = manifest.parent().and_then(|p| p.strip_prefix(root()).ok()).expect("inside the tree");
        let joined = folder.iter().map(|part| part.to_string_lossy()).collect::<Vec<_>>().join("-");
        // The words everything speaks in have the shortest name.
        let expected = if joined == "proto-model" { "quorate-model".to_owned() } else { format!("quorate-{joined}") };
        if package.name.as_str() != expected {
            findings.push(format!("{} is named {}, not {expected}", folder.display(), package.name));
        }
    }
    assert_none("names", &findings);
}
