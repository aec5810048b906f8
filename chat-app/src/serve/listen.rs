//! Taking connections, many at once and each without waste. Does I/O.

use std::io;
use std::net::SocketAddr;

use axum::serve::{Listener, ListenerExt};
use socket2::SockRef;
use tokio::net::{TcpListener, TcpSocket, TcpStream};

/// Connections that wait in the kernel until they are taken. When a replica crashes, all of its browsers come to the others
/// at once; each that does not fit tries again after a whole second. The kernel's own limit (net.core.somaxconn) is as much.
const BACKLOG: u32 = 4096;
/// What the kernel may hold for one connection that does not read, in bytes; it takes twice that.
const SEND_BUFFER: usize = 128 * 1024;

/// Listens at this address.
pub(super) fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = match address {
        SocketAddr::V4(_) => TcpSocket::new_v4(),
        SocketAddr::V6(_) => TcpSocket::new_v6(),
    }?;
    // A replica that is started again does not wait for the end of its old connections.
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

/// Frames go out at once, not together with the next; and a browser that does not read takes little of the node's memory.
pub(super) fn tuned(listener: TcpListener) -> impl Listener<Addr = SocketAddr> {
    listener.tap_io(|connection: &mut TcpStream| {
        let tuned = connection
            .set_nodelay(true)
            .and_then(|()| SockRef::from(&*connection).set_send_buffer_size(SEND_BUFFER));
        if let Err(error) = tuned {
            tracing::debug!(%error, "could not set socket options of a connection");
        }
    })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use futures_util::future::try_join_all;

    use super::*;

    #[tokio::test]
    async fn many_connections_wait_until_they_are_taken() {
        let listener = listen("127.0.0.1:0".parse().unwrap()).unwrap();
        let address = listener.local_addr().unwrap();
        let many = try_join_all((0..400).map(|_| TcpStream::connect(address)));
        // Nobody takes them: one that the kernel has dropped would never be there.
        let there = tokio::time::timeout(Duration::from_secs(30), many).await;
        assert_eq!(there.expect("some are not there").unwrap().len(), 400);
    }
}
