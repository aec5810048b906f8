# Gruppen und Räume.
rooms-title = Räume
rooms-search = Einen Raum finden
rooms-browse = Räume ansehen
rooms-none = Es gibt noch keine öffentlichen Räume.
rooms-none-found = Kein Raum für „{ $q }“ gefunden.
rooms-new = Neuer Raum
group-new = Neue Gruppe
room-members = { $count ->
    [one] { $count } Mitglied
   *[other] { $count } Mitglieder
}
room-join = Beitreten
room-open = Öffnen
room-leave = Verlassen
room-leave-hint = Du bekommst keine Nachrichten mehr daraus und kannst nicht mehr mitlesen.
room-kind = Wer beitreten kann
room-kind-public = Öffentlich: Alle können beitreten und frühere Nachrichten lesen
room-kind-private = Privat: auf Einladung; neue Mitglieder sehen nur Nachrichten, die nach ihrem Beitritt gesendet werden
room-kind-group = Gruppe: eine Unterhaltung zwischen ausgewählten Leuten
room-name = Name
room-name-hint = Bei Gruppen optional.
room-topic = Thema
room-topic-hint = Eine Zeile, die beschreibt, worum es geht.
room-people = Leute
room-people-hint = Namen, durch Leerzeichen oder Kommas getrennt.
room-create = Anlegen
room-name-missing = Gib dem Raum einen Namen.
room-name-long = Höchstens 80 Zeichen.
room-topic-long = Höchstens 250 Zeichen.
room-people-unknown = Niemand hier heißt { $names }.
group-needs-people = Eine Gruppe braucht mindestens eine weitere Person.
about-title = Über { $name }
about-change = Namen und Thema ändern
about-add = Leute hinzufügen
about-add-button = Hinzufügen
about-owner = Mitverantwortlich
about-remove = Entfernen
about-member = Aktionen für { $name }
about-remove-named = { $name } entfernen
about-make-owner = Verantwortung geben
about-make-owner-named = { $name } Verantwortung geben
about-make-member = Verantwortung nehmen
about-make-member-named = { $name } Verantwortung nehmen
about-notifications = Benachrichtigungen
people-find-member = Ein Mitglied finden
