# Logging in and signing up.
login = Log in
login-new-here = New here?
login-create = Create an account
login-wrong = Name and password don’t go together. Check both.
login-disabled = This account is disabled. Ask the people who run this chat.
register-heading = Create an account
register-submit = Create account
register-been-here = Been here before?
join-heading = You’re invited
join-sentence = Choose a name and a password, and you’re in.
field-name = Name
field-password = Password
field-new-password-hint = At least 8 characters. A few words make a good one.
name-length = A name has 2 to 32 characters.
name-characters = Use letters a to z, digits, dots, dashes and underscores; begin with a letter or a digit.
name-taken = Somebody is called { $name } already. Choose another name.
name-reserved = Names that begin with “former-” are kept for accounts that are gone. Choose another name.
password-short = Use at least 8 characters.
password-long = Use at most 256 characters.

# The first administrator.
setup-heading = Set up { $title }
setup-sentence = Nobody runs this chat yet. Whoever has the setup token becomes its administrator.
setup-token = Setup token
setup-token-hint = It is in the Secret that the operator made for this chat, under setup-token.
setup-token-wrong = This is not the setup token. Copy it from the Secret again.
setup-name-taken = There is an account with this name. Give its password to make it the administrator’s.
setup-submit = Set up
first-run-heading = Nobody is here yet
first-run-invite = Accounts are made by invitation, and there is no administrator who could invite. Set CONFAB_SETUP_TOKEN for this chat, then open /setup.
first-run-closed = Sign-up is closed, and there is no account. Set CONFAB_SETUP_TOKEN for this chat, then open /setup.

# A link to set a new password.
reset-heading = Set a new password
reset-sentence = For { $name }. You will be logged out everywhere else.
reset-submit = Set password
