# Access tokens: with which programs use the API for an account.
tokens = Access tokens
tokens-about = With an access token, a program uses the API of this chat as you: it sees what you see, and sends as you.
tokens-new = New access token
tokens-name = Name
tokens-name-missing = Enter a name for the access token.
tokens-name-long = Use at most 64 characters.
tokens-too-many = An account has at most 50 access tokens. Revoke one that is no longer used.
tokens-scopes = What the program may do
tokens-scope-read = Read
tokens-scope-write = Send and change
tokens-scope-missing = Choose what the program may do.
tokens-validity = Valid for
tokens-days = { $count ->
    [one] { $count } day
   *[other] { $count } days
}
tokens-endless = Does not expire
tokens-create = Create
tokens-created = Give this token to the program. It is shown only once, and anyone who has it can act as this account.
tokens-list = Your access tokens
tokens-none = There are no access tokens.
tokens-used = Last used
tokens-unused = Never used
tokens-expires = Expires
tokens-expired = Expired
tokens-revoke = Revoke
