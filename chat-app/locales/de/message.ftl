# In Nachrichten und Hinweisen, durch das Stylesheet der Sprache.
you = Du:{ " " }
unread = { " " }ungelesen
mentioned = { " " }Erwähnungen
former = Ehemaliges Mitglied
# Beside the name of an integration; $text is that name where the message has another one.
app = App
app-of = App { $text }
edited = (bearbeitet)
pinned = Angeheftet von { $actor }
deleted = Diese Nachricht wurde gelöscht.
photo = Foto
# $count is 2 or more.
photos = { $count } Fotos
files = { $count } Dateien
notice-created = { $actor } hat diese Unterhaltung begonnen
notice-joined = { $actor } ist beigetreten
notice-added = { $actor } hat { $subject } hinzugefügt
notice-left = { $actor } ist gegangen
notice-removed = { $actor } hat { $subject } entfernt
notice-renamed = { $actor } hat den Namen in „{ $text }“ geändert
notice-topic = { $actor } hat das Thema in „{ $text }“ geändert
notice-promoted = { $subject } ist jetzt mitverantwortlich
notice-demoted = { $subject } ist nicht mehr mitverantwortlich
notice-imported = Aus { $text } übernommen
