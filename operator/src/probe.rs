//! Whether a PostgreSQL answers, and whether a chat has an admin. I/O: one TCP connection each, bounded.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

const LIMIT: Duration = Duration::from_secs(3);

/// An SSLRequest: its length, 8, and the code 80877103 (PostgreSQL's protocol, "SSLRequest"). The server
/// answers with S or N before authentication.
const SSL_REQUEST: [u8; 8] = [0, 0, 0, 8, 4, 210, 22, 47];

/// Whether a PostgreSQL server at this address answers within three seconds.
pub(crate) async fn postgres_answers((host, port): &(String, u16)) -> bool {
    let ask = async {
        let mut stream = TcpStream::connect((host.as_str(), *port)).await?;
        stream.write_all(&SSL_REQUEST).await?;
        stream.read_u8().await
    };
    matches!(timeout(LIMIT, ask).await, Ok(Ok(b'S' | b'N')))
}

/// For the answer of a replica, which a reconcile waits for.
const REPLICA: Duration = Duration::from_secs(1);

/// Whether the chat at this address has an admin: then its page for the first one is gone. None: no replica says.
pub(crate) async fn has_admin((host, port): (&str, u16)) -> Option<bool> {
    let ask = async {
        let mut stream = TcpStream::connect((host, port)).await?;
        let request = format!("GET /setup HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await?;
        let mut start = *b"HTTP/1.1 200";
        stream.read_exact(&mut start).await?;
        std::io::Result::Ok(start)
    };
    match &timeout(REPLICA, ask).await.ok()?.ok()?[9..] {
        b"200" => Some(false),
        b"404" => Some(true),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::net::TcpListener;

    async fn server(answer: &'static [u8]) -> (String, u16) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = [0; 8];
            stream.read_exact(&mut request).await.unwrap();
            assert_eq!(
                u32::from_be_bytes(request[4..].try_into().unwrap()),
                80_877_103
            );
            stream.write_all(answer).await.unwrap();
        });
        ("127.0.0.1".to_owned(), port)
    }

    #[tokio::test]
    async fn a_server_that_answers_the_ssl_request_is_postgresql() {
        assert!(postgres_answers(&server(b"N").await).await);
        assert!(postgres_answers(&server(b"S").await).await);
        assert!(!postgres_answers(&server(b"HTTP/1.1 400").await).await);
    }

    #[tokio::test]
    async fn a_chat_whose_page_for_the_first_admin_is_gone_has_one() {
        for (status, known) in [
            ("200 OK", Some(false)),
            ("404 Not Found", Some(true)),
            ("503 Service Unavailable", None),
        ] {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let port = listener.local_addr().unwrap().port();
            tokio::spawn(async move {
                let (mut stream, _) = listener.accept().await.unwrap();
                let mut request = [0; 16];
                stream.read_exact(&mut request).await.unwrap();
                assert_eq!(&request, b"GET /setup HTTP/");
                let answer = format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\n\r\n");
                stream.write_all(answer.as_bytes()).await.unwrap();
            });
            assert_eq!(has_admin(("127.0.0.1", port)).await, known, "{status}");
        }
    }

    #[tokio::test]
    async fn nobody_there_is_no_answer() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        drop(listener);
        assert!(!postgres_answers(&("127.0.0.1".to_owned(), port)).await);
    }
}
