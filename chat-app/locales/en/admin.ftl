# Administration.
admin = Administration
admin-people = People
admin-rooms = Rooms
admin-invites = Invitations
admin-messages = Messages
admin-log = Log
admin-search = Search
admin-more = More
admin-none = Nothing found.
admin-is-admin = Administrator
admin-is-disabled = Disabled
admin-person-since = Account since
admin-disable = Disable
admin-enable = Enable
admin-sign-out = Sign out everywhere
admin-make-admin = Make administrator
admin-unmake-admin = Take administration away
admin-reset-link = Make a reset link
admin-reset-link-made = With this link, { $name } sets a new password within 24 hours, once. It is shown only now.
admin-last-admin = One administrator has to stay.
admin-room-public = Public
admin-room-private = Private
admin-room-members = { $count ->
    [one] { $count } member
   *[other] { $count } members
}
admin-room-title = Name
admin-room-title-bad = A room’s name has 1 to 80 characters.
admin-room-rename = Rename
admin-room-remove = Remove
admin-invite-new = New invitation
admin-invite-days = Days it works
admin-invite-uses = People who may use it
admin-invite-bad = Give 1 to 365 days and 1 to 1000 people.
admin-invite-make = Make a link
admin-invite-made = Pass this link on. It is shown only now.
admin-invite-uses-of = { $uses } of { $max } used
admin-invite-until = until
admin-invite-by = by { $name }
admin-invite-over = No longer works
admin-invite-revoke = Revoke
admin-invite-closed = Sign-up is closed: invitations work once it is open or by invitation.
admin-message-remove = Remove a message
admin-message-link = Link to the message
admin-message-link-hint = Open the message’s menu and copy its link. The message is replaced by a note that it was deleted, for everybody.
admin-message-link-bad = There is no message behind this link.
admin-retention = Retention
admin-retention-days = { $count ->
    [one] Messages are deleted after { $count } day.
   *[other] Messages are deleted after { $count } days.
}
admin-retention-none = Messages are kept for ever. Whoever runs the chat sets messageRetentionDays.
audit-set_up = { $actor } set the chat up
audit-disable = { $actor } disabled { $subject }
audit-enable = { $actor } enabled { $subject }
audit-sign_out = { $actor } signed { $subject } out everywhere
audit-make_admin = { $actor } made { $subject } an administrator
audit-unmake_admin = { $actor } took administration away from { $subject }
audit-reset_link = { $actor } made a reset link for { $subject }
audit-invite = { $actor } made invitation { $detail }
audit-revoke_invite = { $actor } revoked invitation { $detail }
audit-rename_room = { $actor } renamed room { $place } to { $detail }
audit-remove_member = { $actor } removed { $subject } from room { $place }
audit-remove_message = { $actor } removed message { $detail } of { $subject } in conversation { $place }
