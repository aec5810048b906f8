"""The chat that Confab began as, written as a tutorial would write it, for tests/bench/peers.

Each worker is one process on gevent. A message is inserted into PostgreSQL, then produced to a Kafka topic, which every worker
consumes and emits to its own sockets.
"""

from gevent import monkey

monkey.patch_all()

from psycogreen.gevent import patch_psycopg

patch_psycopg()

import argparse
import json
import platform
from contextlib import contextmanager
from importlib.metadata import version

from flask import Flask, redirect, render_template, request, session, url_for
from flask_socketio import SocketIO, disconnect, join_room
from gevent.lock import BoundedSemaphore
from kafka import KafkaConsumer, KafkaProducer
from psycopg2.errors import UniqueViolation
from psycopg2.pool import ThreadedConnectionPool
from werkzeug.security import check_password_hash, generate_password_hash

DATABASE_CONNECTIONS = 20  # the same number for every peer
PAGE = 50

app = Flask(__name__, template_folder=".")
app.secret_key = "a secret of the benchmark"
socketio = SocketIO(app, async_mode="gevent")


class Database:
    """A pool that lets requests wait for a connection."""

    def __init__(self, url):
        self.free = BoundedSemaphore(DATABASE_CONNECTIONS)
        # A connection beyond the minimum would be closed after each use.
        self.pool = ThreadedConnectionPool(DATABASE_CONNECTIONS, DATABASE_CONNECTIONS, url)

    @contextmanager
    def cursor(self):
        with self.free:
            connection = self.pool.getconn()
            try:
                with connection, connection.cursor() as cursor:
                    yield cursor
            finally:
                self.pool.putconn(connection)


@app.route("/register", methods=["GET", "POST"])
def register():
    if request.method == "GET":
        return render_template("sign.html", title="Register")
    name, password = request.form["name"], request.form["password"]
    try:
        with app.db.cursor() as cursor:
            cursor.execute(
                "INSERT INTO users (name, password_hash) VALUES (%s, %s) RETURNING id",
                (name, generate_password_hash(password)),
            )
            session["user"], session["name"] = cursor.fetchone()[0], name
    except UniqueViolation:
        return render_template("sign.html", title="Register", error="That name is taken."), 409
    return redirect(url_for("room", conversation=1))


@app.route("/login", methods=["GET", "POST"])
def login():
    if request.method == "GET":
        return render_template("sign.html", title="Log in")
    name, password = request.form["name"], request.form["password"]
    with app.db.cursor() as cursor:
        cursor.execute("SELECT id, password_hash FROM users WHERE name = %s", (name,))
        found = cursor.fetchone()
    if not found or not check_password_hash(found[1], password):
        return render_template("sign.html", title="Log in", error="Wrong name or password."), 403
    session["user"], session["name"] = found[0], name
    return redirect(url_for("room", conversation=1))


@app.route("/rooms/<int:conversation>")
def room(conversation):
    if "user" not in session:
        return redirect(url_for("login"))
    with app.db.cursor() as cursor:
        cursor.execute(
            "SELECT id, sender, body, at FROM messages WHERE conversation = %s ORDER BY id DESC LIMIT %s",
            (conversation, PAGE),
        )
        messages = cursor.fetchall()[::-1]
        mark_read(cursor, conversation)
        # The badges: a room is in the list once its page was open.
        cursor.execute(
            """SELECT conversation, (SELECT count(*) FROM messages
                   WHERE messages.conversation = reads.conversation AND messages.id > reads.message)
               FROM reads WHERE user_id = %s ORDER BY conversation""",
            (session["user"],),
        )
        rooms = cursor.fetchall()
    return render_template("room.html", conversation=conversation, messages=messages, rooms=rooms)


def mark_read(cursor, conversation):
    cursor.execute(
        """INSERT INTO reads (user_id, conversation, message)
           VALUES (%s, %s, (SELECT coalesce(max(id), 0) FROM messages WHERE conversation = %s))
           ON CONFLICT (user_id, conversation) DO UPDATE SET message = excluded.message""",
        (session["user"], conversation, conversation),
    )


@socketio.on("connect")
def connected():
    if "user" not in session:
        disconnect()


@socketio.on("join")
def join(conversation):
    join_room(f"conversation:{conversation}")


@socketio.on("send")
def send(conversation, body):
    with app.db.cursor() as cursor:
        cursor.execute(
            "INSERT INTO messages (conversation, sender, body) VALUES (%s, %s, %s) RETURNING id, at",
            (conversation, session["name"], body),
        )
        number, at = cursor.fetchone()
    message = {"id": number, "conversation": conversation, "sender": session["name"], "body": body, "at": at.isoformat()}
    app.producer.send(app.topic, message)
    return {"id": number}


def relay(kafka):
    """Emits what any worker has produced."""
    for record in KafkaConsumer(app.topic, bootstrap_servers=kafka, value_deserializer=json.loads):
        message = record.value
        socketio.emit("message", message, to=f"conversation:{message['conversation']}")


def main():
    parser = argparse.ArgumentParser()
    for name in ("listen", "database", "kafka", "topic"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument(
        "--version",
        action="version",
        version=f"Flask-SocketIO {version('flask-socketio')} (Python {platform.python_version()})",
    )
    options = parser.parse_args()
    app.db = Database(options.database)
    app.topic = options.topic
    app.producer = KafkaProducer(
        bootstrap_servers=options.kafka, value_serializer=lambda value: json.dumps(value).encode()
    )
    socketio.start_background_task(relay, options.kafka)
    host, port = options.listen.split(":")
    socketio.run(app, host=host, port=int(port))


if __name__ == "__main__":
    main()
