# A second factor: a code of an authenticator app, or a recovery code.
second-factor = Second factor
second-factor-hint = With an authenticator app, nobody logs in with your password alone.
second-factor-set-up = Set up an authenticator app
second-factor-since = Authenticator app, set up
second-factor-codes-left = { $count ->
    [one] { $count } recovery code left.
   *[other] { $count } recovery codes left.
}
second-factor-codes-new = Get new recovery codes
second-factor-replace = Set up another app in its place
second-factor-remove = Remove second factor
second-factor-required = This chat requires a second factor, so it can’t be removed. You can set up another app in its place.
second-factor-removed = Your second factor was removed by an administrator. Your password alone logs you in.
second-factor-removed-link = Open your account
second-factor-read = I have read this

# After the password.
second-factor-heading = Enter your code
second-factor-sentence = Open your authenticator app, and enter its code for { $name }.
second-factor-code = Code
second-factor-code-hint = Six digits. Without the app, enter one of your recovery codes.
second-factor-wrong = This code is wrong, has expired, or was used already. Wait for the next one, and enter that.
second-factor-other = Log in as someone else

# Setting one up.
second-factor-start-heading = Set up a second factor
second-factor-start = This chat requires a second factor besides your password. You can continue as soon as you have set one up.
second-factor-apps = You need an authenticator app on your phone, or a password manager that shows codes.
second-factor-scan = Scan this code with your authenticator app.
second-factor-qr-code = QR code for your authenticator app
second-factor-type = Or type this key into the app:
second-factor-open = Open the app on this device
second-factor-confirm = Confirm
second-factor-cancel = Cancel
second-factor-setup-wrong = This is not the code that the app shows for this key now. Check that the clock of your device is right, and enter the next code.
second-factor-codes = Your recovery codes
second-factor-codes-sentence = Each of these codes logs you in once, in place of the app. They are shown only now: print them, or keep them with your passwords. Earlier codes no longer work.
second-factor-codes-file = Recovery codes for { $title }
second-factor-codes-download = Download
second-factor-codes-kept = I have kept them
second-factor-others = Your other devices stay logged in. If you don’t know one of them, log them out.

# Administration.
admin-second-factor = Second factor
admin-remove-second-factor = Remove second factor
audit-remove_second_factor = { $actor } removed the second factor of { $subject }
audit-second_factor_add = { $actor } set up a second factor
audit-second_factor_remove = { $actor } removed their second factor
audit-second_factor_command = The second factor of { $actor } was removed with a command on the server
audit-recovery_codes = { $actor } got new recovery codes
audit-recovery_code_use = { $actor } used a recovery code
