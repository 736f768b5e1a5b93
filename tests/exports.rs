//! What the shared library shows to the world: exactly the functions in tests/abi/exports.txt, under the right SONAME.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::Command;

/// The library that cargo built beside this test.
fn library() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let path = test.with_file_name("liboxipipe.so");
    assert!(path.exists(), "{} is not there: the tests need the default features", path.display());
    path
}

fn output(program: &str, args: &[&str]) -> String {
    let output = Command::new(program).args(args).arg(library()).output().unwrap();
    assert!(output.status.success(), "{program}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn the_exported_symbols_are_those_on_the_list() {
    let list = include_str!("abi/exports.txt");
    let promised: BTreeSet<&str> = list.lines().collect();
    assert!(promised.iter().copied().eq(list.lines()), "tests/abi/exports.txt is sorted, without doubles");

    let symbols = output("nm", &["-D", "--defined-only", "--format=just-symbols"]);
    let exported: BTreeSet<&str> = symbols.lines().collect();
    let lost: Vec<_> = promised.difference(&exported).collect();
    let new: Vec<_> = exported.difference(&promised).collect();
    assert!(lost.is_empty() && new.is_empty(), "no longer exported: {lost:?}; not on the list: {new:?}");
}

#[test]
fn the_header_declares_what_is_exported() {
    let header = include_str!("../include/oxipipe/oxipipe.h");
    for symbol in include_str!("abi/exports.txt").lines() {
        assert!(header.contains(&format!("{symbol}(")), "{symbol} is exported but not declared");
    }
    let declared = header.lines().filter(|line| line.starts_with("OXP_API")).count();
    assert_eq!(declared, include_str!("abi/exports.txt").lines().count(), "functions declared and exported");
}

#[test]
fn the_soname_says_which_programs_fit() {
    let dynamic = output("readelf", &["-d"]);
    let abi = match env!("CARGO_PKG_VERSION_MAJOR") {
        "0" => concat!("0.", env!("CARGO_PKG_VERSION_MINOR")),
        major => major,
    };
    assert!(dynamic.contains(&format!("Library soname: [liboxipipe.so.{abi}]")), "{dynamic}");
}
