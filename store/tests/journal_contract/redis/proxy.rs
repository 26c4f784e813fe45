//! A wire between a journal and its server that loses things.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, mpsc};
use std::thread;

/// What becomes of what is sent from now on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    Pass,
    /// The wire breaks before the request leaves.
    LoseRequest,
    /// Only its first half arrives.
    HalveRequest,
    /// It arrives, and the wire breaks before the answer does.
    LoseAnswer,
    /// It waits until the fault is another one, and then arrives, even if nobody waits any more.
    Hold,
}

type Shared = Arc<(Mutex<Fault>, Condvar)>;

/// Forwards to a server; ends with the test's process.
pub struct Proxy {
    pub port: u16,
    fault: Shared,
    /// The answers that nobody got.
    pub lost: mpsc::Receiver<Vec<u8>>,
}

impl Proxy {
    pub fn before(server: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let fault: Shared = Arc::new((Mutex::new(Fault::Pass), Condvar::new()));
        let (lose, lost) = mpsc::channel();
        let shared = Arc::clone(&fault);
        thread::spawn(move || {
            for client in listener.incoming() {
                let (client, server) = (client.unwrap(), TcpStream::connect(("127.0.0.1", server)).unwrap());
                let answers = (server.try_clone().unwrap(), client.try_clone().unwrap());
                let (requests, backwards, lose) = (Arc::clone(&shared), Arc::clone(&shared), lose.clone());
                thread::spawn(move || forward(client, server, &requests));
                thread::spawn(move || back(answers.0, answers.1, &backwards, &lose));
            }
        });
        Self { port, fault, lost }
    }

    pub fn set(&self, fault: Fault) {
        *self.fault.0.lock().unwrap() = fault;
        self.fault.1.notify_all();
    }
}

fn forward(mut client: TcpStream, mut server: TcpStream, fault: &Shared) {
    let mut bytes = vec![0; 1 << 20];
    while let Ok(len @ 1..) = client.read(&mut bytes) {
        let now = *fault.0.lock().unwrap();
        let sent = match now {
            Fault::LoseRequest => 0,
            Fault::HalveRequest => len / 2,
            _ => len,
        };
        if now == Fault::Hold {
            let held = fault.1.wait_while(fault.0.lock().unwrap(), |fault| *fault == Fault::Hold);
            drop(held.unwrap());
        }
        if server.write_all(&bytes[..sent]).is_err() || sent < len {
            let _ = client.shutdown(Shutdown::Both);
            break;
        }
    }
    let _ = server.shutdown(Shutdown::Write);
}

fn back(mut server: TcpStream, mut client: TcpStream, fault: &Shared, lose: &mpsc::Sender<Vec<u8>>) {
    let mut bytes = vec![0; 1 << 20];
    while let Ok(len @ 1..) = server.read(&mut bytes) {
        let lost = *fault.0.lock().unwrap() == Fault::LoseAnswer;
        if lost || client.write_all(&bytes[..len]).is_err() {
            let _ = lose.send(bytes[..len].to_vec());
            break;
        }
    }
    let _ = (client.shutdown(Shutdown::Both), server.shutdown(Shutdown::Both));
}
