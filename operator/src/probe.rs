//! Whether a PostgreSQL answers. I/O: one TCP connection, bounded.

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
    async fn nobody_there_is_no_answer() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        drop(listener);
        assert!(!postgres_answers(&("127.0.0.1".to_owned(), port)).await);
    }
}
