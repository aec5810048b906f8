# Pinned messages of a conversation, and messages that a person saves for themselves.
pin = Anheften
unpin = Nicht mehr anheften
unpin-named = Nachricht von { $name } nicht mehr anheften
pins-title = Angeheftete Nachrichten
pins-count = { $count ->
    [one] { $count } angeheftete Nachricht
   *[other] { $count } angeheftete Nachrichten
}
pins-by = angeheftet von { $name }
pins-none = Noch nichts angeheftet
pins-none-hint = Hefte eine Nachricht über ihr Menü an, und alle in dieser Unterhaltung finden sie hier.
pins-too-many = Eine Unterhaltung hat höchstens { $limit } angeheftete Nachrichten. Löse eine, die nicht mehr gebraucht wird.
save-for-later = Für später merken
unsave = Nicht mehr merken
unsave-named = Nachricht von { $name } nicht mehr merken
saved-title = Gemerkte Nachrichten
saved-done = Für später gemerkt
saved-undone = Nicht mehr gemerkt
saved-private = Nur du siehst, was du dir merkst.
saved-older = Früher gemerkte
saved-no-more = Früher wurde nichts gemerkt
saved-none = Noch nichts gemerkt
saved-none-hint = Merke dir eine Nachricht über ihr Menü, um darauf zurückzukommen. Nur du siehst, was du dir merkst.
saved-too-many = Du hast dir { $limit } Nachrichten gemerkt, mehr geht nicht. Entferne eine, die du nicht mehr brauchst.
