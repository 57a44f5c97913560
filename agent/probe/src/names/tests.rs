use super::*;

async fn look_up(file: &str, name: &str) -> Result<Vec<IpAddr>, Failed> {
    Names::from_file(PathBuf::from(file)).look_up(name, Family::V4).await
}

#[tokio::test]
async fn a_missing_configuration_is_this_nodes_trouble() {
    let failed = look_up("/nonexistent/resolv.conf", "example.com").await.expect_err("no configuration");
    assert_eq!(failed.failure, Failure::LocalNetwork);
    assert!(failed.detail.expect("a detail").contains("/nonexistent/resolv.conf"));
}

#[tokio::test]
async fn a_configuration_without_servers_is_this_nodes_trouble() {
    let failed = look_up("/dev/null", "example.com").await.expect_err("no configuration");
    assert_eq!(failed.failure, Failure::LocalNetwork);
}

#[tokio::test]
async fn the_hosts_file_is_used() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("resolv.conf");
    // Nobody answers there, so that the answer can only come from the hosts file.
    std::fs::write(&path, "nameserver 127.0.0.1\n").expect("written");
    let names = Names::from_file(path);
    assert_eq!(names.servers().expect("one").to_vec(), [SocketAddr::from(([127, 0, 0, 1], 53))]);
    let found = names.look_up("localhost", Family::V4).await.expect("in the hosts file");
    assert!(found.iter().all(IpAddr::is_loopback), "{found:?}");
}
