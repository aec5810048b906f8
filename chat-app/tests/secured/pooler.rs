//! A pooler that assigns each transaction to any free server connection. Here it has one, which its clients share;
//! PgBouncer itself was tried by hand (docs/decisions.md).

use std::sync::Arc;

use sqlx::{ConnectOptions, PgPool};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Mutex;

use crate::migrate;

#[sqlx::test(migrations = false)]
async fn a_pooler_in_transaction_mode_is_refused_and_nothing_is_changed(pool: PgPool) {
    let options = pool.connect_options();
    let server = (options.get_host().to_owned(), options.get_port());
    let port = pooler(server).await;
    let through = options.as_ref().clone().host("127.0.0.1").port(port);
    let error = migrate(
        through.to_url_lossy().as_str(),
        &["--database-ssl-mode", "disable"],
    )
    .await
    .unwrap_err();
    assert!(error.contains("a pooler such as PgBouncer"), "{error}");
    let tables: i64 =
        sqlx::query_scalar("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'")
            .fetch_one(&pool)
            .await
            .unwrap();
    assert_eq!(tables, 0);
}

/// The server connection, and the parameters that the server sent at login.
struct Shared {
    server: TcpStream,
    greeting: Vec<u8>,
}

/// Starts a pooler for this server, and returns its port.
async fn pooler(server: (String, u16)) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        let (mut first, _) = listener.accept().await.unwrap();
        let shared = Arc::new(Mutex::new(log_in(&mut first, server).await));
        tokio::spawn(serve(first, shared.clone()));
        loop {
            let (mut client, _) = listener.accept().await.unwrap();
            startup(&mut client).await;
            let greeting = shared.lock().await.greeting.clone();
            client.write_all(&greeting).await.unwrap();
            tokio::spawn(serve(client, shared.clone()));
        }
    });
    port
}

/// The first client logs in to the server through the pooler.
async fn log_in(client: &mut TcpStream, server: (String, u16)) -> Shared {
    let mut server = TcpStream::connect(server).await.unwrap();
    server.write_all(&startup(client).await).await.unwrap();
    let mut greeting = Vec::new();
    loop {
        let message = message(&mut server).await.unwrap();
        client.write_all(&message).await.unwrap();
        match (message[0], message.get(5..9)) {
            (b'Z', _) => break greeting.extend(message),
            // The end of the login, then parameters and keys.
            (b'R', Some([0, 0, 0, 0])) | (b'S' | b'K', _) => greeting.extend(message),
            (b'R', Some([0, 0, 0, 12])) => {}
            (b'R', _) => {
                let answer = self::message(client).await.unwrap();
                server.write_all(&answer).await.unwrap();
            }
            other => panic!("{other:?}"),
        }
    }
    Shared { server, greeting }
}

/// The client has the server connection from its first message until no transaction is open.
async fn serve(mut client: TcpStream, shared: Arc<Mutex<Shared>>) {
    while let Some(mut next) = message(&mut client).await {
        let mut held = shared.lock().await;
        loop {
            let asks = matches!(next[0], b'Q' | b'S');
            if next[0] == b'X' {
                return;
            }
            held.server.write_all(&next).await.unwrap();
            if asks && answer(&mut held.server, &mut client).await == b'I' {
                break;
            }
            match message(&mut client).await {
                Some(message) => next = message,
                None => return,
            }
        }
    }
}

/// Forwards all messages of the server. Returns the state of the transaction after them.
async fn answer(server: &mut TcpStream, client: &mut TcpStream) -> u8 {
    loop {
        let message = message(server).await.unwrap();
        client.write_all(&message).await.unwrap();
        if message[0] == b'Z' {
            return message[5];
        }
    }
}

/// A startup message has a length and no type.
async fn startup(client: &mut TcpStream) -> Vec<u8> {
    let mut message = vec![0; 4];
    client.read_exact(&mut message).await.unwrap();
    let length = u32::from_be_bytes(message[..4].try_into().unwrap()) as usize;
    message.resize(length, 0);
    client.read_exact(&mut message[4..]).await.unwrap();
    message
}

/// Type, length and body. `None` if the other side has closed.
async fn message(from: &mut TcpStream) -> Option<Vec<u8>> {
    let mut message = vec![0; 5];
    from.read_exact(&mut message).await.ok()?;
    let length = u32::from_be_bytes(message[1..5].try_into().unwrap()) as usize;
    message.resize(length + 1, 0);
    from.read_exact(&mut message[5..]).await.ok()?;
    Some(message)
}
