//! Runs the fake Google: `fake-google --port N`, 0 for any port. Prints one JSON line and stays up.

use std::io::Write as _;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut port = 0;
    let mut args = std::env::args().skip(1);
    while let Some(arg) = args.next() {
        match arg.as_str() {
            "--port" => port = args.next().ok_or("--port needs a number")?.parse()?,
            other => return Err(format!("unknown argument {other}; usage: fake-google [--port N]").into()),
        }
    }
    let server = fake_google::server::start(port)?;
    let mut out = std::io::stdout();
    writeln!(out, "{{\"url\":\"{}\"}}", server.url())?;
    out.flush()?;
    loop {
        std::thread::park();
    }
}
