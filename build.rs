//! Gives the shared library its name and version; generates nothing.

use std::env;

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    let os = env::var("CARGO_CFG_TARGET_OS").unwrap_or_default();
    let part = |name: &str| env::var(format!("CARGO_PKG_VERSION_{name}")).unwrap_or_default();
    // While the major version is 0, every minor version may break the ABI, so it is part of the name.
    let major = part("MAJOR");
    let version = if major == "0" { format!("{major}.{}", part("MINOR")) } else { major };
    if os == "macos" {
        println!("cargo:rustc-cdylib-link-arg=-Wl,-install_name,@rpath/liboxipipe.{version}.dylib");
    } else if os != "windows" {
        println!("cargo:rustc-cdylib-link-arg=-Wl,-soname,liboxipipe.so.{version}");
    }
}
