// A chat on centrifuge, as small as one can be, for tests/bench/peers: a send is an RPC that inserts the message into PostgreSQL,
// then publishes it to the channel of its conversation. Redis connects the nodes. Nobody is authenticated, and nobody's
// membership is checked.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"log"
	"net/http"
	"runtime"
	"runtime/debug"
	"time"

	"github.com/centrifugal/centrifuge"
	"github.com/jackc/pgx/v5/pgxpool"
)

// The same number for every peer.
const databaseConnections = 20

type message struct {
	ID           int64     `json:"id"`
	Conversation int64     `json:"conversation"`
	Sender       string    `json:"sender"`
	Body         string    `json:"body"`
	At           time.Time `json:"at"`
}

func main() {
	listen := flag.String("listen", "", "address to serve")
	redis := flag.String("redis", "", "address of Redis")
	database := flag.String("database", "", "URL of PostgreSQL")
	version := flag.Bool("version", false, "print the versions")
	flag.Parse()
	if *version {
		fmt.Println(versions())
		return
	}
	pool := must(connect(*database))
	node := must(centrifuge.New(centrifuge.Config{}))
	shard := must(centrifuge.NewRedisShard(node, centrifuge.RedisShardConfig{Address: *redis}))
	broker := must(centrifuge.NewRedisBroker(node, centrifuge.RedisBrokerConfig{Shards: []*centrifuge.RedisShard{shard}}))
	node.SetBroker(broker)
	node.OnConnect(func(client *centrifuge.Client) {
		client.OnSubscribe(func(_ centrifuge.SubscribeEvent, done centrifuge.SubscribeCallback) {
			done(centrifuge.SubscribeReply{}, nil)
		})
		client.OnRPC(func(event centrifuge.RPCEvent, done centrifuge.RPCCallback) {
			reply, err := send(pool, node, client.UserID(), event.Data)
			done(centrifuge.RPCReply{Data: reply}, err)
		})
	})
	if err := node.Run(); err != nil {
		log.Fatal(err)
	}
	// The buffer pool is what centrifuge advises for many connections.
	sockets := centrifuge.NewWebsocketHandler(node, centrifuge.WebsocketConfig{UseWriteBufferPool: true})
	http.Handle("/connection/websocket", signIn(sockets))
	log.Fatal(http.ListenAndServe(*listen, nil))
}

func connect(url string) (*pgxpool.Pool, error) {
	config, err := pgxpool.ParseConfig(url)
	if err != nil {
		return nil, err
	}
	config.MaxConns = databaseConnections
	return pgxpool.NewWithConfig(context.Background(), config)
}

func send(pool *pgxpool.Pool, node *centrifuge.Node, sender string, data []byte) ([]byte, error) {
	sent := message{Sender: sender}
	if err := json.Unmarshal(data, &sent); err != nil {
		return nil, centrifuge.ErrorBadRequest
	}
	const insert = "INSERT INTO messages (conversation, sender, body) VALUES ($1, $2, $3) RETURNING id, at"
	row := pool.QueryRow(context.Background(), insert, sent.Conversation, sent.Sender, sent.Body)
	if err := row.Scan(&sent.ID, &sent.At); err != nil {
		log.Printf("could not insert: %v", err)
		return nil, centrifuge.ErrorInternal
	}
	encoded, err := json.Marshal(sent)
	if err != nil {
		return nil, err
	}
	if _, err := node.Publish(fmt.Sprintf("conversation:%d", sent.Conversation), encoded); err != nil {
		log.Printf("could not publish: %v", err)
		return nil, centrifuge.ErrorInternal
	}
	return []byte(fmt.Sprintf(`{"id":%d}`, sent.ID)), nil
}

// Anyone is who the query says.
func signIn(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		who := &centrifuge.Credentials{UserID: r.URL.Query().Get("user")}
		next.ServeHTTP(w, r.WithContext(centrifuge.SetCredentials(r.Context(), who)))
	})
}

func versions() string {
	info, _ := debug.ReadBuildInfo()
	for _, module := range info.Deps {
		if module.Path == "github.com/centrifugal/centrifuge" {
			return fmt.Sprintf("centrifuge %s (%s)", module.Version, runtime.Version())
		}
	}
	return "centrifuge"
}

func must[T any](value T, err error) T {
	if err != nil {
		log.Fatal(err)
	}
	return value
}
