use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::{Instant, timeout};

use super::*;

/// A server that says back what it is told, and its proxy.
async fn echo() -> (Proxy, JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("it listens");
    let serving = tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let (mut from, mut to) = stream.split();
                let _ = tokio::io::copy(&mut from, &mut to).await;
            });
        }
    });
    let proxy = Proxy::start(vec![address]).await.expect("it starts");
    (proxy, serving)
}

async fn say(stream: &mut TcpStream, text: &[u8]) -> std::io::Result<Vec<u8>> {
    stream.write_all(text).await?;
    let mut heard = vec![0; text.len()];
    stream.read_exact(&mut heard).await?;
    Ok(heard)
}

#[tokio::test]
async fn what_is_said_passes_both_ways_until_it_is_cut() {
    let (proxy, _server) = echo().await;
    let mut stream = TcpStream::connect(proxy.address).await.expect("taken");
    assert_eq!(
        say(&mut stream, b"hello").await.expect("an answer"),
        b"hello"
    );
    proxy.cut();
    assert!(say(&mut stream, b"hello").await.is_err());
    let counts = proxy.counts();
    assert_eq!((counts.passed, counts.cut), (1, 1));
}

#[tokio::test]
async fn a_refused_connection_is_closed_at_once_and_counted() {
    let (proxy, _server) = echo().await;
    proxy.behave(Manner::Refuse);
    let mut stream = TcpStream::connect(proxy.address).await.expect("taken");
    assert!(say(&mut stream, b"hello").await.is_err());
    assert_eq!(proxy.counts().refused, 1);
}

#[tokio::test]
async fn an_answer_comes_late_by_what_was_asked_for() {
    let (proxy, _server) = echo().await;
    proxy.behave(Manner::Late(Duration::from_millis(50)));
    let mut stream = TcpStream::connect(proxy.address).await.expect("taken");
    let start = Instant::now();
    say(&mut stream, b"hello").await.expect("an answer");
    assert!(start.elapsed() >= Duration::from_millis(50));
    assert_eq!(proxy.counts().late, 1);
}

#[tokio::test]
async fn a_stalled_connection_goes_on_where_it_was() {
    let (proxy, _server) = echo().await;
    let mut stream = TcpStream::connect(proxy.address).await.expect("taken");
    proxy.behave(Manner::Stall);
    let limit = Duration::from_millis(50);
    let answer = timeout(limit, say(&mut stream, b"hello")).await;
    assert!(answer.is_err(), "it said something");
    proxy.behave(Manner::Pass);
    let mut heard = [0; 5];
    stream.read_exact(&mut heard).await.expect("an answer");
    assert_eq!(&heard, b"hello");
}

#[tokio::test]
async fn the_answer_of_a_writers_call_is_lost() {
    let (proxy, _server) = echo().await;
    proxy.cut_commits(1);
    let mut stream = TcpStream::connect(proxy.address).await.expect("taken");
    let greeting = b"application_name confab-writer";
    say(&mut stream, greeting).await.expect("an answer");
    assert!(say(&mut stream, b"Bind").await.is_err());
    assert_eq!(proxy.counts().midway, 1);
}

#[tokio::test]
async fn an_upstream_that_takes_nothing_is_passed_over() {
    let (proxy, _server) = echo().await;
    let nobody = SocketAddr::from((Ipv4Addr::LOCALHOST, 1));
    let upstream = proxy.shared.upstreams()[0];
    proxy.lead_to(vec![nobody, upstream]);
    for _ in 0..2 {
        let mut stream = TcpStream::connect(proxy.address).await.expect("taken");
        say(&mut stream, b"hello").await.expect("an answer");
    }
    assert_eq!(proxy.counts().refused, 0);
}
