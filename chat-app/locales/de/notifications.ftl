# What a device shows.
push-room-body = { $name }: { $words }

# The page of settings.
notifications = Benachrichtigungen
notifications-this-device = Dieses Gerät
notifications-off = Auf diesem Gerät sind Benachrichtigungen ausgeschaltet.
notifications-on = Benachrichtigungen sind eingeschaltet: Dieses Gerät meldet neue Nachrichten, auch wenn Confab geschlossen ist.
notifications-page-only = Benachrichtigungen sind eingeschaltet, solange eine Seite dieses Chats offen ist.
notifications-denied = Dieser Browser blockiert Benachrichtigungen dieser Website. Erlaube sie in den Website-Einstellungen des Browsers und komm dann zurück.
notifications-unsupported = Dieser Browser zeigt keine Benachrichtigungen. Füge die Website auf einem iPhone oder iPad zuerst zum Home-Bildschirm hinzu.
notifications-no-script = Um Benachrichtigungen für ein Gerät einzuschalten, wird JavaScript gebraucht.
notifications-turn-on = Einschalten
notifications-turn-off = Ausschalten
notifications-failed = Das hat nicht geklappt. Versuche es später noch einmal.
notifications-devices = Geräte, die benachrichtigt werden
notifications-no-devices = Noch kein Gerät. Schalte Benachrichtigungen dort ein, wo du sie haben möchtest.
notifications-current = dieses Gerät
notifications-since = seit { $date }
notifications-remove = Entfernen
notifications-remove-device = { $device } entfernen
notifications-quiet = Nicht stören
notifications-quiet-hint = In dieser Zeit wird nichts angezeigt; Nachrichten warten ungelesen auf dich.
notifications-quiet-on = Jeden Tag
notifications-from = Von
notifications-to = Bis
notifications-zone = Zeitzone
notifications-save = Speichern
notifications-bad-hours = Gib beide Zeiten an; sie müssen verschieden sein.
notifications-bad-zone = Eine Zeitzone mit diesem Namen gibt es nicht. Beispiele: Europe/Berlin, Africa/Cairo.
notifications-bad-endpoint = Dieser Push-Dienst kann nicht verwendet werden.
notifications-levels = Für jede Unterhaltung
notifications-levels-hint = Öffne eine Unterhaltung und wähle ihren Namen: Dort legst du fest, was dir von ihr gemeldet wird.

# What one is notified of in a conversation.
level = Benachrichtige mich über
level-all = Jede Nachricht
level-all-hint = Jede neue Nachricht, die du nicht schon anderswo gelesen hast.
level-mentions = Erwähnungen
level-mentions-hint = Nachrichten, die dich beim Namen nennen. Zu zweit ist das jede Nachricht.
level-none = Nichts
level-none-hint = Die Unterhaltung ist stummgeschaltet und zählt auch im Titel nicht.
level-save = Speichern

# The hint in the list.
notifications-hint = Neue Nachrichten melden, wenn du gerade woanders bist?
notifications-hint-later = Jetzt nicht

# A browser that does not say what it is.
device-unknown = Browser
