# In messages and notices, inserted by the language's style sheet. `{ "" }` keeps the space at an end.
you = You:{ " " }
unread = { " " }unread
mentioned = { " " }mentions
former = Former member
# Beside the name of an integration; $text is that name where the message has another one.
app = App
app-of = App { $text }
edited = (edited)
pinned = Pinned by { $actor }
deleted = This message was deleted.
photo = Photo
# $count is 2 or more.
photos = { $count } photos
files = { $count } files
notice-created = { $actor } started this conversation
notice-joined = { $actor } joined
notice-added = { $actor } added { $subject }
notice-left = { $actor } left
notice-removed = { $actor } removed { $subject }
notice-renamed = { $actor } changed the name to “{ $text }”
notice-topic = { $actor } changed the topic to “{ $text }”
notice-promoted = { $subject } is now an owner
notice-demoted = { $subject } is no longer an owner
notice-imported = Imported from { $text }
