# Administration.
admin = Administration
admin-people = People
admin-rooms = Rooms
admin-invites = Invitations
admin-messages = Messages
admin-bots = Bots
admin-log = Log
admin-search = Search
admin-more = More
admin-none = Nothing found.
admin-is-admin = Administrator
admin-is-disabled = Disabled
admin-person-since = Joined
admin-disable = Disable
admin-enable = Enable
admin-sign-out = Log out everywhere
admin-make-admin = Make administrator
admin-unmake-admin = Remove as administrator
admin-reset-link = Create password reset link
admin-reset-link-made = With this link, { $name } can set a new password once, within 24 hours. The link is shown only now.
admin-link-relative = This chat does not know its own address. Put the one at which people open it in front of this.
admin-last-admin = There must be at least one administrator.
admin-room-public = Public
admin-room-private = Private
admin-room-members = { $count ->
    [one] { $count } member
   *[other] { $count } members
}
admin-room-title = Name
admin-room-rename = Rename
admin-room-remove = Remove
admin-invite-new = New invitation
admin-invite-days = Valid for (days)
admin-invite-uses = Maximum uses
admin-invite-bad = Enter 1 to 365 days and 1 to 1000 uses.
admin-invite-make = Create link
admin-invite-made = Share this link. It is shown only now.
admin-invite-uses-of = { $uses } of { $max } used
admin-invite-until = until
admin-invite-by = by { $name }
admin-invite-over = No longer valid
admin-invite-revoke = Revoke
admin-invite-closed = Sign-up is closed: invitations work only while sign-up is open or by invitation.
admin-message-remove = Remove a message
admin-message-link = Link to the message
admin-message-link-hint = Open the menu of the message and copy its link. For everyone, the message is replaced by a note that it was deleted.
admin-message-link-bad = This link doesn’t lead to a message.
admin-retention = Retention
admin-retention-days = { $count ->
    [one] Messages are deleted after { $count } day.
   *[other] Messages are deleted after { $count } days.
}
admin-retention-none = Messages are kept indefinitely. To change this, set messageRetentionDays in the ChatDeployment.
audit-set_up = { $actor } set up the chat
audit-disable = { $actor } disabled { $subject }
audit-enable = { $actor } enabled { $subject }
audit-sign_out = { $actor } logged { $subject } out everywhere
audit-make_admin = { $actor } made { $subject } an administrator
audit-unmake_admin = { $actor } removed { $subject } as administrator
audit-reset_link = { $actor } created a password reset link for { $subject }
audit-invite = { $actor } created invitation { $detail }
audit-revoke_invite = { $actor } revoked invitation { $detail }
audit-rename_room = { $actor } renamed room { $place } to { $detail }
audit-remove_member = { $actor } removed { $subject } from room { $place }
audit-remove_message = { $actor } removed message { $detail } of { $subject } in conversation { $place }
audit-hook_create = { $actor } created integration { $subject } in room { $place }
audit-hook_save = { $actor } changed integration { $subject } of room { $place }
audit-hook_rotate = { $actor } gave integration { $subject } of room { $place } a new URL
audit-hook_disable = { $actor } disabled integration { $subject } of room { $place }
audit-hook_enable = { $actor } enabled integration { $subject } of room { $place }
audit-hook_delete = { $actor } deleted integration { $subject } of room { $place }
audit-token_create = { $actor } created access token { $detail } for { $subject }
audit-token_revoke = { $actor } revoked access token { $detail } of { $subject }
audit-bot_create = { $actor } created bot { $subject }
audit-bot_delete = { $actor } deleted bot { $detail }
