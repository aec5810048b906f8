# Gruppen und Räume.
rooms-title = Räume
rooms-search = Einen Raum finden
rooms-none = Es gibt noch keinen öffentlichen Raum.
rooms-none-found = Kein Raum enthält „{ $q }“.
rooms-new = Neuer Raum
group-new = Neue Gruppe
room-members = { $count ->
    [one] { $count } Mitglied
   *[other] { $count } Mitglieder
}
room-join = Beitreten
room-open = Öffnen
room-leave = Verlassen
room-leave-hint = Du bekommst keine Nachrichten mehr daraus und liest danach nichts mehr.
room-kind = Wer beitreten kann
room-kind-public = Öffentlich: alle dürfen beitreten und zurücklesen
room-kind-private = Privat: auf Einladung; Neue sehen, was ab dann gesendet wird
room-kind-group = Gruppe: eine Unterhaltung einiger Leute
room-name = Name
room-name-hint = Eine Gruppe kommt ohne aus.
room-topic = Thema
room-topic-hint = Eine Zeile, die sagt, worum es geht.
room-people = Leute
room-people-hint = Namen, durch Leerzeichen oder Kommas getrennt.
room-create = Anlegen
room-name-missing = Ein Raum braucht einen Namen.
room-name-long = Höchstens 80 Zeichen.
room-topic-long = Höchstens 250 Zeichen.
room-people-unknown = Niemand hier heißt { $names }.
group-needs-people = Eine Gruppe braucht außer dir noch jemanden.
about-title = Über { $name }
about-change = Namen und Thema ändern
about-add = Leute hinzufügen
about-add-button = Hinzufügen
about-owner = Mitverantwortlich
about-remove = Entfernen
about-remove-named = { $name } entfernen
about-make-owner = Verantwortung geben
about-make-owner-named = { $name } Verantwortung geben
about-make-member = Verantwortung nehmen
about-make-member-named = { $name } Verantwortung nehmen
about-notifications = Benachrichtigungen
people-find-member = Ein Mitglied finden
