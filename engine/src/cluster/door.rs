//! Where other nodes ask: whatever is asked here is answered here, and never passed on.

use super::link::{Greeted, Keeper};
use super::wire::{Call, Reply, Request, Response};
use super::{Listener, Signals};
use crate::answer::NotDone;
use crate::local::Local;
use std::sync::Arc;
use std::time::Duration;
use store::receipt::Signer;
use tokio::io::AsyncWriteExt;
use tokio::net::tcp::OwnedWriteHalf;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;

/// How long to wait after a connection that could not be accepted: there are too many files, most often.
const BACKOFF: Duration = Duration::from_millis(50);
/// Replies that one write carries at most.
const TOGETHER_MAX: usize = 256;
/// No caller waits longer, whatever it says.
const PATIENCE_US_MAX: u64 = 60_000_000;

/// What answers other nodes.
#[derive(Clone)]
pub(super) struct Door {
    pub local: Arc<Local>,
    pub signer: Arc<Signer>,
    pub listener: Arc<dyn Listener>,
    pub keeper: Keeper,
    pub signals: Arc<Signals>,
}

impl Door {
    /// Lets nodes in until the process ends.
    pub async fn serve(self, listener: TcpListener) {
        loop {
            match listener.accept().await {
                Ok((stream, _)) => drop(tokio::spawn(self.clone().converse(stream))),
                Err(error) => {
                    tracing::warn!(%error, "a node could not be let in");
                    tokio::time::sleep(BACKOFF).await;
                }
            }
        }
    }

    async fn converse(self, stream: TcpStream) {
        let Greeted { mut reader, writer, mut calls, replies, .. } = match self.keeper.greet(stream, false).await {
            Ok(greeted) => greeted,
            Err(error) => return tracing::warn!(%error, "somebody was not let in at the nodes' door"),
        };
        let (sender, receiver) = mpsc::unbounded_channel();
        tokio::spawn(reply(writer, replies, receiver));
        let mut buffer = Vec::new();
        loop {
            match calls.read::<Call>(&mut reader, &mut buffer).await {
                Ok(Some(call)) => {
                    let (door, sender) = (self.clone(), sender.clone());
                    tokio::spawn(async move {
                        let reply = Reply { id: call.id, result: door.answer(call).await };
                        // whoever hung up can still ask by key
                        let _ = sender.send(reply);
                    });
                }
                Ok(None) => return,
                Err(error) => return tracing::warn!(%error, "a connection of another node broke"),
            }
        }
    }

    async fn answer(&self, Call { patience_us, request, .. }: Call) -> Result<Response, NotDone> {
        let patience_us = i64::try_from(patience_us.min(PATIENCE_US_MAX)).unwrap_or(0);
        let deadline = self.local.now().plus_micros(patience_us);
        match request {
            Request::Ask { voucher, ask } => {
                let answer = self.local.ask(voucher, ask, deadline).await?;
                Response::of(answer, self.local.partition_of(voucher), &self.signer)
            }
            Request::Barrier => self.local.barrier(deadline).await.map(Response::Durable),
            Request::Left => self.local.left_to_ledger(deadline).await.map(Response::Durable),
            Request::Find(sought) => Ok(Response::Found(self.local.find(sought))),
            Request::Look => {
                self.signals.look.notify_one();
                Ok(Response::Heard)
            }
            Request::Changed => {
                self.listener.changed().await;
                Ok(Response::Heard)
            }
        }
    }
}

/// Sends replies until the connection breaks, many with one write when many are ready.
async fn reply(mut writer: OwnedWriteHalf, mut seal: super::wire::Seal, mut replies: mpsc::UnboundedReceiver<Reply>) {
    let (mut together, mut out) = (Vec::new(), Vec::new());
    while replies.recv_many(&mut together, TOGETHER_MAX).await > 0 {
        for reply in together.drain(..) {
            if let Err(error) = seal.write(&reply, &mut out) {
                tracing::error!(%error, "a reply cannot be written down");
            }
        }
        if writer.write_all(&out).await.is_err() {
            return;
        }
        out.clear();
    }
}
