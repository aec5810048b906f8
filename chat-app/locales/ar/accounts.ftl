# تسجيل الدخول وإنشاء الحسابات.
login = تسجيل الدخول
login-new-here = جديد هنا؟
login-create = أنشئ حسابًا
login-wrong = الاسم وكلمة المرور غير متطابقين. تحقق من كليهما.
login-disabled = هذا الحساب معطّل. اسأل القائمين على هذه الدردشة.
register-heading = إنشاء حساب
register-submit = إنشاء الحساب
register-been-here = هل كنت هنا من قبل؟
join-heading = أنت مدعو
join-sentence = اختر اسمًا وكلمة مرور لتنضم.
field-name = الاسم
field-password = كلمة المرور
field-new-password-hint = 8 أحرف على الأقل. بضع كلمات تصنع كلمة مرور جيدة.
name-length = يتكوّن الاسم من 2 إلى 32 حرفًا.
name-characters = استخدم الحروف من a إلى z والأرقام والنقاط والشرطات؛ وابدأ بحرف أو رقم.
name-taken = هناك من يحمل الاسم { $name } بالفعل. اختر اسمًا آخر.
name-reserved = الأسماء التي تبدأ بـ «former-» محجوزة للحسابات المحذوفة. اختر اسمًا آخر.
password-short = استخدم 8 أحرف على الأقل.
password-long = استخدم 256 حرفًا على الأكثر.

# المشرف الأول.
setup-heading = إعداد { $title }
setup-sentence = لا أحد يدير هذه الدردشة بعد. من يملك رمز الإعداد يصبح مشرفها.
setup-token = رمز الإعداد
setup-token-hint = تجده في Secret الذي أنشأه المشغّل لهذه الدردشة تحت setup-token.
setup-token-wrong = هذا ليس رمز الإعداد. انسخه من Secret مرة أخرى.
setup-name-taken = هناك حساب بهذا الاسم. أدخل كلمة مروره لتجعله حساب المشرف.
setup-submit = إعداد
first-run-heading = لا أحد هنا بعد
first-run-invite = تُنشأ الحسابات بدعوة، ولا يوجد مشرف ليدعو أحدًا. اضبط CONFAB_SETUP_TOKEN لهذه الدردشة ثم افتح ‎/setup.
first-run-closed = التسجيل مغلق ولا يوجد أي حساب. اضبط CONFAB_SETUP_TOKEN لهذه الدردشة ثم افتح ‎/setup.

# رابط لتعيين كلمة مرور جديدة.
reset-heading = تعيين كلمة مرور جديدة
reset-sentence = للحساب { $name }. سيُسجَّل خروجك من كل مكان آخر.
reset-submit = تعيين كلمة المرور
