#!/usr/bin/env python3
"""A bot that repeats what is said to it: a message "@NAME …" in one of its rooms is answered with its text, as a reply.

It needs Python 3.9 or newer and nothing else. It misses no message and answers none twice, however often it, its connection or
a replica of the chat ends: docs/api.md explains why.

usage: CHAT=https://chat.example.com TOKEN=confab_… examples/bots/echo.py
"""

import json
import os
import time
import urllib.error
import urllib.request
import uuid

API = os.environ["CHAT"] + "/api/v1"
# An answer has the same id whenever it is sent again, so it is the same message.
ANSWERS = uuid.UUID("5c0f5a0e-4f0b-4a4e-9c5e-6d1f0f7b2a11")


def request(method, path, body=None, **headers):
    """Sends a request; repeats it while the chat cannot serve it."""
    headers["Authorization"] = "Bearer " + os.environ["TOKEN"]
    data = None
    if body is not None:
        headers["Content-Type"] = "application/json"
        data = json.dumps(body).encode()
    while True:
        try:
            return urllib.request.urlopen(urllib.request.Request(API + path, data, headers, method=method), timeout=30)
        except urllib.error.HTTPError as error:
            if error.code not in (429, 503):
                raise
            time.sleep(int(error.headers.get("Retry-After", 1)))
        except OSError:
            time.sleep(1)


def read(path):
    return json.load(request("GET", path))


class Bot:
    def __init__(self):
        self.me = read("/me")
        # By conversation, the rev up to which everything is answered.
        self.revs = {}

    def conversations(self):
        """The id and the rev of each of its conversations."""
        page = {"next": ""}
        while page["next"] is not None:
            page = read("/conversations" + ("?after=" + page["next"] if page["next"] else ""))
            for conversation in page["conversations"]:
                yield conversation["id"], conversation["rev"]

    def handle(self, event):
        if event["type"] == "change":
            # A room that it was added to begins here.
            self.revs.setdefault(event["conversation"], event["after"])
        if event["type"] in ("change", "conversation"):
            self.catch_up(event["conversation"])
        elif event["type"] == "reset":
            for conversation, _ in self.conversations():
                self.catch_up(conversation)

    def catch_up(self, conversation):
        """Answers what is new in a conversation."""
        more = True
        while more:
            rev = self.revs.get(conversation, 0)
            try:
                page = read(f"/conversations/{conversation}/messages?after_rev={rev}&limit=100")
            except urllib.error.HTTPError as error:
                if error.code != 404:
                    raise
                # It was removed from the room.
                self.revs.pop(conversation, None)
                return
            for message in page["messages"]:
                self.answer(message)
            self.revs[conversation], more = page["rev"], page["more"]

    def answer(self, message):
        name = "@" + self.me["name"]
        if message["sender"] == self.me["id"] or not message["body"].startswith(name + " "):
            return
        place = f"/conversations/{message['conversation']}/messages"
        body = {
            "client_id": str(uuid.uuid5(ANSWERS, f"{place}/{message['seq']}")),
            "body": message["body"][len(name) + 1:],
            "reply_to": message["seq"],
        }
        request("POST", place, body).close()

    def follow(self, cursor):
        """Handles events until the stream ends; returns the last cursor."""
        headers = {"Last-Event-ID": cursor} if cursor else {}
        with request("GET", "/events", **headers) as stream:
            try:
                for line in stream:
                    field, _, value = line.decode().rstrip("\n").partition(": ")
                    if field == "data":
                        self.handle(json.loads(value))
                    elif field == "id":
                        if not cursor:
                            # It answers nothing that was said before.
                            self.revs = dict(self.conversations())
                            print(f"{self.me['name']} listens", flush=True)
                        cursor = value
            except OSError:
                pass
        return cursor


def main():
    bot, cursor = Bot(), None
    while True:
        cursor = bot.follow(cursor)
        time.sleep(1)


main()
