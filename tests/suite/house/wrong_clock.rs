//! A way to a PostgreSQL server on which the server's clock is read wrongly.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::thread;

/// Digits of a time in microseconds since 1970.
const DIGITS: usize = 16;

/// Passes connections on to a port of 127.0.0.1. Every time in microseconds that the server tells is a day or so off. It has threads
/// of its own, for tests that wait for a command; they end with the process.
pub(crate) struct WrongClock {
    port: u16,
}

impl WrongClock {
    pub(crate) fn before(port: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let own = listener.local_addr().expect("it is bound").port();
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let Ok(server) = TcpStream::connect(("127.0.0.1", port)) else { continue };
                let (to_client, to_server) =
                    (client.try_clone().expect("a socket"), server.try_clone().expect("a socket"));
                thread::spawn(move || pass_on(client, to_server, false));
                thread::spawn(move || pass_on(server, to_client, true));
            }
        });
        Self { port: own }
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }
}

fn pass_on(mut from: TcpStream, mut to: TcpStream, lies: bool) {
    let mut buffer = [0; 8 * 1024];
    while let Ok(length @ 1..) = from.read(&mut buffer) {
        let part = &mut buffer[..length];
        if lies {
            turn_back(part);
        }
        if to.write_all(part).is_err() {
            break;
        }
    }
    let _ = to.shutdown(Shutdown::Both);
}

/// Exchanges the digit of each time that counts hundred thousands of seconds.
fn turn_back(part: &mut [u8]) {
    let mut run = 0;
    for at in 0..=part.len() {
        if part.get(at).is_some_and(u8::is_ascii_digit) {
            run += 1;
            continue;
        }
        if run == DIGITS {
            let digit = &mut part[at - DIGITS + 4];
            *digit = if *digit == b'0' { b'1' } else { *digit - 1 };
        }
        run = 0;
    }
}
