# What a device shows.
push-room-body = { $name }: { $words }

# The page of settings.
notifications = Notifications
notifications-this-device = This device
notifications-off = Notifications are off on this device.
notifications-on = Notifications are on: this device tells you of new messages, also when Confab is closed.
notifications-page-only = Notifications are on while a page of this chat is open.
notifications-denied = This browser blocks notifications of this site. Allow them in the browser’s site settings, then come back.
notifications-unsupported = This browser shows no notifications. On an iPhone or iPad, add this site to the Home Screen first.
notifications-no-script = Turning notifications on for a device needs JavaScript.
notifications-turn-on = Turn on
notifications-turn-off = Turn off
notifications-failed = That did not work. Try again later.
notifications-devices = Devices that are notified
notifications-no-devices = No device yet. Turn notifications on where you want them.
notifications-current = this device
notifications-since = since { $date }
notifications-remove = Remove
notifications-remove-device = Remove { $device }
notifications-quiet = Do not disturb
notifications-quiet-hint = In these hours nothing is shown; messages wait for you, unread.
notifications-quiet-on = Every day
notifications-from = From
notifications-to = To
notifications-zone = Time zone
notifications-save = Save
notifications-bad-hours = Give both times, and make them differ.
notifications-bad-zone = There is no time zone of this name. Examples: Europe/Berlin, Africa/Cairo.
notifications-bad-endpoint = This push service can’t be used.
notifications-levels = For each conversation
notifications-levels-hint = Open a conversation and choose its name: there you say what you are notified of.

# What one is notified of in a conversation.
level = Notify me of
level-all = Every message
level-all-hint = Each new message that you have not read elsewhere.
level-mentions = Mentions
level-mentions-hint = Messages that call you by name. Between two people, that is every message.
level-none = Nothing
level-none-hint = The conversation is muted: it does not count in the title either.
level-save = Save

# The hint in the list.
notifications-hint = Get told of new messages when you look elsewhere?
notifications-hint-later = Not now

# A browser that does not say what it is.
device-unknown = Browser
