//! Runs the fake Google: `fake-google --port N`, 0 for any port. Prints one JSON line and stays up.
//! `--discovery FILE`, or the environment, names the document which judges its requests and answers.

use std::io::Write as _;
use std::path::Path;

use fake_google::discovery::Discovery;

const USAGE: &str = "fake-google [--port N] [--discovery FILE]";

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut port = 0;
    let mut discovery = None;
    let mut args = std::env::args().skip(1);
    while let Some(arg) = args.next() {
        match arg.as_str() {
            "--port" => port = args.next().ok_or("--port needs a number")?.parse()?,
            "--discovery" => {
                let path = args.next().ok_or("--discovery needs a file")?;
                discovery = Some(Discovery::load(Path::new(&path))?);
            }
            other => return Err(format!("unknown argument {other}; usage: {USAGE}").into()),
        }
    }
    let server = match discovery {
        Some(discovery) => fake_google::server::start_with(port, Some(discovery))?,
        None => fake_google::server::start(port)?,
    };
    let mut out = std::io::stdout();
    writeln!(out, "{{\"url\":\"{}\"}}", server.url())?;
    out.flush()?;
    loop {
        std::thread::park();
    }
}
