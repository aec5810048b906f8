# Anmelden bei einem Anbieter.
provider-login = Mit { $provider } anmelden
provider-leave-heading = Einen Moment
provider-leave = Du wirst zu { $host } weitergeleitet.
provider-leave-link = Weiter
provider-or-password = Oder melde dich mit einem Passwort an:
provider-admins = Verwaltung: mit Passwort anmelden
provider-unavailable = { $provider } ist gerade nicht erreichbar. Versuch es in ein paar Minuten noch einmal, oder wende dich an die Verwaltung dieses Chats.
provider-invalid = Die Anmeldung mit { $provider } hat nicht geklappt. Versuch es noch einmal. Wenn es wieder nicht klappt, wende dich an die Verwaltung dieses Chats.
provider-expired = Diese Anmeldung hat zu lange gedauert, wurde schon verwendet oder begann in einem anderen Browser. Fang noch einmal an.
provider-cancelled = { $provider } hat dich nicht angemeldet. Versuch es noch einmal, oder verwende dort ein anderes Konto.
provider-group = Dein Konto bei { $provider } darf diesen Chat nicht verwenden. Wende dich an die Verwaltung dieses Chats.
provider-no-account = Niemand in diesem Chat hat dein Konto bei { $provider }. Wende dich an die Verwaltung dieses Chats.
provider-not-fresh = { $provider } hat dich nicht noch einmal nach deinen Zugangsdaten gefragt. Melde dich ab und dann wieder an.
provider-other-person = Du hast dich bei { $provider } als jemand anderes angemeldet. Verwende das Konto, das mit deinem verbunden ist.
provider-account-taken = Jemand anderes in diesem Chat hat dieses Konto bei { $provider }. Melde dich dort ab, und verbinde dann ein anderes.
password-login-off = Bei diesem Chat kannst du dich nicht mit einem Passwort anmelden.

# Noch einmal dieselbe Person.
confirm-provider-heading = Bestätige, dass du es bist
confirm-provider-sentence = Du hast dich vor mehr als { $minutes } Minuten angemeldet. Melde dich noch einmal an, und wiederhol dann, was du tun wolltest.
confirm-no-way = Melde dich ab und dann wieder an.

# Die Seite des Kontos.
account-logins = Anmeldung
account-logins-hint = Mit einem verbundenen Konto meldest du dich ohne Passwort an.
account-login-connect = { $provider } verbinden
account-login-disconnect = Trennen
account-login-unknown = Konto
account-login-gone = Dieser Chat bietet diese Anmeldung nicht mehr an.
account-login-last = Anders kannst du dich nicht anmelden. Verbinde zuerst ein anderes Konto.
account-delete-no-password = Vielleicht musst du dich vorher noch einmal anmelden.
audit-admin_by_group = { $actor } verwaltet den Chat wegen einer Gruppe beim Anmeldedienst
audit-no_admin_by_group = { $actor } verwaltet den Chat wegen der Gruppen beim Anmeldedienst nicht mehr
