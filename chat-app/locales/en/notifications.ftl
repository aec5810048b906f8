# Text of a push notification.
# The sender is an integration.
push-app = { $name } (app)
push-room-body = { $name }: { $words }

# The settings page.
notifications = Notifications
notifications-this-device = This device
notifications-off = Notifications are off on this device.
notifications-on = Notifications are on. This device notifies you about new messages, even when Confab is closed.
notifications-page-only = Notifications are on while a page of this chat is open.
notifications-denied = This browser blocks notifications from this site. Allow them in the browser’s site settings, then come back.
notifications-unsupported = This browser doesn’t support notifications. On an iPhone or iPad, add this site to the Home Screen first.
notifications-no-script = Turning on notifications for a device requires JavaScript.
notifications-turn-on = Turn on
notifications-turn-off = Turn off
notifications-failed = That didn’t work. Try again later.
notifications-devices = Devices with notifications
notifications-no-devices = No devices yet. Turn on notifications on each device where you want them.
notifications-current = this device
notifications-since = since { $date }
notifications-remove = Remove
notifications-remove-device = Remove { $device }
notifications-quiet = Do not disturb
notifications-quiet-hint = During these hours, no notifications are shown. Messages stay unread.
notifications-quiet-on = Every day
notifications-from = From
notifications-to = To
notifications-zone = Time zone
notifications-save = Save
notifications-bad-hours = Enter two different times.
notifications-bad-zone = Unknown time zone. Examples: Europe/Berlin, Africa/Cairo.
notifications-bad-endpoint = This push service can’t be used.
notifications-levels = Per conversation
notifications-levels-hint = Open a conversation and choose its name to set what you are notified about.

# Notification level of a conversation.
level = Notify me about
level-all = Every message
level-all-hint = Every new message that you haven’t read elsewhere.
level-mentions = Mentions
level-mentions-hint = Messages that mention you. In direct conversations, every message.
level-none = Nothing
level-none-hint = The conversation is muted and doesn’t count in the page title.
level-save = Save

# The hint in the conversation list.
notifications-hint = Turn on notifications?
notifications-hint-later = Not now

# A browser that cannot be identified.
device-unknown = Browser
