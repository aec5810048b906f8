# Bots: accounts of programs.
bots-about = A bot is the account of a program. It cannot log in: it uses the API with access tokens.
bots-new = New bot
bots-create = Create
bots-since = Created
bots-rooms = Members add the bot to their rooms as { $name }.
bots-tokens = { $count ->
    [one] { $count } access token
   *[other] { $count } access tokens
}
bots-delete = Delete bot
