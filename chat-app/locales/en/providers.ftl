# Logging in at a provider.
provider-login = Log in with { $provider }
provider-leave-heading = One moment
provider-leave = You are being taken to { $host }.
provider-leave-link = Continue
provider-or-password = Or log in with a password:
provider-admins = Administrators: log in with a password
provider-unavailable = { $provider } cannot be reached right now. Try again in a few minutes, or ask an administrator of this chat.
provider-invalid = Logging in with { $provider } did not work. Try again. If it fails again, ask an administrator of this chat.
provider-expired = This login took too long, was used already, or began in another browser. Begin again.
provider-cancelled = { $provider } did not log you in. Try again, or use another account there.
provider-group = Your account at { $provider } may not use this chat. Ask an administrator of this chat.
provider-no-account = Nobody in this chat has your account at { $provider }. Ask an administrator of this chat.
provider-not-fresh = { $provider } did not ask for your credentials again. Log out, then log in again.
provider-other-person = You logged in to { $provider } as someone else. Use the account that is connected to yours.
provider-account-taken = Someone else in this chat has this account at { $provider }. Log out there, then connect another one.
password-login-off = You cannot log in to this chat with a password.

# The same person again.
confirm-provider-heading = Confirm that it’s you
confirm-provider-sentence = You logged in more than { $minutes } minutes ago. Log in again, then repeat what you wanted to do.
confirm-no-way = Log out, then log in again.

# The account page.
account-logins = Ways to log in
account-logins-hint = With a connected account you log in without a password.
account-login-connect = Connect { $provider }
account-login-disconnect = Disconnect
account-login-unknown = Account
account-login-gone = This chat no longer offers this login.
account-login-last = This is your only way to log in. Connect another account first.
account-delete-no-password = You may have to log in again first.
audit-admin_by_group = { $actor } became an administrator because of a group at the login provider
audit-no_admin_by_group = { $actor } is no longer an administrator because of the groups at the login provider
