# Errors: a heading and a sentence each.
error-not-found-heading = Page not found
error-not-found = This page doesn’t exist, or you don’t have access to it.
error-signed-out-heading = Logged out
error-signed-out = Log in to continue.
error-bad-request-heading = That didn’t work
error-bad-request = The chat couldn’t process the request. Go back, reload the page and try again.
error-cross-origin-heading = Request blocked
error-cross-origin = The request came from another site. Open the chat itself and try again there.
error-too-large-heading = Too large
error-too-large = This is more than the chat accepts at once. Send it in parts.
error-registration-closed-heading = Sign-up is closed
error-registration-closed = New accounts can’t be created here. Ask an administrator of this chat.
error-invite-needed-heading = Invitation required
error-invite-needed = You need an invitation to create an account. Ask an administrator of this chat for a link.
error-link-spent-heading = This link is no longer valid
error-link-spent = It has expired, was used up or was revoked. Ask for a new one.
error-too-many-attempts-heading = Too many attempts
error-too-many-attempts = { $seconds ->
    [one] There were too many attempts. Try again in { $seconds } second.
   *[other] There were too many attempts. Try again in { $seconds } seconds.
}
error-busy-heading = Very busy
error-busy = Many people are logging in right now. Try again in a few seconds.
error-writer-busy-heading = Very busy
error-writer-busy = The message has not been sent yet: the chat is very busy. You can safely send it again.
error-not-sent-yet-heading = Not sent yet
error-not-sent-yet = The message has not been sent yet: the chat can’t reach its database. You can safely send it again.
error-database-away-heading = Back in a moment
error-database-away = The chat can’t reach its database right now. Nothing is lost. Try again in a few seconds.
error-timed-out-heading = That took too long
error-timed-out = The chat didn’t respond in time. Try again in a few seconds.
error-internal-heading = Something went wrong
error-internal = This is an error in the chat, not yours. It has been logged; try again later.
error-reference = Reference:
error-go-home = Go to { $title }
error-forbidden-heading = Not allowed
error-forbidden = Only the owners can do this.
error-proof-needed-heading = Password required
error-proof-needed = Enter your password again first: open /confirm.
error-blocked-heading = Not sent
error-blocked = This person doesn’t accept messages from you.
error-no-attachment-heading = Not sent
error-no-attachment = A file of this message no longer exists. Attach it again.
message-empty = Write a message first.
message-too-long = This message has { $length } characters; { $limit } are allowed. Send it in parts, or as a file.
message-control-characters = This message has control characters, which can’t be sent. Paste it as plain text.
