# تسجيل الدخول عبر مزوّد.
provider-login = تسجيل الدخول عبر { $provider }
provider-leave-heading = لحظة واحدة
provider-leave = يجري نقلك إلى { $host }.
provider-leave-link = متابعة
provider-or-password = أو سجّل الدخول بكلمة مرور:
provider-admins = للمشرفين: تسجيل الدخول بكلمة مرور
provider-unavailable = لا يمكن الوصول إلى { $provider } الآن. حاول مرة أخرى بعد بضع دقائق، أو اسأل أحد مشرفي هذه الدردشة.
provider-invalid = لم ينجح تسجيل الدخول عبر { $provider }. حاول مرة أخرى. إذا فشل مجددًا فاسأل أحد مشرفي هذه الدردشة.
provider-expired = استغرق تسجيل الدخول هذا وقتًا طويلًا، أو استُخدم من قبل، أو بدأ في متصفح آخر. ابدأ من جديد.
provider-cancelled = لم يسجّل { $provider } دخولك. حاول مرة أخرى، أو استخدم حسابًا آخر هناك.
provider-group = لا يُسمح لحسابك في { $provider } باستخدام هذه الدردشة. اسأل أحد مشرفي هذه الدردشة.
provider-no-account = لا أحد في هذه الدردشة لديه حسابك في { $provider }. اسأل أحد مشرفي هذه الدردشة.
provider-not-fresh = لم يطلب { $provider } بيانات دخولك مرة أخرى. سجّل الخروج ثم سجّل الدخول من جديد.
provider-other-person = سجّلت الدخول إلى { $provider } بحساب شخص آخر. استخدم الحساب المرتبط بحسابك.
provider-account-taken = هذا الحساب في { $provider } لشخص آخر في هذه الدردشة. سجّل الخروج هناك ثم اربط حسابًا آخر.
password-login-off = لا يمكنك تسجيل الدخول إلى هذه الدردشة بكلمة مرور.

# الشخص نفسه مرة أخرى.
confirm-provider-heading = أكّد أنك أنت
confirm-provider-sentence = سجّلت الدخول قبل أكثر من { $minutes } دقيقة. سجّل الدخول مرة أخرى ثم كرّر ما أردت فعله.
confirm-no-way = سجّل الخروج ثم سجّل الدخول من جديد.

# صفحة الحساب.
account-logins = طرق تسجيل الدخول
account-logins-hint = بحساب مرتبط تسجّل الدخول دون كلمة مرور.
account-login-connect = ربط { $provider }
account-login-disconnect = إلغاء الربط
account-login-unknown = حساب
account-login-gone = لم تعد هذه الدردشة تقدّم هذه الطريقة.
account-login-last = هذه طريقتك الوحيدة لتسجيل الدخول. اربط حسابًا آخر أولًا.
account-delete-no-password = قد تحتاج إلى تسجيل الدخول مرة أخرى أولًا.
audit-admin_by_group = أصبح { $actor } مشرفًا بسبب مجموعة لدى مزوّد الدخول
audit-no_admin_by_group = لم يعد { $actor } مشرفًا بسبب المجموعات لدى مزوّد الدخول
