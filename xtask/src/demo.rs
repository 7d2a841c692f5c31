//! `demo`: from a clone to an answer over HTTP.

use std::{
    env,
    net::{Ipv4Addr, TcpStream},
    process::Command,
};

use crate::steps::Steps;

pub fn demo(steps: &mut Steps) {
    let application = "fixtures/apps/conduit";
    let port: u16 = match env::var("PORT").unwrap_or_else(|_| "8787".to_owned()).parse() {
        Ok(port) if port > 0 => port,
        _ => return steps.fail("serve", "PORT is not a port number"),
    };
    if TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok() {
        return steps.fail("serve", &format!("port {port} is taken; set PORT to another one"));
    }
    let _ = build(steps, application) && serve(steps, application, port);
}

fn build(steps: &mut Steps, application: &str) -> bool {
    let package = "npm/kontract";
    let mut compiler = steps.cargo(["build", "--locked", "--bin", "kontract"]);
    let mut build = Command::new(steps.compiler("debug"));
    build.arg("build").arg(steps.path(application));
    let mut package_build = steps.npm(package, &["run", "build"]);
    // Only a link to npm/kontract: nothing is downloaded, so no lock file is needed.
    let mut link = steps.npm(
        application,
        &["install", "--omit=dev", "--no-package-lock", "--no-audit", "--no-fund"],
    );
    steps.run("build the compiler", &mut compiler)
        && steps.install(package, &[])
        && steps.run("build npm/kontract", &mut package_build)
        && steps.run(&format!("link npm/kontract into {application}"), &mut link)
        && steps.run(&format!("kontract build {application}"), &mut build)
}

fn serve(steps: &mut Steps, application: &str, port: u16) -> bool {
    // The application says so itself, once it has made something to read.
    println!(
        "\nTry it in another terminal, when it is listening:\n\n  \
         curl -s http://127.0.0.1:{port}/rpc/getArticle \
         -H 'content-type: application/json' -d '[\"welcome-to-conduit\"]'\n\n\
         Ctrl-C ends it."
    );
    let mut server = Command::new("node");
    server.arg("serve.mjs").env("PORT", port.to_string()).current_dir(steps.path(application));
    steps.run("serve", &mut server)
}
