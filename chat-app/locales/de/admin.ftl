# Verwaltung.
admin = Verwaltung
admin-people = Leute
admin-rooms = Räume
admin-invites = Einladungen
admin-messages = Nachrichten
admin-bots = Bots
admin-log = Protokoll
admin-search = Suchen
admin-more = Mehr
admin-none = Nichts gefunden.
admin-is-admin = Verwaltet
admin-is-disabled = Gesperrt
admin-person-since = Dabei seit
admin-disable = Sperren
admin-enable = Entsperren
admin-sign-out = Überall abmelden
admin-make-admin = Verwaltung übertragen
admin-unmake-admin = Verwaltung entziehen
admin-reset-link = Link für ein neues Passwort erstellen
admin-reset-link-made = Mit diesem Link kann { $name } innerhalb von 24 Stunden einmal ein neues Passwort setzen. Der Link wird nur jetzt angezeigt.
admin-link-relative = Dieser Chat kennt seine eigene Adresse nicht. Setz die davor, unter der man ihn öffnet.
admin-last-admin = Mindestens eine Person muss den Chat verwalten.
admin-room-public = Öffentlich
admin-room-private = Privat
admin-room-members = { $count ->
    [one] { $count } Mitglied
   *[other] { $count } Mitglieder
}
admin-room-title = Name
admin-room-rename = Umbenennen
admin-room-remove = Entfernen
admin-invite-new = Neue Einladung
admin-invite-days = Gültigkeit (Tage)
admin-invite-uses = Maximale Anzahl von Nutzungen
admin-invite-bad = Gib 1 bis 365 Tage und 1 bis 1000 Nutzungen an.
admin-invite-make = Link erstellen
admin-invite-made = Teile diesen Link. Er wird nur jetzt angezeigt.
admin-invite-uses-of = { $uses } von { $max } genutzt
admin-invite-until = bis
admin-invite-by = von { $name }
admin-invite-over = Nicht mehr gültig
admin-invite-revoke = Zurückziehen
admin-invite-closed = Es können keine Konten angelegt werden: Einladungen gelten erst, wenn das wieder möglich ist.
admin-message-remove = Eine Nachricht entfernen
admin-message-link = Link zur Nachricht
admin-message-link-hint = Öffne das Menü der Nachricht und kopier ihren Link. An ihrer Stelle steht dann für alle, dass sie gelöscht wurde.
admin-message-link-bad = Dieser Link führt zu keiner Nachricht.
admin-retention = Aufbewahrung
admin-retention-days = { $count ->
    [one] Nachrichten werden nach { $count } Tag gelöscht.
   *[other] Nachrichten werden nach { $count } Tagen gelöscht.
}
admin-retention-none = Nachrichten werden unbegrenzt aufbewahrt. Ändern lässt sich das mit messageRetentionDays im ChatDeployment.
audit-set_up = { $actor } hat den Chat eingerichtet
audit-disable = { $actor } hat { $subject } gesperrt
audit-enable = { $actor } hat { $subject } entsperrt
audit-sign_out = { $actor } hat { $subject } überall abgemeldet
audit-make_admin = { $actor } hat { $subject } die Verwaltung übertragen
audit-unmake_admin = { $actor } hat { $subject } die Verwaltung entzogen
audit-reset_link = { $actor } hat einen Passwort-Link für { $subject } erstellt
audit-invite = { $actor } hat Einladung { $detail } erstellt
audit-revoke_invite = { $actor } hat Einladung { $detail } zurückgezogen
audit-rename_room = { $actor } hat Raum { $place } in { $detail } umbenannt
audit-remove_member = { $actor } hat { $subject } aus Raum { $place } entfernt
audit-remove_message = { $actor } hat Nachricht { $detail } von { $subject } in Unterhaltung { $place } entfernt
audit-hook_create = { $actor } hat die Integration { $subject } in Raum { $place } angelegt
audit-hook_save = { $actor } hat die Integration { $subject } von Raum { $place } geändert
audit-hook_rotate = { $actor } hat der Integration { $subject } von Raum { $place } eine neue URL gegeben
audit-hook_disable = { $actor } hat die Integration { $subject } von Raum { $place } deaktiviert
audit-hook_enable = { $actor } hat die Integration { $subject } von Raum { $place } aktiviert
audit-hook_delete = { $actor } hat die Integration { $subject } von Raum { $place } gelöscht
audit-token_create = { $actor } hat das Zugriffstoken { $detail } für { $subject } angelegt
audit-token_revoke = { $actor } hat das Zugriffstoken { $detail } von { $subject } widerrufen
audit-bot_create = { $actor } hat den Bot { $subject } angelegt
audit-bot_delete = { $actor } hat den Bot { $detail } gelöscht
