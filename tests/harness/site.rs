//! An application's own website: a real HTTPS server on this machine that answers as a test wants.

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair, date_time_ymd};
use rustls::{
    ServerConfig, ServerConnection, StreamOwned,
    crypto::ring,
    pki_types::{CertificateDer, PrivateKeyDer},
};
use serde_json::Value;
use vault_core::HttpsDocuments;

/// How long the helper under test may take for one document.
const TIME_LIMIT: Duration = Duration::from_secs(3);

/// A website.
#[derive(Debug)]
pub struct Site {
    address: SocketAddr,
    authority: Vec<u8>,
    answer: Arc<Mutex<Reply>>,
    asked: Arc<AtomicUsize>,
    stopping: Arc<AtomicBool>,
    serving: Option<JoinHandle<()>>,
}

/// What it answers.
#[derive(Clone, Debug)]
pub enum Reply {
    /// JSON.
    Json(Value),
    /// A head and a body as they stand.
    Raw(String),
    /// A head that promises JSON, and then so many bytes.
    Bytes(usize),
    /// A head that promises JSON, and then one byte after another with a pause between them.
    Drip,
    /// Nothing at all.
    Silence,
}

/// What its certificate is like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Paper {
    /// As it must be.
    Good,
    /// Over since 2021.
    Expired,
    /// Of an authority that nobody trusts.
    Foreign,
}

impl Site {
    /// A website of a domain with a good certificate.
    pub fn of(domain: &str, answer: Reply) -> Self {
        Self::with_paper(domain, answer, Paper::Good)
    }

    /// A website of a domain.
    pub fn with_paper(domain: &str, answer: Reply, paper: Paper) -> Self {
        let (authority, config) = tls(domain, paper);
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (answer, asked) = (Arc::new(Mutex::new(answer)), Arc::new(AtomicUsize::new(0)));
        let stopping = Arc::new(AtomicBool::new(false));
        let (said, counted, stop) = (Arc::clone(&answer), Arc::clone(&asked), Arc::clone(&stopping));
        let serving = thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if stop.load(Ordering::SeqCst) {
                    return;
                }
                let (config, reply) = (Arc::clone(&config), said.lock().unwrap().clone());
                let counted = Arc::clone(&counted);
                thread::spawn(move || serve(stream, config, &reply, &counted));
            }
        });
        Self {
            address,
            authority,
            answer,
            asked,
            stopping,
            serving: Some(serving),
        }
    }

    /// Answers otherwise from now on.
    pub fn answers(&self, reply: Reply) {
        *self.answer.lock().unwrap() = reply;
    }

    /// How many requests it has answered.
    pub fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }

    /// What asks it, under whichever name.
    pub fn documents(&self) -> HttpsDocuments {
        HttpsDocuments::of_one_host(&self.authority, self.address, TIME_LIMIT)
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        self.stopping.store(true, Ordering::SeqCst);
        // One more connection, so that the listener looks up.
        drop(TcpStream::connect(self.address));
        self.serving.take().map(JoinHandle::join);
    }
}

/// The authority that is trusted, and what the site shows.
fn tls(domain: &str, paper: Paper) -> (Vec<u8>, Arc<ServerConfig>) {
    let (trusted, issuer) = authority();
    let (_, foreign) = authority();
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(vec![domain.to_owned()]).unwrap();
    if paper == Paper::Expired {
        params.not_before = date_time_ymd(2020, 1, 1);
        params.not_after = date_time_ymd(2021, 1, 1);
    }
    let issuer = if paper == Paper::Foreign { foreign } else { issuer };
    let certificate = params.signed_by(&key, &issuer).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(
            vec![CertificateDer::from(certificate)],
            PrivateKeyDer::try_from(key.serialize_der()).unwrap(),
        )
        .unwrap();
    (trusted, Arc::new(config))
}

fn authority() -> (Vec<u8>, Issuer<'static, KeyPair>) {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let certificate = params.self_signed(&key).unwrap();
    (certificate.der().to_vec(), Issuer::new(params, key))
}

/// A client that goes away in the middle is no failure of the site.
fn serve(stream: TcpStream, config: Arc<ServerConfig>, reply: &Reply, asked: &AtomicUsize) {
    let Ok(connection) = ServerConnection::new(config) else {
        return;
    };
    let mut stream = StreamOwned::new(connection, stream);
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read(&mut byte) {
            Ok(1) => head.push(byte[0]),
            _ => return,
        }
    }
    asked.fetch_add(1, Ordering::SeqCst);
    let expected = head.starts_with(b"GET /.well-known/pv-app.json HTTP/1.1\r\n");
    assert!(expected, "{}", String::from_utf8_lossy(&head));
    let _ = answer(&mut stream, reply);
    stream.conn.send_close_notify();
    let _ = stream.flush();
}

fn answer(stream: &mut impl Write, reply: &Reply) -> std::io::Result<()> {
    const JSON: &str = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\n\r\n";
    match reply {
        Reply::Json(value) => write!(stream, "{JSON}{value}"),
        Reply::Raw(text) => stream.write_all(text.as_bytes()),
        Reply::Bytes(count) => {
            stream.write_all(JSON.as_bytes())?;
            (0..count.div_ceil(1024)).try_for_each(|_| stream.write_all(&[b' '; 1024]))
        }
        Reply::Drip => {
            stream.write_all(JSON.as_bytes())?;
            for _ in 0..600 {
                stream.write_all(b" ")?;
                stream.flush()?;
                thread::sleep(Duration::from_millis(100));
            }
            Ok(())
        }
        Reply::Silence => {
            thread::sleep(TIME_LIMIT * 3);
            Ok(())
        }
    }
}
