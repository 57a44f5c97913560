//! Compiles the schema in Rust, so that no system protoc is needed.

fn main() -> Result<(), Box<dyn std::error::Error>> {
    println!("cargo:rerun-if-changed=schema");
    let files = protox::compile(["quorate/v1/uplink.proto", "quorate/v1/batch.proto"], ["schema"])?;
    tonic_prost_build::configure().bytes(".quorate.v1.Batch").compile_fds(files)?;
    Ok(())
}
