//! What `packaging/container/Containerfile` begins with, made of this machine's own programs: nothing is fetched from a registry
//! of images. The one to build in has a `cargo` that puts the program under test in its place; the one to run in has the libraries
//! that this needs, and no more.
//!
//! The names are read from the Containerfile, so that another image there is stood in for as well; its Rust is held to that of
//! `rust-toolchain.toml`.

use crate::machine::Machine;
use crate::packaging::repository;

/// Podman there: nothing of what this machine may have, and no limits, since it may not have the right to set any.
const PODMAN: &str = r#"set -e
mkdir -p /etc/containers /var/lib/containers
mount -t tmpfs tmpfs /var/lib/containers
printf '%s\n' '[engine]' 'cgroup_manager = "cgroupfs"' 'events_logger = "none"' '[containers]' 'log_driver = "k8s-file"' \
    'cgroups = "disabled"' 'default_ulimits = ["nofile=20000:20000", "nproc=2000:2000"]' >/etc/containers/containers.conf
printf '%s\n' '[storage]' 'driver = "overlay"' 'runroot = "/run/containers/storage"' \
    'graphroot = "/var/lib/containers/storage"' >/etc/containers/storage.conf"#;

/// `image NAME PROGRAM...`: with these programs in its /bin, the libraries of all of them, and what is in /srv/image already.
const IMAGE: &str = r#"image() {
    local name=$1 root=/srv/image program library
    shift
    mkdir -p $root/bin $root/tmp $root/etc/ssl/certs
    cp /etc/ssl/certs/ca-certificates.crt $root/etc/ssl/certs/
    for program in "$@"; do cp "$(readlink -f "$(command -v "$program")")" "$root/bin/$program"; done
    for library in $(ldd $root/bin/* /srv/built/claviger 2>/dev/null | grep -o '/lib[^ ]*[^ :]' | sort -u); do
        [ -f "$library" ] && install -D "$library" "$root$library"
    done
    tar -C $root -c . | podman import --quiet - "$name" >/dev/null
    rm -r $root
}
set -e
"#;

/// Puts the images there, and the context that they are built with: with what is in it besides the sources as well.
pub(super) fn provide(machine: &Machine) {
    let read = |path: &str| std::fs::read_to_string(repository().join(path)).expect(path);
    let containerfile = read("packaging/container/Containerfile");
    let images: Vec<&str> = containerfile.lines().filter_map(|line| line.strip_prefix("FROM ")).collect();
    let [build, runs] = images[..] else { panic!("the Containerfile has two stages: {images:?}") };
    let build = build.strip_suffix(" AS build").expect("the stage to build in");
    let toolchain = read("rust-toolchain.toml");
    let version = build.split(['-', ':']).nth(1).expect("the version of Rust");
    assert!(
        toolchain.contains(&format!("channel = \"{version}\"")),
        "Rust {version} is not that of rust-toolchain.toml"
    );
    assert!(containerfile.contains(&format!("RUSTUP_TOOLCHAIN={version}\n")), "{containerfile}");

    for path in ["packaging/container/Containerfile", ".dockerignore", ".cargo/config.toml", "Cargo.toml", "Cargo.lock"]
    {
        machine.install(&repository().join(path), &format!("/srv/workplace/{path}"), "644");
    }
    machine.write("/srv/workplace/crates/claviger/Cargo.toml", "644", "");
    machine.write("/srv/workplace/.env", "600", "CLAVIGER_SECRET=not-for-an-image");
    machine.ok(PODMAN);
    let cargo = "#!/bin/sh\n\
                 [ \"$*\" = 'build --release --locked' ] && [ -f Cargo.lock ] && [ -d crates ] && [ -f .cargo/config.toml ] &&\n\
                 [ ! -e .env ] && [ ! -e target ] && [ ! -e docs ] &&\n\
                 mkdir -p target/release && cp /built/claviger target/release/claviger\n";
    machine.write("/srv/image/bin/cargo", "755", cargo);
    machine.ok("install -D -m 755 /srv/built/claviger /srv/image/built/claviger");
    machine.ok(&format!("{IMAGE} image {build} sh cp mkdir"));
    machine.ok(&format!("{IMAGE} image {runs}"));
}
