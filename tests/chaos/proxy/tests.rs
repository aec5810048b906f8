use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::{Instant, timeout};

use super::*;

/// An echo server and its proxy.
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

async fn round_trip(stream: &mut TcpStream, text: &[u8]) -> std::io::Result<Vec<u8>> {
    stream.write_all(text).await?;
    let mut answer = vec![0; text.len()];
    stream.read_exact(&mut answer).await?;
    Ok(answer)
}

#[tokio::test]
async fn data_passes_both_ways_until_the_connection_is_cut() {
    let (proxy, _server) = echo().await;
    let mut stream = TcpStream::connect(proxy.address).await.expect("accepted");
    assert_eq!(
        round_trip(&mut stream, b"hello").await.expect("an answer"),
        b"hello"
    );
    proxy.cut();
    assert!(round_trip(&mut stream, b"hello").await.is_err());
    let counts = proxy.counts();
    assert_eq!((counts.passed, counts.cut), (1, 1));
}

#[tokio::test]
async fn a_refused_connection_is_closed_at_once_and_counted() {
    let (proxy, _server) = echo().await;
    proxy.set_mode(ProxyMode::Refuse);
    let mut stream = TcpStream::connect(proxy.address).await.expect("accepted");
    assert!(round_trip(&mut stream, b"hello").await.is_err());
    assert_eq!(proxy.counts().refused, 1);
}

#[tokio::test]
async fn an_answer_is_delayed_by_the_given_time() {
    let (proxy, _server) = echo().await;
    proxy.set_mode(ProxyMode::Delay(Duration::from_millis(50)));
    let mut stream = TcpStream::connect(proxy.address).await.expect("accepted");
    let start = Instant::now();
    round_trip(&mut stream, b"hello").await.expect("an answer");
    assert!(start.elapsed() >= Duration::from_millis(50));
    assert_eq!(proxy.counts().delayed, 1);
}

#[tokio::test]
async fn a_stalled_connection_continues_where_it_stopped() {
    let (proxy, _server) = echo().await;
    let mut stream = TcpStream::connect(proxy.address).await.expect("accepted");
    proxy.set_mode(ProxyMode::Stall);
    let limit = Duration::from_millis(50);
    let answer = timeout(limit, round_trip(&mut stream, b"hello")).await;
    assert!(answer.is_err(), "it answered");
    proxy.set_mode(ProxyMode::Pass);
    let mut answer = [0; 5];
    stream.read_exact(&mut answer).await.expect("an answer");
    assert_eq!(&answer, b"hello");
}

#[tokio::test]
async fn the_answer_of_a_writers_call_is_lost() {
    let (proxy, _server) = echo().await;
    proxy.cut_commits(1);
    let mut stream = TcpStream::connect(proxy.address).await.expect("accepted");
    let greeting = b"application_name confab-writer";
    round_trip(&mut stream, greeting).await.expect("an answer");
    assert!(round_trip(&mut stream, b"Bind").await.is_err());
    assert_eq!(proxy.counts().commits_cut, 1);
}

#[tokio::test]
async fn an_upstream_that_accepts_nothing_is_skipped() {
    let (proxy, _server) = echo().await;
    let nobody = SocketAddr::from((Ipv4Addr::LOCALHOST, 1));
    let upstream = proxy.shared.upstreams()[0];
    proxy.set_upstreams(vec![nobody, upstream]);
    for _ in 0..2 {
        let mut stream = TcpStream::connect(proxy.address).await.expect("accepted");
        round_trip(&mut stream, b"hello").await.expect("an answer");
    }
    assert_eq!(proxy.counts().refused, 0);
}
