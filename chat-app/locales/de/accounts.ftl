# Anmelden und Konten anlegen.
login = Anmelden
login-new-here = Neu hier?
login-create = Konto anlegen
login-wrong = Name und Passwort passen nicht zusammen. Prüfe beides.
login-disabled = Dieses Konto ist gesperrt. Frag die Leute, die diesen Chat betreiben.
register-heading = Konto anlegen
register-submit = Konto anlegen
register-been-here = Schon einmal hier gewesen?
join-heading = Du bist eingeladen
join-sentence = Wähl einen Namen und ein Passwort, und du bist dabei.
field-name = Name
field-password = Passwort
field-new-password-hint = Mindestens 8 Zeichen. Ein paar Wörter ergeben ein gutes.
name-length = Ein Name hat 2 bis 32 Zeichen.
name-characters = Verwende Buchstaben von a bis z, Ziffern, Punkte, Binde- und Unterstriche; beginn mit einem Buchstaben oder einer Ziffer.
name-taken = Es gibt schon jemanden namens { $name }. Wähl einen anderen Namen.
name-reserved = Namen, die mit „former-“ beginnen, gehören gelöschten Konten. Wähl einen anderen Namen.
password-short = Verwende mindestens 8 Zeichen.
password-long = Verwende höchstens 256 Zeichen.

# Die erste Person, die verwaltet.
setup-heading = { $title } einrichten
setup-sentence = Noch verwaltet niemand diesen Chat. Wer das Einrichtungs-Token hat, übernimmt das.
setup-token = Einrichtungs-Token
setup-token-hint = Es steht in dem Secret, das der Operator für diesen Chat angelegt hat, unter setup-token.
setup-token-wrong = Das ist nicht das Einrichtungs-Token. Kopier es noch einmal aus dem Secret.
setup-name-taken = Es gibt ein Konto mit diesem Namen. Gib dessen Passwort an, um ihm die Verwaltung zu übertragen.
setup-submit = Einrichten
first-run-heading = Noch ist niemand da
first-run-invite = Konten gibt es mit einer Einladung, und noch verwaltet niemand den Chat, der einladen könnte. Setz CONFAB_SETUP_TOKEN für diesen Chat und öffne dann /setup.
first-run-closed = Konten können nicht angelegt werden, und es gibt noch keines. Setz CONFAB_SETUP_TOKEN für diesen Chat und öffne dann /setup.

# Ein Link, um ein neues Passwort zu setzen.
reset-heading = Neues Passwort setzen
reset-sentence = Für { $name }. Überall sonst wirst du abgemeldet.
reset-submit = Passwort setzen
