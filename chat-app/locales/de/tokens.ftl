# Zugriffstoken: mit ihnen benutzen Programme die API für ein Konto.
tokens = Zugriffstoken
tokens-about = Mit einem Zugriffstoken benutzt ein Programm die API dieses Chats als du: Es sieht, was du siehst, und schreibt in deinem Namen.
tokens-new = Neues Zugriffstoken
tokens-name = Name
tokens-name-missing = Gib einen Namen für das Zugriffstoken ein.
tokens-name-long = Höchstens 64 Zeichen.
tokens-too-many = Ein Konto hat höchstens 50 Zugriffstoken. Widerrufe eines, das nicht mehr benutzt wird.
tokens-scopes = Was das Programm darf
tokens-scope-read = Lesen
tokens-scope-write = Senden und ändern
tokens-scope-missing = Wähle aus, was das Programm darf.
tokens-validity = Gültig für
tokens-days = { $count ->
    [one] { $count } Tag
   *[other] { $count } Tage
}
tokens-endless = Läuft nicht ab
tokens-create = Anlegen
tokens-created = Trage dieses Token im Programm ein. Es wird nur einmal angezeigt, und wer es hat, kann als dieses Konto handeln.
tokens-list = Deine Zugriffstoken
tokens-none = Es gibt keine Zugriffstoken.
tokens-used = Zuletzt benutzt
tokens-unused = Nie benutzt
tokens-expires = Läuft ab
tokens-expired = Abgelaufen
tokens-revoke = Widerrufen
