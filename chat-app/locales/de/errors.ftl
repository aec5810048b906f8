# Was schiefging: je eine Überschrift und ein Satz.
error-not-found-heading = Seite nicht gefunden
error-not-found = Diese Seite gibt es nicht, oder du hast keinen Zugriff darauf.
error-signed-out-heading = Abgemeldet
error-signed-out = Melde dich an, um weiterzumachen.
error-bad-request-heading = Das hat nicht geklappt
error-bad-request = Der Chat konnte die Anfrage nicht verarbeiten. Geh zurück, lade die Seite neu und versuch es noch einmal.
error-cross-origin-heading = Anfrage blockiert
error-cross-origin = Die Anfrage kam von einer anderen Website. Öffne den Chat selbst und versuch es dort noch einmal.
error-too-large-heading = Zu groß
error-too-large = Das ist mehr, als der Chat auf einmal annimmt. Sende es in Teilen.
error-registration-closed-heading = Keine neuen Konten
error-registration-closed = Hier können keine neuen Konten angelegt werden. Wende dich an die Verwaltung dieses Chats.
error-invite-needed-heading = Nur mit Einladung
error-invite-needed = Um ein Konto anzulegen, brauchst du eine Einladung. Bitte die Verwaltung dieses Chats um einen Link.
error-link-spent-heading = Dieser Link ist nicht mehr gültig
error-link-spent = Er ist abgelaufen, aufgebraucht oder wurde zurückgezogen. Bitte um einen neuen.
error-too-many-attempts-heading = Zu viele Versuche
error-too-many-attempts = { $seconds ->
    [one] Es waren zu viele Versuche. Versuch es in { $seconds } Sekunde noch einmal.
   *[other] Es waren zu viele Versuche. Versuch es in { $seconds } Sekunden noch einmal.
}
error-busy-heading = Viel los
error-busy = Gerade melden sich viele Leute an. Versuch es in ein paar Sekunden noch einmal.
error-writer-busy-heading = Viel los
error-writer-busy = Die Nachricht ist noch nicht gesendet: Im Chat ist gerade sehr viel los. Du kannst sie gefahrlos noch einmal senden.
error-not-sent-yet-heading = Noch nicht gesendet
error-not-sent-yet = Die Nachricht ist noch nicht gesendet: Der Chat erreicht seine Datenbank nicht. Du kannst sie gefahrlos noch einmal senden.
error-database-away-heading = Gleich wieder da
error-database-away = Der Chat erreicht seine Datenbank gerade nicht. Nichts ist verloren. Versuch es in ein paar Sekunden noch einmal.
error-timed-out-heading = Das hat zu lange gedauert
error-timed-out = Der Chat hat nicht rechtzeitig geantwortet. Versuch es in ein paar Sekunden noch einmal.
error-internal-heading = Etwas ist schiefgelaufen
error-internal = Das ist ein Fehler des Chats, nicht deiner. Er wurde protokolliert; versuch es später noch einmal.
error-reference = Kennung:
error-go-home = Zu { $title }
error-forbidden-heading = Nicht erlaubt
error-forbidden = Das dürfen nur die Mitverantwortlichen.
error-proof-needed-heading = Passwort nötig
error-proof-needed = Gib zuerst dein Passwort noch einmal ein: unter /confirm.
error-blocked-heading = Nicht gesendet
error-blocked = Diese Person nimmt keine Nachrichten von dir an.
error-no-attachment-heading = Nicht gesendet
error-no-attachment = Eine Datei dieser Nachricht gibt es nicht mehr. Füge sie noch einmal an.
message-empty = Schreib zuerst eine Nachricht.
message-too-long = Diese Nachricht hat { $length } Zeichen; erlaubt sind { $limit }. Sende sie in Teilen oder als Datei.
message-control-characters = Diese Nachricht enthält Steuerzeichen, die sich nicht senden lassen. Füge sie als reinen Text ein.
