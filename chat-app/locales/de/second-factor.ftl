# Ein zweiter Faktor: ein Code einer Authenticator-App oder ein Wiederherstellungscode.
second-factor = Zweiter Faktor
second-factor-hint = Mit einer Authenticator-App meldet sich niemand allein mit deinem Passwort an.
second-factor-set-up = Authenticator-App einrichten
second-factor-since = Authenticator-App, eingerichtet
second-factor-codes-left = { $count ->
    [one] Noch { $count } Wiederherstellungscode.
   *[other] Noch { $count } Wiederherstellungscodes.
}
second-factor-codes-new = Neue Wiederherstellungscodes
second-factor-replace = Stattdessen eine andere App einrichten
second-factor-remove = Zweiten Faktor entfernen
second-factor-required = Dieser Chat verlangt einen zweiten Faktor, deshalb lässt er sich nicht entfernen. Du kannst stattdessen eine andere App einrichten.
second-factor-removed = Die Verwaltung hat deinen zweiten Faktor entfernt. Dein Passwort allein genügt zum Anmelden.
second-factor-removed-link = Zu deinem Konto
second-factor-read = Gelesen

# Nach dem Passwort.
second-factor-heading = Code eingeben
second-factor-sentence = Öffne deine Authenticator-App, und gib den Code für { $name } ein.
second-factor-code = Code
second-factor-code-hint = Sechs Ziffern. Ohne die App gib einen deiner Wiederherstellungscodes ein.
second-factor-wrong = Dieser Code ist falsch, abgelaufen oder schon verwendet. Warte auf den nächsten, und gib den ein.
second-factor-other = Als jemand anderes anmelden

# Einrichten.
second-factor-start-heading = Zweiten Faktor einrichten
second-factor-start = Dieser Chat verlangt neben dem Passwort einen zweiten Faktor. Sobald du einen eingerichtet hast, geht es weiter.
second-factor-apps = Du brauchst eine Authenticator-App auf deinem Telefon oder einen Passwortmanager, der Codes anzeigt.
second-factor-scan = Scanne diesen Code mit deiner Authenticator-App.
second-factor-qr-code = QR-Code für deine Authenticator-App
second-factor-type = Oder tipp diesen Schlüssel in die App ein:
second-factor-open = Die App auf diesem Gerät öffnen
second-factor-confirm = Bestätigen
second-factor-cancel = Abbrechen
second-factor-setup-wrong = Das ist nicht der Code, den die App jetzt für diesen Schlüssel anzeigt. Prüf, ob die Uhr deines Geräts stimmt, und gib den nächsten Code ein.
second-factor-codes = Deine Wiederherstellungscodes
second-factor-codes-sentence = Jeder dieser Codes ersetzt beim Anmelden einmal die App. Sie werden nur jetzt angezeigt: Druck sie aus, oder bewahr sie bei deinen Passwörtern auf. Frühere Codes gelten nicht mehr.
second-factor-codes-file = Wiederherstellungscodes für { $title }
second-factor-codes-download = Herunterladen
second-factor-codes-kept = Ich habe sie aufbewahrt
second-factor-others = Deine anderen Geräte bleiben angemeldet. Wenn du eines davon nicht kennst, melde sie ab.

# Verwaltung.
admin-second-factor = Zweiter Faktor
admin-remove-second-factor = Zweiten Faktor entfernen
audit-remove_second_factor = { $actor } hat den zweiten Faktor von { $subject } entfernt
audit-second_factor_add = { $actor } hat einen zweiten Faktor eingerichtet
audit-second_factor_remove = { $actor } hat den eigenen zweiten Faktor entfernt
audit-second_factor_command = Der zweite Faktor von { $actor } wurde mit einem Befehl auf dem Server entfernt
audit-recovery_codes = { $actor } hat neue Wiederherstellungscodes bekommen
audit-recovery_code_use = { $actor } hat einen Wiederherstellungscode verwendet
