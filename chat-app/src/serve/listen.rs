//! The listening sockets, and the options of the connections. Does I/O.

use std::io;
use std::net::SocketAddr;

use axum::serve::{ListenerExt, TapIo};
use socket2::SockRef;
use tokio::net::{TcpListener, TcpSocket, TcpStream};

/// Connections that may wait in the kernel to be accepted. When a replica crashes, all its browsers connect to the others
/// at once; one that does not fit retries after a whole second. The kernel's own limit (net.core.somaxconn) is the same.
const BACKLOG: u32 = 4096;
/// What the kernel may buffer for a connection that does not read, in bytes; it uses twice that.
const SEND_BUFFER: usize = 128 * 1024;

/// axum takes the address of a client only from a listener whose type it knows.
pub(super) type Tuned = TapIo<TcpListener, fn(&mut TcpStream)>;

pub(super) fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = match address {
        SocketAddr::V4(_) => TcpSocket::new_v4(),
        SocketAddr::V6(_) => TcpSocket::new_v6(),
    }?;
    // A restarted replica does not wait for its old connections to time out.
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

/// Sends frames without delay, and bounds the memory that a browser that does not read takes.
pub(super) fn tuned(listener: TcpListener) -> Tuned {
    listener.tap_io(tune as fn(&mut TcpStream))
}

fn tune(connection: &mut TcpStream) {
    let tuned = connection
        .set_nodelay(true)
        .and_then(|()| SockRef::from(&*connection).set_send_buffer_size(SEND_BUFFER));
    if let Err(error) = tuned {
        tracing::debug!(%error, "could not set socket options of a connection");
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use futures_util::future::try_join_all;

    use super::*;

    #[tokio::test]
    #[cfg_attr(
        not(target_os = "linux"),
        ignore = "other systems allow a shorter queue"
    )]
    async fn many_connections_wait_to_be_accepted() {
        let listener = listen("127.0.0.1:0".parse().unwrap()).unwrap();
        let address = listener.local_addr().unwrap();
        let many = try_join_all((0..400).map(|_| TcpStream::connect(address)));
        // Nothing accepts them: one that the kernel has dropped would never be established.
        let there = tokio::time::timeout(Duration::from_secs(30), many).await;
        assert_eq!(there.expect("some are not there").unwrap().len(), 400);
    }
}
