// The server that tests/cluster/check runs in the cluster: it returns the name of its pod, fetches a URL for the caller, and
// accepts a WebSocket.
package main

import (
	"crypto/sha1"
	"encoding/base64"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"time"
)

func main() {
	pod, err := os.Hostname()
	if err != nil {
		log.Fatal(err)
	}
	client := http.Client{Timeout: 5 * time.Second}
	http.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { fmt.Fprintln(w, pod) })
	http.HandleFunc("/fetch", func(w http.ResponseWriter, r *http.Request) {
		response, err := client.Get(r.URL.Query().Get("url"))
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadGateway)
			return
		}
		defer response.Body.Close()
		io.Copy(w, response.Body)
	})
	http.HandleFunc("/socket", func(w http.ResponseWriter, r *http.Request) { greet(w, r, pod) })
	log.Fatal(http.ListenAndServe(":8080", nil))
}

// greet answers the handshake (RFC 6455, section 4.2.2) and sends one text frame.
func greet(w http.ResponseWriter, r *http.Request, text string) {
	connection, stream, err := w.(http.Hijacker).Hijack()
	if err != nil {
		return
	}
	defer connection.Close()
	accept := sha1.Sum([]byte(r.Header.Get("Sec-WebSocket-Key") + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"))
	fmt.Fprintf(stream, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n\r\n",
		base64.StdEncoding.EncodeToString(accept[:]))
	stream.Write(append([]byte{0x81, byte(len(text))}, text...))
	stream.Flush()
	io.Copy(io.Discard, connection)
}
