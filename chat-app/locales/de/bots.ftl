# Bots: Konten von Programmen.
bots-about = Ein Bot ist das Konto eines Programms. Er kann sich nicht anmelden: Er benutzt die API mit Zugriffstoken.
bots-new = Neuer Bot
bots-create = Anlegen
bots-since = Angelegt
bots-rooms = Mitglieder fügen den Bot als { $name } zu ihren Räumen hinzu.
bots-tokens = { $count ->
    [one] { $count } Zugriffstoken
   *[other] { $count } Zugriffstoken
}
bots-delete = Bot löschen
