# Text of a push notification.
# The sender is an integration.
push-app = { $name } (App)
push-room-body = { $name }: { $words }

# The settings page.
notifications = Benachrichtigungen
notifications-this-device = Dieses Gerät
notifications-off = Auf diesem Gerät sind Benachrichtigungen ausgeschaltet.
notifications-on = Benachrichtigungen sind eingeschaltet. Dieses Gerät meldet neue Nachrichten, auch wenn Confab geschlossen ist.
notifications-page-only = Benachrichtigungen sind eingeschaltet, solange eine Seite dieses Chats offen ist.
notifications-denied = Dieser Browser blockiert Benachrichtigungen dieser Website. Erlaube sie in den Website-Einstellungen des Browsers und komm dann zurück.
notifications-unsupported = Dieser Browser unterstützt keine Benachrichtigungen. Füge die Website auf einem iPhone oder iPad zuerst zum Home-Bildschirm hinzu.
notifications-no-script = Um Benachrichtigungen für ein Gerät einzuschalten, wird JavaScript gebraucht.
notifications-turn-on = Einschalten
notifications-turn-off = Ausschalten
notifications-failed = Das hat nicht geklappt. Versuche es später noch einmal.
notifications-devices = Geräte mit Benachrichtigungen
notifications-no-devices = Noch keine Geräte. Schalte Benachrichtigungen auf jedem Gerät ein, auf dem du sie haben möchtest.
notifications-current = dieses Gerät
notifications-since = seit { $date }
notifications-remove = Entfernen
notifications-remove-device = { $device } entfernen
notifications-quiet = Nicht stören
notifications-quiet-hint = In dieser Zeit werden keine Benachrichtigungen angezeigt. Nachrichten bleiben ungelesen.
notifications-quiet-on = Jeden Tag
notifications-from = Von
notifications-to = Bis
notifications-zone = Zeitzone
notifications-save = Speichern
notifications-bad-hours = Gib zwei verschiedene Zeiten an.
notifications-bad-zone = Unbekannte Zeitzone. Beispiele: Europe/Berlin, Africa/Cairo.
notifications-bad-endpoint = Dieser Push-Dienst kann nicht verwendet werden.
notifications-levels = Pro Unterhaltung
notifications-levels-hint = Öffne eine Unterhaltung und wähle ihren Namen, um festzulegen, worüber du benachrichtigt wirst.

# Notification level of a conversation.
level = Benachrichtige mich über
level-all = Jede Nachricht
level-all-hint = Jede neue Nachricht, die du nicht schon anderswo gelesen hast.
level-mentions = Erwähnungen
level-mentions-hint = Nachrichten, die dich erwähnen. In Unterhaltungen zu zweit jede Nachricht.
level-none = Nichts
level-none-hint = Die Unterhaltung ist stummgeschaltet und zählt nicht im Seitentitel.
level-save = Speichern

# The hint in the conversation list.
notifications-hint = Benachrichtigungen einschalten?
notifications-hint-later = Jetzt nicht

# A browser that cannot be identified.
device-unknown = Browser
