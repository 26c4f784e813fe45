//! A wire between a journal and its server that loses things.
#![allow(dead_code, reason = "not every user needs all of it")]

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, mpsc};
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
    /// The same, and for answers too: the machine at the other end is gone.
    Silence,
}

/// What befalls whom.
struct State {
    fault: Fault,
    /// The number of the last connection that it befalls.
    last: u64,
    /// How many connections there were.
    made: u64,
    /// The size of the largest request that waits.
    held: usize,
    /// The port of the server that new connections reach.
    server: u16,
}

#[derive(Clone)]
struct Shared(Arc<(Mutex<State>, Condvar)>);

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.0.lock().unwrap()
    }

    fn fault_of(&self, connection: u64) -> Fault {
        self.lock().fault_of(connection)
    }

    /// Waits until the fault is another one.
    fn hold(&self, connection: u64, len: usize) {
        let mut state = self.lock();
        state.held = state.held.max(len);
        let waits = |state: &mut State| matches!(state.fault_of(connection), Fault::Hold | Fault::Silence);
        drop(self.0.1.wait_while(state, waits).unwrap());
    }
}

impl State {
    fn fault_of(&self, connection: u64) -> Fault {
        if connection <= self.last { self.fault } else { Fault::Pass }
    }
}

/// Forwards to a server; ends with the test's process.
pub struct Proxy {
    pub port: u16,
    shared: Shared,
    /// The answers that nobody got.
    pub lost: mpsc::Receiver<Vec<u8>>,
}

impl Proxy {
    pub fn before(server: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let state = State { fault: Fault::Pass, last: 0, made: 0, held: 0, server };
        let shared = Shared(Arc::new((Mutex::new(state), Condvar::new())));
        let (lose, lost) = mpsc::channel();
        let all = shared.clone();
        thread::spawn(move || {
            for client in listener.incoming() {
                let server = all.lock().server;
                // a server that is down hangs up
                let Ok(server) = TcpStream::connect(("127.0.0.1", server)) else { continue };
                connect(client.unwrap(), server, &all, &lose);
            }
        });
        Self { port, shared, lost }
    }

    /// New connections reach another server from now on, as when an address moves to another machine. Those that
    /// there are end with their server.
    pub fn turn_to(&self, server: u16) {
        self.shared.lock().server = server;
    }

    /// From now on for every connection.
    pub fn set(&self, fault: Fault) {
        self.put(fault, u64::MAX);
    }

    /// From now on for the connections that there are; others pass.
    pub fn set_for_those_there(&self, fault: Fault) {
        let made = self.shared.lock().made;
        self.put(fault, made);
    }

    fn put(&self, fault: Fault, last: u64) {
        let mut state = self.shared.lock();
        (state.fault, state.last, state.held) = (fault, last, 0);
        self.shared.0.1.notify_all();
    }

    /// The size of the largest request that waits.
    pub fn held(&self) -> usize {
        self.shared.lock().held
    }
}

fn connect(client: TcpStream, server: TcpStream, shared: &Shared, lose: &mpsc::Sender<Vec<u8>>) {
    let (client_too, server_too) = (client.try_clone().unwrap(), server.try_clone().unwrap());
    let (there, back, lose) = (shared.clone(), shared.clone(), lose.clone());
    let number = {
        let mut state = shared.lock();
        state.made += 1;
        state.made
    };
    thread::spawn(move || forward(client, server, &there, number));
    thread::spawn(move || backward(server_too, client_too, &back, number, &lose));
}

fn forward(mut client: TcpStream, mut server: TcpStream, shared: &Shared, number: u64) {
    let mut bytes = vec![0; 1 << 20];
    while let Ok(len @ 1..) = client.read(&mut bytes) {
        let now = shared.fault_of(number);
        let sent = match now {
            Fault::LoseRequest => 0,
            Fault::HalveRequest => len / 2,
            _ => len,
        };
        if matches!(now, Fault::Hold | Fault::Silence) {
            shared.hold(number, len);
        }
        if server.write_all(&bytes[..sent]).is_err() || sent < len {
            let _ = client.shutdown(Shutdown::Both);
            break;
        }
    }
    let _ = server.shutdown(Shutdown::Write);
}

fn backward(mut server: TcpStream, mut client: TcpStream, shared: &Shared, number: u64, lose: &mpsc::Sender<Vec<u8>>) {
    let mut bytes = vec![0; 1 << 20];
    while let Ok(len @ 1..) = server.read(&mut bytes) {
        let now = shared.fault_of(number);
        if now == Fault::Silence {
            shared.hold(number, 0);
        }
        if now == Fault::LoseAnswer || client.write_all(&bytes[..len]).is_err() {
            let _ = lose.send(bytes[..len].to_vec());
            break;
        }
    }
    let _ = (client.shutdown(Shutdown::Both), server.shutdown(Shutdown::Both));
}
