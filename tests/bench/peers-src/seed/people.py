"""Creates accounts without the cost of a password's hash for each, and prints the session cookie of each, for tests/bench/peers."""

import sys

import psycopg2
from seed import app

CREATE = """
    INSERT INTO users (name, password_hash)
    SELECT 'person-' || number, 'none' FROM generate_series(%s, %s) number RETURNING id, name"""

url, first, last = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
with psycopg2.connect(url) as connection, connection.cursor() as cursor:
    cursor.execute(CREATE, (first, last))
    people = cursor.fetchall()
serializer = app.session_interface.get_signing_serializer(app)
for user, name in people:
    print(serializer.dumps({"user": user, "name": name}))
