# Pinned messages of a conversation, and messages that a person saves for themselves.
pin = Pin
unpin = Unpin
unpin-named = Unpin the message from { $name }
pins-title = Pinned messages
pins-count = { $count ->
    [one] { $count } pinned message
   *[other] { $count } pinned messages
}
pins-by = pinned by { $name }
pins-none = Nothing is pinned yet
pins-none-hint = Pin a message from its menu, and everyone in this conversation finds it here.
pins-too-many = A conversation has at most { $limit } pinned messages. Unpin one that is no longer needed.
save-for-later = Save for later
unsave = Remove from saved
unsave-named = Remove the message from { $name } from saved
saved-title = Saved messages
saved-done = Saved for later
saved-undone = Removed from saved
saved-private = Only you see what you save.
saved-older = Saved earlier
saved-no-more = Nothing was saved earlier
saved-none = Nothing saved yet
saved-none-hint = Save a message from its menu to come back to it. Only you see what you save.
saved-too-many = You have { $limit } saved messages, which is the most there can be. Remove one that you no longer need.
